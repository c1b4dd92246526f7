package event

import (
	"strings"

	"wingmirror/monitor"
)

// grouping is all rules that tell their keys apart by the same fields. A key's
// name is made and looked up once for all of them, and what they know of it lies
// side by side: with many rules and keys, looking up is what takes the time.
type grouping struct {
	fields []string
	rows   map[string]*row
	rules  int

	event  *monitor.PushedEvent // that was looked up last
	name   []byte               // of its key
	found  *row                 // nil when there is none
	buffer []byte
}

// row is one key of a grouping.
type row struct {
	keys []*key // by the rule's place; nil for a rule that does not know the key
	used int
}

// look finds the row of an event's key; nil when no rule knows it.
func (g *grouping) look(e *monitor.PushedEvent) *row {
	if g.event == e {
		return g.found
	}
	buffer := g.buffer[:0]
	for i, field := range g.fields {
		if i > 0 {
			buffer = append(buffer, '/')
		}
		buffer = appendKey(buffer, e, field)
	}
	g.buffer, g.name, g.event = buffer, buffer, e
	g.found = g.rows[string(buffer)]
	return g.found
}

// add makes room for a key of a rule.
func (g *grouping) add(name string, place int, k *key) {
	r := g.rows[name]
	if r == nil {
		r = &row{keys: make([]*key, g.rules)}
		g.rows[name] = r
	}
	r.keys[place] = k
	r.used++
	g.event = nil
}

func (g *grouping) remove(name string, place int) {
	r := g.rows[name]
	r.keys[place] = nil
	if r.used--; r.used == 0 {
		delete(g.rows, name)
	}
	g.event = nil
}

// appendKey appends the value of one field of a key, as JoinKey does.
func appendKey(buffer []byte, e *monitor.PushedEvent, field string) []byte {
	var value string
	switch field {
	case "server":
		value = e.Server
	case "service":
		value = e.Service
	case "component":
		value = e.Component
	default:
		value = e.Field(field).String()
	}
	if len(value) > longestPart || strings.ContainsAny(value, "/%") {
		value = JoinKey([]string{value})
	}
	return append(buffer, value...)
}

package event

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/monitor"
)

// CheckOptions change how Check counts.
type CheckOptions struct {
	AsCoded bool      // majority as the original program has it: see Check
	Now     time.Time // $now in plain rules
}

// Line is one line of a check: a rule that fired, for an event or, where the
// rule goes beyond what Sereno knows, for a key.
type Line struct {
	Rule  *Rule
	Event *monitor.PushedEvent // nil when there is none
	Alert *Alert               // nil for a plain rule
	Share bool                 // most servers of the service did it: none of them is named
}

// Check runs the rules once over the events of a file and returns a line for
// each alert, the rules in their order. A plain rule gives a line for each event
// that matches. One with majority does so for those at each time at which more
// than half of the service's active servers match, each server counted once; or,
// as the original program was coded, more than half of all the servers that the
// file has of the service, active or not, each event counted.
//
// Troubles are of conditions that could not be asked of an event.
func Check(file *File, events []monitor.PushedEvent, o CheckOptions) ([]Line, []Trouble) {
	plain := &File{Severities: file.Severities}
	var lines []Line
	var troubles []Trouble
	for _, r := range file.Rules {
		var found []Line
		plain.Rules = []*Rule{r}
		if r.Plain {
			x := NewEngine(plain)
			x.now = o.Now
			c := checker{engine: x, rule: r, events: events, o: o}
			found = c.lines()
			troubles = append(troubles, x.Troubles()...)
		} else {
			x, alerts := Replay(plain, events, 0)
			for i := range alerts {
				if a := &alerts[i]; a.Firing {
					line := Line{Rule: r, Alert: a}
					if len(a.Events) > 0 {
						line.Event = a.Events[0]
					}
					found = append(found, line)
				}
			}
			troubles = append(troubles, x.Troubles()...)
		}
		lines = append(lines, found...)
	}
	return lines, troubles
}

// Replay runs a new engine over events, which may be in any order, until a time,
// or until the last event when that is later.
func Replay(file *File, events []monitor.PushedEvent, until float64) (*Engine, []Alert) {
	return replay(context.Background(), file, events, until)
}

func replay(ctx context.Context, file *File, events []monitor.PushedEvent, until float64) (*Engine, []Alert) {
	ordered := make([]*monitor.PushedEvent, len(events))
	for i := range events {
		ordered[i] = &events[i]
	}
	slices.SortStableFunc(ordered, func(a, b *monitor.PushedEvent) int {
		switch {
		case a.Timestamp < b.Timestamp:
			return -1
		case a.Timestamp > b.Timestamp:
			return 1
		}
		return 0
	})
	x := NewEngine(file)
	for i, e := range ordered {
		if i%100 == 0 && ctx.Err() != nil {
			break
		}
		x.Advance(e.Timestamp)
		x.Add(e)
	}
	x.Finish(max(until, x.clock))
	return x, x.Drain()
}

// checker runs one plain rule.
type checker struct {
	engine *Engine
	rule   *Rule
	events []monitor.PushedEvent
	o      CheckOptions
}

func (c *checker) lines() []Line {
	var matched []*monitor.PushedEvent
	for i := range c.events {
		if e := &c.events[i]; c.engine.match(c.rule, c.rule.Condition, e) {
			matched = append(matched, e)
		}
	}
	what, isShare := c.rule.What.(share)
	if isShare {
		return c.shares(what, matched)
	}
	var lines []Line
	for _, e := range matched {
		lines = append(lines, Line{Rule: c.rule, Event: e})
	}
	return lines
}

// round is a service at a time.
type round struct {
	service   string
	timestamp float64
}

func (c *checker) shares(what share, matched []*monitor.PushedEvent) []Line {
	there := c.servers()
	rounds := map[round][]*monitor.PushedEvent{}
	var order []round
	for _, e := range matched {
		if !e.Active && !c.o.AsCoded {
			continue
		}
		at := round{e.Service, e.Timestamp}
		if rounds[at] == nil {
			order = append(order, at)
		}
		rounds[at] = append(rounds[at], e)
	}
	slices.SortStableFunc(order, func(a, b round) int {
		if a.service == b.service && a.timestamp != b.timestamp {
			if a.timestamp < b.timestamp {
				return -1
			}
			return 1
		}
		return strings.Compare(a.service, b.service)
	})
	var lines []Line
	for _, at := range order {
		count := len(rounds[at])
		group := at
		if c.o.AsCoded {
			group.timestamp = 0
		} else {
			count = len(distinctServers(rounds[at]))
		}
		if !what.reached(count, len(there[group])) {
			continue
		}
		for _, e := range rounds[at] {
			lines = append(lines, Line{Rule: c.rule, Event: e, Share: true})
		}
	}
	return lines
}

// servers returns the servers that count, by service and time; as coded, by
// service alone.
func (c *checker) servers() map[round]map[string]bool {
	there := map[round]map[string]bool{}
	for i := range c.events {
		e := &c.events[i]
		at := round{e.Service, e.Timestamp}
		if c.o.AsCoded {
			at.timestamp = 0
		} else if !e.Active {
			continue
		}
		if there[at] == nil {
			there[at] = map[string]bool{}
		}
		there[at][e.Server] = true
	}
	return there
}

func distinctServers(events []*monitor.PushedEvent) map[string]bool {
	servers := map[string]bool{}
	for _, e := range events {
		servers[e.Server] = true
	}
	return servers
}

// String returns the line as Sereno prints it, without its severity. Where no
// single server is meant, the threshold stands in its place.
func (l Line) String() string {
	if l.Alert != nil {
		text := fmt.Sprintf("ALERT timestamp: %s, rule: %s", figureOf(l.Alert.At), oneLine(l.Rule.Name))
		if l.Alert.Key != "" {
			text += ", key: " + oneLine(l.Alert.Key)
		}
		return text + ", " + oneLine(l.Alert.Text)
	}
	timestamp, value := l.numbers()
	text := fmt.Sprintf("ALERT timestamp: %s, component: %s, value: %s", timestamp, oneLine(l.Event.Component), value)
	if l.Share || l.Event.Server == "" {
		return text + fmt.Sprintf(", service: %s, threshold: %s", oneLine(l.Event.Service), oneLine(l.Rule.Threshold))
	}
	return text + fmt.Sprintf(", server: %s, service: %s", oneLine(l.Event.Server), oneLine(l.Event.Service))
}

// oneLine keeps what somebody sent from breaking the line or the terminal.
func oneLine(text string) string {
	if quoted := strconv.Quote(text); strings.Contains(quoted, `\`) {
		return strings.ReplaceAll(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), `\\`, `\`)
	}
	return text
}

// numbers returns timestamp and value as they print in the original program:
// whole numbers of the JSON as they are, others in Python's shortest form.
func (l Line) numbers() (timestamp, value string) {
	var raw map[string]json.RawMessage // a struct would take Value for value
	if json.Unmarshal(l.Event.Body, &raw) != nil {
		return figureOf(l.Event.Timestamp), figureOf(l.Event.Value)
	}
	return pythonNumber(string(raw["timestamp"])), pythonNumber(string(raw["value"]))
}

func pythonNumber(written string) string {
	if !strings.ContainsAny(written, ".eE") {
		if written == "-0" {
			return "0"
		}
		return written
	}
	v, err := strconv.ParseFloat(written, 64)
	if err != nil {
		return written
	}
	if exponent := strconv.FormatFloat(v, 'e', -1, 64); v != 0 {
		_, power, _ := strings.Cut(exponent, "e")
		if n, _ := strconv.Atoi(power); n < -4 || n >= 16 {
			return exponent
		}
	}
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

func figureOf(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Package event evaluates rules over events that agents push: a disk that is
// over 90 %, most servers of a service loaded at once, a login from a new
// country, a backup that began and never ended.
//
// A rules file (Load) holds severities, rules and tests. Check runs it once over
// a file of events; an Engine runs it over a stream, and Live keeps one engine
// fed and its windows stored. All time in the engine is the events' own, or what
// Advance says: equal events in equal order give equal alerts, live, in a
// preview and in a test. What fires is an alert about a rule and a key, where
// the key tells one server, service or user from the next.
package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"wingmirror/condition"
	"wingmirror/monitor"
)

// Bounds of what is read.
const (
	MaxEvent = 64 << 10 // bytes of one event
	maxText  = 300      // characters of a name such as a server's
	maxMore  = 100      // fields of one event
	maxBad   = 1000     // events that are set aside with their reason; more are counted
)

// SetAside is one event of a batch that cannot be used.
type SetAside struct {
	Index  int    // 0-based place in the batch
	Line   int    // 1-based line where it begins
	Reason string // what is wrong and how to mend it
}

// String returns "event 3 (line 7): reason".
func (s SetAside) String() string {
	return fmt.Sprintf("event %d (line %d): %s", s.Index+1, s.Line, s.Reason)
}

// Batch is what Decode made of some text.
type Batch struct {
	Events []monitor.PushedEvent
	Bad    []SetAside
	More   int // set aside beside those, and only counted

	places []SetAside // of the events, without a reason
}

// place returns where in the text the i-th event was.
func (b Batch) place(i int) SetAside {
	if i < len(b.places) {
		return b.places[i]
	}
	return SetAside{Index: i, Line: 1}
}

// Decode reads one event, a JSON array of them, or one on each line (NDJSON). An
// event that is wrong is set aside and the others are read all the same; the
// error, which is ErrInvalid, says that an array is not whole.
func Decode(data []byte) (Batch, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d := decoder{data: data, line: 1}
	trimmed := bytes.TrimLeft(data, space)
	switch {
	case len(trimmed) == 0:
		return Batch{}, nil
	case trimmed[0] == '[':
		return d.array()
	}
	return d.lines()
}

// DecodeOriginal reads events as the original program does: an array and nothing
// else, a server in each, and any time or name.
func DecodeOriginal(data []byte) (Batch, error) {
	d := decoder{data: bytes.TrimPrefix(data, []byte("\ufeff")), line: 1, original: true}
	if trimmed := bytes.TrimLeft(d.data, space); len(trimmed) == 0 || trimmed[0] != '[' {
		return Batch{}, d.broken("the original program takes an array of events and nothing else", len(d.data)-len(trimmed))
	}
	return d.array()
}

type decoder struct {
	data  []byte
	batch Batch
	index int
	line  int // of position counted
	seen  int // bytes whose lines are counted

	original bool // see DecodeOriginal
}

// lineAt returns the 1-based line of an offset; offsets only grow.
func (d *decoder) lineAt(offset int) int {
	if offset > d.seen {
		d.line += bytes.Count(d.data[d.seen:offset], []byte("\n"))
		d.seen = offset
	}
	return d.line
}

// array reads an array item by item: one that is no JSON, such as a NaN where a
// number belongs, spoils itself and not its neighbours.
func (d *decoder) array() (Batch, error) {
	offset := bytes.IndexByte(d.data, '[') + 1
	for {
		end, sign := itemEnd(d.data, offset)
		if sign == 0 {
			return Batch{}, d.broken("it ends too early: a ] is missing", len(d.data))
		}
		if sign == '}' {
			return Batch{}, d.broken("unexpected }", end)
		}
		raw := bytes.TrimLeft(d.data[offset:end], space)
		begin := end - len(raw)
		switch raw = bytes.TrimRight(raw, space); {
		case len(raw) > 0:
			d.take(raw, begin)
		case sign == ',' || d.index > 0:
			return Batch{}, d.broken("there is nothing beside a comma", end)
		}
		if offset = end + 1; sign == ']' {
			break
		}
	}
	if rest := bytes.TrimLeft(d.data[offset:], space); len(rest) > 0 {
		return Batch{}, d.broken("something follows the closing ]", len(d.data)-len(rest))
	}
	return d.batch, nil
}

const space = " \t\r\n"

// itemEnd returns where an array's item ends and what ends it: a comma or a
// bracket that belongs to nothing within. The sign is 0 when the text ends first.
func itemEnd(data []byte, offset int) (end int, sign byte) {
	depth, quoted := 0, false
	for i := offset; i < len(data); i++ {
		c := data[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == ']' || c == '}'):
			return i, c
		case c == '}' || c == ']':
			depth--
		}
	}
	return len(data), 0
}

func (d *decoder) broken(what string, offset int) error {
	wrong := monitor.Invalid("events", "not JSON: %s", what)
	wrong.Line = d.lineAt(offset)
	wrong.Column = utf8.RuneCount(d.data[bytes.LastIndexByte(d.data[:offset], '\n')+1:offset]) + 1
	return wrong
}

// lines reads values one after the other. After one that does not parse it goes
// on with the next line that looks like an event.
func (d *decoder) lines() (Batch, error) {
	for offset := 0; ; {
		offset += len(d.data[offset:]) - len(bytes.TrimLeft(d.data[offset:], space))
		if offset == len(d.data) {
			return d.batch, nil
		}
		dec := json.NewDecoder(bytes.NewReader(d.data[offset:]))
		for {
			var raw json.RawMessage
			err := dec.Decode(&raw)
			if err != nil {
				break
			}
			end := offset + int(dec.InputOffset())
			d.take(raw, end-len(raw))
		}
		offset += int(dec.InputOffset())
		offset += len(d.data[offset:]) - len(bytes.TrimLeft(d.data[offset:], space))
		if offset == len(d.data) {
			return d.batch, nil
		}
		d.bad(offset, d.lineProblem(offset))
		offset = d.nextLine(offset)
	}
}

// lineProblem says what is wrong with a line that is no event.
func (d *decoder) lineProblem(offset int) string {
	line, _, _ := bytes.Cut(d.data[offset:], []byte("\n"))
	if line[0] == '{' {
		if _, reason := decodeOne(bytes.TrimRight(line, space)); reason != "" {
			return reason
		}
	}
	return "this is not JSON; write one event on each line, or an array of events"
}

// nextLine returns where the next line that begins like an event begins.
func (d *decoder) nextLine(offset int) int {
	for {
		end := bytes.IndexByte(d.data[offset:], '\n')
		if end < 0 {
			return len(d.data)
		}
		offset += end + 1
		if rest := bytes.TrimLeft(d.data[offset:], " \t\r"); len(rest) > 0 && rest[0] == '{' {
			return offset
		}
	}
}

func (d *decoder) bad(offset int, reason string) {
	if len(d.batch.Bad) >= maxBad {
		d.index++
		d.batch.More++
		return
	}
	d.batch.Bad = append(d.batch.Bad, SetAside{Index: d.index, Line: d.lineAt(offset), Reason: reason})
	d.index++
}

func (d *decoder) take(raw []byte, offset int) {
	e, reason := d.one(raw)
	if reason != "" {
		d.bad(offset, reason)
		return
	}
	d.batch.Events = append(d.batch.Events, e)
	d.batch.places = append(d.batch.places, SetAside{Index: d.index, Line: d.lineAt(offset)})
	d.index++
}

// decodeOne reads one event, or says what is wrong with it.
func decodeOne(raw []byte) (monitor.PushedEvent, string) {
	var d decoder
	return d.one(raw)
}

func (d *decoder) one(raw []byte) (monitor.PushedEvent, string) {
	if len(raw) > MaxEvent {
		return monitor.PushedEvent{}, fmt.Sprintf("it has %d bytes; at most %d are accepted", len(raw), MaxEvent)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var fields map[string]any
	if err := dec.Decode(&fields); err != nil || fields == nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return monitor.PushedEvent{}, fmt.Sprintf("not JSON: %v, at byte %d of it", syntax, syntax.Offset)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return monitor.PushedEvent{}, fmt.Sprintf("not JSON: it ends too early, after %d bytes; an event stands on one line", len(raw))
		}
		return monitor.PushedEvent{}, `an event is a JSON object, such as {"service": "Inbox", "component": "Load5mAvg", ...}`
	}
	if rest := raw[dec.InputOffset():]; len(bytes.TrimLeft(rest, space)) > 0 {
		return monitor.PushedEvent{}, fmt.Sprintf("not JSON: something follows the event, at byte %d; is a comma missing?", dec.InputOffset()+1)
	}
	return d.fields(raw, fields)
}

func (d *decoder) fields(raw []byte, fields map[string]any) (monitor.PushedEvent, string) {
	r := fieldReader{fields: fields, original: d.original}
	e := monitor.PushedEvent{
		Service: r.text("service", true), Component: r.text("component", true), Server: r.text("server", d.original),
		Value: r.number("value"), Timestamp: r.number("timestamp"), Active: r.truth("active"), ID: r.id(),
	}
	if r.wrong == "" && !d.original {
		r.wrong = farOff(e.Timestamp)
	}
	if len(fields) > maxMore {
		r.wrong = fmt.Sprintf("it has %d fields; at most %d are accepted", len(fields), maxMore)
	}
	if r.wrong != "" {
		return monitor.PushedEvent{}, r.wrong
	}
	for name, value := range fields {
		_, number := value.(json.Number)
		switch {
		case slices.Contains(ownFields, name), name == "id" && !number:
		default:
			if e.More == nil {
				e.More = map[string]condition.Value{}
			}
			e.More[name] = condition.FromJSON(value)
		}
	}
	e.Body = bytes.Clone(raw)
	return e, ""
}

// ownFields are those that an event has a place of its own for.
var ownFields = []string{"service", "component", "server", "value", "timestamp", "active"}

// lastSecond is the end of the year 9999.
const lastSecond = 253402300799

func farOff(seconds float64) string {
	switch {
	case seconds >= 0 && seconds <= lastSecond:
		return ""
	case seconds > 1e17:
		return fmt.Sprintf("timestamp: %v is far off: it looks like nanoseconds; give seconds since 1970", seconds)
	case seconds > lastSecond:
		return fmt.Sprintf("timestamp: %v is far off: it looks like milliseconds; give seconds since 1970", seconds)
	}
	return fmt.Sprintf("timestamp: %v is before 1970; give seconds since then", seconds)
}

// fieldReader takes fields of known types and remembers the first that is wrong.
type fieldReader struct {
	fields   map[string]any
	wrong    string
	original bool
}

func (r *fieldReader) fail(format string, args ...any) {
	if r.wrong == "" {
		r.wrong = fmt.Sprintf(format, args...)
	}
}

func (r *fieldReader) text(name string, required bool) string {
	value, ok := r.fields[name]
	text, isText := value.(string)
	switch {
	case !ok && required:
		r.fail("%s: it is missing%s", name, r.nearly(name))
	case !ok || value == nil && !required:
	case !isText:
		r.fail("%s: it must be a text, not %s", name, kindOf(value))
	case r.original:
	case text == "" && required:
		r.fail("%s: it is empty", name)
	case utf8.RuneCountInString(text) > maxText:
		r.fail("%s: it has more than %d characters", name, maxText)
	}
	return text
}

// nearly names a field that may be the misspelt one.
func (r *fieldReader) nearly(name string) string {
	var names []string
	for given := range r.fields {
		names = append(names, given)
	}
	if near := condition.Nearest(name, names); near != "" && near != name {
		return fmt.Sprintf("; is %s meant to be it?", monitor.Cut(near, 40))
	}
	return ""
}

func (r *fieldReader) number(name string) float64 {
	value, ok := r.fields[name]
	number, isNumber := value.(json.Number)
	switch {
	case !ok:
		r.fail("%s: it is missing%s", name, r.nearly(name))
	case !isNumber:
		r.fail("%s: it must be a number, not %s", name, kindOf(value))
	default:
		f, err := number.Float64()
		if err != nil || math.IsInf(f, 0) {
			r.fail("%s: %s is too large", name, monitor.Cut(number.String(), 40))
		}
		return f
	}
	return 0
}

func (r *fieldReader) truth(name string) bool {
	value, ok := r.fields[name]
	truth, isTruth := value.(bool)
	switch {
	case !ok:
		r.fail("%s: it is missing%s", name, r.nearly(name))
	case !isTruth:
		r.fail("%s: it must be true or false, not %s", name, kindOf(value))
	}
	return truth
}

func (r *fieldReader) id() string {
	switch id := r.fields["id"].(type) {
	case nil:
		return ""
	case json.Number:
		return id.String()
	case string:
		if len(id) > maxText {
			r.fail("id: it has more than %d bytes", maxText)
		}
		return id
	}
	r.fail("id: it must be a text or a number, not %s", kindOf(r.fields["id"]))
	return ""
}

func kindOf(v any) string {
	if text, ok := v.(string); ok {
		return fmt.Sprintf("the text %q", monitor.Cut(strings.TrimSpace(text), 40))
	}
	return condition.FromJSON(v).Kind().String()
}

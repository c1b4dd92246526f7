package monitor

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// File is a monitor as it lives in a version control system: a JavaScript file
// whose first block comment holds everything but the script, as YAML:
//
//	/* wingmirror
//	name: Conversion rate
//	schedule: "*\/5 * * * *"
//	targets:
//	  - stats.conversions
//	*/
//	if (mean(@a.values) < 10) throw "too low"
//
// Blank lines, // comments and a #! line may stand above the head, and are not
// kept. The head ends at the first line that holds nothing but the comment's end, so
// that a crontab's star and slash do not end it. (They do for other readers of
// JavaScript; FormatFile therefore writes them as YAML's escaped slash.)
type File struct {
	Monitor    Monitor
	ScriptLine int // lines of the file before the script's first line
}

// InFile returns an error of the script with the lines of the file in place of the
// script's own; nil for nil. What arose in helper files alone stays as it is.
func (f File) InFile(e *ScriptError) *ScriptError {
	if e == nil || e.Line == 0 {
		return e
	}
	moved := *e
	moved.Line += f.ScriptLine
	moved.Stack = frameLine.ReplaceAllStringFunc(e.Stack, func(place string) string {
		var line, column int
		if _, err := fmt.Sscanf(place, "line %d, column %d", &line, &column); err != nil {
			return place
		}
		return fmt.Sprintf("line %d, column %d", line+f.ScriptLine, column)
	})
	return &moved
}

// frameLine is the place at the end of each line of a ScriptError's stack.
var frameLine = regexp.MustCompile(`(?m)line \d+, column \d+$`)

const headMark = "wingmirror"

// ParseFile reads a monitor file. A file without a head is a script alone, with
// the file's name, less its ending, as the monitor's name. Errors are
// FieldErrors with the line in the file; all of them are found at once. The
// monitor is not validated as a whole: see Validate.
func ParseFile(name string, data []byte) (File, error) {
	if !utf8.Valid(data) {
		return File{}, FieldErrors{{Message: "the file is not UTF-8 text"}}
	}
	name = strings.ToValidUTF8(name, "?")
	base := strings.TrimSuffix(name[strings.LastIndexAny(name, `/\`)+1:], ".js")
	text := strings.TrimPrefix(string(data), "\ufeff")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	file := File{Monitor: Monitor{Name: base, Active: true}}
	head, script, before, err := splitHead(text)
	if err != nil {
		return File{}, err
	}
	file.Monitor.Script, file.ScriptLine = script, before
	if head == "" {
		return file, nil
	}
	if errs := decodeHead(head, &file.Monitor); len(errs) > 0 {
		return File{}, missingQuotes(head, errs)
	}
	return file, nil
}

// splitHead cuts text into the head's YAML, padded with blank lines so that
// YAML's line numbers are the file's, and the script. before counts the lines
// above the script.
func splitHead(text string) (head, script string, before int, err error) {
	lines := strings.Split(text, "\n")
	first := 0
	for first < len(lines) && aboveHead(lines[first]) {
		first++
	}
	if first < len(lines) && strings.TrimSpace(lines[first]) == "---" {
		return "", "", 0, FieldErrors{{Message: "the head of a monitor file is a comment: write /* " + headMark + " in place of this --- and */ in place of the one that ends the head", Line: first + 1}}
	}
	if first == len(lines) || !opensHead(lines[first]) {
		if late := slices.IndexFunc(lines, opensHead); late >= 0 {
			return "", "", 0, FieldErrors{{Message: "the head that starts here must be the first thing in the file", Line: late + 1}}
		}
		return "", text, 0, nil
	}
	for i := first + 1; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) == "*/" {
			padding := strings.Repeat("\n", first+1)
			return padding + strings.Join(lines[first+1:i], "\n"), strings.Join(lines[i+1:], "\n"), i + 1, nil
		}
	}
	return "", "", 0, FieldErrors{{Message: "the head that starts here is never closed: put */ alone on the line after it", Line: first + 1}}
}

// aboveHead reports whether a line may stand above the head: a licence, say.
func aboveHead(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "#!")
}

func opensHead(line string) bool {
	opening, ok := strings.CutPrefix(strings.TrimSpace(line), "/*")
	return ok && strings.TrimSpace(strings.TrimLeft(opening, "*")) == headMark
}

// missingQuotes says so of errors where quotes are what is missing.
func missingQuotes(head string, errs FieldErrors) FieldErrors {
	lines := strings.Split(head, "\n")
	for _, wrong := range errs {
		if 0 < wrong.Line && wrong.Line <= len(lines) && wantsQuotes.MatchString(lines[wrong.Line-1]) {
			wrong.Message = `a value that starts with * or @ needs quotes, as in schedule: "*/5 * * * *"`
		}
	}
	return errs
}

// headField is one key of the head: how it is read, and whether and how it is written.
type headField struct {
	key   string
	read  func(*Monitor, ast.Node) error
	write func(Monitor) string // what follows the key's colon; "" leaves the key out
}

func headFields() []headField {
	return []headField{
		stringField("name", func(m *Monitor) *string { return &m.Name }),
		stringField("description", func(m *Monitor) *string { return &m.Description }),
		stringField("group", func(m *Monitor) *string { return &m.Group }),
		{"labels", readLabels, writeLabels},
		stringField("schedule", func(m *Monitor) *string { return &m.Schedule }),
		stringField("timezone", func(m *Monitor) *string { return &m.Zone }),
		stringField("catch_up", func(m *Monitor) *string { return (*string)(&m.CatchUp) }),
		linesField("targets", func(m *Monitor) *[]string { return &m.Targets }),
		{"minutes", readMinutes, writeMinutes},
		{"params", readParams, writeParams},
		linesField("alerts", func(m *Monitor) *[]string { return &m.Alerts }),
		{"repeat", readRepeat, writeRepeat},
		{"failures", readFailures, writeFailures},
		durationField("recheck", func(m *Monitor) *time.Duration { return &m.Policy.Recheck }),
		durationField("keep_firing", func(m *Monitor) *time.Duration { return &m.Policy.KeepFiring }),
		toggleField("warnings", func(m *Monitor) *Toggle { return &m.Policy.Warnings }),
		toggleField("flapping", func(m *Monitor) *Toggle { return &m.Policy.Flapping }),
		toggleField("faults", func(m *Monitor) *Toggle { return &m.Policy.Faults }),
		{"active", readActive, writeActive},
		{"tests", readTests, writeTests},
	}
}

// wantsQuotes matches a line whose value YAML takes for an alias or refuses.
var wantsQuotes = regexp.MustCompile(`^\s*(-\s+|\w+:\s+)+[*@]`)

func decodeHead(head string, m *Monitor) FieldErrors {
	parsed, err := parser.ParseBytes([]byte(head), 0)
	if err != nil {
		return FieldErrors{YAMLError("", err)}
	}
	var root ast.Node
	for _, doc := range parsed.Docs {
		if doc.Body != nil {
			root = doc.Body
		}
	}
	var pairs []*ast.MappingValueNode
	switch node := root.(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		pairs = node.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{node}
	default:
		return FieldErrors{{Message: "the head must be a list of `key: value` lines", Line: root.GetToken().Position.Line}}
	}
	errs := readPairs(pairs, m)
	if block := blockOf(head, "tests"); len(errs) == 0 && block != "" {
		m.Tests = block // as it was written, comments included
	}
	return errs
}

func readPairs(pairs []*ast.MappingValueNode, m *Monitor) FieldErrors {
	var errs FieldErrors
	fields := headFields()
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		at := pair.Key.GetToken().Position
		i := slices.IndexFunc(fields, func(f headField) bool { return f.key == key })
		if i < 0 {
			errs = append(errs, &FieldError{Field: key, Line: at.Line, Column: at.Column, Message: unknownKey(key, fields)})
			continue
		}
		err := fields[i].read(m, pair.Value)
		if err == nil {
			continue
		}
		wrong := YAMLError(key, err)
		if wrong.Line == 0 {
			wrong.Line, wrong.Column = at.Line, at.Column
		}
		errs = append(errs, wrong)
	}
	return errs
}

func unknownKey(key string, fields []headField) string {
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.key
	}
	if near := Nearest(key, known); near != "" {
		return fmt.Sprintf("unknown key; did you mean %s?", near)
	}
	return "unknown key; the keys are " + strings.Join(known, ", ")
}

// Nearest returns the candidate that is most like name, or "" when none is
// alike enough to be what was meant.
func Nearest(name string, candidates []string) string {
	best, distance := "", len(name)/3+2
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	if distance > 2 {
		// A guess such as graphite-url for graphite goes on where a name ends.
		for _, c := range candidates {
			if rest, ok := strings.CutPrefix(strings.ToLower(name), strings.ToLower(c)); ok && strings.ContainsAny(rest[:min(1, len(rest))], "-_") {
				return c
			}
		}
	}
	return best
}

// YAMLError turns an error of the YAML library into a FieldError at its place; one
// that is a FieldError already stays as it is.
func YAMLError(field string, err error) *FieldError {
	if own, ok := errors.AsType[*FieldError](err); ok {
		return own
	}
	wrong := &FieldError{Field: field, Message: err.Error()}
	if positioned, ok := errors.AsType[yaml.Error](err); ok {
		wrong.Message = positioned.GetMessage()
		if mistyped, ok := errors.AsType[*yaml.TypeError](err); ok {
			wrong.Message = "this must be " + kindOf(mistyped.DstType)
		}
		if tk := positioned.GetToken(); tk != nil && tk.Position != nil {
			wrong.Line, wrong.Column = tk.Position.Line, tk.Position.Column
		}
	}
	return wrong
}

// kindOf says in words what single value a field takes.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	}
	return "one text"
}

// FormatFile writes the monitor as a file that ParseFile reads back as it is,
// but for what a file does not hold: id, version and times.
func FormatFile(m Monitor) []byte {
	var out bytes.Buffer
	out.WriteString("/* " + headMark + "\n")
	for _, field := range headFields() {
		if value := field.write(m); value != "" {
			out.WriteString(field.key + ":" + value + "\n")
		}
	}
	out.WriteString("*/\n")
	out.WriteString(m.Script)
	return out.Bytes()
}

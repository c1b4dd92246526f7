package monitor

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Test is one unit test of a monitor: what a run is given, and what must come out.
type Test struct {
	Name     string
	At       time.Time // scheduled time of the run; never zero
	Series   []TestSeries
	Previous Previous
	Params   json.RawMessage // instead of the monitor's; nil for those
	Expect   Expectation
	Line     int // where it stands in the text of the tests, from 1
}

// TestSeries is what a target brings in a test.
type TestSeries struct {
	Target string // one of the monitor's, or the name of what comes for it
	Series Series
}

// Expectation is what a test demands of a result. What is left out is not looked at.
type Expectation struct {
	Level   string               // ok, warning, critical or fault; "" for any
	Fault   Fault                // which one
	Message string               // must occur in the message
	Output  string               // must occur in the output
	Graph   map[string][]float64 // newest values of lines, the newest last; NaN for a gap
}

// TestOverride is what is noted of a version that was saved although tests failed.
type TestOverride struct {
	Failed []string // names of the tests
	Reason string   // in the words of whoever saved it; "" when none was given
}

const (
	mostTests      = 100
	mostTestValues = 100_000
)

type testText struct {
	Name     string         `yaml:"name"`
	At       string         `yaml:"at"`
	Series   any            `yaml:"series"`
	Step     int64          `yaml:"step"`
	Previous previousText   `yaml:"previous"`
	Params   map[string]any `yaml:"params"`
	Expect   expectText     `yaml:"expect"`
}

type previousText struct {
	Level   string `yaml:"level"`
	Since   string `yaml:"since"`
	Runs    int    `yaml:"runs"`
	Message string `yaml:"message"`
}

type expectText struct {
	Level   string         `yaml:"level"`
	Fault   string         `yaml:"fault"`
	Message string         `yaml:"message"`
	Output  string         `yaml:"output"`
	Graph   map[string]any `yaml:"graph"`
}

// testsEpoch is when a test runs that names no time and whose series have none.
var testsEpoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ParseTests reads the unit tests of a monitor: a YAML list; see
// docs/time-machine.md for its form. "" holds none. Errors are FieldErrors about
// tests, with the line in the text.
func ParseTests(text string) ([]Test, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if err := checkAliases(text); err != nil {
		return nil, err
	}
	raw, err := decodeTests(text)
	if err != nil {
		return nil, FieldErrors{YAMLError("tests", err)}
	}
	if len(raw) > mostTests {
		return nil, Invalid("tests", "there are %d tests, at most %d are allowed", len(raw), mostTests)
	}
	lines := testLines(text)
	tests := make([]Test, len(raw))
	var errs FieldErrors
	for i, r := range raw {
		test, err := r.test()
		if i < len(lines) {
			test.Line = lines[i]
		}
		for _, wrong := range AllFieldErrors(err) {
			wrong.Field, wrong.Line = fmt.Sprintf("tests[%d].%s", i, wrong.Field), test.Line
			errs = append(errs, wrong)
		}
		tests[i] = test
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return tests, nil
}

// zeros is the drawing of some zeros, such as 0x30, which YAML takes for a number in
// hexadecimal.
var zeros = regexp.MustCompile(`^0x[0-9]+$`)

// decodeTests reads the YAML as it is written, in which 0x30 is a drawing.
func decodeTests(text string) (raw []testText, err error) {
	tokens := lexer.Tokenize(text)
	for _, t := range tokens {
		if t.Type == token.HexIntegerType && zeros.MatchString(t.Value) {
			t.Type = token.StringType
		}
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, err
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		err = yaml.NodeToValue(doc.Body, &raw, yaml.DisallowUnknownField(), yaml.UseOrderedMap())
		break
	}
	return raw, err
}

// maxAliases is how many aliases the tests of a monitor may have.
const maxAliases = 1000

// checkAliases refuses what a few bytes could make very much of: an alias inside
// of what another stands for, and very many of them.
func checkAliases(text string) error {
	parsed, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		return nil //nolint:nilerr // whoever reads it next says what is wrong
	}
	all := 0
	for _, doc := range parsed.Docs {
		if doc.Body == nil {
			continue
		}
		all += len(ast.Filter(ast.AliasType, doc.Body))
		for _, anchor := range ast.Filter(ast.AnchorType, doc.Body) {
			if inside := ast.Filter(ast.AliasType, anchor); len(inside) > 0 {
				wrong := Invalid("tests", "write it out: an alias cannot stand inside of what another one stands for")
				wrong.Line = inside[0].GetToken().Position.Line
				return FieldErrors{wrong}
			}
		}
	}
	if all > maxAliases {
		return Invalid("tests", "there are %d aliases, at most %d are allowed", all, maxAliases)
	}
	return nil
}

// testLines finds the lines on which list items of the outermost list start.
func testLines(text string) []int {
	var lines []int
	indent := -1
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		if !strings.HasPrefix(trimmed, "-") {
			continue
		}
		at := len(line) - len(trimmed)
		if indent < 0 {
			indent = at
		}
		if at == indent {
			lines = append(lines, i+1)
		}
	}
	return lines
}

func (r testText) test() (Test, error) {
	t := Test{Name: r.Name}
	if strings.TrimSpace(r.Name) == "" {
		return t, Invalid("name", "give each test a name")
	}
	var err error
	if r.At != "" {
		if t.At, err = time.Parse(time.RFC3339, r.At); err != nil {
			return t, Invalid("at", "%q is not a time such as 2026-11-21T03:00:00Z", r.At)
		}
	}
	if t.Series, err = readTestSeries(r.Series, max(r.Step, 0)); err != nil {
		return t, err
	}
	t.settleTimes()
	if t.Previous, err = r.Previous.previous(); err != nil {
		return t, err
	}
	if r.Params != nil {
		if t.Params, err = json.Marshal(plain(r.Params)); err != nil {
			return t, Invalid("params", "%v", err)
		}
	}
	t.Expect, err = r.Expect.expectation()
	return t, err
}

// settleTimes gives the run a time, the newest point's if it has none, and series
// without times those that end with the run.
func (t *Test) settleTimes() {
	if t.At.IsZero() {
		for _, s := range t.Series {
			if n := len(s.Series.Values); s.Series.Start > 0 && n > 0 {
				if last := time.Unix(s.Series.Time(n-1), 0).UTC(); last.After(t.At) {
					t.At = last
				}
			}
		}
	}
	if t.At.IsZero() {
		t.At = testsEpoch
	}
	for i := range t.Series {
		if s := &t.Series[i].Series; s.Start == 0 {
			s.Start = t.At.Unix() - int64(len(s.Values)-1)*s.Step
		}
	}
}

func (p previousText) previous() (Previous, error) {
	out := Previous{Runs: p.Runs, Message: p.Message}
	if p.Level != "" {
		if err := out.Level.UnmarshalText([]byte(p.Level)); err != nil {
			return out, Invalid("previous", "%q is none of ok, warning, critical, unknown", p.Level)
		}
	}
	if p.Since != "" {
		since, err := time.Parse(time.RFC3339, p.Since)
		if err != nil {
			return out, Invalid("previous", "%q is not a time such as 2026-11-21T03:00:00Z", p.Since)
		}
		out.Since = since
	}
	return out, nil
}

func (e expectText) expectation() (Expectation, error) {
	out := Expectation{Level: e.Level, Fault: Fault(e.Fault), Message: e.Message, Output: e.Output}
	switch e.Level {
	case "", "ok", "warning", "critical", "fault":
	default:
		return out, Invalid("expect", "level %q is none of ok, warning, critical, fault", e.Level)
	}
	if e.Fault != "" && Fault(e.Fault).Description() == e.Fault {
		return out, Invalid("expect", "there is no fault %q", e.Fault)
	}
	if len(e.Graph) > 0 {
		out.Graph = map[string][]float64{}
	}
	for label, values := range e.Graph {
		numbers, err := readValues(values)
		if err != nil {
			return out, Invalid("expect", "graph %s: %v", label, err)
		}
		out.Graph[label] = numbers
	}
	if e.Level == "" && e.Fault == "" && e.Message == "" && e.Output == "" && len(e.Graph) == 0 {
		return out, Invalid("expect", "say what must come out: a level, a fault, a message, an output or a graph")
	}
	return out, nil
}

// plain turns ordered maps of the YAML library into what JSON can be made of.
func plain(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		m := make(map[string]any, len(v))
		for _, item := range v {
			m[fmt.Sprint(item.Key)] = plain(item.Value)
		}
		return m
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			m[key] = plain(value)
		}
		return m
	case []any:
		all := make([]any, len(v))
		for i, item := range v {
			all[i] = plain(item)
		}
		return all
	}
	return v
}

// SameValue reports whether a value is the one that a test demands: gaps equal gaps,
// and numbers may differ in the last of nine digits, since tests are written by hand.
func SameValue(want, got float64) bool {
	if math.IsNaN(want) || math.IsNaN(got) {
		return math.IsNaN(want) && math.IsNaN(got)
	}
	return want == got || math.Abs(want-got) <= 1e-9*math.Max(math.Abs(want), math.Abs(got))
}

package event

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"wingmirror/monitor"
)

// Test is one test of a rules file: events, and the alerts that must come of
// them, no more and no fewer.
type Test struct {
	Name   string
	Rules  []string // that it is about; none: all
	Events []monitor.PushedEvent
	Until  float64 // the time at which it ends, in seconds; the last event when that is later
	Want   []Expected
	Line   int
}

// Expected is one alert that a test asks for.
type Expected struct {
	Rule string  // "" when the test is about one rule
	Key  string  // see JoinKey
	At   float64 // seconds
	Ends *float64
	Open bool // it must still fire at the end
}

// maxTestEvents bounds the events of all tests of a file.
const maxTestEvents = 100_000

func (l *loader) test(n ast.Node, path string) {
	var t Test
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		t.Line = tk.Position.Line
	}
	l.r.mapping(n, path, fields{
		"name":  func(n ast.Node, path string) { t.Name = l.r.text(n, path) },
		"rule":  func(n ast.Node, path string) { t.Rules = l.ruleNames(n, path) },
		"rules": func(n ast.Node, path string) { t.Rules = l.ruleNames(n, path) },
		"until": func(n ast.Node, path string) { t.Until = l.seconds(n, path) },
		"events": func(n ast.Node, path string) {
			for i, one := range l.r.list(n, path) {
				l.testEvents(&t, one, fmt.Sprintf("%s[%d]", path, i))
			}
		},
		"alerts": func(n ast.Node, path string) {
			for i, one := range l.r.list(n, path) {
				t.Want = append(t.Want, l.expected(one, fmt.Sprintf("%s[%d]", path, i)))
			}
		},
	})
	if t.Name == "" {
		t.Name = fmt.Sprintf("test %d", len(l.file.Tests)+1)
	}
	for i := range t.Want {
		if w := &t.Want[i]; w.Rule == "" {
			if len(t.Rules) != 1 {
				l.r.fail(n, path+".alerts", "say which rule each alert is of, or which one the test is about")
				break
			}
			w.Rule = t.Rules[0]
		}
	}
	l.file.Tests = append(l.file.Tests, t)
}

func (l *loader) ruleNames(n ast.Node, path string) []string {
	names := l.r.texts(n, path)
	for _, name := range names {
		l.ruleName(n, path, name)
	}
	return names
}

func (l *loader) ruleName(n ast.Node, path, name string) {
	if l.file.Rule(name) == nil && len(l.r.errs) == 0 { // a rule that is wrong itself is not there either
		l.r.fail(n, path, "there is no rule %q", monitor.Cut(name, 80))
	}
}

// seconds reads a time of a test: seconds since the epoch, or a duration.
func (l *loader) seconds(n ast.Node, path string) float64 {
	text, _ := l.r.scalar(n)
	if strings.Trim(text, "0123456789.") == "" && text != "" {
		return l.r.number(n, path)
	}
	return l.r.span(n, path).Seconds()
}

// testEvents reads one event, or with values one for each of them.
func (l *loader) testEvents(t *Test, n ast.Node, path string) {
	if l.events > maxTestEvents {
		return
	}
	event := map[string]any{"timestamp": 0.0, "value": 0.0, "active": true}
	every, values := time.Minute, []ast.Node(nil)
	before := len(l.r.errs)
	for _, p := range l.r.pairs(n, path) {
		where := join(path, p.name)
		switch p.name {
		case "at", "timestamp":
			event["timestamp"] = l.seconds(p.value, where)
		case "every":
			every = l.r.span(p.value, where)
		case "values":
			values = l.r.list(p.value, where)
		default:
			value := l.r.bare(p.value)
			if value != nil && len(ast.Filter(ast.AliasType, value)) > 0 {
				l.r.fail(p.value, where, "write it out: an alias cannot stand inside a field of an event")
				continue
			}
			var v any
			if err := yaml.NodeToValue(value, &v); err != nil {
				l.r.fail(p.value, where, "this cannot be read")
				continue
			}
			event[p.name] = v
		}
	}
	if len(l.r.errs) > before {
		return
	}
	if values == nil {
		l.testEvent(t, n, path, event)
		return
	}
	begin := event["timestamp"].(float64)
	for i, v := range values {
		if l.events > maxTestEvents {
			return
		}
		if text, _ := l.r.scalar(v); text == "_" { // a gap
			continue
		}
		event["timestamp"], event["value"] = begin+float64(i)*every.Seconds(), l.r.number(v, path+".values")
		l.testEvent(t, n, path, event)
	}
}

func (l *loader) testEvent(t *Test, n ast.Node, path string, event map[string]any) {
	if l.events++; l.events > maxTestEvents {
		if l.events == maxTestEvents+1 {
			l.r.fail(n, path, "the tests of a file have at most %d events", maxTestEvents)
		}
		return
	}
	raw, err := json.Marshal(event)
	if err != nil {
		l.r.fail(n, path, "this is no event: %v", err)
		return
	}
	e, wrong := decodeOne(raw)
	if wrong != "" {
		l.r.fail(n, path, "%s", wrong)
		return
	}
	t.Events = append(t.Events, e)
}

func (l *loader) expected(n ast.Node, path string) Expected {
	var x Expected
	l.r.mapping(n, path, fields{
		"rule": func(n ast.Node, path string) { x.Rule = l.r.text(n, path); l.ruleName(n, path, x.Rule) },
		"key":  func(n ast.Node, path string) { x.Key = l.keyOf(n, path) },
		"at":   func(n ast.Node, path string) { x.At = l.seconds(n, path) },
		"ends": func(n ast.Node, path string) {
			if text, _ := l.r.scalar(n); text == "never" {
				x.Open = true
				return
			}
			at := l.seconds(n, path)
			x.Ends = &at
		},
	})
	return x
}

// keyOf reads a key: one text as alerts show it, or a list of its parts.
func (l *loader) keyOf(n ast.Node, path string) string {
	if text, ok := l.r.scalar(n); ok {
		return text
	}
	return JoinKey(l.r.texts(n, path))
}

// TestResult is how one test went.
type TestResult struct {
	Test  Test
	Wrong []string // what differs from what it asks for; none when it passed
}

// RunTests runs the file's tests, each in an engine of its own, until ctx ends:
// those that were not run then say so.
func RunTests(ctx context.Context, file *File) []TestResult {
	var all []TestResult
	for _, t := range file.Tests {
		result := TestResult{t, []string{"was not run: the time is over"}}
		if ctx.Err() == nil {
			result.Wrong = t.run(ctx, file)
		}
		all = append(all, result)
	}
	return all
}

func (t Test) run(ctx context.Context, file *File) []string {
	part := file
	if len(t.Rules) > 0 {
		part = &File{Severities: file.Severities}
		for _, name := range t.Rules {
			part.Rules = append(part.Rules, file.Rule(name))
		}
	}
	x, alerts := replay(ctx, part, t.Events, t.Until)
	if ctx.Err() != nil {
		return []string{"was not finished: the time is over"}
	}
	got := map[string]Alert{}
	ends := map[string]float64{}
	for _, a := range alerts {
		name := alertName(a.Rule.Name, a.Key, a.Started)
		if a.Firing {
			got[name] = a
		} else {
			ends[name] = a.At
		}
	}
	var wrong []string
	for _, w := range t.Want {
		name := alertName(w.Rule, w.Key, w.At)
		_, fired := got[name]
		end, ended := ends[name]
		switch {
		case !fired:
			wrong = append(wrong, "did not fire: "+name)
		case w.Open && ended:
			wrong = append(wrong, fmt.Sprintf("%s ended at %s, but should not have", name, moment(end)))
		case w.Ends != nil && !ended:
			wrong = append(wrong, fmt.Sprintf("%s did not end, but should have at %s", name, moment(*w.Ends)))
		case w.Ends != nil && end != *w.Ends:
			wrong = append(wrong, fmt.Sprintf("%s ended at %s, but should have at %s", name, moment(end), moment(*w.Ends)))
		}
		delete(got, name)
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		wrong = append(wrong, "fired, but was not asked for: "+name+": "+got[name].Text)
	}
	for _, trouble := range x.Troubles() {
		if trouble.Failed > 0 {
			wrong = append(wrong, trouble.Rule.Name+": "+trouble.First)
		}
	}
	return wrong
}

func alertName(rule, key string, at float64) string {
	if key != "" {
		rule += " for " + key
	}
	return rule + " at " + moment(at)
}

// moment writes a time of a test: a duration since its begin, or where it uses
// real times those.
func moment(seconds float64) string {
	if seconds >= 0 && seconds < maxSpan.Seconds() {
		return span(time.Duration(seconds * float64(time.Second)))
	}
	return clock(seconds)
}

package scheduler

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/monitor"
)

// TestResult is what became of one unit test.
type TestResult struct {
	Test       monitor.Test
	Evaluation Evaluation
	Failures   []Mismatch // none when it passed
	Took       time.Duration
}

// Mismatch is one thing that did not come out as a test demands.
type Mismatch struct {
	Part string // level, fault, message, output, or graph and the label of its line
	Want string
	Got  string
}

// String returns "level: want critical, got ok".
func (m Mismatch) String() string { return m.Part + ": want " + m.Want + ", got " + m.Got }

// RunTests runs the unit tests of a monitor, in their order, by Evaluate. Tests
// that cannot be read are ErrInvalid.
func RunTests(ctx context.Context, runner Runner, m monitor.Monitor, limits monitor.Limits) ([]TestResult, error) {
	tests, err := monitor.ParseTests(m.Tests)
	if err != nil {
		return nil, err
	}
	results := make([]TestResult, len(tests))
	for i, test := range tests {
		e, err := Evaluate(ctx, runner, testCase(m, test, limits))
		if err != nil {
			return nil, fmt.Errorf("test %q: %w", test.Name, err)
		}
		results[i] = TestResult{Test: test, Evaluation: e, Failures: mismatches(test.Expect, e), Took: e.Result.Cost.Wall}
	}
	return results, nil
}

// testCase gives each target of the monitor its series of the test. A target that
// the test does not name brings none; series that are no target's, because the
// monitor has a wildcard or no targets at all, get targets of their own.
func testCase(m monitor.Monitor, t monitor.Test, limits monitor.Limits) Case {
	if t.Params != nil {
		m.Params = t.Params
	}
	c := Case{
		Monitor: m, At: t.At, Previous: t.Previous, Limits: limits,
		Window: monitor.Window{From: t.At.Unix() - int64(m.MinutesOrDefault())*60, Until: t.At.Unix()},
	}
	taken := make([]bool, len(t.Series))
	for _, text := range SentTargets(m) {
		f := monitor.Fetched{Target: text, Status: monitor.StatusMissing}
		for i, s := range t.Series {
			if s.Target == text {
				taken[i] = true
				f.Series = append(f.Series, s.Series)
			}
		}
		c.Targets = append(c.Targets, f)
	}
	free := slices.IndexFunc(taken, func(t bool) bool { return !t })
	for i := range c.Targets { // what no target is named after goes to those that have nothing, in order
		if free < 0 {
			break
		}
		if len(c.Targets[i].Series) == 0 {
			c.Targets[i].Series, taken[free] = []monitor.Series{t.Series[free].Series}, true
			free = slices.IndexFunc(taken, func(t bool) bool { return !t })
		}
	}
	for i, s := range t.Series {
		if !taken[i] {
			c.Targets = append(c.Targets, monitor.Fetched{Target: s.Target, Series: []monitor.Series{s.Series}})
		}
	}
	for i := range c.Targets {
		c.Targets[i].Status = testStatus(c.Targets[i].Series)
	}
	return c
}

func testStatus(series []monitor.Series) monitor.Status {
	if len(series) == 0 {
		return monitor.StatusMissing
	}
	for _, s := range series {
		if s.Points() > 0 {
			return monitor.StatusOK
		}
	}
	return monitor.StatusEmpty
}

func mismatches(want monitor.Expectation, e Evaluation) []Mismatch {
	var all []Mismatch
	got := e.Outcome.Level.String()
	if e.Outcome.Fault != monitor.NoFault {
		got = "fault"
	}
	differ := func(part, want, got string) { all = append(all, Mismatch{part, want, got}) }
	if want.Level != "" && want.Level != got {
		if got == "fault" {
			got += " (" + string(e.Outcome.Fault) + ": " + e.Outcome.Message + ")"
		} else if e.Outcome.Message != "" {
			got += " (" + monitor.Cut(e.Outcome.Message, 200) + ")"
		}
		differ("level", want.Level, got)
	}
	if want.Fault != monitor.NoFault && want.Fault != e.Outcome.Fault {
		differ("fault", string(want.Fault), orNone(string(e.Outcome.Fault)))
	}
	if !strings.Contains(e.Outcome.Message, want.Message) {
		differ("message", strconv.Quote(want.Message), strconv.Quote(e.Outcome.Message))
	}
	if !strings.Contains(e.Result.Output, want.Output) {
		differ("output", strconv.Quote(want.Output), strconv.Quote(monitor.Cut(e.Result.Output, 1000)))
	}
	labels := make([]string, 0, len(want.Graph))
	for label := range want.Graph {
		labels = append(labels, label)
	}
	slices.Sort(labels)
	for _, label := range labels {
		if got, ok := graphMismatch(want.Graph[label], e.Result.Graph, label); !ok {
			differ("graph "+label, valuesText(want.Graph[label]), got)
		}
	}
	return all
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// graphMismatch compares the newest values of a line.
func graphMismatch(want []float64, graph []monitor.Line, label string) (got string, ok bool) {
	i := slices.IndexFunc(graph, func(l monitor.Line) bool { return l.Label == label })
	if i < 0 {
		return "no such line", false
	}
	points := graph[i].Points
	var values []float64
	for _, p := range points[max(0, len(points)-len(want)):] {
		values = append(values, p.Value)
	}
	return valuesText(values), slices.EqualFunc(want, values, monitor.SameValue)
}

func valuesText(values []float64) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = strconv.FormatFloat(v, 'g', 12, 64)
		if math.IsNaN(v) {
			words[i] = "_"
		}
	}
	return strings.Join(words, " ")
}

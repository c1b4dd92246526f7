package engine

import (
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

// at is the scheduled time of the runs in these tests.
var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// target is a target with one series of a point a minute that ends at at.
func target(label string, values ...float64) monitor.Fetched {
	return monitor.Fetched{Target: label, Status: monitor.StatusOK, Series: []monitor.Series{{
		Label: label, Start: at.Unix() - 60*int64(len(values)-1), Step: 60, Values: values,
	}}}
}

func input(script string, targets ...monitor.Fetched) monitor.Input {
	return monitor.Input{Script: script, JobID: 12, Name: "Checkout", Minutes: 60, At: at, Targets: targets, Seed: 7}
}

// output runs a script that must end well, and returns what it printed.
func output(t *testing.T, script string, targets ...monitor.Fetched) string {
	t.Helper()
	result := newEngine(t).Run(input(script, targets...))
	if result.Fault != "" || result.Thrown != nil {
		t.Fatalf("%s\nended with fault %q, %s", script, result.Fault, describe(result))
	}
	return result.Output
}

func describe(r monitor.Result) string {
	if r.Thrown == nil {
		return r.Message()
	}
	return r.Message() + " | " + r.Thrown.Message + " | " + strings.ReplaceAll(r.Thrown.Stack, "\n", " < ")
}

func TestRun_DesignExample(t *testing.T) {
	script := `let impressions = 0, conversions = 0, rate = 0
with_metrics((a, b) => {
  impressions += a.value
  conversions += b.value
  rate = conversions / impressions * 100
  graph_value("Conversion Rate", a.timestamp, rate)
})
puts(rate)
if (rate < 10) throw "The conversion rate has dropped below 10%"`
	got := newEngine(t).Run(input(script, target("i", 100, 100), target("c", 8, 9)))
	if got.Level != monitor.Critical || got.Message() != "The conversion rate has dropped below 10%" || got.Output != "8.5\n" {
		t.Errorf("got level %v, message %q, output %q", got.Level, got.Message(), got.Output)
	}
	if len(got.Graph) != 1 || got.Graph[0].Label != "Conversion Rate" || got.Graph[0].Points[1].Value != 8.5 {
		t.Errorf("graph is %+v", got.Graph)
	}
	if got.Thrown.Line != 9 || got.Thrown.Column != 16 {
		t.Errorf("thrown at %d:%d, want 9:16", got.Thrown.Line, got.Thrown.Column)
	}
}

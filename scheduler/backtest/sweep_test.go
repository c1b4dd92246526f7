package backtest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/monitor"
	"wingmirror/scheduler/backtest"
)

func TestSweep_PutsEachValueInItsPlace(t *testing.T) {
	m := monitor.Monitor{Script: "// é𝒳 10\nif (@a > 10) throw 10", Params: []byte(`{"limit": 3, "name": "x"}`)}
	got, err := backtest.Sweep(m, backtest.Place{Line: 2, Column: 10, Text: "10"}, []float64{0.5, -2})
	if err != nil || got[0].Script != "// é𝒳 10\nif (@a > 0.5) throw 10" || got[1].Script != "// é𝒳 10\nif (@a > (-2)) throw 10" {
		t.Errorf("%q %q %v", got[0].Script, got[1].Script, err)
	}
	if got, err = backtest.Sweep(m, backtest.Place{Line: 1, Column: 8, Text: "10"}, []float64{7}); err != nil || !strings.HasPrefix(got[0].Script, "// é𝒳 7\n") {
		t.Errorf("columns count UTF-16 units: %v", err)
	}
	if got, err = backtest.Sweep(m, backtest.Place{Param: "limit"}, []float64{1, 2}); err != nil || string(got[1].Params) != `{"limit":2,"name":"x"}` || string(got[0].Params) != `{"limit":1,"name":"x"}` {
		t.Errorf("%s %s %v", got[0].Params, got[1].Params, err)
	}
	for _, p := range []backtest.Place{{Line: 2, Column: 11, Text: "10"}, {Line: 9, Column: 1, Text: "1"}, {Line: 2, Column: 10, Text: "if"}, {Param: "name"}, {Param: "no"}, {}} {
		if _, err := backtest.Sweep(m, p, []float64{1}); !errors.Is(err, monitor.ErrInvalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestSteps_AreEvenAndRound(t *testing.T) {
	got, err := backtest.Steps(0, 1, 11)
	if diff := cmp.Diff([]float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, row := range []struct {
		from, to float64
		n        int
	}{{1, 1, 5}, {0, 1, 1}, {0, 1, 1000}} {
		if _, err := backtest.Steps(row.from, row.to, row.n); !errors.Is(err, monitor.ErrInvalid) {
			t.Errorf("%v: %v", row, err)
		}
	}
}

func TestSweep_ReportHasACurve(t *testing.T) {
	m := everyMinute("5", "a")
	values := []float64{0, 5, 10}
	variants, err := backtest.Sweep(m, backtest.Place{Line: 1, Column: 1, Text: "5"}, values)
	if err != nil {
		t.Fatal(err)
	}
	results := run(t, options(&source{}, &runner{}), 7*24*time.Hour, variants...)
	labels := []monitor.Label{{Monitor: 7, Incident: 1, Verdict: monitor.LabelTrue, From: now.Add(-12 * time.Hour), Until: now.Add(-6 * time.Hour)}}
	report := backtest.NewSweep(results, values, labels)
	var got []float64
	for _, line := range report.Sweep {
		got = append(got, line.PerWeek, line.Score.Recall)
	}
	if diff := cmp.Diff([]float64{1, 1, 7, 1, 0, 0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFold_IsRunWithoutEvaluations(t *testing.T) {
	m := everyMinute("5", "a")
	o := options(&source{}, &runner{})
	want := run(t, o, 24*time.Hour, m)[0]
	var outcomes []monitor.Outcome
	for i, at := range want.Times {
		out := monitor.Outcome{Subject: m.Subject(), At: time.Unix(at, 0).UTC(), Level: monitor.OK}
		if want.Seen[i] == 'c' {
			out.Level, out.Message = monitor.Critical, "it is 9"
		}
		outcomes = append(outcomes, out)
	}
	got := backtest.Fold(m, o.Decide(m), outcomes, want.From, want.Until)
	if diff := cmp.Diff(want.Notices, got.Notices); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Incidents, got.Incidents); diff != "" {
		t.Error(diff)
	}
}

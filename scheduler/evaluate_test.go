package scheduler

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

type runnerFunc func(ctx context.Context, in monitor.Input) (monitor.Result, error)

func (f runnerFunc) Run(ctx context.Context, in monitor.Input) (monitor.Result, error) {
	return f(ctx, in)
}

func gives(result monitor.Result) runnerFunc {
	return func(context.Context, monitor.Input) (monitor.Result, error) { return result, nil }
}

func fetched(target string, status monitor.Status, values ...float64) monitor.Fetched {
	f := monitor.Fetched{Target: target, Status: status}
	if len(values) > 0 {
		f.Series = []monitor.Series{{Label: target, Step: 60, Values: values}}
	}
	return f
}

// at is the scheduled time of the cases.
var at = time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)

func TestEvaluate_Outcomes(t *testing.T) {
	thrown := func(message string) *monitor.ScriptError { return &monitor.ScriptError{Message: message, Line: 3} }
	points, gap := fetched("a", monitor.StatusOK, 1), fetched("b", monitor.StatusEmpty, math.NaN())
	missing := fetched("c", monitor.StatusMissing)
	failed := monitor.Fetched{Target: "d(", Status: monitor.StatusFailed, Reason: "no such function"}
	engine := monitor.Result{Fault: monitor.FaultScript, Reason: "TypeError: x", Thrown: thrown("TypeError: x")}
	for _, row := range []struct {
		rule    string
		targets []monitor.Fetched
		result  monitor.Result
		level   monitor.Level
		fault   monitor.Fault
		message string
		ran     bool
	}{
		{"ended", []monitor.Fetched{points}, monitor.Result{Level: monitor.OK}, monitor.OK, "", "", true},
		{"threw", []monitor.Fetched{points}, monitor.Result{Level: monitor.Critical, Thrown: thrown("too low")}, monitor.Critical, "", "too low", true},
		{"warned", []monitor.Fetched{points}, monitor.Result{Level: monitor.Warning, Thrown: thrown("low")}, monitor.Warning, "", "low", true},
		{"engine's error", []monitor.Fetched{points, missing}, engine, monitor.Unknown, monitor.FaultScript, "TypeError: x", true},
		{"engine's error without one point", []monitor.Fetched{gap, missing}, engine, monitor.Unknown, monitor.FaultNoData, "no target had any data, and the script failed: TypeError: x", true},
		{"engine's error without targets", nil, engine, monitor.Unknown, monitor.FaultScript, "TypeError: x", true},
		{"thrown without one point", []monitor.Fetched{gap}, monitor.Result{Level: monitor.Critical, Thrown: thrown("nothing")}, monitor.Critical, "", "nothing", true},
		{"ended without one point", []monitor.Fetched{gap, missing}, monitor.Result{Level: monitor.OK}, monitor.OK, "", "", true},
		{"out of time without one point", []monitor.Fetched{gap}, monitor.Result{Fault: monitor.FaultTimeout, Reason: "longer than 1 s"}, monitor.Unknown, monitor.FaultTimeout, "longer than 1 s", true},
		{"failed target", []monitor.Fetched{points, failed}, monitor.Result{Level: monitor.OK}, monitor.Unknown, monitor.FaultFetch, "target d(: no such function", false},
		{"failed targets", []monitor.Fetched{failed, points, failed}, monitor.Result{Level: monitor.OK}, monitor.Unknown, monitor.FaultFetch, "target d(: no such function (2 of 3 targets failed)", false},
		{"a fault has no level", []monitor.Fetched{points}, monitor.Result{Level: monitor.Critical, Fault: monitor.FaultMemory, Reason: "too much"}, monitor.Unknown, monitor.FaultMemory, "too much", true},
	} {
		m := monitor.Monitor{ID: 12, Name: "m"}
		e, err := Evaluate(t.Context(), gives(row.result), Case{Monitor: m, At: at, Targets: row.targets})
		if err != nil {
			t.Errorf("%s: %v", row.rule, err)
		}
		want := monitor.Outcome{Subject: m.Subject(), At: at, Level: row.level, Fault: row.fault, Message: row.message}
		if e.Outcome != want || e.Ran != row.ran {
			t.Errorf("%s:\n got %+v, ran %v\nwant %+v, ran %v", row.rule, e.Outcome, e.Ran, want, row.ran)
		}
		if !reflect.DeepEqual(e.Targets, row.targets) {
			t.Errorf("%s: the targets are not those of the case", row.rule)
		}
	}
}

func TestEvaluate_InputIsTheCase(t *testing.T) {
	m := monitor.Monitor{ID: 12, Name: "rate", Script: "puts(1)", Params: []byte(`{"a":1}`)}
	c := Case{
		Monitor: m, At: at, Targets: []monitor.Fetched{fetched("a", monitor.StatusOK, 1)},
		Previous: monitor.Previous{Level: monitor.Warning, Runs: 3}, Limits: monitor.Limits{CPU: time.Second},
	}
	var got []monitor.Input
	runner := runnerFunc(func(_ context.Context, in monitor.Input) (monitor.Result, error) {
		got = append(got, in)
		return monitor.Result{Level: monitor.OK}, nil
	})
	unsaved := c
	unsaved.Monitor.ID, unsaved.Monitor.Minutes = 0, 5
	later := c
	later.At = at.Add(time.Minute)
	for _, one := range []Case{c, c, unsaved, later} {
		if _, err := Evaluate(t.Context(), runner, one); err != nil {
			t.Fatal(err)
		}
	}
	want := monitor.Input{
		Script: "puts(1)", JobID: 12, Name: "rate", Minutes: 60, At: at, Targets: c.Targets,
		Previous: c.Previous, Params: m.Params, Seed: got[0].Seed, Limits: c.Limits,
	}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("input:\n got %+v\nwant %+v", got[0], want)
	}
	if !reflect.DeepEqual(got[0], got[1]) {
		t.Error("equal cases gave different inputs")
	}
	if got[2].JobID != -1 || got[2].Minutes != 5 {
		t.Errorf("unsaved monitor: job id %d, minutes %d; want -1 and 5", got[2].JobID, got[2].Minutes)
	}
	if got[3].Seed == got[0].Seed || got[2].Seed == got[0].Seed {
		t.Error("another time, or another monitor, has the same seed")
	}
}

func TestEvaluate_OwnFailureIsAFaultAndAnError(t *testing.T) {
	broken := errors.New("no worker")
	for name, runner := range map[string]runnerFunc{
		"error":    func(context.Context, monitor.Input) (monitor.Result, error) { return monitor.Result{}, broken },
		"no level": gives(monitor.Result{}),
	} {
		e, err := Evaluate(t.Context(), runner, Case{Monitor: monitor.Monitor{ID: 1}, At: at})
		if err == nil || e.Outcome.Fault != monitor.FaultInternal || e.Outcome.Level != monitor.Unknown {
			t.Errorf("%s: outcome %+v, error %v", name, e.Outcome, err)
		}
		if strings.Contains(e.Outcome.Message, "worker") {
			t.Errorf("%s: the message shows our own error: %s", name, e.Outcome.Message)
		}
	}
}

func TestEvaluate_CancelledGivesTheCause(t *testing.T) {
	cause := errors.New("the visitor left")
	ctx, cancel := context.WithCancelCause(t.Context())
	runner := runnerFunc(func(ctx context.Context, _ monitor.Input) (monitor.Result, error) {
		cancel(cause)
		return monitor.Result{}, ctx.Err()
	})
	e, err := Evaluate(ctx, runner, Case{Monitor: monitor.Monitor{ID: 1}, At: at})
	if !errors.Is(err, cause) || !reflect.DeepEqual(e, Evaluation{}) {
		t.Errorf("evaluation %+v, error %v", e, err)
	}
}

func TestChecker_TriesWhatALiveRunWouldDo(t *testing.T) {
	w := &world{fetchTakes: 20 * time.Millisecond}
	m := monitorOf(7, "not even a schedule")
	m.Targets = []string{"# comment", "b", "", "a"}
	clock := at
	now := func() time.Time { clock = clock.Add(time.Second); return clock }
	e, err := Checker{Fetcher: w, Runner: w, Now: now}.Try(t.Context(), m, at, monitor.Previous{})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.requests) != 1 || !slices.Equal(w.requests[0], []string{"b", "a"}) {
		t.Errorf("requests %v, want one for b and a", w.requests)
	}
	if e.Outcome.Level != monitor.OK || !e.Outcome.At.Equal(at) || e.Window != w.Window(at, 60) {
		t.Errorf("evaluation %+v", e)
	}
	if e.Fetch != time.Second || e.Ended.Sub(e.Started) != time.Second {
		t.Errorf("fetch took %v and the run %v by a clock that ticks a second at each look", e.Fetch, e.Ended.Sub(e.Started))
	}
	if w.claims != 0 || w.total() != 0 {
		t.Error("a test run was claimed or recorded")
	}
}

func TestChecker_CancelledWhileFetching(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := &world{onFetch: func(target string) monitor.Fetched {
		cancel()
		return fetched(target, monitor.StatusFailed)
	}}
	_, err := Checker{Fetcher: w, Runner: w, Now: time.Now}.Try(ctx, monitorOf(1, "* * * * *"), at, monitor.Previous{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestEvaluation_AsHistoryKeepsIt(t *testing.T) {
	m := monitor.Monitor{ID: 5, Version: 3}
	long := strings.Repeat("x", monitor.MaxRunMessage+1)
	result := monitor.Result{
		Level: monitor.Critical, Thrown: &monitor.ScriptError{Message: long, Line: 2}, Output: "out",
		Graph: []monitor.Line{{Label: "l"}}, Cost: monitor.Cost{PointsIn: 1},
	}
	e, err := Evaluate(t.Context(), gives(result), Case{Monitor: m, At: at, Window: monitor.Window{From: 1, Until: 2}, Targets: []monitor.Fetched{fetched("a", monitor.StatusOK, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	e.Started, e.Fetch = at.Add(time.Second), time.Millisecond
	run, detail := e.Run(m), e.Detail()
	if len(run.Message) > monitor.MaxRunMessage || detail.Message != long {
		t.Errorf("the row keeps %d bytes of the message, the detail %d", len(run.Message), len(detail.Message))
	}
	run.Message = ""
	want := monitor.Run{Monitor: 5, At: at, Phase: monitor.Done, Version: 3, Started: e.Started, Fetch: e.Fetch, Level: monitor.Critical, Cost: result.Cost}
	if run != want {
		t.Errorf("run:\n got %+v\nwant %+v", run, want)
	}
	if detail.Output != "out" || detail.Thrown.Line != 2 || len(detail.Graph) != 1 || detail.Window.Until != 2 ||
		len(detail.Targets) != 1 || detail.Targets[0].Points != 1 {
		t.Errorf("detail %+v", detail)
	}
}

package backtest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/scheduler/backtest"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// source has every metric, at ten seconds for the last two days and at a minute
// before: 1 everywhere, but for the first quarter of each day, when it is 9.
type source struct {
	fine    time.Duration // since when points are ten seconds apart; 0: two days
	most    int           // points of one answer; 0: no bound
	fails   string        // a target that is refused
	empty   bool
	fetches atomic.Int64
	longest atomic.Int64 // seconds of the longest answer
}

func (*source) Window(at time.Time, minutes int) monitor.Window {
	until := at.Unix() / 10 * 10
	return monitor.Window{From: until - int64(minutes)*60, Until: until}
}

func (s *source) Fetch(_ context.Context, w monitor.Window, targets []string) []monitor.Fetched {
	s.fetches.Add(1)
	s.longest.Store(max(s.longest.Load(), w.Until-w.From))
	out := make([]monitor.Fetched, len(targets))
	fine := s.fine
	if fine == 0 {
		fine = 48 * time.Hour
	}
	for i, text := range targets {
		step := int64(10)
		if w.From < now.Add(-fine).Unix() {
			step = 60
		}
		switch {
		case s.fails == text:
			out[i] = monitor.Fetched{Target: text, Status: monitor.StatusFailed, Reason: "refused"}
			continue
		case s.most > 0 && (w.Until-w.From)/step > int64(s.most):
			out[i] = monitor.Fetched{Target: text, Status: monitor.StatusFailed, Reason: "too many points"}
			continue
		case s.empty:
			out[i] = monitor.Fetched{Target: text, Status: monitor.StatusMissing}
			continue
		}
		series := monitor.Series{Label: text, Start: w.From/step*step + step, Step: step}
		for t := series.Start; t <= w.Until; t += step {
			v := 1.0
			if time.Unix(t, 0).UTC().Hour() < 6 {
				v = 9
			}
			series.Values = append(series.Values, v)
		}
		out[i] = s.Assess(w, text, []monitor.Series{series})
	}
	return out
}

func (*source) Assess(_ monitor.Window, text string, series []monitor.Series) monitor.Fetched {
	if len(series) == 0 {
		return monitor.Fetched{Target: text, Status: monitor.StatusMissing}
	}
	return monitor.Fetched{Target: text, Status: monitor.StatusOK, Series: series}
}

// runner throws when the newest value is above the script's number.
type runner struct {
	ran  atomic.Int64
	does func(in monitor.Input) monitor.Result
}

func (r *runner) Run(ctx context.Context, in monitor.Input) (monitor.Result, error) {
	r.ran.Add(1)
	if ctx.Err() != nil {
		return monitor.Result{}, context.Cause(ctx)
	}
	if r.does != nil {
		return r.does(in), nil
	}
	return above(in), nil
}

func above(in monitor.Input) monitor.Result {
	var limit float64
	fmt.Sscan(strings.TrimPrefix(in.Script, "previous "), &limit)
	for _, t := range in.Targets {
		for _, s := range t.Series {
			if v := s.Values[len(s.Values)-1]; v > limit {
				return monitor.Result{Level: monitor.Critical, Thrown: &monitor.ScriptError{Message: fmt.Sprint("it is ", v)}}
			}
		}
	}
	return monitor.Result{Level: monitor.OK}
}

func options(s *source, r *runner) backtest.Options {
	desk := alerting.NewDesk(alerting.DeskOptions{Installation: "test"})
	return backtest.Options{
		Source: s, Runner: r, Now: func() time.Time { return now },
		Decide: func(m monitor.Monitor) backtest.Decide { return desk.Rehearse(m) },
	}
}

func everyMinute(script string, targets ...string) monitor.Monitor {
	return monitor.Monitor{ID: 7, Name: "m", Schedule: "* * * * *", Script: script, Targets: targets, Alerts: []string{"mailto:ops@example.com"}}
}

func run(t *testing.T, o backtest.Options, from time.Duration, variants ...monitor.Monitor) []backtest.Result {
	t.Helper()
	results, err := o.Run(t.Context(), backtest.Plan{Variants: variants, From: now.Add(-from), Until: now})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func kinds(r backtest.Result) string {
	var all []string
	for _, n := range r.Notices {
		all = append(all, n.At.Format("02T15:04 ")+string(n.Kind))
	}
	return strings.Join(all, ", ")
}

func TestRun_FiresRepeatsAndResolvesAsLive(t *testing.T) {
	m := everyMinute("5", "a")
	m.Policy.Repeat = 2 * time.Hour
	m.Minutes = 10
	s := &source{}
	r := run(t, options(s, &runner{}), 24*time.Hour, m)[0]
	want := "21T00:00 fire, 21T02:00 repeat, 21T04:00 repeat, 21T06:00 resolve"
	if got := kinds(r); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Runs != 1440 || r.Opened != 1 || r.Told != 4 || r.Pages != 1 || len(r.Warnings) != 0 {
		t.Errorf("%d runs, %d incidents, %d notices, %d pages, %q", r.Runs, r.Opened, r.Told, r.Pages, r.Warnings)
	}
	if i := r.Incidents[0]; i.ClosedAt.Sub(i.OpenedAt) != 6*time.Hour || i.Message != "it is 9" || i.Level != monitor.Critical || !i.Told || i.AtStart {
		t.Errorf("%+v", i)
	}
	if n := s.fetches.Load(); n > 3 {
		t.Errorf("%d requests for a day", n)
	}
}

func TestRun_ChunksMakeNoDifference(t *testing.T) {
	m := everyMinute("5", "a", "b")
	var want string
	for _, points := range []int{1_000_000, 5000, 700} {
		o := options(&source{fine: 1000 * time.Hour}, &runner{does: func(in monitor.Input) monitor.Result {
			sum := 0.0
			for _, target := range in.Targets {
				s := target.Series[0]
				if len(s.Values) != 360 || s.Step != 10 || s.Time(359) != in.At.Unix()/10*10 {
					return monitor.Result{Level: monitor.Warning, Thrown: &monitor.ScriptError{Message: fmt.Sprint(in.At, len(s.Values), s.Step)}}
				}
				for _, v := range s.Values {
					sum += v
				}
			}
			return monitor.Result{Level: []monitor.Level{monitor.OK, monitor.Critical}[int(sum)%7/6]}
		}})
		o.Points = points
		r := run(t, o, 72*time.Hour, m)[0]
		got := string(r.Seen)
		if want == "" {
			want = got
		}
		if got != want || strings.Contains(got, "w") || len(got) != 3*1440 {
			t.Errorf("with chunks of %d points another result, %d runs", points, len(got))
		}
	}
}

func TestRun_ScriptsThatLookBackRunInOrder(t *testing.T) {
	m := everyMinute("previous 5", "a")
	var last atomic.Int64
	r := &runner{does: func(in monitor.Input) monitor.Result {
		if in.Previous.Level == monitor.Unknown {
			if last.Load() != 0 {
				t.Errorf("%v sees no run before", in.At)
			}
		} else if in.At.Unix()-last.Load() != 60 {
			t.Errorf("%v comes after %v", in.At, last.Load())
		}
		last.Store(in.At.Unix())
		return above(in)
	}}
	if got := run(t, options(&source{}, r), 3*time.Hour, m)[0]; got.Runs != 180 {
		t.Errorf("%d runs", got.Runs)
	}
}

func TestRun_ExtraRunsConfirmALevel(t *testing.T) {
	m := everyMinute("5", "a")
	m.Schedule, m.Policy = "*/30 * * * *", monitor.Policy{Failures: 3, Recheck: time.Minute}
	r := run(t, options(&source{}, &runner{}), 24*time.Hour, m)[0]
	if got := kinds(r); !strings.HasPrefix(got, "21T00:02 fire") {
		t.Errorf("got %s", got)
	}
	if r.Ticks != 48 || r.Runs != 50 {
		t.Errorf("%d ticks, %d runs; want two extra ones", r.Ticks, r.Runs)
	}
}

func TestRun_CoarserPointsAreWarnedOf(t *testing.T) {
	s := &source{}
	r := run(t, options(s, &runner{}), 7*24*time.Hour, everyMinute("5", "a"))[0]
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "60 s averages, where live runs see them every 10 s") {
		t.Errorf("%q", r.Warnings)
	}
	if r.Opened != 7 {
		t.Errorf("%d incidents in seven days", r.Opened)
	}
}

func TestRun_SourceThatBoundsAnswersIsAskedInPieces(t *testing.T) {
	s := &source{most: 3000, fine: 1000 * time.Hour}
	r := run(t, options(s, &runner{}), 48*time.Hour, everyMinute("5", "a"))[0]
	if strings.ContainsRune(string(r.Seen), 'f') || len(r.Warnings) != 0 || r.Opened != 2 {
		t.Errorf("%v, %q", r.Faults, r.Warnings)
	}
	if n := s.fetches.Load(); n > 60 {
		t.Errorf("%d requests", n)
	}
}

func TestRun_WindowDependentTargetsAreAskedForTickByTick(t *testing.T) {
	m := everyMinute("5", "movingAverage(a,5)", "b")
	s := &source{}
	r := run(t, options(s, &runner{}), 2*time.Hour, m)[0]
	if r.Runs != 120 || r.Sampled > 1 || s.fetches.Load() < 120 {
		t.Errorf("%d runs, sampled %d, %d requests", r.Runs, r.Sampled, s.fetches.Load())
	}
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "movingAverage()") {
		t.Errorf("%q", r.Warnings)
	}
	s = &source{}
	r = run(t, options(s, &runner{}), 7*24*time.Hour, m)[0]
	if r.Sampled != 21 || r.Runs != 480 || s.fetches.Load() > 600 || !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "only every 21. run") }) {
		t.Errorf("%d runs, sampled %d, %d requests, %q", r.Runs, r.Sampled, s.fetches.Load(), r.Warnings)
	}
}

func TestRun_DerivativesHaveNoFirstPoint(t *testing.T) {
	m := everyMinute("", "perSecond(a)")
	does := func(in monitor.Input) monitor.Result {
		if v := in.Targets[0].Series[0].Values; !math.IsNaN(v[0]) || math.IsNaN(v[1]) {
			return monitor.Result{Level: monitor.Critical}
		}
		return monitor.Result{Level: monitor.OK}
	}
	if r := run(t, options(&source{}, &runner{does: does}), time.Hour, m)[0]; r.Opened != 0 || r.Runs != 60 {
		t.Errorf("%d of %d runs saw a first point", len(r.Incidents), r.Runs)
	}
}

func TestRun_RangesThatMakeNoSense(t *testing.T) {
	o := options(&source{}, &runner{})
	for _, row := range []struct {
		from, until time.Duration
		schedule    string
		want        string
	}{
		{time.Hour, 2 * time.Hour, "* * * * *", "from: the range begins at 2026-11-21T13:00:00Z, which has not come yet"},
		{-time.Hour, -2 * time.Hour, "* * * * *", "until: the range ends at 2026-11-21T10:00:00Z, which is not after its begin"},
		{-time.Hour, 0, "0 3 * * *", "from: the schedule 0 3 * * * has no run between 2026-11-21T11:00:00Z and 2026-11-21T12:00:00Z"},
		{-400 * 24 * time.Hour, 0, "@every 10s", "from: the range has more than 1000000 runs; take a shorter one"},
		{-time.Hour, 0, "x", "schedule: "},
	} {
		m := everyMinute("5", "a")
		m.Schedule = row.schedule
		_, err := o.Run(t.Context(), backtest.Plan{Variants: []monitor.Monitor{m}, From: now.Add(row.from), Until: now.Add(row.until)})
		if !errors.Is(err, monitor.ErrInvalid) || !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("got %v, want %s", err, row.want)
		}
	}
	results, err := o.Run(t.Context(), backtest.Plan{Variants: []monitor.Monitor{everyMinute("5", "a")}, From: now.Add(-time.Hour), Until: now.Add(time.Hour)})
	if err != nil || results[0].Runs != 60 || !strings.Contains(results[0].Warnings[0], "ends now") {
		t.Errorf("a range that reaches into the future: %v", err)
	}
}

func TestRun_ClearAnswersWhenNothingCanBeTold(t *testing.T) {
	for name, row := range map[string]struct {
		source *source
		does   func(monitor.Input) monitor.Result
		want   string
	}{
		"no data": {&source{empty: true}, func(monitor.Input) monitor.Result { return monitor.Result{Level: monitor.OK} }, "no target had a point in the whole range"},
		"refused": {&source{fails: "a"}, nil, "could not be fetched from 2026-11-21 08:00:00 UTC to 2026-11-21 12:00:00 UTC: refused"},
		"throwing": {&source{}, func(monitor.Input) monitor.Result {
			return monitor.Result{Fault: monitor.FaultScript, Reason: "x is not defined"}
		}, "no run could tell how things were: x is not defined"},
	} {
		r := run(t, options(row.source, &runner{does: row.does}), 3*time.Hour, everyMinute("5", "a"))[0]
		if !strings.Contains(strings.Join(r.Warnings, "\n"), row.want) || r.Opened != 0 {
			t.Errorf("%s: %q", name, r.Warnings)
		}
	}
}

func TestRun_GivesUpOnAScriptThatRunsIntoItsLimits(t *testing.T) {
	r := &runner{does: func(monitor.Input) monitor.Result { return monitor.Result{Fault: monitor.FaultTimeout} }}
	got := run(t, options(&source{}, r), 7*24*time.Hour, everyMinute("5", "a"))[0]
	if got.GaveUp == "" || r.ran.Load() > 1000 {
		t.Errorf("%q after %d runs", got.GaveUp, r.ran.Load())
	}
}

// The bubble ends only when every goroutine in it has.
func TestRun_CancelLeavesPartialResultsAndNothingRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("enough")
		o := options(&source{}, &runner{})
		o.Points = 2000
		o.Progress = func(p backtest.Progress) {
			if p.Done > p.Total/2 {
				cancel(stop)
			}
		}
		results, err := o.Run(ctx, backtest.Plan{Variants: []monitor.Monitor{everyMinute("5", "a")}, From: now.Add(-7 * 24 * time.Hour), Until: now})
		if !errors.Is(err, stop) || len(results) != 1 || results[0].Runs < 5000 || results[0].Runs > 9000 || results[0].Opened < 2 {
			t.Errorf("%v, %d runs", err, results[0].Runs)
		}
	})
}

func TestRun_ProgressGrowsToTheEnd(t *testing.T) {
	o := options(&source{}, &runner{})
	last, calls := 0, 0
	o.Progress = func(p backtest.Progress) {
		if p.Done < last || p.Total != 2*1440 || len(p.Results()) != 2 {
			t.Errorf("%d of %d after %d", p.Done, p.Total, last)
		}
		last, calls = p.Done, calls+1
	}
	run(t, o, 24*time.Hour, everyMinute("5", "a"), everyMinute("10", "a"))
	if last != 2*1440 || calls < 4 {
		t.Errorf("%d after %d calls", last, calls)
	}
}

// A month of a monitor that runs every ten seconds: the documented bound is 64 MB
// beside what the workers take.
func TestRun_MemoryOfAMonthIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("259,200 runs")
	}
	m := everyMinute("5", "a", "b")
	m.Schedule = "@every 10s"
	runtime.GC()
	var start, peak runtime.MemStats
	runtime.ReadMemStats(&start)
	o := options(&source{fine: 1000 * 24 * time.Hour}, &runner{})
	most, calls := uint64(0), 0
	o.Progress = func(backtest.Progress) {
		if calls++; calls%25 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&peak)
			most = max(most, peak.HeapAlloc)
		}
	}
	r := run(t, o, 30*24*time.Hour, m)[0]
	if r.Runs != 259_200 || r.Opened != 30 {
		t.Errorf("%d runs, %d incidents", r.Runs, r.Opened)
	}
	const bound = 64 << 20
	if grown := int64(most) - int64(start.HeapAlloc); grown > bound {
		t.Errorf("%d bytes in use, want at most %d", grown, int64(bound))
	} else {
		t.Logf("%d bytes in use at most", grown)
	}
}

func TestCompare_IncidentsAreAddedRemovedAndMoved(t *testing.T) {
	at := func(hour int) time.Time { return now.Add(time.Duration(hour) * time.Hour) }
	span := func(from, until int) backtest.Incident {
		return backtest.Incident{OpenedAt: at(from), ClosedAt: at(until), Level: monitor.Critical, Told: true}
	}
	quiet := span(90, 91)
	quiet.Told = false
	saved := backtest.Result{Incidents: []backtest.Incident{span(0, 1), span(10, 12), span(20, 30), quiet}}
	edited := backtest.Result{Incidents: []backtest.Incident{span(0, 1), span(11, 12), span(21, 22), span(25, 26), span(50, 51)}}
	d := backtest.Compare(saved, edited)
	want := backtest.Diff{
		Same: 1, Added: []backtest.Incident{span(25, 26), span(50, 51)},
		Moved: []backtest.Move{{span(10, 12), span(11, 12)}, {span(20, 30), span(21, 22)}},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
}

func TestScore_CountsWhatIsCaughtAndWhatIsFalse(t *testing.T) {
	at := func(hour int) time.Time { return now.Add(time.Duration(hour) * time.Hour) }
	r := backtest.Result{From: at(0), Until: at(100), Incidents: []backtest.Incident{
		{OpenedAt: at(1), ClosedAt: at(2), Told: true}, {OpenedAt: at(10), ClosedAt: at(12), Told: true}, {OpenedAt: at(40), Told: true},
	}}
	labels := []monitor.Label{
		{Incident: 1, Verdict: monitor.LabelTrue, From: at(0), Until: at(3)},
		{Incident: 2, Verdict: monitor.LabelTrue, From: at(5), Until: at(6)},
		{Verdict: monitor.LabelMissed, From: at(60), Until: at(61)},
		{Incident: 3, Verdict: monitor.LabelNoise, From: at(11), Until: at(13)},
		{Incident: 4, Verdict: monitor.LabelNoise, From: at(20), Until: at(21)},
		{Incident: 5, Verdict: monitor.LabelTrue, From: at(-9), Until: at(-8)},
	}
	s := r.ScoreAgainst(labels)
	if s.Wanted != 3 || s.Caught != 2 || len(s.Lost) != 1 || s.Lost[0].Incident != 2 || s.False != 1 || s.Quiet != 1 || s.Unjudged != 0 {
		t.Errorf("%+v", s)
	}
	if recall := s.Recall(); recall != 2.0/3 {
		t.Errorf("recall %v", recall)
	}
}

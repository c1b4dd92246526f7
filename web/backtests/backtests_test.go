package backtests_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/scheduler/backtest"
	"wingmirror/scheduler/replay"
	"wingmirror/store"
	"wingmirror/web"
	"wingmirror/web/backtests"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// source has every metric each ten seconds: 9 in the first quarter of each day and
// 1 in the rest of it.
type source struct {
	empty bool
	most  int64 // points of an answer; 0: no bound
}

func (source) Window(at time.Time, minutes int) monitor.Window {
	until := at.Unix() / 10 * 10
	return monitor.Window{From: until - int64(minutes)*60, Until: until}
}

func (s source) Fetch(_ context.Context, w monitor.Window, targets []string) []monitor.Fetched {
	all := make([]monitor.Fetched, len(targets))
	for i, text := range targets {
		if s.most > 0 && (w.Until-w.From)/10 > s.most {
			all[i] = monitor.Fetched{Target: text, Status: monitor.StatusFailed, Reason: "too many points"}
			continue
		}
		series := monitor.Series{Label: text, Start: w.From/10*10 + 10, Step: 10}
		for t := series.Start; t <= w.Until; t += 10 {
			v := 1.0
			if t%86400 < 6*3600 {
				v = 9
			}
			series.Values = append(series.Values, v)
		}
		if s.empty {
			series.Values = nil
		}
		all[i] = s.Assess(w, text, []monitor.Series{series})
	}
	return all
}

func (source) Assess(_ monitor.Window, text string, series []monitor.Series) monitor.Fetched {
	if len(series) == 0 || len(series[0].Values) == 0 {
		return monitor.Fetched{Target: text, Status: monitor.StatusMissing}
	}
	return monitor.Fetched{Target: text, Status: monitor.StatusOK, Series: series}
}

// scripts are numbers, above which the newest value is bad, or "throw".
type scripts struct{}

func (scripts) Run(ctx context.Context, in monitor.Input) (monitor.Result, error) {
	if ctx.Err() != nil {
		return monitor.Result{}, context.Cause(ctx)
	}
	if in.Script == "throw" {
		return monitor.Result{Fault: monitor.FaultScript, Reason: "x is not defined"}, nil
	}
	var limit float64
	fmt.Sscan(in.Script, &limit)
	for _, t := range in.Targets {
		if s := t.Series; len(s) > 0 && s[0].Values[len(s[0].Values)-1] > limit {
			return monitor.Result{Level: monitor.Critical, Thrown: &monitor.ScriptError{Message: "too much"}}, nil
		}
	}
	return monitor.Result{Level: monitor.OK}, nil
}

// engine is the real one over a source and scripts that are not.
type engine struct {
	source  source
	busy    bool
	broken  error
	ended   chan struct{}
	running atomic.Int64
}

func (e *engine) Backtest(ctx context.Context, p backtest.Plan, progress func(backtest.Progress)) ([]backtest.Result, error) {
	if e.busy {
		return nil, fmt.Errorf("%w: two are under way", monitor.ErrUnavailable)
	}
	e.running.Add(1)
	defer func() {
		if e.running.Add(-1); e.ended != nil {
			e.ended <- struct{}{}
		}
	}()
	desk := alerting.NewDesk(alerting.DeskOptions{Installation: "test"})
	results, err := backtest.Options{
		Source: e.source, Runner: scripts{}, Now: func() time.Time { return now }, Points: 20_000, Progress: progress,
		Decide: func(m monitor.Monitor) backtest.Decide { return desk.Rehearse(m) },
	}.Run(ctx, p)
	if e.broken != nil {
		err = e.broken
	}
	return results, err
}

func (e *engine) Lost(_ context.Context, m monitor.Monitor, labels []monitor.Label) ([]monitor.Label, int, error) {
	return labels, len(labels), nil
}

// replays has three runs to be made again, the second of them different.
type replays struct{}

func (replays) Replay(_ context.Context, w replay.Wanted, each func(replay.Replayed), progress func(replay.Summary)) (replay.Summary, error) {
	if w.Monitor == 9 {
		return replay.Summary{}, monitor.Missing("nothing is recorded of monitor 9")
	}
	each(replay.Replayed{Verdict: replay.Different, Recording: monitor.Recording{Monitor: 1, At: now}, Differences: []replay.Difference{{Part: "level", Was: "ok", Now: "critical"}}})
	progress(replay.Summary{Runs: 2, Same: 1, Different: 1})
	return replay.Summary{Runs: 3, Same: 2, Different: 1}, nil
}

func (replays) Export(_ context.Context, w replay.Wanted) (replay.File, error) {
	if w.Monitor == 9 {
		return replay.File{}, monitor.Missing("nothing is recorded of monitor 9")
	}
	return replay.File{Monitor: monitor.Monitor{Name: "m", Alerts: []string{"mailto:secret@example.com"}}, Recording: monitor.Recording{Monitor: w.Monitor, At: w.At}}, nil
}

type noShadows struct{ backtests.Shadows }

type noTests struct{}

func (noTests) RunTests(context.Context, monitor.Monitor) ([]scheduler.TestResult, error) {
	return []scheduler.TestResult{{Test: monitor.Test{Name: "quiet"}, Failures: []scheduler.Mismatch{{Part: "level", Want: "ok", Got: "critical"}}}, {Test: monitor.Test{Name: "loud"}}}, nil
}

type house struct {
	http.Handler
	db     *store.DB
	engine *engine
}

// rest is what the pages want and this room does not.
type rest struct {
	web.Tester
	web.ScriptChecker
	web.Fetcher
	web.Source
}

func newHouse(t testing.TB) *house {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "w.db"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	m := monitor.Monitor{Name: "load", Schedule: "* * * * *", Script: "5", Targets: []string{"a"}, Minutes: 5, Alerts: []string{"mailto:ops@example.com"}, Active: true}
	if _, err := db.CreateMonitor(t.Context(), m, "ann", now); err != nil {
		t.Fatal(err)
	}
	h := &house{db: db, engine: &engine{}}
	var clock atomic.Int64 // each look at it is a second later, so that nothing is left out of what is told
	var n rest
	h.Handler, err = web.New(web.Options{
		Monitors: db, Library: db, History: db, Incidents: db, Tester: n, Scripts: n, Fetcher: n, Source: n,
		Rooms: []web.Room{backtests.Room{Engine: h.engine, Past: db, Labels: db, Recordings: db, Replays: replays{}, Shadows: noShadows{}, Tests: noTests{}}},
		Now:   func() time.Time { return now.Add(time.Duration(clock.Add(1)) * time.Second) }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) ask(method, path string, body any) *httptest.ResponseRecorder {
	text, _ := json.Marshal(body)
	r := httptest.NewRequest(method, path, strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return out
}

type object = map[string]any

// edited is the saved monitor with another script.
func edited(script string) object {
	return object{"id": 1, "name": "load", "schedule": "* * * * *", "script": script, "targets": []string{"a"}, "minutes": 5, "alerts": []string{"mailto:ops@example.com"}}
}

func days(n int) (from, until string) {
	return now.Add(-time.Duration(n) * 24 * time.Hour).Format(time.RFC3339), now.Format(time.RFC3339)
}

func reports(t *testing.T, text io.Reader) []backtest.Report {
	t.Helper()
	var all []backtest.Report
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r backtest.Report
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		all = append(all, r)
	}
	return all
}

func TestBacktest_TellsPartsAndThenAll(t *testing.T) {
	h := newHouse(t)
	from, until := days(3)
	out := h.ask("POST", "/api/v1/backtests", object{"monitor": edited("20"), "saved": true, "from": from, "until": until})
	all := reports(t, out.Body)
	if out.Code != 200 || len(all) < 4 || out.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%d, %d lines: %s", out.Code, len(all), out.Body)
	}
	done := 0
	for _, r := range all[:len(all)-1] {
		if !r.Partial || r.Done < done || r.Total != 2*3*1440 || len(r.Results) != 2 || len(r.Results[0].Notices) != 0 {
			t.Errorf("on the way: %d after %d of %d, partial %v", r.Done, done, r.Total, r.Partial)
		}
		done = r.Done
	}
	last := all[len(all)-1]
	if last.Partial || last.Done != 2*3*1440 || last.Results[0].Opened != 3 || len(last.Results[0].Notices) == 0 || last.Results[1].Opened != 0 || len(last.Diff.Removed) != 3 {
		t.Errorf("at the end: %+v", last)
	}
}

func TestBacktest_BadInputNamesTheField(t *testing.T) {
	h := newHouse(t)
	from, until := days(1)
	whole := func(change object) object {
		body := object{"monitor": edited("5"), "from": from, "until": until}
		for k, v := range change {
			body[k] = v
		}
		return body
	}
	never := edited("5")
	never["schedule"] = "0 0 30 2 *"
	for name, row := range map[string]struct {
		path string
		body object
		want string
	}{
		"future":       {"/backtests", whole(object{"from": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z"}), "which has not come yet"},
		"backwards":    {"/backtests", whole(object{"until": "2026-11-01T00:00:00Z"}), "not after its begin"},
		"no range":     {"/backtests", object{"monitor": edited("5")}, "required property from"},
		"too long":     {"/backtests", whole(object{"from": "1990-01-01T00:00:00Z"}), "take a shorter one"},
		"never":        {"/backtests", whole(object{"monitor": never}), "schedule"},
		"no monitor":   {"/backtests", object{"from": from, "until": until}, "required property monitor"},
		"unknown key":  {"/backtests", whole(object{"form": from}), "did you mean from?"},
		"steps":        {"/sweeps", whole(object{"place": object{"line": 1, "column": 1, "text": "5"}, "first": 1, "last": 2, "steps": 51}), "steps"},
		"other number": {"/sweeps", whole(object{"place": object{"line": 1, "column": 1, "text": "7"}, "first": 1, "last": 2, "steps": 3}), "place"},
		"of no one":    {"/replays", object{"at": from}, "body.monitor"},
		"label":        {"/labels", object{"monitor": 1, "verdict": "missed", "from": until, "until": from}, "body.until"},
	} {
		if out := h.ask("POST", "/api/v1"+row.path, row.body); out.Code != 422 || !strings.Contains(out.Body.String(), row.want) {
			t.Errorf("%s: %d, want %q in %s", name, out.Code, row.want, out.Body)
		}
	}
	if n := h.engine.running.Load(); n != 0 {
		t.Errorf("%d are left running", n)
	}
}

func TestBacktest_SaysClearlyWhatCannotBeTold(t *testing.T) {
	from, until := days(2)
	for name, row := range map[string]struct {
		source source
		script string
		want   string
		opened int
	}{
		"no data":       {source{empty: true}, "5", "no target had a point in the whole range", 0},
		"throwing":      {source{}, "throw", "no run could tell how things were: x is not defined", 0},
		"capped source": {source{most: 3000}, "5", "", 2},
	} {
		h := newHouse(t)
		h.engine.source = row.source
		out := h.ask("POST", "/api/v1/backtests", object{"monitor": edited(row.script), "from": from, "until": until})
		all := reports(t, out.Body)
		if out.Code != 200 || len(all) == 0 {
			t.Fatalf("%s: %d %s", name, out.Code, out.Body)
		}
		r := all[len(all)-1].Results[0]
		if said := strings.Join(r.Warnings, "\n"); r.Opened != row.opened || r.Runs != 2*1440 || !strings.Contains(said, row.want) || row.want == "" && (said != "" || len(r.Faults) > 0) {
			t.Errorf("%s: %d runs, %d incidents, %v, %q", name, r.Runs, r.Opened, r.Faults, r.Warnings)
		}
	}
}

func TestBacktest_HangingUpEndsItAndLeavesNothing(t *testing.T) {
	h := newHouse(t)
	h.engine.ended = make(chan struct{}, 1)
	before := runtime.NumGoroutine()
	server := httptest.NewServer(h)
	client := server.Client()
	from, until := days(30)
	body, _ := json.Marshal(object{"monitor": edited("5"), "saved": true, "from": from, "until": until})
	ctx, cancel := context.WithCancel(t.Context())
	request, _ := http.NewRequestWithContext(ctx, "POST", server.URL+"/api/v1/backtests", strings.NewReader(string(body)))
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	first, err := bufio.NewReader(response.Body).ReadString('\n')
	if err != nil || !strings.Contains(first, `"partial":true`) {
		t.Fatalf("%v: %s", err, first)
	}
	cancel()
	response.Body.Close()
	<-h.engine.ended // the test would not end otherwise
	server.Close()   // waits for the handler
	client.CloseIdleConnections()
	for range 1000 { // connections of both sides end by themselves
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines before, %d after\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}

func TestBacktest_RefusesWhileTooManyAreUnderWay(t *testing.T) {
	h := newHouse(t)
	h.engine.busy = true
	from, until := days(1)
	if out := h.ask("POST", "/api/v1/backtests", object{"monitor": edited("5"), "from": from, "until": until}); out.Code != 503 || !strings.Contains(out.Body.String(), "wo are under way") {
		t.Errorf("%d %s", out.Code, out.Body)
	}
}

func TestBacktest_AFailureOfOursIsToldWithoutItsText(t *testing.T) {
	h := newHouse(t)
	h.engine.broken = errors.New("the disk is full, and this is secret")
	from, until := days(1)
	all := reports(t, h.ask("POST", "/api/v1/backtests", object{"monitor": edited("5"), "from": from, "until": until}).Body)
	if last := all[len(all)-1]; !last.Partial || last.Error == "" || strings.Contains(last.Error, "secret") {
		t.Errorf("%+v", last)
	}
}

// A month of a monitor that runs every ten seconds: what the server holds for it
// stays below 64 MB, and no line of the answer is larger than 2 MB.
func TestBacktest_AMonthAtTenSecondsIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("259,200 runs")
	}
	h := newHouse(t)
	m := edited("5")
	m["schedule"] = "@every 10s"
	from, until := days(30)
	body, _ := json.Marshal(object{"monitor": m, "from": from, "until": until})
	server := httptest.NewServer(h)
	defer server.Close()
	var start, then runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&start)
	response, err := http.Post(server.URL+"/api/v1/backtests", "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	most, longest, n := uint64(0), 0, 0
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		longest = max(longest, len(lines.Bytes()))
		if n++; n%50 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&then)
			most = max(most, then.HeapAlloc)
		}
	}
	if lines.Err() != nil || n < 50 {
		t.Fatalf("%d lines, %v", n, lines.Err())
	}
	if grown := int64(most) - int64(start.HeapAlloc); grown > 64<<20 || longest > 2<<20 {
		t.Errorf("%d bytes in use, lines of up to %d", grown, longest)
	} else {
		t.Logf("%d bytes in use at most, %d lines of up to %d bytes", grown, n, longest)
	}
}

func TestSweep_GivesALineForEachValue(t *testing.T) {
	h := newHouse(t)
	from, until := days(7)
	out := h.ask("POST", "/api/v1/sweeps", object{"monitor": edited("5"), "place": object{"line": 1, "column": 1, "text": "5"}, "first": 0, "last": 20, "steps": 3, "from": from, "until": until})
	all := reports(t, out.Body)
	if out.Code != 200 || len(all) == 0 {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	sweep := all[len(all)-1].Sweep
	if len(sweep) != 3 || sweep[0].Value != 0 || sweep[0].Pages != 1 || sweep[2].Pages != 0 || sweep[1].Pages != 0 {
		t.Errorf("%+v", sweep)
	}
}

func TestLabels_AreKeptScoredAndTakenBack(t *testing.T) {
	h := newHouse(t)
	label := object{"monitor": 1, "verdict": "missed", "from": "2026-11-21T01:00:00Z", "until": "2026-11-21T02:00:00Z", "note": "we saw it"}
	var saved struct{ ID int64 }
	if out := h.ask("POST", "/api/v1/labels", label); out.Code != 201 || json.Unmarshal(out.Body.Bytes(), &saved) != nil || saved.ID == 0 {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	from, until := days(1)
	for script, caught := range map[string]int{"5": 1, "20": 0} {
		all := reports(t, h.ask("POST", "/api/v1/backtests", object{"monitor": edited(script), "from": from, "until": until}).Body)
		if score := all[len(all)-1].Results[0].Score; score == nil || score.Wanted != 1 || score.Caught != caught {
			t.Errorf("%s: %+v", script, score)
		}
	}
	if out := h.ask("POST", "/api/v1/monitors/1/losses", object{"monitor": edited("20")}); out.Code != 200 || !strings.Contains(out.Body.String(), `"checked":1`) || !strings.Contains(out.Body.String(), "we saw it") {
		t.Errorf("%d %s", out.Code, out.Body)
	}
	if out := h.ask("GET", "/api/v1/monitors/1/timeline", nil); out.Code != 200 || !strings.Contains(out.Body.String(), "we saw it") {
		t.Errorf("%d %s", out.Code, out.Body)
	}
	for want, path := range map[int]string{204: fmt.Sprint("/api/v1/labels/", saved.ID), 404: "/api/v1/labels/99"} {
		if out := h.ask("DELETE", path, nil); out.Code != want {
			t.Errorf("%s: %d %s", path, out.Code, out.Body)
		}
	}
}

func TestReplays_TellOfEachDifferenceOnce(t *testing.T) {
	h := newHouse(t)
	out := h.ask("POST", "/api/v1/replays", object{})
	lines := strings.Split(strings.TrimSpace(out.Body.String()), "\n")
	var first, last replay.Report
	if len(lines) != 2 || json.Unmarshal([]byte(lines[0]), &first) != nil || json.Unmarshal([]byte(lines[1]), &last) != nil {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	if !first.Partial || len(first.Runs) != 1 || first.Runs[0].Differences[0].Now != "critical" || last.Partial || len(last.Runs) != 0 || last.Summary.Runs != 3 {
		t.Errorf("%+v\n%+v", first, last)
	}
	if out := h.ask("POST", "/api/v1/replays", object{"monitor": 9}); out.Code != 404 {
		t.Errorf("%d %s", out.Code, out.Body)
	}
}

func TestExport_IsAFileWithoutDestinations(t *testing.T) {
	h := newHouse(t)
	out := h.ask("GET", "/api/v1/monitors/1/runs/2026-11-21T03:00:00Z/export", nil)
	f, err := replay.Read(out.Body)
	if err != nil || f.Monitor.Name != "m" || len(f.Monitor.Alerts) > 0 || out.Header().Get("Content-Disposition") != `attachment; filename="run-1-20261121T030000Z.json"` {
		t.Errorf("%v %v %+v", err, out.Header(), f)
	}
	for _, path := range []string{"9/runs/2026-11-21T03:00:00Z", "x/runs/2026-11-21T03:00:00Z", "1/runs/soon"} {
		if out := h.ask("GET", "/api/v1/monitors/"+path+"/export", nil); out.Code != 404 {
			t.Errorf("%s: %d %s", path, out.Code, out.Body)
		}
	}
}

func TestTests_AreCountedAndNamed(t *testing.T) {
	h := newHouse(t)
	out := h.ask("POST", "/api/v1/run-tests", object{"monitor": edited("5")})
	for _, want := range []string{`"passed":1`, `"failed":1`, `"want":"ok"`} {
		if out.Code != 200 || !strings.Contains(out.Body.String(), want) {
			t.Errorf("%d, %s is not in %s", out.Code, want, out.Body)
		}
	}
}

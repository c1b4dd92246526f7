package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/demo"
	"wingmirror/graphite"
	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
	"wingmirror/store"
)

// lately is when the history of these tests ends.
var lately = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// history makes live runs of monitors over a past period, the way the scheduler
// does, and stores them with what they saw.
type history struct {
	t       *testing.T
	db      *store.DB
	path    string
	desk    desk
	checker scheduler.Checker
}

func newHistory(t *testing.T, library ...sandbox.File) *history {
	t.Helper()
	h := &history{t: t, path: filepath.Join(t.TempDir(), "wingmirror.db")}
	var err error
	if h.db, err = store.Open(t.Context(), store.Options{Path: h.path, Now: func() time.Time { return lately }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.db.Close() })
	shop := httptest.NewServer(demo.NewGraphite(demo.Options{Now: func() time.Time { return lately }, Seed: demoSeed}))
	t.Cleanup(shop.Close)
	source, err := graphite.New(graphite.Options{URL: shop.URL, Step: 10 * time.Second, Keep: -1, Gather: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.Close() })
	pool, err := sandbox.NewPool(sandbox.Options{Args: []string{workerCommand}, Library: library})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	rec := &recorder{keep: 200, program: version(), db: h.db, log: slog.New(slog.DiscardHandler)}
	rec.inForce(t.Context(), library, lately.Add(-24*time.Hour))
	h.desk = desk{
		alerting: alerting.NewDesk(alerting.DeskOptions{Ledger: h.db, Installation: h.db.Installation()}),
		recorder: rec, changed: func() {},
	}
	h.checker = scheduler.Checker{Fetcher: source, Runner: pool, Now: func() time.Time { return lately }}
	return h
}

// add stores a monitor as people do.
func (h *history) add(m monitor.Monitor) monitor.Monitor {
	h.t.Helper()
	m.Active = true
	saved, err := h.db.CreateMonitor(h.t.Context(), m, "test", lately)
	if err != nil {
		h.t.Fatal(err)
	}
	return saved
}

// live makes n runs, a step apart, the last at the end of the history.
func (h *history) live(m monitor.Monitor, n int, step time.Duration) {
	for i := range n {
		at := lately.Add(-time.Duration(n-1-i) * step)
		state, err := h.db.State(h.t.Context(), m.Subject())
		if err != nil {
			h.t.Error(err)
			return
		}
		e, err := h.checker.Try(h.t.Context(), m, at, state.Previous())
		if err == nil {
			_, err = h.desk.Record(context.Background(), m, e)
		}
		if err != nil {
			h.t.Error(err)
			return
		}
	}
}

func TestReplay_ThousandsOfRunsComeOutTheSame(t *testing.T) {
	h := newHistory(t, sandbox.File{Name: "own.js", Source: "function twice(x) { return 2 * x }"})
	examples, err := demo.Monitors()
	if err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{
		"chance":   `puts(Math.random(), Math.random(), @now); graph_value("chance", @now, Math.random())`,
		"previous": `puts(@previous.level, @previous.runs); if (@previous.runs > 3 && @previous.level === "ok") throw "again " + @previous.since`,
		"helper":   `puts(twice(@a.last_value())); if (Math.random() < 0.1) nosuchname()`,
		"stack":    "function f() { throw new Error('in f') }\nif (Math.random() < 0.3) f()",
	} {
		examples = append(examples, monitor.Monitor{Name: name, Schedule: "* * * * *", Script: script, Minutes: 10, Targets: []string{"shop.web*.cpu", "shop.checkout.*"}})
	}
	const each = 240
	var all sync.WaitGroup
	for _, m := range examples {
		saved := h.add(m)
		all.Go(func() { h.live(saved, each, time.Minute) })
	}
	all.Wait()
	code, out, errs := invoke(t, nil, "replay", "--all", "--db", h.path)
	if code != 0 || !strings.Contains(out, " 0 different, 0 that depend on the machine, 0 whose") {
		t.Errorf("exit %d\n%s%s", code, monitor.Cut(out, 3000), errs)
	}
	stats, err := h.db.RecordingStats(t.Context())
	if err != nil || stats.Count != int64(each*len(examples)) || stats.Count < 2000 {
		t.Errorf("%d runs are recorded of %d monitors, %v", stats.Count, len(examples), err)
	}
	t.Logf("%d runs, %d bytes each", stats.Count, stats.Bytes/max(stats.Count, 1))
}

func TestReplay_TellsWhatChanged(t *testing.T) {
	h := newHistory(t)
	m := h.add(monitor.Monitor{Name: "load", Schedule: "* * * * *", Script: `puts(1); throw "too much"`})
	h.live(m, 1, time.Minute)
	// What another program would have made of it.
	rec, err := h.db.Recording(t.Context(), m.ID, lately)
	if err != nil {
		t.Fatal(err)
	}
	rec.Digest, rec.At, rec.Program = "0000", lately.Add(time.Minute), "older"
	state, err := h.db.State(t.Context(), m.Subject())
	if err != nil {
		t.Fatal(err)
	}
	state.At = rec.At
	err = h.db.Commit(t.Context(), monitor.Commit{
		State: state, Recording: &rec, Detail: &monitor.Detail{Message: "too much", Output: "2\n"},
		Run: &monitor.Run{Monitor: m.ID, At: rec.At, Version: m.Version, Level: monitor.Warning},
	})
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs := invoke(t, nil, "replay", "1", rec.At.Format(time.RFC3339), "--db", h.path)
	for _, want := range []string{"different: monitor 1 (load)", "by older", "was warning", "now critical", "line 1: 2", "line 1: 1", "1 run: 0 the same, 1 different"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if code != 1 || errs != "" {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if code, out, _ := invoke(t, nil, "replay", "1", "--db", h.path, "--json"); code != 1 || !strings.Contains(out, `"different":1`) || !strings.Contains(out, `"same":1`) {
		t.Errorf("exit %d\n%s", code, out)
	}
	for _, args := range [][]string{{}, {"x"}, {"0"}, {"1", "soon"}, {"1", "2020-01-01"}, {"--all", "1"}, {"--export", "1"}, {"--export", "1", "2020-01-01"}} {
		if code, _, errs := invoke(t, nil, append([]string{"replay", "--db", h.path}, args...)...); code != exitUsage || errs == "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}

// The run that paged somebody, as a file: on a machine without database, server,
// Graphite or helper files it comes out the same, byte for byte, and whatever makes
// it another run is told.
func TestReplay_AFileNeedsNothingElse(t *testing.T) {
	h := newHistory(t, sandbox.File{Name: "own.js", Source: "function limit() { return 2 }"})
	m := h.add(monitor.Monitor{
		Name: "load", Schedule: "* * * * *", Minutes: 10, Targets: []string{"shop.web*.cpu"}, Params: []byte(`{"unit":"%"}`), Alerts: []string{"mailto:secret@example.com"},
		Script: `puts(@params.unit, Math.random(), @now, @previous.runs)
graph_value("cpu", @now, @a.last_value())
if (@a.last_value() > limit()) throw "too much " + @a.last_value()`,
	})
	h.live(m, 3, time.Minute)
	run := fmt.Sprintf("1/%s", lately.Format(time.RFC3339))
	file := filepath.Join(t.TempDir(), "run.json")
	if code, out, errs := invoke(t, nil, "replay", "--export", run, "--db", h.path, "--output", file); code != 0 || out != "" {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, again, _ := invoke(t, nil, "replay", "--export", "1", lately.Format(time.RFC3339), "--db", h.path); again != string(text) {
		t.Error("the same run is another file when it is printed")
	}
	if strings.Contains(string(text), "secret@") {
		t.Error("whom the monitor tells is nobody else's business")
	}
	h.db.Close()
	if err := os.Remove(h.path); err != nil {
		t.Fatal(err)
	}
	code, out, errs := invoke(t, nil, "replay", file)
	if code != 0 || !strings.Contains(out, "1 run: 1 the same, 0 different") || !strings.Contains(out, "CRITICAL: too much ") || !strings.Contains(out, "load, monitor 1, version 1, recorded by ") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	for old, want := range map[string]string{
		"return 2 }":     "level\n    was critical\n    now ok",
		`graph_value(\"`: `graph` + "\n    was cpu\n    now shop.web1.cpu",
		`@params.unit,`:  "output\n    was line 1: %",
	} {
		replacement := map[string]string{"return 2 }": "return 2000 }", `graph_value(\"`: `puts(\"`, `@params.unit,`: ""}[old]
		changed := strings.Replace(string(text), old, replacement, 1)
		if changed == string(text) {
			t.Fatalf("%s is not in the file\n%s", old, text)
		}
		code, out, errs := invoke(t, nil, "replay", writeFile(t, "changed.json", changed))
		if code != 1 || !strings.Contains(out, want) || !strings.Contains(out, "0 the same, 1 different") {
			t.Errorf("%s: exit %d, want %q\n%s%s", old, code, want, out, errs)
		}
	}
	if code, _, errs := invoke(t, nil, "replay", writeFile(t, "no.json", "{}")); code != exitUsage || !strings.Contains(errs, "no.json: recording: it is no recording of a run") {
		t.Errorf("exit %d\n%s", code, errs)
	}
}

// More sets of helper files than there may be workers for: each run still gets its
// own.
func TestReplay_EveryRunGetsTheHelperFilesThatItHad(t *testing.T) {
	h := newHistory(t)
	m := h.add(monitor.Monitor{Name: "helped", Schedule: "* * * * *", Script: "puts(which())"})
	pool := h.checker.Runner.(*sandbox.Pool)
	for i := range 6 {
		at := lately.Add(time.Duration(i-6) * time.Minute)
		files := []sandbox.File{{Name: "own.js", Source: fmt.Sprintf("function which() { return %d }", i%5)}}
		if err := pool.SetLibrary(t.Context(), files); err != nil {
			t.Fatal(err)
		}
		h.desk.recorder.inForce(t.Context(), files, at.Add(-time.Second))
		e, err := h.checker.Try(t.Context(), m, at, monitor.Previous{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.desk.Record(t.Context(), m, e); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := invoke(t, nil, "replay", "--all", "--db", h.path); code != 0 || !strings.HasPrefix(out, "6 runs: 6 the same") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

// A server makes all runs again that it has, however many and however old, and each
// with the helper files of then, although those of today say something else.
func TestServer_ReplaysAllRunsWithTheHelperFilesOfThen(t *testing.T) {
	h := newHistory(t, sandbox.File{Name: "own.js", Source: "function which() { return 'then' }"})
	m := h.add(monitor.Monitor{Name: "helped", Schedule: "0 0 1 1 *", Script: "puts(which(), @now)"})
	const runs = 620
	h.live(m, runs, 2*time.Hour) // 52 days
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	helpers := t.TempDir()
	if err := os.WriteFile(filepath.Join(helpers, "own.js"), []byte("function which() { return 'now' }"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := launch(t, "serve", "--db", h.path, "--graphite", "http://127.0.0.1:1", "--stdlib", helpers, "--keep-inputs", "10000", "--keep-runs", "0")
	code, out, errs := invoke(t, nil, "replay", "--all", "--server", r.Base)
	if code != 0 || !strings.HasPrefix(out, fmt.Sprintf("%d runs: %d the same, 0 different", runs, runs)) {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	one := lately.Add(-(runs - 1) * 2 * time.Hour).Format(time.RFC3339)
	if code, out, errs := invoke(t, nil, "replay", "1", one, "--server", r.Base); code != 0 || !strings.HasPrefix(out, "1 run: 1 the same") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if code, _, errs := invoke(t, nil, "replay", "1", "2020-01-01", "--server", r.Base); code != exitUsage || !strings.Contains(errs, "othing is recorded of monitor 1 at 2020-01-01T00:00:00Z") {
		t.Errorf("exit %d\n%s", code, errs)
	}
	var out1 struct {
		Output string
		Replay struct{ Verdict string }
	}
	body := anything{"monitor": anything{"id": 1, "name": "helped", "script": m.Script}, "recorded": one}
	if err := r.Call("POST", "/api/v1/test-run", body, &out1); err != nil || out1.Replay.Verdict != "same" || !strings.HasPrefix(out1.Output, "then") {
		t.Errorf("in the editor: %+v, %v", out1, err)
	}
	_, here, _ := invoke(t, nil, "replay", "--export", "1", one, "--db", h.path)
	if _, there, _ := invoke(t, nil, "replay", "--export", "1/"+one, "--server", r.Base); there != here || !strings.Contains(here, "return 'then'") {
		t.Errorf("the server exports another file\n%s\n%s", here, there)
	}
	if code, _, errs := invoke(t, nil, "replay", "--export", "1", "2020-01-01", "--server", r.Base); code != exitUsage || !strings.Contains(errs, "othing is recorded") {
		t.Errorf("exit %d\n%s", code, errs)
	}
}

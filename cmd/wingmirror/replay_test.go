package main

import (
	"context"
	"log/slog"
	"net/http/httptest"
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
	rec := &recorder{keep: 200, db: h.db, log: slog.New(slog.DiscardHandler)}
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
	for _, want := range []string{"different: monitor 1 (load)", "by older", "was warning", "now critical", "line 1: 2", "line 1: 1", "1 runs: 0 the same, 1 different"} {
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
	for _, args := range [][]string{{}, {"x"}, {"1", "soon"}, {"1", "2020-01-01"}, {"--all", "1"}} {
		if code, _, errs := invoke(t, nil, append([]string{"replay", "--db", h.path}, args...)...); code != exitUsage || errs == "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}

package scheduler

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"wingmirror/monitor"
)

// world is everything around a scheduler, in memory. Its fields may be set
// before Start; the zero value answers at once and finds all well.
type world struct {
	fetchTakes time.Duration
	runTakes   time.Duration
	storeTakes time.Duration
	onRun      func(ctx context.Context, in monitor.Input) (monitor.Result, error) // nil: all is well
	onFetch    func(target string) monitor.Fetched                                 // nil: one point
	onClaim    func(at time.Time, ids []int64) error
	onRecord   func(monitor.Monitor, Evaluation) time.Time // nil: no extra runs
	taken      map[runKey]bool                             // runs that somebody else has

	mu       sync.Mutex
	requests [][]string
	claims   int
	recorded []record
	active   map[int64]int
	overlaps int
	most     int // runs at once
	running  int
}

type runKey struct {
	id int64
	at int64
}

type record struct {
	Monitor monitor.Monitor
	Evaluation
	stored time.Time
}

func (w *world) Window(at time.Time, minutes int) monitor.Window {
	return monitor.Window{From: at.Add(-time.Duration(minutes) * time.Minute).Unix(), Until: at.Unix()}
}

func (w *world) Fetch(ctx context.Context, _ monitor.Window, targets []string) []monitor.Fetched {
	w.mu.Lock()
	w.requests = append(w.requests, slices.Clone(targets))
	w.mu.Unlock()
	pause(ctx, w.fetchTakes)
	results := make([]monitor.Fetched, len(targets))
	for i, target := range targets {
		if w.onFetch != nil {
			results[i] = w.onFetch(target)
			continue
		}
		results[i] = monitor.Fetched{Target: target, Status: monitor.StatusOK, Series: []monitor.Series{{Label: target, Step: 60, Values: []float64{1}}}}
	}
	return results
}

func pause(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (w *world) Run(ctx context.Context, in monitor.Input) (monitor.Result, error) {
	w.enter(in.JobID, 1)
	defer w.enter(in.JobID, -1)
	pause(ctx, w.runTakes)
	if ctx.Err() != nil {
		return monitor.Result{}, context.Cause(ctx)
	}
	if w.onRun != nil {
		return w.onRun(ctx, in)
	}
	return monitor.Result{Level: monitor.OK}, nil
}

func (w *world) enter(id int64, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.active == nil {
		w.active = make(map[int64]int)
	}
	w.active[id] += n
	w.running += n
	w.most = max(w.most, w.running)
	if w.active[id] > 1 {
		w.overlaps++
	}
}

func (w *world) Claim(_ context.Context, at time.Time, ids []int64) (map[int64]monitor.Previous, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.claims++
	if w.onClaim != nil {
		if err := w.onClaim(at, ids); err != nil {
			return nil, err
		}
	}
	if w.taken == nil {
		w.taken = make(map[runKey]bool)
	}
	won := make(map[int64]monitor.Previous, len(ids))
	for _, id := range ids {
		if key := (runKey{id, at.Unix()}); !w.taken[key] {
			w.taken[key] = true
			won[id] = monitor.Previous{}
		}
	}
	return won, nil
}

func (w *world) Record(ctx context.Context, m monitor.Monitor, e Evaluation) (time.Time, error) {
	pause(ctx, w.storeTakes)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recorded = append(w.recorded, record{m, e, time.Now()})
	if w.onRecord != nil {
		return w.onRecord(m, e), nil
	}
	return time.Time{}, nil
}

// runs returns the scheduled times of what was recorded of a monitor, as clock
// times in UTC, in the order in which it was recorded.
func (w *world) runs(id int64) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, r := range w.recorded {
		if r.Monitor.ID == id {
			all = append(all, r.Outcome.At.UTC().Format(time.TimeOnly))
		}
	}
	return all
}

func (w *world) total() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.recorded)
}

// scheduler returns a scheduler in this world; it is stopped with the test.
func (w *world) scheduler(t testing.TB, change func(*Options)) *Scheduler {
	t.Helper()
	o := Options{Fetcher: w, Runner: w, Ledger: w, Desk: w}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return s
}

func monitorOf(id int64, schedule string) monitor.Monitor {
	return monitor.Monitor{
		ID: id, Version: 1, Name: fmt.Sprintf("monitor %d", id), Schedule: schedule,
		Targets: []string{fmt.Sprintf("a.%d", id)}, Minutes: 60, Active: true,
	}
}

func mustApply(t testing.TB, s *Scheduler, monitors ...monitor.Monitor) {
	t.Helper()
	if err := s.Apply(monitors); err != nil {
		t.Fatal(err)
	}
}

// started returns a scheduler in this world at work on monitors; it is stopped with
// the test.
func (w *world) started(t testing.TB, all ...monitor.Monitor) *Scheduler {
	t.Helper()
	s := w.scheduler(t, nil)
	mustApply(t, s, all...)
	mustStart(t, s, nil)
	return s
}

func mustStart(t testing.TB, s *Scheduler, last map[int64]time.Time) {
	t.Helper()
	if err := s.Start(last); err != nil {
		t.Fatal(err)
	}
}

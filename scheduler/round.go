package scheduler

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"wingmirror/monitor"
)

// task is one run on its way from due to recorded.
type task struct {
	entry    *entry
	m        *monitor.Monitor
	at       time.Time
	window   monitor.Window
	targets  []string // comments left out
	shares   []*share // of its targets, in their order
	waits    int      // shares that have not come yet
	fetched  []monitor.Fetched
	fetch    time.Duration // of the slowest of its requests
	previous monitor.Previous
	result   Evaluation
	again    time.Time // when the Desk wants an extra run; zero for none
}

// share is one target in one window, for every run of a round that wants it.
type share struct {
	target  string
	result  monitor.Fetched
	asked   bool    // the request is under way, or done
	done    bool    //
	waiting []*task // to be told when it is done
	users   int     // that have not taken it; at 0 the series are let go
}

// dues are the runs that became due together, by their scheduled time.
type dues map[time.Time][]*task

// take makes the entry's run due, unless the run before is not over or there is
// too much to do already. s.mu is held.
func (s *Scheduler) take(e *entry, at time.Time, due dues) {
	switch {
	case e.busy:
		s.counts.busy++
		return
	case s.inFlight >= s.Backlog:
		s.counts.full++
		return
	}
	e.busy = true
	s.inFlight++
	at = at.UTC()
	due[at] = append(due[at], &task{entry: e, m: e.m, targets: e.targets, at: at})
}

// begin makes a round of each second.
func (s *Scheduler) begin(due dues) {
	for at, tasks := range due {
		go s.makeRound(at, tasks)
	}
}

func (s *Scheduler) makeRound(at time.Time, tasks []*task) {
	r, err := s.plan(at, tasks)
	if err != nil {
		s.Log.Error("plan a round", "at", at, "runs", len(tasks), "error", err)
		s.count(func(c *counters) { c.failures++ })
		s.finish(tasks...)
		return
	}
	r.run(s.ctx)
}

// plan turns a panic of the Fetcher into an error.
func (s *Scheduler) plan(at time.Time, tasks []*task) (r *round, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())
		}
	}()
	return newRound(s, at, tasks), nil
}

// release lets the monitor run again. s.mu is held.
func (s *Scheduler) release(t *task) {
	t.entry.busy = false
	s.planRecheck(t)
	if t.entry.cohort == nil && s.entries[t.m.ID] == t.entry {
		delete(s.entries, t.m.ID)
	}
	s.inFlight--
	if s.stopping && s.inFlight == 0 {
		close(s.idle)
	}
}

// finish ends tasks.
func (s *Scheduler) finish(tasks ...*task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tasks {
		s.release(t)
	}
}

// round is the runs that are due at one second. They are claimed in batches;
// the targets of those that were won are fetched together, each target once,
// and each run goes on as soon as its own targets are there.
type round struct {
	s       *Scheduler
	at      time.Time
	tasks   []*task
	windows map[int]monitor.Window // by minutes

	mu     sync.Mutex
	shares map[shareKey]*share
}

type shareKey struct {
	window monitor.Window
	target string
}

// newRound plans a round: who wants which targets.
func newRound(s *Scheduler, at time.Time, tasks []*task) *round {
	r := &round{s: s, at: at, tasks: tasks, windows: make(map[int]monitor.Window), shares: make(map[shareKey]*share, len(tasks))}
	for _, t := range tasks {
		minutes := t.m.MinutesOrDefault()
		window, ok := r.windows[minutes]
		if !ok {
			window = s.Fetcher.Window(at, minutes)
			r.windows[minutes] = window
		}
		t.window = window
		t.shares = make([]*share, len(t.targets))
		for i, text := range t.targets {
			key := shareKey{window, text}
			shared := r.shares[key]
			if shared == nil {
				shared = &share{target: text}
				r.shares[key] = shared
			}
			shared.users++
			t.shares[i] = shared
		}
	}
	return r
}

// run claims and fetches, and returns when all requests are under way.
func (r *round) run(ctx context.Context) {
	for batch := range slices.Chunk(r.tasks, claimBatch) {
		if r.s.closing() {
			r.abandon(batch)
			continue
		}
		r.fetch(ctx, r.claim(ctx, batch))
	}
}

func (s *Scheduler) closing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

// abandon ends tasks that will not be run.
func (r *round) abandon(tasks []*task) {
	r.mu.Lock()
	for _, t := range tasks {
		for _, shared := range t.shares {
			shared.use()
		}
	}
	r.mu.Unlock()
	r.s.finish(tasks...)
}

// use counts one user less; the last one lets the series go.
func (sh *share) use() monitor.Fetched {
	result := sh.result
	if sh.users--; sh.users == 0 {
		sh.result = monitor.Fetched{}
	}
	return result
}

// claim returns the tasks whose runs nobody else has taken, and ends the others.
func (r *round) claim(ctx context.Context, tasks []*task) []*task {
	ids := make([]int64, len(tasks))
	for i, t := range tasks {
		ids[i] = t.m.ID
	}
	previous, err := r.s.claimPatiently(ctx, r.at, ids)
	if err != nil && ctx.Err() != nil {
		r.s.Log.Debug("runs were not claimed: the scheduler was stopped", "at", r.at, "runs", len(ids))
		r.abandon(tasks)
		return nil
	}
	if err != nil {
		r.s.Log.Error("claim runs", "at", r.at, "runs", len(ids), "error", err)
		r.s.count(func(c *counters) { c.failures += uint64(len(ids)) })
		r.abandon(tasks)
		return nil
	}
	won, lost := tasks[:0:0], tasks[:0:0]
	for _, t := range tasks {
		var ok bool
		if t.previous, ok = previous[t.m.ID]; ok {
			won = append(won, t)
		} else {
			lost = append(lost, t)
		}
	}
	if len(lost) > 0 {
		r.s.count(func(c *counters) { c.lost += uint64(len(lost)) })
		r.abandon(lost)
	}
	return won
}

// claimAgainAfter is how long a database that cannot be used is left alone.
const claimAgainAfter = time.Second

// claimPatiently claims until the database can be used, as long as the runs
// would not be late beyond Grace by then.
func (s *Scheduler) claimPatiently(ctx context.Context, at time.Time, ids []int64) (map[int64]monitor.Previous, error) {
	for {
		won, err := s.claimContained(ctx, at, ids)
		if !errors.Is(err, monitor.ErrUnavailable) || s.Now().Add(claimAgainAfter).Sub(at) > s.Grace {
			return won, err
		}
		s.Log.Warn("claim runs again in a moment", "at", at, "runs", len(ids), "error", err)
		select {
		case <-time.After(claimAgainAfter):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// claimContained turns a panic into an error.
func (s *Scheduler) claimContained(ctx context.Context, at time.Time, ids []int64) (won map[int64]monitor.Previous, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())
		}
	}()
	return s.Ledger.Claim(ctx, at, ids)
}

// fetch asks for the targets of these tasks that nobody asked for before.
func (r *round) fetch(ctx context.Context, tasks []*task) {
	wanted := make(map[monitor.Window][]*share, 1)
	var order []monitor.Window
	var ready []*task
	r.mu.Lock()
	for _, t := range tasks {
		for _, shared := range t.shares {
			if !shared.asked {
				shared.asked = true
				if wanted[t.window] == nil {
					order = append(order, t.window)
				}
				wanted[t.window] = append(wanted[t.window], shared)
			}
			if !shared.done {
				t.waits++
				shared.waiting = append(shared.waiting, t)
			}
		}
		if t.waits == 0 {
			ready = append(ready, t.takeShares())
		}
	}
	r.mu.Unlock()
	r.send(ctx, ready)
	for _, window := range order {
		for chunk := range slices.Chunk(wanted[window], r.s.Batch) {
			select {
			case r.s.requests <- struct{}{}:
				go r.request(ctx, window, chunk)
			case <-ctx.Done():
				r.arrive(ctx, chunk, nil, 0)
			}
		}
	}
}

// takeShares collects what the task's targets brought back. The round's mu is
// held.
func (t *task) takeShares() *task {
	t.fetched = make([]monitor.Fetched, len(t.shares))
	for i, shared := range t.shares {
		t.fetched[i] = shared.use()
	}
	t.shares = nil
	return t
}

// request makes one request, and holds its token until the runs that it
// completes were taken up: a source that is faster than the scripts waits.
func (r *round) request(ctx context.Context, window monitor.Window, shares []*share) {
	defer func() { <-r.s.requests }()
	targets := make([]string, len(shares))
	for i, shared := range shares {
		targets[i] = shared.target
	}
	begun := time.Now()
	results, err := r.s.fetchContained(ctx, window, targets)
	if err != nil {
		r.s.Log.Error("fetch", "targets", len(targets), "error", err)
		r.s.count(func(c *counters) { c.failures++ })
	}
	r.arrive(ctx, shares, results, time.Since(begun))
}

// fetchContained turns a panic, or an answer of the wrong length, into an error.
func (s *Scheduler) fetchContained(ctx context.Context, window monitor.Window, targets []string) (results []monitor.Fetched, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			results, err = nil, fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())
		}
	}()
	results = s.Fetcher.Fetch(ctx, window, targets)
	if len(results) != len(targets) {
		return nil, fmt.Errorf("%d results for %d targets", len(results), len(targets))
	}
	return results, nil
}

// arrive hands results to the runs that wait for them. Without results, the
// targets have failed.
func (r *round) arrive(ctx context.Context, shares []*share, results []monitor.Fetched, took time.Duration) {
	var ready []*task
	r.mu.Lock()
	for i, shared := range shares {
		if results != nil {
			shared.result = results[i]
		} else {
			shared.result = monitor.Fetched{Target: shared.target, Status: monitor.StatusFailed, Reason: monitor.FaultInternal.Description()}
		}
		shared.done = true
		for _, t := range shared.waiting {
			t.fetch = max(t.fetch, took)
			if t.waits--; t.waits == 0 {
				ready = append(ready, t.takeShares())
			}
		}
		shared.waiting = nil
	}
	r.mu.Unlock()
	r.send(ctx, ready)
}

// send passes tasks to the workers.
func (r *round) send(ctx context.Context, ready []*task) {
	for i, t := range ready {
		select {
		case r.s.ready <- t:
		case <-ctx.Done():
			r.s.finish(ready[i:]...)
			return
		}
	}
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/scheduler/backtest"
	"wingmirror/store"
)

// shadows runs edited versions on what live runs fetched. It never makes a live
// run wait: what it cannot keep up with is counted and left out.
type shadows struct {
	db     *store.DB
	runner scheduler.Runner
	limits monitor.Limits
	decide func(monitor.Monitor) backtest.Decide
	log    *slog.Logger
	work   chan shadowed

	mu      sync.Mutex
	running map[int64]*activeShadow // by monitor
}

// shadowed is one live run that a shadow is to see.
type shadowed struct {
	m monitor.Monitor
	e scheduler.Evaluation
}

// activeShadow is one shadow at work.
type activeShadow struct {
	shadow monitor.Shadow
	state  monitor.State // as if it were the monitor
	missed int64         // since the last stored run
}

// shadowQueue is how many live runs wait for their shadows at most.
const shadowQueue = 256

// openShadows loads those that run.
func openShadows(ctx context.Context, s *server, runner scheduler.Runner) (*shadows, error) {
	o := &shadows{
		db: s.db, runner: runner, limits: s.config.Sandbox.limits(), log: s.log.With("part", "shadows"),
		work: make(chan shadowed, shadowQueue), running: map[int64]*activeShadow{},
		decide: func(m monitor.Monitor) backtest.Decide { return s.desk.Rehearse(m) },
	}
	stored, err := s.db.Shadows(ctx, 0)
	if err != nil {
		return nil, err
	}
	for _, shadow := range stored {
		one := &activeShadow{shadow: shadow, state: monitor.State{Subject: shadow.Monitor.Subject()}}
		outcomes, err := s.db.ShadowOutcomes(ctx, shadow)
		if err != nil {
			return nil, err
		}
		decide := o.decide(shadow.Monitor)
		for _, outcome := range outcomes {
			one.state = decide(one.state, outcome).State
		}
		o.running[shadow.Monitor.ID] = one
	}
	return o, nil
}

// Start begins a shadow; one of the same monitor that still runs ends.
func (s *shadows) Start(ctx context.Context, shadow monitor.Shadow) (monitor.Shadow, error) {
	saved, err := s.db.StartShadow(ctx, shadow)
	if err != nil {
		return saved, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[saved.Monitor.ID] = &activeShadow{shadow: saved, state: monitor.State{Subject: saved.Monitor.Subject()}}
	return saved, nil
}

// End ends a shadow that runs.
func (s *shadows) End(ctx context.Context, id int64) error {
	if err := s.db.EndShadow(ctx, id, time.Now()); err != nil {
		return err
	}
	s.forget(id)
	return nil
}

func (s *shadows) forget(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for m, one := range s.running {
		if one.shadow.ID == id {
			delete(s.running, m)
		}
	}
}

// Of returns the shadows of a monitor, the newest first.
func (s *shadows) Of(ctx context.Context, id int64) ([]monitor.Shadow, error) {
	return s.db.Shadows(ctx, id)
}

// Compare decides about the runs that both versions made, for each of them.
func (s *shadows) Compare(ctx context.Context, id int64) (saved, edited backtest.Result, shadow monitor.Shadow, err error) {
	if shadow, err = s.db.Shadow(ctx, id); err != nil {
		return saved, edited, shadow, err
	}
	m, err := s.db.Monitor(ctx, shadow.Monitor.ID)
	if err != nil {
		return saved, edited, shadow, fmt.Errorf("compare shadow %d: %w", id, err)
	}
	until := shadow.Ended
	if until.IsZero() {
		until = time.Now()
	}
	mine, err := s.db.ShadowOutcomes(ctx, shadow)
	if err != nil {
		return saved, edited, shadow, err
	}
	theirs, err := s.db.Outcomes(ctx, m.ID, shadow.Started, until)
	if err != nil {
		return saved, edited, shadow, err
	}
	saved = backtest.Fold(m, s.decide(m), common(theirs, mine), shadow.Started, until)
	edited = backtest.Fold(shadow.Monitor, s.decide(shadow.Monitor), common(mine, theirs), shadow.Started, until)
	return saved, edited, shadow, nil
}

// common returns the outcomes of the first list at times that the second has too.
func common(some, others []monitor.Outcome) []monitor.Outcome {
	has := make(map[int64]bool, len(others))
	for _, o := range others {
		has[o.At.UnixMilli()] = true
	}
	var both []monitor.Outcome
	for _, o := range some {
		if has[o.At.UnixMilli()] {
			both = append(both, o)
		}
	}
	return both
}

// saw takes what a live run saw, if the monitor has a shadow. It does not wait.
func (s *shadows) saw(m monitor.Monitor, e scheduler.Evaluation) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.running[m.ID]
	if one == nil {
		return
	}
	select {
	case s.work <- shadowed{m, e}:
	default:
		one.missed++
	}
}

// run evaluates until ctx ends.
func (s *shadows) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case w := <-s.work:
			if err := s.shadow(ctx, w); err != nil && ctx.Err() == nil {
				s.log.Error("run a shadow", "monitor", w.m.ID, "at", w.e.Outcome.At, "error", err)
			}
		}
	}
}

// shadow runs one. When the saved version has changed so that its series are not
// the shadow's any more, or its time is over, the shadow ends.
func (s *shadows) shadow(ctx context.Context, w shadowed) error {
	s.mu.Lock()
	one := s.running[w.m.ID]
	s.mu.Unlock()
	if one == nil {
		return nil
	}
	at := w.e.Outcome.At
	if !one.shadow.Running(at) || monitor.CanShadow(w.m, one.shadow.Monitor) != nil {
		return s.End(ctx, one.shadow.ID)
	}
	e, err := scheduler.Evaluate(ctx, s.runner, scheduler.Case{
		Monitor: one.shadow.Monitor, At: at, Window: w.e.Window, Targets: w.e.Targets, Previous: one.state.Previous(), Limits: s.limits,
	})
	if err != nil {
		return err
	}
	change := s.decide(one.shadow.Monitor)(one.state, e.Outcome)
	s.mu.Lock()
	one.state = change.State
	missed := one.missed
	one.missed = 0
	s.mu.Unlock()
	return s.db.RecordShadow(ctx, one.shadow.ID, e.Outcome, missed)
}

package scheduler

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"wingmirror/monitor"
)

// work evaluates tasks until the scheduler has stopped.
func (s *Scheduler) work() {
	for {
		select {
		case t := <-s.ready:
			if s.slow(t) {
				s.working.Go(func() { s.evaluate(t) })
				continue
			}
			s.evaluate(t)
		case <-s.quit:
			return
		}
	}
}

func (s *Scheduler) slow(t *task) bool {
	forecaster, ok := s.Runner.(Forecaster)
	return ok && forecaster.Slow(t.m.ID, t.m.Script)
}

func (s *Scheduler) evaluate(t *task) {
	started := s.Now()
	s.mu.Lock()
	gone := t.entry.cohort == nil
	if !gone {
		s.counts.running++
		s.counts.runs++
		s.counts.late(started, started.Sub(t.at))
	}
	s.mu.Unlock()
	if gone || s.ctx.Err() != nil {
		s.finish(t)
		return
	}
	e, err := evaluateContained(s.ctx, s.Runner, Case{
		Monitor: *t.m, At: t.at, Window: t.window, Targets: t.fetched, Previous: t.previous, Limits: s.Limits,
	})
	s.count(func(c *counters) { c.ended(s.ctx, e.Outcome, e.Result.Cost) })
	if s.ctx.Err() != nil {
		s.finish(t)
		return
	}
	if err != nil {
		s.Log.Error("evaluate", "monitor", t.m.ID, "at", t.at, "error", err)
		s.count(func(c *counters) { c.failures++ })
	}
	e.Fetch, e.Started, e.Ended = t.fetch, started, s.Now()
	t.result, t.fetched = e, nil
	s.done <- t
}

// evaluateContained makes a panic on our side FaultInternal.
func evaluateContained(ctx context.Context, runner Runner, c Case) (e Evaluation, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())
			e = Evaluation{Targets: c.Targets, Window: c.Window, Previous: c.Previous, Limits: c.Limits}
			e.Outcome = monitor.Outcome{Subject: c.Monitor.Subject(), At: c.At, Fault: monitor.FaultInternal, Message: monitor.FaultInternal.Description()}
		}
	}()
	return Evaluate(ctx, runner, c)
}

// record hands evaluations to the Desk until the scheduler has stopped.
func (s *Scheduler) record() {
	for {
		select {
		case t := <-s.done:
			s.recordOne(t)
			s.finish(t)
		case <-s.quit:
			return
		}
	}
}

func (s *Scheduler) recordOne(t *task) {
	defer func() {
		if panicked := recover(); panicked != nil {
			s.Log.Error("record panicked", "monitor", t.m.ID, "panic", panicked, "stack", string(debug.Stack()))
			s.count(func(c *counters) { c.failures++ })
		}
	}()
	s.mu.Lock()
	gone := t.entry.cohort == nil
	s.mu.Unlock()
	if gone {
		return
	}
	var err error
	switch t.again, err = s.Desk.Record(s.ctx, *t.m, t.result); {
	case err != nil && s.ctx.Err() != nil:
		s.Log.Debug("not recorded: the scheduler was stopped", "monitor", t.m.ID, "at", t.at)
	case errors.Is(err, monitor.ErrNotFound):
		s.Log.Debug("not recorded: the monitor is gone", "monitor", t.m.ID, "at", t.at)
	case err != nil:
		s.Log.Error("record", "monitor", t.m.ID, "at", t.at, "error", err)
		s.count(func(c *counters) { c.failures++ })
	}
}

package alerting

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"wingmirror/monitor"
)

// SourceOptions say how the source that all monitors fetch from is watched. It
// is down when nothing could be fetched for a while, by no monitor: then one
// incident about the source opens, in place of one for each monitor.
type SourceOptions struct {
	Name   string        // such as graphite; "" watches nothing
	Alerts []string      // whom to tell; none: the incident is only shown
	After  time.Duration // of failures without one success, default 90 s
}

const (
	defaultSourceAfter = 90 * time.Second
	sourceEvery        = 30 * time.Second // between two looks at a source that stays down
	maxAffected        = 20               // monitors that the incident's message names
)

// source watches what runs could fetch. It decides nothing: it turns them into
// outcomes about the source, which go the way of all outcomes.
type source struct {
	o SourceOptions

	mu       sync.Mutex
	loaded   bool // whether down says what was stored before this process began
	down     bool
	since    time.Time        // scheduled time of the first failure without a success after it
	reported time.Time        // scheduled time of the newest outcome
	affected map[int64]string // monitors that failed since then, by id
	reason   string           // of the newest failure
}

func newSource(o SourceOptions) *source {
	o.After = cmp.Or(o.After, defaultSourceAfter)
	return &source{o: o, affected: map[int64]string{}}
}

func (s *source) subject() monitor.Subject {
	return monitor.Subject{Kind: monitor.KindSource, Key: s.o.Name}
}

// hold is why a fetch fault is no news about its monitor, or nil.
func (s *source) hold() *Hold {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.down {
		return nil
	}
	return &Hold{Note: s.o.Name + " is down"}
}

// saw takes one run, and returns the outcome about the source that follows from
// it, if any does.
func (s *source) saw(f Finished) (monitor.Outcome, bool) {
	failed, answered := fetched(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow(f.Outcome.At)
	switch at := f.Outcome.At; {
	case answered:
		s.since, s.reason = time.Time{}, ""
		clear(s.affected)
		if !s.down {
			return monitor.Outcome{}, false
		}
		if !at.After(s.reported) { // another run of the same tick had no answer yet
			at = s.reported.Add(time.Millisecond)
		}
		s.down, s.reported = false, at
		return monitor.Outcome{Subject: s.subject(), At: at, Level: monitor.OK}, true
	case failed:
		if s.since.IsZero() {
			s.since = at
		}
		s.affected[f.Monitor.ID], s.reason = f.Monitor.Name, f.Outcome.Message
		if at.Sub(s.since) < s.o.After || at.Sub(s.reported) < sourceEvery {
			return monitor.Outcome{}, false
		}
		s.down, s.reported = true, at
		return monitor.Outcome{Subject: s.subject(), At: at, Level: monitor.Critical, Message: s.message()}, true
	}
	return monitor.Outcome{}, false
}

// settle takes what became of an outcome about the source. What was not stored is
// to be seen again by the next run.
func (s *source) settle(o monitor.Outcome, change monitor.Change, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.down = change.State.Open != nil
		return
	}
	s.down, s.reported = o.Level == monitor.OK, time.Time{}
}

// follow forgets times that lie ahead of a run's: the clock was set back.
func (s *source) follow(at time.Time) {
	limit := at.Add(monitor.ClockSlack)
	if s.reported.After(limit) {
		s.reported = time.Time{}
	}
	if s.since.After(limit) {
		s.since = at
	}
}

// forget begins anew: nobody asks the source any more.
func (s *source) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down, s.since, s.reported, s.reason = false, time.Time{}, time.Time{}, ""
	clear(s.affected)
}

// fetched reports whether a run's fetching failed as a whole, and whether the
// source answered at least one of its targets.
func fetched(f Finished) (failed, answered bool) {
	if f.Detail == nil || len(f.Detail.Targets) == 0 {
		return f.Outcome.Fault == monitor.FaultFetch, false
	}
	for _, target := range f.Detail.Targets {
		if target.Status != monitor.StatusFailed {
			return false, true
		}
	}
	return true, false
}

func (s *source) message() string {
	names := slices.Sorted(maps.Values(s.affected))
	more := ""
	if n := len(names) - maxAffected; n > 0 {
		names, more = names[:maxAffected], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%s gives no data since %s: %s\nAffected: %s%s",
		s.o.Name, monitor.Moment(s.since.UTC()), s.reason, strings.Join(names, ", "), more)
}

// load finds out, once, whether the source's incident was open when this process
// began, so that it is closed even if nobody remembers why it opened.
func (s *source) load(ctx context.Context, ledger Ledger) error {
	s.mu.Lock()
	loaded := s.loaded
	s.mu.Unlock()
	if loaded {
		return nil
	}
	state, err := ledger.State(ctx, s.subject())
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.loaded {
		s.loaded, s.down = true, state.Open != nil
	}
	return nil
}

// watchSource passes on what a run says about the source.
func (d *Desk) watchSource(ctx context.Context, f Finished) error {
	if d.source.o.Name == "" {
		return nil
	}
	if err := d.source.load(ctx, d.o.Ledger); err != nil {
		return err
	}
	outcome, any := d.source.saw(f)
	if !any {
		return nil
	}
	about := monitor.Message{Name: d.source.o.Name, Subject: outcome.Subject, Text: outcome.Message}
	policy := monitor.DefaultPolicy() // it has waited long enough already
	policy.Repeat = d.o.Defaults.Repeat
	change, err := d.Observe(ctx, outcome, about, Terms{Policy: policy, Destinations: d.source.o.Alerts})
	d.source.settle(outcome, change, err)
	return err
}

// unwatch closes the source's incident when no active monitor asks it any more:
// nothing would ever see it answer again.
func (d *Desk) unwatch(ctx context.Context, from Incidents, at time.Time) (bool, error) {
	if n, err := from.Fetching(ctx); n > 0 || err != nil {
		return false, err
	}
	closed := false
	_, err := d.swap(ctx, d.source.subject(), func(before monitor.State) (monitor.Change, monitor.Commit) {
		var change monitor.Change
		if change, closed = before.Retire(monitor.ReasonUnwatched, "", at); !closed {
			return monitor.Change{Decision: monitor.Decision{Reason: monitor.ReasonLate}}, monitor.Commit{}
		}
		return change, change.Commit(monitor.Message{Name: d.source.o.Name, Text: before.Message}, at)
	})
	if err != nil || !closed {
		return false, err
	}
	d.source.forget()
	return true, nil
}

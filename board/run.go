package board

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"time"

	"wingmirror/crontab"
	"wingmirror/monitor"
)

const (
	everyMinute    = "@every 1m"
	minEvery       = time.Second
	defaultTimeout = 10 * time.Second
	maxTimeout     = 5 * time.Minute
	maxRationales  = 5_000 // of one source
	maxText        = 4_000 // bytes of a description
	maxTitle       = 300   // bytes
	pushed         = "push"

	// saveEvery is how often the times and counters of a source are stored while
	// it brings no news.
	saveEvery = 5 * time.Minute
)

func scheduleOf(s monitor.BoardSource) string {
	if s.Schedule == "" {
		return everyMinute
	}
	return s.Schedule
}

func timeoutOf(s monitor.BoardSource) time.Duration {
	if s.Timeout == 0 {
		return defaultTimeout
	}
	return s.Timeout
}

// source is one source at work. Its state is guarded by the board's lock.
type source struct {
	config  monitor.BoardSource
	trusted bool
	state   monitor.SourceState
	server  string             // what it asks; "" when that is not known
	heard   bool               // it has run since the program began, or since it changed
	saved   time.Time          // when the state was last handed to the journal
	stop    context.CancelFunc // nil while it does not run
}

// standing is how the source stands for readers.
func (s *source) standing() Standing {
	return Standing{
		BoardSource: s.config, Number: s.state.Number, CreatedAt: s.state.CreatedAt, SuccessAt: s.state.SuccessAt, FailureAt: s.state.FailureAt,
		Successes: s.state.Successes, Failures: s.state.Failures, Error: s.state.Error,
		Pending: s.state.SuccessAt.IsZero() && s.state.FailureAt.IsZero(), Unheard: !s.heard,
	}
}

// rationales are those of the newest run that succeeded, and one more when it
// is not known whether they still hold.
func (s *source) rationales() []monitor.Rationale {
	all := s.state.Rationales
	level := s.config.Failing
	if level == monitor.NoDC {
		level = monitor.DC3
	}
	failure := monitor.Rationale{ID: "failing:" + s.config.Name, Component: s.state.Component, Source: s.config.Name, Level: level, Failure: true, Server: s.server, Start: s.state.Since}
	switch {
	case s.state.Error != "":
		failure.Title = "No answer from " + s.config.Name
		failure.Description = s.state.Error
	case s.state.SuccessAt.IsZero():
		failure.Title = s.config.Name + " has not answered yet"
		failure.Start = s.state.CreatedAt
	case !s.heard:
		return marked(all)
	default:
		return all
	}
	failure.Seen, failure.Changed = failure.Start, failure.Start
	return append(marked(all), failure)
}

// marked returns copies that are marked as stale.
func marked(all []monitor.Rationale) []monitor.Rationale {
	stale := make([]monitor.Rationale, len(all), len(all)+1)
	for i, r := range all {
		r.Stale = true
		stale[i] = r
	}
	return stale
}

// Run reads the sources and follows what happens until ctx ends, and returns
// when all of it has ended.
func (b *Board) Run(ctx context.Context) {
	b.mu.Lock()
	b.running = ctx
	b.startSources()
	b.mu.Unlock()
	b.follow(ctx)
	b.readers.Wait()
}

// startSources starts those that do not run yet. The lock is held.
func (b *Board) startSources() {
	if b.running == nil || b.running.Err() != nil {
		return
	}
	for key, s := range b.sources {
		if s.stop != nil {
			continue
		}
		ctx, stop := context.WithCancel(b.running)
		s.stop = stop
		b.readers.Go(func() { b.readOnSchedule(ctx, key, s) })
	}
}

// readOnSchedule reads a source at once and then when it is due.
func (b *Board) readOnSchedule(ctx context.Context, key sourceKey, s *source) {
	log := b.o.Log.With("component", key.component, "source", key.name)
	seed := uint64(s.state.Number) //nolint:gosec // numbers are never negative
	schedule, err := crontab.Parse(scheduleOf(s.config), seed)
	var opened Source
	if err == nil {
		opened, err = b.o.Opener.Open(s.config, s.trusted)
	}
	if err != nil {
		b.heard(ctx, s, b.o.Now(), nil, err)
		log.Error("source cannot be opened", "error", err)
		return
	}
	if known, ok := opened.(Server); ok {
		b.mu.Lock()
		s.server = known.Server()
		b.mu.Unlock()
	}
	told := "" // the failure that the log knows of
	for {
		at := b.o.Now()
		rationales, err := b.read(ctx, opened, s.config, at)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err != nil && err.Error() != told:
			told = err.Error()
			log.Warn("source failed", "error", err)
		case err == nil && told != "":
			told = ""
			log.Info("source answers again")
		}
		b.heard(ctx, s, b.o.Now(), rationales, err)
		next := schedule.Next(b.o.Now())
		if next.IsZero() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(next.Sub(b.o.Now())):
		}
	}
}

// read reads a source once, within its time.
func (b *Board) read(ctx context.Context, s Source, config monitor.BoardSource, at time.Time) (_ []monitor.Rationale, err error) {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-b.slots }()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the source failed inside: %v", p)
		}
	}()
	timeout := timeoutOf(config)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v", timeout))
	defer cancel()
	rationales, err := s.Read(ctx, at)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err == nil && len(rationales) > maxRationales {
		return nil, fmt.Errorf("%d rationales are more than the %d that one source may bring; ask for fewer", len(rationales), maxRationales)
	}
	return rationales, err
}

// heard takes what a run of a source brought.
func (b *Board) heard(ctx context.Context, s *source, at time.Time, rationales []monitor.Rationale, err error) {
	b.mu.Lock()
	before := s.state
	state := &s.state
	if err != nil {
		state.FailureAt, state.Error = at, monitor.Cut(err.Error(), maxTitle)
		state.Failures++
		if state.Since.IsZero() {
			state.Since = at
		}
	} else {
		state.SuccessAt, state.Error, state.Since = at, "", time.Time{}
		state.Successes++
		state.Rationales = b.settle(s, before.Rationales, rationales, at)
	}
	news := !s.heard || before.Error != state.Error || before.SuccessAt.IsZero() || !sameRationales(before.Rationales, state.Rationales)
	s.heard = true
	current := b.sources[sourceKey{state.Component, state.Name}] == s
	stored, due := *state, news || at.Sub(s.saved) >= saveEvery
	if due {
		s.saved = at
	}
	if current && news {
		b.changed()
	}
	b.mu.Unlock()
	if !current || !due {
		return
	}
	if err := b.o.Journal.SaveSourceState(ctx, stored); err != nil && ctx.Err() == nil {
		b.recordsFail(err)
	}
}

// settle makes what a source said fit to be kept: each ID once, cut to size,
// with the times when it was first seen and last changed.
func (b *Board) settle(s *source, before, now []monitor.Rationale, at time.Time) []monitor.Rationale {
	old := make(map[string]monitor.Rationale, len(before))
	for _, r := range before {
		old[r.ID] = r
	}
	kept := deduplicated(now)
	for i := range kept {
		r := &kept[i]
		r.Component, r.Source = s.state.Component, s.config.Name
		r.Title, r.Description = monitor.Cut(r.Title, maxTitle), monitor.Cut(r.Description, maxText)
		r.Failure, r.Stale = false, false
		if !monitor.BoardLink(r.Link) {
			r.Link = ""
		}
		was, known := old[r.ID]
		if r.Start.IsZero() {
			if r.Start = at; known {
				r.Start = was.Start
			}
		}
		r.Seen, r.Changed = at, at
		if known {
			r.Seen = was.Seen
			if sameRationale(was, *r) {
				r.Changed = was.Changed
			}
		}
	}
	return kept
}

func sameRationales(a, b []monitor.Rationale) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameRationale(a[i], b[i]) {
			return false
		}
	}
	return true
}

func sameRationale(a, b monitor.Rationale) bool {
	return a.ID == b.ID && a.Level == b.Level && a.Title == b.Title && a.Description == b.Description && a.Link == b.Link &&
		a.Start.Equal(b.Start) && a.Guess == b.Guess && (a.Guess || a.End.Equal(b.End)) && a.Overrides == b.Overrides && bytes.Equal(a.Metadata, b.Metadata)
}

// sameSource reports whether two configurations mean the same.
func sameSource(a, b monitor.BoardSource) bool {
	return a.Name == b.Name && a.Type == b.Type && a.Schedule == b.Schedule && a.Timeout == b.Timeout && a.Failing == b.Failing &&
		bytes.Equal(a.Settings, b.Settings)
}

// byComponent orders new sources by component and then as they are written, so
// that they are numbered alike wherever the same files are read.
func byComponent(components []monitor.Component) func(a, b monitor.SourceState) int {
	place := map[sourceKey]int{}
	for _, c := range components {
		for i, s := range c.Sources {
			place[sourceKey{c.ID, s.Name}] = i
		}
	}
	return func(a, b monitor.SourceState) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(place[sourceKey{a.Component, a.Name}], place[sourceKey{b.Component, b.Name}]))
	}
}

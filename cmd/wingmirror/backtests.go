package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
	"wingmirror/scheduler/backtest"
	"wingmirror/store"
	"wingmirror/web/backtests"
)

// openBacktests adds the room of the past to the pages.
func (s *server) openBacktests() {
	slots := make(slots, backtestsAtOnce)
	engine := &backtester{
		source: withEvents{fresh{s.graphite}, s.db}, live: s.pool, config: s.config.Sandbox, desk: s.desk, defaults: s.defaults, db: s.db, slots: slots,
	}
	s.rooms = append(s.rooms, backtests.Room{
		Engine: engine, Past: s.db, Labels: s.db, Recordings: s.db, Shadows: s.shadows, Tests: units{s.pool, s.config.Sandbox.limits()},
		Replays: replayer{db: s.db, config: s.config.Sandbox, slots: slots},
	})
	s.background = append(s.background, s.shadows.run)
}

// backtestsAtOnce is how many backtests and replays the server runs at once. Each
// takes all the processors that live runs leave.
const backtestsAtOnce = 2

// slots bound how much long work is under way.
type slots chan struct{}

// take takes a place, or gives ErrUnavailable when there is none.
func (s slots) take() (giveBack func(), err error) {
	select {
	case s <- struct{}{}:
		return func() { <-s }, nil
	default:
		return nil, fmt.Errorf("%w: %d backtests or replays are under way already; try again in a moment", monitor.ErrUnavailable, cap(s))
	}
}

// backtester runs backtests in workers of their own, so that neither their load
// nor what their scripts do to a worker is any live run's concern.
type backtester struct {
	source   backtest.Source
	live     *sandbox.Pool // whose helper files are in force
	config   sandboxConfig
	desk     *alerting.Desk
	defaults monitor.Policy
	db       *store.DB
	slots    slots
}

func (b *backtester) decide(m monitor.Monitor) backtest.Decide { return b.desk.Rehearse(m) }

// Backtest runs a plan, or gives ErrUnavailable while too many are under way.
func (b *backtester) Backtest(ctx context.Context, p backtest.Plan, progress func(backtest.Progress)) ([]backtest.Result, error) {
	giveBack, err := b.slots.take()
	if err != nil {
		return nil, err
	}
	defer giveBack()
	library := b.live.Library()
	pool, err := startPoolWith(b.config, library)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	return backtest.Options{
		Source: b.source, Runner: pool, Decide: b.decide, Now: time.Now, Defaults: b.defaults, Limits: b.config.limits(),
		Progress: progress, Recalls: recallsWith(library),
	}.Run(ctx, p)
}

// recallsWith reports which scripts may look at the run before, when these helper
// files are there to be called.
func recallsWith(library []sandbox.File) func(script string) bool {
	if slices.ContainsFunc(library, func(f sandbox.File) bool { return backtest.NamesPrevious(f.Source) }) {
		return func(string) bool { return true }
	}
	return backtest.NamesPrevious
}

// mostChecked is how many recorded runs of one label are made again at most.
const mostChecked = 20

// Lost makes recorded runs of labelled spans again, with the edited version.
func (b *backtester) Lost(ctx context.Context, m monitor.Monitor, labels []monitor.Label) ([]monitor.Label, int, error) {
	var lost []monitor.Label
	checked := 0
	for _, l := range labels {
		if !l.Wanted() {
			continue
		}
		caught, known, err := b.catches(ctx, m, l)
		if err != nil {
			return nil, 0, err
		}
		if known {
			checked++
			if !caught {
				lost = append(lost, l)
			}
		}
	}
	return lost, checked, nil
}

// catches reports whether the monitor is bad in any recorded run of the span. known
// is false when none is recorded that has the targets it wants.
func (b *backtester) catches(ctx context.Context, m monitor.Monitor, l monitor.Label) (caught, known bool, err error) {
	until := l.Until
	if until.IsZero() {
		until = time.Now()
	}
	times, err := b.db.RecordedAt(ctx, m.ID, l.From, until)
	if err != nil {
		return false, false, err
	}
	for _, at := range times[:min(len(times), mostChecked)] {
		rec, err := b.db.Recording(ctx, m.ID, at)
		if err != nil {
			return false, false, err
		}
		if !sameTargets(rec.Targets, m) {
			continue
		}
		e, err := scheduler.Replay(ctx, b.live, m, rec)
		if err != nil {
			return false, false, err
		}
		if known = true; e.Outcome.Level.Bad() {
			return true, true, nil
		}
	}
	return false, known, nil
}

func sameTargets(fetched []monitor.Fetched, m monitor.Monitor) bool {
	return slices.EqualFunc(fetched, scheduler.SentTargets(m), func(f monitor.Fetched, text string) bool {
		return strings.TrimSpace(f.Target) == strings.TrimSpace(text)
	})
}

package backtest

import (
	"context"
	"fmt"
	"time"

	"wingmirror/crontab"
	"wingmirror/monitor"
	"wingmirror/scheduler"
)

// lane is one variant on its way through the range.
type lane struct {
	r        *rehearsal
	m        monitor.Monitor
	targets  []string // comments left out
	kinds    []dependence
	recalls  bool // the script may look at the run before
	policy   monitor.Policy
	schedule crontab.Schedule
	zone     *time.Location
	decide   Decide

	ticks  []int64
	next   int       // index of the first tick that is not decided
	extra  time.Time // an extra run that was asked for; zero for none
	state  monitor.State
	result Result
	ended  bool // it gave up
}

func (r *rehearsal) newLane(m monitor.Monitor) (*lane, error) {
	ticks, err := ticksOf(m, r.from, r.until)
	if err != nil {
		return nil, err
	}
	l := &lane{
		r: r, m: m, targets: scheduler.SentTargets(m), recalls: r.Recalls(m.Script), ticks: ticks,
		policy: m.Policy.Or(r.Defaults).Or(monitor.DefaultPolicy()), decide: r.Decide(m),
		state:  monitor.State{Subject: m.Subject()},
		result: Result{Monitor: m, From: r.from, Until: r.until, Ticks: len(ticks), Faults: map[monitor.Fault]int{}},
	}
	// Both are known to be right by now.
	l.zone, _ = monitor.LoadZone(m.Zone)
	l.schedule, _ = crontab.Parse(m.Schedule, uint64(m.ID))
	for _, text := range l.targets {
		kind, culprit := dependenceOf(text)
		l.kinds = append(l.kinds, kind)
		if kind == dependent {
			l.warn(text, culprit)
		}
	}
	if len(m.Alerts) == 0 {
		l.result.Warnings = append(l.result.Warnings, "the monitor alerts nobody: shown is what somebody would be told")
	}
	return l, nil
}

func (l *lane) warn(text, culprit string) {
	l.result.Warnings = append(l.result.Warnings,
		monitor.Cut(text, 120)+": "+culprit+"() may depend on where its window begins, so it is fetched for each run by itself")
}

// dependsOnWindow reports whether a target must be fetched tick by tick.
func (l *lane) dependsOnWindow() bool {
	for _, kind := range l.kinds {
		if kind == dependent {
			return true
		}
	}
	return false
}

// blockSize is how many ticks are evaluated before they are decided about.
const blockSize = 512

// advance runs all ticks before the end.
func (l *lane) advance(ctx context.Context, end int64) error {
	for !l.ended && l.next < len(l.ticks) && l.ticks[l.next] < end {
		last := l.next
		for last < len(l.ticks) && l.ticks[last] < end && last-l.next < blockSize {
			last++
		}
		if err := l.block(ctx, l.ticks[l.next:last]); err != nil {
			return err
		}
		l.r.progress()
	}
	return nil
}

// block runs ticks that follow each other. Where scripts do not look back they
// are evaluated at once, and then decided about in order.
func (l *lane) block(ctx context.Context, ticks []int64) error {
	singles, err := l.r.fetchSingles(ctx, l, ticks)
	if err != nil {
		return err
	}
	var outcomes []monitor.Outcome
	if !l.recalls {
		if outcomes, err = l.r.evaluateAll(ctx, l, ticks, singles); err != nil {
			return err
		}
	}
	for i, tick := range ticks {
		at := time.Unix(tick, 0).UTC()
		if err := l.extraBefore(ctx, at); err != nil {
			return err
		}
		var outcome monitor.Outcome
		if outcomes != nil {
			outcome = outcomes[i]
		} else if outcome, err = l.evaluate(ctx, at, singles); err != nil {
			return err
		}
		l.next++
		l.r.done++
		l.take(outcome)
		if why := l.tooMuch(); why != "" {
			l.result.GaveUp, l.ended = why, true
			l.r.done += len(l.ticks) - l.next
			return nil
		}
	}
	return nil
}

// take decides about an outcome, and notes when an extra run is wanted, by the
// rules of the scheduler.
func (l *lane) take(o monitor.Outcome) {
	change := l.decide(l.state, o)
	l.state = change.State
	l.result.take(o, change)
	again := change.Again(l.policy, o.At)
	l.extra = time.Time{}
	if again.IsZero() {
		return
	}
	if soonest := o.At.Add(time.Second); again.Before(soonest) {
		again = soonest
	}
	if whole := again.Truncate(time.Second); whole.Before(again) {
		again = whole.Add(time.Second)
	}
	next := l.schedule.Next(o.At.In(l.zone))
	if (next.IsZero() || next.After(again)) && again.Before(l.r.until) {
		l.extra = again
	}
}

// extraBefore makes the extra runs that come before a time.
func (l *lane) extraBefore(ctx context.Context, at time.Time) error {
	for !l.extra.IsZero() && l.extra.Before(at) {
		tick := []int64{l.extra.Unix()}
		singles, err := l.r.fetchSingles(ctx, l, tick)
		if err != nil {
			return err
		}
		outcome, err := l.evaluate(ctx, l.extra, singles)
		if err != nil {
			return err
		}
		l.take(outcome)
	}
	return nil
}

func (l *lane) evaluate(ctx context.Context, at time.Time, singles singles) (monitor.Outcome, error) {
	window := l.r.Source.Window(at, l.m.MinutesOrDefault())
	e, err := scheduler.Evaluate(ctx, l.r.Runner, scheduler.Case{
		Monitor: l.m, At: at, Window: window, Targets: l.r.cut(l, window, singles), Previous: l.state.Previous(), Limits: l.r.Limits,
	})
	if ctx.Err() != nil {
		return monitor.Outcome{}, context.Cause(ctx)
	}
	if err != nil && e.Outcome.Fault == monitor.NoFault {
		return monitor.Outcome{}, err
	}
	return e.Outcome, nil
}

// A script that ends by its limits costs seconds at every tick. After so many,
// when they are most of all runs, the rest would only cost more.
const mostCostly = 20

// tooMuch returns why the lane should not go on, or "".
func (l *lane) tooMuch() string {
	costly := 0
	for fault, n := range l.result.Faults {
		if !fault.Repeatable() {
			costly += n
		}
	}
	if costly < mostCostly || 2*costly < l.result.Runs {
		return ""
	}
	return fmt.Sprintf("the script ran into its limits again and again (%d of %d runs): %s", costly, l.result.Runs, l.result.Trouble)
}

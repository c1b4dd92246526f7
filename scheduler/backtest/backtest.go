// Package backtest runs monitors over a past span of time: every tick of the
// schedule is evaluated as a live run would have been, and decided about as live
// runs are, from tick to tick. What comes out is what would have happened, and
// whom it would have told.
//
// Series are fetched once, in long chunks, and cut into the windows of the ticks;
// see windowed.go for the targets whose windows cannot be cut out of a longer
// one. Several variants of a monitor (saved and edited, or one number swept over
// a range) share what is fetched. Scripts run in parallel unless they look at
// @previous; deciding is done in order.
//
// Memory is bounded by Options.Points, whatever the span; results keep one byte
// for each tick and a bounded number of incidents and notices. The package
// stores and sends nothing.
package backtest

import (
	"context"
	"errors"
	"time"

	"wingmirror/crontab"
	"wingmirror/monitor"
	"wingmirror/scheduler"
)

// Source brings series.
type Source interface {
	scheduler.Fetcher
	// Assess says what a target with these series has brought in a window.
	Assess(w monitor.Window, text string, series []monitor.Series) monitor.Fetched
}

// Decide says what an outcome does to a state, as alerting does.
type Decide func(before monitor.State, o monitor.Outcome) monitor.Change

// Options are what a backtest stands on. Source, Runner, Decide and Now are
// required.
type Options struct {
	Source   Source
	Runner   scheduler.Runner
	Decide   func(monitor.Monitor) Decide
	Now      func() time.Time
	Defaults monitor.Policy           // of the installation
	Limits   monitor.Limits           // of every run; zero fields mean the Runner's own
	Recalls  func(script string) bool // whether a script may look at the run before; nil: it names @previous
	Workers  int                      // scripts evaluated at once; 0: 64
	Points   int                      // values of series in memory for one chunk; 0: 1,000,000, which are 8 MB
	Fetches  int                      // requests for single ticks, beyond which only some ticks are run; 0: 500
	Progress func(Progress)           // told from time to time, and at the end; nil: nobody is
}

// Plan is what is to be run.
type Plan struct {
	Variants []monitor.Monitor // of one monitor, at least one; each is run by itself
	From     time.Time         // the first tick is at or after it
	Until    time.Time         // the last tick is before it
}

// Progress is how far a backtest has come.
type Progress struct {
	Done    int             // ticks, of all variants
	Total   int             //
	Results func() []Result // of the plan's variants, as far as they are known; to be called before the callback returns
}

// MostTicks is how many ticks a backtest may have, of all variants together:
// three variants over a month at every ten seconds.
const MostTicks = 1_000_000

func (o Options) withDefaults() (Options, error) {
	if o.Source == nil || o.Runner == nil || o.Decide == nil || o.Now == nil {
		return o, errors.New("backtest: Source, Runner, Decide and Now are required")
	}
	if o.Recalls == nil {
		o.Recalls = NamesPrevious
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	set := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	set(&o.Workers, 64)
	set(&o.Points, 1_000_000)
	set(&o.Fetches, 500)
	return o, nil
}

// Run makes the backtest. A plan that makes no sense is ErrInvalid and names the
// field. When ctx ends, the results so far are returned with the cause; nothing
// is left running.
func (o Options) Run(ctx context.Context, p Plan) ([]Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	r, err := o.plan(p)
	if err != nil {
		return nil, err
	}
	err = r.run(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return r.results(), err
}

// plan checks p and works out all ticks.
func (o Options) plan(p Plan) (*rehearsal, error) {
	now := o.Now()
	switch {
	case len(p.Variants) == 0:
		return nil, errors.New("backtest: no variant")
	case p.From.IsZero() || p.Until.IsZero():
		return nil, monitor.Invalid("from", "give the range to run over")
	case !p.From.Before(now):
		return nil, monitor.Invalid("from", "the range begins at %s, which has not come yet", p.From.UTC().Format(time.RFC3339))
	case !p.From.Before(p.Until):
		return nil, monitor.Invalid("until", "the range ends at %s, which is not after its begin", p.Until.UTC().Format(time.RFC3339))
	}
	r := &rehearsal{Options: o, from: p.From, until: p.Until}
	if p.Until.After(now) {
		r.until = now
		r.warn("the range ends now: what comes after has not happened yet")
	}
	for _, m := range p.Variants {
		l, err := r.newLane(m)
		if err != nil {
			return nil, err
		}
		r.lanes = append(r.lanes, l)
		if r.total += len(l.ticks); r.total > MostTicks {
			return nil, monitor.Invalid("from", "the range has more than %d runs; take a shorter one", MostTicks)
		}
	}
	if r.total == 0 {
		return nil, monitor.Invalid("from", "the schedule %s has no run between %s and %s", p.Variants[0].Schedule,
			r.from.UTC().Format(time.RFC3339), r.until.UTC().Format(time.RFC3339))
	}
	r.sampleTicks()
	return r, nil
}

// ticksOf lists the scheduled times of a monitor in a range, in seconds since the
// epoch.
func ticksOf(m monitor.Monitor, from, until time.Time) ([]int64, error) {
	zone, err := monitor.LoadZone(m.Zone)
	if err != nil {
		return nil, err
	}
	schedule, err := crontab.Parse(m.Schedule, uint64(m.ID))
	if err != nil {
		return nil, monitor.Invalid("schedule", "%v", err)
	}
	var all []int64
	for at := schedule.Next(from.Add(-time.Nanosecond).In(zone)); !at.IsZero() && at.Before(until); at = schedule.Next(at) {
		if all = append(all, at.Unix()); len(all) > MostTicks {
			return nil, monitor.Invalid("from", "the range has more than %d runs; take a shorter one", MostTicks)
		}
	}
	return all, nil
}

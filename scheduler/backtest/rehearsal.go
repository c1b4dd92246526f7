package backtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
)

// rehearsal is a backtest under way. Everything but fetching ahead happens on
// one goroutine, which spreads evaluations over others.
type rehearsal struct {
	Options
	from, until time.Time
	lanes       []*lane
	total, done int
	tapes       map[string]*tape // by target, of those that are cut
	warnings    []string         // about the range and the source
	points      int              // that came, of all targets
}

// warn notes what holds for all results, once.
func (r *rehearsal) warn(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.warnings, text) {
		r.warnings = append(r.warnings, text)
	}
}

// sampleTicks leaves ticks out where each would cost a request and there are too
// many.
func (r *rehearsal) sampleTicks() {
	requests := 0
	for _, l := range r.lanes {
		if l.dependsOnWindow() {
			requests += len(l.ticks)
		}
	}
	if requests <= r.Fetches {
		return
	}
	stride := (requests + r.Fetches - 1) / r.Fetches
	r.total = 0
	for _, l := range r.lanes { // all of them, so that they can be compared
		var some []int64
		for i := 0; i < len(l.ticks); i += stride {
			some = append(some, l.ticks[i])
		}
		l.ticks, l.result.Sampled = some, stride
		r.total += len(some)
		l.result.Warnings = append(l.result.Warnings, fmt.Sprintf("sampled: only every %d. run was made, since each needs a request of its own; take a shorter range for all of them", stride))
	}
}

// run goes through the range chunk by chunk. The next one is fetched while this
// one is evaluated.
func (r *rehearsal) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := r.newFetcher()
	chunks := make(chan chunk)
	var fetching sync.WaitGroup
	fetching.Go(func() {
		defer close(chunks)
		f.run(ctx, chunks)
	})
	defer fetching.Wait()
	defer cancel(context.Canceled)
	r.tapes = map[string]*tape{}
	for _, text := range f.targets {
		r.tapes[text] = &tape{target: text}
	}
	for c := range chunks {
		if err := r.take(ctx, c); err != nil {
			return err
		}
	}
	for _, l := range r.lanes {
		if err := l.extraBefore(ctx, r.until); err != nil {
			return err
		}
	}
	if ctx.Err() == nil {
		r.conclude()
		r.progress()
	}
	return nil
}

// take plays one chunk.
func (r *rehearsal) take(ctx context.Context, c chunk) error {
	for _, text := range c.warnings {
		r.warn("%s", text)
	}
	for _, part := range c.parts {
		for _, f := range part.fetched {
			r.tapes[f.Target].add(part.window, f)
			r.points += monitor.PointsIn([]monitor.Fetched{f})
		}
	}
	for _, l := range r.lanes {
		if err := l.advance(ctx, c.end.Unix()); err != nil {
			return err
		}
	}
	for _, t := range r.tapes {
		t.trim(c.keep)
	}
	return nil
}

// conclude says what is odd about the whole.
func (r *rehearsal) conclude() {
	if r.points == 0 && len(r.tapes) > 0 {
		r.warn("no target had a point in the whole range")
	}
	for _, l := range r.lanes {
		bad := 0
		for _, n := range l.result.Faults {
			bad += n
		}
		if bad == l.result.Runs && bad > 0 {
			l.result.Warnings = append(l.result.Warnings, "no run could tell how things were: "+l.result.Trouble)
		}
	}
}

func (r *rehearsal) progress() {
	r.Progress(Progress{Done: min(r.done, r.total), Total: r.total, Results: r.results})
}

func (r *rehearsal) results() []Result {
	all := make([]Result, len(r.lanes))
	for i, l := range r.lanes {
		all[i] = l.result.snapshot()
		all[i].Warnings = slices.Concat(r.warnings, all[i].Warnings)
	}
	return all
}

// evaluateAll evaluates ticks of a lane in parallel.
func (r *rehearsal) evaluateAll(ctx context.Context, l *lane, ticks []int64, s singles) ([]monitor.Outcome, error) {
	outcomes := make([]monitor.Outcome, len(ticks))
	errs := make([]error, r.Workers)
	work := make(chan int)
	var all sync.WaitGroup
	for w := range min(r.Workers, len(ticks)) {
		all.Go(func() {
			for i := range work {
				if errs[w] == nil {
					outcomes[i], errs[w] = l.evaluate(ctx, time.Unix(ticks[i], 0).UTC(), s)
				}
			}
		})
	}
	for i := range ticks {
		work <- i
	}
	close(work)
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// singles are targets that were fetched for one window by themselves.
type singles map[shareKey]monitor.Fetched

type shareKey struct {
	window monitor.Window
	target string
}

// fetchesAtOnce is how many requests for single ticks are under way at once.
const fetchesAtOnce = 8

// fetchSingles fetches what cannot be cut, for each tick.
func (r *rehearsal) fetchSingles(ctx context.Context, l *lane, ticks []int64) (singles, error) {
	if !l.dependsOnWindow() {
		return nil, nil
	}
	var targets []string
	for i, kind := range l.kinds {
		if kind == dependent {
			targets = append(targets, l.targets[i])
		}
	}
	found := singles{}
	var mu sync.Mutex
	slots := make(chan struct{}, fetchesAtOnce)
	var all sync.WaitGroup
	for _, tick := range ticks {
		window := r.Source.Window(time.Unix(tick, 0), l.m.MinutesOrDefault())
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if ctx.Err() != nil {
				return
			}
			fetched := r.Source.Fetch(ctx, window, targets)
			mu.Lock()
			defer mu.Unlock()
			for i, f := range fetched {
				found[shareKey{window, targets[i]}] = f
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return found, nil
}

// cut returns what each target of a lane brings in a window.
func (r *rehearsal) cut(l *lane, w monitor.Window, s singles) []monitor.Fetched {
	fetched := make([]monitor.Fetched, len(l.targets))
	for i, text := range l.targets {
		if l.kinds[i] == dependent {
			fetched[i] = s[shareKey{w, text}]
			continue
		}
		series, failed, ok := r.tapes[text].slice(w)
		if !ok {
			fetched[i] = monitor.Fetched{Target: text, Status: monitor.StatusFailed, Reason: failed}
			continue
		}
		if l.kinds[i] == firstNull {
			series = withoutFirst(series)
		}
		fetched[i] = r.Source.Assess(w, text, series)
	}
	return fetched
}

// cutTargets are all targets of all lanes that are cut, each once.
func (r *rehearsal) cutTargets() []string {
	var all []string
	for _, l := range r.lanes {
		for i, text := range scheduler.SentTargets(l.m) {
			if l.kinds[i] != dependent && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return all
}

package backtest

import (
	"context"
	"fmt"
	"time"

	"wingmirror/monitor"
	"wingmirror/target"
)

// fetcher brings the range in chunks, the oldest first. A chunk whose answer is
// coarser than what live runs see now, or that was refused, is halved until it is
// as good as what the source has: some sources bound the points of one answer,
// and most keep old points at longer steps.
type fetcher struct {
	r       *rehearsal
	targets []string
	minutes int              // of the longest window
	fine    map[string]int64 // step that live runs see now, by target; 0 when it brings nothing now
	span    time.Duration    // of a chunk
	splits  int              // halvings that are still allowed
	notes   []string
	coarse  map[string]bool // targets that were warned about
}

// chunk is a part of the range: ticks before end can be run with it.
type chunk struct {
	end      time.Time
	keep     int64 // values at or before it are not needed after this chunk
	parts    []part
	warnings []string
}

// part is one answer.
type part struct {
	window  monitor.Window
	fetched []monitor.Fetched
}

// mostSplits bounds the requests that are spent on finding out what the source
// can do.
const mostSplits = 200

func (r *rehearsal) newFetcher() *fetcher {
	f := &fetcher{r: r, targets: r.cutTargets(), fine: map[string]int64{}, splits: mostSplits, coarse: map[string]bool{}}
	for _, l := range r.lanes {
		f.minutes = max(f.minutes, l.m.MinutesOrDefault())
	}
	return f
}

// run sends all chunks. It ends with ctx.
func (f *fetcher) run(ctx context.Context, out chan<- chunk) {
	r := f.r
	f.probe(ctx)
	from := r.Source.Window(r.from, f.minutes).From
	for begin := r.from; begin.Before(r.until) && ctx.Err() == nil; {
		end := begin.Add(f.span)
		if end.After(r.until) {
			end = r.until
		}
		until := r.Source.Window(end, f.minutes).Until
		c := chunk{end: end, keep: r.Source.Window(end, f.minutes).From}
		if len(f.targets) > 0 && until > from {
			c.parts = f.fetch(ctx, monitor.Window{From: from, Until: until}, f.targets)
			f.adapt(c)
		}
		c.warnings, f.notes = f.notes, nil
		begin, from = end, max(from, until)
		select {
		case out <- c:
		case <-ctx.Done():
			return
		}
	}
}

// probe looks at what live runs see now, and works out how much a chunk may hold.
func (f *fetcher) probe(ctx context.Context) {
	whole := f.r.until.Sub(f.r.from)
	f.span = whole
	if len(f.targets) == 0 {
		return
	}
	perSecond := 0.0
	window := f.r.Source.Window(f.r.Now(), f.minutes)
	for _, got := range f.r.Source.Fetch(ctx, window, f.targets) {
		for _, s := range got.Series {
			if s.Step > 0 && len(s.Values) > 0 {
				perSecond += 1 / float64(s.Step)
				f.fine[got.Target] = max(f.fine[got.Target], s.Step)
			}
		}
	}
	if perSecond == 0 {
		perSecond = float64(len(f.targets)) // nothing comes now; what came then will tell
	}
	f.setSpan(perSecond)
}

// setSpan makes chunks hold what may be in memory, but at least a window.
func (f *fetcher) setSpan(perSecond float64) {
	most := time.Duration(min(float64(f.r.Points)/perSecond, 1e9)) * time.Second
	least := time.Duration(f.minutes) * time.Minute
	f.span = min(f.r.until.Sub(f.r.from), max(most, least, time.Minute))
}

// adapt makes the next chunks smaller or larger, by what came in this one.
func (f *fetcher) adapt(c chunk) {
	points, seconds := 0, int64(0)
	for _, p := range c.parts {
		seconds += p.window.Until - p.window.From
		for _, got := range p.fetched {
			for _, s := range got.Series {
				points += len(s.Values)
			}
		}
	}
	if len(c.parts) == 1 && points > 0 && seconds > 0 {
		f.setSpan(float64(points) / float64(seconds))
	}
}

// fetch asks for a window, in two halves where one answer is worse than smaller
// ones would be.
func (f *fetcher) fetch(ctx context.Context, w monitor.Window, targets []string) []part {
	got := f.r.Source.Fetch(ctx, w, targets)
	span := w.Until - w.From
	if ctx.Err() != nil || !f.couldBeBetter(ctx, w, got) {
		f.note(w, got)
		return []part{{w, got}}
	}
	f.splits--
	f.span = max(time.Duration(span/2)*time.Second, time.Minute)
	middle := f.r.Source.Window(time.Unix(w.From+span/2, 0), 1).Until
	if middle <= w.From || middle >= w.Until {
		return []part{{w, got}}
	}
	first := f.fetch(ctx, monitor.Window{From: w.From, Until: middle}, targets)
	return append(first, f.fetch(ctx, monitor.Window{From: middle, Until: w.Until}, targets)...)
}

// couldBeBetter reports whether smaller requests for this window are worth it:
// something failed as a whole, or came coarser than a live run sees it and than a
// short request for its end brings it.
func (f *fetcher) couldBeBetter(ctx context.Context, w monitor.Window, got []monitor.Fetched) bool {
	short := f.r.Source.Window(time.Unix(w.Until, 0), f.minutes)
	short = monitor.Window{From: w.Until - (short.Until - short.From), Until: w.Until}
	if w.Until-w.From <= max(short.Until-short.From, 3600) || f.splits <= 0 {
		return false
	}
	var doubtful []string
	for _, g := range got {
		switch {
		case g.Status == monitor.StatusFailed:
			if _, err := target.Parse(g.Target); err == nil {
				doubtful = append(doubtful, g.Target)
			}
		case f.fine[g.Target] > 0 && stepOf(g) > f.fine[g.Target]:
			doubtful = append(doubtful, g.Target)
		}
	}
	if len(doubtful) == 0 {
		return false
	}
	f.splits--
	for _, g := range f.r.Source.Fetch(ctx, short, doubtful) {
		for _, long := range got {
			failed := long.Status == monitor.StatusFailed
			if long.Target == g.Target && g.Status != monitor.StatusFailed && (failed || stepOf(g) < stepOf(long)) {
				return true
			}
		}
	}
	return false
}

// stepOf returns the longest step of a target's series.
func stepOf(f monitor.Fetched) int64 {
	step := int64(0)
	for _, s := range f.Series {
		step = max(step, s.Step)
	}
	return step
}

// note warns of what a window did not bring as a live run would have had it.
func (f *fetcher) note(w monitor.Window, got []monitor.Fetched) {
	for _, g := range got {
		switch step := stepOf(g); {
		case g.Status == monitor.StatusFailed:
			f.notes = append(f.notes, fmt.Sprintf("%s could not be fetched from %s to %s: %s", monitor.Cut(g.Target, 120), clock(w.From), clock(w.Until), g.Reason))
		case f.fine[g.Target] > 0 && step > f.fine[g.Target] && !f.coarse[g.Target]:
			f.coarse[g.Target] = true
			f.notes = append(f.notes, fmt.Sprintf("%s: the source keeps points of %s as %d s averages, where live runs see them every %d s; what happens in between is not seen",
				monitor.Cut(g.Target, 120), clock(w.From), step, f.fine[g.Target]))
		}
	}
}

func clock(at int64) string { return monitor.Moment(time.Unix(at, 0).UTC()) }

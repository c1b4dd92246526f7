package histogram

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

// Archive is where histograms are kept.
type Archive interface {
	Probes(ctx context.Context) ([]monitor.Probe, error)
	Periods(ctx context.Context, name string, since time.Time) ([]monitor.HistogramPeriod, error)
	Regressions(ctx context.Context, f store.RegressionFilter) ([]monitor.Regression, error)
	// MergeRegressions stores what was found and returns what is new of it.
	MergeRegressions(ctx context.Context, name string, found []monitor.Regression, drift int, at time.Time) ([]monitor.Regression, error)
}

// Desk takes outcomes.
type Desk interface {
	Report(ctx context.Context, w monitor.Watched, o monitor.Outcome, detail *monitor.Detail) (monitor.Change, error)
}

// KeeperOptions are what NewKeeper needs. Archive, Desk and Now are required.
type KeeperOptions struct {
	Archive Archive
	Desk    Desk
	Detect  func(monitor.Probe, []monitor.HistogramPeriod) Result // nil: the default method
	Every   time.Duration                                         // between two looks at everything, default 10 min
	Soon    time.Duration                                         // how long new periods wait for more, default 5 s, at most Every
	Hold    time.Duration                                         // how long a regression keeps its incident open, default 7 days
	History time.Duration                                         // how far back periods are read, default 400 days
	Changed func()                                                // something can be seen anew; nil: nobody looks
	Now     func() time.Time
	Log     *slog.Logger
}

// Keeper looks for regressions in what is stored, again and again, and reports
// an outcome about each histogram that has something new. What it remembers is
// only which those are, so it can be stopped and started at any time.
type Keeper struct {
	o KeeperOptions

	mu    sync.Mutex
	all   bool            // every histogram is to be looked at: at the start
	dirty map[string]bool // histograms with new periods or verdicts

	touched chan struct{} // has a token when one became dirty
}

// NewKeeper returns a keeper that has looked at nothing yet.
func NewKeeper(o KeeperOptions) *Keeper {
	if o.Detect == nil {
		o.Detect = Detector{}.Detect
	}
	if o.Every == 0 {
		o.Every = 10 * time.Minute
	}
	if o.Soon == 0 {
		o.Soon = 5 * time.Second
	}
	o.Soon = min(o.Soon, o.Every)
	if o.Hold == 0 {
		o.Hold = 7 * 24 * time.Hour
	}
	if o.History == 0 {
		o.History = 400 * 24 * time.Hour
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Keeper{o: o, all: true, dirty: map[string]bool{}, touched: make(chan struct{}, 1)}
}

// Touch has the histogram looked at soon.
func (k *Keeper) Touch(name string) {
	k.touch(name)
	select {
	case k.touched <- struct{}{}:
	default:
	}
}

// touch has the histogram looked at the next time.
func (k *Keeper) touch(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dirty[name] = true
}

// Run looks at once and then again and again until ctx ends; in between, soon
// after a histogram was touched, at that one.
func (k *Keeper) Run(ctx context.Context) {
	every := time.NewTicker(k.o.Every)
	defer every.Stop()
	old := true // what is known already is to be looked at as well
	for ctx.Err() == nil {
		if err := k.look(ctx, old); err != nil && ctx.Err() == nil {
			k.o.Log.Error("look for regressions of histograms", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-every.C:
			old = true
		case <-k.touched:
			old = false
			select {
			case <-ctx.Done():
			case <-time.After(k.o.Soon): // what comes together is looked at together
			}
		}
	}
}

// Look detects in every histogram that changed since the last look, and reports
// on those and on all with a regression that may be over. A histogram that fails
// does not stop the others, and is looked at again.
func (k *Keeper) Look(ctx context.Context) error { return k.look(ctx, true) }

// look is Look, or without what is old only a look at what changed.
func (k *Keeper) look(ctx context.Context, old bool) error {
	at := k.o.Now()
	probes, err := k.o.Archive.Probes(ctx)
	if err != nil {
		return err
	}
	recent, err := k.recent(ctx, at)
	if err != nil {
		return err
	}
	all, dirty := k.take()
	var errs []error
	news := false
	for _, p := range probes {
		_, had := recent[p.Name]
		if !all && !dirty[p.Name] && !(had && old) {
			continue
		}
		found, err := k.lookAt(ctx, p, all || dirty[p.Name], recent[p.Name], at)
		if err != nil {
			k.touch(p.Name)
			errs = append(errs, fmt.Errorf("histogram %s: %w", p.Name, err))
		}
		news = news || found > 0
		if ctx.Err() != nil {
			break
		}
	}
	if news {
		k.o.Changed()
	}
	return errors.Join(errs...)
}

func (k *Keeper) take() (all bool, dirty map[string]bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	all, dirty = k.all, maps.Clone(k.dirty)
	k.all = false
	clear(k.dirty)
	return all, dirty
}

// recent returns the regressions that may have an incident open, by histogram.
func (k *Keeper) recent(ctx context.Context, at time.Time) (map[string][]monitor.Regression, error) {
	found, err := k.o.Archive.Regressions(ctx, store.RegressionFilter{From: at.Add(-3 * k.o.Hold), Limit: 100_000})
	byName := map[string][]monitor.Regression{}
	for _, r := range found {
		byName[r.Name] = append(byName[r.Name], r)
	}
	return byName, err
}

// oneDriftSpan is within how many periods two finds of a drift are the same one.
const oneDriftSpan = 10

func (k *Keeper) lookAt(ctx context.Context, p monitor.Probe, detect bool, known []monitor.Regression, at time.Time) (int, error) {
	fresh := 0
	if detect {
		periods, err := k.o.Archive.Periods(ctx, p.Name, at.Add(-k.o.History))
		if err != nil {
			return 0, err
		}
		result := k.o.Detect(p, periods)
		for _, note := range result.Notes {
			k.o.Log.Debug("histogram", "name", p.Name, "note", note)
		}
		some, err := k.o.Archive.MergeRegressions(ctx, p.Name, result.Regressions, oneDriftSpan, at)
		if err != nil {
			return 0, err
		}
		fresh = len(some)
		for _, r := range some {
			k.o.Log.Info("regression found", "histogram", p.Name, "since", r.At, "what", Sentence(r, p))
		}
		if len(result.Regressions) > 0 { // with the numbers and verdicts that are stored
			if known, err = k.o.Archive.Regressions(ctx, store.RegressionFilter{Name: p.Name, From: at.Add(-3 * k.o.Hold)}); err != nil {
				return fresh, err
			}
		}
	}
	_, err := k.o.Desk.Report(ctx, Watched(p), k.outcome(p, known, at), nil)
	return fresh, err
}

// outcome says how a histogram is: as bad as the worst regression that is new,
// goes on, and that nobody called noise.
func (k *Keeper) outcome(p monitor.Probe, known []monitor.Regression, at time.Time) monitor.Outcome {
	o := monitor.Outcome{Subject: p.Subject(), At: at, Level: monitor.OK}
	for _, r := range slices.Backward(known) { // oldest first, so that the newest of the worst is told
		level := Level(r)
		if r.Seen.Add(r.Span+k.o.Hold).After(at) && r.Recovered.IsZero() && r.Verdict != monitor.Noise && level >= o.Level && level.Bad() {
			o.Level, o.Message = level, Sentence(r, p)
		}
	}
	return o
}

// Level returns how bad a regression is: critical for the worse, ok for the
// better, a warning where nobody can tell.
func Level(r monitor.Regression) monitor.Level {
	switch r.Welcome {
	case monitor.On:
		return monitor.OK
	case monitor.Off:
		return monitor.Critical
	}
	return monitor.Warning
}

// Watched returns what alerting knows of a histogram. Its owners are told once of
// each regression, and nobody is told of one that is ignored.
func Watched(p monitor.Probe) monitor.Watched {
	w := monitor.Watched{
		Subject: p.Subject(), Name: p.Name, Group: p.Group, Description: p.Description, Labels: p.Labels,
		Policy: monitor.Policy{Repeat: -1}, Active: true,
	}
	if !p.Ignored {
		w.Alerts = p.Destinations()
	}
	return w
}

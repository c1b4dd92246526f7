package alerting

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"wingmirror/monitor"
)

// DeskOptions are what NewDesk needs.
type DeskOptions struct {
	Ledger       Ledger
	Log          *slog.Logger
	Defaults     monitor.Policy   // of the installation; fields left open are monitor.DefaultPolicy's
	Installation string           // goes into every incident's key, so that two installations never share one
	Silences     Silences         // nil: nothing is ever silenced
	Source       SourceOptions    // what all monitors fetch from
	Contacts     *Contacts        // nil: there are no contact groups
	Now          func() time.Time // the clock, default time.Now
	Subjects     Subjects         // nil: only monitors and the source are known by name
}

// Subjects knows what watched things are called and whom they tell.
type Subjects interface {
	// Watched gives monitor.ErrNotFound for what is not there (any more).
	Watched(ctx context.Context, subject monitor.Subject) (monitor.Watched, error)
}

// Silences knows what is silenced.
type Silences interface {
	// Hold returns the silence in force about a subject at a time, or nil.
	Hold(about monitor.Message, at time.Time) *Hold
	// NextEnd returns when the next silence in force at a time ends; zero when none is.
	NextEnd(at time.Time) time.Time
}

// Desk takes outcomes, decides, and stores what was decided. It remembers the
// states it has seen, so deciding costs no reading; the ledger's compare and swap
// catches a memory that is out of date. It is safe for many goroutines at once.
type Desk struct {
	o      DeskOptions
	source *source
	look   chan struct{} // has a token when incidents are to be looked at now

	mu     sync.Mutex
	states map[monitor.Subject]monitor.State

	again, setBack time.Time // times up to the first come again, since the clock was set back to the second
}

// NewDesk returns a desk that commits to the ledger.
func NewDesk(o DeskOptions) *Desk {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Defaults = o.Defaults.Or(monitor.DefaultPolicy())
	return &Desk{o: o, source: newSource(o.Source), look: make(chan struct{}, 1), states: map[monitor.Subject]monitor.State{}}
}

// Finished is one run of a monitor that has ended.
type Finished struct {
	Monitor   monitor.Monitor
	Outcome   monitor.Outcome
	Run       monitor.Run        // the desk fills in what it decides: level, message, decision, incident
	Detail    *monitor.Detail    // nil when the run gave nothing back
	Recording *monitor.Recording // nil when what the run saw is not kept
}

// Record decides about a run and stores everything that follows from it. A run
// whose monitor was switched off or deleted meanwhile is ErrNotFound, and leaves
// no trace.
func (d *Desk) Record(ctx context.Context, f Finished) (monitor.Change, error) {
	about := f.Monitor.Watched().About()
	fill(&about, f.Outcome.Message, f.Detail)
	policy := f.Monitor.Policy.Or(d.o.Defaults)
	about.RepeatAfter = policy.Repeat
	if err := d.watchSource(ctx, f); err != nil && ctx.Err() == nil {
		d.o.Log.Error("watch the source", "error", err) // the run itself counts all the same
	}
	return d.swap(ctx, f.Outcome.Subject, func(before monitor.State) (monitor.Change, monitor.Commit) {
		audience := d.audience(f.Monitor.Alerts, before.Open, f.Outcome.At)
		change := Decide(before, f.Outcome, Terms{
			Policy:       policy,
			Destinations: audience,
			OffDuty:      len(f.Monitor.Alerts) > 0,
			Silence:      d.silence(about, f.Outcome.At),
			Source:       d.source.hold(),
			Key:          d.newKey(f.Outcome.Subject, f.Outcome.At),
		})
		commit := change.Commit(about, f.Outcome.At)
		run := f.Run
		run.Monitor, run.At, run.Version = f.Monitor.ID, f.Outcome.At, f.Monitor.Version
		run.Level, run.Fault, run.Message = f.Outcome.Level, f.Outcome.Fault, f.Outcome.Message
		run.Decision, run.Phase = change.Decision, monitor.Done
		run.Incident = incidentKey(before, change)
		run.Kept = changedSomething(before, change)
		commit.Run, commit.Detail, commit.Recording = &run, f.Detail, f.Recording
		return change, commit
	})
}

// Observe decides about an outcome that no run of a monitor is behind, such as
// that of a source.
func (d *Desk) Observe(ctx context.Context, o monitor.Outcome, about monitor.Message, terms Terms) (monitor.Change, error) {
	terms.Policy = terms.Policy.Or(d.o.Defaults)
	about.RepeatAfter, about.Text = terms.Policy.Repeat, o.Message
	terms.Silence = d.silence(about, o.At)
	return d.swap(ctx, o.Subject, func(before monitor.State) (monitor.Change, monitor.Commit) {
		t := terms
		t.Destinations = d.audience(terms.Destinations, before.Open, o.At)
		t.OffDuty, t.Key = len(terms.Destinations) > 0, d.newKey(o.Subject, o.At)
		change := Decide(before, o, t)
		return change, change.Commit(about, o.At)
	})
}

// Report decides about an outcome of anything that is watched and is not a
// monitor, and stores everything that follows from it. detail, which may be nil,
// is what its notices show: output, and lines of a graph.
func (d *Desk) Report(ctx context.Context, w monitor.Watched, o monitor.Outcome, detail *monitor.Detail) (monitor.Change, error) {
	about := w.About()
	fill(&about, o.Message, detail)
	return d.Observe(ctx, o, about, Terms{Policy: w.Policy, Destinations: w.Alerts})
}

// Retire forgets the state of what was deleted or switched off. An incident under
// way closes, and whoever was told that it began is told that it is over.
func (d *Desk) Retire(ctx context.Context, w monitor.Watched, why monitor.Reason, author string, at time.Time) error {
	_, err := d.swap(ctx, w.Subject, func(before monitor.State) (monitor.Change, monitor.Commit) {
		change, open := before.Retire(why, author, at)
		if before.Version == 0 {
			return monitor.Change{Decision: monitor.Decision{Reason: monitor.ReasonLate}}, monitor.Commit{} // never seen
		}
		if !open {
			change = monitor.Change{State: monitor.State{Subject: w.Subject, Version: before.Version, At: before.At}}
		}
		return change, change.Commit(w.About(), at)
	})
	return err
}

// maxSwaps is how often a commit is decided anew because the state moved on.
const maxSwaps = 5

var errBusy = fmt.Errorf("%w: the state changed again and again", monitor.ErrConflict)

// swap loads a state, has the change decided, and commits it; again when the
// state moved on meanwhile.
func (d *Desk) swap(ctx context.Context, subject monitor.Subject, decide func(monitor.State) (monitor.Change, monitor.Commit)) (monitor.Change, error) {
	for range maxSwaps {
		before, err := d.state(ctx, subject)
		if err != nil {
			return monitor.Change{}, err
		}
		now := d.o.Now()
		mended, set := before.NotAfter(now)
		if set {
			d.noteSetBack(now, before.At)
		}
		change, commit := decide(mended)
		if change.Decision.Reason == monitor.ReasonLate {
			return change, nil
		}
		commit.Steady = !set && before.Version > 0 && commit.State.SteadyAfter(before) && commit.Incident == nil
		err = d.o.Ledger.Commit(ctx, commit)
		if err == nil {
			d.remember(commit)
			return change, nil
		}
		d.forget(subject)
		if !errors.Is(err, monitor.ErrConflict) {
			return monitor.Change{}, fmt.Errorf("record %s: %w", subject, err)
		}
	}
	return monitor.Change{}, fmt.Errorf("record %s: %w", subject, errBusy)
}

func (d *Desk) state(ctx context.Context, subject monitor.Subject) (monitor.State, error) {
	d.mu.Lock()
	state, ok := d.states[subject]
	d.mu.Unlock()
	if ok {
		return state, nil
	}
	return d.o.Ledger.State(ctx, subject)
}

func (d *Desk) remember(c monitor.Commit) {
	next := c.State
	if !c.Steady {
		next.Version++
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.states[next.Subject] = next
}

func (d *Desk) forget(subject monitor.Subject) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.states, subject)
}

// maxKeySubject is how many bytes of a subject a key has: a key may have 255.
const maxKeySubject = 180

// key names an incident for ever: two installations, two subjects or two times
// never share one. It is short enough for PagerDuty's dedup key.
func (d *Desk) key(subject monitor.Subject, at time.Time) string {
	text := subject.String()
	if len(text) > maxKeySubject {
		sum := sha256.Sum256([]byte(text))
		end := cutMark + hex.EncodeToString(sum[:8])
		text = monitor.Cut(text, maxKeySubject-len(end)) + end
	}
	return "wingmirror-" + d.o.Installation + "/" + text + "/" + strconv.FormatInt(at.UnixMilli(), 10)
}

// cutMark stands before what tells long subjects apart in keys.
const cutMark = "~"

// newKey is the key of an incident that begins now. At a time that comes again,
// since the clock was set back, there may have been one before.
func (d *Desk) newKey(subject monitor.Subject, at time.Time) string {
	key := d.key(subject, at)
	d.mu.Lock()
	defer d.mu.Unlock()
	if at.After(d.again) {
		return key
	}
	return key + "-" + strconv.FormatInt(d.again.Sub(d.setBack).Milliseconds(), 36)
}

// noteSetBack notes that the clock shows now although there was an outcome at a later time.
func (d *Desk) noteSetBack(now, later time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if later.After(d.again) {
		d.again, d.setBack = later, now
	}
}

func (d *Desk) silence(about monitor.Message, at time.Time) *Hold {
	if d.o.Silences == nil {
		return nil
	}
	return d.o.Silences.Hold(about, at)
}

func incidentKey(before monitor.State, change monitor.Change) string {
	switch {
	case change.Incident != nil:
		return change.Incident.Key
	case change.State.Open != nil:
		return change.State.Open.Key
	case before.Open != nil:
		return before.Open.Key
	}
	return ""
}

// changedSomething reports whether a run is worth keeping in full.
func changedSomething(before monitor.State, change monitor.Change) bool {
	next := change.State
	return change.Incident != nil || next.Level != before.Level || next.Fault != before.Fault || next.Observed != before.Observed
}

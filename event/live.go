package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"wingmirror/monitor"
)

// Events keeps what came in.
type Events interface {
	// AddEvents returns those that are new, with their Seq.
	AddEvents(ctx context.Context, events []monitor.PushedEvent, received time.Time) ([]monitor.PushedEvent, error)
	// EachEvent gives those that came after one and since a time, in order.
	EachEvent(ctx context.Context, after int64, since time.Time, fn func(monitor.PushedEvent) error) error
	// LastEvent returns the Seq of the last one.
	LastEvent(ctx context.Context) (int64, error)
}

// Windows keeps what the rules remember.
type Windows interface {
	RuleWindows(ctx context.Context) ([]monitor.RuleWindows, int64, error)
	SaveRuleWindows(ctx context.Context, all []monitor.RuleWindows, seq int64) error
}

// Desk is told what fires and what ended.
type Desk interface {
	Report(ctx context.Context, w monitor.Watched, o monitor.Outcome, detail *monitor.Detail) (monitor.Change, error)
	Retire(ctx context.Context, w monitor.Watched, why monitor.Reason, author string, at time.Time) error
	// OpenStates are those with an incident under way, of every kind.
	OpenStates(ctx context.Context) ([]monitor.State, error)
}

// LiveOptions are what NewLive needs. Changed may be nil.
type LiveOptions struct {
	Events  Events
	Windows Windows
	Desk    Desk
	Log     *slog.Logger
	Now     func() time.Time
	Changed func()        // something fires that did not, or the other way round
	Keep    time.Duration // how old an event may be when it comes
}

// Live is one engine that is fed with what agents push. Events are stored
// before the engine sees them, so a crash forgets nothing: what the rules
// remembered is loaded, and the events since then are seen again. It is safe for
// many goroutines at once.
type Live struct {
	o LiveOptions

	mu      sync.Mutex
	file    *File
	engine  *Engine
	seq     int64 // of the last event that the engine has seen
	reports []report
	told    map[monitor.Subject]told // what the desk was told to be firing
	ready   chan struct{}            // has a token when there are reports
}

// told is what was said about a subject.
type told struct {
	rule *Rule
	key  string
	text string
}

// report is one thing to tell the desk.
type report struct {
	watched monitor.Watched
	outcome monitor.Outcome
	retire  bool
}

// NewLive returns a stream without rules; events are kept all the same.
func NewLive(o LiveOptions) *Live {
	empty := &File{}
	return &Live{o: o, file: empty, engine: NewEngine(empty), told: map[monitor.Subject]told{}, ready: make(chan struct{}, 1)}
}

const (
	tickEvery   = time.Second
	repeatEvery = time.Minute     // how often the desk hears that something still fires
	saveEvery   = 5 * time.Minute // how often windows are stored
	longestWarm = 24 * time.Hour  // how far back new rules look in stored events
	ahead       = 10 * time.Minute
)

// Open puts the rules in force that a program starts with: it goes on where the
// one before ended.
func (l *Live) Open(ctx context.Context, file *File) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	saved, seq, err := l.o.Windows.RuleWindows(ctx)
	if err != nil {
		return err
	}
	engine := NewEngine(file)
	fresh := engine.Load(saved)
	nothing := len(fresh) == len(file.Rules) // to go on with
	if nothing {
		seq = 0
	}
	if err := l.warm(ctx, engine, fresh, seq); err != nil {
		return err
	}
	l.file, l.engine, l.seq = file, engine, seq
	if nothing {
		l.seq, err = l.o.Events.LastEvent(ctx) // warm has looked at as many as matter
	} else {
		err = l.o.Events.EachEvent(ctx, seq, time.Time{}, func(e monitor.PushedEvent) error {
			l.see(e)
			return nil
		})
	}
	if err != nil {
		return err
	}
	l.queue(engine.Drain())
	return l.reconcile(ctx)
}

// reconcile compares what fires with the incidents that are open: those of rules
// that are gone end, too.
func (l *Live) reconcile(ctx context.Context) error {
	states, err := l.o.Desk.OpenStates(ctx)
	if err != nil {
		return err
	}
	firing := l.firing()
	for _, state := range states {
		if state.Subject.Kind != monitor.KindRule {
			continue
		}
		rule, key := l.file.Find(state.Subject)
		if rule == nil {
			rule = &Rule{Name: state.Subject.Key}
			l.end(told{rule: rule}, true)
		} else if _, still := firing[state.Subject]; !still {
			l.end(told{rule: rule, key: key}, false)
		}
	}
	for _, one := range firing {
		l.fire(one)
	}
	l.ring()
	return nil
}

// warm lets rules that know nothing see stored events up to one, in silence.
func (l *Live) warm(ctx context.Context, into *Engine, fresh []*Rule, upTo int64) error {
	var back time.Duration
	for _, r := range fresh {
		back = max(back, min(max(r.Memory(), time.Hour), longestWarm))
	}
	if len(fresh) == 0 {
		return nil
	}
	x := NewEngine(l.fileOf(into).only(fresh))
	now := l.o.Now()
	errDone := errors.New("seen enough")
	err := l.o.Events.EachEvent(ctx, 0, now.Add(-back), func(e monitor.PushedEvent) error {
		if upTo > 0 && e.Seq > upTo {
			return errDone
		}
		if full, wrong := decodeOne(e.Body); wrong == "" {
			x.Advance(monitor.TimeSeconds(e.Received))
			x.Add(&full)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDone) {
		return err
	}
	if upTo == 0 {
		x.Advance(monitor.TimeSeconds(now))
	}
	return into.merge(x)
}

func (l *Live) fileOf(x *Engine) *File { return x.file }

// see shows the engine an event that is stored.
func (l *Live) see(e monitor.PushedEvent) {
	l.seq = max(l.seq, e.Seq)
	full, wrong := decodeOne(e.Body)
	if wrong != "" {
		return // it was stored by a program that took it
	}
	l.engine.Advance(monitor.TimeSeconds(e.Received))
	l.engine.Add(&full)
}

// Use puts other rules in force. Rules that read the same go on with what they
// remember; others look at stored events first, so that they need not begin
// anew. What fired and does not any more ends.
func (l *Live) Use(ctx context.Context, file *File) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue(l.engine.Drain())
	saved, err := l.engine.Save()
	if err != nil {
		return err
	}
	engine := NewEngine(file)
	engine.clock, engine.now = l.engine.clock, l.engine.now
	if err := l.warm(ctx, engine, engine.Load(saved), 0); err != nil {
		return err
	}
	l.file, l.engine = file, engine
	engine.Drain() // of what was seen before, only what fires still counts
	firing := l.firing()
	for subject, was := range l.told {
		if _, still := firing[subject]; still {
			continue
		}
		if rule, key := file.Find(subject); rule != nil {
			l.end(told{rule: rule, key: key}, false)
		} else {
			l.end(was, true)
		}
	}
	for _, one := range firing {
		l.fire(one)
	}
	l.ring()
	return nil
}

// firing returns what fires, by subject.
func (l *Live) firing() map[monitor.Subject]told {
	all := map[monitor.Subject]told{}
	for _, a := range l.engine.Firing() {
		all[a.Rule.Subject(a.Key)] = told{a.Rule, a.Key, a.Text}
	}
	return all
}

func (l *Live) fire(one told) {
	subject := one.rule.Subject(one.key)
	l.told[subject] = one
	l.reports = append(l.reports, report{
		watched: one.rule.Watched(one.key),
		outcome: monitor.Outcome{Subject: subject, Level: one.rule.Severity.Level, Message: one.text},
	})
}

func (l *Live) end(one told, retire bool) {
	subject := one.rule.Subject(one.key)
	delete(l.told, subject)
	l.reports = append(l.reports, report{
		watched: one.rule.Watched(one.key), retire: retire,
		outcome: monitor.Outcome{Subject: subject, Level: monitor.OK},
	})
}

// queue turns alerts into reports.
func (l *Live) queue(alerts []Alert) {
	for _, a := range alerts {
		if one := (told{a.Rule, a.Key, a.Text}); a.Firing {
			l.fire(one)
		} else {
			l.end(one, false)
		}
	}
	if len(alerts) > 0 {
		l.ring()
	}
}

func (l *Live) ring() {
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

// Receipt says what became of a batch.
type Receipt struct {
	Accepted   int
	Duplicates int // known by their id already
	SetAside   []SetAside
	More       int // set aside beside those, and only counted
}

// Push takes a batch in: what is far off is set aside, the rest is stored and
// then seen by the rules. The error is of the store; then nothing of the batch
// counts, and it may be sent again.
func (l *Live) Push(ctx context.Context, batch Batch) (Receipt, error) {
	now := l.o.Now()
	receipt := Receipt{SetAside: batch.Bad, More: batch.More}
	usable := make([]monitor.PushedEvent, 0, len(batch.Events))
	for i, e := range batch.Events {
		if why := l.offTime(e, now); why != "" && len(receipt.SetAside) >= maxBad {
			receipt.More++
			continue
		} else if why != "" {
			receipt.SetAside = append(receipt.SetAside, SetAside{Index: batch.place(i).Index, Line: batch.place(i).Line, Reason: why})
			continue
		}
		usable = append(usable, e)
	}
	slices.SortStableFunc(receipt.SetAside, func(a, b SetAside) int { return a.Index - b.Index })
	if len(usable) == 0 {
		return receipt, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	added, err := l.o.Events.AddEvents(ctx, usable, now)
	if err != nil {
		return Receipt{}, err
	}
	receipt.Accepted, receipt.Duplicates = len(added), len(usable)-len(added)
	l.engine.Advance(monitor.TimeSeconds(now))
	for i := range added {
		l.engine.Add(&added[i])
		l.seq = max(l.seq, added[i].Seq)
	}
	l.queue(l.engine.Drain())
	return receipt, nil
}

// offTime says why an event's time cannot be right; "" when it can.
func (l *Live) offTime(e monitor.PushedEvent, now time.Time) string {
	at := e.At()
	switch {
	case at.After(now.Add(ahead)):
		return fmt.Sprintf("timestamp: %s is %s ahead; set the sender's clock", clock(e.Timestamp), span(at.Sub(now).Round(time.Second)))
	case l.o.Keep > 0 && at.Before(now.Add(-l.o.Keep)):
		return fmt.Sprintf("timestamp: %s is longer ago than the %s that events are kept", clock(e.Timestamp), span(l.o.Keep))
	}
	return ""
}

// Run lets time pass for the rules, tells the desk, and stores what is
// remembered, until ctx ends.
func (l *Live) Run(ctx context.Context) {
	ticks := time.NewTicker(tickEvery)
	defer ticks.Stop()
	repeated, saved := l.o.Now(), l.o.Now()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			l.tell(last)
			l.save(last)
			return
		case <-l.ready:
		case <-ticks.C:
			l.Tick()
		}
		now := l.o.Now()
		if now.Sub(repeated) >= repeatEvery {
			repeated = now
			l.repeat()
		}
		l.tell(ctx)
		if now.Sub(saved) >= saveEvery {
			saved = now
			l.save(ctx)
		}
	}
}

// Tick lets the rules look at the clock.
func (l *Live) Tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.engine.Advance(monitor.TimeSeconds(l.o.Now()))
	l.queue(l.engine.Drain())
}

// repeat tells the desk again what fires still, so that silences that end and
// repeat intervals that pass are noticed.
func (l *Live) repeat() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.firing() {
		l.fire(one)
	}
}

// atOnce is how many subjects are told about at the same time: the store
// commits what comes together together.
const atOnce = 16

// tell hands the reports to the desk, those of one subject in their order. What
// fails is tried again.
func (l *Live) tell(ctx context.Context) {
	l.mu.Lock()
	reports := l.reports
	l.reports = nil
	l.mu.Unlock()
	var order []monitor.Subject
	bySubject := map[monitor.Subject][]report{}
	for _, r := range reports {
		subject := r.outcome.Subject
		if bySubject[subject] == nil {
			order = append(order, subject)
		}
		bySubject[subject] = append(bySubject[subject], r)
	}
	var group sync.WaitGroup
	var changed atomic.Bool
	slots := make(chan struct{}, atOnce)
	for _, subject := range order {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if l.tellAbout(ctx, bySubject[subject]) {
				changed.Store(true)
			}
		})
	}
	group.Wait()
	if changed.Load() && l.o.Changed != nil {
		l.o.Changed()
	}
}

// tellAbout hands over the reports about one subject, and says whether they
// changed an incident.
func (l *Live) tellAbout(ctx context.Context, reports []report) (changed bool) {
	var last time.Time
	for i, r := range reports {
		// The time is that of the clock: a subject's outcomes must follow each
		// other, and events may come in any order.
		r.outcome.At = l.o.Now()
		if !r.outcome.At.After(last) {
			r.outcome.At = last.Add(time.Millisecond)
		}
		last = r.outcome.At
		var change monitor.Change
		var err error
		if r.retire {
			err = l.o.Desk.Retire(ctx, r.watched, monitor.ReasonRetired, "", last)
			changed = true
		} else {
			change, err = l.o.Desk.Report(ctx, r.watched, r.outcome, nil)
			changed = changed || change.Incident != nil
		}
		if err != nil {
			if ctx.Err() == nil { // at the end of the program what is left goes on after the next start
				l.o.Log.Error("an alert of a rule was not recorded and will be tried again", "subject", r.outcome.Subject.String(), "error", err)
			}
			l.mu.Lock()
			l.reports = append(reports[i:], l.reports...)
			l.mu.Unlock()
			break
		}
	}
	return changed
}

func (l *Live) save(ctx context.Context) {
	l.mu.Lock()
	all, err := l.engine.Save()
	seq := l.seq
	l.mu.Unlock()
	if err == nil {
		err = l.o.Windows.SaveRuleWindows(ctx, all, seq)
	}
	if err != nil && ctx.Err() == nil {
		l.o.Log.Error("what the rules remember was not stored", "error", err)
	}
}

// Standing is how the rules are doing.
type Standing struct {
	File     *File
	Firing   []Alert
	Troubles []Trouble
	Keys     int
	Seq      int64 // of the last event
}

// Standing returns how the rules are doing now.
func (l *Live) Standing() Standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Standing{File: l.file, Firing: l.engine.Firing(), Troubles: l.engine.Troubles(), Keys: l.engine.Keys(), Seq: l.seq}
}

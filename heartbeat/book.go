package heartbeat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wingmirror/monitor"
)

// Store keeps what must outlive the process.
type Store interface {
	Definitions
	Beats
	Watch
}

// Definitions are the heartbeats themselves.
type Definitions interface {
	Heartbeats(ctx context.Context) ([]monitor.Heartbeat, error)
	SaveHeartbeat(ctx context.Context, h monitor.Heartbeat, at time.Time) (monitor.Heartbeat, error)
	DeleteHeartbeat(ctx context.Context, id int64) error
}

// Beats are what came in, and what is known since.
type Beats interface {
	// HeartbeatStates returns states without their Values.
	HeartbeatStates(ctx context.Context) (map[int64]monitor.HeartbeatState, error)
	// HeartbeatValues returns what a detector has learned, and the number of the
	// newest beat that it knows; nothing when none was stored.
	HeartbeatValues(ctx context.Context, id int64) (data []byte, seen int64, err error)
	// PutBeat takes a commit, in order, and returns a function that waits until it
	// is stored. It returns at once while fewer than 800 commits wait.
	PutBeat(ctx context.Context, c monitor.BeatCommit) (wait func() error)
	// Beats returns the newest beats, newest first.
	Beats(ctx context.Context, id int64, limit int) ([]monitor.Beat, error)
}

// Watch remembers when deadlines were watched.
type Watch interface {
	MarkWatching(ctx context.Context, at time.Time) error
	WatchedUntil(ctx context.Context) (time.Time, error)
}

// Reporter hears what is found about heartbeats.
type Reporter interface {
	Report(ctx context.Context, w monitor.Watched, o monitor.Outcome, detail *monitor.Detail) (monitor.Change, error)
	Retire(ctx context.Context, w monitor.Watched, why monitor.Reason, author string, at time.Time) error
}

// Options are what Open needs.
type Options struct {
	Store    Store
	Reporter Reporter         // nil: nobody is told
	Zone     *time.Location   // of schedules that name none; nil is UTC
	Quota    int              // heartbeats that a space may have for a beat to make another; 0 is DefaultQuota
	Alerts   []string         // destinations of heartbeats that are made by a beat
	Expiry   string           // schedule of heartbeats that Pacemaker's clients make; "" is learned
	Changed  func()           // called after anything changed, for steady beats once a second; nil: nobody is interested
	Values   int              // detectors of values in memory at once; 0 is DefaultDetectors
	Now      func() time.Time // the clock; required
	Log      *slog.Logger     // nil: nothing is logged
}

// maxMade is how many heartbeats of all spaces together beats make: whoever may
// send a beat to any space could else make spaces without end.
const maxMade = 250_000

// DefaultQuota is how many heartbeats a space may have for a beat to make one more.
const DefaultQuota = 1000

// Book knows all heartbeats in memory, takes their beats, and watches their
// deadlines. It is safe for many goroutines at once.
type Book struct {
	o     Options
	stats stats
	calm  calm
	slots chan struct{} // one for each beat that is being stored

	creating sync.Mutex // held while a heartbeat is saved, before mu

	mu        sync.Mutex
	byID      map[int64]*check
	byRef     map[monitor.HeartbeatRef]*check
	spaces    map[string]int // heartbeats of each
	queue     queue
	shelf     shelf
	unsettled map[*check]bool
	sooner    chan struct{} // has a token when a deadline came nearer
	news      chan struct{} // has a token when something is to be reported
}

// stats count since the start.
type stats struct {
	beats, refused, created, missed atomic.Int64
	latest                          atomic.Int64 // nanoseconds: the worst lateness of the watch
}

// Stats are counts since the start.
type Stats struct {
	Beats   int64         // taken
	Refused int64         // unknown keys, quotas
	Created int64         // heartbeats made by a beat
	Missed  int64         // deadlines that passed
	Latest  time.Duration // longest time from a deadline to its being noticed
}

// Stats returns the counts since the start.
func (b *Book) Stats() Stats {
	return Stats{b.stats.beats.Load(), b.stats.refused.Load(), b.stats.created.Load(), b.stats.missed.Load(), time.Duration(b.stats.latest.Load())}
}

// Open reads everything that is stored.
func Open(ctx context.Context, o Options) (*Book, error) {
	if o.Store == nil || o.Now == nil {
		return nil, errors.New("open heartbeats: Store and Now are required")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Quota == 0 {
		o.Quota = DefaultQuota
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	b := &Book{
		o: o, calm: calm{call: o.Changed}, slots: make(chan struct{}, storing), shelf: shelf{most: cmp.Or(o.Values, DefaultDetectors)}, byID: map[int64]*check{}, byRef: map[monitor.HeartbeatRef]*check{}, spaces: map[string]int{}, unsettled: map[*check]bool{},
		sooner: make(chan struct{}, 1), news: make(chan struct{}, 1),
	}
	all, err := o.Store.Heartbeats(ctx)
	if err != nil {
		return nil, err
	}
	states, err := o.Store.HeartbeatStates(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		state := states[h.ID]
		state.ID = h.ID
		c, err := b.load(h, state)
		if err != nil {
			o.Log.Warn("a heartbeat has to learn anew", "heartbeat", h.Subject().Key, "error", err)
		}
		b.add(c)
	}
	return b, nil
}

// load makes a check of what was stored. On an error the check is good, but has to
// learn anew.
func (b *Book) load(h monitor.Heartbeat, state monitor.HeartbeatState) (*check, error) {
	c := &check{h: h, s: state, index: -1, measured: state.ValuesSeen > 0}
	return c, errors.Join(c.rhythm.Unpack(state.Rhythm), c.runs.Unpack(state.Runs), c.sizes.Unpack(state.Sizes))
}

// add puts a check into every index. b.mu is held, or b is not shared yet.
func (b *Book) add(c *check) {
	b.byID[c.h.ID], b.byRef[c.h.Ref()] = c, c
	b.spaces[c.h.Space]++
	if c.s.Beats > 0 && !c.s.Settled {
		b.unsettled[c] = true
	}
	if b.queue.settle(c) {
		signal(b.sooner)
	}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Verdict is what a beat's sender is told.
type Verdict struct {
	ID       int64
	N        int64         // the beat's number
	Level    monitor.Level //
	Word     string        // as Pacemaker says it
	Message  string        // why Level is bad; "" when all is well
	Deadline time.Time     // of the next beat; zero: never
	Created  bool          // the heartbeat is new
}

const (
	// storing is how many beats are on their way into the database at once. With
	// what the watch stores they are fewer than PutBeat takes without waiting, so
	// that nobody waits for a slow disk with the book locked.
	storing     = 512
	storingWait = 10 * time.Second // for one of those places
	atOnce      = 64               // commits that the watch hands over before it waits for them
)

// Take takes one beat, at the time it is received, and returns when it is
// stored. The first beat of a name makes the heartbeat.
func (b *Book) Take(ctx context.Context, a Arrival) (Verdict, error) {
	a.Body, a.Run = a.Body[:min(len(a.Body), monitor.MaxBeatBody)], monitor.Cut(a.Run, monitor.MaxBeatRun)
	if len(a.Body) == 0 {
		a.Body = nil
	}
	if err := b.enter(ctx); err != nil {
		return Verdict{}, err
	}
	defer func() { <-b.slots }()
	created := false
	for {
		b.mu.Lock()
		c := b.byRef[a.Ref]
		if c == nil {
			b.mu.Unlock()
			made, err := b.create(ctx, a)
			if err != nil {
				b.stats.refused.Add(1)
				return Verdict{}, err
			}
			created = made
			continue
		}
		if a.judgesValue() && c.measured && c.values == nil {
			b.mu.Unlock()
			if err := b.fetchValues(ctx, c); err != nil {
				return Verdict{}, err
			}
			continue
		}
		level := c.s.Level
		v, wait := b.takeLocked(ctx, c, a)
		crowded := b.shelf.order.Len() > b.shelf.most
		b.mu.Unlock()
		v.Created = created
		if err := wait(); err != nil {
			return Verdict{}, err
		}
		b.stats.beats.Add(1)
		if created || v.Level != level {
			b.o.Changed()
		}
		b.calm.ring()
		if crowded {
			b.tidy(context.WithoutCancel(ctx), time.Time{})
		}
		return v, nil
	}
}

// enter waits for a place among the beats that are being stored.
func (b *Book) enter(ctx context.Context) error {
	select {
	case b.slots <- struct{}{}:
		return nil
	default:
	}
	limit := time.NewTimer(storingWait)
	defer limit.Stop()
	select {
	case b.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-limit.C:
		return fmt.Errorf("%w: the database is too slow for the beats that come", monitor.ErrUnavailable)
	}
}

func (b *Book) takeLocked(ctx context.Context, c *check, a Arrival) (Verdict, func() error) {
	at := b.o.Now().UTC().Truncate(time.Millisecond)
	commit := c.take(a, at, b.o.Zone)
	if a.judgesValue() {
		b.shelf.use(c, at)
	}
	wait := b.put(ctx, c, commit)
	return Verdict{ID: c.h.ID, N: commit.Beat.N, Level: c.s.Level, Word: c.s.Word, Message: c.s.Message, Deadline: c.s.Deadline}, wait
}

// put hands a commit to the store, and everything that follows from it to the
// watch. b.mu is held, so the store sees commits in order.
func (b *Book) put(ctx context.Context, c *check, commit monitor.BeatCommit) (wait func() error) {
	c.s.Rhythm, c.s.Runs, c.s.Sizes = c.rhythm.Pack(), c.runs.Pack(), c.sizes.Pack()
	commit.State = c.s
	if now := b.o.Now(); c.unsaved && (now.Sub(c.saved) >= saveValues || c.s.Beats-c.s.ValuesSeen >= saveBeats) {
		b.saveDetector(c, &commit, now)
	}
	if b.queue.settle(c) {
		signal(b.sooner)
	}
	if !c.s.Settled && c.s.Beats > 0 {
		if !b.unsettled[c] {
			b.unsettled[c] = true
		}
		if len(commit.Events) > 0 || c.reported.IsZero() {
			c.again = time.Time{}
			signal(b.news)
		}
	}
	return b.o.Store.PutBeat(context.WithoutCancel(ctx), commit)
}

// create makes the heartbeat that a beat names, unless its space has enough.
func (b *Book) create(ctx context.Context, a Arrival) (bool, error) {
	b.creating.Lock()
	defer b.creating.Unlock()
	b.mu.Lock()
	_, there := b.byRef[a.Ref]
	n, all := b.spaces[a.Ref.Space], len(b.byID)
	b.mu.Unlock()
	if there {
		return false, nil
	}
	quota := a.Quota
	if quota == 0 {
		quota = b.o.Quota
	}
	if all >= maxMade {
		return false, fmt.Errorf("%w: there are %d heartbeats, more than beats may make; delete some, or make this one on its page", monitor.ErrDenied, all)
	}
	if n >= quota {
		return false, &QuotaError{Space: a.Ref.Space, Quota: quota}
	}
	h := monitor.Heartbeat{Space: a.Ref.Space, Name: a.Ref.Name, Alerts: b.o.Alerts, Active: true}
	if a.Schedule != nil {
		h.Schedule = *a.Schedule
	} else if a.Payload != nil {
		h.Schedule.Kind = monitor.ScheduleKind(b.o.Expiry)
	}
	if _, err := b.save(ctx, h, ""); err != nil {
		return false, err
	}
	b.stats.created.Add(1)
	return true, nil
}

// QuotaError is that a beat would make one heartbeat too many.
type QuotaError struct {
	Space string
	Quota int
}

// Error says what to do.
func (e *QuotaError) Error() string {
	return fmt.Sprintf("the space %s has %d heartbeats already, as many as a key may make; delete some, or make this one on its page", monitor.Cut(e.Space, 100), e.Quota)
}

// Unwrap returns ErrDenied.
func (e *QuotaError) Unwrap() error { return monitor.ErrDenied }

// sortRefs orders by space and name, as the store does.
func sortRefs(a, b monitor.HeartbeatRef) int {
	if d := strings.Compare(a.Space, b.Space); d != 0 {
		return d
	}
	return strings.Compare(a.Name, b.Name)
}

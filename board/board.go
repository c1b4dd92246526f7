// Package board keeps one alert level per component, from DC5 (everything is
// fine) to DC1 (freeze), for people to read and override and for pipelines to
// gate deploys on.
//
// Sources bring rationales, each on its own schedule; people push rationales and
// override levels; a tree of components folds them into levels. All of that is
// in memory: a read asks neither the database nor a source, and goes on being
// answered, marked stale, when they are down. What a source said last stays in
// force while it fails, and its failing is a rationale of its own.
//
// The package does no I/O itself: sources, records and reports are handed in.
package board

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"wingmirror/monitor"
)

// Source is where rationales come from.
type Source interface {
	// Read returns the rationales of now. An error leaves those of the last Read
	// in force.
	Read(ctx context.Context, at time.Time) ([]monitor.Rationale, error)
}

// Server is what a Source may be besides: one that knows what it asks, by a name
// that all sources which ask the same share. When it does not answer, that is one
// trouble and not one for each of them.
type Server interface{ Server() string }

// Opener makes a source of its configuration. Only a trusted one may name files
// of this machine.
type Opener interface {
	Open(s monitor.BoardSource, trusted bool) (Source, error)
}

// Records is what the board begins with, and looks at again from time to time.
type Records interface {
	BoardRecords(ctx context.Context, at time.Time) (monitor.BoardRecords, error)
}

// Journal keeps what the board finds out by itself.
type Journal interface {
	// NumberSources gives every source that has no number one, in their order,
	// and returns the numbers.
	NumberSources(ctx context.Context, sources []monitor.SourceState, at time.Time) ([]monitor.SourceState, error)
	SaveSourceState(ctx context.Context, s monitor.SourceState) error
	// AddBoardChanges stores changes, and tells the news that they are to subscribers.
	AddBoardChanges(ctx context.Context, changes []monitor.BoardChange, news []monitor.BoardNews) error
}

// Acts stores what people do. See store.DB for the errors.
type Acts interface {
	SaveOverride(ctx context.Context, o monitor.Override) (monitor.Override, error)
	SavePush(ctx context.Context, r monitor.Rationale) error
	DeletePush(ctx context.Context, component, id string) error
	SaveBoardInstance(ctx context.Context, i monitor.BoardInstance) (monitor.BoardInstance, error)
}

// Reporter is told how the components that alert somebody stand.
type Reporter interface {
	// ReportComponent takes an outcome; alerts are all who are told.
	ReportComponent(ctx context.Context, c monitor.Component, alerts []string, o monitor.Outcome) error
	// RetireComponent ends what is open about a component that alerts nobody any more.
	RetireComponent(ctx context.Context, c monitor.Component, at time.Time) error
}

// Options are what a board stands on.
type Options struct {
	Opener   Opener
	Checker  Checker
	Records  Records
	Journal  Journal
	Acts     Acts
	Reporter Reporter // nil: nobody is told
	Changed  func()   // rings when something that pages show has changed; nil: nobody listens
	Config   Config   // of the files
	Problems Problems // of the files
	Now      func() time.Time
	Log      *slog.Logger
	Parallel int // sources read at once; 0 is 32
}

// Board is the whole board. It is safe for many goroutines at once.
type Board struct {
	o       Options
	current atomic.Pointer[Look]
	dirty   atomic.Bool
	kick    chan struct{} // has a token when the follower has something to do
	slots   chan struct{} // one for each source that may be read at once

	acting sync.Mutex // one act at a time: first stored, then in memory; taken before mu

	mu            sync.Mutex
	files         Config                        // as read last
	made          []monitor.Component           // in the pages
	words         map[monitor.DC]monitor.DCInfo // of levels, chosen in the pages
	components    []monitor.Component           // both
	sources       map[sourceKey]*source
	overrides     []monitor.Override
	pushes        map[pushKey]monitor.Rationale
	instances     map[int64]monitor.BoardInstance
	subscriptions []monitor.Subscription
	levels        map[string]standingLevel
	changes       []monitor.BoardChange // that are not stored yet
	news          []monitor.BoardNews   // of these changes
	recent        map[string][]monitor.BoardChange
	storeDown     time.Time // since when the records do not answer; zero while they do
	problems      Problems  // of the files as they are now
	faults        map[string]fault
	running       context.Context //nolint:containedctx // the life of Run, for sources that are started during it
	readers       sync.WaitGroup
}

type sourceKey struct{ component, name string }

type pushKey struct{ component, id string }

// standingLevel is a component's level as it was last noted.
type standingLevel struct {
	level    monitor.DC
	since    time.Time
	override *monitor.Override
}

// fault is since when a component cannot be used as it is written, and how it
// stood when it could: it is never taken for better than that.
type fault struct {
	since time.Time
	stood monitor.DC
}

// rationales say that a component cannot be used, and how it stood.
func (f fault) rationales(c monitor.Component) []monitor.Rationale {
	all := []monitor.Rationale{{
		ID: "fault", Level: monitor.DC3, Title: "Its configuration cannot be used", Description: monitor.Cut(c.Fault, maxText), Failure: true,
	}}
	if f.stood.Worse(monitor.DC5) {
		all = append(all, monitor.Rationale{ID: "stood", Level: f.stood, Title: "It stood at " + f.stood.String() + " when its configuration could last be used", Stale: true})
	}
	for i := range all {
		r := &all[i]
		r.Component, r.Source, r.Start, r.Seen, r.Changed = c.ID, "configuration", f.since, f.since, f.since
	}
	return all
}

// Look is the board at a time. It is never changed once it can be read.
type Look struct {
	*tree
	At        time.Time
	Levels    map[monitor.DC]monitor.DCInfo
	StoreDown time.Time // since when the database does not answer; zero while it does
	Problems  Problems  // of the files as they are now; what they concern counts as it did before
}

// Node returns a component, or nil.
func (l *Look) Node(id string) *Node { return l.byID[id] }

// Nodes returns all components, parents before their children.
func (l *Look) Nodes() []*Node { return l.nodes }

// IDs returns the IDs of all components.
func (l *Look) IDs() []string {
	ids := make([]string, len(l.nodes))
	for i, n := range l.nodes {
		ids[i] = n.ID
	}
	return ids
}

// Info returns how a level is called for a component and what it means there.
func (l *Look) Info(n *Node, level monitor.DC) monitor.DCInfo {
	info := l.Levels[level]
	for up := n; up != nil; up = up.Up {
		if effects, own := up.Effects[level]; own {
			info.Effects = effects
			break
		}
	}
	return info
}

// Stale reports whether what is said of a component may be out of date.
func (l *Look) Stale(n *Node) bool { return n.Stale || !l.StoreDown.IsZero() }

// parallel is how many sources are read at once unless Options say otherwise.
const parallel = 32

// New makes a board of its configuration and records. Nothing runs yet, but it
// can be read at once.
func New(ctx context.Context, o Options) (*Board, error) {
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Parallel == 0 {
		o.Parallel = parallel
	}
	b := &Board{
		o: o, kick: make(chan struct{}, 1), slots: make(chan struct{}, o.Parallel), files: o.Config, problems: o.Problems,
		sources: map[sourceKey]*source{}, pushes: map[pushKey]monitor.Rationale{}, instances: map[int64]monitor.BoardInstance{},
		levels: map[string]standingLevel{}, recent: map[string][]monitor.BoardChange{},
	}
	now := o.Now()
	records, err := o.Records.BoardRecords(ctx, now)
	if err != nil {
		return nil, err
	}
	b.takeRecords(records)
	for _, change := range slices.Backward(records.Changes) {
		b.remember(change)
		b.levels[change.Component] = standingLevel{level: change.To, since: change.At}
	}
	known := make(map[sourceKey]monitor.SourceState, len(records.Sources))
	for _, s := range records.Sources {
		known[sourceKey{s.Component, s.Name}] = s
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.arrange(ctx, known); err != nil {
		return nil, err
	}
	b.current.Store(&Look{tree: &tree{byID: map[string]*Node{}}, At: now})
	b.refresh(now)
	return b, nil
}

// Look returns the board as it stands now. It asks nobody, and may be called
// for every request.
func (b *Board) Look() *Look {
	now := b.o.Now()
	// The order matters: whoever sees that nothing is dirty sees the look that
	// was made of the last change, too.
	if !b.dirty.Load() {
		if l := b.current.Load(); l.holdsAt(now) {
			return l
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refresh(now)
	b.nudge()
	return b.current.Load()
}

func (l *Look) holdsAt(now time.Time) bool { return l.until.IsZero() || now.Before(l.until) }

// changed notes that the facts have changed. The lock is held.
func (b *Board) changed() {
	b.dirty.Store(true)
	b.nudge()
}

func (b *Board) nudge() {
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// maxSteps bounds how many planned moments are gone through one by one after a
// long pause; the last look is always that of now.
const maxSteps = 200

// refresh makes the look of now. Planned moments that have passed are gone
// through in order, so that history tells when a level really changed. The lock
// is held.
func (b *Board) refresh(now time.Time) {
	for range maxSteps {
		l := b.current.Load()
		if b.dirty.Load() || l.holdsAt(now) {
			break
		}
		b.step(l.until)
	}
	if b.dirty.Load() || b.current.Load().At.IsZero() || len(b.current.Load().nodes) != len(b.components) || !b.current.Load().holdsAt(now) {
		b.step(now)
		b.dirty.Store(false) // only now: see Look
	}
}

// step makes the look of a time and notes which levels have changed.
func (b *Board) step(at time.Time) {
	t := b.facts().grow(at)
	for _, n := range t.nodes {
		before, known := b.levels[n.ID]
		if n.Since = before.since; known && before.level == n.Level {
			before.override = n.Override
			b.levels[n.ID] = before
			continue
		}
		n.Since = at
		if n.Settling {
			continue
		}
		b.levels[n.ID] = standingLevel{level: n.Level, since: at, override: n.Override}
		change := monitor.BoardChange{Component: n.ID, At: at, From: before.level, To: n.Level}
		change.Cause, change.Author = n.cause(before.override)
		b.changes = append(b.changes, change)
		b.news = append(b.news, b.newsOf(n, change)...)
		b.remember(change)
	}
	b.current.Store(&Look{tree: t, At: at, Levels: b.names(), StoreDown: b.storeDown, Problems: b.problems})
}

// FileLevels returns the words of levels that a file has; they count more than
// those that were chosen in the pages.
func (b *Board) FileLevels() map[monitor.DC]monitor.DCInfo {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.files.Levels)
}

// names are the words of the levels.
func (b *Board) names() map[monitor.DC]monitor.DCInfo {
	names := monitor.DefaultDCs()
	for dc, info := range b.words {
		names[dc] = monitor.DCInfo{Name: cmp.Or(info.Name, names[dc].Name), Effects: cmp.Or(info.Effects, names[dc].Effects)}
	}
	for dc, info := range b.files.Levels {
		info.Name = cmp.Or(info.Name, names[dc].Name)
		names[dc] = info
	}
	return names
}

// facts gathers what the levels follow from. The lock is held.
func (b *Board) facts() facts {
	f := facts{
		components: b.components, rationales: map[string][]monitor.Rationale{},
		overrides: map[string][]monitor.Override{}, standings: map[string][]Standing{},
	}
	for _, c := range b.components {
		if broken, is := b.faults[c.ID]; is {
			f.rationales[c.ID] = append(f.rationales[c.ID], broken.rationales(c)...)
		}
		for _, configured := range c.Sources {
			s := b.sources[sourceKey{c.ID, configured.Name}]
			if s == nil {
				continue
			}
			f.standings[c.ID] = append(f.standings[c.ID], s.standing())
			f.rationales[c.ID] = append(f.rationales[c.ID], s.rationales()...)
		}
	}
	for key, r := range b.pushes {
		if key.component != "" {
			f.rationales[key.component] = append(f.rationales[key.component], r)
		}
	}
	for _, i := range b.instances {
		if i.Component == "" {
			continue
		}
		for _, id := range i.Statuses {
			if r, ok := b.pushes[pushKey{"", id}]; ok {
				r.Component, r.Source = i.Component, i.Name
				f.rationales[i.Component] = append(f.rationales[i.Component], r)
			}
		}
	}
	for _, o := range b.overrides {
		f.overrides[o.Component] = append(f.overrides[o.Component], o)
	}
	return f
}

// maxRecent is how many changes of a component are kept in memory.
const maxRecent = 50

func (b *Board) remember(change monitor.BoardChange) {
	all := append([]monitor.BoardChange{change}, b.recent[change.Component]...)
	b.recent[change.Component] = all[:min(len(all), maxRecent)]
}

// Recent returns the newest changes of a component's level, newest first.
func (b *Board) Recent(component string) []monitor.BoardChange {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.recent[component])
}

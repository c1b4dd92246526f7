package board

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
)

// memory is a store that can be down.
type memory struct {
	mu      sync.Mutex
	down    bool
	records monitor.BoardRecords
	changes []monitor.BoardChange
	news    []monitor.BoardNews
	states  map[int64]monitor.SourceState
	numbers int64
}

var errDown = errors.New("the disk is gone")

func (m *memory) use(fn func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return errDown
	}
	fn()
	return nil
}

func (m *memory) setDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

func (m *memory) BoardRecords(context.Context, time.Time) (r monitor.BoardRecords, err error) {
	err = m.use(func() {
		r = m.records
		r.Overrides, r.Pushes, r.Instances = slices.Clone(r.Overrides), slices.Clone(r.Pushes), slices.Clone(r.Instances)
		for _, s := range m.states {
			r.Sources = append(r.Sources, s)
		}
		r.Changes = slices.Clone(m.changes)
		slices.Reverse(r.Changes)
	})
	return r, err
}

func (m *memory) NumberSources(_ context.Context, all []monitor.SourceState, at time.Time) ([]monitor.SourceState, error) {
	err := m.use(func() {
		for i := range all {
			if all[i].Number == 0 {
				m.numbers++
				all[i].Number, all[i].CreatedAt = m.numbers, at
			}
		}
	})
	return all, err
}

func (m *memory) SaveSourceState(_ context.Context, s monitor.SourceState) error {
	return m.use(func() {
		if m.states == nil {
			m.states = map[int64]monitor.SourceState{}
		}
		m.states[s.Number] = s
	})
}

func (m *memory) AddBoardChanges(_ context.Context, changes []monitor.BoardChange, news []monitor.BoardNews) error {
	return m.use(func() { m.changes, m.news = append(m.changes, changes...), append(m.news, news...) })
}

func (m *memory) SaveOverride(_ context.Context, o monitor.Override) (monitor.Override, error) {
	err := m.use(func() {
		m.records.Overrides = slices.DeleteFunc(m.records.Overrides, func(other monitor.Override) bool { return other.ID == o.ID })
		if o.ID == 0 {
			o.ID = int64(len(m.records.Overrides) + 1)
		}
		m.records.Overrides = append(m.records.Overrides, o)
	})
	return o, err
}

func (m *memory) SavePush(_ context.Context, r monitor.Rationale) error {
	return m.use(func() { m.records.Pushes = append(m.records.Pushes, r) })
}

func (m *memory) DeletePush(_ context.Context, _, id string) error {
	return m.use(func() {
		m.records.Pushes = slices.DeleteFunc(m.records.Pushes, func(r monitor.Rationale) bool { return r.ID == id })
	})
}

func (m *memory) SaveBoardInstance(_ context.Context, i monitor.BoardInstance) (monitor.BoardInstance, error) {
	return i, m.use(func() { m.records.Instances = append(m.records.Instances, i) })
}

// script is a source that does what it is told.
type script struct {
	mu  sync.Mutex
	say func(ctx context.Context, at time.Time) ([]monitor.Rationale, error)
}

func (s *script) set(say func(ctx context.Context, at time.Time) ([]monitor.Rationale, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say = say
}

func (s *script) says(all ...monitor.Rationale) {
	s.set(func(context.Context, time.Time) ([]monitor.Rationale, error) { return all, nil })
}

func (s *script) Read(ctx context.Context, at time.Time) ([]monitor.Rationale, error) {
	s.mu.Lock()
	say := s.say
	s.mu.Unlock()
	return say(ctx, at)
}

// opener opens scripts by the source's type.
type opener map[string]*script

func (o opener) Open(s monitor.BoardSource, _ bool) (Source, error) {
	if script := o[s.Type]; script != nil {
		return script, nil
	}
	return nil, errors.New("no such type")
}

func (o opener) CheckSource(monitor.BoardSource, bool) error { return nil }

// reports remembers what was reported.
type reports struct {
	mu  sync.Mutex
	all []monitor.Outcome
	end []string
}

func (r *reports) ReportComponent(_ context.Context, _ monitor.Component, _ []string, o monitor.Outcome) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, o)
	return nil
}

func (r *reports) RetireComponent(_ context.Context, c monitor.Component, _ time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end = append(r.end, c.ID)
	return nil
}

func (r *reports) last() monitor.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) == 0 {
		return monitor.Outcome{}
	}
	return r.all[len(r.all)-1]
}

// world is a running board: production, and shop below it with the source "s".
type world struct {
	*Board
	store   *memory
	source  *script
	reports *reports
	t       *testing.T
}

func config() Config {
	return Config{Components: []monitor.Component{
		{ID: "production", Contact: "ops@example.com", File: "b.yaml", Alerts: []string{"mailto:a@example.com"}},
		{ID: "shop", Parent: "production", File: "b.yaml", Sources: []monitor.BoardSource{{Name: "s", Type: "script"}}},
	}}
}

func newWorld(t *testing.T, store *memory) *world {
	w := &world{store: store, source: &script{}, reports: &reports{}, t: t}
	w.source.says()
	var err error
	o := opener{"script": w.source}
	w.Board, err = New(t.Context(), Options{
		Opener: o, Checker: o, Records: store, Journal: store, Acts: store, Reporter: w.reports, Config: config(),
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// start runs the board until the test is over or stop is called.
func (w *world) start() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	synctest.Wait()
	return func() { cancel(); <-done }
}

func (w *world) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) want(component string, level monitor.DC) {
	w.t.Helper()
	if got := w.Look().Node(component).Level; got != level {
		w.t.Errorf("%s is %v, want %v", component, got, level)
	}
}

func TestBoard_AFailingSourceKeepsWhatItSaidAndIsNeverGood(t *testing.T) {
	garbage := errors.New("garbage")
	failures := map[string]func(ctx context.Context, at time.Time) ([]monitor.Rationale, error){
		"error": func(context.Context, time.Time) ([]monitor.Rationale, error) { return nil, garbage },
		"hangs": func(ctx context.Context, _ time.Time) ([]monitor.Rationale, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"slow": func(ctx context.Context, _ time.Time) ([]monitor.Rationale, error) {
			select {
			case <-time.After(11 * time.Second):
				return nil, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
		"panics": func(context.Context, time.Time) ([]monitor.Rationale, error) { panic("oops") },
		"floods": func(context.Context, time.Time) ([]monitor.Rationale, error) {
			return make([]monitor.Rationale, maxRationales+1), nil
		},
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, &memory{})
				w.source.says(monitor.Rationale{ID: "a", Level: monitor.DC1, Title: "on fire"})
				defer w.start()()
				w.want("production", monitor.DC1)
				w.source.set(fail)
				w.after(90 * time.Second)
				w.want("production", monitor.DC1)
				shop := w.Look().Node("shop")
				if len(shop.Rationales) != 2 || !shop.Rationales[0].Stale || shop.Rationales[1].ID != "failing:s" || shop.Rationales[1].Level != monitor.DC3 {
					t.Errorf("rationales: %+v", shop.Rationales)
				}
				if !shop.Stale || !w.Look().Node("production").Stale || shop.Sources[0].Error == "" {
					t.Error("neither the source nor the level is marked")
				}

				w.source.says()
				w.after(2 * time.Minute)
				w.want("production", monitor.DC5)
				w.source.set(fail)
				w.after(2 * time.Minute)
				w.want("production", monitor.DC3)
				if l := w.Look(); l.Gate(l.Node("shop"), monitor.DC4, UnknownCounts).Allowed || !l.Gate(l.Node("shop"), monitor.DC4, UnknownAllow).Allowed {
					t.Error("on_unknown=allow must be the only way past a source that fails")
				}
			})
		})
	}
}

func TestBoard_OverrideWorksAtOnceOutlivesRunsAndEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &memory{})
		w.source.says(monitor.Rationale{ID: "a", Level: monitor.DC1, Title: "on fire"})
		defer w.start()()
		o, err := w.Override(t.Context(), monitor.Override{Component: "production", Level: monitor.DC4, Reason: "known", Author: "ann", Until: time.Now().Add(10 * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		w.want("production", monitor.DC4)
		w.want("shop", monitor.DC1)
		w.after(5 * time.Minute)
		w.want("production", monitor.DC4)
		if _, err := w.Extend(t.Context(), "production", o.ID, time.Now().Add(10*time.Minute), "bob"); err != nil {
			t.Fatal(err)
		}
		w.after(9 * time.Minute)
		w.want("production", monitor.DC4)
		ended := time.Now().Add(time.Minute)
		w.after(2 * time.Minute)
		w.want("production", monitor.DC1)
		recent := w.Recent("production")
		if len(recent) != 3 || !recent[0].At.Equal(ended) || !strings.Contains(recent[0].Cause, "the override by ann is over; on fire") ||
			recent[1].Author != "ann" || recent[1].From != monitor.DC1 || recent[1].To != monitor.DC4 {
			t.Errorf("history: %+v", recent)
		}
	})
}

func TestBoard_AnswersFromMemoryWhileTheDatabaseIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		w := newWorld(t, store)
		defer w.start()()
		_, err := w.Override(t.Context(), monitor.Override{Component: "production", Level: monitor.DC1, Reason: "freeze", Author: "ann", Until: time.Now().Add(10 * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		w.after(time.Second)
		stored := len(store.changes)
		store.setDown(true)
		w.after(30 * time.Second)
		l := w.Look()
		if production := l.Node("production"); production.Level != monitor.DC1 || !l.Stale(production) {
			t.Errorf("level %v, stale %v; want DC1, marked stale", production.Level, l.Stale(production))
		}
		if _, err := w.Override(t.Context(), monitor.Override{Component: "shop", Level: monitor.DC2, Reason: "x", Author: "ann", Until: time.Now().Add(time.Hour)}); !errors.Is(err, errDown) {
			t.Errorf("an override that cannot be stored: %v", err)
		}
		w.want("shop", monitor.DC5)
		w.after(10 * time.Minute) // the override ends while the database is gone
		w.want("production", monitor.DC5)
		store.setDown(false)
		w.after(20 * time.Second)
		if l := w.Look(); l.Stale(l.Node("production")) {
			t.Error("still stale after the database came back")
		}
		w.after(15 * time.Second)
		if got := len(store.changes); got != stored+1 {
			t.Errorf("%d changes stored, want the %d of before and the one of the outage", got, stored)
		}
	})
}

func TestBoard_ARestartKnowsWhatWasKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		w := newWorld(t, store)
		w.source.says(monitor.Rationale{ID: "a", Level: monitor.DC1, Title: "on fire"})
		w.start()()
		again := newWorld(t, store)
		again.source.set(func(ctx context.Context, _ time.Time) ([]monitor.Rationale, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		again.want("production", monitor.DC1)
		if !again.Look().Node("production").Stale {
			t.Error("what is known from before is not marked stale")
		}
		defer again.start()()
		again.after(time.Minute)
		again.want("production", monitor.DC1)
		if changes := again.Recent("production"); len(changes) != 1 {
			t.Errorf("the restart made history: %+v", changes)
		}
	})
}

func TestBoard_AScheduledFreezeBeginsAndEndsBetweenRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &memory{})
		from := time.Now().Add(90 * time.Second)
		w.source.says(monitor.Rationale{ID: "f", Level: monitor.DC1, Title: "freeze", Start: from, End: from.Add(10 * time.Second)})
		defer w.start()()
		w.want("production", monitor.DC5)
		if next := w.Look().Node("production").Next(); !next.Equal(from) {
			t.Errorf("next change %v, want %v", next, from)
		}
		w.after(95 * time.Second)
		w.want("production", monitor.DC1)
		w.after(6 * time.Second)
		w.want("production", monitor.DC5)
		if recent := w.Recent("production"); len(recent) != 3 || !recent[1].At.Equal(from) {
			t.Errorf("history: %+v", recent)
		}
	})
}

func TestBoard_ASourceThatWasNeverHeardIsNeitherGoodNorNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &memory{})
		w.source.set(func(ctx context.Context, _ time.Time) ([]monitor.Rationale, error) {
			time.Sleep(3 * time.Second)
			return nil, nil
		})
		w.want("production", monitor.DC3)
		defer w.start()()
		w.after(time.Second)
		if len(w.Recent("production")) != 0 || w.reports.last() != (monitor.Outcome{}) {
			t.Error("there is news before anything is known")
		}
		w.after(5 * time.Second)
		w.want("production", monitor.DC5)
		if recent := w.Recent("production"); len(recent) != 1 || recent[0].To != monitor.DC5 {
			t.Errorf("history: %+v", recent)
		}
	})
}

func TestBoard_ReportsComponentsThatAlertSomebody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &memory{})
		w.source.says(monitor.Rationale{ID: "a", Level: monitor.DC2, Title: "slow", Link: "https://x.example.com/1"})
		defer w.start()()
		if o := w.reports.last(); o.Subject.String() != "component/production" || o.Level != monitor.Critical || !strings.Contains(o.Message, "DC2 slow (shop) https://x.example.com/1") {
			t.Errorf("got %+v", o)
		}
		w.source.says()
		w.after(time.Minute)
		if o := w.reports.last(); o.Level != monitor.OK {
			t.Errorf("got %+v", o)
		}
		w.source.set(func(context.Context, time.Time) ([]monitor.Rationale, error) { return nil, errDown })
		w.after(time.Minute)
		if o := w.reports.last(); o.Level != monitor.Unknown || o.Fault != monitor.FaultFetch {
			t.Errorf("a source that fails must be a fault, not an incident: %+v", o)
		}
		w.UseFiles(t.Context(), Config{Components: config().Components[1:]}, nil)
		w.after(time.Minute)
		if len(w.reports.end) != 1 || w.reports.end[0] != "production" {
			t.Errorf("retired: %v", w.reports.end)
		}
	})
}

func TestBoard_PushedRationalesStayUntilTheirEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &memory{})
		defer w.start()()
		push := monitor.Rationale{ID: "deploy-7", Component: "shop", Level: monitor.DC2, Title: "rolling back", End: time.Now().Add(5 * time.Minute), Author: "ci"}
		if _, err := w.Push(t.Context(), push); err != nil {
			t.Fatal(err)
		}
		w.want("production", monitor.DC2)
		w.after(4 * time.Minute)
		w.want("production", monitor.DC2)
		w.after(2 * time.Minute)
		w.want("production", monitor.DC5)
		push.End = time.Now().Add(time.Hour)
		if _, err := w.Push(t.Context(), push); err != nil {
			t.Fatal(err)
		}
		w.want("production", monitor.DC2)
		if err := w.Withdraw(t.Context(), "shop", "deploy-7"); err != nil {
			t.Fatal(err)
		}
		w.want("production", monitor.DC5)
		if err := w.Withdraw(t.Context(), "shop", "deploy-7"); !errors.Is(err, monitor.ErrNotFound) {
			t.Errorf("withdrawn twice: %v", err)
		}
		if _, err := w.Push(t.Context(), monitor.Rationale{ID: "x", Component: "shpo", Level: 1, Title: "t", End: time.Now().Add(time.Hour)}); !errors.Is(err, monitor.ErrNotFound) || !strings.Contains(err.Error(), "did you mean shop?") {
			t.Errorf("an unknown component: %v", err)
		}
	})
}

func TestGate_SaysWhyAndWhomToAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &memory{})
		w.source.says(monitor.Rationale{ID: "a", Level: monitor.DC3, Title: "slow"})
		defer w.start()()
		l := w.Look()
		v := l.Gate(l.Node("shop"), monitor.DC4, UnknownCounts)
		if v.Allowed || v.Ask != "ops@example.com" || len(v.Reasons) != 1 || v.Why != "shop is DC3 warning, and DC4 or better is asked for" {
			t.Errorf("got %+v", v)
		}
		if v = l.Gate(l.Node("shop"), monitor.DC3, UnknownDeny); !v.Allowed {
			t.Errorf("got %+v", v)
		}
	})
}

func TestLook_WhoeverActsSeesWhatFollowsAtOnce(t *testing.T) {
	w := newWorld(t, &memory{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for i := range 2000 {
		level := monitor.DC1 + monitor.DC(i%4)
		if _, err := w.Override(t.Context(), monitor.Override{ID: 1, Component: "production", Level: level, Reason: "r", Author: "a", From: time.Unix(1, 0), Until: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if got := w.Look().Node("production").Level; got != level {
			t.Fatalf("act %d: the level is %v, want %v", i, got, level)
		}
	}
}

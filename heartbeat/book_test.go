package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
)

// memory is a store that a test can look into.
type memory struct {
	mu      sync.Mutex
	all     map[int64]monitor.Heartbeat
	states  map[int64]monitor.HeartbeatState
	beats   map[int64][]monitor.Beat // newest first
	events  map[int64][]monitor.HeartbeatEvent
	values  map[int64]storedValues
	watched time.Time
	broken  error
}

type storedValues struct {
	data []byte
	seen int64
}

func newMemory() *memory {
	return &memory{
		all: map[int64]monitor.Heartbeat{}, states: map[int64]monitor.HeartbeatState{},
		beats: map[int64][]monitor.Beat{}, events: map[int64][]monitor.HeartbeatEvent{}, values: map[int64]storedValues{},
	}
}

func (m *memory) Heartbeats(context.Context) ([]monitor.Heartbeat, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.all)), nil
}

func (m *memory) HeartbeatStates(context.Context) (map[int64]monitor.HeartbeatState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.states), nil
}

func (m *memory) HeartbeatValues(_ context.Context, id int64) ([]byte, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[id].data, m.values[id].seen, m.broken
}

func (m *memory) SaveHeartbeat(_ context.Context, h monitor.Heartbeat, at time.Time) (monitor.Heartbeat, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h.ID == 0 {
		h.ID, h.CreatedAt = int64(len(m.all)+1), at
	}
	h.Version, h.UpdatedAt = h.Version+1, at
	m.all[h.ID] = h
	return h, nil
}

func (m *memory) DeleteHeartbeat(_ context.Context, id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, id)
	delete(m.states, id)
	return nil
}

func (m *memory) PutBeat(_ context.Context, c monitor.BeatCommit) func() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return func() error { return m.broken }
	}
	id := c.State.ID
	if c.State.Values != nil {
		m.values[id] = storedValues{c.State.Values, c.State.ValuesSeen}
	}
	c.State.Values = nil
	m.states[id] = c.State
	m.events[id] = append(m.events[id], c.Events...)
	if c.Beat != nil {
		m.beats[id] = append([]monitor.Beat{*c.Beat}, m.beats[id]...)
	}
	return func() error { return nil }
}

func (m *memory) Beats(_ context.Context, id int64, limit int) ([]monitor.Beat, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.beats[id][:min(limit, len(m.beats[id]))]), nil
}

func (m *memory) MarkWatching(_ context.Context, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watched = at
	return nil
}

func (m *memory) WatchedUntil(context.Context) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.watched, nil
}

// listener is a reporter that takes every outcome as final.
type listener struct {
	mu       sync.Mutex
	outcomes []monitor.Outcome
	retired  []monitor.Subject
}

func (l *listener) Report(_ context.Context, _ monitor.Watched, o monitor.Outcome, _ *monitor.Detail) (monitor.Change, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes = append(l.outcomes, o)
	change := monitor.Change{State: monitor.State{Subject: o.Subject, Level: o.Level, At: o.At}}
	if o.Level.Bad() {
		change.State.Open = &monitor.Open{Key: "x", OpenedAt: o.At, Level: o.Level}
	}
	return change, nil
}

func (l *listener) Retire(_ context.Context, w monitor.Watched, _ monitor.Reason, _ string, _ time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retired = append(l.retired, w.Subject)
	return nil
}

// told returns the levels that were reported, repeats left out.
func (l *listener) told() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var levels []string
	for _, o := range l.outcomes {
		if n := len(levels); n == 0 || levels[n-1] != o.Level.String() {
			levels = append(levels, o.Level.String())
		}
	}
	return strings.Join(levels, " ")
}

var backup = monitor.HeartbeatRef{Space: "ops", Name: "backup"}

func openBook(t *testing.T, m *memory, l *listener) *Book {
	t.Helper()
	b, err := Open(t.Context(), Options{Store: m, Reporter: l, Now: time.Now, Quota: 3})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// running lets a book watch until the test, or the function it returns, ends it.
func running(t *testing.T, b *Book) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { b.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func beatNow(t *testing.T, b *Book, a Arrival) Verdict {
	t.Helper()
	if a.Kind == "" {
		a.Kind = monitor.BeatOK
	}
	if a.Ref == (monitor.HeartbeatRef{}) {
		a.Ref = backup
	}
	v, err := b.Take(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// train sends beats at a steady pace and ends right after the last.
func train(t *testing.T, b *Book, n int, every time.Duration) {
	t.Helper()
	for i := range n {
		if i > 0 {
			time.Sleep(every)
		}
		beatNow(t, b, Arrival{})
	}
}

func stateOf(t *testing.T, b *Book) monitor.HeartbeatState {
	t.Helper()
	v, err := b.Get(backup)
	if err != nil {
		t.Fatal(err)
	}
	return v.State
}

func TestBook_MissingBeatIsReportedAtItsDeadlineAndResolvedByTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := newMemory(), &listener{}
		b := openBook(t, m, l)
		running(t, b)
		train(t, b, 40, time.Minute)
		time.Sleep(66 * time.Second) // a tenth more than a minute is still as usual
		if got := stateOf(t, b); got.Level != monitor.OK {
			t.Fatalf("after 66 s: %s (%s)", got.Level, got.Message)
		}
		deadline := stateOf(t, b).Deadline
		time.Sleep(time.Until(deadline) + time.Second)
		if got := stateOf(t, b); got.Level != monitor.Critical || got.Why != monitor.WhyMissing || got.Word != StateUnknown {
			t.Fatalf("after the deadline: %+v", got)
		}
		synctest.Wait()
		if b.Stats().Latest > time.Second {
			t.Errorf("the deadline was noticed %s late", b.Stats().Latest)
		}
		beatNow(t, b, Arrival{})
		time.Sleep(time.Second)
		if got := l.told(); got != "ok critical ok" {
			t.Errorf("reported %q", got)
		}
		if s := stateOf(t, b); !s.Settled {
			t.Error("it is reported again although everything is said")
		}
	})
}

func TestBook_BadIsReportedAgainSoThatNoticesRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := newMemory(), &listener{}
		b := openBook(t, m, l)
		running(t, b)
		beatNow(t, b, Arrival{Kind: monitor.BeatFail, Note: "disk full"})
		time.Sleep(10*time.Minute + 30*time.Second)
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := len(l.outcomes); n < 9 || n > 12 {
			t.Errorf("%d reports in ten minutes, want one a minute", n)
		}
		for i, o := range l.outcomes {
			if i > 0 && !o.At.After(l.outcomes[i-1].At) {
				t.Errorf("outcome %d is not newer than the one before", i)
			}
			if !strings.Contains(o.Message, "disk full") {
				t.Errorf("message %q does not say why", o.Message)
			}
		}
	})
}

func TestBook_ARestartKeepsDeadlinesAndForgivesTheTimeBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := newMemory(), &listener{}
		b := openBook(t, m, l)
		stop := running(t, b)
		train(t, b, 40, time.Hour)
		want := stateOf(t, b)
		time.Sleep(10 * time.Minute)
		stop()

		time.Sleep(7 * time.Minute) // short, and nothing was due
		b = openBook(t, m, l)
		stop = running(t, b)
		synctest.Wait()
		got := stateOf(t, b)
		if shift := got.Deadline.Sub(want.Deadline); shift < 7*time.Minute || shift > 7*time.Minute+2*markEvery {
			t.Errorf("the deadline moved by %s, want the seven minutes that we were away", shift)
		}
		time.Sleep(30 * time.Minute)
		stop()

		time.Sleep(30 * time.Minute) // the next beat was due in this time
		b = openBook(t, m, l)
		running(t, b)
		time.Sleep(43*time.Minute - 10*time.Second) // it is almost time for the next
		if got := stateOf(t, b); got.Level != monitor.OK {
			t.Errorf("a beat that came while we were away is missed: %s", got.Message)
		}
		if !slices.ContainsFunc(m.events[1], func(e monitor.HeartbeatEvent) bool { return strings.HasPrefix(e.Text, "we were away from ") }) {
			t.Error("nobody is told that we were away")
		}
		beatNow(t, b, Arrival{})
		if got, _ := b.Get(backup); time.Until(got.Wait.Deadline) > 90*time.Minute {
			t.Errorf("the gap that we were away in was learned: %s", got.Learned)
		}
	})
}

func TestBook_OneKeyCannotMakeHeartbeatsWithoutEnd(t *testing.T) {
	b := openBook(t, newMemory(), &listener{})
	for i := range 3 {
		beatNow(t, b, Arrival{Ref: monitor.HeartbeatRef{Space: "ops", Name: fmt.Sprint("job", i)}})
	}
	_, err := b.Take(t.Context(), Arrival{Kind: monitor.BeatOK, Ref: monitor.HeartbeatRef{Space: "ops", Name: "job3"}})
	if quota, ok := errors.AsType[*QuotaError](err); !ok || quota.Quota != 3 {
		t.Errorf("got %v, want a quota error", err)
	}
	beatNow(t, b, Arrival{Ref: monitor.HeartbeatRef{Space: "ops", Name: "job1"}})
	beatNow(t, b, Arrival{Ref: monitor.HeartbeatRef{Space: "web", Name: "job"}})
}

func TestBook_ABeatThatIsNotStoredIsNotAcknowledged(t *testing.T) {
	m := newMemory()
	b := openBook(t, m, &listener{})
	beatNow(t, b, Arrival{})
	m.broken = monitor.ErrUnavailable
	if _, err := b.Take(t.Context(), Arrival{Kind: monitor.BeatOK, Ref: backup}); !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("got %v, want that the store is unavailable", err)
	}
}

func TestBook_RunsAreTimedAndStuckOnesNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, l := newMemory(), &listener{}
		b := openBook(t, m, l)
		running(t, b)
		beatNow(t, b, Arrival{})
		v, _ := b.Get(backup)
		h := v.Heartbeat
		h.Limits.MaxRun = 10 * time.Minute
		if _, err := b.Save(t.Context(), h, "ann"); err != nil {
			t.Fatal(err)
		}
		beatNow(t, b, Arrival{Kind: monitor.BeatStart, Run: "a"})
		time.Sleep(4 * time.Minute)
		beatNow(t, b, Arrival{Kind: monitor.BeatOK, Run: "b"}) // of another run
		beatNow(t, b, Arrival{Kind: monitor.BeatOK, Run: "a"})
		if took := m.beats[1][0].Took; took != 4*time.Minute {
			t.Errorf("the run took %s, want 4m", took)
		}
		beatNow(t, b, Arrival{Kind: monitor.BeatStart, Run: "c"})
		time.Sleep(10*time.Minute + time.Second)
		if s := stateOf(t, b); s.Level != monitor.Critical || s.Why != monitor.WhyStuck {
			t.Fatalf("a run that does not end is %s %q", s.Level, s.Why)
		}
		beatNow(t, b, Arrival{Kind: monitor.BeatOK, Run: "c"})
		if s := stateOf(t, b); s.Why != monitor.WhyLong {
			t.Errorf("it ended after eleven minutes: %q, want that it took too long", s.Why)
		}
	})
}

func TestBook_FailuresCountAsTheLimitSays(t *testing.T) {
	b := openBook(t, newMemory(), &listener{})
	beatNow(t, b, Arrival{})
	v, _ := b.Get(backup)
	h := v.Heartbeat
	h.Limits.Failures, h.Limits.Of = 2, 4
	if _, err := b.Save(t.Context(), h, "ann"); err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		fail bool
		want monitor.Level
	}{{true, monitor.OK}, {false, monitor.OK}, {true, monitor.Critical}, {false, monitor.Critical}, {false, monitor.OK}} {
		kind := monitor.BeatOK
		if step.fail {
			kind = monitor.BeatFail
		}
		if got := beatNow(t, b, Arrival{Kind: kind}); got.Level != step.want {
			t.Errorf("beat %d: %s (%s), want %s", i, got.Level, got.Message, step.want)
		}
	}
}

func TestBook_PinKeepsWhatWasLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openBook(t, newMemory(), &listener{})
		beatNow(t, b, Arrival{})
		if _, err := b.Pin(t.Context(), backup, "ann"); !errors.Is(err, monitor.ErrConflict) {
			t.Errorf("nothing is learned yet, and it was pinned: %v", err)
		}
		train(t, b, 40, 7*time.Minute+3*time.Second)
		h, err := b.Pin(t.Context(), backup, "ann")
		if err != nil || h.Schedule.Kind != monitor.SchedulePeriod || h.Schedule.Period != 7*time.Minute+3*time.Second {
			t.Errorf("pinned %+v, %v", h.Schedule, err)
		}
	})
}

func TestBook_DeletingTellsThatItIsGone(t *testing.T) {
	l := &listener{}
	b := openBook(t, newMemory(), l)
	beatNow(t, b, Arrival{Kind: monitor.BeatFail})
	if err := b.Delete(t.Context(), backup, "ann"); err != nil {
		t.Fatal(err)
	}
	if len(l.retired) != 1 || l.retired[0].String() != "heartbeat/ops/backup" {
		t.Errorf("retired %v", l.retired)
	}
	if err := b.Delete(t.Context(), backup, "ann"); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestBook_ValuesAreWatchedAcrossARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		b := openBook(t, m, &listener{})
		stop := running(t, b)
		value := func(v float64) Verdict {
			time.Sleep(time.Minute)
			return beatNow(t, b, Arrival{Metric: &v})
		}
		for i := range 300 {
			if v := value(20 + float64(i%7)); v.Level != monitor.OK {
				t.Fatalf("value %d: %s", i, v.Message)
			}
		}
		stop()
		b = openBook(t, m, &listener{})
		running(t, b)
		v := value(900)
		if v.Level != monitor.Critical || v.Word != StateCritical || !strings.Contains(v.Message, "900") {
			t.Errorf("900 after values around 23: %+v", v)
		}
		if r := m.beats[1][0].Reading; r == nil || r.Score < 0.5 || r.Expected < 15 || r.Expected > 30 {
			t.Errorf("reading %+v", r)
		}
		if err := b.Vote(t.Context(), backup, false, "ann"); err != nil {
			t.Fatal(err)
		}
		if h, _ := b.Get(backup); h.Heartbeat.Sensitivity >= neutral {
			t.Errorf("after a vote down the sensitivity is %g", h.Heartbeat.Sensitivity)
		}
	})
}

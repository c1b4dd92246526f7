package alerting

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

// queuedFor returns what was queued, oldest first: kind and destination.
func queuedFor(t testing.TB, db *store.DB) []string {
	t.Helper()
	notices, err := db.Notices(t.Context(), store.NoticeFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, n := range slices.Backward(notices) {
		all = append(all, string(n.Message.Kind)+" "+string(n.Destination))
	}
	return all
}

func contactDesk(t testing.TB, db *store.DB) *Desk {
	return NewDesk(DeskOptions{Ledger: db, Installation: db.Installation(), Contacts: contacts(t), Now: afterAll})
}

func escalateAt(t testing.TB, d *Desk, db *store.DB, minutes int) int {
	t.Helper()
	n, err := d.Tend(t.Context(), db, noon.Add(time.Duration(minutes)*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDesk_EscalatesAcrossRestartsAndTellsEverybodyTheEnd(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "group:ops", "mailto:x@example.com")
	record(t, contactDesk(t, db), finished(m, 0, "critical"))
	want := []string{"fire mailto:ops@example.com", "fire mailto:all@example.com", "fire mailto:x@example.com"}
	if got := queuedFor(t, db); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if n := escalateAt(t, contactDesk(t, db), db, 14); n != 0 {
		t.Errorf("%d escalations after 14 minutes", n)
	}
	for range 2 { // as if each look was by a new process
		escalateAt(t, contactDesk(t, db), db, 15)
	}
	want = append(want, "escalate mailto:boss@example.com", "escalate mailto:all@example.com")
	if got := queuedFor(t, db); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	desk := contactDesk(t, db)
	escalateAt(t, desk, db, 45)
	if got := queuedFor(t, db); !slices.Equal(got, append(want, "escalate mailto:board@example.com")) {
		t.Errorf("got %v, want the board told as well", got)
	}
	if got := record(t, desk, finished(m, 60, "critical")); got.Kind != monitor.NoticeRepeat || len(got.To) != 5 {
		t.Errorf("got a %s to %v, want a repeat to everybody who was told", got.Kind, got.To)
	}
	if got := record(t, desk, finished(m, 61, "ok")); got.Kind != resolve || len(got.To) != 5 {
		t.Errorf("got a %s to %v, want a resolve for everybody who was told", got.Kind, got.To)
	}
	if n := escalateAt(t, desk, db, 600); n != 0 {
		t.Errorf("%d escalations after the end", n)
	}
	full, _, err := db.Notice(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	if got := full.Message; got.Name != m.Name || got.Text != "it is critical" || len(got.Values) != 1 || got.Level != critical ||
		Why(got) != "Nobody has acknowledged the incident: after 15m it goes to managers." {
		t.Errorf("got message %+v: %s", got, Why(got))
	}
}

func TestDesk_AcknowledgingStopsTheEscalation(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "group:ops")
	desk := contactDesk(t, db)
	record(t, desk, finished(m, 0, "critical"))
	act := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := desk.Acknowledge(t.Context(), m.Subject(), monitor.Message{}, "ann", noon.Add(10*time.Minute))
	act(err)
	if n := escalateAt(t, desk, db, 300); n != 0 {
		t.Errorf("%d escalations of what ann has taken on", n)
	}
	_, err = desk.Unacknowledge(t.Context(), m.Subject(), "ann", noon.Add(300*time.Minute))
	act(err)
	if n := escalateAt(t, desk, db, 314); n != 0 {
		t.Errorf("%d escalations 14 minutes after the acknowledgement was taken back", n)
	}
	if n := escalateAt(t, desk, db, 315); n != 1 {
		t.Errorf("%d escalations 15 minutes after, want 1", n)
	}
}

func TestDesk_HandsOverByTheHoursAndResolvesToWhoWasTold(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "group:ops")
	desk := contactDesk(t, db)
	if got := record(t, desk, finished(m, 15*60, "critical")); got.Kind != none || got.Decision.Reason != monitor.ReasonOffDuty {
		t.Errorf("deep in the night: %s, %q", got.Kind, got.Decision.Reason)
	}
	if n := escalateAt(t, desk, db, 16*60); n != 0 {
		t.Errorf("%d escalations of what nobody was told", n)
	}
	if got := record(t, desk, finished(m, 20*60, "critical")); got.Kind != fire || len(got.To) != 2 {
		t.Errorf("in the morning: %s to %v, want the fire", got.Kind, got.To)
	}
	if got := record(t, desk, finished(m, 32*60, "ok")); got.Kind != resolve || !slices.Equal(got.To, []string{"mailto:ops@example.com", "mailto:all@example.com"}) {
		t.Errorf("in the evening: %s to %v, want the end told to whom the begin was", got.Kind, got.To)
	}
}

// memoryLedger keeps one monitor's state, so that time can be simulated around it.
type memoryLedger struct {
	mu      sync.Mutex
	monitor monitor.Monitor
	state   monitor.State
	sent    []string
}

func (l *memoryLedger) State(context.Context, monitor.Subject) (monitor.State, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, nil
}

func (l *memoryLedger) Commit(_ context.Context, c monitor.Commit) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = c.State
	l.state.Version++
	for _, n := range c.Notices {
		l.sent = append(l.sent, string(n.Message.Kind)+" "+string(n.Destination))
	}
	return nil
}

func (l *memoryLedger) OpenStates(ctx context.Context) ([]monitor.State, error) {
	state, err := l.State(ctx, monitor.Subject{})
	if state.Open == nil {
		return nil, err
	}
	return []monitor.State{state}, err
}

func (l *memoryLedger) Monitor(context.Context, int64) (monitor.Monitor, error) {
	return l.monitor, nil
}

func (l *memoryLedger) LastRun(context.Context, int64) (monitor.Run, *monitor.Detail, error) {
	return monitor.Run{}, nil, monitor.ErrNotFound
}

func (l *memoryLedger) Fetching(context.Context) (int64, error) { return 1, nil }

func TestDesk_RunTendingLooksByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Contacts{}
		err := c.Set([]monitor.ContactGroup{
			{Name: "ops", Members: []string{"mailto:ops@example.com"}, Escalation: monitor.Escalation{After: 15 * time.Minute, To: "managers"}},
			{Name: "managers", Members: []string{"mailto:boss@example.com"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		m := monitor.Monitor{ID: 7, Name: "Orders", Alerts: []string{"group:ops"}, Active: true}
		ledger := &memoryLedger{monitor: m, state: monitor.State{Subject: m.Subject()}}
		desk := NewDesk(DeskOptions{Ledger: ledger, Installation: "x", Contacts: c})
		begun := time.Now()
		f := finished(m, 0, "critical")
		f.Outcome.At = begun
		record(t, desk, f)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		changed := make(chan time.Time, 10)
		running.Go(func() { desk.RunTending(ctx, ledger, func() { changed <- time.Now() }) })
		at := <-changed
		if waited := at.Sub(begun); waited < 15*time.Minute || waited > 15*time.Minute+tendEvery {
			t.Errorf("escalated after %s", waited)
		}
		time.Sleep(time.Hour)
		stop()
		running.Wait()
		if want := []string{"fire mailto:ops@example.com", "escalate mailto:boss@example.com"}; !slices.Equal(ledger.sent, want) {
			t.Errorf("got %v, want %v", ledger.sent, want)
		}
	})
}

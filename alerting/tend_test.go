package alerting

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

// tendAt looks once, i minutes after noon.
func tendAt(t testing.TB, d *Desk, db *store.DB, minutes float64) int {
	t.Helper()
	n, err := d.Tend(t.Context(), db, noon.Add(time.Duration(minutes*float64(time.Minute))))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantQueued(t testing.TB, db *store.DB, when string, want ...string) {
	t.Helper()
	if got := queuedFor(t, db); !slices.Equal(got, want) {
		t.Errorf("%s: queued %v, want %v", when, got, want)
	}
}

func TestTend_TellsAtTheEndOfASilenceWithoutATick(t *testing.T) {
	const told = "fire mailto:ops@example.com"
	for name, end := range map[string]struct {
		at    float64 // minutes after noon at which it is told
		early bool
	}{
		"by itself": {at: 60.2},
		"early":     {at: 20, early: true},
	} {
		t.Run(name, func(t *testing.T) {
			db := openStore(t)
			m := createMonitor(t, db, "mailto:ops@example.com")
			var b SilenceBook
			s := shopSilence(1, noon, noon.Add(time.Hour))
			put(t, &b, s)
			record(t, silencedDesk(db, &b), finished(m, 1, "critical"))
			desk := silencedDesk(db, &b) // as after a restart
			tendAt(t, desk, db, 19)
			if end.early {
				s.Version, s.EndedAt, s.EndedBy = 2, noon.Add(20*time.Minute), "ann"
				put(t, &b, s)
			} else {
				tendAt(t, desk, db, 60.1) // its own run at 60 has not come back yet
			}
			wantQueued(t, db, "before the end")
			if n := tendAt(t, desk, db, end.at); n != 1 {
				t.Errorf("told of %d incidents, want 1", n)
			}
			tendAt(t, desk, db, end.at+1)
			wantQueued(t, db, "after the end", told)
			notice, _, err := db.Notice(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if got := notice.Message; len(got.Values) != 1 || got.RunAt != noon.Add(time.Minute) || !strings.Contains(Why(got), "nobody could be told before") {
				t.Errorf("got message %+v: %s", got, Why(got))
			}
			if got := record(t, desk, finished(m, int(end.at)+5, "critical")); got.Decision.Reason != monitor.ReasonRepeatLater {
				t.Errorf("the next run: %q, want that it was told", got.Decision.Reason)
			}
		})
	}
}

func TestTend_TellsAStepThatASilenceHeldBack(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	var b SilenceBook
	desk := silencedDesk(db, &b)
	record(t, desk, finished(m, 0, "warning"))
	put(t, &b, shopSilence(1, noon, noon.Add(time.Hour)))
	record(t, desk, finished(m, 1, "critical"))
	tendAt(t, desk, db, 61)
	tendAt(t, desk, db, 62)
	wantQueued(t, db, "after the silence", "fire mailto:ops@example.com", "escalate mailto:ops@example.com")
}

func TestTend_WhatWasTakenOnInASilenceIsNotTold(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	var b SilenceBook
	put(t, &b, shopSilence(1, noon, noon.Add(time.Hour)))
	desk := silencedDesk(db, &b)
	record(t, desk, finished(m, 1, "warning"))
	if _, err := desk.Acknowledge(t.Context(), m.Subject(), monitor.Message{}, "ann", noon.Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	tendAt(t, desk, db, 61)
	if got := record(t, desk, finished(m, 62, "warning")); got.Decision.Reason != monitor.ReasonAcknowledged {
		t.Errorf("the run after the silence: %q, want that ann has it", got.Decision.Reason)
	}
	wantQueued(t, db, "after the silence")
	record(t, desk, finished(m, 63, "critical"))
	wantQueued(t, db, "when it became worse", "escalate mailto:ops@example.com")
}

func TestTend_AnIncidentThatIsOverIsNotTold(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	m.Policy.KeepFiring = time.Hour
	var b SilenceBook
	put(t, &b, shopSilence(1, noon, noon.Add(10*time.Minute)))
	desk := silencedDesk(db, &b)
	record(t, desk, finished(m, 1, "critical"))
	record(t, desk, finished(m, 2, "ok"))
	tendAt(t, desk, db, 30)
	wantQueued(t, db, "while ok, but not for long enough")
	record(t, desk, finished(m, 70, "ok"))
	tendAt(t, desk, db, 80)
	wantQueued(t, db, "after the end")
}

func TestTend_TheNextShiftIsToldOnce(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "group:ops", "mailto:x@example.com")
	desk := contactDesk(t, db)
	record(t, desk, finished(m, 0, "critical"))
	told := []string{"fire mailto:ops@example.com", "fire mailto:all@example.com", "fire mailto:x@example.com"}
	if _, err := desk.Acknowledge(t.Context(), m.Subject(), monitor.Message{}, "ann", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	tendAt(t, desk, db, 6*60+1) // 18:01, the night shift
	wantQueued(t, db, "while ann has it", told...)
	if _, err := desk.Unacknowledge(t.Context(), m.Subject(), "ann", noon.Add(6*time.Hour+2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		tendAt(t, contactDesk(t, db), db, 6*60+3)
	}
	told = append(told, "handover mailto:night@example.com")
	wantQueued(t, db, "on the night shift", told...)
	notice, _, err := db.Notice(t.Context(), 4)
	if err != nil || Why(notice.Message) != "The incident is still open, and you are on duty now." {
		t.Errorf("it says %q, %v", Why(notice.Message), err)
	}
	if got := record(t, contactDesk(t, db), finished(m, 6*60+4, "ok")); got.Kind != resolve || len(got.To) != 4 {
		t.Errorf("the end: %s to %v, want it told to all four", got.Kind, got.To)
	}
}

func TestTend_WhoComesOnDutyIsToldWithoutARun(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "group:ops")
	desk := contactDesk(t, db)
	record(t, desk, finished(m, 15*60, "critical")) // 03:00, when nobody is
	tendAt(t, desk, db, 19*60+59)
	wantQueued(t, db, "before the day")
	tendAt(t, desk, db, 20*60)
	wantQueued(t, db, "at 08:00", "fire mailto:ops@example.com", "fire mailto:all@example.com")
}

// onlyBeat knows one subject that is no monitor.
type onlyBeat struct{}

func (onlyBeat) Watched(_ context.Context, s monitor.Subject) (monitor.Watched, error) {
	if s != beat().Subject {
		return monitor.Watched{}, monitor.ErrNotFound
	}
	return beat(), nil
}

// simulated is a desk for one subject without ticks, tended on a clock that a test
// may set.
func simulated(t *testing.T, b *SilenceBook, clock *steppedClock) (*Desk, *memoryLedger) {
	ledger := &memoryLedger{state: monitor.State{Subject: beat().Subject}}
	desk := NewDesk(DeskOptions{Ledger: ledger, Installation: "x", Subjects: onlyBeat{}, Silences: b, Now: clock.now, Defaults: monitor.Policy{Repeat: time.Hour}})
	o := monitor.Outcome{Subject: beat().Subject, At: clock.now(), Level: critical, Message: "no beat"}
	if _, err := desk.Report(t.Context(), beat(), o, nil); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { desk.RunTending(ctx, ledger, func() {}) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	synctest.Wait()
	return desk, ledger
}

func (l *memoryLedger) told() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var kinds []string
	for _, s := range l.sent {
		kind, _, _ := strings.Cut(s, " ")
		kinds = append(kinds, kind)
	}
	return strings.Join(kinds, " ")
}

func TestRunTending_TellsOfSubjectsWithoutTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b SilenceBook
		end := time.Now().Add(20*time.Minute + 7*time.Second)
		put(t, &b, monitor.Silence{ID: 1, Version: 1, Matches: monitor.Match{Everything: true}, From: time.Now(), Until: end, Reason: "move", Author: "ann"})
		_, ledger := simulated(t, &b, &steppedClock{})
		pass(time.Until(end) - time.Second)
		if got := ledger.told(); got != "" {
			t.Errorf("told %q in the silence", got)
		}
		pass(time.Second + 10*time.Millisecond)
		if got := ledger.told(); got != "fire" {
			t.Errorf("told %q as the silence ends, want the fire", got)
		}
		pass(2*time.Hour + time.Minute)
		if got := ledger.told(); got != "fire repeat repeat" {
			t.Errorf("told %q in two hours, want two repeats", got)
		}
	})
}

func TestRunTending_LooksAtOnceWhenASilenceIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b SilenceBook
		s := monitor.Silence{ID: 1, Version: 1, Matches: monitor.Match{Everything: true}, From: time.Now(), Until: time.Now().Add(time.Hour), Reason: "move", Author: "ann"}
		put(t, &b, s)
		desk, ledger := simulated(t, &b, &steppedClock{})
		pass(time.Minute + time.Second)
		s.Version, s.EndedAt = 2, time.Now()
		put(t, &b, s)
		desk.Look()
		synctest.Wait()
		if got := ledger.told(); got != "fire" {
			t.Errorf("told %q at once, want the fire", got)
		}
	})
}

// A clock that is set loses no news and delays none by more than what it was to
// wait for anyway.
func TestRunTending_AClockThatIsSet(t *testing.T) {
	for _, step := range []struct {
		name string
		by   time.Duration
		want string
	}{
		{"back by hours", -7 * time.Hour, "fire repeat"},
		{"back by years", -30000 * time.Hour, "fire repeat"},
		{"forward", 7 * time.Hour, "fire repeat repeat"}, // one at once
	} {
		t.Run(step.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := &steppedClock{step: 40000 * time.Hour}
				desk, ledger := simulated(t, &SilenceBook{}, clock)
				pass(30 * time.Minute)
				clock.set(step.by)
				pass(time.Hour + time.Minute)
				if got := ledger.told(); got != step.want {
					t.Errorf("told %q within the repeat interval after the step, want %q", got, step.want)
				}
				report := func(level monitor.Level) monitor.Reason {
					change, err := desk.Report(t.Context(), beat(), monitor.Outcome{Subject: beat().Subject, At: clock.now(), Level: level}, nil)
					if err != nil {
						t.Fatal(err)
					}
					pass(time.Second)
					return change.Decision.Reason
				}
				if got := report(monitor.OK); got != monitor.ReasonResolved {
					t.Errorf("an ok outcome gives %q, want the end", got)
				}
				if got := report(critical); got != monitor.ReasonFired {
					t.Errorf("and the next trouble %q, want a fire", got)
				}
			})
		})
	}
}

func TestDesk_OutcomesCountAfterTheClockWasSetBack(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	now := noon.AddDate(4, 0, 0)
	desk := NewDesk(DeskOptions{Ledger: db, Installation: "x", Now: func() time.Time { return now }})
	ahead := finished(m, 0, "ok")
	ahead.Outcome.At = now
	record(t, desk, ahead)
	now = noon.Add(2 * time.Minute)
	if got := record(t, desk, finished(m, 2, "critical")); got.Kind != fire {
		t.Errorf("the first run after the step: %q, %q; want a fire", got.Kind, got.Decision.Reason)
	}
	now = noon.Add(3 * time.Minute)
	if got := record(t, desk, finished(m, 3, "ok")); got.Kind != resolve {
		t.Errorf("the second: %q, %q; want the resolve", got.Kind, got.Decision.Reason)
	}
}

func TestTend_EscalationWaitsNoLongerAfterTheClockWasSetBack(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "group:ops")
	now := noon.AddDate(0, 0, 2)
	desk := NewDesk(DeskOptions{Ledger: db, Installation: "x", Contacts: contacts(t), Now: func() time.Time { return now }})
	ahead := finished(m, 0, "critical")
	ahead.Outcome.At = now
	record(t, desk, ahead)
	for i := range 16 {
		now = noon.Add(time.Duration(i) * time.Minute)
		tendAt(t, desk, db, float64(i))
	}
	wantQueued(t, db, "15 minutes after the step", "fire mailto:ops@example.com", "fire mailto:all@example.com",
		"escalate mailto:boss@example.com", "escalate mailto:all@example.com")
}

func TestTend_TheSourceIsForgottenWhenNobodyAsksIt(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db)
	m.Targets = []string{"a.b"}
	m, err := db.UpdateMonitor(t.Context(), m, "ann", noon)
	if err != nil {
		t.Fatal(err)
	}
	desk := sourceDesk(db)
	for i := range 4 {
		f := finished(m, i, "ok")
		f.Outcome.Level, f.Outcome.Fault, f.Outcome.Message = monitor.Unknown, monitor.FaultFetch, "connection refused"
		f.Detail = nil
		record(t, desk, f)
	}
	want := []string{"fire source/graphite"}
	if got := told(t, db); !slices.Equal(got, want) {
		t.Fatalf("told %v, want %v", got, want)
	}
	tendAt(t, desk, db, 5)
	if err := db.SetActive(t.Context(), []int64{m.ID}, false, "ann", noon.Add(6*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n := tendAt(t, sourceDesk(db), db, 7); n != 1 {
		t.Errorf("%d incidents closed, want that of the source", n)
	}
	if got := told(t, db); !slices.Equal(got, append(want, "resolve source/graphite")) {
		t.Errorf("told %v", got)
	}
	all, err := db.Incidents(t.Context(), store.IncidentFilter{})
	if err != nil || len(all) != 1 || all[0].Closing != monitor.ReasonUnwatched {
		t.Errorf("got %+v, %v", all, err)
	}
}

package event_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/event"
	"wingmirror/monitor"
	"wingmirror/store"
)

// deskFake notes what it is told.
type deskFake struct {
	mu    sync.Mutex
	lines []string
	open  []monitor.State
	fail  int
}

func (d *deskFake) Report(_ context.Context, w monitor.Watched, o monitor.Outcome, _ *monitor.Detail) (monitor.Change, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail > 0 {
		d.fail--
		return monitor.Change{}, monitor.ErrUnavailable
	}
	d.lines = append(d.lines, fmt.Sprintf("%s %s", w.Subject, o.Level))
	return monitor.Change{}, nil
}

func (d *deskFake) Retire(_ context.Context, w monitor.Watched, _ monitor.Reason, _ string, _ time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, w.Subject.String()+" retired")
	return nil
}

func (d *deskFake) OpenStates(context.Context) ([]monitor.State, error) { return d.open, nil }

// take returns what the desk was told since it was last asked, sorted.
func (d *deskFake) take() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := d.lines
	d.lines = nil
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// stream is a live engine over a real store.
type stream struct {
	t    *testing.T
	db   *store.DB
	desk *deskFake
	live *event.Live
	book *event.Book
	stop func()
}

// inBubble runs a test with a clock of its own. The store stands outside: it
// owns goroutines that never end.
func inBubble(t *testing.T, run func(t *testing.T, db *store.DB)) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "w.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	synctest.Test(t, func(t *testing.T) { run(t, db) })
}

func openStream(t *testing.T, db *store.DB, desk *deskFake) *stream {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s := &stream{t: t, db: db, desk: desk}
	s.live = event.NewLive(event.LiveOptions{Events: db, Windows: db, Desk: desk, Log: log, Now: time.Now, Keep: 7 * 24 * time.Hour})
	s.book = event.NewBook(s.live, db, time.Now, log)
	if err := s.book.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.live.Run(ctx); close(done) }()
	s.stop = func() {
		cancel()
		<-done
	}
	return s
}

func (s *stream) save(text string) {
	s.t.Helper()
	if _, err := s.book.Save(s.t.Context(), "severities: {HIGH: {}}\n"+text, "ops", s.book.InForce().Version); err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
}

// push sends an event of now, with further JSON fields.
func (s *stream) push(component string, value float64, more string) event.Receipt {
	s.t.Helper()
	text := fmt.Sprintf(`{"service": "Shop", "server": "web1", "component": %q, "value": %g, "timestamp": %g, "active": true%s}`,
		component, value, monitor.TimeSeconds(time.Now()), more)
	batch, err := event.Decode([]byte(text))
	if err != nil {
		s.t.Fatal(err)
	}
	receipt, err := s.live.Push(s.t.Context(), batch)
	if err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
	return receipt
}

func (s *stream) told(want string) {
	s.t.Helper()
	time.Sleep(2 * time.Second) // of the bubble's clock
	synctest.Wait()
	if got := s.desk.take(); got != want {
		s.t.Errorf("the desk was told %q, want %q", got, want)
	}
}

const diskRule = `rules:
  - {name: disk, severity: HIGH, condition: component == "Disk" and value > 0.9}
`

const countRule = `rules:
  - {name: many, severity: HIGH, condition: component == "Disk", group_by: server, count: {at_least: 3, within: 10m}}
`

func TestLive_TellsTheDeskWhatFiresAndWhatEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		s := openStream(t, db, &deskFake{})
		defer s.stop()
		s.save(diskRule)
		s.push("Disk", 0.95, "")
		s.told("rule/disk/Shop/web1 critical")
		time.Sleep(time.Minute) // it is told again, for repeats and silences
		s.told("rule/disk/Shop/web1 critical")
		s.push("Disk", 0.5, "")
		s.told("rule/disk/Shop/web1 ok")
	})
}

func TestLive_CountsAnIdOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		s := openStream(t, db, &deskFake{})
		defer s.stop()
		s.save(countRule)
		for range 5 {
			s.push("Disk", 1, `, "id": "same"`)
		}
		if r := s.push("Disk", 1, `, "id": "same"`); r.Accepted != 0 || r.Duplicates != 1 {
			t.Errorf("receipt %+v", r)
		}
		s.told("")
		s.push("Disk", 1, "")
		s.push("Disk", 1, "")
		s.told("rule/many/web1 critical")
	})
}

func TestLive_SetsFarOffTimesAside(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		s := openStream(t, db, &deskFake{})
		defer s.stop()
		event1 := `{"service": "S", "component": "c", "value": 1, "active": true, "timestamp": %d}`
		now := time.Now().Unix()
		batch, _ := event.Decode(fmt.Appendf(nil, event1+"\n"+event1+"\n"+event1+"\n{}", now, now+3600, now-8*24*3600))
		receipt, err := s.live.Push(t.Context(), batch)
		if err != nil || receipt.Accepted != 1 || len(receipt.SetAside) != 3 {
			t.Fatalf("%+v, %v", receipt, err)
		}
		for _, want := range []string{"event 2 (line 2): timestamp: 2000-01-01 01:00:00 UTC is 1h ahead", "event 3 (line 3)", "event 4 (line 4): service"} {
			if !slices.ContainsFunc(receipt.SetAside, func(a event.SetAside) bool { return strings.Contains(a.String(), want) }) {
				t.Errorf("no %q in %v", want, receipt.SetAside)
			}
		}
	})
}

func TestLive_WindowsSurviveARestart(t *testing.T) {
	for _, how := range []string{"stopped", "killed"} {
		t.Run(how, func(t *testing.T) {
			inBubble(t, func(t *testing.T, db *store.DB) {
				desk := &deskFake{}
				s := openStream(t, db, desk)
				s.save(countRule)
				s.push("Disk", 1, "")
				s.push("Disk", 1, "")
				s.stop()
				if how == "killed" { // before anything was stored
					if err := db.SaveRuleWindows(t.Context(), nil, 0); err != nil {
						t.Fatal(err)
					}
				}
				s = openStream(t, db, desk)
				defer s.stop()
				s.told("")
				s.push("Disk", 1, "")
				s.told("rule/many/web1 critical")
			})
		})
	}
}

func TestLive_KilledBetweenTwoSavesItCountsEachEventOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		desk := &deskFake{}
		s := openStream(t, db, desk)
		s.save(countRule)
		s.push("Disk", 1, "")
		s.stop()
		saved, seq, err := db.RuleWindows(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		kill := func() { // what is stored is that of the first save
			s.stop()
			if err := db.SaveRuleWindows(t.Context(), saved, seq); err != nil {
				t.Fatal(err)
			}
			s = openStream(t, db, desk)
		}
		s = openStream(t, db, desk)
		s.push("Disk", 1, "")
		kill()
		s.told("") // two events are not three
		s.push("Disk", 1, "")
		s.told("rule/many/web1 critical")
		kill()
		s.told("rule/many/web1 critical; rule/many/web1 critical") // what was seen again, and what stands: the desk knows both
		time.Sleep(11 * time.Minute)
		desk.take()
		if firing := s.live.Standing().Firing; len(firing) != 0 {
			t.Errorf("%v fires still", firing)
		}
		s.stop()
	})
}

func TestLive_WhatFiredBeforeARestartEndsAfterIt(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		desk := &deskFake{}
		s := openStream(t, db, desk)
		s.save(diskRule)
		s.push("Disk", 0.95, "")
		s.told("rule/disk/Shop/web1 critical")
		s.stop()
		desk.open = []monitor.State{
			{Subject: monitor.Subject{Kind: monitor.KindRule, Key: "disk/Shop/web1"}}, {Subject: monitor.Subject{Kind: monitor.KindRule, Key: "disk/Shop/gone"}},
			{Subject: monitor.Subject{Kind: monitor.KindRule, Key: "deleted/x"}}, {Subject: monitor.MonitorSubject(3)},
		}
		s = openStream(t, db, desk)
		defer s.stop()
		s.told("rule/deleted/x retired; rule/disk/Shop/gone ok; rule/disk/Shop/web1 critical")
		s.push("Disk", 0.1, "")
		s.told("rule/disk/Shop/web1 ok")
	})
}

func TestBook_ABadFileLeavesTheOldRulesInForce(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		s := openStream(t, db, &deskFake{})
		defer s.stop()
		s.save(diskRule)
		if err := s.book.Take(t.Context(), "rules: [{name: x}]", "the file"); err != nil {
			t.Fatal(err)
		}
		if p := s.book.Problem(); !strings.Contains(p, "severity: it is missing") || s.book.InForce().Version != 1 {
			t.Errorf("problem %q, in force %+v", p, s.book.InForce())
		}
		s.push("Disk", 0.95, "")
		s.told("rule/disk/Shop/web1 critical")
		if _, err := s.book.Save(t.Context(), "rules: []", "ops", 0); err == nil {
			t.Error("a version that its author has not seen was replaced")
		}
		if err := s.book.Take(t.Context(), s.book.InForce().Text, "the file"); err != nil || s.book.Problem() != "" {
			t.Errorf("the old text is no problem any more: %v, %s", err, s.book.Problem())
		}
	})
}

func TestBook_ChangedRulesGoOnAndDeletedOnesEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		s := openStream(t, db, &deskFake{})
		defer s.stop()
		s.save(diskRule)
		s.push("Disk", 0.95, "")
		s.told("rule/disk/Shop/web1 critical")
		s.push("Disk", 0.95, "")
		// The new rule has seen what is stored; the old one fires on.
		s.save(diskRule + "  - {name: twice, severity: HIGH, condition: component == \"Disk\", group_by: server, count: {at_least: 2, within: 10m}}\n")
		s.told("rule/disk/Shop/web1 critical; rule/twice/web1 critical")
		s.save(strings.Replace(diskRule, "0.9}", "0.99}", 1))
		s.told("rule/disk/Shop/web1 ok; rule/twice/web1 retired")
		s.save("rules: []")
		s.told("")
	})
}

func TestLive_TriesAgainWhatTheDeskCouldNotTake(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		s := openStream(t, db, &deskFake{fail: 2})
		defer s.stop()
		s.save(diskRule)
		s.push("Disk", 0.95, "")
		s.told("rule/disk/Shop/web1 critical")
	})
}

func TestPreviewed_RunsTheEngineOverStoredEvents(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		s := openStream(t, db, &deskFake{})
		defer s.stop()
		begin := time.Now()
		for _, v := range []float64{0.5, 0.95, 0.95, 0.5, 0.95} {
			s.push("Disk", v, "")
			time.Sleep(time.Minute)
		}
		p, err := event.Previewed(t.Context(), load(t, diskRule), s.db, begin, time.Now())
		if err != nil || p.Events != 5 || !p.All {
			t.Fatalf("%+v, %v", p, err)
		}
		r := p.Rules[0]
		if r.Fired != 2 || r.Firing != 1 || len(r.Alerts) != 2 || r.Ended[0]-r.Alerts[0].At != 120 || r.Ended[1] != 0 {
			t.Errorf("%+v", r)
		}
		if got := s.desk.take(); got != "" {
			t.Errorf("a preview told the desk %s", got)
		}
	})
}

func TestLive_OtherRulesAfterARestartCountEachEventOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		desk := &deskFake{}
		s := openStream(t, db, desk)
		s.save(diskRule)
		s.push("Disk", 0.1, "")
		s.push("Disk", 0.1, "")
		s.stop()
		changed := "severities: {HIGH: {}}\n" + countRule
		if _, err := db.SaveRuleFile(t.Context(), changed, "ops", s.book.InForce().Version, time.Now()); err != nil {
			t.Fatal(err)
		}
		s = openStream(t, db, desk)
		defer s.stop()
		s.told("")
		s.push("Disk", 0.1, "")
		s.told("rule/many/web1 critical")
	})
}

func TestBook_NewRulesSeeEventsThatStillWait(t *testing.T) {
	inBubble(t, func(t *testing.T, db *store.DB) {
		desk := &deskFake{}
		s := openStream(t, db, desk)
		defer s.stop()
		s.push("Disk", 0.95, "")
		s.save("rules:\n  - {name: disk, severity: HIGH, lateness: 30s, condition: component == \"Disk\" and value > 0.9}\n")
		s.told("")
		time.Sleep(30 * time.Second)
		s.told("rule/disk/Shop/web1 critical")
	})
}

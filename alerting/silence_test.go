package alerting

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

func put(t testing.TB, b *SilenceBook, s monitor.Silence) {
	t.Helper()
	if err := b.Put(s, noon); err != nil {
		t.Fatal(err)
	}
}

func shopSilence(id int64, from, until time.Time) monitor.Silence {
	return monitor.Silence{ID: id, Version: 1, Matches: monitor.Match{Group: "shop"}, From: from, Until: until, Reason: "deploy\nof the shop", Author: "ann"}
}

var aboutShop = monitor.Message{Subject: monitor.MonitorSubject(7), Group: "shop/checkout"}

func TestSilenceBook_HoldsWhatLastsLongest(t *testing.T) {
	var b SilenceBook
	if got := b.Hold(aboutShop, noon); got != nil {
		t.Errorf("an empty book holds %v", got)
	}
	put(t, &b, shopSilence(1, noon, noon.Add(time.Hour)))
	put(t, &b, shopSilence(2, noon, noon.Add(3*time.Hour)))
	put(t, &b, shopSilence(3, noon, noon.Add(2*time.Hour)))
	got := b.Hold(aboutShop, noon)
	if got == nil || !got.Until.Equal(noon.Add(3*time.Hour)) || got.Note != "silence 2 by ann: deploy" {
		t.Fatalf("got %+v, want silence 2 and its end", got)
	}
	if got := b.Hold(monitor.Message{Subject: monitor.MonitorSubject(8), Group: "infra"}, noon); got != nil {
		t.Errorf("another group is held by %v", got)
	}
	for offset, want := range map[time.Duration]bool{-time.Second: false, 0: true, 3*time.Hour - time.Second: true, 3 * time.Hour: false} {
		if got := b.Hold(aboutShop, noon.Add(offset)); (got != nil) != want {
			t.Errorf("%s after noon: got %v, want held %v", offset, got, want)
		}
	}
}

func TestSilenceBook_TakesTheNewestVersionWhateverTheOrder(t *testing.T) {
	var b SilenceBook
	first := shopSilence(1, noon, noon.Add(time.Hour))
	ended := first
	ended.Version, ended.EndedAt = 2, noon.Add(time.Minute)
	put(t, &b, ended)
	put(t, &b, first)
	if got := b.Hold(aboutShop, noon.Add(2*time.Minute)); got != nil {
		t.Errorf("a silence that was ended still holds: %v", got)
	}
}

func TestSilenceBook_RefusesTimesItCannotRead(t *testing.T) {
	var b SilenceBook
	s := monitor.Silence{ID: 1, Version: 1, Matches: monitor.Match{Everything: true}, Schedule: "never", Length: monitor.Span{Days: 1}}
	if err := b.Put(s, noon); err == nil || b.Hold(aboutShop, noon) != nil {
		t.Errorf("got %v", err)
	}
}

func TestSilenceBook_ServesManyAtOnce(t *testing.T) {
	var b SilenceBook
	var wg sync.WaitGroup
	for i := range int64(8) {
		wg.Go(func() {
			for j := range 50 {
				s := monitor.Silence{ID: i + 1, Version: j + 1, Matches: monitor.Match{Group: "shop"}, Schedule: "0 12 * * *", Length: monitor.Span{Time: time.Hour}, Reason: "x"}
				if err := b.Put(s, noon); err != nil {
					t.Error(err)
				}
				if b.Hold(aboutShop, noon.Add(time.Duration(j)*time.Second)) == nil {
					t.Error("nothing is held")
				}
			}
		})
	}
	wg.Wait()
}

// silencedDesk is a desk with a book over a real store.
func silencedDesk(db *store.DB, b *SilenceBook) *Desk {
	return NewDesk(DeskOptions{Ledger: db, Installation: db.Installation(), Silences: b, Now: afterAll})
}

// A recurring silence over a night of outages: runs go on, notices wait, and
// each minute passes on a clock that jumps.
func TestDesk_RecurringSilenceHoldsNoticesNotRuns(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	synctest.Test(t, func(t *testing.T) {
		var b SilenceBook
		put(t, &b, monitor.Silence{ID: 1, Version: 1, Matches: monitor.Match{Group: "shop"}, Schedule: "0 22 * * *", Zone: "Europe/Berlin", Length: monitor.Span{Time: 8 * time.Hour}, Reason: "backups", Author: "ann"})
		desk := NewDesk(DeskOptions{Ledger: memory{}, Installation: "test", Silences: &b, Now: afterAll})
		time.Sleep(time.Until(time.Date(2026, 3, 1, 19, 0, 0, 0, time.UTC))) // 20:00 in Berlin
		var story []string
		for range 24 {
			sees := "ok"
			if hour := time.Now().UTC().Hour(); hour >= 20 && hour < 23 || hour >= 1 && hour < 7 {
				sees = "critical"
			}
			o := outcome(time.Now().UTC(), sees)
			o.Subject = m.Subject()
			change, err := desk.Record(t.Context(), Finished{Monitor: m, Outcome: o})
			if err != nil {
				t.Fatal(err)
			}
			if change.Decision.Reason != monitor.ReasonSteady && change.Decision.Reason != monitor.ReasonRepeatLater {
				story = append(story, fmt.Sprintf("%02d %s", time.Now().UTC().Hour(), change.Decision.Reason))
			}
			time.Sleep(time.Hour)
		}
		// 22:00 to 06:00 in Berlin are 21:00 to 05:00 here.
		want := "20 fired, 21 silenced, 22 silenced, 23 resolved, 01 silenced, 02 silenced, 03 silenced, 04 silenced, 05 fired, 06 repeated, 07 resolved"
		if got := strings.Join(story, ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// memory is a ledger that keeps nothing: the desk remembers states by itself.
type memory struct{}

func (memory) State(_ context.Context, s monitor.Subject) (monitor.State, error) {
	return monitor.State{Subject: s}, nil
}

func (memory) Commit(context.Context, monitor.Commit) error { return nil }

func TestDesk_NoticeThatWasHeldGoesOutWhenTheSilenceEnds(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	var b SilenceBook
	put(t, &b, shopSilence(1, noon, noon.Add(5*time.Minute)))
	desk := silencedDesk(db, &b)
	held := record(t, desk, finished(m, 1, "critical"))
	if held.Kind != none || held.Decision.String() != "not sent: silenced (silence 1 by ann: deploy), until 2026-03-01 12:05:00 UTC" {
		t.Errorf("got %q, %s", held.Kind, held.Decision)
	}
	record(t, desk, finished(m, 4, "critical"))
	if got := record(t, desk, finished(m, 5, "critical")); got.Kind != fire || got.Incident.Key != held.Incident.Key {
		t.Errorf("got %q about %v when the silence ended, want the fire of the incident that was held", got.Kind, got.Incident)
	}
	if got := record(t, desk, finished(m, 6, "ok")); got.Kind != resolve {
		t.Errorf("got %q, want a resolve", got.Kind)
	}
	runs, err := db.Runs(t.Context(), m.ID, time.Time{}, 10)
	if err != nil || len(runs) != 4 || runs[3].Decision.Reason != monitor.ReasonSilenced || runs[3].Level != critical {
		t.Errorf("got runs %+v, %v: a silence must not keep runs from being recorded", runs, err)
	}
	_, timeline, err := db.Incident(t.Context(), 1)
	if err != nil || timeline[1].Type != monitor.EventHeld || !strings.Contains(timeline[1].Text, "silence 1 by ann") {
		t.Errorf("got timeline %+v, %v", timeline, err)
	}
}

func TestDesk_SilenceEndedEarlyLetsTheNoticeOut(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	var b SilenceBook
	s := shopSilence(1, noon, noon.Add(time.Hour))
	put(t, &b, s)
	desk := silencedDesk(db, &b)
	record(t, desk, finished(m, 1, "critical"))
	s.Version, s.EndedAt, s.EndedBy = 2, noon.Add(90*time.Second), "bob"
	put(t, &b, s)
	if got := record(t, desk, finished(m, 2, "critical")); got.Kind != fire {
		t.Errorf("got %q, %s", got.Kind, got.Decision)
	}
}

func TestDesk_SilenceNeverHoldsAResolveThatIsOwed(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	var b SilenceBook
	desk := silencedDesk(db, &b)
	record(t, desk, finished(m, 0, "critical"))
	put(t, &b, shopSilence(1, noon, noon.Add(time.Hour)))
	if got := record(t, desk, finished(m, 1, "ok")); got.Kind != resolve {
		t.Errorf("got %q, %s", got.Kind, got.Decision)
	}
	if got := record(t, desk, finished(m, 2, "critical")); got.Kind != none {
		t.Errorf("got %q for a new incident during the silence", got.Kind)
	}
	if got := record(t, desk, finished(m, 3, "ok")); got.Kind != none || got.Decision.Reason != monitor.ReasonClosed {
		t.Errorf("got %q, %s for an incident that nobody heard of", got.Kind, got.Decision)
	}
}

func BenchmarkSilenceBook_Hold(b *testing.B) {
	var book SilenceBook
	for i := range int64(100) {
		s := monitor.Silence{ID: i + 1, Version: 1, Matches: monitor.Match{Group: "shop"}, Schedule: "0 22 * * 5", Zone: "Europe/Berlin", Length: monitor.Span{Time: 8 * time.Hour}}
		if err := book.Put(s, noon); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		book.Hold(aboutShop, noon)
	}
}

func TestNews_GoToWhoeverADestinationLeadsToUnlessSilenced(t *testing.T) {
	db := openStore(t)
	news := monitor.Message{Kind: monitor.NoticeLevel, Subject: monitor.Subject{Kind: monitor.KindComponent, Key: "shop"}, Level: monitor.Warning, At: noon}
	got := newDesk(db).News(news, "component/shop/subscription/1", "mailto:a@example.com", "mailto:b@example.com")
	if len(got) != 2 || got[1].Destination != "mailto:b@example.com" || got[0].Incident != got[1].Incident || got[0].Status != monitor.NoticePending || got[0].IncidentID != 0 {
		t.Errorf("got %+v", got)
	}
	silenced := NewDesk(DeskOptions{Ledger: db, Silences: holdAll{}, Now: afterAll})
	if got := silenced.News(news, "k", "mailto:a@example.com"); len(got) != 0 {
		t.Errorf("a silence was not kept: %+v", got)
	}
}

// holdAll silences everything.
type holdAll struct{}

func (holdAll) Hold(monitor.Message, time.Time) *Hold { return &Hold{} }

func (holdAll) NextEnd(time.Time) time.Time { return time.Time{} }

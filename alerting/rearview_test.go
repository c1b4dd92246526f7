package alerting

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

// The cases of Rearview's own tests that are about alerts, by their numbers. Case
// 23 is in package monitor, case 25 with the channels.

func TestRearview_Case24RealertsAfterTheTimeout(t *testing.T) {
	for _, row := range []struct {
		name string
		last time.Duration // since the last notice; 0: there was none
		want monitor.Reason
	}{
		{"never alerted", 0, monitor.ReasonFired},
		{"a day ago", 24 * time.Hour, monitor.ReasonRepeated},
		{"a minute ago", time.Minute, monitor.ReasonRepeatLater},
	} {
		before := monitor.State{
			Subject: monitor.MonitorSubject(7), Version: 1, Level: critical, Observed: critical, At: noon.Add(-time.Minute),
			Open: &monitor.Open{Key: "k", Level: critical, OpenedAt: noon.Add(-48 * time.Hour)},
		}
		if row.last > 0 {
			before.Open.Told, before.Open.Fired, before.Open.LastNotice = ops, critical, noon.Add(-row.last)
		}
		got := Decide(before, outcome(noon, "critical"), Terms{Policy: monitor.DefaultPolicy(), Destinations: ops})
		if got.Decision.Reason != row.want {
			t.Errorf("%s, timeout 60 minutes: %q, want %q", row.name, got.Decision.Reason, row.want)
		}
	}
}

func TestRearview_Case24OneClientThatFailsStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		stop := dispatch(t, DispatcherOptions{Outbox: box, Channels: map[string]Channel{
			"mailto":    channelFunc(func(context.Context, monitor.Notice) error { panic("no mail today") }),
			"pagerduty": channelFunc(func(context.Context, monitor.Notice) error { return nil }),
		}})
		defer stop()
		box.add("k", "mailto:a@b.c", "pagerduty:x")
		pass(time.Second)
		if got := box.statuses(); !slices.Equal(got, []monitor.NoticeStatus{monitor.NoticePending, monitor.NoticeDelivered}) {
			t.Errorf("got %v, want the page delivered", got)
		}
	})
}

func TestRearview_Case24AlertsThatAreDisabledTellNobody(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	var b SilenceBook
	put(t, &b, monitor.Silence{ID: 1, Version: 1, Matches: monitor.Match{Everything: true}, From: noon, Until: noon.Add(time.Hour), Reason: "x", Author: "ann"})
	record(t, silencedDesk(db, &b), finished(m, 1, "critical"))
	wantQueued(t, db, "while everything is silenced")
}

// Rearview's letters: s a run that succeeded, e one that did not, a minute apart.
func TestRearview_Case26IncidentsLastFromTheFirstErrorToTheNextSuccess(t *testing.T) {
	for _, row := range []struct {
		runs string
		want []int // minutes that each incident lasted, the newest first; one still open until the end
	}{
		{"", nil}, {"s", nil}, {"e", []int{9}}, {"es", []int{1}}, {"se", []int{8}}, {"ses", []int{1}},
		{"eeeeeeeees", []int{9}}, {"seseeees", []int{4, 1}}, {strings.Repeat("e", 30) + "s", []int{30}},
	} {
		db := openStore(t)
		m := createMonitor(t, db)
		desk := newDesk(db)
		for i, run := range row.runs {
			record(t, desk, finished(m, i, map[rune]string{'s': "ok", 'e': "critical"}[run]))
		}
		all, err := db.Incidents(t.Context(), store.IncidentFilter{Subject: m.Subject()})
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, i := range all {
			got = append(got, int(i.Duration(noon.Add(9*time.Minute)).Minutes()))
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("runs %q: incidents of %v minutes, want %v", row.runs, got, row.want)
		}
	}
}

func TestRearview_Case26MonitorsThatAreGoneHaveNoOpenErrors(t *testing.T) {
	db := openStore(t)
	desk := newDesk(db)
	var left, gone monitor.Monitor
	for i, m := range []*monitor.Monitor{&left, &gone} {
		*m = createMonitor(t, db)
		for minute := range 3 {
			record(t, desk, finished(*m, minute+i, "critical"))
		}
	}
	if err := db.DeleteMonitor(t.Context(), gone.ID, "ann", noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	open, err := db.Incidents(t.Context(), store.IncidentFilter{Open: true})
	if err != nil || len(open) != 1 || open[0].Subject != left.Subject() {
		t.Errorf("open are %+v, %v; want that of the monitor that is left", open, err)
	}
	if _, err := desk.Record(t.Context(), finished(gone, 90, "critical")); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("a run of the one that is gone: %v", err)
	}
}

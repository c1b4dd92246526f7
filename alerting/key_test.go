package alerting

import (
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

func TestDesk_LongSubjectsHaveIncidentsOfTheirOwn(t *testing.T) {
	db := openStore(t)
	desk := newDesk(db)
	long := strings.Repeat("/srv/data", 40)
	report := func(key string) monitor.Change {
		t.Helper()
		subject := monitor.Subject{Kind: monitor.KindRule, Key: "disk-full/" + long + key}
		o := outcome(noon, "critical")
		o.Subject = subject
		change, err := desk.Report(t.Context(), monitor.Watched{Subject: subject, Name: "disk full", Alerts: ops, Active: true}, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		return change
	}
	one, two := report("/a"), report("/b")
	if one.State.Open.Key == two.State.Open.Key {
		t.Errorf("two subjects share the incident %s", one.State.Open.Key)
	}
	if n := len(one.State.Open.Key); n > 255 {
		t.Errorf("a key of %d bytes is longer than PagerDuty takes", n)
	}
	if err := desk.Hear(t.Context(), two.State.Open.Key, HeardAcknowledged, "bob", noon); err != nil {
		t.Fatal(err)
	}
	for change, want := range map[*monitor.Change]string{&one: "", &two: "bob"} {
		state, err := db.State(t.Context(), change.State.Subject)
		if err != nil || state.Open == nil || state.Open.AckedBy != want {
			t.Errorf("got %+v, %v, want it acknowledged by %q", state.Open, err, want)
		}
	}
}

func TestDesk_AnIncidentOfARepeatedMinuteIsAnother(t *testing.T) {
	db := openStore(t)
	now := noon
	desk := NewDesk(DeskOptions{Ledger: db, Installation: db.Installation(), Now: func() time.Time { return now }})
	m := createMonitor(t, db, ops...)
	run := func(minute int, sees string) monitor.Change {
		now = noon.Add(time.Duration(minute) * time.Minute)
		return record(t, desk, finished(m, minute, sees))
	}
	run(0, "ok")
	first := run(10, "critical")
	run(11, "ok")
	run(5, "ok") // the clock was set back
	second := run(10, "critical")
	if second.State.Open == nil || first.State.Open.Key == second.State.Open.Key {
		t.Fatalf("got %+v after %+v, want another incident", second.State.Open, first.State.Open)
	}
	all, err := db.Incidents(t.Context(), store.IncidentFilter{})
	if err != nil || len(all) != 2 || all[1].ClosedAt.IsZero() {
		t.Errorf("got %+v, %v, want the first one to stay closed", all, err)
	}
}

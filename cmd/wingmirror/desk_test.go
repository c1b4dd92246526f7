package main

import (
	"path/filepath"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/store"
)

func TestDesk_AsksForARecheckUntilTheLevelIsConfirmed(t *testing.T) {
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "w.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	begun := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	m, err := db.CreateMonitor(t.Context(), monitor.Monitor{
		Name: "m", Schedule: "*/10 * * * *", Active: true, Policy: monitor.Policy{Failures: 3},
	}, "ann", begun)
	if err != nil {
		t.Fatal(err)
	}
	d := desk{
		alerting: alerting.NewDesk(alerting.DeskOptions{Ledger: db}),
		defaults: monitor.Policy{Recheck: 30 * time.Second}, changed: func() {},
	}
	for i, run := range []struct {
		what  string
		level monitor.Level
		fault monitor.Fault
		again bool
	}{
		{"all is well", monitor.OK, "", false},
		{"the first that fails", monitor.Critical, "", true},
		{"it was nothing", monitor.OK, "", false},
		{"again a first", monitor.Critical, "", true},
		{"a fault confirms nothing and denies nothing", monitor.Unknown, monitor.FaultTimeout, true},
		{"the second", monitor.Critical, "", true},
		{"the third: in force", monitor.Critical, "", false},
		{"still bad", monitor.Critical, "", false},
		{"a fault while it is in force", monitor.Unknown, monitor.FaultTimeout, false},
	} {
		at := begun.Add(time.Duration(i) * time.Minute)
		again, err := d.Record(t.Context(), m, scheduler.Evaluation{
			Outcome: monitor.Outcome{Subject: m.Subject(), At: at, Level: run.level, Fault: run.fault},
		})
		var want time.Time
		if run.again {
			want = at.Add(30 * time.Second)
		}
		if err != nil || !again.Equal(want) {
			t.Errorf("%s: again at %v, want %v; error %v", run.what, again, want, err)
		}
	}
	if err := db.DeleteMonitor(t.Context(), m.ID, "ann", begun.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	gone := scheduler.Evaluation{Outcome: monitor.Outcome{Subject: m.Subject(), At: begun.Add(time.Hour), Level: monitor.OK}}
	if again, err := d.Record(t.Context(), m, gone); err != nil || !again.IsZero() {
		t.Errorf("a monitor that is gone: again at %v, error %v", again, err)
	}
}

package main

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/store"
)

func TestSilences_HoldAtOnceAndAfterARestartAndHaveTheMonitorRunWhenTheyEnd(t *testing.T) {
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "w.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	open := func() *silences {
		s, err := openSilences(db, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	begun := time.Now().UTC().Truncate(time.Second)
	m, err := db.CreateMonitor(t.Context(), monitor.Monitor{
		Name: "m", Schedule: "@daily", Group: "shop/eu", Active: true, Alerts: []string{"mailto:ops@example.com"},
	}, "ann", begun)
	if err != nil {
		t.Fatal(err)
	}
	end := begun.Add(time.Hour)
	first := open()
	saved, err := first.SaveSilence(t.Context(), monitor.Silence{
		Matches: monitor.Match{Group: "shop"}, From: begun, Until: end, Reason: "deploy", Author: "ann",
	}, begun)
	if err != nil {
		t.Fatal(err)
	}
	record := func(s *silences, after time.Duration) time.Time {
		d := desk{alerting: alerting.NewDesk(alerting.DeskOptions{Ledger: db, Silences: &s.book}), changed: func() {}}
		again, err := d.Record(t.Context(), m, scheduler.Evaluation{
			Outcome: monitor.Outcome{Subject: m.Subject(), At: begun.Add(after), Level: monitor.Critical, Message: "bad"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return again
	}
	if again := record(first, time.Minute); !again.Equal(end) {
		t.Errorf("again at %v, want the end of the silence, %v", again, end)
	}
	restarted := open()
	if again := record(restarted, 2*time.Minute); !again.Equal(end) {
		t.Errorf("after a restart again at %v, want %v", again, end)
	}
	wantNotices(t, db, 0)
	if _, err := restarted.EndSilence(t.Context(), saved.ID, "bob", begun.Add(150*time.Second)); err != nil {
		t.Fatal(err)
	}
	if again := record(restarted, 3*time.Minute); !again.IsZero() {
		t.Errorf("again at %v although nothing is silenced any more", again)
	}
	wantNotices(t, db, 1)
}

func wantNotices(t *testing.T, db *store.DB, want int) {
	t.Helper()
	if notices, err := db.Notices(t.Context(), store.NoticeFilter{}); err != nil || len(notices) != want {
		t.Errorf("%d notices, %v, want %d", len(notices), err, want)
	}
}

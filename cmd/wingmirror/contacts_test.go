package main

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestContacts_WhoeverNamesAGroupFollowsItsNameAndKeepsIt(t *testing.T) {
	ctx := t.Context()
	c := config{
		DB: filepath.Join(t.TempDir(), "test.db"), Listen: "127.0.0.1:0",
		Graphite: graphiteConfig{URL: "http://127.0.0.1:1", Timeout: time.Second, Step: time.Minute, Concurrency: 1},
		Schedule: scheduleConfig{MaxRuns: 1, MinInterval: time.Second, StopTimeout: time.Second},
	}
	s, err := newServer(ctx, c, slog.New(slog.DiscardHandler), realServer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	for _, name := range []string{"ops", "web", "idle"} {
		if _, err := s.contacts.SaveContactGroup(ctx, monitor.ContactGroup{Name: name, Members: []string{"mailto:a@example.com"}}, "ann", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	beat, err := s.beats.Save(ctx, monitor.Heartbeat{Space: "main", Name: "backup", Alerts: []string{"group:ops"}, Active: true}, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.SaveComponent(ctx, monitor.Component{ID: "shop", Name: "Shop", Alerts: []string{"group:ops"}}, "ann", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.board.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	rules := "severities:\n  page: {level: critical}\nrules:\n  - name: Disk full\n    condition: value > 0.9\n    threshold: 90%\n    severity: page\n    alerts: [group:web]\n"
	if _, err := s.rules.Save(ctx, rules, "ann", 0); err != nil {
		t.Fatal(err)
	}

	if _, err := s.contacts.RenameContactGroup(ctx, "ops", "crew", "bob", time.Now()); err != nil {
		t.Fatal(err)
	}
	want := []string{"group:crew"}
	if view, err := s.beats.ByID(beat.ID); err != nil || !slices.Equal(view.Heartbeat.Alerts, want) {
		t.Errorf("the heartbeat names %v, %v", view.Heartbeat.Alerts, err)
	}
	if n := s.board.Look().Node("shop"); n == nil || !slices.Equal(n.Component.Alerts, want) {
		t.Errorf("the component is %+v, want it to name %v", n, want)
	}
	if _, err := s.contacts.RenameContactGroup(ctx, "web", "frontend", "bob", time.Now()); err != nil {
		t.Fatal(err)
	}
	for group, user := range map[string]string{"crew": "component Shop", "frontend": "rule Disk full"} {
		if err := s.contacts.DeleteContactGroup(ctx, group); !errors.Is(err, monitor.ErrConflict) || !strings.Contains(err.Error(), user) {
			t.Errorf("delete %s: %v, want a conflict with %s", group, err, user)
		}
	}
	if err := s.contacts.DeleteContactGroup(ctx, "idle"); err != nil {
		t.Errorf("delete a group that nobody names: %v", err)
	}
}

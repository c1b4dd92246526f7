package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/store"
)

func TestServe_WhatKeepsItFromStartingIsNamed(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	notDatabase := writeFile(t, "notes.txt", strings.Repeat("these are notes, not a database\n", 100))
	readOnly := t.TempDir()
	if err := os.Chmod(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	library := filepath.Dir(writeFile(t, "broken.js", "function (\n"))
	for _, test := range []struct {
		what string
		args []string
		code int
		says []string
	}{
		{"no Graphite", []string{"--graphite", ""}, exitUsage, []string{"--graphite http://graphite.example.com", "wingmirror demo"}},
		{"a port that is taken", []string{"--listen", busy.Addr().String()}, exitUsage, []string{"another program listens on " + busy.Addr().String()}},
		{"no address", []string{"--listen", "nonsense"}, exitUsage, []string{`"nonsense" is not an address with a port`}},
		{"an address of another machine", []string{"--auth", "none", "--listen", "192.0.2.1:1"}, exitUsage, []string{"does not have the address 192.0.2.1:1"}},
		{"no directory", []string{"--db", filepath.Join(t.TempDir(), "none", "w.db")}, exitFailure, []string{"the directory", "does not exist"}},
		{"a directory for a file", []string{"--db", t.TempDir()}, exitFailure, []string{"is a directory"}},
		{"a directory that cannot be written", []string{"--db", filepath.Join(readOnly, "w.db")}, exitFailure, []string{"permission denied"}},
		{"a file that is no database", []string{"--db", notDatabase}, exitFailure, []string{"is not an SQLite database"}},
		{"a newer schema", []string{"--db", newerDatabase(t)}, exitFailure, []string{"newer Wingmirror", "start that version, or restore a backup"}},
		{"a database that somebody holds", []string{"--db", lockedDatabase(t)}, exitFailure, []string{"is locked by another program"}},
		{"a wrong mail server", []string{"--smtp", "mail.example.com"}, exitUsage, []string{"smtp"}},
		{"a library that does not compile", []string{"--stdlib", library}, exitUsage, []string{"broken.js"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if test.what == "a directory that cannot be written" && os.Geteuid() == 0 {
				t.Skip("root may write everywhere")
			}
			args := append([]string{"serve", "--graphite", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--log-level", "error",
				"--db", filepath.Join(t.TempDir(), "w.db")}, test.args...)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // should it start after all
			defer cancel()
			code, out, errs := invokeUntil(ctx, args...)
			if code != test.code {
				t.Errorf("exit %d, want %d\n%s%s", code, test.code, out, errs)
			}
			for _, want := range test.says {
				if !strings.Contains(errs, want) {
					t.Errorf("no %q in %s", want, errs)
				}
			}
		})
	}
}

func newerDatabase(t *testing.T) string {
	t.Helper()
	return prepared(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
}

func lockedDatabase(t *testing.T) string {
	t.Helper()
	return prepared(t, `PRAGMA locking_mode = exclusive; BEGIN EXCLUSIVE`)
}

// prepared makes a database of ours, and does something to it by a connection
// that stays open until the end of the test.
func prepared(t *testing.T, statement string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "w.db")
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	raw.SetMaxOpenConns(1)
	if _, err := raw.Exec(statement); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServe_WithoutGraphiteAndMailServerItStartsAndSaysWhatFails(t *testing.T) {
	s := launch(t, "serve", "--graphite", "http://127.0.0.1:1", "--graphite-timeout", "1s", "--smtp", "smtp://127.0.0.1:1",
		"--db", filepath.Join(t.TempDir(), "w.db"), "--log-level", "error")
	create := func(name, target, script string) {
		t.Helper()
		monitor := map[string]any{
			"name": name, "schedule": "* * * * * *", "script": script, "alerts": []string{"mailto:ops@example.com"}, "active": true,
		}
		if target != "" {
			monitor["targets"] = []string{target}
		}
		if err := s.Call("POST", "/api/v1/monitors", monitor, new(struct{})); err != nil {
			t.Fatal(err)
		}
	}
	create("needs Graphite", "a.b", "")
	create("needs nothing", "", `throw "on fire"`)
	s.Await("the fault, and the level that needs no Graphite", func() error {
		all, err := s.monitors()
		if err != nil {
			return err
		}
		if m := all["needs Graphite"]; m.Fault != "fetch" || m.Level != "unknown" || !strings.Contains(m.Message, "127.0.0.1:1") {
			return fmt.Errorf("%+v", m)
		}
		if m := all["needs nothing"]; m.Fault != "" || m.Level != "critical" {
			return fmt.Errorf("%+v", m)
		}
		return nil
	})
	s.Await("the delivery that fails", func() error {
		var list struct {
			Deliveries []struct{ Status, Error string }
		}
		if err := s.Call("GET", "/api/v1/deliveries", nil, &list); err != nil {
			return err
		}
		for _, d := range list.Deliveries {
			if d.Status == "pending" && strings.Contains(d.Error, "connection refused") {
				return nil
			}
		}
		return fmt.Errorf("deliveries %+v", list.Deliveries)
	})
	if took := s.stop(); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

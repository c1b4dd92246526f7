package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// allRooms is a server with every room, nothing in it, and no metrics source.
func allRooms(t *testing.T) *server {
	t.Helper()
	c := config{
		DB: filepath.Join(t.TempDir(), "test.db"), Listen: "127.0.0.1:0",
		Graphite: graphiteConfig{URL: "http://127.0.0.1:1", Timeout: time.Second, Step: time.Minute, Concurrency: 1},
		Schedule: scheduleConfig{MaxRuns: 1, MinInterval: time.Second, StopTimeout: time.Second},
	}
	s, err := newServer(t.Context(), c, slog.New(slog.DiscardHandler), realServer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// All rooms share one table of routes, one document of the API and one set of
// templates; whatever two of them name alike shows here.
func TestTree_AllRoomsOpenTogether(t *testing.T) {
	s := allRooms(t)
	for path, want := range map[string]string{
		"/board": "Board", "/heartbeats": "Heartbeats", "/rules": "Rules", "/incidents": "Incidents",
	} {
		out := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr, r.Host = "127.0.0.1:9", "127.0.0.1"
		s.handler.ServeHTTP(out, r)
		if out.Code != http.StatusOK || !strings.Contains(out.Body.String(), "<h1>"+want) {
			t.Errorf("%s: %d %.300s", path, out.Code, out.Body)
		}
	}
}

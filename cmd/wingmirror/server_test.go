package main

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"
)

func TestServer_EndsWhenItsPagesCannotBeServedAnyMore(t *testing.T) {
	c := config{
		DB: filepath.Join(t.TempDir(), "test.db"), Listen: "127.0.0.1:0",
		Graphite: graphiteConfig{URL: "http://127.0.0.1:1", Timeout: time.Second, Step: time.Minute, Concurrency: 1},
		Schedule: scheduleConfig{MaxRuns: 1, MinInterval: time.Second, StopTimeout: time.Second},
	}
	s, err := newServer(t.Context(), c, slog.New(slog.DiscardHandler), realServer)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- s.run(t.Context(), func(string) { s.listener.Close() })
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it ended without saying why")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on without pages")
	}
}

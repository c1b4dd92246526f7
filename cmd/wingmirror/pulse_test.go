package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/alerting"
	"wingmirror/scheduler"
)

// patient is a server whose parts fail as a test says.
type patient struct {
	wrong  *unwell
	behind time.Duration
	stats  scheduler.Stats
	due    time.Time     // of the oldest notice; zero: there is none
	ended  bool          // the outbox cannot be read
	asleep time.Duration // for how long nobody has watched over heartbeats

	turns atomic.Int64 // that the test has had: tells the race detector what came before a beat
}

func (p *patient) unready(context.Context) *unwell {
	p.turns.Load()
	return p.wrong
}

func (p *patient) Behind() time.Duration { return p.behind }

func (p *patient) Stats() scheduler.Stats { return p.stats }

func (p *patient) WatchedUntil(context.Context) (time.Time, error) {
	return time.Now().Add(-p.asleep), nil
}

func (p *patient) NextDue(context.Context, string, time.Time) (time.Time, bool, error) {
	if p.ended {
		return time.Time{}, false, errors.New("read outbox: disk I/O error")
	}
	return p.due, !p.due.IsZero(), nil
}

// watcher counts the beats that come to it.
type watcher struct {
	of     *patient
	beats  int
	status int
	err    error
}

func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.err != nil {
		return nil, w.err
	}
	if r.Method == http.MethodGet && r.URL.String() == "https://watch.example.com/ping/s3cret" {
		w.beats++
	}
	return &http.Response{StatusCode: w.status, Status: http.StatusText(w.status), Body: http.NoBody, Request: r}, nil
}

// pulsing runs a pulse for a test, and returns who watches it and its log.
func pulsing(t *testing.T, of *patient) (*watcher, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	to := &watcher{of: of, status: http.StatusOK}
	w := &work{unready: of.unready, scheduler: of, store: of, channels: map[string]alerting.Channel{"mailto": nil}, now: time.Now}
	p := pulse{"https://watch.example.com/ping/s3cret", &http.Client{Transport: to}, w.well, slog.New(slog.NewTextHandler(&log, nil))}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go p.run(ctx)
	synctest.Wait()
	return to, &log
}

// after lets time pass and returns how many beats came meanwhile.
func (w *watcher) after(d time.Duration) int {
	before := w.beats
	w.of.turns.Add(1)
	time.Sleep(d)
	synctest.Wait()
	return w.beats - before
}

func TestPulse_BeatsAtOnceAndEveryMinuteWhileAllWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watch, log := pulsing(t, &patient{})
		if watch.beats != 1 {
			t.Errorf("%d beats at the start", watch.beats)
		}
		if got := watch.after(10 * time.Minute); got != 10 || log.Len() > 0 {
			t.Errorf("%d beats in ten minutes, log %s", got, log)
		}
	})
}

func TestPulse_IsSilentWhileAPartDoesNotWork(t *testing.T) {
	for _, test := range []struct {
		what  string
		spoil func(*patient)
		mend  func(*patient)
		says  string
	}{
		{"database", func(p *patient) {
			p.wrong = &unwell{"store", "the database cannot be written", errors.New("disk full")}
		},
			func(p *patient) { p.wrong = nil }, "the database cannot be written: disk full"},
		{"schedule", func(p *patient) { p.behind = 6 * time.Minute }, func(p *patient) { p.behind = time.Second }, "a tick of the schedule has been due for 6m0s"},
		{"heartbeats", func(p *patient) { p.asleep = time.Hour }, func(p *patient) { p.asleep = 0 }, "nobody has watched over heartbeats for 6m0s"},
		{"outbox", func(p *patient) { p.ended = true }, func(p *patient) { p.ended = false }, "disk I/O error"},
		{"deliveries", func(p *patient) { p.due = time.Now().Add(-6 * time.Minute) }, func(p *patient) { p.due = time.Now().Add(time.Minute) }, "a notice of the kind mailto"},
	} {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of := &patient{}
				watch, log := pulsing(t, of)
				watch.after(5*time.Minute + time.Second)
				test.spoil(of)
				if got := watch.after(3 * time.Minute); got != 0 || !strings.Contains(log.String(), test.says) {
					t.Errorf("%d beats, log %s", got, log)
				}
				test.mend(of)
				if got := watch.after(time.Minute); got != 1 {
					t.Errorf("%d beats once it is mended", got)
				}
			})
		})
	}
}

func TestPulse_RunsThatStandStillSilenceItAndSlowOnesDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := &patient{stats: scheduler.Stats{Queued: 3, Runs: 7}}
		watch, log := pulsing(t, of)
		for range 10 {
			of.stats.Runs++
			if got := watch.after(2 * time.Minute); got != 2 {
				t.Fatalf("%d beats while runs go on", got)
			}
		}
		if got := watch.after(20 * time.Minute); got > 7 || !strings.Contains(log.String(), "no run has had its turn for 6m0s, and 3 wait") {
			t.Errorf("%d beats while no run goes on, log %s", got, log)
		}
		of.stats.Queued = 0
		if got := watch.after(time.Minute); got != 1 {
			t.Errorf("%d beats when nothing waits", got)
		}
	})
}

func TestPulse_WhatCannotBeSentIsSentAgainAndTellsNoKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watch, log := pulsing(t, &patient{})
		watch.err = errors.New("connection refused")
		watch.after(time.Minute)
		watch.err, watch.status = nil, http.StatusNotFound
		watch.after(time.Minute)
		watch.status = http.StatusNoContent
		if got := watch.after(time.Minute); got != 1 {
			t.Errorf("%d beats", got)
		}
		if text := log.String(); !strings.Contains(text, "connection refused") || !strings.Contains(text, "the answer was") || strings.Contains(text, "s3cret") {
			t.Errorf("log %s", text)
		}
	})
}

func TestPulse_AnAddressThatIsNoneIsRefused(t *testing.T) {
	for text, ok := range map[string]bool{"": true, "https://watch.example.com/ping/k/wm": true, "watch.example.com/s3cret": false, "ftp://x/s3cret": false, "https:///s3cret": false} {
		err := heartbeatConfig{URL: text, Zone: "UTC"}.validate()
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

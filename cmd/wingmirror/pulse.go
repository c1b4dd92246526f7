package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	neturl "net/url"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/scheduler"
)

const (
	pulseEvery   = time.Minute
	pulseTimeout = 20 * time.Second // for looking whether all is well, and for one beat
	tooLate      = 5 * time.Minute  // for a tick, a run or a notice: what is due so long stands still
)

// checkPulseURL reads the address that our own beats go to; "" is none.
func checkPulseURL(text string) error {
	if text == "" {
		return nil
	}
	if u, err := neturl.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return monitor.Invalid("heartbeat-url", "this is no address of the form https://HOST/PATH")
	}
	return nil
}

// pulse is our own heartbeat: it beats to somebody else's watch for as long as
// this server does its work, and keeps silent when it does not.
type pulse struct {
	url    string
	client *http.Client
	well   func(context.Context) error // nil when all works, else what does not
	log    *slog.Logger
}

// run beats at once and then every minute, until ctx ends.
func (p pulse) run(ctx context.Context) {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	for {
		if err := p.beat(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("no beat was sent to the server that watches this one", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p pulse) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pulseTimeout)
	defer cancel()
	if err := p.well(ctx); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return err
	}
	answer, err := p.client.Do(request)
	if wrapped, ok := errors.AsType[*neturl.Error](err); ok {
		err = wrapped.Err // the address is a key
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection serves again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the answer was %s", answer.Status)
	}
	return nil
}

// work looks whether the server does what it is there for.
type work struct {
	unready   func(context.Context) *unwell
	scheduler interface {
		Behind() time.Duration
		Stats() scheduler.Stats
	}
	store interface {
		WatchedUntil(ctx context.Context) (time.Time, error)
		NextDue(ctx context.Context, scheme string, after time.Time) (time.Time, bool, error)
	}
	channels map[string]alerting.Channel // by scheme
	now      func() time.Time

	begun time.Time // of the first look
	done  uint64    // runs that had their turn, as of moved
	moved time.Time // when one was last seen to have it, or none to wait
}

// well returns what does not work: the database, the sandbox, the schedule, the
// runs, the watch over heartbeats, or the deliveries.
func (w *work) well(ctx context.Context) error {
	now := w.now()
	if w.begun.IsZero() {
		w.begun, w.moved = now, now
	}
	if wrong := w.unready(ctx); wrong != nil {
		return fmt.Errorf("%s: %w", wrong.says, wrong.cause)
	}
	if behind := w.scheduler.Behind(); behind > tooLate {
		return fmt.Errorf("a tick of the schedule has been due for %s", behind.Round(time.Second))
	}
	if err := w.runsGoOn(now); err != nil {
		return err
	}
	watched, err := w.store.WatchedUntil(ctx)
	if err != nil {
		return err
	}
	if watched.Before(w.begun) {
		watched = w.begun
	}
	if late := now.Sub(watched); late > tooLate {
		return fmt.Errorf("nobody has watched over heartbeats for %s", late.Round(time.Second))
	}
	return w.deliveriesGoOn(ctx, now)
}

func (w *work) runsGoOn(now time.Time) error {
	stats := w.scheduler.Stats()
	if done := stats.Runs + stats.Lost + stats.Failures; done != w.done || stats.Queued == 0 {
		w.done, w.moved = done, now
	}
	if stands := now.Sub(w.moved); stands > tooLate {
		return fmt.Errorf("no run has had its turn for %s, and %d wait", stands.Round(time.Second), stats.Queued)
	}
	return nil
}

func (w *work) deliveriesGoOn(ctx context.Context, now time.Time) error {
	for scheme := range w.channels {
		due, waits, err := w.store.NextDue(ctx, scheme, time.Time{})
		if err != nil {
			return err
		}
		if late := now.Sub(due); waits && late > tooLate {
			return fmt.Errorf("a notice of the kind %s has been due for %s", scheme, late.Round(time.Second))
		}
	}
	return nil
}

// openPulse adds our own heartbeat, where one is asked for.
func (s *server) openPulse() {
	url := s.config.Heartbeats.URL
	if url == "" {
		return
	}
	w := &work{unready: s.unready, scheduler: s.scheduler, store: s.db, channels: s.channels, now: time.Now}
	s.background = append(s.background, pulse{url, &http.Client{}, w.well, s.log.With("part", "pulse")}.run)
}

package expiry_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/histogram/expiry"
	"wingmirror/monitor"
)

// archive keeps the state as the store does: as JSON.
type archive struct {
	mu    sync.Mutex
	state []byte
	mails []monitor.Mail
}

func (a *archive) Probes(context.Context) ([]monitor.Probe, error) { return probes, nil }

func (a *archive) ReadReminders(_ context.Context, state any) error {
	if a.state == nil {
		return nil
	}
	return json.Unmarshal(a.state, state)
}

func (a *archive) CommitReminders(_ context.Context, state any, mails []monitor.Mail, _ time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mails = append(a.mails, mails...)
	var err error
	a.state, err = json.Marshal(state)
	return err
}

// queued returns the mails so far.
func (a *archive) queued() []monitor.Mail {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.mails)
}

func TestKeeper_RemindsOnceAndSurvivesABrokenCalendar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		clock := func() time.Time { return day("2026-04-18").Add(time.Since(begun)) }
		var reads atomic.Int32
		a := &archive{}
		k := &expiry.Keeper{Archive: a, Now: clock, Log: slog.New(slog.DiscardHandler), Read: func(context.Context) (expiry.Calendar, error) {
			if reads.Add(1) == 2 {
				return nil, errors.New("gone")
			}
			return calendar, nil
		}}
		ctx, cancel := context.WithCancel(t.Context())
		go k.Run(ctx)
		time.Sleep(36 * time.Hour)
		synctest.Wait()
		if len(a.queued()) != 0 || reads.Load() < 3 {
			t.Errorf("too early: %d mails, %d reads", len(a.queued()), reads.Load())
		}
		time.Sleep(30 * 24 * time.Hour)
		synctest.Wait()
		if mails := a.queued(); len(mails) != 2 || mails[0].To != "a@example.com" || mails[0].Key == mails[1].Key {
			t.Errorf("two waves gave %+v", mails)
		}
		cancel()
		synctest.Wait()
	})
}

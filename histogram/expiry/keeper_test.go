package expiry_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/histogram/expiry"
	"wingmirror/monitor"
)

// archive keeps the state as the store does: as JSON.
type archive struct {
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
	a.mails = append(a.mails, mails...)
	var err error
	a.state, err = json.Marshal(state)
	return err
}

func TestKeeper_RemindsOnceAndSurvivesABrokenCalendar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		clock := func() time.Time { return day("2026-04-18").Add(time.Since(begun)) }
		reads, a := 0, &archive{}
		k := &expiry.Keeper{Archive: a, Now: clock, Log: slog.New(slog.DiscardHandler), Read: func(context.Context) (expiry.Calendar, error) {
			if reads++; reads == 2 {
				return nil, errors.New("gone")
			}
			return calendar, nil
		}}
		ctx, cancel := context.WithCancel(t.Context())
		go k.Run(ctx)
		time.Sleep(36 * time.Hour)
		synctest.Wait()
		if len(a.mails) != 0 || reads < 3 {
			t.Errorf("too early: %d mails, %d reads", len(a.mails), reads)
		}
		time.Sleep(30 * 24 * time.Hour)
		synctest.Wait()
		if len(a.mails) != 2 || a.mails[0].To != "a@example.com" || a.mails[0].Key == a.mails[1].Key {
			t.Errorf("two waves gave %+v", a.mails)
		}
		cancel()
		synctest.Wait()
	})
}

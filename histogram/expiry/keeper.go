package expiry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"wingmirror/monitor"
)

// Archive is where probes and the memory of reminders are kept.
type Archive interface {
	Probes(ctx context.Context) ([]monitor.Probe, error)
	ReadReminders(ctx context.Context, state any) error
	CommitReminders(ctx context.Context, state any, mails []monitor.Mail, at time.Time) error
}

// Keeper reminds once a day.
type Keeper struct {
	Archive Archive
	Read    func(ctx context.Context) (Calendar, error) // the calendar, anew; nil: there is none
	Lists   Lists
	Now     func() time.Time
	Log     *slog.Logger

	mu       sync.Mutex
	calendar Calendar
	problem  error
}

const (
	lookEvery = time.Hour
	readEvery = 24 * time.Hour
)

// Run reads the calendar and reminds, every day, until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	if k.Read == nil {
		return
	}
	var read time.Time
	for ctx.Err() == nil {
		if now := k.Now(); now.Sub(read) >= readEvery && k.refresh(ctx) == nil {
			read = now
		}
		if err := k.Remind(ctx); err != nil && ctx.Err() == nil {
			k.Log.Error("remind of probes that expire", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

func (k *Keeper) refresh(ctx context.Context) error {
	calendar, err := k.Read(ctx)
	if err != nil && ctx.Err() == nil {
		k.Log.Warn("the calendar of releases cannot be read", "error", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.problem = err; err == nil {
		k.calendar = calendar
	}
	return err
}

// Calendar returns the calendar as it was last read, and why it could not be
// read since, if so. It is empty when none is configured or none could be read.
func (k *Keeper) Calendar() (Calendar, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calendar, k.problem
}

// Remind queues the mails of the day, if there are any that were not queued before.
func (k *Keeper) Remind(ctx context.Context) error {
	calendar, _ := k.Calendar()
	today := k.Now().UTC().Truncate(24 * time.Hour)
	if len(calendar) == 0 {
		return nil
	}
	var state State
	if err := k.Archive.ReadReminders(ctx, &state); err != nil {
		return err
	}
	if state.Last == today.Format(time.DateOnly) {
		return nil
	}
	probes, err := k.Archive.Probes(ctx)
	if err != nil {
		return err
	}
	batches, next := Plan(probes, calendar, k.Lists, state, today)
	var mails []monitor.Mail
	for _, b := range batches {
		for _, m := range b.Mails {
			mails = append(mails, monitor.Mail{Key: key(b, m), To: m.To, Subject: Subject, Body: m.Body})
		}
	}
	return k.Archive.CommitReminders(ctx, next, mails, k.Now())
}

// key makes a mail the same one when it says the same to the same address.
func key(b Batch, m Mail) string {
	sum := sha256.Sum256([]byte(m.Body))
	return fmt.Sprintf("expiry/%s/%s/%s/%s", b.Wave.Name, b.Date.Format(time.DateOnly), cmp.Or(m.To, "-"), hex.EncodeToString(sum[:8]))
}

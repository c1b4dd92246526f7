package main

import (
	"context"
	"log/slog"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/store"
)

// catalog is what people's saves go through: it stores a monitor, has it run by
// its new schedule at once, and ends what was open about one that stops.
type catalog struct {
	db        *store.DB
	scheduler *scheduler.Scheduler
	retire    func(ctx context.Context, m monitor.Monitor, by string, at time.Time) error
	now       func() time.Time
	log       *slog.Logger
}

// Monitor returns a stored monitor.
func (c *catalog) Monitor(ctx context.Context, id int64) (monitor.Monitor, error) {
	return c.db.Monitor(ctx, id)
}

// Save stores a new monitor or replaces one, and schedules it.
func (c *catalog) Save(ctx context.Context, m monitor.Monitor, author string) (monitor.Monitor, error) {
	save := c.db.UpdateMonitor
	if m.ID == 0 {
		save = c.db.CreateMonitor
	}
	saved, err := save(ctx, m, author, c.now())
	if err != nil {
		return saved, err
	}
	return saved, c.apply(ctx, saved, author)
}

// apply makes the scheduler and alerting follow what is stored.
func (c *catalog) apply(ctx context.Context, m monitor.Monitor, author string) error {
	if err := c.scheduler.Put(m); err != nil {
		return err
	}
	if !m.Active {
		return c.retire(ctx, m, author, c.now())
	}
	return nil
}

// Delete stops a monitor, tells those who were told of its trouble that it is
// over, and removes it. The order matters: once it is gone nobody knows whom to tell.
func (c *catalog) Delete(ctx context.Context, id int64, version int, author string) error {
	m, err := c.db.Monitor(ctx, id)
	if err != nil {
		return err
	}
	if version != 0 && version != m.Version {
		return monitor.ErrConflict
	}
	c.scheduler.Drop(id)
	if err := c.retire(ctx, m, author, c.now()); err != nil {
		return err
	}
	return c.db.DeleteMonitor(ctx, id, author, c.now())
}

// SetActive switches monitors on or off.
func (c *catalog) SetActive(ctx context.Context, ids []int64, active bool, author string) error {
	if err := c.db.SetActive(ctx, ids, active, author, c.now()); err != nil {
		return err
	}
	for _, id := range ids {
		m, err := c.db.Monitor(ctx, id)
		if err != nil {
			return err
		}
		if err := c.apply(ctx, m, author); err != nil {
			return err
		}
	}
	return nil
}

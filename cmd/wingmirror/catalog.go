package main

import (
	"context"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/store"
)

// catalog is what people's changes go through: the store's, and then the
// scheduler's, so that a change takes effect at once. Whatever was open about a
// monitor that is switched off or deleted ends in the store's transaction.
type catalog struct {
	*store.DB
	scheduler *scheduler.Scheduler
}

// CreateMonitor stores a new monitor and schedules it.
func (c catalog) CreateMonitor(ctx context.Context, m monitor.Monitor, author string, at time.Time) (monitor.Monitor, error) {
	if err := checkAddresses("alerts", m.Alerts); err != nil {
		return m, err
	}
	saved, err := c.DB.CreateMonitor(ctx, m, author, at)
	if err != nil {
		return saved, err
	}
	return saved, c.scheduler.Put(saved)
}

// UpdateMonitor stores the next version of a monitor and schedules it anew.
func (c catalog) UpdateMonitor(ctx context.Context, m monitor.Monitor, author string, at time.Time) (monitor.Monitor, error) {
	if err := checkAddresses("alerts", m.Alerts); err != nil {
		return m, err
	}
	saved, err := c.DB.UpdateMonitor(ctx, m, author, at)
	if err != nil {
		return saved, err
	}
	return saved, c.scheduler.Put(saved)
}

// DeleteMonitor removes a monitor from both.
func (c catalog) DeleteMonitor(ctx context.Context, id int64, author string, at time.Time) error {
	if err := c.DB.DeleteMonitor(ctx, id, author, at); err != nil {
		return err
	}
	c.scheduler.Drop(id)
	return nil
}

// SetActive switches monitors on or off, all or none.
func (c catalog) SetActive(ctx context.Context, ids []int64, active bool, author string, at time.Time) error {
	if err := c.DB.SetActive(ctx, ids, active, author, at); err != nil {
		return err
	}
	for _, id := range ids {
		m, err := c.DB.Monitor(ctx, id)
		if err == nil {
			err = c.scheduler.Put(m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

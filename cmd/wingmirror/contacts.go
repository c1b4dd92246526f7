package main

import (
	"context"
	"sync"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/store"
)

// contacts is what people's changes of contact groups go through: the store's,
// and then those in memory that alerting goes by, so that a change takes effect
// at once.
type contacts struct {
	*store.DB
	*alerting.Contacts

	changed  func()     // who is told may be others now; nil: nobody looks
	changing sync.Mutex // so that memory never gets an older state than the store has
}

func openContacts(ctx context.Context, db *store.DB) (*contacts, error) {
	c := &contacts{DB: db, Contacts: &alerting.Contacts{}}
	return c, c.load(ctx)
}

func (c *contacts) load(ctx context.Context) error {
	all, err := c.ContactGroups(ctx)
	if err != nil {
		return err
	}
	err = c.Set(all)
	if c.changed != nil {
		c.changed()
	}
	return err
}

// SaveContactGroup stores a group, and has alerting go by it.
func (c *contacts) SaveContactGroup(ctx context.Context, g monitor.ContactGroup, author string, at time.Time) (monitor.ContactGroup, error) {
	if err := checkAddresses("members", g.Members); err != nil {
		return g, err
	}
	c.changing.Lock()
	defer c.changing.Unlock()
	saved, err := c.DB.SaveContactGroup(ctx, g, author, at)
	if err != nil {
		return saved, err
	}
	return saved, c.load(context.WithoutCancel(ctx))
}

// RenameContactGroup renames a group in both. Whatever is in memory with the old
// name goes on reaching the group.
func (c *contacts) RenameContactGroup(ctx context.Context, name, to, author string, at time.Time) (monitor.ContactGroup, error) {
	c.changing.Lock()
	defer c.changing.Unlock()
	renamed, err := c.DB.RenameContactGroup(ctx, name, to, author, at)
	if err != nil {
		return renamed, err
	}
	return renamed, c.load(context.WithoutCancel(ctx))
}

// DeleteContactGroup removes a group from both.
func (c *contacts) DeleteContactGroup(ctx context.Context, name string) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	if err := c.DB.DeleteContactGroup(ctx, name); err != nil {
		return err
	}
	return c.load(context.WithoutCancel(ctx))
}

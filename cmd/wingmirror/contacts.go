package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	renamed  []follower // what keeps alerts in memory
	users    []users    // what names groups and is not in the database
	changing sync.Mutex // so that memory never gets an older state than the store has
}

// follower has what it keeps name a group by its new name.
type follower func(ctx context.Context, name, to, author string) error

// users returns what names one of these groups, such as "rule disk-full".
type users func(ctx context.Context, names []string) ([]string, error)

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
	ctx = context.WithoutCancel(ctx)
	errs := []error{c.load(ctx)}
	for _, follow := range c.renamed {
		errs = append(errs, follow(ctx, name, to, author))
	}
	return renamed, errors.Join(errs...)
}

// DeleteContactGroup removes a group from both, unless somebody names it.
func (c *contacts) DeleteContactGroup(ctx context.Context, name string) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	all, err := c.ContactGroups(ctx)
	if err != nil {
		return err
	}
	names := []string{name}
	for _, g := range all {
		if g.Name == name {
			names = append(names, g.Former...)
		}
	}
	var named []string
	for _, users := range c.users {
		some, err := users(ctx, names)
		if err != nil {
			return err
		}
		named = append(named, some...)
	}
	if len(named) > 0 {
		return fmt.Errorf("delete contact group %q: %w: %s still name it; take it out there first", name, monitor.ErrConflict, monitor.Cut(strings.Join(named, ", "), 500))
	}
	if err := c.DB.DeleteContactGroup(ctx, name); err != nil {
		return err
	}
	return c.load(context.WithoutCancel(ctx))
}

// namesGroup reports whether one of these destinations is one of these groups.
func namesGroup(alerts, names []string) bool {
	return slices.ContainsFunc(alerts, func(to string) bool {
		d := monitor.Destination(to)
		return d.Scheme() == monitor.SchemeGroup && slices.Contains(names, d.Rest())
	})
}

// usersInFiles are rules and components of files, which the database does not
// know, and settings.
func (s *server) usersInFiles(ctx context.Context, names []string) ([]string, error) {
	var all []string
	for flag, alerts := range map[string][]string{
		"source-alert": s.config.Alerting.SourceAlerts, "heartbeat-alert": s.config.Heartbeats.Alerts, "received-alert": s.config.Histogram.Received,
	} {
		if namesGroup(alerts, names) {
			all = append(all, "the setting "+flag)
		}
	}
	for _, kind := range []monitor.Kind{monitor.KindRule, monitor.KindComponent} {
		watched, err := s.subjects[kind].AllWatched(ctx)
		if err != nil {
			return nil, err
		}
		for _, w := range watched {
			if namesGroup(w.Alerts, names) {
				all = append(all, string(kind)+" "+w.Name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// followHeartbeats has heartbeats name a group by its new name.
func (s *server) followHeartbeats(ctx context.Context, name, to, author string) error {
	var errs []error
	for _, v := range s.beats.List("") {
		if !namesGroup(v.Heartbeat.Alerts, []string{name}) {
			continue
		}
		h := v.Heartbeat
		h.Alerts = slices.Clone(h.Alerts)
		for i, alert := range h.Alerts {
			if alert == monitor.SchemeGroup+":"+name {
				h.Alerts[i] = monitor.SchemeGroup + ":" + to
			}
		}
		_, err := s.beats.Save(ctx, h, author)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

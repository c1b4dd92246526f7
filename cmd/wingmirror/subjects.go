package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"wingmirror/monitor"
)

// watchedThings is the part of a room that knows its subjects.
type watchedThings interface {
	// Watched gives monitor.ErrNotFound for a key that is not there.
	Watched(ctx context.Context, key string) (monitor.Watched, error)
	AllWatched(ctx context.Context) ([]monitor.Watched, error)
}

// subjects knows everything that is watched, whatever its kind.
type subjects map[monitor.Kind]watchedThings

// Watched returns what is known of a subject.
func (s subjects) Watched(ctx context.Context, subject monitor.Subject) (monitor.Watched, error) {
	things, ok := s[subject.Kind]
	if !ok {
		return monitor.Watched{}, fmt.Errorf("%s: %w", subject, monitor.ErrNotFound)
	}
	return things.Watched(ctx, subject.Key)
}

// AllWatched returns all of all kinds but components, in the order of kind and
// name. Components are made of the others.
func (s subjects) AllWatched(ctx context.Context) ([]monitor.Watched, error) {
	var all []monitor.Watched
	for kind, things := range s {
		if kind == monitor.KindComponent {
			continue
		}
		some, err := things.AllWatched(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b monitor.Watched) int {
		return cmp.Or(cmp.Compare(a.Subject.Kind, b.Subject.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Subject.Key, b.Subject.Key))
	})
	return all, nil
}

// watchedMonitors are the monitors as subjects.
type watchedMonitors struct {
	db interface {
		Monitor(ctx context.Context, id int64) (monitor.Monitor, error)
		Monitors(ctx context.Context) ([]monitor.Monitor, error)
	}
}

// Watched returns a monitor by its number.
func (w watchedMonitors) Watched(ctx context.Context, key string) (monitor.Watched, error) {
	id, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		return monitor.Watched{}, fmt.Errorf("monitor %q: %w", key, monitor.ErrNotFound)
	}
	m, err := w.db.Monitor(ctx, id)
	return m.Watched(), err
}

// AllWatched returns all monitors.
func (w watchedMonitors) AllWatched(ctx context.Context) ([]monitor.Watched, error) {
	all, err := w.db.Monitors(ctx)
	if err != nil {
		return nil, err
	}
	watched := make([]monitor.Watched, len(all))
	for i, m := range all {
		watched[i] = m.Watched()
	}
	return watched, nil
}

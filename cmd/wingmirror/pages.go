package main

import (
	"context"
	"time"

	"wingmirror/graphite"
	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/store"
	"wingmirror/web"
)

// What the pages ask for, in the words of the packages that know it.

// history is web.History over the store.
type history struct {
	db        *store.DB
	scheduler *scheduler.Scheduler
}

func (h history) Overview(ctx context.Context) ([]web.Overview, error) {
	stored, err := h.db.Overview(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]web.Overview, len(stored))
	for i, o := range stored {
		m := monitor.Monitor{
			ID: o.ID, Version: o.Version, Name: o.Name, Group: o.Group, Labels: o.Labels,
			Schedule: o.Schedule, Zone: o.Zone, Active: o.Active,
		}
		all[i] = web.Overview{
			Monitor: m,
			State: monitor.State{
				Subject: m.Subject(), Level: o.Level, Since: o.Since, Runs: o.Runs, At: o.LastRun,
				Message: o.Message, Fault: o.Fault, Open: o.Open,
			},
			Next:   h.scheduler.NextRun(o.ID),
			Recent: recentLevels(o.Recent),
		}
	}
	return all, nil
}

// recentLevels reads the store's letters; runs that are yet to come are left out.
func recentLevels(letters string) []monitor.Level {
	levels := make([]monitor.Level, 0, len(letters))
	for _, letter := range letters {
		switch letter {
		case 'o':
			levels = append(levels, monitor.OK)
		case 'w':
			levels = append(levels, monitor.Warning)
		case 'c':
			levels = append(levels, monitor.Critical)
		case 'u', 'f':
			levels = append(levels, monitor.Unknown)
		}
	}
	return levels
}

func (h history) State(ctx context.Context, subject monitor.Subject) (monitor.State, error) {
	return h.db.State(ctx, subject)
}

func (h history) Runs(ctx context.Context, id int64, before time.Time, limit int) ([]monitor.Run, error) {
	return h.db.Runs(ctx, id, before, limit)
}

func (h history) Detail(ctx context.Context, id int64, at time.Time) (monitor.Run, *monitor.Detail, error) {
	return h.db.Run(ctx, id, at)
}

// Versions returns every save of a monitor.
func (h history) Versions(ctx context.Context, id int64) ([]web.Version, error) {
	const newest = 200
	stored, err := h.db.Versions(ctx, id, 0, newest)
	if err != nil {
		return nil, err
	}
	all := make([]web.Version, len(stored))
	for i, v := range stored {
		all[i] = web.Version{Monitor: v.Monitor, Author: v.Author, SavedAt: v.SavedAt}
	}
	return all, nil
}

// incidents is web.Incidents over the store.
type incidents struct{ db *store.DB }

func (i incidents) Incidents(ctx context.Context, before int64, limit int) ([]monitor.Incident, error) {
	return i.db.Incidents(ctx, store.IncidentFilter{Before: before, Limit: limit})
}

func (i incidents) Incident(ctx context.Context, id int64) (monitor.Incident, []monitor.Event, error) {
	return i.db.Incident(ctx, id)
}

// notices is web.Notices over the store.
type notices struct{ db *store.DB }

func (n notices) Notices(ctx context.Context, before int64, limit int) ([]monitor.Notice, error) {
	return n.db.Notices(ctx, store.NoticeFilter{Before: before, Limit: limit})
}

func (n notices) Attempts(ctx context.Context, notice int64) ([]monitor.Attempt, error) {
	_, attempts, err := n.db.Notice(ctx, notice)
	return attempts, err
}

// source is web.Source over Graphite.
type source struct{ *graphite.Client }

func (s source) Find(ctx context.Context, query string) ([]web.Node, error) {
	found, err := s.Client.Find(ctx, query)
	if err != nil {
		return nil, err
	}
	nodes := make([]web.Node, len(found))
	for i, n := range found {
		nodes[i] = web.Node{Path: n.Path, Leaf: n.Leaf}
	}
	return nodes, nil
}

func (s source) Functions(ctx context.Context) ([]web.Function, error) {
	found, err := s.Client.Functions(ctx)
	if err != nil {
		return nil, err
	}
	functions := make([]web.Function, len(found))
	for i, f := range found {
		functions[i] = web.Function{Name: f.Name, Group: f.Group, Signature: f.Signature, Description: f.Description}
	}
	return functions, nil
}

package main

import (
	"context"
	"fmt"
	"time"

	"wingmirror/demo"
	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/store"
)

// seedPast gives one example monitor a past: its runs of the last hours, made as
// live ones are, an edited version that runs beside it, and what people said of
// its incidents. So recall, false pages and the comparison show something at once.
func (s *server) seedPast(ctx context.Context, now time.Time) error {
	m, err := s.monitorWithAPast(ctx)
	if err != nil || m.ID == 0 {
		return err
	}
	begin := now.Add(-demo.PastLength).Truncate(time.Minute)
	edited := demo.PastShadow(m)
	_, err = s.shadows.Start(ctx, monitor.Shadow{Monitor: edited, Author: "demo", Started: begin, Ends: now.Add(7 * 24 * time.Hour)})
	if err != nil {
		return err
	}
	checker := scheduler.Checker{Fetcher: s.graphite, Runner: s.pool, Limits: s.config.Sandbox.limits(), Now: time.Now}
	// Their notices would all go out now, so nobody is told of these.
	quiet := m
	quiet.Alerts = nil
	observed := desk{alerting: s.desk, defaults: s.defaults, recorder: s.recorder, shadows: s.shadows, changed: func() {}}
	for at := begin; at.Before(now); at = at.Add(time.Minute) {
		state, err := s.db.State(ctx, m.Subject())
		if err != nil {
			return err
		}
		e, err := checker.Try(ctx, quiet, at, state.Previous())
		if err == nil {
			_, err = observed.Record(ctx, quiet, e)
		}
		if err != nil {
			return fmt.Errorf("make the sample history: %w", err)
		}
	}
	return s.seedLabels(ctx, m, now)
}

// monitorWithAPast returns the example, unless it has runs already.
func (s *server) monitorWithAPast(ctx context.Context) (monitor.Monitor, error) {
	all, err := s.db.Monitors(ctx)
	if err != nil {
		return monitor.Monitor{}, err
	}
	for _, m := range all {
		if m.Name != demo.PastOf {
			continue
		}
		runs, err := s.db.Runs(ctx, m.ID, time.Time{}, 1)
		if len(runs) > 0 {
			m = monitor.Monitor{}
		}
		return m, err
	}
	return monitor.Monitor{}, nil
}

func (s *server) seedLabels(ctx context.Context, m monitor.Monitor, now time.Time) error {
	incidents, err := s.db.Incidents(ctx, store.IncidentFilter{Subject: m.Subject(), Limit: 100})
	if err != nil {
		return err
	}
	n := 0
	for _, i := range incidents {
		if i.ClosedAt.IsZero() {
			continue
		}
		verdict, note := demo.PastVerdict(n)
		n++
		if verdict == "" {
			continue
		}
		label := monitor.Label{Monitor: m.ID, Incident: i.ID, Verdict: verdict, From: i.OpenedAt, Until: i.ClosedAt, Note: note, Author: "demo", At: now}
		if _, err := s.db.SaveLabel(ctx, label); err != nil {
			return err
		}
	}
	return nil
}

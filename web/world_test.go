package web_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wingmirror/graphite"
	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/stdlib"
	"wingmirror/store"
	"wingmirror/web"
)

// world is a small Wingmirror in memory: enough of each neighbour for the pages
// to be real.
type world struct {
	mu        sync.Mutex
	log       *slog.Logger
	now       func() time.Time
	monitors  map[int64]monitor.Monitor
	versions  map[int64][]store.Version
	states    map[int64]monitor.State
	runs      map[int64][]monitor.Run // oldest first
	details   map[int64]map[int64]*monitor.Detail
	incidents []monitor.Incident
	events    map[int64][]monitor.Event
	notices   []monitor.Notice
	attempts  map[int64][]monitor.Attempt
	sourceErr error
	retried   []int64
	bell      web.Bell

	dashboards map[string]monitor.Dashboard
	chosen     map[int64]monitor.Preferences
}

func newWorld(t testing.TB, now func() time.Time) *world {
	return &world{
		log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		now: now, monitors: map[int64]monitor.Monitor{}, versions: map[int64][]store.Version{}, states: map[int64]monitor.State{},
		runs: map[int64][]monitor.Run{}, details: map[int64]map[int64]*monitor.Detail{}, events: map[int64][]monitor.Event{}, attempts: map[int64][]monitor.Attempt{},
		dashboards: map[string]monitor.Dashboard{}, chosen: map[int64]monitor.Preferences{},
	}
}

func (w *world) options() web.Options {
	return web.Options{
		Monitors: w, Library: w, History: w, Incidents: w, Tester: w, Scripts: w, Fetcher: w, Source: w, Schedule: w, Events: &w.bell, Dashboards: w, Preferences: w,
		Reference: reference(), Now: w.now, Log: w.log, Version: "test", SourceURL: "http://graphite.example",
	}
}

func handler(t testing.TB, o web.Options) http.Handler {
	t.Helper()
	h, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (w *world) Monitor(_ context.Context, id int64) (monitor.Monitor, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, ok := w.monitors[id]
	if !ok {
		return m, fmt.Errorf("monitor %d: %w", id, monitor.ErrNotFound)
	}
	return m, nil
}

func (w *world) CreateMonitor(_ context.Context, m monitor.Monitor, author string, at time.Time) (monitor.Monitor, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.ID, m.Version, m.CreatedAt, m.UpdatedAt = int64(len(w.versions)+1), 1, at, at
	w.keep(m, author)
	return m, nil
}

func (w *world) keep(m monitor.Monitor, author string) {
	w.monitors[m.ID] = m
	w.versions[m.ID] = slices.Insert(w.versions[m.ID], 0, store.Version{Monitor: m, Author: author, SavedAt: m.UpdatedAt})
}

func (w *world) UpdateMonitor(_ context.Context, m monitor.Monitor, author string, at time.Time) (monitor.Monitor, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stored, ok := w.monitors[m.ID]
	if !ok {
		return m, fmt.Errorf("monitor %d: %w", m.ID, monitor.ErrNotFound)
	}
	if stored.Version != m.Version {
		return m, fmt.Errorf("version %d is stored, not %d: %w", stored.Version, m.Version, monitor.ErrConflict)
	}
	m.Version, m.CreatedAt, m.UpdatedAt = m.Version+1, stored.CreatedAt, at
	w.keep(m, author)
	return m, nil
}

func (w *world) DeleteMonitor(_ context.Context, id int64, _ string, _ time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.monitors, id)
	return nil
}

func (w *world) SetActive(_ context.Context, ids []int64, active bool, author string, at time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if _, ok := w.monitors[id]; !ok {
			return fmt.Errorf("monitor %d: %w", id, monitor.ErrNotFound)
		}
	}
	for _, id := range ids {
		m := w.monitors[id]
		if m.Active != active {
			m.Active, m.Version, m.UpdatedAt = active, m.Version+1, at
			w.keep(m, author)
		}
	}
	return nil
}

func (w *world) Versions(_ context.Context, id int64, before, limit int) ([]store.Version, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(w.versions[id]), func(v store.Version) bool { return before > 0 && v.Monitor.Version >= before })
	return all[:min(len(all), limit)], nil
}

func (w *world) Overview(context.Context) ([]store.Overview, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []store.Overview
	for id, m := range w.monitors {
		s := w.states[id]
		o := store.Overview{
			ID: id, Version: m.Version, Name: m.Name, Group: m.Group, Labels: m.Labels, Schedule: m.Schedule, Zone: m.Zone, Active: m.Active,
			Level: s.Level, Since: s.Since, LastRun: s.At, Fault: s.Fault, Message: s.Message, Open: s.Open,
		}
		runs := w.runs[id]
		for _, r := range runs[max(0, len(runs)-30):] {
			o.Recent += string("uowc"[r.Level])
		}
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b store.Overview) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

func (w *world) State(_ context.Context, s monitor.Subject) (monitor.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, state := range w.states {
		if monitor.MonitorSubject(id) == s {
			return state, nil
		}
	}
	return monitor.State{}, monitor.ErrNotFound
}

func (w *world) Runs(_ context.Context, id int64, before time.Time, limit int) ([]monitor.Run, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []monitor.Run
	for _, r := range slices.Backward(w.runs[id]) {
		if len(found) < limit && (before.IsZero() || r.At.Before(before)) {
			found = append(found, r)
		}
	}
	return found, nil
}

func (w *world) Run(_ context.Context, id int64, at time.Time) (monitor.Run, *monitor.Detail, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.runs[id] {
		if r.At.Equal(at) {
			return r, w.details[id][at.UnixMilli()], nil
		}
	}
	return monitor.Run{}, nil, fmt.Errorf("run: %w", monitor.ErrNotFound)
}

func (w *world) LastRun(ctx context.Context, id int64) (monitor.Run, *monitor.Detail, error) {
	runs, _ := w.Runs(ctx, id, time.Time{}, 1)
	if len(runs) == 0 {
		return monitor.Run{}, nil, fmt.Errorf("run: %w", monitor.ErrNotFound)
	}
	return w.Run(ctx, id, runs[0].At)
}

func (w *world) Incidents(_ context.Context, f store.IncidentFilter) ([]monitor.Incident, error) {
	wanted := slices.DeleteFunc(slices.Clone(w.incidents), func(i monitor.Incident) bool {
		return f.Subject != (monitor.Subject{}) && i.Subject != f.Subject || f.Open && !i.ClosedAt.IsZero()
	})
	return newest(wanted, f.Before, f.Limit, func(i monitor.Incident) int64 { return i.ID }), nil
}

func (w *world) Incident(_ context.Context, id int64) (monitor.Incident, []monitor.Event, error) {
	for _, i := range w.incidents {
		if i.ID == id {
			return i, w.events[id], nil
		}
	}
	return monitor.Incident{}, nil, fmt.Errorf("incident %d: %w", id, monitor.ErrNotFound)
}

func (w *world) IncidentID(_ context.Context, key string) (int64, error) {
	for _, i := range w.incidents {
		if i.Key == key {
			return i.ID, nil
		}
	}
	return 0, fmt.Errorf("incident %q: %w", key, monitor.ErrNotFound)
}

func (w *world) Notices(_ context.Context, f store.NoticeFilter) ([]monitor.Notice, error) {
	return newest(w.notices, f.Before, f.Limit, func(n monitor.Notice) int64 { return n.ID }), nil
}

func (w *world) Notice(_ context.Context, id int64) (monitor.Notice, []monitor.Attempt, error) {
	return monitor.Notice{}, w.attempts[id], nil
}

func newest[T any](all []T, before int64, limit int, id func(T) int64) []T {
	var found []T
	for _, x := range slices.Backward(all) {
		if len(found) < limit && (before == 0 || id(x) < before) {
			found = append(found, x)
		}
	}
	return found
}

func (w *world) NextRun(id int64) time.Time {
	return w.now().Truncate(time.Minute).Add(time.Minute)
}

func (w *world) Window(at time.Time, minutes int) monitor.Window {
	until := at.Truncate(time.Minute).Unix()
	return monitor.Window{From: until - int64(minutes)*60, Until: until}
}

// Fetch answers every target with a wave; names that contain "missing",
// "empty" or "failed" get what they say.
func (w *world) Fetch(_ context.Context, win monitor.Window, targets []string) []monitor.Fetched {
	fetched := make([]monitor.Fetched, len(targets))
	for i, t := range targets {
		f := monitor.Fetched{Target: t, Status: monitor.StatusOK}
		switch {
		case w.sourceErr != nil || strings.Contains(t, "failed"):
			f.Status, f.Reason = monitor.StatusFailed, "Graphite answered 400: unknown function"
		case strings.Contains(t, "missing"):
			f.Status = monitor.StatusMissing
		default:
			f.Series = append(f.Series, wave(t, win, i, strings.Contains(t, "empty")))
			if strings.Contains(t, "*") {
				f.Series = append(f.Series, wave(t+" 2", win, i+3, false))
			}
		}
		fetched[i] = f
	}
	return fetched
}

func wave(label string, win monitor.Window, phase int, empty bool) monitor.Series {
	s := monitor.Series{Label: label, Start: win.From + 60, Step: 60}
	for t := s.Start; t <= win.Until; t += 60 {
		v := 80 + 22*math.Sin(float64(t)/900+float64(phase)) + 6*math.Sin(float64(t)*1.7)
		if empty || t%1800 == 600 || t%1800 == 660 {
			v = math.NaN()
		}
		s.Values = append(s.Values, v)
	}
	return s
}

func (w *world) Find(_ context.Context, query string) ([]graphite.Node, error) {
	if w.sourceErr != nil {
		return nil, w.sourceErr
	}
	tree := []graphite.Node{{Path: "shop"}, {Path: "stats"}, {Path: "shop.checkout"}, {Path: "shop.checkout.conversions", Leaf: true}, {Path: "shop.checkout.impressions", Leaf: true}, {Path: "shop.web1"}}
	var found []graphite.Node
	for _, n := range tree {
		prefix := strings.TrimSuffix(query, "*")
		if strings.HasPrefix(n.Path, prefix) && strings.Count(n.Path, ".") == strings.Count(query, ".") {
			found = append(found, n)
		}
	}
	return found, nil
}

func (w *world) Functions(context.Context) ([]graphite.Function, error) {
	if w.sourceErr != nil {
		return nil, w.sourceErr
	}
	return []graphite.Function{
		{Name: "sumSeries", Group: "Combine", Signature: "sumSeries(*seriesLists)", Description: "Adds series and gives the sum at each time."},
		{Name: "summarize", Group: "Transform", Signature: "summarize(seriesList, interval, func='sum')", Description: "Gathers points into buckets."},
	}, nil
}

var thrown = regexp.MustCompile(`throw "([^"]*)"`)

// Try pretends to be the engine: it finds a throw by its text.
func (w *world) Try(ctx context.Context, m monitor.Monitor, at time.Time, _ monitor.Previous) (scheduler.Evaluation, error) {
	win := w.Window(at, m.MinutesOrDefault())
	e := scheduler.Evaluation{Window: win, Targets: w.Fetch(ctx, win, m.Targets), Fetch: 14 * time.Millisecond, Ran: true}
	e.Outcome = monitor.Outcome{At: at, Level: monitor.OK}
	e.Result = monitor.Result{Output: "conversion rate 9.4 %\nlast hour: 12 of 128\n", Cost: monitor.Cost{Wall: 340 * time.Microsecond, CPU: 300 * time.Microsecond, Memory: 91_000, PointsIn: 120, PointsOut: 60}}
	switch {
	case strings.Contains(m.Script, "for (;;)"):
		<-ctx.Done()
		return scheduler.Evaluation{}, context.Cause(ctx)
	case strings.Contains(m.Script, "broken("):
		line := 1 + strings.Count(m.Script[:strings.Index(m.Script, "broken(")], "\n")
		e.Result.Thrown = &monitor.ScriptError{Message: "ReferenceError: broken is not defined", Line: line, Column: 1}
		e.Outcome.Level, e.Outcome.Fault, e.Outcome.Message = monitor.Unknown, monitor.FaultScript, e.Result.Thrown.Message
	case thrown.MatchString(m.Script):
		at := thrown.FindStringSubmatchIndex(m.Script)
		before := m.Script[:at[0]]
		e.Result.Thrown = &monitor.ScriptError{Message: m.Script[at[2]:at[3]], Line: 1 + strings.Count(before, "\n"), Column: at[0] - strings.LastIndex(before, "\n")}
		e.Outcome.Level, e.Outcome.Message = monitor.Critical, e.Result.Thrown.Message
	}
	return e, nil
}

func (w *world) Check(_ context.Context, script string) (*monitor.ScriptError, error) {
	if strings.Contains(script, "our fault") {
		return nil, errors.New("the sandbox is gone, and this text is secret")
	}
	for i, line := range strings.Split(script, "\n") {
		if at := strings.Index(line, "((("); at >= 0 {
			return &monitor.ScriptError{Message: "SyntaxError: unexpected token", Line: i + 1, Column: at + 1}, nil
		}
	}
	return nil, nil
}

func (w *world) Probe(context.Context) graphite.Health {
	if w.sourceErr != nil {
		return graphite.Health{Reason: w.sourceErr.Error(), Latency: 3 * time.Second}
	}
	return graphite.Health{OK: true, Kind: graphite.KindGraphiteWeb, Version: "1.1.8", Latency: 14 * time.Millisecond, Batching: true, Functions: 148}
}

func reference() []stdlib.Entry {
	return []stdlib.Entry{
		{Name: "with_metrics", Kind: stdlib.Function, Group: "Walking", Signature: "with_metrics(fn: (a: Point, b: Point, …) => void)", Summary: "Calls fn once for each point of the first series, with the points of all series at that position.", Nulls: "a point's value is null where the series has a gap", Example: stdlib.Example{Script: "with_metrics((a, b) => puts(a.value / b.value))", Output: "0.5\n0.25\n"}},
		{Name: "graph_value", Kind: stdlib.Function, Group: "Graph", Signature: "graph_value(label: string, timestamp: number, value: number | null)", Summary: "Adds a point to the line of the graph that has the label.", Example: stdlib.Example{Script: "graph_value(\"limit\", @a.entries[0].timestamp, 80)"}},
		{Name: "puts", Kind: stdlib.Function, Group: "Output", Signature: "puts(...values: any)", Summary: "Prints each value on a line of its own.", Example: stdlib.Example{Script: "puts(1, [2, 3])", Output: "1\n2\n3\n"}, See: []string{"graph_value"}},
		{Name: "mean", Kind: stdlib.Function, Group: "Statistics", Method: true, Signature: "mean(values: number[]): number", Summary: "The arithmetic mean.", Nulls: "counted as 0", Example: stdlib.Example{Script: "puts(mean([1, 2, 3]))", Output: "2\n"}},
		{Name: "series.values", Kind: stdlib.Field, Group: "Data", Signature: "values: (number | null)[]", Summary: "The numbers of a series, null where there is a gap.", Example: stdlib.Example{Script: "puts(@a.values.length)", Output: "60\n"}},
	}
}

func (w *world) Acknowledge(_ context.Context, s monitor.Subject, _ monitor.Message, by string, at time.Time) (monitor.Change, error) {
	for i := range w.incidents {
		if w.incidents[i].Subject == s && w.incidents[i].ClosedAt.IsZero() {
			w.incidents[i].AckedBy, w.incidents[i].AckedAt = by, at
		}
	}
	return monitor.Change{}, nil
}

func (w *world) Unacknowledge(context.Context, monitor.Subject, string, time.Time) (monitor.Change, error) {
	return monitor.Change{}, nil
}

func (w *world) Note(context.Context, monitor.Subject, string, string, time.Time) (monitor.Change, error) {
	return monitor.Change{}, nil
}

func (w *world) CloseByHand(context.Context, monitor.Subject, monitor.Message, string, time.Time) (monitor.Change, error) {
	return monitor.Change{}, nil
}

func (w *world) Retry(_ context.Context, id int64, _ time.Time) error {
	w.retried = append(w.retried, id)
	return nil
}

func (w *world) Test(_ context.Context, to monitor.Destination) (monitor.Receipt, error) {
	if to == "mailto:nobody@example.com" {
		return monitor.Receipt{}, fmt.Errorf("550 no such user: %w", monitor.ErrUnavailable)
	}
	return monitor.Receipt{Request: "Subject: test", Answer: "250 ok"}, nil
}

package scheduler

import (
	"context"
	"slices"
	"time"

	"wingmirror/monitor"
	"wingmirror/target"
)

// Checker makes a run from fetching to outcome, on demand. It stores and sends
// nothing.
type Checker struct {
	Fetcher Fetcher
	Runner  Runner
	Limits  monitor.Limits   // of every run; zero fields mean the Runner's own
	Now     func() time.Time // for Evaluation's times of the clock
}

// Try fetches and evaluates the monitor, saved or not, as a live run at the
// given time would. The error is as in Evaluate.
func (c Checker) Try(ctx context.Context, m monitor.Monitor, at time.Time, previous monitor.Previous) (Evaluation, error) {
	window := c.Fetcher.Window(at, m.MinutesOrDefault())
	begun := c.Now()
	var fetched []monitor.Fetched
	if targets := SentTargets(m); len(targets) > 0 {
		fetched = c.Fetcher.Fetch(ctx, window, targets)
	}
	if ctx.Err() != nil {
		return Evaluation{}, context.Cause(ctx)
	}
	started := c.Now()
	e, err := Evaluate(ctx, c.Runner, Case{
		Monitor: m, At: at, Window: window, Targets: fetched, Previous: previous, Limits: c.Limits,
	})
	e.Fetch, e.Started, e.Ended = started.Sub(begun), started, c.Now()
	return e, err
}

// SentTargets returns what is fetched for a run of the monitor: its targets
// without the lines that are only for readers, and after them the events that
// its script asks for and no target does.
func SentTargets(m monitor.Monitor) []string {
	sent := make([]string, 0, len(m.Targets))
	var asked []target.Events
	for _, line := range m.Targets {
		if target.IsComment(line) {
			continue
		}
		sent = append(sent, line)
		if e, ok, err := target.ParseEvents(line); ok && err == nil {
			asked = append(asked, e)
		}
	}
	for _, e := range target.EventsCalls(m.Script) {
		if !slices.Contains(asked, e) {
			sent = append(sent, e.String())
		}
	}
	return sent
}

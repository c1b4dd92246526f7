package scheduler

import (
	"context"
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
	if targets := SentTargets(m.Targets); len(targets) > 0 {
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

// SentTargets leaves out the lines that are only for readers.
func SentTargets(lines []string) []string {
	sent := make([]string, 0, len(lines))
	for _, line := range lines {
		if !target.IsComment(line) {
			sent = append(sent, line)
		}
	}
	return sent
}

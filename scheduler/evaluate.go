package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wingmirror/monitor"
)

// Case is one evaluation to be made: a monitor at a time, with what its targets
// brought back.
type Case struct {
	Monitor  monitor.Monitor
	At       time.Time         // the scheduled time
	Window   monitor.Window    // what Targets were fetched for
	Targets  []monitor.Fetched // in the author's order, comments left out
	Previous monitor.Previous
	Limits   monitor.Limits // zero fields mean the Runner's own
}

// Evaluation is what a case came to.
type Evaluation struct {
	Outcome  monitor.Outcome
	Result   monitor.Result    // zero when the script was not run
	Targets  []monitor.Fetched // as they were given
	Window   monitor.Window
	Previous monitor.Previous // as it was given
	Limits   monitor.Limits   // as they were given
	Ran      bool             // false when a failed target kept the script from running
	Fetch    time.Duration    // what fetching took; zero when nothing was fetched for it
	Started  time.Time        // by the clock: when the script's turn came; zero outside live and test runs
	Ended    time.Time
}

// Evaluate makes one evaluation and touches nothing else: equal cases give
// equal outcomes, now or in a year. Live runs, test runs, checks, backtests and
// replays all end here.
//
// A target that failed is a fetch fault, and the script is not run. An error
// that the engine raised, when not one target had a single point, is the fault
// no_data: the script is not to blame.
//
// When ctx ends first the evaluation is zero and the error is the context's
// cause. Any other error is our own failure: it is for the log, and the
// evaluation is whole, with FaultInternal.
func Evaluate(ctx context.Context, runner Runner, c Case) (Evaluation, error) {
	e := Evaluation{Targets: c.Targets, Window: c.Window, Previous: c.Previous, Limits: c.Limits}
	e.Outcome.Subject, e.Outcome.At = c.Monitor.Subject(), c.At
	if reason := failedTargets(c.Targets); reason != "" {
		e.Outcome.Fault, e.Outcome.Message = monitor.FaultFetch, reason
		return e, nil
	}
	result, err := runner.Run(ctx, c.input())
	if err != nil {
		if ctx.Err() != nil {
			return Evaluation{}, context.Cause(ctx)
		}
		e.Outcome.Fault, e.Outcome.Message = monitor.FaultInternal, monitor.FaultInternal.Description()
		return e, fmt.Errorf("run %s: %w", e.Outcome.Subject, err)
	}
	if result.Fault == monitor.FaultScript && nothingCame(c.Targets) {
		result.Fault = monitor.FaultNoData
		result.Reason = "no target had any data, and the script failed"
		if result.Thrown != nil {
			result.Reason += ": " + result.Thrown.Message
		}
	}
	if result.Fault != monitor.NoFault {
		result.Level = monitor.Unknown
	} else if result.Level == monitor.Unknown {
		err = fmt.Errorf("run %s: %w", e.Outcome.Subject, errNoLevel)
		result.Fault = monitor.FaultInternal
	}
	e.Ran, e.Result = true, result
	e.Outcome.Level, e.Outcome.Fault, e.Outcome.Message = result.Level, result.Fault, result.Message()
	return e, err
}

var errNoLevel = errors.New("the runner gave neither a level nor a fault")

// input is what the script will see.
func (c Case) input() monitor.Input {
	id := c.Monitor.ID
	if id == 0 {
		id = -1
	}
	return monitor.Input{
		Script:   c.Monitor.Script,
		JobID:    id,
		Name:     c.Monitor.Name,
		Minutes:  c.Monitor.MinutesOrDefault(),
		At:       c.At,
		Targets:  c.Targets,
		Previous: c.Previous,
		Params:   c.Monitor.Params,
		Seed:     mix(mix(uint64(id)) ^ uint64(c.At.Unix())),
		Limits:   c.Limits,
	}
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014): neighbouring
// ids and times get unrelated seeds.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// failedTargets says which targets failed and why, or "".
func failedTargets(targets []monitor.Fetched) string {
	var first *monitor.Fetched
	failed := 0
	for i := range targets {
		if targets[i].Status == monitor.StatusFailed {
			failed++
			if first == nil {
				first = &targets[i]
			}
		}
	}
	if first == nil {
		return ""
	}
	reason := fmt.Sprintf("target %s: %s", cut(first.Target, 200), first.Reason)
	if failed > 1 {
		reason += fmt.Sprintf(" (%d of %d targets failed)", failed, len(targets))
	}
	return reason
}

// nothingCame reports whether there were targets and none had a point.
func nothingCame(targets []monitor.Fetched) bool {
	for _, t := range targets {
		for _, s := range t.Series {
			if s.Points() > 0 {
				return false
			}
		}
	}
	return len(targets) > 0
}

// cut shortens text to at most n characters.
func cut(text string, n int) string {
	seen := 0
	for i := range text {
		if seen == n {
			return text[:i] + "…"
		}
		seen++
	}
	return text
}

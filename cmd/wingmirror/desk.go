package main

import (
	"context"
	"errors"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/scheduler"
)

// desk hands what the scheduler found to alerting, and tells the pages.
type desk struct {
	alerting *alerting.Desk
	changed  func()
}

// Record stores what a run found. A monitor that was switched off or deleted
// while it ran leaves no trace, which is what was asked for.
func (d desk) Record(ctx context.Context, m monitor.Monitor, e scheduler.Evaluation) error {
	_, err := d.alerting.Record(ctx, alerting.Finished{
		Monitor: m,
		Outcome: e.Outcome,
		Run:     monitor.Run{Started: e.Started, Fetch: e.Fetch, Cost: e.Result.Cost},
		Detail: &monitor.Detail{
			Message: e.Outcome.Message,
			Output:  e.Result.Output,
			Graph:   e.Result.Graph,
			Thrown:  e.Result.Thrown,
			Targets: monitor.CountTargets(e.Targets),
			Window:  e.Window,
		},
	})
	if errors.Is(err, monitor.ErrNotFound) {
		return nil
	}
	if err == nil {
		d.changed()
	}
	return err
}

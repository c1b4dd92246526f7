package main

import (
	"context"
	"errors"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/scheduler"
)

// desk hands what the scheduler found to alerting, and tells the pages.
type desk struct {
	alerting *alerting.Desk
	defaults monitor.Policy // of the installation, as alerting has them
	recorder *recorder      // nil: what runs saw is not kept
	shadows  *shadows       // nil: there are none
	changed  func()
}

// Record stores what a run found, and asks for an extra run while a bad level
// waits to be confirmed, and at the end of a silence that held a notice back. A
// monitor that was switched off or deleted while it ran leaves no trace, which is
// what was asked for.
func (d desk) Record(ctx context.Context, m monitor.Monitor, e scheduler.Evaluation) (again time.Time, err error) {
	change, err := d.alerting.Record(ctx, alerting.Finished{Monitor: m, Outcome: e.Outcome, Run: e.Run(m), Detail: e.Detail(), Recording: d.recorder.Recording(m, e)})
	if errors.Is(err, monitor.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	d.shadows.saw(m, e)
	d.changed()
	return change.Again(m.Policy.Or(d.defaults), e.Outcome.At), nil
}

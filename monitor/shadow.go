package monitor

import (
	"slices"
	"time"
)

// Shadow is an edited version of a monitor that runs beside the saved one: each
// live run's series are handed to it as well, and nobody is told what it finds.
type Shadow struct {
	ID      int64
	Monitor Monitor // the edited version, under the number of the saved one
	Author  string
	Started time.Time
	Ends    time.Time // it stops by itself then
	Ended   time.Time // zero while it runs
	Missed  int64     // live runs that it could not keep up with
}

// Running reports whether it is still to be run at a time.
func (s Shadow) Running(at time.Time) bool { return s.Ended.IsZero() && at.Before(s.Ends) }

// CanShadow returns why edited cannot run on the series that saved fetches, as
// ErrInvalid, or nil.
func CanShadow(saved, edited Monitor) error {
	var v validation
	v.check(slices.Equal(saved.Targets, edited.Targets), "targets", "a shadow sees the series that the saved version fetches; leave the targets as they are, or save, and shadow the script")
	v.check(saved.MinutesOrDefault() == edited.MinutesOrDefault(), "minutes", "a shadow sees the series that the saved version fetches: %d minutes of them", saved.MinutesOrDefault())
	v.check(saved.Schedule == edited.Schedule && saved.Zone == edited.Zone, "schedule", "a shadow runs when the saved version does: %s", saved.Schedule)
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

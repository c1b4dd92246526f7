package alerting

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"wingmirror/monitor"
)

// Incidents is what tending looks at.
type Incidents interface {
	// OpenStates returns all states with an incident under way.
	OpenStates(ctx context.Context) ([]monitor.State, error)
	Monitor(ctx context.Context, id int64) (monitor.Monitor, error)
	LastRun(ctx context.Context, id int64) (monitor.Run, *monitor.Detail, error)
	// Fetching returns how many active monitors ask the source for anything.
	Fetching(ctx context.Context) (int64, error)
}

const (
	// tendEvery is how often incidents under way are looked at. All that tending
	// goes by is stored, so it goes on after a restart.
	tendEvery = 15 * time.Second
	// silenceGrace is how long after the end of a silence a monitor's own run at
	// that moment is waited for: it may see that all is well.
	silenceGrace = 10 * time.Second
)

// RunTending looks after incidents under way until ctx ends: what happens to them
// without an outcome, because time has passed. changed is called after anything
// was told.
func (d *Desk) RunTending(ctx context.Context, from Incidents, changed func()) {
	for {
		n, err := d.Tend(ctx, from, d.o.Now())
		if err != nil && ctx.Err() == nil {
			d.o.Log.Error("tend incidents", "error", err)
		}
		if n > 0 {
			changed()
		}
		timer := time.NewTimer(d.nextLook())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-d.look:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Look makes RunTending look at once: a silence or a contact group was changed.
func (d *Desk) Look() {
	select {
	case d.look <- struct{}{}:
	default:
	}
}

func (d *Desk) nextLook() time.Duration {
	wait := tendEvery
	if d.o.Silences != nil {
		now := d.o.Now()
		for _, after := range []time.Duration{0, silenceGrace} {
			if end := d.o.Silences.NextEnd(now.Add(-after)); !end.IsZero() {
				wait = min(wait, max(end.Add(after).Sub(now), time.Millisecond))
			}
		}
	}
	return wait
}

// Tend looks once, at the given time, at every incident under way and returns how many it told
// somebody of, or closed. One that cannot be tended holds up no other.
func (d *Desk) Tend(ctx context.Context, from Incidents, at time.Time) (int, error) {
	states, err := from.OpenStates(ctx)
	if err != nil {
		return 0, fmt.Errorf("read incidents under way: %w", err)
	}
	n := 0
	var errs []error
	for _, state := range states {
		if _, set := state.NotAfter(at); !set && !d.concerned(state) {
			continue
		}
		done, err := d.tend(ctx, from, state, at)
		if done {
			n++
		}
		if err != nil && !errors.Is(err, monitor.ErrNotFound) { // gone since it was listed
			errs = append(errs, fmt.Errorf("tend %s: %w", state.Subject, err))
		}
	}
	return n, errors.Join(errs...)
}

// concerned reports whether time can change anything about an incident. In an outage
// of everything most incidents wait for nothing but their monitors' next runs.
func (d *Desk) concerned(s monitor.State) bool {
	switch {
	case s.Subject == d.source.subject():
		return true
	case !waits(s):
		return false
	}
	return s.Subject.Kind != monitor.KindMonitor || held(s) || d.o.Contacts.any()
}

// tend does what is due about one incident.
func (d *Desk) tend(ctx context.Context, from Incidents, seen monitor.State, at time.Time) (bool, error) {
	if seen.Subject == d.source.subject() {
		if closed, err := d.unwatch(ctx, from, at); closed || err != nil {
			return closed, err
		}
	}
	w, err := d.watched(ctx, from, seen.Subject)
	if err != nil {
		return false, err
	}
	about := w.About()
	about.Text, about.RepeatAfter = seen.Message, w.Policy.Repeat
	told, filled := false, false
	_, err = d.swap(ctx, seen.Subject, func(before monitor.State) (monitor.Change, monitor.Commit) {
		change, due := d.due(before, w, about, at)
		told = due
		if _, set := seen.NotAfter(at); !due && set && before.Open != nil { // what swap has mended is to stay so
			change = monitor.Change{State: before, Was: before.Level}
		} else if !due {
			return monitor.Change{Decision: monitor.Decision{Reason: monitor.ReasonLate}}, monitor.Commit{}
		}
		if due && !filled {
			filled = true
			d.fillLast(ctx, from, &about)
		}
		return change, change.Commit(about, at)
	})
	return told && err == nil, err
}

// due is the first of what is due about an incident; the next look finds the next.
func (d *Desk) due(before monitor.State, w monitor.Watched, about monitor.Message, at time.Time) (monitor.Change, bool) {
	silence := d.silence(about, at)
	terms := Terms{
		Policy: w.Policy, Destinations: d.audience(w.Alerts, before.Open, at), OffDuty: len(w.Alerts) > 0,
		Silence: silence, Source: d.source.hold(),
	}
	if silence == nil && w.Subject.Kind == monitor.KindMonitor {
		terms.Silence = d.silence(about, at.Add(-silenceGrace))
	}
	if change, ok := Remind(before, terms, at); ok {
		return change, true
	}
	if change, ok := Escalate(before, d.o.Contacts.Rungs(w.Alerts, at), silence, at); ok {
		return change, true
	}
	return HandOver(before, d.onDuty(w.Alerts, before.Open, at), silence, at)
}

// fillLast adds what the monitor's last run gave back. A notice without it is
// better than none.
func (d *Desk) fillLast(ctx context.Context, from Incidents, about *monitor.Message) {
	id, err := strconv.ParseInt(about.Subject.Key, 10, 64)
	if about.Subject.Kind != monitor.KindMonitor || err != nil {
		return
	}
	_, detail, err := from.LastRun(ctx, id)
	if err != nil {
		d.o.Log.Warn("read the last run for a notice", "monitor", id, "error", err)
		return
	}
	fill(about, about.Text, detail)
}

// watched returns what is known of a subject, with no field of its policy open.
func (d *Desk) watched(ctx context.Context, from Incidents, subject monitor.Subject) (w monitor.Watched, err error) {
	switch {
	case subject == d.source.subject():
		w = monitor.Watched{Subject: subject, Name: subject.Key, Alerts: d.source.o.Alerts, Active: true}
	case d.o.Subjects != nil:
		w, err = d.o.Subjects.Watched(ctx, subject)
	case subject.Kind == monitor.KindMonitor:
		var id int64
		if id, err = strconv.ParseInt(subject.Key, 10, 64); err == nil {
			var m monitor.Monitor
			m, err = from.Monitor(ctx, id)
			w = m.Watched()
		}
	default:
		err = monitor.ErrNotFound
	}
	w.Policy = w.Policy.Or(d.o.Defaults)
	return w, err
}

package alerting

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wingmirror/monitor"
)

// Escalate tells the next contact groups of an incident that nobody has
// acknowledged: every rung whose time has come and that was not taken yet. Like
// Decide it touches nothing. The second result is false when there is nothing to
// do: while a silence is in force, and while runs are ok again although the
// incident is not over yet, rungs wait.
func Escalate(before monitor.State, rungs []Rung, silence *Hold, at time.Time) (monitor.Change, bool) {
	open := before.Open
	if open == nil || open.AckedBy != "" || open.WaitsSince.IsZero() || silence != nil || !before.CalmSince.IsZero() {
		return monitor.Change{}, false
	}
	taken := open.Tier
	for taken < len(rungs) && !at.Before(open.WaitsSince.Add(rungs[taken].After)) {
		taken++
	}
	if taken == open.Tier {
		return monitor.Change{}, false
	}
	change := monitor.Change{State: before, Was: before.Level}
	change.State.Open = open.Clone()
	var told, nobody []string
	for _, r := range rungs[open.Tier:taken] {
		if len(r.To) == 0 {
			nobody = append(nobody, r.Group)
			continue
		}
		told = append(told, r.Group)
		change.To = join(change.To, r.To)
	}
	waited := Duration(at.Sub(open.WaitsSince).Truncate(time.Minute))
	if len(nobody) > 0 {
		change.Events = append(change.Events, monitor.Event{
			At: at, Type: monitor.EventHeld, Level: before.Level, Text: "not escalated: nobody of " + strings.Join(nobody, ", ") + " is on duty",
		})
	}
	if len(told) > 0 {
		change.Kind = monitor.NoticeEscalate
		change.Decision = monitor.Decision{Reason: monitor.ReasonUnanswered, Note: "after " + waited + " it goes to " + strings.Join(told, ", ")}
		change.Events = append(change.Events, monitor.Event{At: at, Type: monitor.EventEscalated, Level: before.Level, Text: "nobody acknowledged for " + waited + ": told " + strings.Join(told, ", ")})
		change.State.Open.Told = join(change.State.Open.Told, change.To)
		change.State.Open.Notices++
	}
	change.State.Open.Tier = taken
	change.Touch("")
	return change, true
}

// Unanswered is what escalation looks at.
type Unanswered interface {
	// OpenStates returns all states with an incident under way.
	OpenStates(ctx context.Context) ([]monitor.State, error)
	Monitor(ctx context.Context, id int64) (monitor.Monitor, error)
	LastRun(ctx context.Context, id int64) (monitor.Run, *monitor.Detail, error)
}

// escalateEvery is how often open incidents are looked at. All that an escalation
// goes by is stored, so it goes on after a restart.
const escalateEvery = 15 * time.Second

// RunEscalations escalates what nobody acknowledges until ctx ends. changed is
// called after anything was escalated.
func (d *Desk) RunEscalations(ctx context.Context, from Unanswered, changed func()) {
	ticker := time.NewTicker(escalateEvery)
	defer ticker.Stop()
	for {
		n, err := d.EscalateAll(ctx, from, time.Now())
		if err != nil && ctx.Err() == nil {
			d.o.Log.Error("escalate incidents", "error", err)
		}
		if n > 0 {
			changed()
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// EscalateAll looks once at every incident under way and returns how many it
// escalated. One that cannot be escalated holds up no other.
func (d *Desk) EscalateAll(ctx context.Context, from Unanswered, at time.Time) (int, error) {
	states, err := from.OpenStates(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	var errs []error
	for _, state := range states {
		if state.Open.AckedBy != "" || state.Open.WaitsSince.IsZero() {
			continue
		}
		done, err := d.escalate(ctx, from, state, at)
		if done {
			n++
		}
		if err != nil && !errors.Is(err, monitor.ErrNotFound) { // gone since it was listed
			errs = append(errs, fmt.Errorf("escalate %s: %w", state.Subject, err))
		}
	}
	return n, errors.Join(errs...)
}

func (d *Desk) escalate(ctx context.Context, from Unanswered, seen monitor.State, at time.Time) (bool, error) {
	about, destinations, err := d.whatAbout(ctx, from, seen)
	if err != nil {
		return false, err
	}
	rungs := d.o.Contacts.Rungs(destinations, at)
	if len(rungs) <= seen.Open.Tier {
		return false, nil
	}
	escalated := false
	_, err = d.swap(ctx, seen.Subject, func(before monitor.State) (monitor.Change, monitor.Commit) {
		var change monitor.Change
		if change, escalated = Escalate(before, rungs, d.silence(about, at), at); !escalated {
			return monitor.Change{Decision: monitor.Decision{Reason: monitor.ReasonLate}}, monitor.Commit{}
		}
		return change, change.Commit(about, at)
	})
	return escalated && err == nil, err
}

// whatAbout returns what a notice says of a subject, and whom its monitor, or
// the settings, tell.
func (d *Desk) whatAbout(ctx context.Context, from Unanswered, state monitor.State) (monitor.Message, []string, error) {
	if state.Subject.Kind != monitor.KindMonitor && state.Subject.Kind != monitor.KindSource && d.o.Subjects != nil {
		w, err := d.o.Subjects.Watched(ctx, state.Subject)
		if err != nil {
			return monitor.Message{}, nil, err
		}
		about := w.About()
		about.Text, about.RepeatAfter = state.Message, w.Policy.Or(d.o.Defaults).Repeat
		return about, w.Alerts, nil
	}
	if state.Subject.Kind != monitor.KindMonitor {
		return monitor.Message{Subject: state.Subject, Name: state.Subject.Key, Text: state.Message, RepeatAfter: d.o.Defaults.Repeat}, d.source.o.Alerts, nil
	}
	id, err := strconv.ParseInt(state.Subject.Key, 10, 64)
	if err != nil {
		return monitor.Message{}, nil, err
	}
	m, err := from.Monitor(ctx, id)
	if err != nil {
		return monitor.Message{}, nil, err
	}
	about := m.Watched().About()
	_, detail, err := from.LastRun(ctx, id)
	if err != nil && !errors.Is(err, monitor.ErrNotFound) {
		return monitor.Message{}, nil, err
	}
	fill(&about, state.Message, detail)
	about.RepeatAfter = m.Policy.Or(d.o.Defaults).Repeat
	return about, m.Alerts, nil
}

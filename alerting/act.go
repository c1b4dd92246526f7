package alerting

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"wingmirror/monitor"
)

// Acknowledge notes that somebody has taken the incident on: it is not repeated
// any more, unless it becomes worse. Channels that know acknowledgements are
// told. Without an incident under way it is ErrConflict.
func (d *Desk) Acknowledge(ctx context.Context, subject monitor.Subject, about monitor.Message, by string, at time.Time) (monitor.Change, error) {
	about.By = by
	return d.act(ctx, subject, about, at, func(c *monitor.Change) {
		open := c.State.Open
		if open.AckedBy != "" {
			return
		}
		open.AckedBy, open.AckedAt = by, at
		c.Events = []monitor.Event{{At: at, Type: monitor.EventAcknowledged, Level: c.State.Level, Author: by}}
		for _, destination := range open.Told {
			if monitor.Destination(destination).Acknowledges() {
				c.Kind, c.To = monitor.NoticeAck, append(c.To, destination)
			}
		}
		c.Touch("")
	})
}

// Unacknowledge takes an acknowledgement back: the incident is repeated again.
func (d *Desk) Unacknowledge(ctx context.Context, subject monitor.Subject, by string, at time.Time) (monitor.Change, error) {
	return d.act(ctx, subject, monitor.Message{}, at, func(c *monitor.Change) {
		if c.State.Open.AckedBy == "" {
			return
		}
		waitAgain(c.State.Open, at)
		c.Events = []monitor.Event{{At: at, Type: monitor.EventUnacked, Level: c.State.Level, Author: by}}
		c.Touch("")
	})
}

// waitAgain takes an acknowledgement back: whoever is to be told when nobody
// acknowledges is told anew.
func waitAgain(open *monitor.Open, at time.Time) {
	open.AckedBy, open.AckedAt, open.WaitsSince, open.Tier = "", time.Time{}, at, 0
}

// Hear takes what a channel says that people did there to an incident of ours:
// acknowledging in PagerDuty acknowledges here. It tells no channel, since the
// one that keeps acknowledgements is where it comes from. An incident that is not
// under way any more, or is none of ours, is ErrNotFound.
func (d *Desk) Hear(ctx context.Context, key string, heard Heard, by string, at time.Time) error {
	subject, ok := d.subjectOf(key)
	if !ok {
		return fmt.Errorf("incident %s: %w", monitor.Cut(key, 200), monitor.ErrNotFound)
	}
	stale := false
	_, err := d.act(ctx, subject, monitor.Message{}, at, func(c *monitor.Change) {
		open := c.State.Open
		if stale = open.Key != key; stale {
			return
		}
		event := monitor.Event{At: at, Level: c.State.Level, Author: by}
		switch {
		case heard == HeardAcknowledged && open.AckedBy == "":
			open.AckedBy, open.AckedAt, event.Type = by, at, monitor.EventAcknowledged
		case heard == HeardUnacknowledged && open.AckedBy != "":
			waitAgain(open, at)
			event.Type = monitor.EventUnacked
		case heard == HeardResolved:
			event.Type, event.Text = monitor.EventNoted, "resolved elsewhere; here it ends when the monitor says so"
		default:
			return
		}
		c.Events = []monitor.Event{event}
		c.Touch("")
	})
	if stale || errors.Is(err, monitor.ErrConflict) {
		return fmt.Errorf("incident %s: %w", key, monitor.ErrNotFound)
	}
	return err
}

// Heard is what people did to an incident in another place.
type Heard int

// What a channel may tell.
const (
	HeardAcknowledged Heard = iota + 1
	HeardUnacknowledged
	HeardResolved
)

// subjectOf returns the subject that key was made from, if this installation
// made it. Of one that the key has only in part, the incident must have been seen
// since the program began.
func (d *Desk) subjectOf(key string) (monitor.Subject, bool) {
	rest, ok := strings.CutPrefix(key, "wingmirror-"+d.o.Installation+"/")
	end := strings.LastIndexByte(rest, '/')
	if !ok || end < 0 {
		return monitor.Subject{}, false
	}
	if strings.Contains(rest[:end], cutMark) {
		if subject, known := d.opened(key); known {
			return subject, true
		}
	}
	subject, err := monitor.ParseSubject(rest[:end])
	return subject, err == nil
}

// opened returns the subject of the incident under way that has the key.
func (d *Desk) opened(key string) (monitor.Subject, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for subject, state := range d.states {
		if state.Open != nil && state.Open.Key == key {
			return subject, true
		}
	}
	return monitor.Subject{}, false
}

// Note adds a person's note to the timeline of the incident under way.
func (d *Desk) Note(ctx context.Context, subject monitor.Subject, text, by string, at time.Time) (monitor.Change, error) {
	return d.act(ctx, subject, monitor.Message{}, at, func(c *monitor.Change) {
		c.Events = []monitor.Event{{At: at, Type: monitor.EventNoted, Level: c.State.Level, Author: by, Text: text}}
		c.Touch("")
	})
}

// CloseByHand ends the incident under way. Should the next run still be bad, a
// new incident opens.
func (d *Desk) CloseByHand(ctx context.Context, subject monitor.Subject, about monitor.Message, by string, at time.Time) (monitor.Change, error) {
	about.By = by
	return d.act(ctx, subject, about, at, func(c *monitor.Change) {
		if change, open := c.State.Retire(monitor.ReasonForced, by, at); open {
			*c = change
		}
	})
}

// act changes the incident under way about a subject. do works on a change that
// so far changes nothing.
func (d *Desk) act(ctx context.Context, subject monitor.Subject, about monitor.Message, at time.Time, do func(*monitor.Change)) (monitor.Change, error) {
	var missing error
	d.forget(subject) // acts are rare, and should see what is stored
	change, err := d.swap(ctx, subject, func(before monitor.State) (monitor.Change, monitor.Commit) {
		if before.Open == nil {
			missing = fmt.Errorf("%s: %w: no incident is open", subject, monitor.ErrConflict)
			return monitor.Change{Decision: monitor.Decision{Reason: monitor.ReasonLate}}, monitor.Commit{}
		}
		change := monitor.Change{State: before, Was: before.Level}
		change.State.Open = before.Open.Clone()
		do(&change)
		if about.Text == "" {
			about.Text = before.Message
		}
		return change, change.Commit(about, at)
	})
	if err == nil && missing != nil {
		return monitor.Change{}, missing
	}
	return change, err
}

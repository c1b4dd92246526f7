package alerting

import (
	"context"
	"fmt"
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
		c.State.Open.AckedBy, c.State.Open.AckedAt = "", time.Time{}
		c.Events = []monitor.Event{{At: at, Type: monitor.EventUnacked, Level: c.State.Level, Author: by}}
		c.Touch("")
	})
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

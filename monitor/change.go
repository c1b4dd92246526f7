package monitor

import "time"

// Change is what one outcome, or one act of a person, does to a subject: its
// next state, why, and whom to tell.
type Change struct {
	State    State // the next one, with the Version of the one before
	Decision Decision
	Incident *Incident // opened or changed; nil when no incident is touched
	Events   []Event   // for its timeline
	Kind     NoticeKind
	To       []string // destinations to tell; none when nobody is
	Was      Level    // in force before
}

// Close returns the change that ends the incident under way: its resolve goes to
// everybody who was told that it began, whatever the monitor says now. The level
// is left to the caller. Close panics when no incident is open.
func (s State) Close(why Decision, author string, at time.Time) Change {
	open := s.Open
	next := s
	next.Open = nil
	incident := open.incident(s.Subject)
	incident.ClosedAt, incident.Closing = at, why.Reason
	event := Event{At: at, Type: EventResolved, Level: OK, Author: author, Text: why.Reason.Sentence()}
	if why.Reason.Closes() {
		event.Type, event.Level = EventClosed, Unknown
	}
	change := Change{State: next, Decision: why, Incident: &incident, Events: []Event{event}, Was: open.Level}
	if len(open.Told) > 0 {
		change.Kind, change.To = NoticeResolve, open.Told
	}
	return change
}

// Retire returns the change that makes a subject as if it had never been seen,
// because its monitor is switched off or deleted. Nothing of the state before
// can be trusted when it comes back. The second result is false when no
// incident is open, and then there is nothing to do.
func (s State) Retire(why Reason, author string, at time.Time) (Change, bool) {
	if s.Open == nil {
		return Change{}, false
	}
	change := s.Close(Decision{Reason: why}, author, at)
	change.State = State{Subject: s.Subject, Version: s.Version, At: s.At}
	return change, true
}

// Again returns when an extra run is wanted, before the next tick if need be:
// while a bad level waits to be confirmed, and at the end of a silence that held
// a notice back. It is the zero time when none is. p is the policy with its
// defaults, at the scheduled time of the run.
func (c Change) Again(p Policy, at time.Time) time.Time {
	if p.Recheck > 0 && c.State.Tries > 0 {
		return at.Add(p.Recheck)
	}
	if c.Decision.Reason == ReasonSilenced {
		return c.Decision.Until
	}
	return time.Time{}
}

// incident is what the incident's row must say now. Its name and message are
// left out, since the state does not know them.
func (o *Open) incident(subject Subject) Incident {
	return Incident{
		Key: o.Key, Subject: subject, Level: o.Level, Fault: o.Fault,
		OpenedAt: o.OpenedAt, AckedBy: o.AckedBy, AckedAt: o.AckedAt,
	}
}

// Touch sets the change's incident to what the next state says of it, with the
// message of the outcome.
func (c *Change) Touch(message string) {
	incident := c.State.Open.incident(c.State.Subject)
	incident.Message = message
	c.Incident = &incident
}

// Commit returns what is to be stored for the change. about holds what the
// notices say of the subject besides the change itself: names, values, output,
// graph; its Text is what the run said.
func (c Change) Commit(about Message, at time.Time) Commit {
	commit := Commit{State: c.State, Events: c.Events, Incident: c.Incident}
	if c.Incident != nil {
		c.Incident.Name = about.Name
	}
	if c.Kind == NoticeNone || c.Incident == nil {
		return commit
	}
	about.Kind, about.Subject, about.At, about.Decision = c.Kind, c.State.Subject, at, c.Decision
	if c.State.Subject.Kind == KindMonitor {
		about.RunAt = c.State.At
	}
	about.Level, about.Was, about.OpenedAt, about.Fault = c.State.Level, c.Was, c.Incident.OpenedAt, c.Incident.Fault
	switch {
	case c.Kind == NoticeResolve:
		about.Level = OK
	case c.Incident.Level == Unknown: // it is about a fault
		about.Level = Unknown
	}
	for _, destination := range c.To {
		commit.Notices = append(commit.Notices, Notice{
			Incident: c.Incident.Key, Destination: Destination(destination), Status: NoticePending,
			CreatedAt: at, NextAt: at, Message: about,
		})
	}
	return commit
}

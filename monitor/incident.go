package monitor

import "time"

// Incident is a span of trouble with one subject, from the run that opened it to
// the run or the person that closed it. Many runs belong to one incident.
type Incident struct {
	ID       int64  // given by the store, for addresses; 0 before that
	Key      string // unique for ever, and the dedup key of all its notices
	Subject  Subject
	Name     string    // of the subject when it opened
	Level    Level     // the worst so far; Unknown when a fault opened it
	Fault    Fault     // what opened it, when no level did
	Message  string    // of the run that opened it, or made it worse
	OpenedAt time.Time // scheduled time of that run
	ClosedAt time.Time // zero while it is open
	Closing  Reason    // why it closed; "" while it is open
	AckedBy  string    // "" when nobody has acknowledged
	AckedAt  time.Time
}

// Duration returns how long the incident lasted, or has lasted at the given time.
func (i Incident) Duration(at time.Time) time.Duration {
	if !i.ClosedAt.IsZero() {
		at = i.ClosedAt
	}
	return at.Sub(i.OpenedAt)
}

// EventType is a kind of entry in an incident's timeline.
type EventType string

// The entries of a timeline.
const (
	EventOpened       EventType = "opened"
	EventEscalated    EventType = "escalated"
	EventEased        EventType = "eased"
	EventRepeated     EventType = "repeated"
	EventHeld         EventType = "held"        // a notice was due and not sent: silenced, flapping
	EventHandedOver   EventType = "handed over" // the next shift was told
	EventAcknowledged EventType = "acknowledged"
	EventUnacked      EventType = "unacknowledged"
	EventNoted        EventType = "noted"
	EventResolved     EventType = "resolved"
	EventClosed       EventType = "closed" // by hand, or with its monitor
	EventQueued       EventType = "queued" // a notice was put in the outbox
	EventAttempt      EventType = "attempt"
)

// Event is one entry of an incident's timeline.
type Event struct {
	At     time.Time
	Type   EventType
	Level  Level  // in force after it; Unknown where it has none
	Author string // "" for Wingmirror itself
	Text   string
	Notice int64 // the notice that was queued or tried, 0 otherwise
}

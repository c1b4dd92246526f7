package monitor

import (
	"math"
	"time"

	"wingmirror/condition"
)

// PushedEvent is one event as an agent sent it: what a component of a server
// measured at a time, or that something happened there. Rules are about these.
// (Event, by contrast, is an entry of an incident's timeline.) It is an
// immutable value.
type PushedEvent struct {
	Seq       int64   // given by the store in the order of arrival; 0 before that
	ID        string  // by its sender, so that sending it again counts once; "" for none
	Timestamp float64 // in seconds since the epoch
	Server    string  // "" for a clustered service, which has no single one
	Service   string
	Component string
	Value     float64
	Active    bool
	More      map[string]condition.Value // the other fields, nil when there are none
	Body      []byte                     // the whole event as JSON
	Received  time.Time                  // zero for one that was read from a file
}

// At returns the event's timestamp as a time.
func (e *PushedEvent) At() time.Time { return SecondsTime(e.Timestamp) }

// SecondsTime returns the time of so many seconds since the epoch, to the millisecond.
func SecondsTime(seconds float64) time.Time {
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
}

// TimeSeconds is the opposite of SecondsTime.
func TimeSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// Field returns a field of the event for a condition; null when it has none.
func (e *PushedEvent) Field(name string) condition.Value {
	switch name {
	case "value":
		return condition.NumberOf(e.Value)
	case "component":
		return condition.TextOf(e.Component)
	case "service":
		return condition.TextOf(e.Service)
	case "active":
		return condition.BoolOf(e.Active)
	case "server":
		if e.Server == "" {
			return condition.Value{}
		}
		return condition.TextOf(e.Server)
	case "timestamp":
		return condition.NumberOf(e.Timestamp)
	case "id":
		if v, ok := e.More["id"]; ok { // a number, which is one in conditions
			return v
		}
		if e.ID == "" {
			return condition.Value{}
		}
		return condition.TextOf(e.ID)
	}
	return e.More[name]
}

// EventTypes are the types of the fields that every event has.
func EventTypes() condition.Types {
	return condition.Types{
		"server": condition.Text, "service": condition.Text, "component": condition.Text,
		"value": condition.Number, "timestamp": condition.Number, "active": condition.Bool,
	}
}

// RuleFile is one saved version of the rules file.
type RuleFile struct {
	Version int // starts at 1, and grows by one with each save; 0 when there is none
	Text    string
	Author  string
	SavedAt time.Time
}

// RuleWindows is what the engine remembers for one rule, so that a restart
// forgets nothing.
type RuleWindows struct {
	Rule        string
	Fingerprint string // of the rule's text: windows of a rule that reads otherwise mean nothing
	Data        []byte
}

// EventFilter says which events are asked for. Zero fields ask for nothing.
type EventFilter struct {
	From, Until time.Time // of their timestamps: From is included, Until is not
	Service     string
	Component   string
	Server      string
	Text        string // somewhere in the event's JSON
	Before      int64  // those that came before the event of this Seq
	Limit       int
}

// EventNames are the names that events carry, for completion.
type EventNames struct {
	Services   []string
	Components []string
	Servers    []string
}

// Package monitor holds the nouns of Wingmirror: a Monitor and what goes in and
// comes out of one run of it (Input, Result), what any kind of check says about
// a subject (Outcome, Level, Fault), and the errors that people can mend. The
// package does no I/O and reads no clock.
package monitor

import (
	"encoding/json"
	"time"
)

// Monitor is a schedule, a list of Graphite targets and a script. It is an
// immutable value: an edit makes a new one with a higher Version.
type Monitor struct {
	ID          int64
	Version     int // starts at 1, and grows by one with each save
	Name        string
	Description string
	Group       string            // path with slashes, "shop/checkout"; "" is the top
	Labels      map[string]string //
	Schedule    string            // crontab spec, see package crontab
	Zone        string            // IANA name; "" is UTC
	CatchUp     CatchUp           // "" is skip
	Targets     []string          // one Graphite target each; blank lines and lines that start with # are kept and not sent
	Minutes     int               // how far back a run looks; 0 is 60
	Script      string            // "" draws the targets and is always ok
	Params      json.RawMessage   // a JSON object for @params, or nil
	Alerts      []string          // destinations as URIs, such as mailto:ops@example.com
	Tests       string            // unit tests as YAML, see ParseTests; "" for none
	Policy      Policy            //
	Active      bool              //
	CreatedAt   time.Time         //
	UpdatedAt   time.Time         //
}

// CatchUp says what happens to ticks that were missed while the program was
// down or the machine slept.
type CatchUp string

// The catch-up policies.
const (
	CatchUpSkip CatchUp = "skip" // forget them (default)
	CatchUpOnce CatchUp = "once" // one run, for the last of them
)

// DefaultMinutes is the length of a window when a monitor names none.
const DefaultMinutes = 60

// MinutesOrDefault returns Minutes, or DefaultMinutes when it is zero.
func (m Monitor) MinutesOrDefault() int {
	if m.Minutes == 0 {
		return DefaultMinutes
	}
	return m.Minutes
}

// Subject returns monitor/ID.
func (m Monitor) Subject() Subject { return MonitorSubject(m.ID) }

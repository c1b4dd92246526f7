// Package alerting decides who hears of what, and sees to it that they do.
//
// Decide is the pure middle: the state before, an outcome and the terms give the
// next state, a named reason, and the notices. The Desk loads, decides and
// commits, all in one transaction; the Dispatcher delivers what was committed,
// as often as it takes. So a crash loses nothing, and a notice that leaves twice
// leaves under the same key.
//
// Three rules hold everywhere. Whoever was told that an incident began is told
// that it ended. A fault never changes a level and never ends an incident. A
// silence holds notices back, never evaluation and never a resolve that is owed.
//
// The package knows subjects, not kinds of checks, and channels only by their
// interface; test runs do not come here.
package alerting

import (
	"context"
	"time"

	"wingmirror/monitor"
)

// Ledger keeps states and commits.
type Ledger interface {
	// State returns what is in force about a subject; the zero state when it has
	// never been seen.
	State(ctx context.Context, subject monitor.Subject) (monitor.State, error)
	// Commit stores a change whole or not at all. ErrConflict: the state has
	// moved on. ErrNotFound: the monitor is switched off or gone.
	Commit(ctx context.Context, c monitor.Commit) error
}

// Terms are what Decide goes by besides state and outcome.
type Terms struct {
	Policy       monitor.Policy // with no field left open
	Destinations []string       // whom to tell
	OffDuty      bool           // when there are none: it is because no contact group is on duty
	Silence      *Hold          // in force for the subject now, or nil
	Source       *Hold          // the incident about the source that makes this run's fault no news, or nil
	Key          string         // of the incident that this outcome may open
}

// Hold says why notices are held back.
type Hold struct {
	Until time.Time // zero when that is not known
	Note  string    // who holds them back, and why
}

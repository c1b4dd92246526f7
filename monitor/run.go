package monitor

import "time"

// Run is one run of a monitor as history keeps it: a few dozen bytes that say
// when, how it ended and what was decided. A run is known by its monitor and
// its scheduled time; no two runs share both.
type Run struct {
	Monitor  int64
	At       time.Time     // the scheduled time, to the millisecond
	Phase    Phase         //
	Version  int           // of the monitor that was run
	Started  time.Time     // by the clock: when the script's turn came; zero when it never came
	Fetch    time.Duration // what fetching took
	Level    Level         // what this run saw; Unknown when Fault is set
	Fault    Fault         //
	Message  string        // at most MaxRunMessage bytes
	Decision Decision      // what alerting made of it
	Incident string        // key of the incident it belongs to; "" for none
	Cost     Cost          //
	Kept     bool          // its output and graph are kept for good, not only until the next run
}

// Phase says how far a run has come.
type Phase uint8

// The phases of a run.
const (
	Claimed Phase = iota // taken by a process that has not ended it yet
	Done                 // ended, well or badly
	Lost                 // claimed by a process that went away before the end
)

// String returns claimed, done or lost.
func (p Phase) String() string {
	switch p {
	case Done:
		return "done"
	case Lost:
		return "lost"
	}
	return "claimed"
}

// MaxRunMessage is how much of a message a run's row and a state keep, in bytes.
// What was kept of the run in full has all of it.
const MaxRunMessage = 500

// Detail is everything that one run gave back. It is kept for the last run of
// each monitor and for runs that changed something.
type Detail struct {
	Message string        // whole
	Output  string        //
	Graph   []Line        //
	Thrown  *ScriptError  // nil when the script ran to its end
	Targets []TargetCount // in the author's order
	Window  Window        //
}

// TargetCount is what one target brought back, without the points.
type TargetCount struct {
	Target string
	Status Status
	Reason string
	Series int
	Points int
}

// CountTargets sums up what the targets of a run brought back.
func CountTargets(fetched []Fetched) []TargetCount {
	counts := make([]TargetCount, len(fetched))
	for i, f := range fetched {
		counts[i] = TargetCount{Target: f.Target, Status: f.Status, Reason: f.Reason, Series: len(f.Series)}
		for _, s := range f.Series {
			counts[i].Points += s.Points()
		}
	}
	return counts
}

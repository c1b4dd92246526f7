package monitor

import "math"

// Series is one line of points on a regular grid.
type Series struct {
	Label  string    // the name in the source's answer, which is the alias if it has one
	Start  int64     // time of Values[0], in seconds since the epoch
	Step   int64     // seconds between two values; at least 1 when there are values
	Values []float64 // NaN where the source had null
}

// Time returns the timestamp of the i-th value, in seconds since the epoch.
func (s Series) Time(i int) int64 { return s.Start + int64(i)*s.Step }

// Points returns the number of values that are not null.
func (s Series) Points() int {
	n := 0
	for _, v := range s.Values {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// Status says what a target brought back.
type Status string

// The statuses of a target.
const (
	StatusOK      Status = "ok"
	StatusEmpty   Status = "empty"   // series, but not one point in the window
	StatusMissing Status = "missing" // no series at all
	StatusFailed  Status = "failed"  // the source refused it or did not answer
	StatusPartial Status = "partial" // fewer series than the run before
	StatusStale   Status = "stale"   // the newest points are older than the window's end allows
)

// Fetched is what one target brought back.
type Fetched struct {
	Target string   // as the author wrote it
	Status Status   //
	Reason string   // why it failed or is stale, one line, safe to show; else ""
	Series []Series // in the source's order; none when missing or failed
}

// Window is the span of time that a run looks at, in seconds since the epoch:
// From is excluded and Until included, as Graphite's render does it.
type Window struct {
	From, Until int64
}

package heartbeat

import (
	"slices"
	"time"
)

// Runs are the durations of a job's newest runs, and what is usual for them. The
// zero Runs have seen none.
type Runs struct{ took []float32 } // seconds, oldest first

const (
	runWindow  = 50              // runs that are remembered
	notWorth   = 5 * time.Second // a difference from the median that is never worth a warning
	runStretch = 2               // times the median: a run is not too long below that, nor too short above its inverse
)

// Add remembers a run.
func (r *Runs) Add(took time.Duration) {
	if took <= 0 {
		return
	}
	r.took = keepNewest(r.took, float32(took.Seconds()))
}

// keepNewest appends to a list of which the newest are remembered.
func keepNewest(list []float32, v float32) []float32 {
	if len(list) >= runWindow {
		list = slices.Delete(list, 0, len(list)-runWindow+1)
	}
	return append(list, v)
}

// Usual returns the bounds between which a run is as usual; false while too few
// were seen.
func (r *Runs) Usual() (shortest, longest time.Duration, ok bool) {
	if len(r.took) < goodGaps {
		return 0, 0, false
	}
	known := make([]float64, len(r.took))
	for i, t := range r.took {
		known[i] = float64(t)
	}
	w := usual(known)
	middle := seconds(w.median)
	longest = max(seconds(w.longest), runStretch*middle, middle+notWorth)
	shortest = min(seconds(w.shortest), middle/runStretch, middle-notWorth)
	return max(shortest, 0), longest, true
}

// Median returns the usual duration, 0 when nothing was seen.
func (r *Runs) Median() time.Duration {
	if len(r.took) == 0 {
		return 0
	}
	known := slices.Sorted(slices.Values(r.took))
	return seconds(float64(known[len(known)/2]))
}

// Pack returns the runs as bytes for Unpack.
func (r *Runs) Pack() []byte { return packFloats([]byte{packVersion}, r.took) }

// Unpack reads what Pack made; nothing gives the zero Runs.
func (r *Runs) Unpack(b []byte) (err error) {
	r.took, err = unpackList(b)
	return err
}

func unpackList(b []byte) ([]float32, error) {
	if len(b) == 0 {
		return nil, nil
	}
	list, _, ok := unpackFloats(b[1:])
	if !ok || b[0] != packVersion {
		return nil, errPacked
	}
	return list, nil
}

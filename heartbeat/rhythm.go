package heartbeat

import (
	"math"
	"slices"
	"time"
)

const (
	window    = 128 // gaps that are remembered
	fewGaps   = 5   // below that, only the largest gap counts
	goodGaps  = 20  // from there on the spread of the gaps is trusted
	agreeing  = 5   // gaps in a row that agree with each other, but not with the window, replace it;
	lateOnes  = 3   // so many when each was too long, since each has raised an alarm,
	farLate   = 2   // and so many that are alike, and beyond what one lost beat makes
	agreement = 1.5 // the largest of them is at most so many times the smallest
	alike     = 1.2 // the larger of two gaps that are alike is at most so many times the smaller
	farLater  = 2.5 // medians that a gap with one lost beat in it does not reach
	retry     = 0.2 // a gap below this share of the median is another try of the same beat

	spread     = 3.75   // scaled median deviations of the logarithm above the median
	toSigma    = 1.4826 // makes a median deviation a standard deviation of normal values
	tail       = 0.97   // quantile of the gaps that a wait goes beyond,
	beyond     = 1.15   // so many times
	growth     = 3      // a wait does not grow beyond so many times the first one learned
	leastWait  = 10.    // seconds: nobody is told of a shorter silence,
	leastSeen  = 60.    // seconds of gaps before which somebody may only be trying an address,
	triedWait  = 3600.  // and for how long nothing is missing then
	leastSlack = 5.     // nor of one that is longer than usual by less
	minSlack   = 1.05   // even the most regular heartbeat is given a twentieth more
)

// Rhythm is what the arrivals of a heartbeat have taught. The zero Rhythm has
// seen none. It is bounded, a few hundred bytes, and takes times as they were
// received, whatever the sender's clock says.
//
// A gap counts from the first beat of a burst to the first of the next, so that
// retries neither shorten nor lengthen anything. A gap in which we were away,
// or the heartbeat was paused or known to be down, is kept for the calendar but
// teaches nothing about length.
type Rhythm struct {
	last   time.Time // newest arrival that was no retry
	newest time.Time // newest arrival
	gaps   []float32 // seconds, oldest first; negative: not to be learned from
	doubt  []float32 // the newest gaps, as long as they do not fit
	active []stretch // times of steady beats, oldest first
	first  float32   // seconds: the wait when it was first trusted; 0 before
	behind int       // beats that a late one may have held up, which then come all at once; forgotten by a restart
}

// Arrive adds a successful beat. It reports whether the rhythm is a new one from
// now on: several gaps in a row agreed with each other, and not with those
// before.
func (r *Rhythm) Arrive(at time.Time, blind bool) (relearned bool) {
	if r.last.IsZero() {
		r.last, r.newest = at, at
		r.extend(at, 0, 0)
		return false
	}
	step := at.Sub(r.newest).Seconds()
	if step <= 0 {
		return false
	}
	gap := at.Sub(r.last).Seconds()
	r.newest = at
	w := r.wait()
	if w.gaps < fewGaps || step >= retry*w.median {
		r.extend(at, gap, w.median)
	}
	if w.median > 0 && (blind || gap > w.longest) {
		r.behind = int(min(gap/w.median, window))
	}
	if blind {
		r.add(-gap, at)
		r.doubt = r.doubt[:0]
		return false
	}
	switch {
	case w.gaps >= fewGaps && step < retry*w.median && r.behind > 0:
		r.behind--
		return false
	case w.gaps >= fewGaps && step < retry*w.median:
		return r.disagree(step, at, agreeing)
	case w.gaps >= fewGaps && gap > w.longest:
		r.add(gap, at)
		return r.disagree(gap, at, r.lateNeeded(gap, w.median))
	case w.gaps >= fewGaps && gap < w.shortest:
		r.add(gap, at)
		return r.disagree(gap, at, agreeing)
	}
	r.add(gap, at)
	r.doubt, r.behind = r.doubt[:0], 0
	r.trust()
	return false
}

// Skip notes that nothing can be said about the time since the newest arrival.
func (r *Rhythm) Skip() { r.doubt = r.doubt[:0] }

func (r *Rhythm) add(gap float64, at time.Time) {
	if len(r.gaps) >= window {
		r.gaps = slices.Delete(r.gaps, 0, len(r.gaps)-window+1)
	}
	r.gaps = append(r.gaps, float32(gap))
	r.last = at
}

// disagree collects gaps that do not fit. A single one moves nothing; enough of
// them that agree are the new rhythm.
func (r *Rhythm) disagree(gap float64, at time.Time, needed int) bool {
	r.doubt = append(r.doubt, float32(gap))
	if len(r.doubt) > needed {
		r.doubt = slices.Delete(r.doubt, 0, len(r.doubt)-needed)
	}
	if len(r.doubt) < needed || slices.Max(r.doubt) > agreement*slices.Min(r.doubt) {
		return false
	}
	r.gaps, r.doubt, r.first, r.last = r.doubt, nil, 0, at
	r.active = []stretch{{at.Unix(), at.Unix()}}
	return true
}

// lateNeeded is how many gaps that were too long are a new rhythm.
func (r *Rhythm) lateNeeded(gap, median float64) int {
	if len(r.doubt) == 0 {
		return lateOnes
	}
	before := float64(r.doubt[len(r.doubt)-1])
	if min(gap, before) > farLater*median && max(gap, before) <= alike*min(gap, before) {
		return farLate
	}
	return lateOnes
}

// trust remembers the first wait that was learned from enough gaps.
func (r *Rhythm) trust() {
	if w := r.wait(); r.first == 0 && w.gaps >= goodGaps && w.seen >= leastSeen {
		r.first = float32(w.longest)
	}
}

// wait is what the gaps say, in seconds.
type wait struct {
	gaps     int // learned from
	median   float64
	spread   float64 // standard deviation, robustly
	seen     float64 // all gaps together
	longest  float64 // gap that is still as usual; 0: nothing is known
	shortest float64 // gap that is still as usual
	capped   bool    // longest has been kept from growing
}

// wait works out how long to wait for the next beat. Gaps spread as a factor
// rather than as a sum, so the deviation is taken of their logarithms: that fits
// narrow jitter as well as the long tail of jobs that sometimes take longer.
func (r *Rhythm) wait() wait {
	known := make([]float64, 0, window)
	for _, g := range r.gaps {
		if g > 0 {
			known = append(known, float64(g))
		}
	}
	w := usual(known)
	if w.gaps > 0 {
		w.longest = max(w.longest, w.median+leastSlack, leastWait)
	}
	if w.seen = sum(known); w.gaps > 0 && w.seen < leastSeen {
		w.longest = max(w.longest, triedWait)
	}
	if limit := growth * float64(r.first); r.first > 0 && w.longest > limit {
		w.longest, w.capped = limit, true
	}
	return w
}

// usual says what of some values, in any order, is still as usual. It sorts them.
func usual(known []float64) wait {
	w := wait{gaps: len(known)}
	if w.gaps == 0 {
		return w
	}
	slices.Sort(known)
	n := len(known)
	largest := known[n-1]
	w.median = medianOf(known)
	deviation := logDeviation(known, w.median)
	w.spread = toSigma * deviation * w.median
	factor := math.Exp(spread * toSigma * deviation)
	w.shortest = w.median / max(factor, 1.5)
	if n < fewGaps {
		w.longest = 3 * largest
		if n > 1 && largest >= rareDays*24*3600 { // a month more is soon enough
			w.longest = 1.5 * largest
		}
		return w
	}
	w.longest = max(w.median*factor, beyond*known[quantile(n)], minSlack*w.median)
	if n < goodGaps {
		w.longest = max(w.longest, 1.5*largest)
	}
	w.longest = min(w.longest, 3*largest) // gaps of all sizes have no deviation worth the name
	return w
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

// quantile is the index of the tail's quantile among n sorted values; at least
// one value lies above it, so that a single late beat never moves a wait.
func quantile(n int) int {
	return max(0, min(int(math.Ceil(tail*float64(n)))-1, n-2))
}

// logDeviation is the median deviation of the logarithms of sorted values.
func logDeviation(sorted []float64, median float64) float64 {
	logs := make([]float64, len(sorted))
	for i, v := range sorted {
		logs[i] = math.Abs(math.Log(v / median))
	}
	slices.Sort(logs)
	return medianOf(logs)
}

func medianOf(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// arrivals returns the remembered arrivals, oldest first.
func (r *Rhythm) arrivals() []time.Time {
	all := make([]time.Time, len(r.gaps)+1)
	at := r.last
	for i := len(r.gaps); ; i-- {
		all[i] = at
		if i == 0 {
			return all
		}
		gap := math.Abs(float64(r.gaps[i-1]))
		at = at.Add(-time.Duration(math.Round(gap*1000)) * time.Millisecond)
	}
}

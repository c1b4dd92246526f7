package demo

import "math"

// cycle is the time in which everything that happens in the shop happens once.
// It does not divide a week, so the trouble of now is not the trouble of the
// same minute last week.
const cycle = 11 * minute

// incident is something that goes wrong once a cycle: it grows for rise seconds,
// stays, and wanes for fall seconds, all within length.
type incident struct {
	start, length, rise, fall int64
}

// The incidents overlap a little, so that something is wrong at any time, and
// something begins and something ends within any two minutes.
var (
	payments   = incident{start: 0, length: 210, rise: 10, fall: 10}        // the largest payment provider refuses
	database   = incident{start: 170, length: 220, rise: 60, fall: 60}      // slow queries
	signOn     = incident{start: 320, length: 170, rise: 0, fall: 0}        // nobody gets in by single sign-on
	traffic    = incident{start: 390, length: 170, rise: 20, fall: 20}      // visitors of one region cannot reach the shop
	badRelease = incident{start: releaseAt, length: 220, rise: 10, fall: 0} // from a release to its rollback
)

// Moments of the cycle at which somebody deploys, or cleans a disk.
const (
	checkoutReleaseAt = 300 // a good one
	releaseAt         = 540
	rollbackAt        = (releaseAt + 220) % cycle
	diskCleanedAt     = 80
)

// elapsed returns the seconds since a moment of the cycle last came.
func (s shop) elapsed(t, moment int64) int64 {
	e := (t + s.offset - moment) % cycle
	if e < 0 {
		e += cycle
	}
	return e
}

// strength says how far an incident has grown at a time, from 0 to 1.
func (s shop) strength(t int64, in incident) float64 {
	e := s.elapsed(t, in.start)
	switch {
	case e >= in.length:
		return 0
	case e < in.rise:
		return float64(e) / float64(in.rise)
	case e > in.length-in.fall:
		return float64(in.length-e) / float64(in.fall)
	}
	return 1
}

// backlog is how many orders wait for their payment: they pile up while the
// provider refuses, and are worked off after it.
func (s shop) backlog(t int64) float64 {
	e := float64(s.elapsed(t, payments.start))
	length := float64(payments.length)
	if e < length {
		return 1.6 * e
	}
	return 1.6 * length * math.Exp((length-e)/45)
}

// diskUse is how full the disk is, in percent: it fills steadily until it is cleaned.
func (s shop) diskUse(t int64) float64 {
	return 55 + 42*float64(s.elapsed(t, diskCleanedAt))/cycle
}

// coldness says how cold the page cache is after the last release, from 1 to 0.
func (s shop) coldness(t int64) float64 {
	return math.Exp(-float64(s.elapsed(t, releaseAt)) / 50)
}

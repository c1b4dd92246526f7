package anomaly

import (
	"math"
	"time"
)

// DefaultThreshold is the score from which on a value is an anomaly, unless a
// Detector's user says otherwise. It was chosen on one half of the Numenta
// Anomaly Benchmark; see docs/anomalies.md.
const DefaultThreshold = 0.5

// Signal names what a Detector found odd.
type Signal string

// The signals of a Detector.
const (
	SignalNone   Signal = ""       // nothing yet
	SignalSeason Signal = "season" // unusual for this time of the day
	SignalRange  Signal = "range"  // higher or lower than ever
	SignalValues Signal = "values" // no earlier values in a row were like the last four
	SignalCourse Signal = "course" // no earlier stretch was like the last 64 values
	SignalJumps  Signal = "jumps"  // no earlier values moved like the last six, whatever their level
	SignalShape  Signal = "shape"  // no earlier stretch had the shape of the last 144 values, whatever its level
)

// Reading is what a Detector says of one value.
type Reading struct {
	// Score is from 0, nothing odd, to 1. After an anomaly it stays below the
	// threshold for a while, so that one event is told once.
	Score   float64
	Odd     float64 // the score without regard to what has been told, for how long an event lasts
	Anomaly bool    // Score reaches the threshold
	// Expected is the value that was expected, Low and High the band that holds
	// all but one in 200 values; NaN while nothing is known.
	Expected, Low, High float64
	Signal              Signal // the oddest, SignalNone while it is learning
	Learning            bool   // too few values were seen to judge
}

// Detector finds odd values in a stream, one at a time: no training, no limits to
// set. It is pure: equal streams give equal readings, also when it is encoded and
// decoded in between. It is not safe for concurrent use.
//
// It keeps about 60 kB at most. A missing value is not one: leave it out, or pass
// NaN, which changes nothing.
type Detector struct {
	threshold float64

	seen      int     // values
	origin    float64 // the first, which the others are kept relative to
	low, high float64 // ever
	previous  float64
	rest      int // values for which the score stays below the threshold

	last   [seasonWidth]float64 // values, at position % len
	season slots
	near   [4]neighbour
	tails  [signals]tail
	band   band
}

const (
	signals     = 6
	seasonWidth = 12  // values in a mean that the season is about
	learnValues = 100 // before it judges
	restValues  = 100 // after an anomaly
	mostValue   = 1e18
)

// NewDetector returns a Detector that calls a value an anomaly from the score
// threshold on, above 0 and at most 1; other thresholds stand for DefaultThreshold.
func NewDetector(threshold float64) *Detector {
	d := &Detector{season: newSlots(), low: math.Inf(1), high: math.Inf(-1)}
	d.near = [4]neighbour{
		newNeighbour(4, 1, 1, false),
		newNeighbour(8, 8, 2, false),
		newNeighbour(6, 1, 1, true),
		newNeighbour(12, 12, 3, true),
	}
	d.SetThreshold(threshold)
	return d
}

// SetThreshold changes the threshold from the next value on.
func (d *Detector) SetThreshold(threshold float64) {
	if !(threshold > 0 && threshold <= 1) {
		threshold = DefaultThreshold
	}
	d.threshold = threshold
}

// Update judges a value by those before it, and learns it. at's own zone says
// what time of the day it is. Times may be uneven, and may go back.
func (d *Detector) Update(at time.Time, value float64) Reading {
	if math.IsNaN(value) {
		nan := math.NaN()
		return Reading{Expected: nan, Low: nan, High: nan, Learning: d.seen < learnValues}
	}
	value = max(-mostValue, min(mostValue, value))
	if d.seen == 0 {
		d.origin, d.previous = value, value
	}
	slot := slotOf(at)
	usual := d.season.usual(slot)
	r := Reading{Learning: d.seen < learnValues}
	r.Expected, r.Low, r.High = d.band.expect(d.previous, usual+d.origin, d.near[0].follower()+d.origin)
	sizes := d.sizes(at, slot, usual, value)
	var rarities [signals]float64
	for i, size := range sizes {
		rarities[i] = d.tails[i].rarity(size)
		d.tails[i].add(size)
	}
	d.band.learn(value)
	d.judge(&r, rarities)
	d.previous = value
	d.seen++
	return r
}

// sizes are the signals' sizes at the value, which every one of them learns.
func (d *Detector) sizes(at time.Time, slot int, usual, value float64) [signals]float64 {
	var sizes [signals]float64
	x := float32(value - d.origin)
	d.last[d.seen%seasonWidth] = value - d.origin
	mean := Mean(d.last[:min(seasonWidth, d.seen+1)])
	if !math.IsNaN(usual) {
		sizes[0] = math.Abs(mean - usual)
	}
	d.season.add(slot, at.Unix(), float32(mean))
	if d.high > d.low {
		sizes[1] = max(0, value-d.high, d.low-value) / (d.high - d.low)
	} else if d.seen > 0 && value != d.high {
		sizes[1] = 1
	}
	d.low, d.high = min(d.low, value), max(d.high, value)
	for i := range d.near {
		sizes[2+i] = d.near[i].add(d.seen, x)
	}
	return sizes
}

// judge gives the reading its score, and lets the detector rest after an anomaly.
func (d *Detector) judge(r *Reading, rarities [signals]float64) {
	if r.Learning {
		return
	}
	names := [signals]Signal{SignalSeason, SignalRange, SignalValues, SignalCourse, SignalJumps, SignalShape}
	most := 0
	for i, rare := range rarities {
		if rare > rarities[most] {
			most = i
		}
	}
	if rarities[most] > 0 {
		r.Signal = names[most]
	}
	r.Odd = d.odd(rarities, rarities[most])
	r.Score = r.Odd
	if d.rest > 0 {
		d.rest--
		r.Score = min(r.Score, 0.9*d.threshold)
		return
	}
	if r.Anomaly = r.Score >= d.threshold; r.Anomaly {
		d.rest = restValues
	}
}

// odd joins the rarities of the signals to a score.
func (d *Detector) odd(rarities [signals]float64, most float64) float64 {
	mean := (rarities[0] + rarities[1] + rarities[2] + rarities[3]) / 4
	return min(1, mean/scoreScale)
}

// scoreScale is the mean rarity that scores 1: it puts the default threshold at a half.
const scoreScale = 2.8

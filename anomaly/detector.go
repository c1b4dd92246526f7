package anomaly

import (
	"math"
	"slices"
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
	SignalStuck  Signal = "stuck"  // the same value again and again, for longer than ever
	SignalRange  Signal = "range"  // higher or lower than ever
	SignalValues Signal = "values" // no earlier values in a row were like the last four
	SignalCourse Signal = "course" // no earlier stretch was like the last 64 values
	SignalJumps  Signal = "jumps"  // no earlier values moved like the last six, whatever their level
	SignalShape  Signal = "shape"  // no earlier stretch had the shape of the last 144 values, whatever its level
)

// Reading is what a Detector says of one value.
type Reading struct {
	// Score is from 0, nothing odd, to 1. After an anomaly it stays below the
	// threshold for a hundred values, so that one event is told once; only what is
	// twice as odd is told in between.
	Score float64
	// Odd is the score without regard to what has been told: how long an event
	// lasts. It is never below Score.
	Odd     float64
	Anomaly bool // Score reaches the threshold
	// Expected is the value that was expected, Low and High the band that holds
	// all but one in 200 values; NaN while nothing is known.
	Expected, Low, High float64
	Signal              Signal // the oddest, SignalNone while it is learning
	Learning            bool   // too few values were seen to judge
}

// Detector finds odd values in a stream, one at a time: no training, no limits to
// set. Seven signals ask each in its way how odd the newest values are; each is
// measured against its own past, so that they can be compared, and the score
// joins them. docs/anomalies.md says why these.
//
// It is pure: equal streams give equal readings, also when it is encoded and
// decoded in between. It keeps some 90 kB, encoded 40 kB, and is not safe for concurrent
// use. A missing value is left out, or passed as NaN, which changes nothing.
type Detector struct {
	threshold float64

	seen      int     // values
	origin    float64 // the first, which the others are kept relative to
	low, high float64 // ever
	previous  float64
	same      int // how many values up to the previous were equal to it
	teller    teller

	last   [seasonWidth]float64 // values, at position % len
	season slots
	lone   lone         // for SignalValues and SignalJumps
	near   [2]neighbour // for SignalCourse and SignalShape
	tails  [signals]tail
	band   band
}

const (
	signals     = 7
	seasonWidth = 12   // values in a mean that the season is about
	learnValues = 100  // before it judges
	sureValues  = 400  // before it judges in full
	stuck       = 6    // the place of SignalStuck among the signals
	stuckLeast  = 12   // equal values before it speaks
	mostValue   = 1e18 // beyond, values are taken to be this
	pastValues  = 2000 // how far back stretches are compared

	meanShare = 0.8 // of the mean of the rarities in the oddness; the rest is the largest's
)

// NewDetector returns a Detector that calls a value an anomaly from the score
// threshold on, above 0 and at most 1; other thresholds stand for DefaultThreshold.
func NewDetector(threshold float64) *Detector {
	d := &Detector{season: newSlots(), low: math.Inf(1), high: math.Inf(-1)}
	d.lone = newLone(pastValues)
	d.near = [2]neighbour{newNeighbour(8, 8, 4, false, pastValues), newNeighbour(12, 12, 6, true, pastValues)}
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
	r := Reading{Learning: d.seen < learnValues}
	if math.IsNaN(value) {
		r.Expected, r.Low, r.High = value, value, value
		return r
	}
	value = max(-mostValue, min(mostValue, value))
	if d.seen == 0 {
		d.origin, d.previous = value, value
	}
	slot := slotOf(at)
	usual := d.season.usual(slot)
	r.Expected, r.Low, r.High = d.band.expect(d.previous, usual+d.origin, d.lone.follower()+d.origin)
	sizes := d.sizes(at, slot, usual, value)
	var rarities [signals]float64
	rarities[stuck] = d.stuck(value)
	for i, size := range sizes {
		if !math.IsNaN(size) {
			rarities[i] = d.tails[i].rarity(size)
			d.tails[i].add(size)
		}
	}
	d.band.learn(value)
	if !r.Learning {
		d.judge(&r, rarities)
	}
	d.previous = value
	d.seen++
	return r
}

// Seen returns how many values it has seen.
func (d *Detector) Seen() int { return d.seen }

// sizes are the signals' sizes at the value, which every one of them learns; NaN
// where one cannot tell yet.
func (d *Detector) sizes(at time.Time, slot int, usual, value float64) [signals]float64 {
	var sizes [signals]float64
	x := float32(value - d.origin)
	d.last[d.seen%seasonWidth] = value - d.origin
	mean := Mean(d.last[:min(seasonWidth, d.seen+1)])
	sizes[0] = math.Abs(mean - usual)
	d.season.add(slot, at.Unix(), float32(mean))
	if d.high > d.low {
		sizes[1] = max(0, value-d.high, d.low-value) / (d.high - d.low)
	} else if d.seen > 0 && value != d.high {
		sizes[1] = 1
	}
	d.low, d.high = min(d.low, value), max(d.high, value)
	sizes[2], sizes[4] = d.lone.add(x)
	sizes[3], sizes[5] = d.near[0].add(d.seen, x), d.near[1].add(d.seen, x)
	sizes[stuck] = math.NaN() // it keeps its own
	return sizes
}

// stuck is how rare it is that a value stays as it is for so long. Only whole
// stretches are counted, when they end: a constant series has none, and every
// length of it is usual.
func (d *Detector) stuck(value float64) float64 {
	if d.seen > 0 && value != d.previous {
		d.tails[stuck].add(float64(d.same))
		d.same = 0
	}
	d.same++
	if d.same < stuckLeast {
		return 0
	}
	return d.tails[stuck].rarity(float64(d.same))
}

// judge gives the reading its score.
func (d *Detector) judge(r *Reading, rarities [signals]float64) {
	names := [signals]Signal{SignalSeason, SignalRange, SignalValues, SignalCourse, SignalJumps, SignalShape, SignalStuck}
	most := 1 // of equally odd ones, the range is said most plainly
	for i, rare := range rarities {
		if rare > rarities[most] {
			most = i
		}
	}
	if rarities[most] > 0 {
		r.Signal = names[most]
	}
	// Rarities of a short past are rough.
	odd := oddness(rarities) * min(1, float64(d.seen)/sureValues)
	r.Odd = scoreOf(odd)
	r.Score, r.Anomaly = d.teller.tell(odd, d.threshold)
}

// oddness joins the rarities, in the order of the sizes. The stretches of 64
// values and the jumps count double: they err least often.
func oddness(rarities [signals]float64) float64 {
	weights := [signals]float64{1, 1, 1, 2, 2, 1, 0}
	sum, weight := 0.0, 0.0
	for i, rare := range rarities {
		sum += weights[i] * rare
		weight += weights[i]
	}
	return meanShare*sum/weight + (1-meanShare)*slices.Max(rarities[:])
}

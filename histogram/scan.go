package histogram

import (
	"math"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

// scan goes through a series once, from the oldest day to the newest.
type scan struct {
	d     Detector
	probe monitor.Probe
	s     *series
	found []monitor.Regression

	settled []int      // days of the present shape, oldest first
	calm    []bool     // days that are like those right before them, whatever came earlier
	old     *reference // of the shape before the newest change, while it may come back
	changed int        // index of the newest change
	quiet   int        // a drift before this index the same way belongs to the report before it

	anchor *reference // the present shape's first days, for drifts
	room   [2][]float64
}

const (
	comeback   = 14 // periods in which an old shape may return
	anchorDays = 14 // periods that say what the present shape was in the beginning
	recentDays = 7  // periods that say what it is now
	oneDrift   = 35 // periods after a report in which a drift the same way is its continuation
)

func newScan(d Detector, p monitor.Probe, s *series) *scan {
	c := &scan{d: d, probe: p, s: s, changed: -1, quiet: -1}
	for i := range c.room {
		c.room[i] = make([]float64, len(s.edges))
	}
	c.calm = c.calmDays()
	return c
}

func (c *scan) run() {
	p := c.d.Persistence
	for i := 0; i < len(c.s.days); {
		switch {
		case c.returned(i):
			i += p
		case c.step(i):
			i += p
		default:
			c.settled = append(c.settled, i)
			c.drift(i)
			i++
		}
	}
}

// calmDays marks the days that are near the average of the days right before
// them: no step can begin there, and most days of most probes are of this kind.
func (c *scan) calmDays() []bool {
	s := c.s
	calm := make([]bool, len(s.days))
	average := make([]float64, len(s.edges))
	for t := 1; t < len(s.days); t++ {
		from := max(0, t-recentDays)
		clear(average)
		for _, one := range s.days[from:t] {
			for e, v := range one.cumulative {
				average[e] += v
			}
		}
		n := float64(t - from)
		for e := range average {
			average[e] /= n
		}
		calm[t] = c.isCalm(s.compare(average, s.days[t].cumulative, s.spreadOf(average)))
	}
	return calm
}

// isCalm holds when too few tests are past half of their floors. Half, because
// the average before a later day of a step has some of its earlier days.
func (c *scan) isCalm(found compared) bool {
	past := 0
	for t, floor := range floors() {
		if found.scores[t] > floor/2/c.d.Sensitivity {
			past++
		}
	}
	return past < needed
}

// references are the newest settled days.
func (c *scan) references() []int { return c.settled[max(0, len(c.settled)-c.d.Window):] }

// step reports a change that begins with day i, if one does.
func (c *scan) step(i int) bool {
	p := c.d.Persistence
	if i+p > len(c.s.days) || len(c.settled) < c.d.MinReferences {
		return false
	}
	for j := i; j < i+p; j++ {
		if c.calm[j] {
			return false
		}
	}
	r := c.d.newReference(c.s, c.references())
	after := make([]int, p)
	for k := range after {
		one := c.s.days[i+k]
		if !r.nearest(one.cumulative, one.phase).differs(r.gates(one.total)) {
			return false
		}
		after[k] = i + k
	}
	together := c.s.compare(r.all, c.s.mean(c.room[0], after), r.scale)
	if !together.differs(r.above(1, 1)) {
		return false
	}
	shape := monitor.StepChange
	if c.creeping(r, together) {
		shape = monitor.DriftChange
	}
	c.report(r, after, shape)
	c.begin(r, i, after)
	return true
}

// creeping reports whether the days right before a change had gone half of the
// way already.
func (c *scan) creeping(r *reference, together compared) bool {
	p := c.d.Persistence
	if len(c.settled) < 2*p {
		return false
	}
	way := 0.0
	for _, d := range c.settled[len(c.settled)-p:] {
		way += r.nearest(c.s.days[d].cumulative, c.s.days[d].phase).shift.W1 / float64(p)
	}
	return way > together.shift.W1/2
}

// begin starts a new shape with the given days.
func (c *scan) begin(old *reference, i int, days []int) {
	c.old, c.changed, c.anchor = old, i, nil
	c.settled = append([]int(nil), days...)
}

// returned reports whether the old shape is back from day i on. Then the newest
// change is over, and the days before it are what later ones are compared with.
func (c *scan) returned(i int) bool {
	p := c.d.Persistence
	if c.old == nil || i > c.changed+comeback || i+p > len(c.s.days) || len(c.found) == 0 {
		return false
	}
	days := append([]int(nil), c.old.days...)
	for j := i; j < i+p; j++ {
		one := c.s.days[j]
		if c.old.nearest(one.cumulative, one.phase).differs(c.old.gates(one.total)) {
			return false
		}
		days = append(days, j)
	}
	c.found[len(c.found)-1].Recovered = c.s.days[i].at
	c.settled, c.old, c.anchor = days, nil, nil
	return true
}

// drift reports that the days until i have slowly moved away from where the
// present shape began.
func (c *scan) drift(i int) {
	n := len(c.settled)
	if n < anchorDays+recentDays {
		return
	}
	if c.anchor == nil {
		c.anchor = c.d.newReference(c.s, c.settled[:anchorDays])
	}
	gates := c.anchor.above(1, 0.85) // a week together is less noisy than a day
	recent := c.settled[n-recentDays:]
	average := c.s.mean(c.room[0], recent)
	if !c.s.compare(c.anchor.all, average, c.anchor.scale).differs(gates) {
		return
	}
	if !c.s.compare(c.anchor.all, c.s.middle(c.room[1], recent), c.anchor.scale).differs(gates) {
		return // some odd days, not all of them
	}
	c.report(c.anchor, recent, monitor.DriftChange)
	c.begin(c.anchor, i, recent)
	c.old = nil // it comes back as slowly as it went, if it does
}

// report adds a regression: from the reference to the given days.
func (c *scan) report(r *reference, after []int, shape monitor.Shape) {
	s := c.s
	mean := s.mean(c.room[0], after)
	together := s.compare(r.all, mean, r.scale)
	first, last := s.days[after[0]], s.days[after[len(after)-1]]
	moved := s.movement(together.shift)
	if shape == monitor.DriftChange {
		first = last // when it became large enough
		if n := len(c.found); n > 0 && after[0] < c.quiet && c.found[n-1].Moved == moved {
			return // it goes on, and was told
		}
	}
	c.quiet = after[len(after)-1] + oneDrift
	found := monitor.Regression{
		Name: c.probe.Name, At: first.at, Span: s.step, Seen: last.at, Method: DefaultMethod, Shape: shape,
		Size: together.shift.W1, Relative: together.shift.W1 / r.scale, KS: together.shift.KS, JS: together.scores[testJS],
		Votes: together.votes(r.above(1, 0.6)), Moved: moved,
		Before: s.histogram(r.all), After: s.histogram(mean), Samples: [2]float64{s.samples(r.days), s.samples(after)},
	}
	found.Welcome = Welcome(c.probe.Better, moved)
	if s.unordered {
		found.Size, found.Relative, found.KS = 0, 0, together.scores[testKS]
	}
	c.found = append(c.found, found)
}

// mostlyOneWay is the share of all movement that must go one way to name it.
const mostlyOneWay = 0.6

func (s *series) movement(shift distribution.Shift) monitor.Movement {
	switch {
	case s.unordered || math.Abs(shift.Signed) < mostlyOneWay*shift.W1:
		return monitor.MovedMixed
	case shift.Signed > 0:
		return monitor.MovedUp
	}
	return monitor.MovedDown
}

// Welcome says whether a movement is for the better: On or Off, Unset when
// nobody can tell.
func Welcome(better monitor.Better, moved monitor.Movement) monitor.Toggle {
	if better == monitor.UnknownBetter || moved == monitor.MovedMixed {
		return monitor.Unset
	}
	if (better == monitor.HigherBetter) == (moved == monitor.MovedUp) {
		return monitor.On
	}
	return monitor.Off
}

// histogram turns a cumulative distribution into shares of its buckets.
func (s *series) histogram(cumulative []float64) distribution.Histogram {
	h := distribution.Histogram{Edges: s.edges, Counts: make([]float64, len(s.edges)-1)}
	for i := range h.Counts {
		h.Counts[i] = max(0, cumulative[i+1]-cumulative[i])
	}
	return h
}

func (s *series) samples(days []int) float64 {
	total := 0.0
	for _, d := range days {
		total += s.days[d].total
	}
	return total
}

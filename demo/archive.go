package demo

import "math"

// grid is the times of a series' points.
type grid struct {
	start, step int64
	points      int
}

// archives say which step a window that reaches back so far is answered with,
// as a retention of 10s:35d,1m:400d would. Weeks can be compared at one step.
var archives = []struct{ back, step int64 }{{35 * day, nativeStep}, {400 * day, minute}}

// nativeStep is the time between two points of young data, in seconds.
const nativeStep = 10

// archive places the points of a window: after from, up to until, none after
// now and none from before the oldest archive.
func archive(from, until, now int64) grid {
	oldest := archives[len(archives)-1]
	g := grid{step: oldest.step}
	for _, a := range archives {
		if from >= now-a.back {
			g.step = a.step
			break
		}
	}
	from = max(from, now-oldest.back, 0)
	until = min(until, now)
	g.start = from - from%g.step + g.step
	if until >= g.start {
		g.points = int((until-g.start)/g.step) + 1
	}
	return g
}

// metric is one path of the tree and what its series is made of.
type metric struct {
	path string
	sum  bool // a count: points are added up when they are put together, not averaged
	at   func(t int64) float64
}

func (m metric) consolidation() string {
	if m.sum {
		return "sum"
	}
	return "average"
}

// values makes the points. One of an older archive is put together from the
// native ones of its time, without the missing ones.
func (m metric) values(g grid) []float64 {
	values := make([]float64, g.points)
	for i := range values {
		t := g.start + int64(i)*g.step
		if g.step == nativeStep {
			values[i] = m.at(t)
		} else {
			values[i] = m.together(t, t+g.step)
		}
	}
	return values
}

func (m metric) together(from, until int64) float64 {
	total, n := 0.0, 0
	for t := from; t < until; t += nativeStep {
		if v := m.at(t); !math.IsNaN(v) {
			total += v
			n++
		}
	}
	switch {
	case n == 0:
		return math.NaN()
	case m.sum:
		return total
	}
	return total / float64(n)
}

package graphite

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"wingmirror/monitor"
)

// farTime bounds timestamps, in seconds from the epoch, so that sums of them
// never overflow. It is some 34,000 years.
const farTime = 1 << 40

// grid collects the points of one series after another. As long as points come
// at equal distances their times are not kept.
type grid struct {
	values []float64
	times  []int64 // of values; empty while the points are regular
	start  int64
	step   int64
	due    int64 // when the next point of a regular series comes
	spare  []float64
}

func (g *grid) reset() {
	g.values, g.times = g.values[:0], g.times[:0]
	g.start, g.step, g.due = 0, 0, 0
}

func (g *grid) add(ts int64, value float64) {
	n := len(g.values)
	g.values = append(g.values, value)
	switch {
	case len(g.times) > 0:
		g.times = append(g.times, ts)
	case n >= 2 && ts == g.due:
		g.due += g.step
	case n == 0:
		g.start = ts
	case n == 1 && ts > g.start:
		g.step = ts - g.start
		g.due = ts + g.step
	default:
		for i := range n {
			g.times = append(g.times, g.start+int64(i)*g.step)
		}
		g.times = append(g.times, ts)
	}
}

// series returns what was collected, on a regular grid. most bounds its cells.
func (g *grid) series(label string, most int) (monitor.Series, error) {
	s := monitor.Series{Label: label, Start: g.start, Step: max(g.step, 1)}
	if len(g.times) == 0 {
		if len(g.values) == 0 {
			return monitor.Series{Label: label}, nil
		}
		s.Values = g.room(len(g.values))
		copy(s.Values, g.values)
		return s, nil
	}
	order := g.byTime()
	first, last := order[0].ts, order[len(order)-1].ts
	s.Start, s.Step = first, 0
	for i := 1; i < len(order); i++ {
		s.Step = gcd(s.Step, order[i].ts-order[i-1].ts)
	}
	s.Step = max(s.Step, 1)
	cells := (last-first)/s.Step + 1
	if cells > int64(most) {
		return s, errTooWide
	}
	s.Values = g.room(int(cells))
	for i := range s.Values {
		s.Values[i] = math.NaN()
	}
	for _, p := range order {
		if cell := (p.ts - first) / s.Step; !math.IsNaN(p.value) || math.IsNaN(s.Values[cell]) {
			s.Values[cell] = p.value
		}
	}
	return s, nil
}

var errTooWide = errors.New("the grid of an irregular series is too wide")

type timed struct {
	ts    int64
	value float64
}

// byTime sorts the points; of two at the same time the later one comes later.
func (g *grid) byTime() []timed {
	points := make([]timed, len(g.times))
	for i, ts := range g.times {
		points[i] = timed{ts, g.values[i]}
	}
	slices.SortStableFunc(points, func(a, b timed) int { return cmp.Compare(a.ts, b.ts) })
	return points
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// room makes place for n values, out of a block that several small series
// share: thousands of them come in one answer.
func (g *grid) room(n int) []float64 {
	const block = 2048
	if n > block/4 {
		return make([]float64, n)
	}
	if len(g.spare) < n {
		g.spare = make([]float64, block)
	}
	values := g.spare[:n:n]
	g.spare = g.spare[n:]
	return values
}

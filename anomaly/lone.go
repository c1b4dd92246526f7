package anomaly

import "math"

// lone finds the nearest neighbours of the newest stretches of single values: of
// four as they are, and of six without their mean, both in one pass over the
// past. It asks what neighbour asks, but for stretches so short that looking
// for a reason to skip one costs more than comparing it.
type lone struct {
	depth int       // how many values back it compares
	past  []float64 // values, oldest first, exact as float32
	start int       // position of past[0]
	best  int       // where the last neighbour of four ended, as a position
}

const (
	fourLags = 4
	sixLags  = 6
)

func newLone(depth int) lone { return lone{depth: depth} }

// add takes the next value and returns how far the stretches that it ends are
// from their neighbours; NaN until there is another stretch.
func (n *lone) add(x float32) (four, six float64) {
	four, six = math.NaN(), math.NaN()
	size := len(n.past)
	if size >= 2*fourLags {
		q := [sixLags]float64{float64(x)}
		for d := 1; d < min(sixLags, size); d++ {
			q[d] = n.past[size-d]
		}
		// Stretches do not overlap the newest one, which ends at size.
		oldest := max(sixLags-1, size-fourLags-n.depth)
		found := closest{four: math.Inf(1), six: math.Inf(1)}
		found.lookFour(n.past, &q, size-fourLags, max(oldest, size-sixLags+1))
		found.lookBoth(n.past, &q, size-sixLags, oldest)
		if oldest == sixLags-1 {
			found.lookFour(n.past, &q, min(oldest-1, size-fourLags), fourLags-1)
		}
		n.best, four = n.start+found.at, math.Sqrt(found.four)
		if size >= 2*sixLags {
			six = math.Sqrt(max(0, found.six))
		}
	}
	n.keep(float64(x))
	return four, six
}

// keep appends to the past, which is cut in pieces so that it seldom moves.
func (n *lone) keep(x float64) {
	n.past, n.start = trim(n.past, n.start, n.depth)
	n.past = append(n.past, x)
}

// trim cuts a past to most when it has grown an eighth beyond.
func trim(past []float64, start, most int) ([]float64, int) {
	if len(past) < most+most/8 {
		return past, start
	}
	cut := len(past) - most
	return past[:copy(past, past[cut:])], start + cut
}

// closest are the smallest squared distances so far, and where that of four was.
type closest struct {
	four, six float64
	at        int
}

// lookFour compares the stretches of four that end from newest down to oldest.
func (c *closest) lookFour(past []float64, q *[sixLags]float64, newest, oldest int) {
	for at := newest; at >= oldest; at-- {
		e0, e1, e2, e3 := q[0]-past[at], q[1]-past[at-1], q[2]-past[at-2], q[3]-past[at-3]
		if d := e0*e0 + e1*e1 + e2*e2 + e3*e3; d < c.four {
			c.four, c.at = d, at
		}
	}
}

// lookBoth compares the stretches of four and of six that end from newest down
// to oldest, which is 5 at least. Most of a detector's time is spent here.
func (c *closest) lookBoth(past []float64, q *[sixLags]float64, newest, oldest int) {
	count := newest - oldest + 1
	if count <= 0 {
		return
	}
	// One slice for each lag, all of one length: no index needs to be checked.
	p0, p1, p2 := past[oldest:][:count], past[oldest-1:][:count], past[oldest-2:][:count]
	p3, p4, p5 := past[oldest-3:][:count], past[oldest-4:][:count], past[oldest-5:][:count]
	q0, q1, q2, q3, q4, q5 := q[0], q[1], q[2], q[3], q[4], q[5]
	four, six, best := c.four, c.six, c.at-oldest
	for i := count - 1; i >= 0; i-- {
		e0, e1, e2, e3, e4, e5 := q0-p0[i], q1-p1[i], q2-p2[i], q3-p3[i], q4-p4[i], q5-p5[i]
		d := e0*e0 + e1*e1 + e2*e2 + e3*e3
		if d < four {
			four, best = d, i
		}
		sum := e0 + e1 + e2 + e3 + e4 + e5
		if d += e4*e4 + e5*e5 - sum*sum*(1./sixLags); d < six {
			six = d
		}
	}
	c.four, c.six, c.at = four, six, best+oldest
}

// follower is the value that came after the neighbour of the last four values;
// NaN if there is none.
func (n *lone) follower() float64 {
	next := n.best + 1 - n.start
	if n.best == 0 || next < 0 || next >= len(n.past) {
		return math.NaN()
	}
	return n.past[next]
}

package anomaly

import "math"

// neighbour asks how unlike all earlier stretches the newest stretch of values
// is: the distance to its nearest neighbour, which is the left matrix profile of
// Y. Lu and others, "Matrix Profile XXIV: DAMP", KDD (2022), of coarse stretches.
// Lone values repeat by chance where stretches do not, so this sees odd shapes
// that no limit would.
type neighbour struct {
	lags  int  // how many means make a stretch
	width int  // values in a mean
	grid  int  // earlier stretches end at positions that this divides; it divides width
	free  bool // compare shapes only: the mean difference is taken off
	depth int  // how many values back it compares

	newest []float32 // the values of the newest mean, at position % width
	recent []float32 // the last lags*width means, at position % len
	past   []float32 // means at the grid's positions, oldest first
	start  int       // position of past[0], in units of grid
	best   int       // where the last neighbour ended, in units of grid

	step    int               // width in units of grid
	inverse [mostLags]float64 // 1/1, 1/2, ...
}

const mostLags = 12

func newNeighbour(lags, width, grid int, free bool, depth int) neighbour {
	n := neighbour{
		lags: lags, width: width, grid: grid, free: free, depth: depth, step: width / grid,
		newest: make([]float32, width), recent: make([]float32, lags*width),
	}
	for d := range n.inverse {
		n.inverse[d] = 1 / float64(d+1)
	}
	return n
}

// add takes the value at a position and returns its stretch's distance; NaN
// until there is another stretch.
func (n *neighbour) add(position int, x float32) float64 {
	n.newest[position%n.width] = x
	sum := 0.0
	for _, v := range n.newest[:min(n.width, position+1)] {
		sum += float64(v)
	}
	mean := float32(sum / float64(min(n.width, position+1)))
	n.recent[position%len(n.recent)] = mean
	distance := n.nearest(position)
	if position%n.grid == 0 {
		n.keep(mean)
	}
	return distance
}

// keep appends to the past, which is cut in pieces so that it seldom moves.
func (n *neighbour) keep(mean float32) {
	most := n.depth / n.grid
	if len(n.past) >= most+most/8 {
		cut := len(n.past) - most
		n.past = n.past[:copy(n.past, n.past[cut:])]
		n.start += cut
	}
	n.past = append(n.past, mean)
}

func (n *neighbour) nearest(position int) float64 {
	span := n.lags * n.width
	if position < 2*span {
		return math.NaN()
	}
	var query [mostLags]float64
	for d := range n.lags {
		query[d] = float64(n.recent[(position-d*n.width)%len(n.recent)])
	}
	newest := min((position-span)/n.grid-n.start, len(n.past)-1) // the youngest stretch that does not overlap
	oldest := max((n.lags-1)*n.step, newest-n.depth/n.grid)
	closest, best := math.Inf(1), -1
	// What followed the last neighbour is a good guess, and makes all others
	// give up sooner.
	if guess := n.best + 1 - n.start; guess >= oldest && guess <= newest {
		closest, best = n.distance(query[:n.lags], guess, closest), guess
	}
	newer, older := query[0], query[1]
	for at := newest; at >= oldest; at-- {
		// Two lags are enough to rule most stretches out.
		e, f := newer-float64(n.past[at]), older-float64(n.past[at-n.step])
		if n.free && (e-f)*(e-f) >= 2*closest || !n.free && e*e+f*f >= closest {
			continue
		}
		if d := n.distance(query[:n.lags], at, closest); d < closest {
			closest, best = d, at
		}
	}
	if best < 0 {
		return math.NaN()
	}
	n.best = n.start + best
	return math.Sqrt(closest)
}

// distance is the squared distance of the query to the stretch that ends at
// past[at], or something not less than enough.
func (n *neighbour) distance(query []float64, at int, enough float64) float64 {
	squares, sum := 0.0, 0.0
	if !n.free {
		for _, q := range query {
			e := q - float64(n.past[at])
			if squares += e * e; squares >= enough {
				return squares
			}
			at -= n.step
		}
		return squares
	}
	for d, q := range query {
		e := q - float64(n.past[at])
		squares, sum = squares+e*e, sum+e
		// What is left without the mean only grows with more lags.
		if left := squares - sum*sum*n.inverse[d]; left >= enough {
			return left
		}
		at -= n.step
	}
	return max(0, squares-sum*sum*n.inverse[len(query)-1])
}

// follower is the value that came after the neighbour of the last stretch; NaN if
// there is none. It is for stretches of single values.
func (n *neighbour) follower() float64 {
	next := n.best + 1 - n.start
	if n.best == 0 || next < 0 || next >= len(n.past) {
		return math.NaN()
	}
	return float64(n.past[next])
}

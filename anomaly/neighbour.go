package anomaly

import "math"

// neighbour asks how unlike all earlier stretches the newest stretch of values
// is: the distance to its nearest neighbour, which is the left matrix profile of
// Y. Lu and others, "Matrix Profile XXIV: DAMP", KDD (2022), of coarse stretches.
// Lone values repeat by chance where stretches do not, so this sees odd shapes
// that no limit would.
type neighbour struct {
	lags  int  // how many means make a stretch; a multiple of 4
	width int  // values in a mean
	grid  int  // earlier stretches end at positions that this divides; it divides width
	free  bool // compare shapes only: the mean difference is taken off
	depth int  // how many values back it compares

	newest []float32 // the values of the newest mean, at position % width
	recent []float32 // the last lags*width means, at position % len
	past   []float64 // means at the grid's positions, oldest first, exact as float32
	start  int       // position of past[0], in units of grid
}

const mostLags = 12

func newNeighbour(lags, width, grid int, free bool, depth int) neighbour {
	return neighbour{
		lags: lags, width: width, grid: grid, free: free, depth: depth,
		newest: make([]float32, width), recent: make([]float32, lags*width),
	}
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
		n.past, n.start = trim(n.past, n.start, n.depth/n.grid)
		n.past = append(n.past, float64(mean))
	}
	return distance
}

func (n *neighbour) nearest(position int) float64 {
	span, step := n.lags*n.width, n.width/n.grid
	if position < 2*span {
		return math.NaN()
	}
	var lags [mostLags]float64
	query := lags[:n.lags]
	for d := range query {
		query[d] = float64(n.recent[(position-d*n.width)%len(n.recent)])
	}
	newest := min((position-span)/n.grid-n.start, len(n.past)-1) // the youngest stretch that does not overlap
	oldest := max((n.lags-1)*step, newest-n.depth/n.grid)
	if newest < oldest {
		return math.NaN()
	}
	share := 0.0
	if n.free {
		share = 1 / float64(n.lags)
	}
	closest := math.Inf(1)
	for at := newest; at >= oldest; at-- {
		if d := distance(query, n.past[at-(n.lags-1)*step:at+1], step, share); d < closest {
			closest = d
		}
	}
	return math.Sqrt(max(0, closest))
}

// distance is the squared distance of the query to the stretch at the end of
// past, less a share of the square of the summed differences: 1/lags takes the
// mean off.
func distance(query, past []float64, step int, share float64) float64 {
	squares, sum, at := 0.0, 0.0, len(past)-1
	for ; len(query) >= 4; query = query[4:] {
		e0, e1, e2, e3 := query[0]-past[at], query[1]-past[at-step], query[2]-past[at-2*step], query[3]-past[at-3*step]
		squares += e0*e0 + e1*e1 + e2*e2 + e3*e3
		sum += e0 + e1 + e2 + e3
		at -= 4 * step
	}
	return squares - share*sum*sum
}

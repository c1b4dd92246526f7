package distribution

import (
	"math"
	"slices"
)

// Rebin returns the histogram with other edges. A bucket that spans several of
// them is divided evenly; what lies outside counts in the outermost buckets.
// The total stays.
func (h Histogram) Rebin(edges []float64) Histogram {
	if slices.Equal(h.Edges, edges) {
		return Histogram{Edges: slices.Clone(edges), Counts: slices.Clone(h.Counts)}
	}
	out := Histogram{Edges: slices.Clone(edges), Counts: make([]float64, len(edges)-1)}
	at := Positions(h.Edges)
	last := len(out.Counts) - 1
	for i, c := range h.Counts {
		if c == 0 {
			continue
		}
		from, to := at[i], at[i+1]
		j := bucketOf(edges, from)
		if to <= from {
			out.Counts[j] += c
			continue
		}
		for start := from; start < to; j++ {
			end := to
			if j < last {
				end = min(to, edges[j+1])
			}
			out.Counts[j] += c * (end - start) / (to - from)
			start = end
		}
	}
	return out
}

// bucketOf returns the bucket that holds v, the outermost when none does.
func bucketOf(edges []float64, v float64) int {
	i, exact := slices.BinarySearch(edges, v)
	if !exact {
		i--
	}
	return min(max(i, 0), len(edges)-2)
}

// Common returns edges that all the given layouts can be re-binned to without
// guessing more than they must: those of the layout with the fewest buckets,
// without the edges inside an outermost bucket of another, whose values could
// lie anywhere in it. It returns nil when the layouts have nothing in common.
func Common(layouts ...[]float64) []float64 {
	if len(layouts) == 0 {
		return nil
	}
	coarsest := layouts[0]
	low, high := math.Inf(-1), math.Inf(1)
	for _, edges := range layouts {
		if len(edges) < len(coarsest) {
			coarsest = edges
		}
		if n := len(edges); n > 3 { // with fewer buckets the outermost are all there are
			low, high = max(low, edges[0]), min(high, edges[n-2])
		}
	}
	first, last := coarsest[0], coarsest[len(coarsest)-1]
	var edges []float64
	for _, e := range coarsest[1 : len(coarsest)-1] {
		if e > low && e <= high {
			edges = append(edges, e)
		}
	}
	if len(edges) == 0 {
		return nil
	}
	return slices.Concat([]float64{first}, edges, []float64{last})
}

// Merge adds histograms; those of other edges are re-binned to edges that all
// have in common. It returns the zero Histogram when there are none, or when
// they have nothing in common.
func Merge(all ...Histogram) Histogram {
	if len(all) == 0 {
		return Histogram{}
	}
	edges := all[0].Edges
	layouts := make([][]float64, len(all))
	same := true
	for i, h := range all {
		layouts[i] = h.Edges
		same = same && slices.Equal(h.Edges, edges)
	}
	if !same {
		if edges = Common(layouts...); edges == nil {
			return Histogram{}
		}
	}
	sum := Histogram{Edges: slices.Clone(edges), Counts: make([]float64, len(edges)-1)}
	for _, h := range all {
		if !same {
			h = h.Rebin(edges)
		}
		for i, c := range h.Counts {
			sum.Counts[i] += c
		}
	}
	return sum
}

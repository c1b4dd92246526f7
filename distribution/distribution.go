// Package distribution is the arithmetic of histograms: edges and counts, the
// cumulative distribution behind them, quantiles, re-binning, and how far two
// distributions are from each other.
//
// Inside a bucket values are taken to be spread evenly, so a cumulative
// distribution is a line between two edges. An outermost edge may be infinite:
// what such a bucket holds is taken to lie at its finite edge. Functions never
// change their arguments, and equal inputs give equal results to the last bit.
// The package knows nothing of days, probes or alerts.
package distribution

import (
	"fmt"
	"math"
	"slices"
)

// Histogram counts values by bucket. Bucket i holds what is at or above
// Edges[i] and below Edges[i+1]; there is one edge more than there are counts.
// Counts may be fractions.
type Histogram struct {
	Edges  []float64
	Counts []float64
}

// MaxBuckets is how many buckets one histogram may have.
const MaxBuckets = 10_000

// Error is one thing wrong with a histogram, in the terms of whoever made it.
type Error struct {
	Part  string // "edges" or "counts"
	Index int    // of the offending number, -1 for the whole
	Text  string
}

// Error returns the part, the place and what is wrong.
func (e *Error) Error() string {
	if e.Index < 0 {
		return e.Part + ": " + e.Text
	}
	return fmt.Sprintf("%s[%d]: %s", e.Part, e.Index, e.Text)
}

// Check returns what is wrong with the histogram as *Error, or nil.
func (h Histogram) Check() error {
	switch n := len(h.Counts); {
	case n == 0:
		return &Error{"counts", -1, "there is no bucket; send at least one"}
	case n > MaxBuckets:
		return &Error{"counts", -1, fmt.Sprintf("%d buckets are more than the %d allowed; use fewer, wider ones", n, MaxBuckets)}
	case len(h.Edges) != n+1:
		return &Error{"edges", -1, fmt.Sprintf("%d edges for %d counts; there must be one edge more than there are counts", len(h.Edges), n)}
	}
	for i, e := range h.Edges {
		switch {
		case math.IsNaN(e):
			return &Error{"edges", i, "is not a number"}
		case math.IsInf(e, 0) && i > 0 && i < len(h.Edges)-1:
			return &Error{"edges", i, "is infinite; only the first and the last edge may be"}
		case i > 0 && e <= h.Edges[i-1]:
			return &Error{"edges", i, fmt.Sprintf("%v is not above the edge before it, %v; edges ascend", e, h.Edges[i-1])}
		}
	}
	if len(h.Counts) == 1 && math.IsInf(h.Edges[0], -1) && math.IsInf(h.Edges[1], 1) {
		return &Error{"edges", -1, "the only bucket holds everything; give a finite edge"}
	}
	return checkCounts(h.Counts)
}

func checkCounts(counts []float64) error {
	total := 0.0
	for i, c := range counts {
		switch {
		case math.IsNaN(c):
			return &Error{"counts", i, "is not a number"}
		case math.IsInf(c, 0):
			return &Error{"counts", i, "is infinite"}
		case c < 0:
			return &Error{"counts", i, fmt.Sprintf("%v is negative; counts are 0 or more", c)}
		}
		total += c
	}
	if math.IsInf(total, 0) {
		return &Error{"counts", -1, "the total is too large to count"}
	}
	return nil
}

// Total returns the sum of the counts.
func (h Histogram) Total() float64 {
	total := 0.0
	for _, c := range h.Counts {
		total += c
	}
	return total
}

// Shares returns the counts divided by their total; all 0 for an empty histogram.
func (h Histogram) Shares() []float64 {
	shares := make([]float64, len(h.Counts))
	total := h.Total()
	if total == 0 {
		return shares
	}
	for i, c := range h.Counts {
		shares[i] = c / total
	}
	return shares
}

// Cumulative returns the share of values below each edge, from 0 to 1; all 0 for
// an empty histogram.
func (h Histogram) Cumulative() []float64 {
	cumulative := make([]float64, len(h.Counts)+1)
	CumulativeInto(cumulative, h.Counts)
	return cumulative
}

// CumulativeInto is Cumulative into a slice of len(counts)+1 that the caller
// keeps. It returns the total.
func CumulativeInto(into, counts []float64) float64 {
	sum := 0.0
	into[0] = 0
	for i, c := range counts {
		sum += c
		into[i+1] = sum
	}
	if sum > 0 {
		scale := 1 / sum
		for i := range into {
			into[i] *= scale
		}
		into[len(counts)] = 1
	}
	return sum
}

// Positions returns edges with the infinite ones moved to their finite
// neighbours, where what their buckets hold is taken to lie.
func Positions(edges []float64) []float64 {
	at := slices.Clone(edges)
	if n := len(at); n > 1 {
		if math.IsInf(at[0], -1) {
			at[0] = at[1]
		}
		if math.IsInf(at[n-1], 1) {
			at[n-1] = at[n-2]
		}
	}
	return at
}

// Of counts values between edges. What is below the first edge counts in the
// first bucket, and what is at or above the last in the last; NaN is skipped.
func Of(values, edges []float64) (Histogram, error) {
	h := Histogram{Edges: slices.Clone(edges), Counts: make([]float64, max(0, len(edges)-1))}
	if err := h.Check(); err != nil {
		return Histogram{}, err
	}
	last := len(h.Counts) - 1
	for _, v := range values {
		if math.IsNaN(v) {
			continue
		}
		i, exact := slices.BinarySearch(edges, v)
		if !exact {
			i--
		}
		h.Counts[min(max(i, 0), last)]++
	}
	return h, nil
}

// Quantile returns the value below which the share q of all values lies; q is
// from 0 to 1. NaN for an empty histogram.
func (h Histogram) Quantile(q float64) float64 {
	total := h.Total()
	if total == 0 || math.IsNaN(q) {
		return math.NaN()
	}
	at := Positions(h.Edges)
	want := min(max(q, 0), 1) * total
	sum, last := 0.0, math.NaN()
	for i, c := range h.Counts {
		if c == 0 {
			continue
		}
		if sum+c >= want {
			return at[i] + (at[i+1]-at[i])*(want-sum)/c
		}
		sum += c
		last = at[i+1]
	}
	return last // only by rounding
}

// Mean returns the mean, with each bucket's values at its middle; NaN for an
// empty histogram.
func (h Histogram) Mean() float64 {
	at := Positions(h.Edges)
	sum, total := 0.0, 0.0
	for i, c := range h.Counts {
		sum += c * (at[i] + at[i+1]) / 2
		total += c
	}
	if total == 0 {
		return math.NaN()
	}
	return sum / total
}

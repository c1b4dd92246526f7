package distribution

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Shift is how far two cumulative distributions over the same edges are apart.
type Shift struct {
	KS     float64 // largest difference, 0 to 1
	W1     float64 // area between them: how far the average value has moved, in the unit of the edges
	Signed float64 // the same with its sign: the difference of the means, positive when the second is higher
	Square float64 // area of the squared difference, in the unit of the edges
}

// Between compares two cumulative distributions over positions, all finite and
// of equal length, see Positions.
//
// W1 is the Wasserstein-1 or earth mover's distance: for one dimension the area
// between the cumulative distributions (S. S. Vallender, Theory of Probability
// and its Applications 18, 1974). Square is Cramér's distance.
func Between(at, before, after []float64) Shift {
	var s Shift
	left := 0.0
	for i := 1; i < len(at); i++ {
		right := before[i] - after[i] // positive: less is below this edge than before, so values are higher
		width := at[i] - at[i-1]
		if d := math.Abs(right); d > s.KS {
			s.KS = d
		}
		s.Signed += width * (left + right) / 2
		s.Square += width * (left*left + left*right + right*right) / 3
		if left*right >= 0 {
			s.W1 += width * math.Abs(left+right) / 2
		} else { // the lines cross inside the bucket
			s.W1 += width * (left*left + right*right) / (2 * math.Abs(left-right))
		}
		left = right
	}
	return s
}

// JensenShannon returns the square root of the Jensen-Shannon divergence of two
// cumulative distributions, with logarithms to base 2: a metric from 0, equal,
// to 1, nothing in common (D. M. Endres and J. E. Schindelin, IEEE Transactions
// on Information Theory 49, 2003).
func JensenShannon(before, after []float64) float64 {
	sum := 0.0
	for i := 1; i < len(before); i++ {
		p, q := before[i]-before[i-1], after[i]-after[i-1]
		if p == q {
			continue
		}
		m := (p + q) / 2
		if p > 0 {
			sum += p * math.Log(p/m)
		}
		if q > 0 {
			sum += q * math.Log(q/m)
		}
	}
	return math.Sqrt(min(max(sum/(2*math.Ln2), 0), 1))
}

// Hellinger returns the Hellinger distance of two cumulative distributions, 0 to 1.
func Hellinger(before, after []float64) float64 {
	affinity := 0.0
	for i := 1; i < len(before); i++ {
		if pq := (before[i] - before[i-1]) * (after[i] - after[i-1]); pq > 0 {
			affinity += math.Sqrt(pq)
		}
	}
	return math.Sqrt(max(0, 1-affinity))
}

// Distances lists the names that Distance knows.
func Distances() []string {
	return []string{"wasserstein", "ks", "jensen-shannon", "hellinger", "cramer"}
}

// Distance returns how far h is from other by the named measure: "wasserstein"
// in the unit of the edges; "ks", "jensen-shannon" and "hellinger" from 0 to 1;
// "cramer", the square root of the area of the squared difference. Histograms of
// different edges are compared over edges that they have in common. An empty
// histogram, or nothing in common, is an error.
func (h Histogram) Distance(other Histogram, measure string) (float64, error) {
	if h.Total() == 0 || other.Total() == 0 {
		return 0, fmt.Errorf("an empty histogram is at no distance from anything")
	}
	if !slices.Equal(h.Edges, other.Edges) {
		edges := Common(h.Edges, other.Edges)
		if edges == nil {
			return 0, fmt.Errorf("the two histograms have no range in common")
		}
		h, other = h.Rebin(edges), other.Rebin(edges)
	}
	before, after := h.Cumulative(), other.Cumulative()
	switch measure {
	case "jensen-shannon":
		return JensenShannon(before, after), nil
	case "hellinger":
		return Hellinger(before, after), nil
	}
	shift := Between(Positions(h.Edges), before, after)
	switch measure {
	case "wasserstein":
		return shift.W1, nil
	case "ks":
		return shift.KS, nil
	case "cramer":
		return math.Sqrt(shift.Square), nil
	}
	return 0, fmt.Errorf("%q is none of the distances %s", measure, strings.Join(Distances(), ", "))
}

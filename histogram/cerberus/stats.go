package cerberus

import (
	"math"
	"slices"
)

// Statistics of one histogram as the exporter writes them. Buckets are lower
// edges, and the upper edge of the last bucket is guessed from those before it:
// by the last step for linear kinds, by the last ratio for the others.

// Linear reports whether buckets of the kind are equally wide.
func Linear(kind string) bool {
	return slices.Contains([]string{"linear", "flag", "boolean", "enumerated"}, kind)
}

// LastUpper returns the guessed upper edge of the last bucket; NaN without buckets.
func LastUpper(kind string, buckets []float64) float64 {
	switch n := len(buckets); {
	case n == 0:
		return math.NaN()
	case n == 1:
		return buckets[0] + 1
	case Linear(kind):
		return buckets[n-1] + buckets[n-1] - buckets[n-2]
	default:
		return buckets[n-1] * buckets[n-1] / buckets[n-2]
	}
}

// Edges returns the buckets' lower edges with an upper edge for the last, so that
// they always ascend: where the original's guess is no larger number, such as
// after a bucket at 0, the last step is used.
func Edges(kind string, buckets []float64) []float64 {
	edges := slices.Clone(buckets)
	n := len(buckets)
	if n == 0 {
		return edges
	}
	upper := LastUpper(kind, buckets)
	if !(upper > buckets[n-1]) || math.IsInf(upper, 0) {
		upper = buckets[n-1] + 1
		if n > 1 {
			upper = 2*buckets[n-1] - buckets[n-2]
		}
	}
	return append(edges, upper)
}

// Mean returns the mean with each bucket's values at its centre: the middle for
// linear kinds, the geometric middle by the last ratio for the others.
func Mean(kind string, buckets, values []float64) float64 {
	n := len(buckets)
	if n == 0 || len(values) != n {
		return math.NaN()
	}
	upper := LastUpper(kind, buckets)
	sum, total := 0.0, 0.0
	for i, v := range values {
		centre := buckets[i] * math.Sqrt(upper/buckets[n-1])
		if Linear(kind) {
			centre = buckets[i] + (upper-buckets[n-1])/2
		}
		sum += v * centre
		total += v
	}
	return sum / total
}

// Percentile returns the value below which p percent of the values lie.
func Percentile(kind string, buckets, values []float64, p float64) float64 {
	n := len(buckets)
	if n == 0 || len(values) != n {
		return math.NaN()
	}
	total := 0.0
	for _, v := range values {
		total += v
	}
	left := total * p / 100
	i := 0
	for ; i < n-1 && left-values[i] >= 0; i++ {
		left -= values[i]
	}
	share := 0.0
	if values[i] > 0 {
		share = left / values[i]
	}
	upper := LastUpper(kind, buckets)
	if Linear(kind) {
		return buckets[i] + (upper-buckets[n-1])*share
	}
	return buckets[i] * math.Pow(upper/buckets[n-1], share)
}

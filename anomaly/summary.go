package anomaly

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Compact returns the values that are not missing, in a slice of its own.
func Compact(xs []float64) []float64 {
	present := make([]float64, 0, len(xs))
	for _, x := range xs {
		if !math.IsNaN(x) {
			present = append(present, x)
		}
	}
	return present
}

// Count returns how many values are not missing.
func Count(xs []float64) int {
	n := 0
	for _, x := range xs {
		if !math.IsNaN(x) {
			n++
		}
	}
	return n
}

// Sum adds the values; nothing adds up to 0.
func Sum(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		if !math.IsNaN(x) {
			sum += x
		}
	}
	return sum
}

// Mean is the arithmetic mean.
func Mean(xs []float64) float64 {
	n := Count(xs)
	if n == 0 {
		return math.NaN()
	}
	return Sum(xs) / float64(n)
}

// Min is the smallest value.
func Min(xs []float64) float64 { return extreme(xs, func(x, best float64) bool { return x < best }) }

// Max is the largest value.
func Max(xs []float64) float64 { return extreme(xs, func(x, best float64) bool { return x > best }) }

func extreme(xs []float64, better func(x, best float64) bool) float64 {
	best := math.NaN()
	for _, x := range xs {
		if !math.IsNaN(x) && (math.IsNaN(best) || better(x, best)) {
			best = x
		}
	}
	return best
}

// Median is the middle value, or the mean of the two in the middle.
func Median(xs []float64) float64 {
	sorted := Compact(xs)
	slices.Sort(sorted)
	return medianOfSorted(sorted)
}

func medianOfSorted(sorted []float64) float64 {
	n := len(sorted)
	switch {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// Percentile is the smallest value that at least the share p (0 to 1) of the
// values do not exceed: the nearest rank, definition 1 of R. J. Hyndman and
// Y. Fan, "Sample Quantiles in Statistical Packages", The American Statistician
// 50 (1996). It is always one of the values; p = 0 is the smallest.
func Percentile(xs []float64, p float64) float64 {
	sorted := Compact(xs)
	if len(sorted) == 0 || !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	slices.Sort(sorted)
	// Less a little, so that 0.29 of 100 is the 29th and not, by the rounding
	// of the product, the 30th.
	rank := math.Ceil(float64(len(sorted))*p - 1e-9)
	return sorted[int(max(rank, 1))-1]
}

// Variance is the variance of a sample, with n - 1 in the denominator. It takes
// two values at least.
func Variance(xs []float64) float64 {
	present := Compact(xs)
	if len(present) < 2 {
		return math.NaN()
	}
	return stat.Variance(present, nil)
}

// Stdev is the square root of Variance.
func Stdev(xs []float64) float64 { return math.Sqrt(Variance(xs)) }

// MAD is the median of the absolute deviations from the median. It is not
// scaled; for normal data 1.4826 times as much estimates the standard deviation.
func MAD(xs []float64) float64 {
	deviations := Compact(xs)
	middle := Median(deviations)
	for i, x := range deviations {
		deviations[i] = math.Abs(x - middle)
	}
	return Median(deviations)
}

// Last is the last value that is not missing, and its position; NaN and -1 if
// there is none.
func Last(xs []float64) (value float64, position int) {
	for i := len(xs) - 1; i >= 0; i-- {
		if !math.IsNaN(xs[i]) {
			return xs[i], i
		}
	}
	return math.NaN(), -1
}

// Delta is the last value less the first.
func Delta(xs []float64) float64 {
	last, _ := Last(xs)
	for _, x := range xs {
		if !math.IsNaN(x) {
			return last - x
		}
	}
	return math.NaN()
}

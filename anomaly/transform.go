package anomaly

import "math"

// Derivative is each value less the one before it, missing where either is. The
// first is missing. It is Graphite's derivative().
func Derivative(xs []float64) []float64 {
	out := make([]float64, len(xs))
	for i := range xs {
		out[i] = math.NaN()
		if i > 0 {
			out[i] = xs[i] - xs[i-1]
		}
	}
	return out
}

// NonNegativeDerivative is Derivative for counters: where the counter went back
// it is missing, or, when most is at least both values, the way on over the
// wrap at most. most of NaN means that the counter does not wrap. It is
// Graphite's nonNegativeDerivative().
func NonNegativeDerivative(xs []float64, most float64) []float64 {
	out := Derivative(xs)
	for i, d := range out {
		if !(d < 0) {
			continue
		}
		out[i] = math.NaN()
		if most >= xs[i] && most >= xs[i-1] {
			out[i] = most - xs[i-1] + xs[i] + 1
		}
	}
	return out
}

// Integral is the sum of the values so far, missing where the value is.
func Integral(xs []float64) []float64 {
	out := make([]float64, len(xs))
	sum := 0.0
	for i, x := range xs {
		if !math.IsNaN(x) {
			sum += x
		}
		out[i] = sum
		if math.IsNaN(x) {
			out[i] = x
		}
	}
	return out
}

// MovingAverage is the mean of the n values up to and with each one: of fewer at
// the beginning, of those that are not missing, missing where all are.
func MovingAverage(xs []float64, n int) []float64 {
	out := make([]float64, len(xs))
	sum, count := 0.0, 0
	for i, x := range xs {
		if !math.IsNaN(x) {
			sum, count = sum+x, count+1
		}
		if i >= n && !math.IsNaN(xs[i-n]) {
			sum, count = sum-xs[i-n], count-1
		}
		out[i] = math.NaN()
		if count > 0 {
			out[i] = sum / float64(count)
		}
	}
	return out
}

// EWMA is the exponentially weighted moving average: alpha of each value and
// 1 - alpha of the average before it, which starts at the first value. A
// missing value leaves it as it is; before the first value it is missing.
func EWMA(xs []float64, alpha float64) []float64 {
	out := make([]float64, len(xs))
	average := math.NaN()
	for i, x := range xs {
		switch {
		case math.IsNaN(x):
		case math.IsNaN(average):
			average = x
		default:
			average = alpha*x + (1-alpha)*average
		}
		out[i] = average
	}
	return out
}

// SeasonalResidual is each value less the median of all values at the same
// place of the season, which is period positions long.
func SeasonalResidual(xs []float64, period int) []float64 {
	out := make([]float64, len(xs))
	for phase := range min(period, len(xs)) {
		var same []float64
		for i := phase; i < len(xs); i += period {
			same = append(same, xs[i])
		}
		usual := Median(same)
		for i := phase; i < len(xs); i += period {
			out[i] = xs[i] - usual
		}
	}
	return out
}

// ConsecutiveAtEnd counts the values at the end of xs that satisfy, one after the other,
// missing ones skipped.
func ConsecutiveAtEnd(xs []float64, satisfies func(float64) bool) int {
	n := 0
	for i := len(xs) - 1; i >= 0; i-- {
		if math.IsNaN(xs[i]) {
			continue
		}
		if !satisfies(xs[i]) {
			break
		}
		n++
	}
	return n
}

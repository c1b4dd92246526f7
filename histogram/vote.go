package histogram

import (
	"math"
	"slices"

	"wingmirror/distribution"
)

// The tests that vote. Each gives one number for how far two distributions are
// apart, 0 for equal.
const (
	testKS       = iota // Kolmogorov-Smirnov: the largest difference of the cumulative distributions
	testW1              // Wasserstein-1, as a share of the interquartile range before
	testJS              // Jensen-Shannon distance
	testSquare          // Cramér-von Mises: root mean square difference over the values
	testWeighted        // the largest difference, weighted as in Anderson-Darling: sees the tails
	tests
)

func testNames() [tests]string {
	return [tests]string{"kolmogorov-smirnov", "wasserstein", "jensen-shannon", "cramer-von-mises", "anderson-darling"}
}

// needed is how many tests must agree.
const needed = 3

// floors are what each test must find before a change is worth telling. For a
// normal distribution all are near a shift by an eighth of its standard deviation.
func floors() scores { return scores{0.04, 0.09, 0.05, 0.025, 0.10} }

// scores has a number for each test.
type scores [tests]float64

// compared is the outcome of comparing two distributions.
type compared struct {
	scores scores
	shift  distribution.Shift
}

// compare runs all tests. scale is the spread that Wasserstein is a share of.
func (s *series) compare(before, after []float64, scale float64) compared {
	var c compared
	c.shift = distribution.Between(s.at, before, after)
	c.scores[testJS] = distribution.JensenShannon(before, after)
	if s.unordered {
		s.compareCategories(&c, before, after)
		return c
	}
	c.scores[testKS] = c.shift.KS
	c.scores[testW1] = c.shift.W1 / scale
	square, weighted := 0.0, 0.0
	for i := 1; i < len(before); i++ {
		d := before[i] - after[i]
		mass := (before[i] - before[i-1] + after[i] - after[i-1]) / 2
		square += d * d * mass
		if m := (before[i] + after[i]) / 2; m > 0.005 && m < 0.995 {
			weighted = max(weighted, d*d/(m*(1-m)))
		}
	}
	c.scores[testSquare], c.scores[testWeighted] = math.Sqrt(square), math.Sqrt(weighted)
	return c
}

// compareCategories puts measures in place that do not care for the order of
// buckets: total variation, the largest difference of one bucket, Hellinger. There
// is no Wasserstein distance between categories.
func (s *series) compareCategories(c *compared, before, after []float64) {
	variation, largest := 0.0, 0.0
	for i := 1; i < len(before); i++ {
		d := math.Abs(before[i] - before[i-1] - after[i] + after[i-1])
		variation += d / 2
		largest = max(largest, d)
	}
	c.scores[testKS], c.scores[testSquare], c.scores[testWeighted] = largest, variation/1.6, distribution.Hellinger(before, after)*2
}

// votes returns which tests are above their gates.
func (c compared) votes(gates scores) (names []string) {
	for i, name := range testNames() {
		if c.scores[i] > gates[i] {
			names = append(names, name)
		}
	}
	return names
}

func (c compared) differs(gates scores) bool {
	n := 0
	for i := range c.scores {
		if c.scores[i] > gates[i] {
			n++
		}
	}
	return n >= needed
}

// middle writes the median of some days' cumulative distributions into into,
// edge by edge: a distribution itself, which a few odd days do not change.
func (s *series) middle(into []float64, days []int) []float64 {
	if len(days) == 1 {
		copy(into, s.days[days[0]].cumulative)
		return into
	}
	values := make([]float64, len(days))
	for e := range into {
		for i, d := range days {
			values[i] = s.days[d].cumulative[e]
		}
		into[e] = median(values)
	}
	return into
}

// mean writes the average of some days' cumulative distributions.
func (s *series) mean(into []float64, days []int) []float64 {
	clear(into)
	for _, d := range days {
		for e, v := range s.days[d].cumulative {
			into[e] += v
		}
	}
	for e := range into {
		into[e] /= float64(len(days))
	}
	return into
}

// median sorts its argument. There are few values, mostly in order already.
func median(values []float64) float64 {
	for i := 1; i < len(values); i++ {
		v := values[i]
		j := i
		for ; j > 0 && values[j-1] > v; j-- {
			values[j] = values[j-1]
		}
		values[j] = v
	}
	n := len(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return (values[n/2-1] + values[n/2]) / 2
}

// quantile returns where a cumulative distribution reaches q.
func quantile(at, cumulative []float64, q float64) float64 {
	i, _ := slices.BinarySearch(cumulative, q)
	if i == 0 {
		return at[0]
	}
	if i >= len(at) {
		return at[len(at)-1]
	}
	if rise := cumulative[i] - cumulative[i-1]; rise > 0 {
		return at[i-1] + (at[i]-at[i-1])*(q-cumulative[i-1])/rise
	}
	return at[i]
}

// spreadOf returns the interquartile range, always above 0.
func (s *series) spreadOf(cumulative []float64) float64 {
	if r := quantile(s.at, cumulative, .75) - quantile(s.at, cumulative, .25); r > 0 {
		return r
	}
	return max(s.at[len(s.at)-1]-s.at[0], math.SmallestNonzeroFloat64) / float64(len(s.at))
}

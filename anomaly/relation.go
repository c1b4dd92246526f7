package anomaly

import (
	"math"

	"github.com/aclements/go-moremath/stats"
	"gonum.org/v1/gonum/stat"
)

// pairs returns the values at the positions at which both slices have one.
func pairs(xs, ys []float64) (px, py []float64) {
	for i := range min(len(xs), len(ys)) {
		if !math.IsNaN(xs[i]) && !math.IsNaN(ys[i]) {
			px, py = append(px, xs[i]), append(py, ys[i])
		}
	}
	return px, py
}

// Correlation is Pearson's correlation of the positions that both have, from -1
// to 1; NaN for fewer than two of them, or when one side never changes.
func Correlation(xs, ys []float64) float64 {
	px, py := pairs(xs, ys)
	if len(px) < 2 {
		return math.NaN()
	}
	return stat.Correlation(px, py, nil)
}

// Line is a straight line through values.
type Line struct {
	Slope, Intercept float64
	RSquared         float64 // share of the variance that the line explains, 0 to 1; NaN when the values never change
	N                int     // values that it was fitted to
}

// At is the line's value at x.
func (l Line) At(x float64) float64 { return l.Intercept + l.Slope*x }

// LinearRegression fits a line to the values ys at xs by ordinary least squares.
// Of fewer than two values at different places the slope is NaN.
func LinearRegression(xs, ys []float64) Line {
	px, py := pairs(xs, ys)
	if len(px) < 2 || Min(px) == Max(px) {
		return Line{Slope: math.NaN(), Intercept: math.NaN(), RSquared: math.NaN(), N: len(px)}
	}
	// Around the first place, for times since 1970 would cost the digits that matter.
	origin := px[0]
	for i := range px {
		px[i] -= origin
	}
	intercept, slope := stat.LinearRegression(px, py, nil, false)
	fit := Line{Slope: slope, Intercept: intercept - slope*origin, RSquared: math.NaN(), N: len(px)}
	if Min(py) < Max(py) {
		fit.RSquared = stat.RSquared(px, py, nil, intercept, slope)
	}
	return fit
}

// MannWhitney tests whether one of two samples tends to have larger values: H. B.
// Mann and D. R. Whitney, "On a Test of Whether one of Two Random Variables is
// Stochastically Larger than the Other", Annals of Mathematical Statistics 18
// (1947). It returns the U of xs and the two-sided p: exact for small samples,
// the normal approximation with corrections for ties and continuity for others.
// Of samples that are empty, or all one value, both are NaN.
func MannWhitney(xs, ys []float64) (u, p float64) {
	result, err := stats.MannWhitneyUTest(Compact(xs), Compact(ys), stats.LocationDiffers)
	if err != nil {
		return math.NaN(), math.NaN()
	}
	return result.U, result.P
}

// Outlier is a value far from the others.
type Outlier struct {
	Position int
	Value    float64
	Score    float64 // modified z-score, negative below the median
}

// Outliers returns the values whose modified z-score, 0.6745 (x - median) / MAD,
// is beyond limit: B. Iglewicz and D. Hoaglin, "How to Detect and Handle
// Outliers" (1993), who advise 3.5. Where more than half of the values are
// equal the MAD is 0, and the mean absolute deviation times 1.2533 takes its
// place, as they advise too.
func Outliers(xs []float64, limit float64) []Outlier {
	middle, spread := Median(xs), MAD(xs)/0.6745
	if spread == 0 {
		spread = 1.253314 * meanDeviation(xs, middle)
	}
	if !(spread > 0) {
		return nil
	}
	var found []Outlier
	for i, x := range xs {
		if score := (x - middle) / spread; math.Abs(score) > limit {
			found = append(found, Outlier{Position: i, Value: x, Score: score})
		}
	}
	return found
}

func meanDeviation(xs []float64, middle float64) float64 {
	deviations := Compact(xs)
	for i, x := range deviations {
		deviations[i] = math.Abs(x - middle)
	}
	return Mean(deviations)
}

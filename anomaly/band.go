package anomaly

import "math"

// band expects the next value and says how far off that usually is. Of three
// simple forecasts it takes the one that has been best of late.
type band struct {
	forecasts [3]float64
	errors    [3]float64 // smoothed absolute errors
	scored    [3]bool    // there is an error
	chosen    int
	ready     bool // forecasts are for the next value
	sizes     tail // absolute errors of the chosen ones
}

const (
	bandForget = 0.02 // weight of the newest error
	bandShare  = 0.005
	bandLearn  = 10 // errors before there is a band
)

// expect takes the forecasts, of which NaN is none, and returns the best and its
// band.
func (b *band) expect(forecasts ...float64) (expected, low, high float64) {
	copy(b.forecasts[:], forecasts)
	b.chosen = 0
	for i, f := range b.forecasts {
		if !math.IsNaN(f) && b.scored[i] && b.scored[b.chosen] && b.errors[i] < b.errors[b.chosen] {
			b.chosen = i
		}
	}
	nan := math.NaN()
	if !b.ready || math.IsNaN(b.forecasts[b.chosen]) {
		b.ready = true
		b.forecasts = [3]float64{nan, nan, nan}
		return nan, nan, nan
	}
	expected = b.forecasts[b.chosen]
	if b.sizes.total < bandLearn {
		return expected, nan, nan
	}
	half := b.sizes.exceededBy(bandShare)
	return expected, expected - half, expected + half
}

// learn takes the value that came.
func (b *band) learn(value float64) {
	if f := b.forecasts[b.chosen]; !math.IsNaN(f) {
		b.sizes.add(math.Abs(value - f))
	}
	for i, f := range b.forecasts {
		if math.IsNaN(f) {
			continue
		}
		miss := math.Abs(value - f)
		if !b.scored[i] {
			b.errors[i], b.scored[i] = miss, true
			continue
		}
		b.errors[i] += bandForget * (miss - b.errors[i])
	}
}

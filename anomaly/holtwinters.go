package anomaly

import "math"

// HoltWinters are the settings of a forecast with a trend and a season.
type HoltWinters struct {
	Season int     // positions in a season, 2 at least
	Alpha  float64 // weight of the newest value in the level, 0 to 1
	Beta   float64 // weight of the newest slope in the trend, 0 to 1
	Gamma  float64 // weight of the newest value in the season, 0 to 1
	Width  float64 // half width of the band, in smoothed deviations
}

// Forecast is what HoltWinters.Forecast expected. The slices are as long as the
// values; the first two seasons, which it learns from, are NaN.
type Forecast struct {
	Expected, Lower, Upper []float64
	Outside                []int   // positions outside of the band
	Next                   float64 // what is expected after the last value
}

// Forecast expects each value from those before it: P. R. Winters, "Forecasting
// Sales by Exponentially Weighted Moving Averages", Management Science 6 (1960),
// additive form. The band around it is J. D. Brutlag's, "Aberrant Behavior
// Detection in Time Series for Network Monitoring", LISA (2000): Width times the
// smoothed absolute deviation at the same place of the season. A missing value
// is taken to be what was expected. Of fewer than two whole seasons everything
// is NaN.
func (h HoltWinters) Forecast(xs []float64) Forecast {
	n := len(xs)
	f := Forecast{Expected: missing(n), Lower: missing(n), Upper: missing(n), Next: math.NaN()}
	learn := 2 * h.Season
	if h.Season < 2 || n < learn {
		return f
	}
	level, trend, season, ok := h.begin(xs)
	if !ok {
		return f
	}
	deviation := make([]float64, h.Season)
	for i := h.Season; i < n; i++ {
		place := i % h.Season
		expected := level + trend + season[place]
		x := xs[i]
		if math.IsNaN(x) {
			x = expected
		}
		if i == learn {
			even(deviation)
		}
		if i >= learn {
			f.Expected[i] = expected
			f.Lower[i], f.Upper[i] = expected-h.Width*deviation[place], expected+h.Width*deviation[place]
			if x < f.Lower[i] || x > f.Upper[i] {
				f.Outside = append(f.Outside, i)
			}
		}
		before := level
		level = h.Alpha*(x-season[place]) + (1-h.Alpha)*(level+trend)
		trend = h.Beta*(level-before) + (1-h.Beta)*trend
		season[place] = h.Gamma*(x-level) + (1-h.Gamma)*season[place]
		deviation[place] = h.smoothed(deviation[place], math.Abs(x-expected), i < learn)
	}
	f.Next = level + trend + season[n%h.Season]
	return f
}

// smoothed is the deviation at one place of the season; its first one has no past.
func (h HoltWinters) smoothed(so, now float64, first bool) float64 {
	if first {
		return now
	}
	return h.Gamma*now + (1-h.Gamma)*so
}

// even gives every place of the season the mean of what was learned: one value
// each is too little to go by.
func even(deviation []float64) {
	mean := Mean(deviation)
	for place := range deviation {
		deviation[place] = mean
	}
}

// begin takes level, trend and season from the first two seasons.
func (h HoltWinters) begin(xs []float64) (level, trend float64, season []float64, ok bool) {
	first, second := Mean(xs[:h.Season]), Mean(xs[h.Season:2*h.Season])
	if math.IsNaN(first) || math.IsNaN(second) {
		return 0, 0, nil, false
	}
	trend = (second - first) / float64(h.Season)
	middle := float64(h.Season-1) / 2
	season = make([]float64, h.Season)
	for place := range season {
		slope := trend * (float64(place) - middle)
		own := []float64{xs[place] - first - slope, xs[place+h.Season] - second - slope}
		if season[place] = Mean(own); math.IsNaN(season[place]) {
			season[place] = 0
		}
	}
	// The level at the end of the first season.
	return first + trend*middle, trend, season, true
}

func missing(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

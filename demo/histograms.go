package demo

import (
	"math"
	"time"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

// Histogram is a sample histogram with a past.
type Histogram struct {
	Probe   monitor.Probe
	Periods []monitor.HistogramPeriod
}

// histogramDays is how long the sample histograms have been counted: long enough
// to know what is usual.
const histogramDays = 60

// Histograms returns sample histograms until the day before now: one that became
// slower some days ago, one with a new slow mode, and one that is as ever.
func Histograms(now time.Time) []Histogram {
	today := now.UTC().Truncate(24 * time.Hour)
	slower := func(day int) (centre, second float64) {
		if day >= histogramDays-6 {
			return .22, 0
		}
		return 0, 0
	}
	split := func(day int) (centre, second float64) {
		if day >= histogramDays-15 {
			return 0, .12
		}
		return 0, 0
	}
	same := func(int) (centre, second float64) { return 0, 0 }
	owners := []string{"checkout@example.com"}
	return []Histogram{
		{monitor.Probe{Name: "CHECKOUT_MS", Description: "Time from the order to its confirmation", Kind: "exponential", Unit: "ms", Better: monitor.LowerBetter, Owners: owners, Group: "shop"}, histogramPast(today, 180, slower)},
		{monitor.Probe{Name: "SEARCH_MS", Description: "Time until a search shows its first hit", Kind: "exponential", Unit: "ms", Better: monitor.LowerBetter, Owners: []string{"search@example.com"}, Group: "shop"}, histogramPast(today, 60, split)},
		{monitor.Probe{Name: "BASKET_VALUE", Description: "Value of a basket when it is paid", Kind: "exponential", Unit: "EUR", Better: monitor.HigherBetter, Owners: owners, Group: "shop"}, histogramPast(today, 45, same)},
	}
}

// histogramPast makes the days. Weekends are a little slower.
func histogramPast(today time.Time, middle float64, shape func(day int) (centre, second float64)) []monitor.HistogramPeriod {
	edges := []float64{0}
	for i := range 40 {
		edges = append(edges, math.Round(100*math.Exp2(float64(i)/3))/100)
	}
	var periods []monitor.HistogramPeriod
	for day := range histogramDays {
		at := today.AddDate(0, 0, day-histogramDays)
		centre, second := shape(day)
		centre += math.Log(middle) + .01*math.Sin(float64(day)*1.7)
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			centre += .06
		}
		h := distribution.Histogram{Edges: edges, Counts: make([]float64, len(edges)-1)}
		below := func(v float64) float64 {
			if v <= 0 {
				return 0
			}
			return (1-second)*bell((math.Log(v)-centre)/.55) + second*bell((math.Log(v)-centre-1.6)/.25)
		}
		for i := range h.Counts {
			h.Counts[i] = math.Round(8000 * (below(edges[i+1]) - below(edges[i])) * (1 + .03*math.Sin(float64(11*day+5*i))))
		}
		periods = append(periods, monitor.HistogramPeriod{At: at, Span: 24 * time.Hour, Submissions: 400, Histogram: h})
	}
	return periods
}

// bell is the share of a normal distribution below z.
func bell(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

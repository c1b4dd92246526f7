package histogram_test

import (
	"slices"
	"testing"
	"time"

	"wingmirror/histogram"
	"wingmirror/monitor"
)

func TestSanitized_LeavesOutWhatIsKnownToBeThinOrOfTheFuture(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		submissions []float64
		days        []int // after now
		kept        []int
	}{
		"fewer than 100":           {[]float64{500, 99, 100}, []int{-3, -2, -1}, []int{-3, -1}},
		"less than a hundredth":    {[]float64{50_000, 499, 500}, []int{-3, -2, -1}, []int{-3, -1}},
		"not counted":              {[]float64{0, 500, 0}, []int{-3, -2, -1}, []int{-3, -2, -1}},
		"few senders altogether":   {[]float64{5, 99, 1}, []int{-3, -2, -1}, []int{-3, -2, -1}},
		"more than 100 days ahead": {[]float64{0, 0, 0}, []int{-1, 100, 101}, []int{-1, 100}},
		"no period":                {nil, nil, nil},
	} {
		var periods []monitor.HistogramPeriod
		for i, s := range row.submissions {
			periods = append(periods, monitor.HistogramPeriod{At: now.AddDate(0, 0, row.days[i]), Submissions: s})
		}
		var kept []int
		for _, p := range histogram.Sanitized(periods, now) {
			kept = append(kept, int(p.At.Sub(now)/(24*time.Hour)))
		}
		if !slices.Equal(kept, row.kept) {
			t.Errorf("%s: kept %v, want %v", name, kept, row.kept)
		}
	}
}

package histogram_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"wingmirror/histogram"
	"wingmirror/monitor"
)

func labelled(values map[string][]float64) (all []monitor.Series) {
	for label, v := range values {
		all = append(all, monitor.Series{Label: label, Step: 60, Values: v})
	}
	return all
}

func TestFromSeries_ReadsBucketsFromLabels(t *testing.T) {
	inf := math.Inf(1)
	for name, row := range map[string]struct {
		series        map[string][]float64
		edges, counts []float64
	}{
		"plain":      {map[string][]float64{"web.latency.10": {1, 2}, "web.latency.100": {3, math.NaN()}, "web.latency.inf": {1}}, []float64{0, 10, 100, inf}, []float64{3, 3, 1}},
		"named":      {map[string][]float64{"sum(web.bucket_0_5)": {1}, "sum(web.bucket_2)": {4}}, []float64{0, .5, 2}, []float64{1, 4}},
		"cumulative": {map[string][]float64{"web.le_10": {1, 2}, "web.le_20": {4, 4}, "web.le_inf": {5, 4}}, []float64{0, 10, 20, inf}, []float64{3, 5, 1}},
	} {
		h, err := histogram.FromSeries(labelled(row.series))
		if err != nil || !slices.Equal(h.Edges, row.edges) || !slices.Equal(h.Counts, row.counts) {
			t.Errorf("%s: %v, got %v %v", name, err, h.Edges, h.Counts)
		}
	}
}

func TestFromSeries_SaysWhatIsWrong(t *testing.T) {
	for want, values := range map[string]map[string][]float64{
		"there is none":                   {},
		`"web.latency.fast" does not end`: {"web.latency.fast": {1}},
		"two series end at 10":            {"a.10": {1}, "b.10": {1}},
		"only some labels begin with le":  {"a.le_10": {1}, "a.20": {1}},
		"is negative":                     {"a.10": {-1}, "a.20": {1}},
	} {
		if _, err := histogram.FromSeries(labelled(values)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

package histogram

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

// FromSeries makes one histogram of series that count its buckets. The last part
// of each label says where the bucket ends: le_100, 100, bucket_0_5 (0.5), inf. A
// bucket's values over the window are added up. Where the part begins with le,
// buckets count everything at or below their end, as in Prometheus.
func FromSeries(all []monitor.Series) (distribution.Histogram, error) {
	counts := map[float64]float64{}
	cumulative := 0
	for _, s := range all {
		upper, below, err := bucketEnd(s.Label)
		if err != nil {
			return distribution.Histogram{}, err
		}
		if _, twice := counts[upper]; twice {
			return distribution.Histogram{}, monitor.Invalid("series", "two series end at %v; aggregate them in the target, as with groupByNode", upper)
		}
		if below {
			cumulative++
		}
		counts[upper] = 0
		for _, v := range s.Values {
			if !math.IsNaN(v) {
				counts[upper] += v
			}
		}
	}
	if len(counts) == 0 {
		return distribution.Histogram{}, monitor.Invalid("series", "there is none; check the target")
	}
	if cumulative > 0 && cumulative < len(all) {
		return distribution.Histogram{}, monitor.Invalid("series", "only some labels begin with le; either all buckets are cumulative or none is")
	}
	return fromEnds(counts, cumulative > 0)
}

func fromEnds(counts map[float64]float64, cumulative bool) (distribution.Histogram, error) {
	var h distribution.Histogram
	for upper := range counts {
		h.Edges = append(h.Edges, upper)
	}
	slices.Sort(h.Edges)
	before := 0.0
	for _, upper := range h.Edges {
		c := counts[upper]
		if cumulative {
			c, before = max(0, c-before), max(before, c) // of series that are counted apart, one may be a little behind
		}
		h.Counts = append(h.Counts, c)
	}
	first := math.Inf(-1)
	if h.Edges[0] > 0 {
		first = 0
	}
	h.Edges = append([]float64{first}, h.Edges...)
	if err := h.Check(); err != nil {
		return h, fmt.Errorf("buckets of series: %w: %w", monitor.ErrInvalid, err)
	}
	return h, nil
}

var bucketName = regexp.MustCompile(`^(?i)([a-z_]*?)_?(\d+(?:_\d+)?|inf|infinity)$`)

// bucketEnd reads where a bucket ends from a series' label.
func bucketEnd(label string) (upper float64, cumulative bool, err error) {
	part := strings.TrimRight(label, ")")
	part = part[strings.LastIndexAny(part, ".,(")+1:]
	found := bucketName.FindStringSubmatch(strings.Trim(part, ` "'+`))
	if found == nil {
		return 0, false, monitor.Invalid("series", "the label %q does not end with where its bucket ends, such as .le_100 or .inf", monitor.Cut(label, 100))
	}
	cumulative = strings.HasPrefix(strings.ToLower(found[1]), "le")
	if strings.HasPrefix(strings.ToLower(found[2]), "inf") {
		return math.Inf(1), cumulative, nil
	}
	upper, err = strconv.ParseFloat(strings.ReplaceAll(found[2], "_", "."), 64)
	return upper, cumulative, err
}

package histograms

import (
	"fmt"
	"math"
	"strings"
	"time"

	"wingmirror/distribution"
	"wingmirror/histogram"
	"wingmirror/monitor"
)

// Charts are SVG in a box of this size, with room for labels.
const (
	chartWidth  = 720.0
	chartHeight = 240.0
	left        = 64.0
	bottom      = 22.0
	top         = 8.0
	plotWidth   = chartWidth - left - 6
	plotHeight  = chartHeight - top - bottom
)

// chart is what the template draws.
type chart struct {
	Label  string // says in words what is to be seen
	Height float64
	Lines  []path
	Marks  []mark // texts at the axes
	Rules  []rule // thin lines
}

type path struct{ Class, D string }

type mark struct {
	X, Y   float64
	Anchor string
	Text   string
}

type rule struct {
	Class          string
	X1, Y1, X2, Y2 float64
}

// axis turns a value into a height in the plot.
type axis struct {
	low, high float64
	log       bool
}

func (a axis) y(v float64) float64 {
	share := 0.0
	switch {
	case a.log && v > 0:
		share = math.Log(v/a.low) / math.Log(a.high/a.low)
	case !a.log && a.high > a.low:
		share = (v - a.low) / (a.high - a.low)
	}
	return math.Round(10*(top+plotHeight*(1-min(max(share, 0), 1)))) / 10
}

// overlay draws both distributions, a step for each bucket, all equally wide.
func overlay(r monitor.Regression, log bool) chart {
	before, after := r.Before.Shares(), r.After.Shares()
	a := axis{high: 0.001, log: log}
	lowest := 1.0
	for _, shares := range [][]float64{before, after} {
		for _, s := range shares {
			a.high = max(a.high, s)
			if s > 0 {
				lowest = min(lowest, s)
			}
		}
	}
	if log {
		a.low = max(lowest, a.high*1e-6) / 1.5
	}
	a.high *= 1.05
	c := chart{
		Label:  fmt.Sprintf("Shares of the values by bucket, before and since %s", r.At.Format(time.DateOnly)),
		Height: chartHeight,
		Lines:  []path{{"h-before", steps(before, a)}, {"h-after", steps(after, a)}},
	}
	for _, v := range ticks(a) {
		c.percentTick(a, v)
	}
	c.bucketTicks(r.Before)
	return c
}

// difference draws by how much each bucket's share rose or fell.
func difference(r monitor.Regression) chart {
	before, after := r.Before.Shares(), r.After.Shares()
	a := axis{low: 0, high: 0}
	for i := range before {
		a.low, a.high = min(a.low, after[i]-before[i]), max(a.high, after[i]-before[i])
	}
	if a.low == a.high {
		a.high = 0.01
	}
	c := chart{Label: "By how much each bucket's share rose or fell", Height: chartHeight}
	var rise, fall strings.Builder
	width := plotWidth / float64(len(before))
	for i := range before {
		d := after[i] - before[i]
		into := &rise
		if d < 0 {
			into = &fall
		}
		if d != 0 {
			fmt.Fprintf(into, "M%.1f %.1fH%.1fV%.1fH%.1fz", left+width*float64(i)+.5, a.y(0), left+width*float64(i+1)-.5, a.y(d), left+width*float64(i)+.5)
		}
	}
	c.Lines = []path{{"h-rise", rise.String()}, {"h-fall", fall.String()}}
	for _, v := range []float64{a.low, 0, a.high} {
		c.percentTick(a, v)
	}
	c.bucketTicks(r.Before)
	return c
}

func steps(shares []float64, a axis) string {
	var b strings.Builder
	width := plotWidth / float64(len(shares))
	for i, s := range shares {
		verb := "V"
		if i == 0 {
			verb = fmt.Sprintf("M%.1f ", left)
		}
		fmt.Fprintf(&b, "%s%.1fH%.1f", verb, a.y(s), left+width*float64(i+1))
	}
	return b.String()
}

func ticks(a axis) []float64 {
	if !a.log {
		return []float64{0, a.high / 1.05 / 2, a.high / 1.05}
	}
	var all []float64
	for decade := math.Pow(10, math.Floor(math.Log10(a.low))); decade <= a.high; decade *= 10 {
		for _, v := range []float64{decade, 2 * decade, 5 * decade} {
			narrow := a.high < 100*a.low // few decades: more ticks in each
			if v >= a.low && v <= a.high && (narrow || v == decade) {
				all = append(all, v)
			}
		}
	}
	return all
}

func (c *chart) percentTick(a axis, v float64) {
	y := a.y(v)
	c.Rules = append(c.Rules, rule{"h-grid", left, y, left + plotWidth, y})
	c.Marks = append(c.Marks, mark{left - 5, y + 4, "end", histogram.Number(100*v) + " %"})
}

// bucketTicks labels some of the buckets with their lower edge.
func (c *chart) bucketTicks(h distribution.Histogram) {
	n := len(h.Counts)
	every := max(1, n/8)
	for i := 0; i < n; i += every {
		c.Marks = append(c.Marks, mark{left + plotWidth*float64(i)/float64(n), chartHeight - 6, "middle", histogram.Number(h.Edges[i])})
	}
}

// evolution draws quantiles over the periods, with the times of regressions.
func evolution(periods []monitor.HistogramPeriod, changes []time.Time, unit string) chart {
	c := chart{Label: "Quartiles and the 95th percentile over time, with changes marked", Height: chartHeight}
	if len(periods) < 2 {
		return c
	}
	first, last := periods[0].At, periods[len(periods)-1].At
	x := func(at time.Time) float64 {
		return left + plotWidth*float64(at.Sub(first))/float64(last.Sub(first))
	}
	quantiles := []float64{.25, .5, .75, .95}
	values := make([][]float64, len(periods))
	a := axis{low: math.Inf(1), high: math.Inf(-1)}
	for i, p := range periods {
		for _, q := range quantiles {
			v := p.Quantile(q)
			values[i] = append(values[i], v)
			if !math.IsNaN(v) {
				a.low, a.high = min(a.low, v), max(a.high, v)
			}
		}
	}
	if !(a.high > a.low) {
		a.low, a.high = a.low-1, a.high+1
	}
	for q := range quantiles {
		var b strings.Builder
		verb := "M"
		for i, p := range periods {
			if math.IsNaN(values[i][q]) {
				verb = "M"
				continue
			}
			fmt.Fprintf(&b, "%s%.1f %.1f", verb, x(p.At), a.y(values[i][q]))
			verb = "L"
		}
		c.Lines = append(c.Lines, path{fmt.Sprintf("h-line h-q%d", q), b.String()})
	}
	for _, at := range changes {
		if !at.Before(first) && !at.After(last) {
			c.Rules = append(c.Rules, rule{"h-change", x(at), top, x(at), top + plotHeight})
		}
	}
	for _, v := range []float64{a.low, (a.low + a.high) / 2, a.high} {
		c.Rules = append(c.Rules, rule{"h-grid", left, a.y(v), left + plotWidth, a.y(v)})
		c.Marks = append(c.Marks, mark{left - 5, a.y(v) + 4, "end", strings.TrimSpace(histogram.Number(v))})
	}
	for i := range 5 {
		at := first.Add(last.Sub(first) * time.Duration(i) / 4)
		anchor := map[int]string{0: "start", 4: "end"}[i]
		if anchor == "" {
			anchor = "middle"
		}
		c.Marks = append(c.Marks, mark{x(at), chartHeight - 6, anchor, at.Format("Jan 2")})
	}
	if unit != "" {
		c.Label += ", in " + unit
	}
	return c
}

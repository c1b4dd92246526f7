package histogram

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

// Measure fills in a regression's size, direction and distances from its two
// distributions.
func Measure(r *monitor.Regression, p monitor.Probe) {
	s := &series{edges: r.Before.Edges, at: distribution.Positions(r.Before.Edges), unordered: Unordered(p.Kind)}
	before, after := r.Before.Cumulative(), r.After.Cumulative()
	scale := s.spreadOf(before)
	c := s.compare(before, after, scale)
	r.Moved = s.movement(c.shift)
	r.Welcome = Welcome(p.Better, r.Moved)
	r.KS, r.JS = c.scores[testKS], c.scores[testJS]
	if !s.unordered {
		r.Size, r.Relative = c.shift.W1, c.shift.W1/scale
	}
}

// Moved is a bucket whose share changed.
type Moved struct {
	From, To      float64 // its edges
	Before, After float64 // its share, 0 to 1
}

// Change returns by how much the share changed.
func (m Moved) Change() float64 { return m.After - m.Before }

// MovedBuckets returns the buckets that changed most, at most so many, largest
// change first.
func MovedBuckets(r monitor.Regression, most int) []Moved {
	before, after := r.Before.Shares(), r.After.Shares()
	all := make([]Moved, len(before))
	for i := range before {
		all[i] = Moved{r.Before.Edges[i], r.Before.Edges[i+1], before[i], after[i]}
	}
	slices.SortStableFunc(all, func(a, b Moved) int { return cmp.Compare(math.Abs(b.Change()), math.Abs(a.Change())) })
	all = all[:min(most, len(all))]
	return slices.DeleteFunc(all, func(m Moved) bool { return math.Abs(m.Change()) < 0.0005 })
}

// Sentence says what happened in one line, such as
// "p95 rose from 120 to 190 ms since 2026-05-12 (worse): values are 31 ms higher on average, 41k against 39k values".
func Sentence(r monitor.Regression, p monitor.Probe) string {
	var b strings.Builder
	since := " since " + dayName(r.At, r.Span)
	if r.Shape == monitor.DriftChange {
		since = " slowly, by " + dayName(r.At, r.Span)
	}
	if Unordered(p.Kind) {
		b.WriteString("the shares of its categories changed" + since)
		for i, m := range MovedBuckets(r, 2) {
			b.WriteString([]string{": ", ", "}[min(i, 1)])
			fmt.Fprintf(&b, "%s from %s to %s", Number(m.From), percent(m.Before), percent(m.After))
		}
	} else {
		q, before, after := tellingQuantile(r)
		verb := map[bool]string{true: "rose", false: "fell"}[after >= before]
		fmt.Fprintf(&b, "p%s %s from %s to %s%s%s", strconv.FormatFloat(100*q, 'f', -1, 64), verb, Number(before), Number(after), unit(p), since)
		switch r.Moved {
		case monitor.MovedUp:
			fmt.Fprintf(&b, "; values are %s%s higher on average", Number(r.Size), unit(p))
		case monitor.MovedDown:
			fmt.Fprintf(&b, "; values are %s%s lower on average", Number(r.Size), unit(p))
		default:
			fmt.Fprintf(&b, "; the shape changed, some values are higher and others lower, by %s%s on average", Number(r.Size), unit(p))
		}
	}
	switch r.Welcome {
	case monitor.On:
		b.WriteString(" (better)")
	case monitor.Off:
		b.WriteString(" (worse)")
	}
	if r.Samples[0] > 0 && r.Samples[1] > 0 {
		fmt.Fprintf(&b, "; %s values against %s before", count(r.Samples[1]), count(r.Samples[0]))
	}
	if !r.Recovered.IsZero() {
		b.WriteString("; back to the old shape on " + dayName(r.Recovered, r.Span))
	}
	return b.String()
}

// Quantiles are those that texts and pages name.
func Quantiles() []float64 { return []float64{.25, .5, .75, .95, .99} }

// tellingQuantile returns the quantile that moved most for its size, the lower
// of two alike.
func tellingQuantile(r monitor.Regression) (q, before, after float64) {
	most := -1.0
	for _, one := range []float64{.5, .75, .95, .99} {
		x, y := r.Before.Quantile(one), r.After.Quantile(one)
		change := math.Abs(y-x) / max(math.Abs(x), math.Abs(y), 1e-300)
		if change > most*1.1 {
			q, before, after, most = one, x, y, change
		}
	}
	return q, before, after
}

func unit(p monitor.Probe) string {
	if p.Unit == "" {
		return ""
	}
	return " " + p.Unit
}

// Number writes a number with three figures, or all that are before the point.
func Number(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	case v == 0 || math.IsNaN(v):
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	text := strconv.FormatFloat(v, 'f', min(digits, 9), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func percent(share float64) string { return Number(100*share) + " %" }

// count writes a large number shortly.
func count(n float64) string {
	switch {
	case n >= 1e7:
		return Number(n/1e6) + "M"
	case n >= 1e4:
		return Number(n/1e3) + "k"
	}
	return strconv.FormatFloat(math.Round(n), 'f', 0, 64)
}

// Sanitized returns the periods that are worth drawing: those with enough
// submissions, at least 100 and a hundredth of the most, and begun no later than
// 100 days from now, since clocks of senders may be wrong. Where submissions are
// not counted, or no period has 100, nothing is known to be thin.
func Sanitized(periods []monitor.HistogramPeriod, now time.Time) []monitor.HistogramPeriod {
	most := 0.0
	for _, p := range periods {
		most = max(most, p.Submissions)
	}
	enough := max(most/100, thinSubmissions)
	if most < thinSubmissions {
		enough = 0
	}
	latest := now.AddDate(0, 0, 100)
	var kept []monitor.HistogramPeriod
	for _, p := range periods {
		if (p.Submissions == 0 || p.Submissions >= enough) && !p.At.After(latest) {
			kept = append(kept, p)
		}
	}
	return kept
}

// thinSubmissions is how many submissions make a period worth drawing.
const thinSubmissions = 100

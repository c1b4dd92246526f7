package backtest

import (
	"math"
	"slices"

	"wingmirror/monitor"
)

// tape is what one target brought over the part of the range that is in memory.
type tape struct {
	target string
	failed []failure
	lines  []*line // in the order of the newest answer
}

// failure is a span that could not be fetched.
type failure struct {
	window monitor.Window
	reason string
}

// line is one series of a target: a label, and which of several with that label.
type line struct {
	label    string
	nth      int
	segments []monitor.Series // in order of time; a new one where the step changes, or something is missing
}

// add appends what came for a later span.
func (t *tape) add(w monitor.Window, f monitor.Fetched) {
	if f.Status == monitor.StatusFailed {
		t.failed = append(t.failed, failure{w, f.Reason})
		return
	}
	seen := map[string]int{}
	order := make([]*line, 0, len(f.Series))
	for _, s := range f.Series {
		l := t.line(s.Label, seen[s.Label])
		seen[s.Label]++
		l.add(s)
		order = append(order, l)
	}
	if len(order) == len(t.lines) {
		t.lines = order
	}
}

func (t *tape) line(label string, nth int) *line {
	for _, l := range t.lines {
		if l.label == label && l.nth == nth {
			return l
		}
	}
	l := &line{label: label, nth: nth}
	t.lines = append(t.lines, l)
	return l
}

func (l *line) add(s monitor.Series) {
	s.Values = slices.Clip(s.Values) // what follows in memory may be another series
	if len(s.Values) == 0 || s.Step < 1 {
		return
	}
	last := len(l.segments) - 1
	if last < 0 {
		l.segments = append(l.segments, s)
		return
	}
	end := l.segments[last].Time(len(l.segments[last].Values) - 1)
	for len(s.Values) > 0 && s.Start <= end { // what is there already counts
		s.Start, s.Values = s.Start+s.Step, s.Values[1:]
	}
	switch {
	case len(s.Values) == 0:
	case s.Step == l.segments[last].Step && s.Start == end+s.Step:
		l.segments[last].Values = append(l.segments[last].Values, s.Values...)
	default:
		l.segments = append(l.segments, s)
	}
}

// trim forgets what lies at or before a time.
func (t *tape) trim(before int64) {
	t.failed = slices.DeleteFunc(t.failed, func(f failure) bool { return f.window.Until <= before })
	for _, l := range t.lines {
		l.segments = slices.DeleteFunc(l.segments, func(s monitor.Series) bool { return s.Time(len(s.Values)-1) <= before })
		if len(l.segments) > 0 {
			s := &l.segments[0]
			n := indexAfter(*s, before)
			s.Start, s.Values = s.Time(n), slices.Clone(s.Values[n:]) // or the whole of it would stay in memory
		}
	}
}

// indexAfter returns the index of the first value after a time.
func indexAfter(s monitor.Series, at int64) int {
	if at < s.Start {
		return 0
	}
	return min(int((at-s.Start)/s.Step)+1, len(s.Values))
}

// slice cuts a window out. The values are shared with the tape; nobody changes
// them. ok is false when a part of the window could not be fetched.
func (t *tape) slice(w monitor.Window) (series []monitor.Series, failed string, ok bool) {
	for _, f := range t.failed {
		if f.window.From < w.Until && w.From < f.window.Until {
			return nil, f.reason, false
		}
	}
	for _, l := range t.lines {
		if s, ok := l.slice(w); ok {
			series = append(series, s)
		}
	}
	return series, "", true
}

func (l *line) slice(w monitor.Window) (monitor.Series, bool) {
	var parts []monitor.Series
	for _, s := range l.segments {
		first, end := indexAfter(s, w.From), indexAfter(s, w.Until)
		if first < end {
			parts = append(parts, monitor.Series{Label: l.label, Start: s.Time(first), Step: s.Step, Values: s.Values[first:end:end]})
		}
	}
	switch len(parts) {
	case 0:
		return monitor.Series{}, false
	case 1:
		return parts[0], true
	}
	return join(parts), true
}

// join puts parts of different steps on the grid of the longest one, as a source
// that answers with one step does: values that fall together are averaged.
func join(parts []monitor.Series) monitor.Series {
	step := int64(1)
	for _, p := range parts {
		step = max(step, p.Step)
	}
	up := func(t int64) int64 { return (t + step - 1) / step * step }
	out := monitor.Series{Label: parts[0].Label, Step: step, Start: up(parts[0].Start)}
	last := parts[len(parts)-1]
	n := int((up(last.Time(len(last.Values)-1))-out.Start)/step) + 1
	sums, counts := make([]float64, n), make([]int, n)
	for _, p := range parts {
		for i, v := range p.Values {
			if !math.IsNaN(v) {
				at := int((up(p.Time(i)) - out.Start) / step)
				sums[at] += v
				counts[at]++
			}
		}
	}
	out.Values = sums
	for i, count := range counts {
		if count == 0 {
			out.Values[i] = math.NaN()
		} else {
			out.Values[i] /= float64(count)
		}
	}
	return out
}

// withoutFirst returns the series with null at the first point of the window.
func withoutFirst(series []monitor.Series) []monitor.Series {
	out := slices.Clone(series)
	for i, s := range out {
		if len(s.Values) > 0 {
			out[i].Values = slices.Clone(s.Values)
			out[i].Values[0] = math.NaN()
		}
	}
	return out
}

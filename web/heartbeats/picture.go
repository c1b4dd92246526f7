package heartbeats

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
)

// A picture is drawn into a field of picWidth by picHeight, which the page
// stretches to the width that there is. Its words stand beside it as text.

const (
	picWidth  = 1000.
	picHeight = 120.
	timeline  = 200 // beats on the timeline
	charted   = 300 // beats on the charts of values and runs
	bins      = 48  // of the histogram of gaps
)

// picPath is one shape; its class gives the colour.
type picPath struct{ Class, D string }

// picture is a chart with what it means in words.
type picture struct {
	Label     string // for those who do not see it
	Paths     []picPath
	High, Low string // ends of the vertical scale; "" for none
	From, To  time.Time
	Left      string // ends of the horizontal scale, where it is not time
	Right     string
	Notes     []picNote
}

// picNote explains one of the shapes.
type picNote struct{ Class, Text string }

// drawTimeline is a bar for each beat at its time, tall ones for trouble.
func drawTimeline(beats []monitor.Beat, now time.Time) *picture {
	beats = beats[:min(len(beats), timeline)]
	if len(beats) < 2 {
		return nil
	}
	from := beats[len(beats)-1].At
	x := timeScale(from, now)
	shapes := map[string]*strings.Builder{}
	counts := map[string]int{}
	for _, b := range beats {
		class, height := beatClass(b)
		if shapes[class] == nil {
			shapes[class] = &strings.Builder{}
		}
		fmt.Fprintf(shapes[class], "M%.1f %.1fv%.1f", x(b.At), picHeight-height, height)
		counts[class]++
	}
	p := &picture{From: from, To: now, Label: fmt.Sprintf("the newest %d beats", len(beats))}
	for _, class := range []string{"ok", "start", "warning", "critical"} {
		if d := shapes[class]; d != nil {
			p.Paths = append(p.Paths, picPath{"bar " + class, d.String()})
			p.Notes = append(p.Notes, picNote{class, fmt.Sprintf("%d %s", counts[class], beatWord(class))})
		}
	}
	return p
}

func beatClass(b monitor.Beat) (class string, height float64) {
	switch {
	case b.Kind == monitor.BeatStart || b.Kind == monitor.BeatLog:
		return "start", 30
	case b.Level == monitor.Critical || b.Kind == monitor.BeatFail:
		return "critical", picHeight
	case b.Level == monitor.Warning:
		return "warning", 90
	}
	return "ok", 60
}

func beatWord(class string) string {
	return map[string]string{"ok": "well", "start": "starts and notes", "warning": "with a warning", "critical": "failed or missing"}[class]
}

func timeScale(from, to time.Time) func(time.Time) float64 {
	width := max(to.Sub(from).Seconds(), 1)
	return func(at time.Time) float64 { return 2 + (picWidth-4)*at.Sub(from).Seconds()/width }
}

// drawGaps is a histogram of the gaps with the usual one and the deadline.
func drawGaps(s heartbeat.Shape) *picture {
	if len(s.Gaps) < 2 {
		return nil
	}
	top := 1.1 * max(slices.Max(s.Gaps), s.Longest)
	var counts [bins]int
	for _, gap := range s.Gaps {
		counts[min(bins-1, int(gap/top*bins))]++
	}
	most := slices.Max(counts[:])
	var d strings.Builder
	for i, n := range counts {
		if n > 0 {
			h := max(4, (picHeight-6)*float64(n)/float64(most))
			fmt.Fprintf(&d, "M%.1f %.1fh%.1fv%.1fh-%.1fz", float64(i)*picWidth/bins+2, picHeight-h, picWidth/bins-4, h, picWidth/bins-4)
		}
	}
	mark := func(v float64) string { return fmt.Sprintf("M%.1f 0V%.0f", v/top*picWidth, picHeight) }
	return &picture{
		Label: fmt.Sprintf("the newest %d gaps between beats; usual is %s, and after %s the next is missing", len(s.Gaps), spanText(s.Median), spanText(s.Longest)),
		Paths: []picPath{{"fill", d.String()}, {"mark usual", mark(s.Median)}, {"mark deadline", mark(s.Longest)}},
		Left:  "0", Right: spanText(top),
		Notes: []picNote{{"fill", fmt.Sprintf("%d gaps", len(s.Gaps))}, {"usual", "usual: " + spanText(s.Median)}, {"deadline", "missing after " + spanText(s.Longest)}},
	}
}

func spanText(s float64) string {
	return heartbeat.Span(time.Duration(s * float64(time.Second)))
}

// scale maps values to heights, with a little room above and below.
type scale struct{ low, high float64 }

func (s *scale) include(values ...float64) {
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			s.low, s.high = min(s.low, v), max(s.high, v)
		}
	}
}

func newScale() scale { return scale{math.Inf(1), math.Inf(-1)} }

func (s scale) y(v float64) float64 {
	if s.high <= s.low {
		return picHeight / 2
	}
	return 4 + (picHeight-8)*(s.high-v)/(s.high-s.low)
}

// drawValues is the metric's line over the band in which it was expected.
func drawValues(beats []monitor.Beat, threshold float64) *picture {
	points := withMetric(beats)
	if len(points) < 2 {
		return nil
	}
	s := newScale()
	for _, b := range points {
		s.include(*b.Metric)
	}
	room := max(s.high-s.low, 1e-9)
	for _, b := range points { // a band far from every value would flatten the line
		if b.Reading != nil {
			s.include(max(b.Reading.Low, s.low-room), min(b.Reading.High, s.high+room))
		}
	}
	x := timeScale(points[0].At, points[len(points)-1].At)
	var line, expected, odd, upper strings.Builder
	var lower []string
	for i, b := range points {
		fmt.Fprintf(&line, "%s%.1f %.1f", penAt(i == 0), x(b.At), s.y(*b.Metric))
		r := b.Reading
		if r == nil || finite(r.Expected) == nil || finite(r.Low) == nil || finite(r.High) == nil {
			continue
		}
		fmt.Fprintf(&expected, "%s%.1f %.1f", penAt(expected.Len() == 0), x(b.At), clamp(s.y(r.Expected)))
		fmt.Fprintf(&upper, "%s%.1f %.1f", penAt(upper.Len() == 0), x(b.At), clamp(s.y(r.High)))
		lower = append(lower, fmt.Sprintf("L%.1f %.1f", x(b.At), clamp(s.y(r.Low))))
		if r.Score >= threshold {
			fmt.Fprintf(&odd, "M%.1f 0V%.0f", x(b.At), picHeight)
		}
	}
	p := &picture{
		Label: fmt.Sprintf("the newest %d values, from %.4g to %.4g", len(points), s.low, s.high), High: fmt.Sprintf("%.4g", s.high), Low: fmt.Sprintf("%.4g", s.low),
		From: points[0].At, To: points[len(points)-1].At, Notes: []picNote{{"value", "value"}},
	}
	if len(lower) > 1 {
		slices.Reverse(lower)
		p.Paths = append(p.Paths, picPath{"band", upper.String() + strings.Join(lower, "") + "z"}, picPath{"expected", expected.String()})
		p.Notes = append(p.Notes, picNote{"band", "where it was expected"})
	}
	if odd.Len() > 0 {
		p.Paths = append(p.Paths, picPath{"mark deadline", odd.String()})
		p.Notes = append(p.Notes, picNote{"deadline", "odd"})
	}
	p.Paths = append(p.Paths, picPath{"value", line.String()})
	return p
}

func penAt(first bool) string {
	if first {
		return "M"
	}
	return "L"
}

func clamp(y float64) float64 { return max(0, min(picHeight, y)) }

// withMetric returns the newest beats that carry a metric, oldest first.
func withMetric(beats []monitor.Beat) []monitor.Beat {
	var points []monitor.Beat
	for _, b := range beats {
		if b.Metric != nil && len(points) < charted {
			points = append(points, b)
		}
	}
	slices.Reverse(points)
	return points
}

// drawRuns is how long runs took, with the bounds in force.
func drawRuns(beats []monitor.Beat, s heartbeat.Shape) *picture {
	var points []monitor.Beat
	scale := scale{0, 0}
	for _, b := range beats {
		if b.Took > 0 && len(points) < charted {
			points = append(points, b)
			scale.include(b.Took.Seconds())
		}
	}
	if len(points) < 2 {
		return nil
	}
	slices.Reverse(points)
	if limit := s.RunLong.Seconds(); limit < 3*scale.high {
		scale.include(limit)
	}
	x := timeScale(points[0].At, points[len(points)-1].At)
	var d strings.Builder
	for _, b := range points {
		y := scale.y(b.Took.Seconds())
		fmt.Fprintf(&d, "M%.1f %.1fV%.1f", x(b.At), picHeight-4, min(y, picHeight-5))
	}
	p := &picture{
		Label: fmt.Sprintf("how long the newest %d runs took, at most %s", len(points), spanText(scale.high)), High: spanText(scale.high), Low: "0",
		From: points[0].At, To: points[len(points)-1].At, Paths: []picPath{{"bar run", d.String()}}, Notes: []picNote{{"run", fmt.Sprintf("%d runs", len(points))}},
	}
	if s.RunLong > 0 && s.RunLong.Seconds() <= scale.high {
		p.Paths = append(p.Paths, picPath{"mark deadline", fmt.Sprintf("M0 %.1fH%.0f", scale.y(s.RunLong.Seconds()), picWidth)})
		p.Notes = append(p.Notes, picNote{"deadline", "too long above " + spanText(s.RunLong.Seconds())})
	}
	return p
}

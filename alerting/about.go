package alerting

import (
	"math"
	"strings"

	"wingmirror/monitor"
)

const (
	maxValues      = 20   // lines whose newest value a message has
	maxOutputLines = 10   //
	maxOutputBytes = 2000 //
	maxLines       = 12   // lines of a picture
	maxPoints      = 480  // points of each
)

// fill adds what one run gave back, cut to what people look at.
func fill(about *monitor.Message, text string, detail *monitor.Detail) {
	about.Text = text
	if detail == nil {
		return
	}
	about.Values = lastValues(detail.Graph)
	about.Output = firstLines(detail.Output)
	for _, line := range detail.Graph[:min(maxLines, len(detail.Graph))] {
		about.Graph = append(about.Graph, monitor.Line{Label: line.Label, Points: thin(line.Points, maxPoints)})
	}
}

// lastValues returns the newest point of each line that is not a gap.
func lastValues(graph []monitor.Line) []monitor.LastValue {
	var all []monitor.LastValue
	for _, line := range graph {
		for i := len(line.Points) - 1; i >= 0; i-- {
			p := line.Points[i]
			if !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0) {
				all = append(all, monitor.LastValue{Label: line.Label, Time: p.Time, Value: p.Value})
				break
			}
		}
		if len(all) == maxValues {
			break
		}
	}
	return all
}

func firstLines(output string) string {
	output = monitor.Cut(strings.TrimRight(output, "\n"), maxOutputBytes)
	end := 0
	for range maxOutputLines {
		next := strings.IndexByte(output[end:], '\n')
		if next < 0 {
			return output
		}
		end += next + 1
	}
	return output[:end] + "…"
}

// thin keeps at most limit points: of each stretch the lowest and the highest,
// so that no spike is lost, and a gap where there is one.
func thin(points []monitor.GraphPoint, limit int) []monitor.GraphPoint {
	if len(points) <= limit {
		return points
	}
	buckets := limit / 2
	kept := make([]monitor.GraphPoint, 0, limit)
	for b := range buckets {
		bucket := points[b*len(points)/buckets : (b+1)*len(points)/buckets]
		low, high := 0, 0
		for i, p := range bucket {
			if math.IsNaN(p.Value) {
				low, high = i, i
				break
			}
			if p.Value < bucket[low].Value {
				low = i
			}
			if p.Value > bucket[high].Value {
				high = i
			}
		}
		kept = append(kept, bucket[min(low, high)])
		if low != high {
			kept = append(kept, bucket[max(low, high)])
		}
	}
	return kept
}

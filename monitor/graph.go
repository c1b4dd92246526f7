package monitor

import (
	"math"
	"strconv"
)

// PointsIn counts the values of all series that are not null.
func PointsIn(targets []Fetched) int {
	n := 0
	for _, t := range targets {
		for _, s := range t.Series {
			n += s.Points()
		}
	}
	return n
}

// DefaultGraph returns the graph of a run that drew nothing itself: every series
// under its own label, nulls as gaps. A label that is there already gets a
// number. When there are more points than most, neighbours are averaged, nulls
// left out, as Graphite does for a narrow picture; most below 1 means no bound.
func DefaultGraph(targets []Fetched, most int) []Line {
	total := 0
	for _, t := range targets {
		for _, s := range t.Series {
			total += len(s.Values)
		}
	}
	stride := 1
	if most > 0 && total > most {
		stride = (total + most - 1) / most
	}
	var lines []Line
	used := map[string]int{}
	for _, t := range targets {
		for _, s := range t.Series {
			lines = append(lines, Line{Label: ownLabel(s.Label, used), Points: consolidate(s, stride)})
		}
	}
	return lines
}

func ownLabel(label string, used map[string]int) string {
	used[label]++
	if used[label] == 1 {
		return label
	}
	return label + " (" + strconv.Itoa(used[label]) + ")"
}

// consolidate averages each stride neighbours into one point at the time of the first.
func consolidate(s Series, stride int) []GraphPoint {
	points := make([]GraphPoint, 0, (len(s.Values)+stride-1)/stride)
	for i := 0; i < len(s.Values); i += stride {
		sum, n := 0.0, 0
		for _, v := range s.Values[i:min(i+stride, len(s.Values))] {
			if !math.IsNaN(v) {
				sum += v
				n++
			}
		}
		mean := math.NaN()
		if n > 0 {
			mean = sum / float64(n)
		}
		points = append(points, GraphPoint{Time: float64(s.Time(i)), Value: mean})
	}
	return points
}

package web

import (
	"math"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"wingmirror/monitor"
)

// graphLine is one labelled line of a graph.
type graphLine struct {
	Label  string      `json:"label"`
	Points graphPoints `json:"points" doc:"Pairs of a time in seconds since the epoch and a value; null is a gap"`
}

// graphPoints writes itself as [[time, value], ...].
type graphPoints []monitor.GraphPoint

// MarshalJSON writes the pairs; what is no number becomes null.
func (points graphPoints) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 24*len(points)+2)
	out = append(out, '[')
	for i, p := range points {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '[')
		out = appendNumber(out, p.Time)
		out = append(out, ',')
		out = appendNumber(out, p.Value)
		out = append(out, ']')
	}
	return append(out, ']'), nil
}

// Schema describes the pairs.
func (graphPoints) Schema(huma.Registry) *huma.Schema {
	number := &huma.Schema{Type: huma.TypeNumber, Nullable: true}
	pair := &huma.Schema{Type: huma.TypeArray, Items: number}
	return &huma.Schema{Type: huma.TypeArray, Items: pair}
}

// number is a float that is null when JSON has no word for it.
type number float64

// MarshalJSON writes the number, or null.
func (n number) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(n)), nil }

// Schema describes a number that may be null.
func (number) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Nullable: true}
}

var (
	_ huma.SchemaProvider = graphPoints{}
	_ huma.SchemaProvider = number(0)
)

func appendNumber(out []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(out, "null"...)
	}
	format := byte('f')
	if size := math.Abs(v); size != 0 && (size < 1e-6 || size >= 1e15) {
		format = 'e'
	}
	return strconv.AppendFloat(out, v, format, -1, 64)
}

func toGraph(lines []monitor.Line) []graphLine {
	graph := make([]graphLine, len(lines))
	for i, l := range lines {
		graph[i] = graphLine{Label: l.Label, Points: graphPoints(l.Points)}
	}
	return graph
}

// defaultGraph is what is drawn when a script drew nothing: every series.
func defaultGraph(fetched []monitor.Fetched) []monitor.Line {
	var lines []monitor.Line
	for _, f := range fetched {
		for _, s := range f.Series {
			points := make([]monitor.GraphPoint, len(s.Values))
			for i, v := range s.Values {
				points[i] = monitor.GraphPoint{Time: float64(s.Time(i)), Value: v}
			}
			lines = append(lines, monitor.Line{Label: s.Label, Points: points})
		}
	}
	return lines
}

// sparkPoints is how many points a preview line has at most.
const sparkPoints = 120

// spark thins values to what a small line can show: of each bucket, the mean.
func spark(values []float64) []number {
	n := min(len(values), sparkPoints)
	line := make([]number, n)
	for i := range n {
		from, to := i*len(values)/n, (i+1)*len(values)/n
		sum, count := 0.0, 0
		for _, v := range values[from:to] {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				sum += v
				count++
			}
		}
		line[i] = number(math.NaN())
		if count > 0 {
			line[i] = number(sum / float64(count))
		}
	}
	return line
}

package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/guptarohit/asciigraph"

	"wingmirror/monitor"
	"wingmirror/scheduler"
)

const (
	chartHeight = 10
	chartWidth  = 72
	chartLines  = 4 // more lines than this are unreadable in characters

	// The chart's scale panics beyond some sizes, and has no room for them.
	mostDrawn, leastDrawn = 1e30, 1e-30
)

// writeCheckText prints, in this order: the script's output; one line with level
// and message, as a monitoring plugin would; where the error is; targets that
// brought nothing; a chart; what it cost.
func writeCheckText(w io.Writer, name string, e scheduler.Evaluation) error {
	var out strings.Builder
	if e.Result.Output != "" {
		out.WriteString(strings.TrimRight(e.Result.Output, "\n") + "\n")
	}
	word := strings.ToUpper(e.Outcome.Level.String())
	if e.Outcome.Fault != monitor.NoFault {
		word += " (" + string(e.Outcome.Fault) + ")"
	}
	if e.Outcome.Message != "" {
		word += ": " + e.Outcome.Message
	}
	out.WriteString(word + "\n")
	if thrown := e.Result.Thrown; thrown != nil && thrown.Line > 0 {
		fmt.Fprintf(&out, "  at %s:%d:%d\n", name, thrown.Line, thrown.Column)
	}
	for _, t := range e.Targets {
		if t.Status != monitor.StatusOK {
			fmt.Fprintf(&out, "  %s: %s", t.Status, t.Target)
			if t.Reason != "" {
				out.WriteString(": " + t.Reason)
			}
			out.WriteString("\n")
		}
	}
	if drawn := terminalChart(e.Result.Graph); drawn != "" {
		out.WriteString("\n" + drawn + "\n")
	}
	cost := e.Result.Cost
	fmt.Fprintf(&out, "\n%s  fetch %v, script %v (CPU %v), %d points in, %d out\n", e.Outcome.At.UTC().Format(time.RFC3339),
		e.Fetch.Round(10*time.Microsecond), cost.Wall.Round(10*time.Microsecond), cost.CPU.Round(10*time.Microsecond), cost.PointsIn, cost.PointsOut)
	_, err := io.WriteString(w, out.String())
	return err
}

// terminalChart draws the first lines of a graph, or "" when there is nothing to draw.
func terminalChart(graph []monitor.Line) string {
	var lines [][]float64
	var labels []string
	for _, line := range graph {
		if !drawable(line) {
			continue
		}
		if len(lines) == chartLines {
			labels = append(labels, "…")
			break
		}
		values := make([]float64, len(line.Points))
		for i, pt := range line.Points {
			values[i] = drawn(pt.Value)
		}
		lines, labels = append(lines, values), append(labels, line.Label)
	}
	if len(lines) == 0 {
		return ""
	}
	return asciigraph.PlotMany(lines, asciigraph.Height(chartHeight), asciigraph.Width(chartWidth),
		asciigraph.Caption(strings.Join(labels, "  |  ")))
}

// drawn is the value as the chart can hold it: a gap where it is too large.
func drawn(v float64) float64 {
	switch size := math.Abs(v); {
	case size > mostDrawn:
		return math.NaN()
	case size < leastDrawn:
		return 0
	}
	return v
}

// drawable reports whether a line holds a value that can be drawn; markers and
// gaps do not make a chart.
func drawable(line monitor.Line) bool {
	if strings.HasPrefix(line.Label, "drawAsInfinite(") {
		return false
	}
	for _, pt := range line.Points {
		if math.Abs(pt.Value) <= mostDrawn {
			return true
		}
	}
	return false
}

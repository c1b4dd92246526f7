package web

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"wingmirror/monitor"
)

// picture is a small graph drawn on the server: no axes, only the shape.
type picture struct {
	Lines     []pictureLine
	Markers   []float64 // x of vertical markers
	Low, High string    // of the value axis; "" when there are no values
	Label     string    // for those who do not see it
}

type pictureLine struct {
	Color int // 1 to 8
	D     string
}

const (
	pictureWidth  = 300.0
	pictureHeight = 80.0
	pictureLines  = 12
)

var infinite = regexp.MustCompile(`^drawAsInfinite\(.*\)$`)

// newPicture draws the lines of a run's graph; nil when there is nothing to draw.
func newPicture(graph []monitor.Line, w monitor.Window) *picture {
	p := &picture{}
	box := newBox(graph, w)
	var names []string
	for _, line := range graph {
		if infinite.MatchString(line.Label) {
			for _, point := range line.Points {
				if point.Value != 0 && !math.IsNaN(point.Value) {
					p.Markers = append(p.Markers, box.x(point.Time))
				}
			}
			continue
		}
		names = append(names, line.Label)
		if len(p.Lines) < pictureLines && box.high >= box.low {
			p.Lines = append(p.Lines, pictureLine{Color: len(p.Lines)%8 + 1, D: box.path(line.Points)})
		}
	}
	if len(p.Lines) == 0 && len(p.Markers) == 0 {
		return nil
	}
	if len(p.Lines) > 0 {
		p.Low, p.High = short(box.low), short(box.high)
	}
	p.Label = "graph of " + strings.Join(names, ", ")
	return p
}

// box is the range of times and values that is drawn.
type box struct{ from, until, low, high float64 }

func newBox(graph []monitor.Line, w monitor.Window) box {
	b := box{from: float64(w.From), until: float64(w.Until), low: math.Inf(1), high: math.Inf(-1)}
	for _, line := range graph {
		for _, point := range line.Points {
			b.from, b.until = min(b.from, point.Time), max(b.until, point.Time)
			if !infinite.MatchString(line.Label) && !math.IsNaN(point.Value) && !math.IsInf(point.Value, 0) {
				b.low, b.high = min(b.low, point.Value), max(b.high, point.Value)
			}
		}
	}
	return b
}

func (b box) x(t float64) float64 {
	if b.until <= b.from {
		return pictureWidth / 2
	}
	return math.Round((t-b.from)/(b.until-b.from)*pictureWidth*10) / 10
}

func (b box) y(v float64) float64 {
	if b.high <= b.low {
		return pictureHeight / 2
	}
	return math.Round((2+(b.high-v)/(b.high-b.low)*(pictureHeight-4))*10) / 10
}

// path draws a line with its gaps. A line of many points is thinned to what so
// small a picture can show, by leaving out points in between.
func (b box) path(points []monitor.GraphPoint) string {
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(p, q monitor.GraphPoint) int { return int(p.Time - q.Time) })
	step := max(1, len(points)/int(pictureWidth))
	var d []byte
	pen := false
	for i := 0; i < len(points); i += step {
		p := points[i]
		if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
			pen = false
			continue
		}
		command := byte('M')
		if pen {
			command = 'L'
		}
		d = append(d, command)
		d = strconv.AppendFloat(d, b.x(p.Time), 'f', -1, 64)
		d = append(d, ' ')
		d = strconv.AppendFloat(d, b.y(p.Value), 'f', -1, 64)
		if !pen {
			d = append(d, "h0"...) // a point alone is seen as the cap of its line
		}
		pen = true
	}
	return string(d)
}

// short writes a number for a place with little room.
func short(v float64) string {
	for _, unit := range []struct {
		size   float64
		suffix string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if math.Abs(v) >= unit.size {
			if unit.suffix == "k" {
				unit.size = 1e3
			}
			return strconv.FormatFloat(v/unit.size, 'g', 4, 64) + unit.suffix
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

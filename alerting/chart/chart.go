// Package chart draws the graph of a notice as a PNG, for channels that show
// pictures. The picture has a light ground of its own, so that it reads the same
// in light and dark mail programs; times are UTC. Gaps stay gaps, and a line
// labelled drawAsInfinite(text) becomes vertical marks.
//
// It draws what it is given and keeps nothing; equal messages give equal bytes.
package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"wingmirror/monitor"
)

const (
	width      = 640 // in CSS pixels; the picture has twice as many, for dense screens
	height     = 260
	resolution = 144 // dots per inch: two for each CSS pixel, at vg's 72 points per inch
	maxLabel   = 90  // characters of a label in the legend
	maxRows    = 6   // labels in the legend
	rowHeight  = 13
	maxTicks   = 20
)

// palette tells lines apart, also for eyes that do not tell red from green
// (after Okabe and Ito, 2008).
func palette(i int) color.Color {
	colours := []color.RGBA{
		{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
		{0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x55, 0x55, 0x55, 0xff},
	}
	return colours[i%len(colours)]
}

// drawing is a plot that counts the rows of its legend.
type drawing struct {
	*plot.Plot
	rows int
}

// name puts a line in the legend, while there is room.
func (p *drawing) name(label string, sample plot.Thumbnailer) {
	if p.rows < maxRows {
		p.rows++
		p.Legend.Add(short(label), sample)
	}
}

var errNothing = fmt.Errorf("%w: the graph has no points to draw", monitor.ErrNotFound)

// PNG draws the graph of the message. A graph without a single finite point is
// ErrNotFound.
func PNG(m monitor.Message) ([]byte, error) {
	p := drawing{Plot: plot.New()}
	style(p.Plot)
	drawn := 0
	for i, line := range m.Graph {
		n, err := p.add(line, palette(i))
		if err != nil {
			return nil, err
		}
		drawn += n
	}
	if drawn == 0 {
		return nil, errNothing
	}
	legend := p.Legend
	p.Legend = plot.NewLegend()
	picture := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(resolution), vgimg.UseBackgroundColor(color.White))
	canvas := draw.Crop(draw.New(picture), 8, -12, 8, -8)
	// The legend stands above the lines, so that it hides none.
	top := vg.Length(p.rows) * rowHeight
	legend.Draw(draw.Crop(canvas, 20, 0, canvas.Max.Y-canvas.Min.Y-top, 0))
	p.Draw(draw.Crop(canvas, 0, 0, 0, -top-4))
	var out bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: picture}).WriteTo(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func style(p *plot.Plot) {
	grey := color.Gray{Y: 0x66}
	p.X.Tick.Marker = plot.TickerFunc(clockTicks)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.TextStyle.Font.Size, p.Legend.TextStyle.Font.Variant = 10, "Sans"
	p.Legend.ThumbnailWidth = 16
	p.Legend.Padding = 2
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color, axis.Tick.Label.Color = grey, grey, grey
		axis.Tick.Label.Font.Size, axis.Tick.Label.Font.Variant = 10, "Sans"
		axis.Padding = 4
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{Y: 0xee}, color.Gray{Y: 0xe2}
	p.Add(grid)
}

// clockTicks marks full minutes, hours or days, about eight of them.
func clockTicks(from, until float64) []plot.Tick {
	steps := []time.Duration{
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
	step := (until - from) / 8
	for _, s := range steps {
		if s.Seconds() >= step {
			step = s.Seconds()
			break
		}
	}
	if day := (24 * time.Hour).Seconds(); step > day {
		step = day * math.Ceil(step/day)
	}
	format := "15:04"
	if until-from > (24 * time.Hour).Seconds() {
		format = "2 Jan 15:04"
		step *= 2 // longer words
	}
	var ticks []plot.Tick
	first := math.Ceil(from/step) * step
	for i := range maxTicks { // times are a script's, and may be so large that adding a step changes nothing
		at := first + float64(i)*step
		if at > until {
			break
		}
		ticks = append(ticks, plot.Tick{Value: at, Label: time.Unix(int64(at), 0).UTC().Format(format)})
	}
	return ticks
}

// add draws one line, in as many pieces as its gaps make, and returns how many
// points it drew.
func (p *drawing) add(line monitor.Line, colour color.Color) (int, error) {
	if text, ok := strings.CutPrefix(line.Label, "drawAsInfinite("); ok {
		return 0, p.addMarks(strings.TrimSuffix(text, ")"), line.Points, colour)
	}
	drawn, named := 0, false
	for _, piece := range pieces(line.Points) {
		drawn += len(piece)
		if len(piece) == 1 {
			dot, err := plotter.NewScatter(piece)
			if err != nil {
				return 0, err
			}
			dot.GlyphStyle = draw.GlyphStyle{Color: colour, Radius: 1.6, Shape: draw.CircleGlyph{}}
			p.Add(dot)
			continue
		}
		l, err := plotter.NewLine(piece)
		if err != nil {
			return 0, err
		}
		l.Color, l.Width = colour, vg.Points(1.6)
		p.Add(l)
		if !named {
			p.name(line.Label, l)
			named = true
		}
	}
	return drawn, nil
}

// pieces cuts the points at their gaps.
func pieces(points []monitor.GraphPoint) []plotter.XYs {
	var all []plotter.XYs
	var piece plotter.XYs
	for _, point := range points {
		if math.IsNaN(point.Value) || math.IsInf(point.Value, 0) {
			if len(piece) > 0 {
				all = append(all, piece)
			}
			piece = nil
			continue
		}
		piece = append(piece, plotter.XY{X: point.Time, Y: point.Value})
	}
	if len(piece) > 0 {
		all = append(all, piece)
	}
	return all
}

// addMarks draws a vertical mark at each point that is neither a gap nor zero.
func (p *drawing) addMarks(label string, points []monitor.GraphPoint, colour color.Color) error {
	var times []float64
	for _, point := range points {
		if !math.IsNaN(point.Value) && point.Value != 0 {
			times = append(times, point.Time)
		}
	}
	if len(times) == 0 {
		return nil
	}
	m := marks{times: times, style: draw.LineStyle{Color: colour, Width: vg.Points(1), Dashes: []vg.Length{4, 3}}}
	p.Add(m)
	p.name(label, m)
	return nil
}

// marks are vertical lines over the whole height. They do not stretch the axes.
type marks struct {
	times []float64
	style draw.LineStyle
}

// Plot implements plot.Plotter.
func (m marks) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, at := range m.times {
		if at >= p.X.Min && at <= p.X.Max {
			c.StrokeLine2(m.style, x(at), c.Min.Y, x(at), c.Max.Y)
		}
	}
}

// Thumbnail implements plot.Thumbnailer.
func (m marks) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	c.StrokeLine2(m.style, c.Min.X, y, c.Max.X, y)
}

func short(label string) string {
	runes := []rune(label)
	if len(runes) <= maxLabel {
		return label
	}
	return string(runes[:maxLabel-1]) + "…"
}

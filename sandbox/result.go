package sandbox

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"wingmirror/monitor"
)

// A result is at most a few bytes larger than the limits of its run allow. The
// engine keeps the limits; the decoder enforces them again with this slack,
// which leaves room for "cut here" remarks.
const resultSlack = 4 << 10

// maxLines is how many lines a graph may have: one for each series when a script
// draws nothing, which may be more than the script could draw itself.
func maxLines(in monitor.Input, l monitor.Limits) int {
	n := 0
	for _, t := range in.Targets {
		n += len(t.Series)
	}
	return max(n, l.GraphLines)
}

// maxResult is the largest payload of a result under the limits.
func maxResult(l monitor.Limits) int {
	size := resultSlack + 3*l.Output + 3*l.Message + 2*maxText
	size += max(l.GraphLines, 2*maxTargets)*(maxLabel+8) + 16*l.GraphPoints
	return min(size, maxFrame)
}

// outcome is what comes back from a worker for one request.
type outcome struct {
	result  monitor.Result
	problem *monitor.ScriptError // of a check
	tired   bool                 // the worker asks to be replaced
}

func (e *encoder) result(r monitor.Result) {
	e.u8(uint8(r.Level))
	e.str(string(r.Fault))
	e.str(clean(r.Reason))
	e.scriptError(r.Thrown)
	e.str(strings.ToValidUTF8(r.Output, "\uFFFD"))
	e.count(len(r.Graph))
	for _, line := range r.Graph {
		e.str(strings.ToValidUTF8(line.Label[:min(len(line.Label), maxLabel/3)], "\uFFFD"))
		e.points(line.Points)
	}
	c := r.Cost
	e.duration(c.Wall)
	e.duration(c.CPU)
	e.i64(c.Memory)
	e.num(c.PointsIn)
	e.num(c.PointsOut)
	e.num(c.OutputBytes)
}

func (d *decoder) result(l monitor.Limits, lines int) monitor.Result {
	r := monitor.Result{
		Level:  d.level(),
		Fault:  d.fault(),
		Reason: d.str(maxText),
		Thrown: d.scriptError(),
		Output: d.str(3*l.Output + resultSlack),
		Graph:  d.graph(lines, l.GraphPoints),
	}
	r.Cost = monitor.Cost{
		Wall: d.duration(), CPU: d.duration(), Memory: d.i64(),
		PointsIn: d.num(), PointsOut: d.num(), OutputBytes: d.num(),
	}
	c := r.Cost
	if min(int64(c.Wall), int64(c.CPU), c.Memory, int64(c.PointsIn), int64(c.PointsOut), int64(c.OutputBytes)) < 0 {
		d.fail(errValue)
	}
	if (r.Fault != monitor.NoFault) != (r.Level == monitor.Unknown) {
		d.fail(errValue)
	}
	return r
}

func (d *decoder) graph(most, room int) []monitor.Line {
	n := d.count(most, 8)
	if n == 0 {
		return nil
	}
	lines := make([]monitor.Line, n)
	for i := range lines {
		lines[i].Label = d.str(maxLabel)
		lines[i].Points = d.points(room)
		room -= len(lines[i].Points)
	}
	return lines
}

const pointSize = 16 // bytes of a point on its way

// points writes all points of a line at once: they are most of a result.
func (e *encoder) points(points []monitor.GraphPoint) {
	e.count(len(points))
	at := len(e.b)
	e.b = slices.Grow(e.b, pointSize*len(points))[:at+pointSize*len(points)]
	for i, p := range points {
		to := e.b[at+pointSize*i:][:pointSize]
		binary.LittleEndian.PutUint64(to, math.Float64bits(p.Time))
		binary.LittleEndian.PutUint64(to[8:], math.Float64bits(p.Value))
	}
}

func (d *decoder) points(most int) []monitor.GraphPoint {
	raw := d.take(pointSize * d.count(most, pointSize))
	points := make([]monitor.GraphPoint, len(raw)/pointSize)
	for i := range points {
		from := raw[pointSize*i:][:pointSize]
		points[i].Time = canonical(binary.LittleEndian.Uint64(from))
		points[i].Value = canonical(binary.LittleEndian.Uint64(from[8:]))
	}
	return points
}

func (d *decoder) fault() monitor.Fault {
	fault := monitor.Fault(d.str(maxLabel))
	if fault == monitor.NoFault {
		return fault
	}
	for _, info := range monitor.Faults() {
		if info.Fault == fault {
			return fault
		}
	}
	d.fail(errValue)
	return monitor.NoFault
}

func (e *encoder) scriptError(s *monitor.ScriptError) {
	e.flag(s != nil)
	if s == nil {
		return
	}
	e.str(clean(s.Message))
	e.num(s.Line)
	e.num(s.Column)
	e.str(clean(s.Stack))
}

func (d *decoder) scriptError() *monitor.ScriptError {
	if !d.flag() {
		return nil
	}
	s := &monitor.ScriptError{Message: d.str(maxText), Line: d.num(), Column: d.num(), Stack: d.str(maxText)}
	if s.Line < 0 || s.Column < 0 {
		d.fail(errValue)
	}
	return s
}

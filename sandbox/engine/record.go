package engine

import (
	"strings"
	"unicode/utf8"

	"wingmirror/monitor"
)

// maxLabel bounds the label of a line, in bytes.
const maxLabel = 256

// recorder holds what a run has said: its output and its graph. Only the run's
// own goroutine may use it.
type recorder struct {
	limits monitor.Limits
	notes  Notes // also get what is said; nil is nowhere
	output strings.Builder
	lines  []*line
	byName map[string]*line
	last   *line // of the point before, most often also of the next
	points int
}

type line struct {
	number int
	label  string
	points []monitor.GraphPoint
}

func newRecorder(limits monitor.Limits) *recorder {
	return &recorder{limits: limits}
}

// print appends text to the output, and reports whether it fitted. What fits is
// kept, whole characters only.
func (r *recorder) print(text string) bool {
	room := r.limits.Output - r.output.Len()
	kept := clipBytes(text, room)
	r.output.WriteString(kept)
	if r.notes != nil {
		r.notes.Output(kept)
	}
	return len(text) <= room
}

// breach is the limit of the graph that a point would break.
type breach int

const (
	noBreach breach = iota
	tooManyPoints
	tooManyLines
	labelTooLong
)

// draw appends a point to the line with the label. capacity is how many points
// a new line is likely to get.
func (r *recorder) draw(label string, p monitor.GraphPoint, capacity int) breach {
	if r.points >= r.limits.GraphPoints {
		return tooManyPoints
	}
	to := r.last
	if to == nil || to.label != label {
		to = r.byName[label]
	}
	if to == nil {
		if len(label) > maxLabel {
			return labelTooLong
		}
		if len(r.lines) >= r.limits.GraphLines {
			return tooManyLines
		}
		to = &line{number: len(r.lines), label: strings.Clone(label), points: make([]monitor.GraphPoint, 0, capacity)}
		if r.byName == nil {
			r.byName = map[string]*line{}
		}
		r.byName[to.label] = to
		r.lines = append(r.lines, to)
		if r.notes != nil {
			r.notes.Line(to.label)
		}
	}
	r.last = to
	r.points++
	to.points = append(to.points, p)
	if r.notes != nil {
		r.notes.Point(to.number, p.Time, p.Value)
	}
	return noBreach
}

// all returns everything.
func (r *recorder) all() (string, []monitor.Line) {
	var lines []monitor.Line
	for _, l := range r.lines {
		lines = append(lines, monitor.Line{Label: l.label, Points: l.points})
	}
	return r.output.String(), lines
}

// clipBytes cuts text to at most n bytes, at the start of a character.
func clipBytes(text string, n int) string {
	if len(text) <= n {
		return text
	}
	n = max(n, 0)
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// clip cuts text to at most n bytes, with an ellipsis where something is missing.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return clipBytes(text, n-len("…")) + "…"
}

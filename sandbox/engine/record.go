package engine

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"wingmirror/monitor"
)

// maxLabel bounds the label of a line, in bytes.
const maxLabel = 256

// recorder holds what a run has said: its output and its graph. The run writes,
// the watch reads from another goroutine.
type recorder struct {
	limits monitor.Limits

	mu     sync.Mutex
	output strings.Builder
	lines  []*line
	byName map[string]*line
	last   *line // of the point before, most often also of the next
	points int

	sentOutput int
}

type line struct {
	label  string
	points []monitor.GraphPoint
	sent   int
}

func newRecorder(limits monitor.Limits) *recorder {
	return &recorder{limits: limits}
}

// print appends text to the output, and reports whether it fitted. What fits is
// kept, whole characters only.
func (r *recorder) print(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.limits.Output - r.output.Len()
	if len(text) <= room {
		r.output.WriteString(text)
		return true
	}
	r.output.WriteString(clipBytes(text, room))
	return false
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
	r.mu.Lock()
	defer r.mu.Unlock()
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
		to = &line{label: strings.Clone(label), points: make([]monitor.GraphPoint, 0, capacity)}
		if r.byName == nil {
			r.byName = map[string]*line{}
		}
		r.byName[to.label] = to
		r.lines = append(r.lines, to)
	}
	r.last = to
	r.points++
	to.points = append(to.points, p)
	return noBreach
}

// unsent returns what was added since it was last asked.
func (r *recorder) unsent() (Progress, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var more Progress
	more.Output = strings.Clone(r.output.String()[r.sentOutput:])
	r.sentOutput = r.output.Len()
	for _, l := range r.lines {
		if l.sent < len(l.points) {
			more.Graph = append(more.Graph, monitor.Line{Label: l.label, Points: slices.Clone(l.points[l.sent:])})
			l.sent = len(l.points)
		}
	}
	return more, more.Output != "" || len(more.Graph) > 0
}

// all returns everything. The recorder must not be written to any more.
func (r *recorder) all() (string, []monitor.Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
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

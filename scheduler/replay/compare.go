package replay

import (
	"fmt"
	"math"
	"strings"

	"wingmirror/monitor"
	"wingmirror/scheduler"
)

// shown is how much of a text a difference quotes, in bytes.
const shown = 200

// Compare names the parts in which an evaluation is not what the run was.
// Without a detail only level, fault and message can be compared.
func Compare(run monitor.Run, detail *monitor.Detail, e scheduler.Evaluation) []Difference {
	var all []Difference
	add := func(part, was, now string) {
		if was != now {
			all = append(all, Difference{Part: part, Was: monitor.Cut(was, shown), Now: monitor.Cut(now, shown)})
		}
	}
	add("level", levelText(run.Level, run.Fault), levelText(e.Outcome.Level, e.Outcome.Fault))
	if detail == nil {
		add("message", run.Message, monitor.Cut(e.Outcome.Message, monitor.MaxRunMessage))
	} else {
		add("message", detail.Message, e.Outcome.Message)
		was, now := firstDifference(detail.Output, e.Result.Output)
		add("output", was, now)
		was, now = graphDifference(detail.Graph, e.Result.Graph)
		add("graph", was, now)
	}
	if len(all) == 0 {
		all = append(all, Difference{Part: "details", Was: "kept as a digest only", Now: "another digest"})
	}
	return all
}

func levelText(level monitor.Level, fault monitor.Fault) string {
	if fault != monitor.NoFault {
		return "unknown (" + string(fault) + ")"
	}
	return level.String()
}

// firstDifference returns the first line that differs of each text, with its
// number; two empty texts when none does.
func firstDifference(was, now string) (string, string) {
	if was == now {
		return "", ""
	}
	a, b := strings.Split(was, "\n"), strings.Split(now, "\n")
	for i := range max(len(a), len(b)) {
		left, right := "nothing", "nothing"
		if i < len(a) {
			left = a[i]
		}
		if i < len(b) {
			right = b[i]
		}
		if left != right {
			return fmt.Sprintf("line %d: %s", i+1, left), fmt.Sprintf("line %d: %s", i+1, right)
		}
	}
	return "", ""
}

// graphDifference returns the first point that differs.
func graphDifference(was, now []monitor.Line) (string, string) {
	for i := range max(len(was), len(now)) {
		if i >= len(was) {
			return "no line " + now[i].Label, now[i].Label
		}
		if i >= len(now) {
			return was[i].Label, "no line " + was[i].Label
		}
		if was[i].Label != now[i].Label {
			return was[i].Label, now[i].Label
		}
		if a, b := lineDifference(was[i], now[i]); a != b {
			return was[i].Label + ": " + a, now[i].Label + ": " + b
		}
	}
	return "", ""
}

func lineDifference(was, now monitor.Line) (string, string) {
	if len(was.Points) != len(now.Points) {
		return fmt.Sprintf("%d points", len(was.Points)), fmt.Sprintf("%d points", len(now.Points))
	}
	for j, p := range was.Points {
		q := now.Points[j]
		// Stored times are rounded to milliseconds.
		if math.Abs(p.Time-q.Time) > 0.001 || math.Float64bits(p.Value) != math.Float64bits(q.Value) {
			return fmt.Sprintf("%v at %v", p.Value, p.Time), fmt.Sprintf("%v at %v", q.Value, q.Time)
		}
	}
	return "", ""
}

package main

import (
	"context"
	"time"

	"wingmirror/monitor"
	"wingmirror/target"
)

// recorded is a source of series that were read from a file. They are taken as
// they are, whatever the window.
type recorded struct {
	series []monitor.Series
}

// Window has no meaning for a file.
func (r recorded) Window(time.Time, int) monitor.Window { return monitor.Window{} }

// Fetch gives each target the series that carry its name: the target's own
// text, or the alias that its outermost function gives it. When that leaves a
// series over, the names say nothing, and series and targets are paired in
// order instead; series beyond the last target get places of their own, as a
// wildcard's would.
func (r recorded) Fetch(_ context.Context, _ monitor.Window, targets []string) []monitor.Fetched {
	byName := make([]monitor.Fetched, len(targets))
	placed := 0
	for i, text := range targets {
		var own []monitor.Series
		for _, s := range r.series {
			if s.Label == text || s.Label == aliasOf(text) {
				own = append(own, s)
			}
		}
		placed += len(own)
		byName[i] = fetched(text, own)
	}
	if len(targets) > 0 && placed == len(r.series) {
		return byName
	}
	inOrder := make([]monitor.Fetched, 0, max(len(targets), len(r.series)))
	for i, text := range targets {
		if i < len(r.series) {
			inOrder = append(inOrder, fetched(text, r.series[i:i+1]))
		} else {
			inOrder = append(inOrder, fetched(text, nil))
		}
	}
	if len(r.series) > len(targets) {
		for _, s := range r.series[len(targets):] {
			inOrder = append(inOrder, fetched(s.Label, []monitor.Series{s}))
		}
	}
	return inOrder
}

func fetched(text string, series []monitor.Series) monitor.Fetched {
	f := monitor.Fetched{Target: text, Status: monitor.StatusMissing, Series: series}
	for _, s := range series {
		if s.Points() > 0 {
			f.Status = monitor.StatusOK
			return f
		}
		f.Status = monitor.StatusEmpty
	}
	return f
}

// aliasOf returns the name that alias(…, "name") gives, or "".
func aliasOf(text string) string {
	expr, err := target.Parse(text)
	if err != nil || expr.Text != "alias" || len(expr.Args) < 2 {
		return ""
	}
	name := expr.Args[1].Value
	if name.Kind != target.String || len(name.Text) < 2 {
		return ""
	}
	return name.Text[1 : len(name.Text)-1]
}

// sends reports whether the monitor asks a source for anything.
func sends(m monitor.Monitor) bool {
	for _, line := range m.Targets {
		if !target.IsComment(line) {
			return true
		}
	}
	return false
}

// recordedRange is a file's series as a source that is asked for many windows.
type recordedRange struct{ recorded }

// Window ends at the time itself: a file holds whole points only.
func (recordedRange) Window(at time.Time, minutes int) monitor.Window {
	return monitor.Window{From: at.Unix() - int64(minutes)*60, Until: at.Unix()}
}

// Fetch gives what lies in the window.
func (r recordedRange) Fetch(ctx context.Context, w monitor.Window, targets []string) []monitor.Fetched {
	all := r.recorded.Fetch(ctx, w, targets)[:len(targets)]
	for i, f := range all {
		cut := make([]monitor.Series, 0, len(f.Series))
		for _, s := range f.Series {
			if len(s.Values) == 0 || s.Step < 1 {
				continue
			}
			first := min(max(0, (w.From-s.Start)/s.Step+1), int64(len(s.Values)))
			if w.From < s.Start {
				first = 0
			}
			end := min(max(first, (w.Until-s.Start)/s.Step+1), int64(len(s.Values)))
			if w.Until < s.Start {
				end = first
			}
			cut = append(cut, monitor.Series{Label: s.Label, Start: s.Time(int(first)), Step: s.Step, Values: s.Values[first:end]})
		}
		all[i] = fetched(f.Target, cut)
	}
	return all
}

// Assess says what a target with these series has brought.
func (recorded) Assess(_ monitor.Window, text string, series []monitor.Series) monitor.Fetched {
	return fetched(text, series)
}

package engine

import (
	"github.com/dop251/goja"
)

// walker goes through all series side by side.
type sideBySide struct {
	r     *run
	first *series // its timestamps are walked: the first series that has any
	next  []int   // of each series, the place of its next point
}

func (r *run) sideBySide() *sideBySide {
	w := &sideBySide{r: r, next: make([]int, len(r.series))}
	for _, s := range r.series {
		if len(s.data.Values) > 0 {
			w.first = s
			break
		}
	}
	return w
}

// steps is how often there is something to call.
func (w *sideBySide) steps() int {
	if w.first == nil {
		return 0
	}
	return len(w.first.data.Values)
}

// fill puts the entries of the i-th step into into. Another series' entry
// belongs to the first walked time that is not before its own: no point is
// given twice, of several between two times the last one is given, and where
// there is none the entry's value is null.
func (w *sideBySide) fill(i int, into []goja.Value) {
	at := w.first.data.Time(i)
	for k, s := range w.r.series {
		if s == w.first {
			into[k] = s.entryObject(i)
			continue
		}
		found := -1
		for n := w.next[k]; n < len(s.data.Values) && s.data.Time(n) <= at; n++ {
			if s.data.Time(n) > at-w.first.data.Step {
				found = n
			}
			w.next[k] = n + 1
		}
		if found < 0 {
			into[k] = s.gapAt(at)
			continue
		}
		into[k] = s.entryObject(found)
	}
}

// withMetrics is with_metrics(fn).
func withMetrics(c *call) goja.Value {
	f := c.callback(0, "fn")
	w := c.r.sideBySide()
	args := make([]goja.Value, len(c.r.series))
	for i := range w.steps() {
		w.fill(i, args)
		apply(f, args...)
	}
	return goja.Undefined()
}

// foldMetrics is fold_metrics(initial, fn).
func foldMetrics(c *call) goja.Value {
	f := c.callback(1, "fn")
	w := c.r.sideBySide()
	args := make([]goja.Value, 1+len(c.r.series))
	so := c.arg(0)
	for i := range w.steps() {
		args[0] = so
		w.fill(i, args[1:])
		so = apply(f, args...)
	}
	return so
}

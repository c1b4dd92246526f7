package event

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"wingmirror/condition"
	"wingmirror/monitor"
)

// measure is what a rule looks at: one event, a count in a window, a sequence.
// It holds no state; all of that is in the key's.
type measure interface {
	// add takes an event of a key in the order of time, and says what is known
	// after it.
	add(r *Rule, k *key, e *monitor.PushedEvent) reading
	// look says what is known at a time without an event.
	look(r *Rule, k *key, at float64) reading
	// memory is how far back it looks.
	memory() time.Duration
}

// reading is what a measure says.
type reading struct {
	known   bool   // false: this says nothing new
	holds   bool   //
	ended   bool   // while not holding: the alert may end; false keeps it, for hysteresis
	happens bool   // it happened just now, rather than holds for a time
	text    string // what was seen; "" where nobody will read it
	dated   bool   // it is so since at, rather than since now
	at      float64
	again   float64                // when to look again without an event; 0: only an event can change it
	events  []*monitor.PushedEvent // what made it; nil: the event that was added, if one was
}

func not(holds bool) reading { return reading{known: true, holds: holds, ended: !holds} }

var never = math.Inf(1)

// threshold looks at single events.
type threshold struct{}

func (threshold) memory() time.Duration { return 0 }

func (threshold) look(*Rule, *key, float64) reading { return reading{} }

func (threshold) add(r *Rule, k *key, e *monitor.PushedEvent) reading {
	got := not(k.engine.match(r, r.test, e))
	if got.holds {
		if !k.Firing {
			got.text = eventText(r, e)
		}
		return got
	}
	if r.Clear != nil && k.Firing {
		got.ended = k.engine.match(r, r.Clear, e)
	}
	return got
}

// eventText says what an event showed.
func eventText(r *Rule, e *monitor.PushedEvent) string {
	text := e.Component + " " + figure(e.Value)
	if e.Server != "" {
		text += " on " + e.Server
	}
	text += " (" + e.Service + ")"
	if r.Threshold != "" {
		text += ", threshold " + r.Threshold
	}
	return text
}

// window is what the measures over a window share.
type window struct {
	within time.Duration
	least  int // events that it takes to say anything; 0: none
}

func (w window) memory() time.Duration { return w.within }

func (w window) seconds() float64 { return w.within.Seconds() }

// count compares how many events there were, or how many in some unit of time.
type count struct {
	window
	limit limit
	per   time.Duration // of a rate; 0 for a plain count
}

func (c count) add(r *Rule, k *key, e *monitor.PushedEvent) reading {
	k.push(e.Timestamp, 1, add)
	return c.look(r, k, k.Newest)
}

func (c count) look(_ *Rule, k *key, at float64) reading {
	n := k.within(at, c.seconds())
	v := float64(n)
	if c.per > 0 {
		v = v / c.seconds() * c.per.Seconds()
	}
	got := not(c.limit.holds(v, k.Firing))
	if got.holds && !k.Firing {
		got.text = fmt.Sprintf("%d events in %s, %s", n, span(c.within), c.limit)
		if c.per > 0 {
			got.text = fmt.Sprintf("%s events per %s over %s, %s", figure(v), span(c.per), span(c.within), c.limit)
		}
	}
	if c.limit.fallsInto(got.holds, k.Firing) {
		got.again = k.expiry(c.seconds())
	}
	return got
}

// aggregate compares the average, sum, smallest, largest or a percentile of a
// field in a window.
type aggregate struct {
	window
	by      string // avg, sum, min, max, or p with a percentage
	percent float64
	field   string
	limit   limit
}

func (a aggregate) add(r *Rule, k *key, e *monitor.PushedEvent) reading {
	v, ok := e.Field(a.field).Number()
	if !ok {
		return reading{}
	}
	k.push(e.Timestamp, v, foldOf(a.by))
	return a.look(r, k, k.Newest)
}

func (a aggregate) look(_ *Rule, k *key, at float64) reading {
	n := k.within(at, a.seconds())
	again := k.expiry(a.seconds())
	if n < max(1, a.least) {
		return reading{known: k.Firing, ended: true, again: again}
	}
	v := summarize(a.by, a.percent, k.Values)
	got := not(a.limit.holds(v, k.Firing))
	if got.holds && !k.Firing {
		got.text = fmt.Sprintf("%s of %s is %s over %s (%d events), %s", a.by, a.field, figure(v), span(a.within), n, a.limit)
	}
	got.again = again
	return got
}

// foldOf returns how two values become one that serves as well.
func foldOf(by string) fold {
	switch by {
	case "count", "sum":
		return add
	case "min":
		return math.Min
	case "max":
		return math.Max
	}
	return nil
}

// summarize folds values into one. A percentile is that of the nearest rank.
func summarize(by string, percent float64, values []float64) float64 {
	switch by {
	case "min":
		return slices.Min(values)
	case "max":
		return slices.Max(values)
	case "count", "sum", "avg":
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		if by == "avg" {
			sum /= float64(len(values))
		}
		return sum
	}
	ordered := slices.Clone(values)
	slices.Sort(ordered)
	rank := int(math.Ceil(percent / 100 * float64(len(ordered))))
	return ordered[max(rank, 1)-1]
}

// distinct counts the values of a field in a window.
type distinct struct {
	window
	field string
	limit limit
}

func (d distinct) add(r *Rule, k *key, e *monitor.PushedEvent) reading {
	value := e.Field(d.field)
	if value.Kind() == condition.Null {
		return reading{}
	}
	k.see(monitor.Cut(value.String(), maxText), e.Timestamp)
	return d.look(r, k, k.Newest)
}

func (d distinct) look(_ *Rule, k *key, at float64) reading {
	again := k.forgetSeen(at, d.seconds())
	n := len(k.Seen)
	got := not(d.limit.holds(float64(n), k.Firing))
	if got.holds && !k.Firing {
		got.text = fmt.Sprintf("%d different values of %s in %s, %s%s", n, d.field, span(d.within), d.limit, someOf(k.Seen))
	}
	if d.limit.fallsInto(got.holds, k.Firing) {
		got.again = again
	}
	return got
}

// someOf lists a few values for people.
func someOf(seen map[string]float64) string {
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	if len(names) == 0 {
		return ""
	}
	more := ""
	if len(names) > 5 {
		names, more = names[:5], ", …"
	}
	return ": " + monitor.Cut(strings.Join(names, ", "), 200) + more
}

// spike compares a window with the one before it.
type spike struct {
	window
	by        string // count, or as in aggregate
	percent   float64
	field     string
	times     float64
	down, up  bool
	minBefore float64 // the value before must be at least this
	minNow    float64
}

func (s spike) memory() time.Duration { return 2 * s.within }

func (s spike) add(r *Rule, k *key, e *monitor.PushedEvent) reading {
	v, ok := 1.0, true
	if s.by != "count" {
		if v, ok = e.Field(s.field).Number(); !ok {
			return reading{}
		}
	}
	k.push(e.Timestamp, v, foldOf(s.by))
	return s.look(r, k, k.Newest)
}

func (s spike) look(_ *Rule, k *key, at float64) reading {
	k.within(at, 2*s.seconds())
	border, _ := slices.BinarySearchFunc(k.Times, at-s.seconds(), func(t, border float64) int {
		if t <= border {
			return -1
		}
		return 1
	})
	again := k.expiry(2 * s.seconds())
	if border < len(k.Times) {
		again = min(again, k.Times[border]+s.seconds())
	}
	if full := k.First + 2*s.seconds(); at < full { // the window before is not all there yet
		return reading{known: true, ended: true, again: full}
	}
	before, now := s.fold(k.Values[:border]), s.fold(k.Values[border:])
	holds := before >= s.minBefore && now >= s.minNow &&
		(s.up && now >= s.times*before && now > before || s.down && now*s.times <= before && now < before)
	got := not(holds)
	if holds && !k.Firing {
		got.text = fmt.Sprintf("%s went from %s to %s between one %s and the next", s.name(), figure(before), figure(now), span(s.within))
	}
	got.again = again
	return got
}

func (s spike) name() string {
	if s.by == "count" {
		return "the count of events"
	}
	return s.by + " of " + s.field
}

func (s spike) fold(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return summarize(s.by, s.percent, values)
}

// flatline fires when a key that was heard of sends too few events.
type flatline struct {
	window
	below float64
}

func (f flatline) add(r *Rule, k *key, e *monitor.PushedEvent) reading {
	k.push(e.Timestamp, 1, add)
	return f.look(r, k, k.Newest)
}

func (f flatline) look(_ *Rule, k *key, at float64) reading {
	n := k.within(at, f.seconds())
	again := k.expiry(f.seconds())
	if full := k.First + f.seconds(); at < full { // it has not been there for a whole window
		return reading{known: true, ended: true, again: min(again, full)}
	}
	got := not(float64(n) < f.below)
	if got.holds && !k.Firing {
		got.text = fmt.Sprintf("%d events in %s, less than %s; the last one came at %s", n, span(f.within), figure(f.below), clock(k.Newest))
	}
	got.again = again
	return got
}

func clock(seconds float64) string {
	return monitor.Moment(monitor.SecondsTime(seconds))
}

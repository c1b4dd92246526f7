package event

import (
	"math"
	"slices"

	"wingmirror/monitor"
)

// key is what a rule knows of one key, such as one server. All times are seconds
// since the epoch.
type key struct {
	Name    string  // see JoinKey
	Text    string  // of the alert
	First   float64 // time of the first event
	Newest  float64 // time of the newest event
	Since   float64 // since when the measure holds
	Started float64 // when it fired
	Until   float64 // while firing: when that ends by itself; never when it does not
	Holds   bool    // the measure holds
	Firing  bool    //
	Silent  bool    // the policy for no data has been applied
	gone    bool

	*past // nil where a measure needs none

	engine *Engine
	due    float64 // when the queue of timers has it; never when it has not
}

// past is what only some measures keep.
type past struct {
	Times    []float64          // of the events in the window, ascending
	Values   []float64          // of the same events; where they are counted 1 for each
	Weights  []float64          // how many events each stands for; nil: one
	Seen     map[string]float64 // values of a field, and when each was seen last
	SeenFrom float64            // none of them was seen before this
	Was      string             // the value of a field
	HasWas   bool
	Steps    []float64
	Members  map[string]member
	Bucket   float64
	Relevant bool

	hits []*monitor.PushedEvent
}

// maxWindow is how many entries the window of one key holds. A full one is
// folded: two neighbours become one that stands for both, so that a count, a sum
// or a largest stays exact, and only the moment at which an old event leaves the
// window is known less well, to some thousandth of it. What cannot be folded, an
// average or a percentile, is that of the newest events.
const maxWindow = 10_000

// fold makes one value of two; nil where that cannot be.
type fold func(a, b float64) float64

func add(a, b float64) float64 { return a + b }

// push takes a number into the window, at its place.
func (k *key) push(at, value float64, by fold) {
	switch {
	case len(k.Times) < maxWindow:
	case by == nil:
		k.drop(maxWindow / 10)
	default:
		k.halve(by)
	}
	i := len(k.Times)
	for i > 0 && k.Times[i-1] > at {
		i--
	}
	k.Times, k.Values = slices.Insert(k.Times, i, at), slices.Insert(k.Values, i, value)
	if k.Weights != nil {
		k.Weights = slices.Insert(k.Weights, i, 1)
	}
}

// halve folds each two neighbours of the window into the later one.
func (k *key) halve(by fold) {
	if k.Weights == nil {
		k.Weights = slices.Repeat([]float64{1}, len(k.Times))
	}
	n := len(k.Times) / 2
	for i := range n {
		k.Times[i], k.Values[i], k.Weights[i] = k.Times[2*i+1], by(k.Values[2*i], k.Values[2*i+1]), k.Weights[2*i]+k.Weights[2*i+1]
	}
	if len(k.Times)%2 == 1 {
		last := len(k.Times) - 1
		k.Times[n], k.Values[n], k.Weights[n] = k.Times[last], k.Values[last], k.Weights[last]
		n++
	}
	k.Times, k.Values, k.Weights = k.Times[:n], k.Values[:n], k.Weights[:n]
}

// drop forgets the oldest entries.
func (k *key) drop(n int) {
	k.Times, k.Values = slices.Delete(k.Times, 0, n), slices.Delete(k.Values, 0, n)
	if k.Weights != nil {
		if k.Weights = slices.Delete(k.Weights, 0, n); len(k.Weights) == 0 {
			k.Weights = nil
		}
	}
}

// events returns how many events the window stands for.
func (k *key) events() int {
	if k.Weights == nil {
		return len(k.Times)
	}
	n := 0.0
	for _, w := range k.Weights {
		n += w
	}
	return int(n)
}

// within drops what is older than a window that ends at a time, and returns how
// many events are left. An event is in the window until it is as old as that.
func (k *key) within(at, seconds float64) int {
	old := 0
	for old < len(k.Times) && k.Times[old] <= at-seconds {
		old++
	}
	if old > 0 {
		k.drop(old)
	}
	return k.events()
}

// expiry returns when the oldest event leaves the window.
func (k *key) expiry(seconds float64) float64 {
	if len(k.Times) == 0 {
		return never
	}
	return k.Times[0] + seconds
}

// maxSeen is how many values of a field are remembered for one key.
const maxSeen = 10_000

func (k *key) see(value string, at float64) {
	if k.Seen == nil {
		k.Seen, k.SeenFrom = map[string]float64{}, at
	}
	if _, known := k.Seen[value]; known || len(k.Seen) < maxSeen {
		k.Seen[value] = max(at, k.Seen[value])
		k.SeenFrom = min(k.SeenFrom, at)
	}
}

// forgetSeen drops values that were seen too long ago, and returns when to look
// again: no later than when the next one is. It need not look at them all each time.
func (k *key) forgetSeen(at, seconds float64) float64 {
	if len(k.Seen) == 0 {
		return never
	}
	if again := k.SeenFrom + seconds; again > at {
		return again
	}
	k.SeenFrom = never
	for value, seen := range k.Seen {
		if seen+seconds <= at {
			delete(k.Seen, value)
		} else {
			k.SeenFrom = min(k.SeenFrom, seen)
		}
	}
	return k.SeenFrom + seconds
}

// timers is a queue of keys by when they are due: a binary heap, of which a key
// is an entry at most once with the time that it has itself.
type timers []timer

type timer struct {
	at   float64
	rule *ruleState
	key  *key
}

func (q *timers) add(t timer) {
	t.key.due = t.at
	*q = append(*q, t)
	h := *q
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if h[parent].at <= h[i].at {
			return
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
}

// next takes the first timer that is due at a time.
func (q *timers) next(at float64) (timer, bool) {
	h := *q
	if len(h) == 0 || h[0].at > at {
		return timer{}, false
	}
	first := h[0]
	last := len(h) - 1
	h[0] = h[last]
	h[last] = timer{}
	h = h[:last]
	for i := 0; ; {
		kid := 2*i + 1
		if kid >= last {
			break
		}
		if kid+1 < last && h[kid+1].at < h[kid].at {
			kid++
		}
		if h[i].at <= h[kid].at {
			break
		}
		h[i], h[kid] = h[kid], h[i]
		i = kid
	}
	*q = h
	return first, true
}

// orNever makes a duration in seconds that is never over out of 0.
func orNever(seconds float64) float64 {
	if seconds == 0 {
		return math.Inf(1)
	}
	return seconds
}

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
	First   float64 // time of the first event
	Newest  float64 // time of the newest event
	Holds   bool    // the measure holds
	Since   float64 // since when it does
	Firing  bool    //
	Started float64 // when it fired
	Until   float64 // while firing: when that ends by itself; never when it does not
	Silent  bool    // the policy for no data has been applied
	Text    string  // of the alert

	*past // nil where a measure needs none

	engine *Engine
	due    float64 // when the queue of timers has it; never when it has not
	gone   bool
}

// past is what only some measures keep.
type past struct {
	Times    []float64 // of the events in the window, ascending
	Values   []float64 // of the same events
	Seen     map[string]float64
	Was      string // the value of a field
	HasWas   bool
	Steps    []float64
	Members  map[string]member
	Bucket   float64
	Relevant bool

	hits []*monitor.PushedEvent
}

// maxWindow is how many events the window of one key holds; of more it keeps the
// newest.
const maxWindow = 10_000

// push takes a number into the window, at its place.
func (k *key) push(at, value float64) {
	if len(k.Times) >= maxWindow {
		drop := maxWindow / 10
		k.Times, k.Values = slices.Delete(k.Times, 0, drop), slices.Delete(k.Values, 0, drop)
	}
	i := len(k.Times)
	for i > 0 && k.Times[i-1] > at {
		i--
	}
	k.Times, k.Values = slices.Insert(k.Times, i, at), slices.Insert(k.Values, i, value)
}

// within drops what is older than a window that ends at a time, and returns how
// many events are left. An event is in the window until it is as old as that.
func (k *key) within(at, seconds float64) int {
	old := 0
	for old < len(k.Times) && k.Times[old] <= at-seconds {
		old++
	}
	if old > 0 {
		k.Times, k.Values = slices.Delete(k.Times, 0, old), slices.Delete(k.Values, 0, old)
	}
	return len(k.Times)
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
		k.Seen = map[string]float64{}
	}
	if _, known := k.Seen[value]; known || len(k.Seen) < maxSeen {
		k.Seen[value] = max(at, k.Seen[value])
	}
}

// forgetSeen drops values that were seen too long ago, and returns when the next
// one is.
func (k *key) forgetSeen(at, seconds float64) float64 {
	again := never
	for value, seen := range k.Seen {
		if seen+seconds <= at {
			delete(k.Seen, value)
		} else {
			again = min(again, seen+seconds)
		}
	}
	return again
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

package event

import (
	"fmt"
	"slices"
	"time"

	"wingmirror/condition"
	"wingmirror/monitor"
)

// change happens when a field has another value than in the event before.
type change struct{ field string }

func (change) memory() time.Duration { return 0 }

func (change) look(*Rule, *key, float64) reading { return reading{} }

func (c change) add(_ *Rule, k *key, e *monitor.PushedEvent) reading {
	value := e.Field(c.field)
	if value.Kind() == condition.Null {
		return reading{}
	}
	now := monitor.Cut(value.String(), maxText)
	before, known := k.Was, k.HasWas
	k.Was, k.HasWas = now, true
	if !known || before == now {
		return reading{}
	}
	return reading{known: true, holds: true, happens: true,
		text: fmt.Sprintf("%s changed from %s to %s", c.field, quoted(before), quoted(now))}
}

func quoted(text string) string { return fmt.Sprintf("%q", monitor.Cut(text, 80)) }

// newValue happens when a field has a value that it has not had for long.
type newValue struct {
	window        // how long a value is remembered
	field  string //
	learn  time.Duration
}

func (newValue) look(*Rule, *key, float64) reading { return reading{} }

func (n newValue) add(_ *Rule, k *key, e *monitor.PushedEvent) reading {
	value := e.Field(n.field)
	if value.Kind() == condition.Null {
		return reading{}
	}
	k.forgetSeen(k.Newest, n.seconds())
	now := monitor.Cut(value.String(), maxText)
	_, known := k.Seen[now]
	first := !k.HasWas // what comes first is new to nobody
	k.HasWas = true
	k.see(now, e.Timestamp)
	if known || first || e.Timestamp-k.First < n.learn.Seconds() {
		return reading{}
	}
	return reading{known: true, holds: true, happens: true,
		text: fmt.Sprintf("%s has the new value %s, not seen for %s", n.field, quoted(now), span(n.within))}
}

// sequence happens when its steps do, in their order and within a time.
type sequence struct {
	window
	steps []*condition.Condition
}

func (sequence) look(*Rule, *key, float64) reading { return reading{} }

// add moves the newest chain of each length on. Going from the last step to the
// first keeps one event from being two steps.
func (s sequence) add(r *Rule, k *key, e *monitor.PushedEvent) reading {
	if len(k.Steps) != len(s.steps) {
		k.Steps = slices.Repeat([]float64{-1}, len(s.steps))
	}
	for i := len(s.steps) - 1; i >= 0; i-- {
		begun := e.Timestamp
		if i > 0 {
			begun = k.Steps[i-1]
		}
		if begun < 0 || e.Timestamp-begun > s.seconds() || !k.engine.match(r, s.steps[i], e) {
			continue
		}
		if i < len(s.steps)-1 {
			k.Steps[i] = begun
			continue
		}
		k.Steps = nil
		return reading{known: true, holds: true, happens: true,
			text: fmt.Sprintf("all %d steps happened within %s, the first at %s", len(s.steps), span(s.within), clock(begun))}
	}
	return reading{}
}

// missing fires when something happened and what should follow did not.
type missing struct {
	window
	after, expect *condition.Condition
}

func (m missing) add(r *Rule, k *key, e *monitor.PushedEvent) reading {
	now := m.look(r, k, k.Newest)
	if k.engine.match(r, m.expect, e) {
		k.Steps = nil
		now = not(false)
	}
	if k.engine.match(r, m.after, e) && len(k.Steps) == 0 {
		k.Steps = []float64{e.Timestamp}
		now.again = after(e.Timestamp + m.seconds())
	}
	return now
}

func (m missing) look(_ *Rule, k *key, at float64) reading {
	if len(k.Steps) == 0 {
		return reading{}
	}
	due := k.Steps[0] + m.seconds()
	if at <= due {
		return reading{again: after(due)}
	}
	return reading{known: true, holds: true, dated: true, at: due, text: fmt.Sprintf("what began at %s was not followed within %s", clock(k.Steps[0]), span(m.within))}
}

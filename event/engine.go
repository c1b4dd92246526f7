package event

import (
	"slices"
	"strings"
	"time"

	"wingmirror/condition"
	"wingmirror/monitor"
)

// Alert is a rule that began or ceased to fire for a key.
type Alert struct {
	Rule    *Rule
	Key     string  // see JoinKey; "" when the rule tells no keys apart
	At      float64 // when, in seconds since the epoch
	Firing  bool
	Started float64 // when it fired; At for one that begins
	Text    string  // what was seen
	Events  []*monitor.PushedEvent
}

// Outcome returns what the alert says about its subject.
func (a Alert) Outcome() monitor.Outcome {
	o := monitor.Outcome{Subject: a.Rule.Subject(a.Key), At: monitor.SecondsTime(a.At), Level: monitor.OK}
	if a.Firing {
		o.Level, o.Message = a.Rule.Severity.Level, a.Text
	}
	return o
}

// Trouble is what an engine could not do for one rule.
type Trouble struct {
	Rule   *Rule
	Late   int64  // events that came too late to count
	Capped int64  // events of keys beyond the most that the rule may have
	Failed int64  // events of which the condition could not be asked
	First  string // the first such failure
}

// Engine evaluates rules over a stream of events. Its clock is what Advance
// says and nothing else. It is not safe for several goroutines.
type Engine struct {
	file    *File
	rules   []*ruleState
	byRule  map[*Rule]*ruleState
	byPart  map[string][]*ruleState // rules that look at one component only
	others  []*ruleState
	timers  timers
	waiting []*queue
	clock   float64
	now     time.Time
	scratch condition.Scratch
	current *monitor.PushedEvent // that is being processed
	out     []Alert
}

// ruleState is a rule at work.
type ruleState struct {
	rule    *Rule
	selects []*condition.Condition // of the rule's, what is left to ask of events that come its way
	group   *grouping
	place   int // in the rows of group
	count   int // of keys
	trouble Trouble
	queue   *queue // of events that wait for late ones; nil: none does
}

func (s *ruleState) remember(k *key) {
	s.group.add(k.Name, s.place, k)
	s.count++
}

func (s *ruleState) forget(k *key) {
	s.group.remove(k.Name, s.place)
	s.count--
}

// each calls fn with every key of the rule.
func (s *ruleState) each(fn func(*key)) {
	for _, r := range s.group.rows {
		if k := r.keys[s.place]; k != nil {
			fn(k)
		}
	}
}

// NewEngine returns an engine that has seen nothing yet.
func NewEngine(file *File) *Engine {
	x := &Engine{file: file, byPart: map[string][]*ruleState{}, byRule: make(map[*Rule]*ruleState, len(file.Rules))}
	queues, groups := map[time.Duration]*queue{}, map[string]*grouping{}
	for _, r := range file.Rules {
		group := groups[JoinKey(r.GroupBy)]
		if group == nil {
			group = &grouping{fields: r.GroupBy, rows: map[string]*row{}}
			groups[JoinKey(r.GroupBy)] = group
		}
		state := &ruleState{rule: r, selects: r.selects, group: group, place: group.rules, trouble: Trouble{Rule: r}}
		group.rules++
		x.rules, x.byRule[r] = append(x.rules, state), state
		if r.Lateness > 0 {
			q := queues[r.Lateness]
			if q == nil {
				q = &queue{lateness: r.Lateness.Seconds()}
				queues[r.Lateness] = q
				x.waiting = append(x.waiting, q)
			}
			q.rules, state.queue = append(q.rules, state), q
			continue
		}
		x.index(state)
	}
	return x
}

// index files a rule by the component that it looks at, so that it only sees
// events of that one and need not ask.
func (x *Engine) index(state *ruleState) {
	part, ok := state.rule.component()
	if !ok {
		x.others = append(x.others, state)
		return
	}
	x.byPart[part] = append(x.byPart[part], state)
	state.selects = nil
	for _, c := range state.rule.selects {
		if left := c.Without("component", part); left != nil {
			state.selects = append(state.selects, left)
		}
	}
}

// Add takes an event, which must stay as it is. Rules that wait for late events
// see it when Advance says so.
func (x *Engine) Add(e *monitor.PushedEvent) {
	for _, state := range x.byPart[e.Component] {
		x.process(state, e)
	}
	for _, state := range x.others {
		x.process(state, e)
	}
	for _, q := range x.waiting {
		q.add(e)
	}
}

// Advance says what time it is: what was waiting is seen, and what should have
// happened by now and did not counts. The clock never goes back.
func (x *Engine) Advance(at float64) {
	if at < x.clock {
		return
	}
	x.clock, x.now = at, monitor.SecondsTime(at)
	x.elapse(func(q *queue) float64 { return at - q.lateness }, at)
}

// Finish is Advance for a stream that has ended: nothing waits for late events
// any more.
func (x *Engine) Finish(at float64) {
	x.clock, x.now = at, monitor.SecondsTime(at)
	end := after(at) // what happened at that moment is over, too
	x.elapse(func(*queue) float64 { return end }, end)
}

// elapse lets time go on to at, and for rules that wait to what their queue's
// time is then.
func (x *Engine) elapse(asOf func(*queue) float64, at float64) {
	for _, q := range x.waiting {
		for {
			e, ok := q.next(asOf(q))
			if !ok {
				break
			}
			x.ring(&q.timers, e.Timestamp)
			for _, state := range q.rules {
				x.process(state, e)
			}
		}
		x.ring(&q.timers, asOf(q))
	}
	x.ring(&x.timers, at)
}

// ring looks at the keys that are due.
func (x *Engine) ring(timers *timers, at float64) {
	for {
		t, ok := timers.next(at)
		if !ok {
			return
		}
		if t.key.gone || t.key.due != t.at {
			continue
		}
		t.key.due = never
		x.look(t.rule, t.key, t.at)
	}
}

// Drain returns the alerts since it was last asked, in the order in which they
// came about.
func (x *Engine) Drain() []Alert {
	out := x.out
	x.out = nil
	return out
}

// Firing returns what fires now, by rule and key.
func (x *Engine) Firing() []Alert {
	var all []Alert
	for _, state := range x.rules {
		state.each(func(k *key) {
			if k.Firing {
				all = append(all, Alert{Rule: state.rule, Key: k.Name, At: x.clock, Started: k.Started, Firing: true, Text: k.Text})
			}
		})
	}
	slices.SortFunc(all, func(a, b Alert) int {
		if a.Rule != b.Rule {
			return a.Rule.Line - b.Rule.Line
		}
		return strings.Compare(a.Key, b.Key)
	})
	return all
}

// Troubles returns what could not be done, of the rules that had any.
func (x *Engine) Troubles() []Trouble {
	var all []Trouble
	for _, state := range x.rules {
		if t := state.trouble; t.Late+t.Capped+t.Failed > 0 {
			all = append(all, t)
		}
	}
	return all
}

// Keys returns how many keys are remembered, over all rules.
func (x *Engine) Keys() int {
	n := 0
	for _, state := range x.rules {
		n += state.count
	}
	return n
}

// match asks a condition; one that cannot be asked does not match.
func (x *Engine) match(r *Rule, c *condition.Condition, e *monitor.PushedEvent) bool {
	if c == nil {
		return true
	}
	ok, err := c.MatchWith(&x.scratch, e, x.now)
	if err != nil {
		x.failed(r, e, err)
	}
	return ok
}

func (x *Engine) failed(r *Rule, e *monitor.PushedEvent, err error) {
	state := x.byRule[r]
	if state.trouble.Failed++; state.trouble.First == "" {
		state.trouble.First = err.Error() + " (event at " + clock(e.Timestamp) + " of " + e.Service + ")"
	}
}

// process shows an event to a rule.
func (x *Engine) process(state *ruleState, e *monitor.PushedEvent) {
	r := state.rule
	for _, c := range state.selects {
		if !x.match(r, c, e) {
			return
		}
	}
	k := x.key(state, e)
	if k == nil {
		return
	}
	if e.Timestamp < k.Newest && r.ordered() {
		state.trouble.Late++
		return
	}
	k.Newest = max(k.Newest, e.Timestamp)
	if k.Firing && k.Newest >= k.Until {
		x.end(r, k, k.Until)
	}
	if k.Silent {
		k.Silent = false
		if r.NoData == NoDataAlert && k.Firing {
			x.end(r, k, k.Newest)
		}
	}
	got := r.What.add(r, k, e)
	x.current = e
	x.settle(r, k, got, k.Newest)
	x.current = nil
	x.schedule(state, k, k.Newest, got.again)
}

// key returns what the rule knows of the event's key; nil when there are too
// many keys already.
func (x *Engine) key(state *ruleState, e *monitor.PushedEvent) *key {
	if r := state.group.look(e); r != nil && r.keys[state.place] != nil {
		return r.keys[state.place]
	}
	if state.count >= state.rule.MaxKeys {
		state.trouble.Capped++
		return nil
	}
	k := &key{Name: string(state.group.name), First: e.Timestamp, Newest: e.Timestamp, Until: never, engine: x, due: never}
	if _, plain := state.rule.What.(threshold); !plain {
		k.past = &past{}
	}
	state.remember(k)
	return k
}

// settle turns what a measure says into alerts.
func (x *Engine) settle(r *Rule, k *key, got reading, at float64) {
	if got.dated {
		at = got.at
	}
	switch {
	case !got.known:
	case got.happens:
		k.Until = at + r.KeepFiring.Seconds()
		if !k.Firing {
			x.fire(r, k, got, at)
		}
	case got.holds:
		if !k.Holds {
			k.Holds, k.Since = true, at
		}
		k.Until = never
		if !k.Firing && at-k.Since >= r.For.Seconds() {
			x.fire(r, k, got, at)
		}
	default:
		k.Holds = false
		if !k.Firing || !got.ended {
			return
		}
		if k.Until == never {
			k.Until = at + r.KeepFiring.Seconds()
		}
		if at >= k.Until {
			x.end(r, k, k.Until)
		}
	}
}

func (x *Engine) fire(r *Rule, k *key, got reading, at float64) {
	k.Firing, k.Started, k.Text = true, at, got.text
	if got.events == nil && x.current != nil {
		got.events = []*monitor.PushedEvent{x.current}
	}
	x.out = append(x.out, Alert{Rule: r, Key: k.Name, At: at, Firing: true, Started: at, Text: got.text, Events: got.events})
}

func (x *Engine) end(r *Rule, k *key, at float64) {
	x.out = append(x.out, Alert{Rule: r, Key: k.Name, At: at, Started: k.Started, Text: k.Text})
	k.Firing, k.Until, k.Text = false, never, ""
}

// look is what happens to a key without an event.
func (x *Engine) look(state *ruleState, k *key, at float64) {
	r := state.rule
	if at >= k.Newest+orNever(r.Forget.Seconds()) {
		if k.Firing {
			x.end(r, k, at)
		}
		k.gone = true
		state.forget(k)
		return
	}
	if at >= k.Newest+orNever(r.NoDataFor.Seconds()) && !k.Silent {
		k.Silent = true
		x.silence(r, k, at)
	}
	var got reading
	if !k.Silent || r.NoData == NoDataKeep {
		got = r.What.look(r, k, at)
		x.settle(r, k, got, at)
	}
	if k.Firing && at >= k.Until {
		x.end(r, k, k.Until)
	}
	x.schedule(state, k, at, got.again)
}

// silence applies the policy for a key that sends nothing.
func (x *Engine) silence(r *Rule, k *key, at float64) {
	switch {
	case r.NoData == NoDataOK && k.Firing:
		k.Holds = false
		x.end(r, k, at)
	case r.NoData == NoDataAlert && !k.Firing:
		x.fire(r, k, reading{text: "no event for " + span(r.NoDataFor) + ", the last one came at " + clock(k.Newest)}, at)
	}
}

// schedule notes when the key is to be looked at next, unless it will be before
// that anyway.
func (x *Engine) schedule(state *ruleState, k *key, at, again float64) {
	r := state.rule
	due := min(orNever(again), k.Newest+orNever(r.Forget.Seconds()))
	if !k.Silent {
		due = min(due, k.Newest+orNever(r.NoDataFor.Seconds()))
	}
	if k.Firing {
		due = min(due, k.Until)
	}
	if _, plain := r.What.(threshold); k.Holds && !k.Firing && !plain {
		due = min(due, k.Since+r.For.Seconds())
	}
	if due <= at { // rounding; the clock must move
		due = after(at)
	}
	if due >= k.due || due == never {
		return
	}
	timers := &x.timers
	if state.queue != nil {
		timers = &state.queue.timers
	}
	timers.add(timer{due, state, k})
}

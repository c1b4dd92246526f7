package event

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"slices"

	"wingmirror/monitor"
)

// remembered is one rule's part of what Save returns.
type remembered struct{ Keys []rememberedKey }

type rememberedKey struct {
	Key  key
	Past *past
}

// shared is the part that belongs to no single rule.
type shared struct {
	Clock  float64
	Queues []rememberedQueue
}

type rememberedQueue struct {
	Lateness float64
	Released float64
	Events   [][]byte // bodies, in the order of arrival
}

// Save returns everything that the engine remembers, but for alerts that nobody
// has drained. It is Load's opposite.
func (x *Engine) Save() ([]monitor.RuleWindows, error) {
	all := make([]monitor.RuleWindows, 0, len(x.rules)+1)
	common := shared{Clock: x.clock}
	for _, q := range x.waiting {
		saved := rememberedQueue{Lateness: q.lateness, Released: q.released}
		waiting := slices.Clone(q.events.all)
		slices.SortFunc(waiting, func(a, b waitingEvent) int { return int(a.order - b.order) })
		for _, w := range waiting {
			saved.Events = append(saved.Events, w.event.Body)
		}
		common.Queues = append(common.Queues, saved)
	}
	data, err := encode(common)
	if err != nil {
		return nil, err
	}
	all = append(all, monitor.RuleWindows{Data: data})
	for _, state := range x.rules {
		r := remembered{Keys: make([]rememberedKey, 0, state.count)}
		state.each(func(k *key) { r.Keys = append(r.Keys, rememberedKey{*k, k.past}) })
		if data, err = encode(r); err != nil {
			return nil, err
		}
		all = append(all, monitor.RuleWindows{Rule: state.rule.Name, Fingerprint: state.rule.fingerprint, Data: data})
	}
	return all, nil
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	if err := gob.NewEncoder(&out).Encode(v); err != nil {
		return nil, fmt.Errorf("save what rules remember: %w", err)
	}
	return out.Bytes(), nil
}

// Load takes over what an engine remembered, for the rules that read the same,
// and returns the others: those know nothing yet. What cannot be read counts as
// if it were not there.
func (x *Engine) Load(all []monitor.RuleWindows) (fresh []*Rule) {
	byRule := map[string]monitor.RuleWindows{}
	for _, w := range all {
		byRule[w.Rule] = w
	}
	for _, state := range x.rules {
		w, known := byRule[state.rule.Name]
		if !known || w.Fingerprint != state.rule.fingerprint || !x.restore(state, w.Data) {
			fresh = append(fresh, state.rule)
		}
	}
	var common shared
	if gob.NewDecoder(bytes.NewReader(byRule[""].Data)).Decode(&common) != nil {
		return fresh
	}
	x.clock = max(x.clock, common.Clock)
	x.now = monitor.SecondsTime(x.clock)
	for _, saved := range common.Queues {
		for _, q := range x.waiting {
			if q.lateness == saved.Lateness && len(q.events.all) == 0 {
				q.restore(saved)
			}
		}
	}
	return fresh
}

func (q *queue) restore(saved rememberedQueue) {
	for _, body := range saved.Events {
		if e, wrong := decodeOne(body); wrong == "" {
			q.add(&e)
		}
	}
	q.released = saved.Released
}

func (x *Engine) restore(state *ruleState, data []byte) bool {
	var r remembered
	if gob.NewDecoder(bytes.NewReader(data)).Decode(&r) != nil {
		return false
	}
	for _, saved := range r.Keys {
		k := saved.Key
		k.engine, k.past, k.due = x, saved.Past, never
		if _, plain := state.rule.What.(threshold); !plain && k.past == nil {
			k.past = &past{}
		}
		state.remember(&k)
		// What was due is looked at as soon as the clock says anything.
		timers := &x.timers
		if state.queue != nil {
			timers = &state.queue.timers
		}
		timers.add(timer{k.Newest, state, &k})
	}
	return true
}

// only returns a file with some of the rules.
func (f *File) only(rules []*Rule) *File {
	return &File{Severities: f.Severities, Rules: rules}
}

// merge takes what another engine knows of its rules.
func (x *Engine) merge(from *Engine) error {
	saved, err := from.Save()
	if err == nil {
		x.Load(saved)
	}
	return err
}

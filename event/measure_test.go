package event_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"wingmirror/event"
	"wingmirror/monitor"
)

// kinds are rules of every kind with what must come of some events, worked out by
// hand from the description in docs/rules.md.
const kinds = `
severities: {HIGH: {}}
fields: [user, phase, version]
rules:
  - {name: plain, severity: HIGH, condition: component == "D" and value > 3}
  - {name: whole, severity: HIGH, condition: component == "D" and value > 3, group_by: []}
  - {name: long, severity: HIGH, condition: component == "D" and value > 3, for: 2m}
  - {name: stays, severity: HIGH, condition: component == "D" and value > 3, keep_firing_for: 3m}
  - {name: both, severity: HIGH, condition: component == "D" and value > 3, for: 1m, keep_firing_for: 2m}
  - {name: slack, severity: HIGH, condition: component == "D" and value > 3, clear: value < 2}
  - {name: active only, severity: HIGH, condition: component == "D" and value > 3 and active}
  - {name: selected, severity: HIGH, where: component == "D" and value != 9, condition: value > 3}
  - {name: lost, severity: HIGH, condition: component == "D" and value > 3, no_data: alert, no_data_after: 5m, forget_after: 1h}
  - {name: quiet, severity: HIGH, condition: component == "D" and value > 3, no_data: ok, no_data_after: 5m}
  - {name: kept, severity: HIGH, condition: component == "D" and value > 3, no_data: keep, no_data_after: 5m, forget_after: 20m}
  - {name: count, severity: HIGH, condition: component == "D" and value > 3, count: {at_least: 3, within: 5m}}
  - {name: count slack, severity: HIGH, condition: component == "D", count: {above: 2, clear: 0, within: 2m}}
  - {name: few, severity: HIGH, condition: component == "D", count: {below: 2, within: 5m}}
  - {name: rate, severity: HIGH, condition: component == "D", rate: {above: 1, per: 1m, within: 2m}}
  - {name: avg, severity: HIGH, condition: component == "D", aggregate: {by: avg, above: 3, within: 3m, min_events: 2}}
  - {name: p50, severity: HIGH, condition: component == "D", aggregate: {by: p50, at_least: 3, within: 10m}}
  - {name: sum, severity: HIGH, condition: component == "D", aggregate: {by: sum, at_least: 10, within: 3m}}
  - {name: max, severity: HIGH, condition: component == "D", aggregate: {by: max, below: 2, within: 2m}}
  - {name: distinct, severity: HIGH, condition: component == "L", group_by: service, distinct: {of: user, above: 2, within: 5m}}
  - {name: spike, severity: HIGH, condition: component == "D", spike: {times: 2, within: 3m}}
  - {name: dip, severity: HIGH, condition: component == "D", spike: {times: 2, within: 3m, direction: down, min_before: 2, by: sum, of: value}}
  - {name: flat, severity: HIGH, condition: component == "D", flatline: {within: 3m}}
  - {name: change, severity: HIGH, condition: component == "V", change: version, keep_firing_for: 2m}
  - {name: new, severity: HIGH, condition: component == "L", group_by: service, new_value: {of: user, within: 1h, learn: 3m}, keep_firing_for: 1m}
  - {name: steps, severity: HIGH, group_by: user, sequence: {steps: [phase == "a", phase == "b", phase == "c"], within: 5m}, keep_firing_for: 1m}
  - {name: missing, severity: HIGH, group_by: user, missing: {after: phase == "a", expect: phase == "b", within: 5m}}
  - {name: half, severity: HIGH, condition: component == "D" and value > 3, at_least: 50%, min_members: 2}
  - {name: two, severity: HIGH, condition: component == "D" and value > 3, at_least: 2, within: 90s}
tests:
  - {name: the first event that fails ends it, rule: plain, events: [&saw {service: S, server: w, component: D, values: [1, 4, 5, 3, 4]}], alerts: [{key: S/w, at: 1m, ends: 3m}, {key: S/w, at: 4m, ends: never}]}
  - {name: exactly the limit is not above it, rule: plain, events: [{service: S, server: w, component: D, values: [3, 3.0000001]}], alerts: [{key: S/w, at: 1m}]}
  - {name: another component says nothing, rule: plain, events: [{service: S, server: w, component: D, value: 4}, {at: 1m, service: S, server: w, component: E, value: 0}], alerts: [{key: S/w, at: 0s, ends: never}]}
  - {name: servers are apart, rule: plain, events: [*saw, {service: S, server: x, component: D, values: [4]}, {service: T, server: w, component: D, values: [4]}], alerts: [{key: S/w, at: 1m}, {key: S/x, at: 0s}, {key: T/w, at: 0s}, {key: S/w, at: 4m}]}
  - {name: a cluster has no server, rule: plain, events: [{service: S, component: D, values: [4]}], alerts: [{key: S/, at: 0s}]}
  - {name: names with slashes, rule: plain, events: [{service: "S/1", server: "100%", component: D, values: [4]}], alerts: [{key: ["S/1", "100%"], at: 0s}]}
  - {name: one for all, rule: whole, events: [{service: S, server: w, component: D, values: [4]}, {at: 1m, service: T, server: x, component: D, value: 1}], alerts: [{at: 0s, ends: 1m}]}
  - {name: not long enough, rule: long, events: [{service: S, server: w, component: D, values: [4, 4, 1, 4]}], until: 1h, alerts: []}
  - {name: long enough by the event that shows it, rule: long, events: [{service: S, server: w, component: D, values: [4, 4, 4, 1]}], alerts: [{key: S/w, at: 2m, ends: 3m}]}
  - {name: one event is no duration, rule: long, events: [{service: S, server: w, component: D, values: [4]}], until: 30m, alerts: []}
  - {name: fires on for three minutes, rule: stays, events: [{service: S, server: w, component: D, values: [4, 1, _, _, _, 1]}], alerts: [{key: S/w, at: 0s, ends: 4m}]}
  - {name: comes back meanwhile, rule: stays, events: [{service: S, server: w, component: D, values: [4, 1, 4, 1]}], until: 20m, alerts: [{key: S/w, at: 0s, ends: 6m}]}
  - {name: a delay at both ends, rule: both, events: [{service: S, server: w, component: D, values: [4, 4, 1, 1]}], until: 20m, alerts: [{key: S/w, at: 1m, ends: 4m}]}
  - {name: between the limits nothing changes, rule: slack, events: [{service: S, server: w, component: D, values: [2.5, 4, 2.5, 3, 1.9, 2.5]}], alerts: [{key: S/w, at: 1m, ends: 4m}]}
  - {name: a server that is put out of service, rule: active only, events: [{service: S, server: w, component: D, values: [4]}, {at: 1m, service: S, server: w, component: D, value: 4, active: false}], alerts: [{key: S/w, at: 0s, ends: 1m}]}
  - {name: what where leaves out says nothing, rule: selected, events: [{service: S, server: w, component: D, values: [4, 9, 1]}], alerts: [{key: S/w, at: 0s, ends: 2m}]}
  - {name: silence is an alert, rule: lost, events: [{service: S, server: w, component: D, values: [1, _, _, _, _, _, _, _, 1]}], alerts: [{key: S/w, at: 5m, ends: 8m}]}
  - {name: and ends when it is forgotten, rule: lost, events: [{service: S, server: w, component: D, values: [1]}], until: 3h, alerts: [{key: S/w, at: 5m, ends: 1h}]}
  - {name: silence ends it, rule: quiet, events: [{service: S, server: w, component: D, values: [4]}], until: 1h, alerts: [{key: S/w, at: 0s, ends: 5m}]}
  - {name: silence changes nothing, rule: kept, events: [{service: S, server: w, component: D, values: [4]}], until: 19m, alerts: [{key: S/w, at: 0s, ends: never}]}
  - {name: but it is forgotten, rule: kept, events: [{service: S, server: w, component: D, values: [4]}], until: 1h, alerts: [{key: S/w, at: 0s, ends: 20m}]}
  - {name: three in five minutes, rule: count, events: [{service: S, server: w, component: D, values: [4, 4, 1, 4]}], until: 30m, alerts: [{key: S/w, at: 3m, ends: 5m}]}
  - {name: an event leaves when it is as old as the window, rule: count, events: [{service: S, server: w, component: D, values: [4, _, 4, _, _, 4]}], alerts: []}
  - {name: in no order, rule: count, events: [{at: 3m, service: S, server: w, component: D, value: 4}, {at: 1m, service: S, server: w, component: D, value: 4}, {at: 2m, service: S, server: w, component: D, value: 4}], until: 30m, alerts: [{key: S/w, at: 3m, ends: 6m}]}
  - {name: at one moment, rule: count, events: [{service: S, server: w, component: D, value: 4}, {service: S, server: w, component: D, value: 5}, {service: S, server: w, component: D, value: 6}], alerts: [{key: S/w, at: 0s}]}
  - {name: down to the number that clears it, rule: count slack, events: [{service: S, server: w, component: D, every: 30s, values: [1, 1, 1]}], until: 30m, alerts: [{key: S/w, at: 1m, ends: 3m}]}
  - {name: too few, rule: few, events: [{service: S, server: w, component: D, values: [1, 1]}], until: 3m, alerts: [{key: S/w, at: 0s, ends: 1m}]}
  - {name: three in two minutes are more than one a minute, rule: rate, events: [{service: S, server: w, component: D, every: 30s, values: [1, 1, 1]}], until: 30m, alerts: [{key: S/w, at: 1m, ends: 2m}]}
  - {name: an average of two or more, rule: avg, events: [{service: S, server: w, component: D, values: [9, 1, 1, 1]}], alerts: [{key: S/w, at: 1m, ends: 3m}]}
  - {name: the middle, rule: p50, events: [{service: S, server: w, component: D, values: [1, 5, 5, 1, 1]}], alerts: [{key: S/w, at: 2m, ends: 3m}]}
  - {name: a sum falls as time passes, rule: sum, events: [{service: S, server: w, component: D, values: [6, 4]}], until: 30m, alerts: [{key: S/w, at: 1m, ends: 3m}]}
  - {name: the largest, rule: max, events: [{service: S, server: w, component: D, values: [5, 1, 1, 1]}], until: 3m, alerts: [{key: S/w, at: 2m, ends: never}]}
  - {name: three users, rule: distinct, events: [{service: S, component: L, user: a}, {at: 1m, service: S, component: L, user: a}, {at: 2m, service: S, component: L, user: b}, {at: 3m, service: S, component: L, user: ü}, {at: 4m, service: S, component: L}], until: 30m, alerts: [{key: S, at: 3m, ends: 6m}]}
  - {name: a number and its text are one value, rule: distinct, events: [{service: S, component: L, user: 1}, {service: S, component: L, user: "1"}, {service: S, component: L, user: 2}], alerts: []}
  - {name: twice as many, rule: spike, events: [{service: S, server: w, component: D, values: [1, 1, 1, 1, 1, 1, 1]}, {at: 361s, service: S, server: w, component: D, every: 1s, values: [1, 1, 1]}], until: 362s, alerts: [{key: S/w, at: 363s, ends: never}]}
  - {name: half as much, rule: dip, events: [{service: S, server: w, component: D, values: [4, 4, 4, 4, 1, 1, 1]}], alerts: [{key: S/w, at: 6m}]}
  - {name: nothing any more, rule: flat, events: [{service: S, server: w, component: D, values: [1, 1, _, _, _, _, 1]}], until: 7m, alerts: [{key: S/w, at: 4m, ends: 6m}]}
  - {name: the first value is no change, rule: change, events: [{service: S, server: w, component: V, version: 1}, {at: 1m, service: S, server: w, component: V}, {at: 2m, service: S, server: w, component: V, version: 1}, {at: 3m, service: S, server: w, component: V, version: 2}], until: 9m, alerts: [{key: S/w, at: 3m, ends: 5m}]}
  - {name: another change goes on, rule: change, events: [{service: S, server: w, component: V, version: a}, {at: 1m, service: S, server: w, component: V, version: b}, {at: 2m, service: S, server: w, component: V, version: a}], until: 9m, alerts: [{key: S/w, at: 1m, ends: 4m}]}
  - {name: what is learnt is not new, rule: new, events: [{service: S, component: L, user: a}, {at: 2m, service: S, component: L, user: b}, {at: 4m, service: S, component: L, user: b}, {at: 5m, service: S, component: L, user: c}, {at: 2h, service: S, component: L, user: a}], until: 3h, alerts: [{key: S, at: 5m, ends: 6m}, {key: S, at: 2h, ends: 121m}]}
  - {name: in order, rule: steps, events: [{service: S, component: x, user: u, phase: a}, {at: 1m, service: S, component: x, user: u, phase: b}, {at: 2m, service: S, component: x, user: v, phase: c}, {at: 5m, service: S, component: x, user: u, phase: c}], until: 9m, alerts: [{key: u, at: 5m, ends: 6m}]}
  - {name: too slow, rule: steps, events: [{service: S, component: x, user: u, phase: a}, {at: 1m, service: S, component: x, user: u, phase: b}, {at: 301s, service: S, component: x, user: u, phase: c}], alerts: []}
  - {name: not in order, rule: steps, events: [{service: S, component: x, user: u, phase: b}, {at: 1m, service: S, component: x, user: u, phase: a}, {at: 2m, service: S, component: x, user: u, phase: c}], alerts: []}
  - {name: the newest beginning counts, rule: steps, events: [{service: S, component: x, user: u, phase: a}, {at: 4m, service: S, component: x, user: u, phase: a}, {at: 5m, service: S, component: x, user: u, phase: b}, {at: 8m, service: S, component: x, user: u, phase: c}], until: 9m, alerts: [{key: u, at: 8m}]}
  - {name: it did not follow, rule: missing, events: [{service: S, component: x, user: u, phase: a}, {at: 8m, service: S, component: x, user: u, phase: b}], until: 9m, alerts: [{key: u, at: 5m, ends: 8m}]}
  - {name: just in time, rule: missing, events: [{service: S, component: x, user: u, phase: a}, {at: 5m, service: S, component: x, user: u, phase: b}], until: 9m, alerts: []}
  - {name: half of two, rule: half, events: [{service: S, server: a, component: D, value: 4}, {service: S, server: b, component: D, value: 1}, {at: 1m, service: S, server: a, component: D, value: 1}, {at: 1m, service: S, server: b, component: D, value: 1}], until: 3m, alerts: [{key: S, at: 0s, ends: 1m}]}
  - {name: an inactive server is none of the two, rule: half, events: [{service: S, server: a, component: D, value: 4}, {service: S, server: b, component: D, value: 1, active: false}], until: 3m, alerts: []}
  - {name: two at nearly one time, rule: two, events: [{service: S, server: a, component: D, value: 4}, {at: 80s, service: S, server: b, component: D, value: 4}], until: 5m, alerts: [{key: S, at: 80s, ends: 90s}]}
  - {name: two too far apart, rule: two, events: [{service: S, server: a, component: D, value: 4}, {at: 91s, service: S, server: b, component: D, value: 4}], until: 5m, alerts: []}
  - {name: one server twice is one, rule: two, events: [{service: S, server: a, component: D, value: 4}, {at: 10s, service: S, server: a, component: D, value: 4}], until: 5m, alerts: []}
`

func TestRules_FireAndEndAsDescribed(t *testing.T) {
	file, err := event.Load(kinds, event.LoadOptions{})
	if err != nil {
		for _, wrong := range monitor.AllFieldErrors(err) {
			t.Errorf("%d:%d %v", wrong.Line, wrong.Column, wrong)
		}
		return
	}
	for _, result := range event.RunTests(t.Context(), file) {
		if len(result.Wrong) > 0 {
			t.Errorf("%s (%v):\n  %s", result.Test.Name, result.Test.Rules, strings.Join(result.Wrong, "\n  "))
		}
	}
}

// TestEngine_CountsBeyondWhatAWindowHolds pushes 12,000 events, ten a second. When
// an old one leaves a full window is known to some thousandth of it.
func TestEngine_CountsBeyondWhatAWindowHolds(t *testing.T) {
	for rule, want := range map[string][]float64{ // when it fires, when it ends
		`count: {above: 11000, within: 30m}`:                            {1100, 1900},
		`rate: {at_least: 6, per: 1s, within: 30m}`:                     {1079.9, 1920},
		`aggregate: {of: value, by: sum, at_least: 11006, within: 30m}`: {1099.9, 1800 + 5 + 94},
		`aggregate: {of: value, by: max, at_least: 7, within: 30m}`:     {5, 1805},
		`spike: {times: 1.5, within: 20m}`:                              nil, // the window before is not all there
	} {
		x := event.NewEngine(load(t, "rules: [{name: r, severity: HIGH, group_by: [], condition: value > 0, "+rule+"}]"))
		for i := range 12_000 {
			e := at(float64(i)/10, "Disk", 1)
			if i == 50 {
				e.Value = 7
			}
			x.Advance(e.Timestamp)
			x.Add(e)
		}
		x.Advance(5000)
		var got []float64
		for _, a := range x.Drain() {
			got = append(got, a.At)
		}
		near := func(a, b float64) bool { return math.Abs(a-b) < 3 }
		if !slices.EqualFunc(got, want, near) {
			t.Errorf("%s: fired and ended at %v, want %v", rule, got, want)
		}
	}
}

func TestEngine_KeysOfLargeNumbersAreTheirDigits(t *testing.T) {
	x := event.NewEngine(load(t, `rules: [{name: r, severity: HIGH, group_by: [order], condition: value > 0}, {name: own, severity: HIGH, group_by: [], condition: id > 6 and id < 8}]`))
	for _, order := range []string{"9007199254740992", "9007199254740993", "9007199254740993"} {
		batch, err := event.Decode([]byte(`{"service": "S", "component": "c", "value": 1, "timestamp": 1, "active": true, "id": 7, "order": ` + order + `}`))
		if err != nil || len(batch.Events) != 1 || batch.Events[0].ID != "7" {
			t.Fatal(batch, err)
		}
		x.Add(&batch.Events[0])
	}
	if got := told(x.Drain()); got != "r 9007199254740992 fired 1; own  fired 1; r 9007199254740993 fired 1" {
		t.Errorf("got %s", got)
	}
}

func TestEngine_TellsLongValuesApart(t *testing.T) {
	x := event.NewEngine(load(t, `rules: [{name: r, severity: HIGH, group_by: [path], condition: value > 0}]`))
	for _, end := range []string{"a", "b", "a"} {
		text := fmt.Sprintf(`{"service": "S", "component": "c", "value": 1, "timestamp": 1, "active": true, "path": %q}`, strings.Repeat("x", 500)+end)
		batch, err := event.Decode([]byte(text))
		if err != nil || len(batch.Events) != 1 {
			t.Fatal(batch, err)
		}
		x.Add(&batch.Events[0])
	}
	if x.Keys() != 2 {
		t.Errorf("%d keys, want 2", x.Keys())
	}
}

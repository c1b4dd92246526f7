package event_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"wingmirror/event"
	"wingmirror/monitor"
)

func load(t testing.TB, text string) *event.File {
	t.Helper()
	file, err := event.Load("severities: {HIGH: {}}\n"+text, event.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// at makes an event of web1 at a time.
func at(seconds float64, component string, value float64) *monitor.PushedEvent {
	return &monitor.PushedEvent{Timestamp: seconds, Service: "Shop", Server: "web1", Component: component, Value: value, Active: true}
}

// told writes alerts as "rule key fired 60" and "rule key ended 120".
func told(alerts []event.Alert) string {
	var out []string
	for _, a := range alerts {
		word := "ended"
		if a.Firing {
			word = "fired"
		}
		out = append(out, fmt.Sprintf("%s %s %s %g", a.Rule.Name, a.Key, word, a.At))
	}
	return strings.Join(out, "; ")
}

func TestEngine_AnEventThatIsOlderThanItsKeySaysNothing(t *testing.T) {
	x := event.NewEngine(load(t, `rules: [{name: disk, severity: HIGH, condition: component == "Disk" and value > 0.9}]`))
	x.Add(at(60, "Disk", 0.95))
	x.Add(at(0, "Disk", 0.1))
	if got := told(x.Drain()); got != "disk Shop/web1 fired 60" {
		t.Errorf("got %s", got)
	}
	if troubles := x.Troubles(); len(troubles) != 1 || troubles[0].Late != 1 {
		t.Errorf("troubles %+v", troubles)
	}
}

func TestEngine_WaitsForLateEvents(t *testing.T) {
	x := event.NewEngine(load(t, `rules: [{name: disk, severity: HIGH, lateness: 30s, condition: component == "Disk" and value > 0.9, for: 1m}]`))
	x.Advance(100)
	x.Add(at(100, "Disk", 0.95))
	x.Add(at(60, "Disk", 0.95)) // too late
	x.Add(at(80, "Disk", 0.1))
	x.Advance(129)
	x.Add(at(99.5, "Disk", 0.95)) // within 30 s, but before what comes next
	x.Advance(190)
	x.Add(at(160, "Disk", 0.95))
	x.Advance(191)
	if got := told(x.Drain()); got != "disk Shop/web1 fired 160" {
		t.Errorf("got %s", got)
	}
	if troubles := x.Troubles(); len(troubles) != 1 || troubles[0].Late != 1 {
		t.Errorf("troubles %+v", troubles)
	}
}

func TestEngine_HasNoMoreKeysThanAllowed(t *testing.T) {
	x := event.NewEngine(load(t, `rules: [{name: disk, severity: HIGH, max_keys: 2, condition: value > 0.9}]`))
	for _, part := range []string{"a", "b", "c", "a"} {
		x.Add(at(60, part, 1))
	}
	if x.Keys() != 2 || x.Troubles()[0].Capped != 1 {
		t.Errorf("keys %d, troubles %+v", x.Keys(), x.Troubles())
	}
}

func TestEngine_ForgetsSilentKeys(t *testing.T) {
	x := event.NewEngine(load(t, `rules: [{name: disk, severity: HIGH, forget_after: 1h, condition: component == "Disk" and value > 0.9}]`))
	x.Add(at(60, "Disk", 1))
	x.Advance(3659)
	if x.Keys() != 1 {
		t.Fatalf("keys %d", x.Keys())
	}
	x.Advance(3660)
	if got := told(x.Drain()); got != "disk Shop/web1 fired 60; disk Shop/web1 ended 3660" || x.Keys() != 0 {
		t.Errorf("got %s, keys %d", got, x.Keys())
	}
}

func TestEngine_WhatCannotBeAskedIsTrouble(t *testing.T) {
	x := event.NewEngine(load(t, `rules: [{name: r, severity: HIGH, condition: region > 3}]`))
	e := at(60, "Disk", 1)
	e.More = monitor.PushedEvent{}.More
	x.Add(e)
	if len(x.Troubles()) != 0 {
		t.Errorf("null is no trouble: %+v", x.Troubles())
	}
	batch, _ := event.Decode([]byte(`{"service": "S", "component": "c", "value": 1, "timestamp": 1, "active": true, "region": "eu"}`))
	x.Add(&batch.Events[0])
	if all := x.Troubles(); len(all) != 1 || all[0].Failed != 1 || !strings.Contains(all[0].First, "cannot compare a text with a number") {
		t.Errorf("troubles %+v", all)
	}
}

func TestEngine_KeysEscapeWhatWouldMakeTwoOne(t *testing.T) {
	key := event.JoinKey([]string{"a/b", "c%"})
	if got := event.SplitKey(key); key != "a%2Fb/c%25" || got[0] != "a/b" || got[1] != "c%" {
		t.Errorf("key %s, split %q", key, got)
	}
}

func TestFile_FindsTheRuleOfASubject(t *testing.T) {
	file := load(t, `rules: [{name: a, severity: HIGH, condition: value > 1}, {name: a/b, severity: HIGH, condition: value > 1}]`)
	for _, key := range []string{"", "x/y"} {
		rule := file.Rules[1]
		found, got := file.Find(rule.Subject(key))
		if found != rule || got != key {
			t.Errorf("%q: found %v, key %q", key, found, got)
		}
	}
}

// mixedRules are a hundred rules over twenty components: ten of each of five kinds,
// and fifty about single events.
func mixedRules() string {
	var out strings.Builder
	out.WriteString("rules:\n")
	kinds := []string{
		"", "\n    for: 5m", "\n    clear: value < 0.3", "\n    keep_firing_for: 5m", "\n    no_data: ok\n    no_data_after: 1h",
		"\n    count: {above: 30, within: 5m}", "\n    aggregate: {by: avg, above: 0.99, within: 5m, min_events: 3}",
		"\n    rate: {above: 2, per: 1s, within: 5m}", "\n    flatline: {within: 10m}", "\n    change: {of: active}",
	}
	for i := range 100 {
		fmt.Fprintf(&out, "  - name: rule %d\n    severity: HIGH\n    condition: component == \"c%d\" and value > 0.%d and active\n    group_by: [service, server]%s\n",
			i, i%20, 5+i%5, kinds[i/10])
	}
	return out.String()
}

// BenchmarkEngine is one event through a hundred rules, with ten thousand servers
// of twenty components: each event is one that five rules are about.
func BenchmarkEngine(b *testing.B) { benchmarkEngine(b, mixedRules(), 20) }

// BenchmarkEngine_EveryRule is one event that all of a hundred rules are about,
// half of them with windows, with ten thousand servers.
func BenchmarkEngine_EveryRule(b *testing.B) {
	var rules strings.Builder
	rules.WriteString("rules:\n")
	for i := range 100 {
		kind := []string{"", "\n    count: {above: 30, within: 5m}"}[i%2]
		fmt.Fprintf(&rules, "  - name: rule %d\n    severity: HIGH\n    condition: component == \"c0\" and value > 0.%d and active\n    group_by: [service, server]%s\n", i, 5+i%5, kind)
	}
	benchmarkEngine(b, rules.String(), 1)
}

func benchmarkEngine(b *testing.B, rules string, components int) {
	const servers = 10_000
	x := event.NewEngine(load(b, rules))
	events := make([]*monitor.PushedEvent, servers*components)
	for i := range events {
		server := i / components
		events[i] = &monitor.PushedEvent{
			Service: fmt.Sprintf("service%d", server%100), Server: fmt.Sprintf("server%d", server), Component: fmt.Sprintf("c%d", i%components),
			Value: float64(i*7919%1000) / 1000, Active: true,
		}
	}
	clock, i := 0.0, 0
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if i%len(events) == 0 {
			clock += 60
			x.Advance(clock)
		}
		e := *events[i%len(events)]
		e.Timestamp = clock
		x.Add(&e)
		i++
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(x.Keys()), "keys")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(max(x.Keys(), 1)), "B/key")
	runtime.KeepAlive(x)
}

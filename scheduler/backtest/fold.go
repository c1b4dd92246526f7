package backtest

import (
	"time"

	"wingmirror/monitor"
)

// Fold decides about outcomes that are known already, such as those of live runs
// or of a shadow, as Run would: it is Run without the evaluations. Outcomes are in
// order of time.
func Fold(m monitor.Monitor, decide Decide, outcomes []monitor.Outcome, from, until time.Time) Result {
	r := Result{Monitor: m, From: from, Until: until, Ticks: len(outcomes), Faults: map[monitor.Fault]int{}}
	state := monitor.State{Subject: m.Subject()}
	for _, o := range outcomes {
		change := decide(state, o)
		state = change.State
		r.take(o, change)
	}
	return r
}

// Lane sums up what runs saw, by their times in seconds since the epoch and a
// letter each, to at most 2,000 stretches.
func Lane(times []int64, seen []byte, from, until time.Time) []SpanReport {
	return Result{Times: times, Seen: seen, From: from, Until: until, Runs: len(times), Ticks: len(times)}.lane()
}

// Variants returns copies of a monitor, one for each value, made by set.
func Variants(m monitor.Monitor, values []float64, set func(m *monitor.Monitor, value float64)) []monitor.Monitor {
	all := make([]monitor.Monitor, len(values))
	for i, v := range values {
		all[i] = m
		set(&all[i], v)
	}
	return all
}

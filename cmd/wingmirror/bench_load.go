package main

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/store"
)

// The scripts of a bench. benchScript is the reference's example of with_metrics.
const (
	benchScript = `let impressions = 0, conversions = 0, rate = 0
with_metrics((a, b) => {
  impressions += a.value
  conversions += b.value
  rate = conversions / impressions * 100
  graph_value("Conversion Rate", a.timestamp, rate)
})
puts(rate)
if (rate < 0) throw "The conversion rate has dropped below 0%"
`
	benchHang    = `for (;;) {}`
	benchExhaust = `const all = []
for (;;) all.push("x".repeat(1 << 27) + all.length)
`
)

// benchLoad is the monitors of a measurement, by id.
type benchLoad struct {
	monitors []monitor.Monitor
	hostile  map[int64]bool
}

// fill stores the monitors.
func (b benchPlan) fill(ctx context.Context, p process, db *store.DB) (*benchLoad, error) {
	load := &benchLoad{hostile: map[int64]bool{}}
	begun := time.Now()
	for i := range b.monitors {
		script := b.script(i)
		m, err := db.CreateMonitor(ctx, monitor.Monitor{
			Name: fmt.Sprintf("bench %06d", i), Schedule: b.schedule, Minutes: 60, Script: script, Active: true,
			Targets: []string{fmt.Sprintf("stats.app%06d.impressions", i), fmt.Sprintf("stats.app%06d.conversions", i)},
		}, benchCommand, begun)
		if err != nil {
			return nil, err
		}
		load.monitors = append(load.monitors, m)
		if script != benchScript {
			load.hostile[m.ID] = true
		}
		if time.Since(begun) > 5*time.Second && i%20_000 == 0 {
			fmt.Fprintf(p.stderr, "%d of %d monitors stored\n", i, b.monitors)
		}
	}
	return load, nil
}

// script spreads the hostile ones evenly, both kinds half a stride apart.
func (b benchPlan) script(i int) string {
	chosen := func(part share, shift float64) bool {
		before := math.Floor(float64(i)*float64(part) + shift)
		return math.Floor(float64(i+1)*float64(part)+shift) > before
	}
	switch {
	case chosen(b.hang, 0):
		return benchHang
	case chosen(b.exhaust, 0.5):
		return benchExhaust
	}
	return benchScript
}

// benchRun is one run that has been stored.
type benchRun struct {
	monitor int64
	at      time.Time
	late    time.Duration // from then to the start of the script's turn
	stored  time.Duration // from then until everything about it was stored
	fault   monitor.Fault
}

// benchWatch notes what passes on its way to the desk.
type benchWatch struct {
	next scheduler.Desk
	load *benchLoad

	mu   sync.Mutex
	runs []benchRun
	seen map[int64]bool // monitors that have run
}

// Record hands on, and notes when the run was stored.
func (w *benchWatch) Record(ctx context.Context, m monitor.Monitor, e scheduler.Evaluation) (again time.Time, err error) {
	again, err = w.next.Record(ctx, m, e)
	run := benchRun{monitor: m.ID, at: e.Outcome.At, fault: e.Outcome.Fault}
	run.late, run.stored = e.Started.Sub(run.at), time.Since(run.at)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.runs = append(w.runs, run)
	}
	if w.seen != nil {
		w.seen[m.ID] = true
	}
	return again, err
}

// warm reports whether every good monitor has run since the start. Once that is
// so, nobody asks again.
func (w *benchWatch) warm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[int64]bool{}
		for _, r := range w.runs {
			w.seen[r.monitor] = true
		}
	}
	for _, m := range w.load.monitors {
		if !w.seen[m.ID] && !w.load.hostile[m.ID] {
			return false
		}
	}
	w.seen = nil
	return true
}

// between returns the runs that were scheduled from one time until before another.
func (w *benchWatch) between(from, until time.Time) []benchRun {
	w.mu.Lock()
	defer w.mu.Unlock()
	var some []benchRun
	for _, r := range w.runs {
		if !r.at.Before(from) && r.at.Before(until) {
			some = append(some, r)
		}
	}
	return some
}

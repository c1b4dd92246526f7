package scheduler

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"wingmirror/monitor"
)

// idle is a world that costs nothing, so that what is measured is the scheduler.
type idle struct {
	left atomic.Int64
	end  chan struct{}
}

func (*idle) Window(time.Time, int) monitor.Window { return monitor.Window{} }

func (*idle) Fetch(_ context.Context, _ monitor.Window, targets []string) []monitor.Fetched {
	results := make([]monitor.Fetched, len(targets))
	for i, target := range targets {
		results[i] = monitor.Fetched{Target: target, Status: monitor.StatusOK}
	}
	return results
}

func (*idle) Run(context.Context, monitor.Input) (monitor.Result, error) {
	return monitor.Result{Level: monitor.OK}, nil
}

func (*idle) Claim(_ context.Context, _ time.Time, ids []int64) (map[int64]monitor.Previous, error) {
	won := make(map[int64]monitor.Previous, len(ids))
	for _, id := range ids {
		won[id] = monitor.Previous{}
	}
	return won, nil
}

func (w *idle) Record(context.Context, monitor.Monitor, Evaluation) (time.Time, error) {
	if w.left.Add(-1) == 0 {
		close(w.end)
	}
	return time.Time{}, nil
}

// specsOf returns as many different specs as there are cohorts, all of them due
// at the second that is given.
func specsOf(cohorts int, at time.Time) []string {
	specs := make([]string, cohorts)
	for n := range specs {
		spec := fmt.Sprintf("%d %d %d", at.Second(), at.Minute(), at.Hour())
		for bit := range 20 {
			if n>>bit&1 == 1 {
				spec += fmt.Sprintf(",%d", (at.Hour()+1+bit)%24)
			}
		}
		specs[n] = spec + " * * *"
	}
	return specs
}

// BenchmarkLateness makes monitors due at one second of the real clock and
// reports how late their scripts' turns came.
func BenchmarkLateness(b *testing.B) {
	for _, size := range []struct{ monitors, cohorts int }{
		{1_000, 1}, {10_000, 1}, {10_000, 1_000}, {50_000, 1}, {50_000, 1_000}, {10_000, 10_000},
	} {
		b.Run(fmt.Sprintf("monitors=%d/cohorts=%d", size.monitors, size.cohorts), func(b *testing.B) {
			for b.Loop() {
				stats := burst(b, size.monitors, size.cohorts)
				if got := stats.Cohorts; got > size.cohorts {
					b.Fatalf("%d cohorts", got)
				}
				b.ReportMetric(float64(stats.P50)/1e6, "p50-ms")
				b.ReportMetric(float64(stats.P99)/1e6, "p99-ms")
				b.ReportMetric(float64(stats.Cohorts), "cohorts")
			}
		})
	}
}

func burst(b *testing.B, monitors, cohorts int) Stats {
	b.Helper()
	w := &idle{end: make(chan struct{})}
	w.left.Store(int64(monitors))
	s, err := New(Options{Fetcher: w, Runner: w, Ledger: w, Desk: w})
	if err != nil {
		b.Fatal(err)
	}
	at := time.Now().UTC().Truncate(time.Second).Add(5 * time.Second)
	specs := specsOf(cohorts, at)
	all := make([]monitor.Monitor, monitors)
	for i := range all {
		all[i] = monitorOf(int64(i+1), specs[i%len(specs)])
		all[i].Targets = []string{fmt.Sprintf("a.%d", i), fmt.Sprintf("b.%d", i)}
	}
	mustStart(b, s, nil)
	mustApply(b, s, all...)
	if time.Until(at) < 500*time.Millisecond {
		b.Skip("too slow to set up")
	}
	select {
	case <-w.end:
	case <-time.After(30 * time.Second):
		b.Fatalf("after 30 s: %+v", s.Stats())
	}
	stats := s.Stats()
	if err := s.Stop(b.Context()); err != nil {
		b.Fatal(err)
	}
	return stats
}

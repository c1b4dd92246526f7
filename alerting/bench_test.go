package alerting

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

// BenchmarkDecide_Steady is the cost of deciding that nothing changed.
func BenchmarkDecide_Steady(b *testing.B) {
	terms := repeatEvery(time.Hour)
	terms.Policy = terms.Policy.Or(monitor.DefaultPolicy())
	state := Decide(monitor.State{Subject: monitor.MonitorSubject(7)}, outcome(noon, "ok"), terms).State
	next := outcome(noon.Add(time.Minute), "ok")
	for b.Loop() {
		if change := Decide(state, next, terms); change.Kind != none {
			b.Fatal(change.Kind)
		}
	}
}

// BenchmarkDesk_Steady is what alerting adds to a run that changes nothing, with
// a ledger that stores nothing: deciding, and composing the commit.
func BenchmarkDesk_Steady(b *testing.B) {
	desk := NewDesk(DeskOptions{Ledger: nowhere{}})
	m := monitor.Monitor{ID: 7, Alerts: ops}
	i := 0
	for b.Loop() {
		if _, err := desk.Record(b.Context(), finished(m, i, "ok")); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

type nowhere struct{}

func (nowhere) State(_ context.Context, s monitor.Subject) (monitor.State, error) {
	return monitor.State{Subject: s}, nil
}
func (nowhere) Commit(context.Context, monitor.Commit) error { return nil }

// BenchmarkOutbox_Notices is notices per second through the real outbox on disk:
// fired, stored, read, delivered to a channel that takes no time, and marked.
func BenchmarkOutbox_Notices(b *testing.B) {
	db, err := store.Open(b.Context(), store.Options{Path: filepath.Join(b.TempDir(), "bench.db"), Now: func() time.Time { return noon }})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	monitors := make([]monitor.Monitor, 200)
	for i := range monitors {
		monitors[i] = createMonitor(b, db, fmt.Sprintf("mailto:%d@example.com", i))
	}
	desk := newDesk(db)
	var delivered atomic.Int64
	all := make(chan struct{})
	want := int64(b.N)
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	dispatcher := NewDispatcher(DispatcherOptions{Outbox: db, Channels: map[string]Channel{
		"mailto": channelFunc(func(context.Context, monitor.Notice) error {
			if delivered.Add(1) == want {
				close(all)
			}
			return nil
		}),
	}})
	b.ResetTimer()
	running.Go(func() { dispatcher.Run(ctx) })
	var recording sync.WaitGroup
	for w := range 16 {
		recording.Go(func() { // each monitor fires and recovers in turn, a notice each time
			for n := w; n < b.N; n += 16 {
				m, tick := monitors[n%16+16*(n/16%12)], n/192
				if _, err := desk.Record(ctx, finished(m, tick, []string{"critical", "ok"}[tick%2])); err != nil {
					b.Error(err)
				}
			}
		})
	}
	recording.Wait()
	<-all
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notices/s")
	cancel()
	running.Wait()
}

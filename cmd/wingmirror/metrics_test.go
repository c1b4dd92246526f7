package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wingmirror/graphite"
	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
)

type stillness struct{}

func (stillness) ActiveCount(context.Context) (int64, int64, error) { return 3, 2, nil }

func (stillness) NoticeCounts(context.Context) (map[monitor.NoticeStatus]int64, error) {
	return nil, nil
}

type counted[S any] struct{ stats S }

func (c counted[S]) Stats() S { return c.stats }

// oneDown is a book with one heartbeat, which is missing.
type oneDown struct{ counted[heartbeat.Stats] }

func (oneDown) Levels() map[monitor.Level]int { return map[monitor.Level]int{monitor.Critical: 1} }

func TestMetrics_TellWhatRunsCost(t *testing.T) {
	costs := scheduler.Costs{
		CPU:      scheduler.Histogram{Bounds: []time.Duration{time.Millisecond, 2 * time.Millisecond}, Counts: []uint64{4, 1, 1}, Sum: 9 * time.Millisecond, Count: 6},
		Memory:   scheduler.Sizes{Bounds: []int64{1024}, Counts: []uint64{5, 1}, Sum: 7000},
		PointsIn: 720, PointsOut: 60, OutputBytes: 99,
	}
	handler := metricsHandler(vitals{
		scheduler: counted[scheduler.Stats]{scheduler.Stats{Cost: costs}}, graphite: counted[graphite.Stats]{}, sandbox: counted[sandbox.Stats]{}, heartbeats: oneDown{},
		database: stillness{}, log: slog.New(slog.DiscardHandler),
	}, func(*http.Request) bool { return true })
	out := httptest.NewRecorder()
	handler.ServeHTTP(out, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`wingmirror_run_cpu_seconds_bucket{le="0.002"} 5`, `wingmirror_run_cpu_seconds_count 6`, `wingmirror_run_cpu_seconds_sum 0.009`,
		`wingmirror_run_memory_bytes_bucket{le="1024"} 5`, `wingmirror_run_points_total{direction="in"} 720`, `wingmirror_run_output_bytes_total 99`,
		`wingmirror_heartbeats{level="critical"} 1`,
	} {
		if !strings.Contains(out.Body.String(), line+"\n") {
			t.Errorf("the answer lacks %s", line)
		}
	}
}

package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"wingmirror/board"
	"wingmirror/graphite"
	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
)

// vitals are the parts of a running server that count what they do.
type vitals struct {
	scheduler  interface{ Stats() scheduler.Stats }
	graphite   interface{ Stats() graphite.Stats }
	sandbox    interface{ Stats() sandbox.Stats }
	heartbeats interface {
		Stats() heartbeat.Stats
		Levels() map[monitor.Level]int
	}
	database interface {
		ActiveCount(context.Context) (all, active int64, err error)
		NoticeCounts(context.Context) (map[monitor.NoticeStatus]int64, error)
	}
	board  *board.Board // nil: there is none
	detail bool         // who asks may read the board: each component is told
	log    *slog.Logger
}

// metricsHandler serves the vitals in Prometheus's text format: counts to
// everybody, and components by name to those who may read the board.
func metricsHandler(v vitals, readsBoard func(*http.Request) bool) http.Handler {
	serve := func(detail bool) http.Handler {
		own := v
		own.detail = detail
		registry := prometheus.NewRegistry()
		registry.MustRegister(own, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
		return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	}
	counts, all := serve(false), serve(true)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if readsBoard(r) {
			all.ServeHTTP(w, r)
			return
		}
		counts.ServeHTTP(w, r)
	})
}

// Describe says nothing, which makes v an unchecked collector: what it collects
// is all there is to know.
func (v vitals) Describe(chan<- *prometheus.Desc) {}

// Collect reads every part once.
func (v vitals) Collect(out chan<- prometheus.Metric) {
	s := sink(out)
	v.collectScheduler(s)
	v.collectGraphite(s)
	v.collectSandbox(s)
	v.collectHeartbeats(s)
	v.collectDatabase(s)
	if v.board != nil {
		collectBoard(s, v.board.Look(), v.detail)
	}
}

type sink chan<- prometheus.Metric

func (s sink) counter(name, help string, value float64, labels ...string) {
	s.send(prometheus.CounterValue, name, help, value, labels)
}

func (s sink) gauge(name, help string, value float64, labels ...string) {
	s.send(prometheus.GaugeValue, name, help, value, labels)
}

// send takes labels as name, value, name, value.
func (s sink) send(kind prometheus.ValueType, name, help string, value float64, labels []string) {
	s <- prometheus.MustNewConstMetric(prometheus.NewDesc("wingmirror_"+name, help, nil, labelPairs(labels)), kind, value)
}

func labelPairs(labels []string) prometheus.Labels {
	pairs := prometheus.Labels{}
	for i := 0; i+1 < len(labels); i += 2 {
		pairs[labels[i]] = labels[i+1]
	}
	return pairs
}

// histogram takes counts per bucket, not cumulated; the last has no bound.
func (s sink) histogram(name, help string, bounds []time.Duration, counts []uint64, sum time.Duration) {
	buckets := map[float64]uint64{}
	var total uint64
	for i, n := range counts {
		total += n
		if i < len(bounds) {
			buckets[bounds[i].Seconds()] = total
		}
	}
	s <- prometheus.MustNewConstHistogram(prometheus.NewDesc("wingmirror_"+name, help, nil, nil), total, sum.Seconds(), buckets)
}

func (s sink) sizes(name, help string, sizes scheduler.Sizes) {
	buckets := map[float64]uint64{}
	var total uint64
	for i, n := range sizes.Counts {
		total += n
		if i < len(sizes.Bounds) {
			buckets[float64(sizes.Bounds[i])] = total
		}
	}
	s <- prometheus.MustNewConstHistogram(prometheus.NewDesc("wingmirror_"+name, help, nil, nil), total, float64(sizes.Sum), buckets)
}

func (v vitals) collectScheduler(s sink) {
	st := v.scheduler.Stats()
	s.gauge("monitors_scheduled", "Monitors that run by a schedule.", float64(st.Monitors))
	s.gauge("runs_running", "Scripts being evaluated.", float64(st.Running))
	s.gauge("runs_queued", "Runs that are due and wait for series, a worker or the database.", float64(st.Queued))
	for _, outcome := range sortedKeys(st.Outcomes) {
		s.counter("runs_total", "Runs that ended, by level, or by fault when they could not tell.", float64(st.Outcomes[outcome]), "outcome", outcome)
	}
	const skipped = "Ticks that led to no run, by reason."
	s.counter("ticks_skipped_total", skipped, float64(st.Busy), "reason", "busy")
	s.counter("ticks_skipped_total", skipped, float64(st.Full), "reason", "backlog")
	s.counter("ticks_skipped_total", skipped, float64(st.Missed), "reason", "missed")
	s.counter("ticks_skipped_total", skipped, float64(st.Lost), "reason", "claimed_elsewhere")
	s.counter("run_failures_total", "Runs that failed for a reason of Wingmirror's own.", float64(st.Failures))
	s.histogram("run_start_lateness_seconds", "From the scheduled time to the start of the script.", st.Lateness.Bounds, st.Lateness.Counts, st.Lateness.Sum)
	s.histogram("run_cpu_seconds", "Processor time that the script of a run used.", st.Cost.CPU.Bounds, st.Cost.CPU.Counts, st.Cost.CPU.Sum)
	s.sizes("run_memory_bytes", "Memory that the script of a run allocated.", st.Cost.Memory)
	s.counter("run_points_total", "Points that scripts were given and drew.", float64(st.Cost.PointsIn), "direction", "in")
	s.counter("run_points_total", "Points that scripts were given and drew.", float64(st.Cost.PointsOut), "direction", "out")
	s.counter("run_output_bytes_total", "Bytes that scripts printed.", float64(st.Cost.OutputBytes))
}

func (v vitals) collectGraphite(s sink) {
	st := v.graphite.Stats()
	s.counter("graphite_requests_total", "Requests sent to Graphite.", float64(st.Requests))
	s.counter("graphite_errors_total", "Requests that brought no usable answer.", float64(st.Errors))
	s.counter("graphite_retries_total", "Requests that repeated another.", float64(st.Retries))
	s.counter("graphite_targets_total", "Targets that monitors asked for.", float64(st.Targets))
	s.counter("graphite_targets_shared_total", "Targets that another monitor's request answered.", float64(st.Shared))
	s.counter("graphite_targets_failed_total", "Targets that failed.", float64(st.Failed))
	s.counter("graphite_points_total", "Points decoded.", float64(st.Points))
	s.gauge("graphite_requests_in_flight", "Requests under way.", float64(st.InFlight))
	open := 0.0
	if st.Breaker == "open" {
		open = 1
	}
	s.gauge("graphite_breaker_open", "1 while requests are held back because Graphite failed repeatedly.", open)
	s.histogram("graphite_request_seconds", "From sending a request to the last byte of its answer.", st.Latency.Bounds, st.Latency.Counts, st.Latency.Sum)
}

func (v vitals) collectSandbox(s sink) {
	st := v.sandbox.Stats()
	s.counter("sandbox_runs_total", "Runs and syntax checks that workers answered.", float64(st.Runs))
	s.counter("sandbox_killed_total", "Runs that ended their worker.", float64(st.Killed))
	s.counter("sandbox_resent_total", "Bystanders of those that were sent to another worker.", float64(st.Resent))
	s.counter("sandbox_quarantined_total", "Runs refused because their monitor killed too many workers.", float64(st.Quarantined))
	s.counter("sandbox_workers_started_total", "Worker processes started.", float64(st.Started))
	s.counter("sandbox_workers_died_total", "Worker processes that did not end as planned.", float64(st.Died))
}

func (v vitals) collectHeartbeats(s sink) {
	st := v.heartbeats.Stats()
	s.counter("heartbeat_beats_total", "Beats that were taken and stored.", float64(st.Beats))
	s.counter("heartbeat_refused_total", "Beats that were refused: a quota is used up, or the name is none.", float64(st.Refused))
	s.counter("heartbeat_created_total", "Heartbeats made by their first beat.", float64(st.Created))
	s.counter("heartbeat_missed_total", "Deadlines that passed without a beat.", float64(st.Missed))
	s.gauge("heartbeat_watch_lateness_seconds", "Longest time from a deadline to its being noticed.", st.Latest.Seconds())
	for level, n := range v.heartbeats.Levels() {
		s.gauge("heartbeats", "Heartbeats, by level.", float64(n), "level", level.String())
	}
}

// collectTimeout bounds how long a scrape waits for the database.
const collectTimeout = 3 * time.Second

func (v vitals) collectDatabase(s sink) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	all, active, err := v.database.ActiveCount(ctx)
	if err != nil {
		v.log.Warn("read monitor counts for metrics", "error", err)
		return
	}
	s.gauge("monitors", "Monitors stored.", float64(all))
	s.gauge("monitors_active", "Monitors that are switched on.", float64(active))
	counts, err := v.database.NoticeCounts(ctx)
	if err != nil {
		v.log.Warn("read notice counts for metrics", "error", err)
		return
	}
	for _, status := range []monitor.NoticeStatus{monitor.NoticePending, monitor.NoticeDelivered, monitor.NoticeFailed} {
		s.gauge("notices", "Notices kept, by how far they have come.", float64(counts[status]), "status", string(status))
	}
}

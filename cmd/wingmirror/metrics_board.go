package main

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wingmirror/board"
)

// plain is send without the prefix, for the names that the older tool gave.
func (s sink) plain(kind prometheus.ValueType, name, help string, value float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, labelPairs(labels)), kind, value)
}

// collectBoard tells the levels and how sources do, under the older tool's
// names, and what it did not know under ours.
func collectBoard(s sink, b *board.Board) {
	look := b.Look()
	s.gauge("board_file_errors", "Errors in the board's files; their components count as they did before.", float64(len(look.Problems)))
	for _, n := range look.Nodes() {
		s.plain(prometheus.GaugeValue, "defcon", "Level of a component, 1 (the most critical) to 5.", float64(n.Level), "component", n.ID)
		s.gauge("board_stale", "1 while some of what a component's level rests on is not known for sure.", flag(look.Stale(n)), "component", n.ID)
		s.gauge("board_overridden", "1 while an override holds.", flag(n.Override != nil), "component", n.ID)
		for _, source := range n.Sources {
			labels := []string{"id", strconv.FormatInt(source.Number, 10), "name", source.Name}
			s.plain(prometheus.GaugeValue, "plugin_success_on", "When the source answered last, in seconds since the epoch; 0 for never.", seconds(source.SuccessAt), labels...)
			s.plain(prometheus.GaugeValue, "plugin_failure_on", "When the source failed last, in seconds since the epoch; 0 for never.", seconds(source.FailureAt), labels...)
			s.plain(prometheus.CounterValue, "plugin_success_total", "Runs of the source that succeeded.", float64(source.Successes), labels...)
			s.plain(prometheus.CounterValue, "plugin_failure_total", "Runs of the source that failed.", float64(source.Failures), labels...)
		}
	}
}

func flag(set bool) float64 {
	if set {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}

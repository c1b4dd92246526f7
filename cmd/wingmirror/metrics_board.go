package main

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wingmirror/board"
	"wingmirror/monitor"
)

// plain is send without the prefix, for the names that the older tool gave.
func (s sink) plain(kind prometheus.ValueType, name, help string, value float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, labelPairs(labels)), kind, value)
}

// collectBoard tells how many components stand at each level, and with detail
// the level of each and how its sources do: under the older tool's names, and
// what it did not know under ours.
func collectBoard(s sink, look *board.Look, detail bool) {
	s.gauge("board_file_errors", "Errors in the board's files; their components count as they did before.", float64(len(look.Problems)))
	levels, stale, overridden, failing := map[monitor.DC]int{}, 0, 0, 0
	for _, n := range look.Nodes() {
		levels[n.Level]++
		stale += int(flag(look.Stale(n)))
		overridden += int(flag(n.Override != nil))
		for _, source := range n.Sources {
			failing += int(flag(source.Failing()))
		}
	}
	for _, dc := range monitor.DCs() {
		s.gauge("board_components", "Components of the board by level.", float64(levels[dc]), "level", dc.String())
	}
	s.gauge("board_components_stale", "Components of which some of what their level rests on is not known for sure.", float64(stale))
	s.gauge("board_components_overridden", "Components whose level somebody overrides.", float64(overridden))
	s.gauge("board_sources_failing", "Sources of the board whose newest run failed.", float64(failing))
	if !detail {
		return
	}
	for _, n := range look.Nodes() {
		collectComponent(s, look, n)
	}
}

func collectComponent(s sink, look *board.Look, n *board.Node) {
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

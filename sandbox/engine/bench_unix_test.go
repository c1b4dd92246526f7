//go:build unix

package engine

import (
	"math"
	"syscall"
	"testing"
	"time"

	"wingmirror/monitor"
)

// processorTime is what the process has used, the collector included: unlike
// the wall clock it can be compared on a machine that others use too.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// typicalScript is the wiki's example of with_metrics: it draws two lines and
// compares one value for each point.
const typicalScript = `let impressions = 0, conversions = 0
with_metrics(function (a, b) {
  impressions += a.value
  conversions += b.value
  const rate = conversions / impressions * 100
  graph_value("Conversion Rate", a.timestamp, rate)
  graph_value("# of impressions", a.timestamp, a.value)
  if (rate > 1000) throw "impossible"
})`

func wave(label string, n int) monitor.Fetched {
	values := make([]float64, n)
	for i := range values {
		values[i] = 100 + 10*math.Sin(float64(i)/10)
	}
	return target(label, values...)
}

func benchmarkRun(b *testing.B, script string, series, points int) {
	e := newEngine(b)
	var all []monitor.Fetched
	for i := range series {
		all = append(all, wave(letterName(i), points))
	}
	in := input(script, all...)
	in.Limits.GraphPoints = 1 << 20
	b.ReportAllocs()
	began := processorTime(b)
	for b.Loop() {
		if result := e.Run(in); result.Fault != "" {
			b.Fatal(describe(result))
		}
	}
	used := processorTime(b) - began
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/1000, "cpu-µs/run")
	b.ReportMetric(float64(b.N)/used.Seconds(), "runs/cpu-s")
}

func BenchmarkRun_Typical2x60(b *testing.B) { benchmarkRun(b, typicalScript, 2, 60) }

func BenchmarkRun_Typical3x10000(b *testing.B) { benchmarkRun(b, typicalScript, 3, 10_000) }

func BenchmarkRun_Empty(b *testing.B) { benchmarkRun(b, "1", 0, 0) }

func BenchmarkRun_MeanOf2x60(b *testing.B) {
	benchmarkRun(b, `if (mean(@a) < 10) throw "too low"`, 2, 60)
}

func BenchmarkRun_StatisticsOf3x10000(b *testing.B) {
	benchmarkRun(b, `puts(percentile(@a, 95), median(@b), stdev(@c), correlation(@a, @b))`, 3, 10_000)
}

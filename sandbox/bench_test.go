package sandbox_test

import (
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/sandbox/engine"
)

// tenThousand is a monitor with a series of 10,000 points, each of which it
// looks at.
func tenThousand() monitor.Input {
	values := make([]float64, 10_000)
	for i := range values {
		values[i] = math.Sqrt(float64(i))
	}
	in := typicalInput()
	in.Targets = []monitor.Fetched{{Target: "big", Status: monitor.StatusOK, Series: []monitor.Series{
		{Label: "big", Start: 1_700_000_000, Step: 10, Values: values},
	}}}
	in.Script = "let high = 0\nwith_metrics(a => { if (a.value > 99) high++ })\nputs(high)"
	return in
}

// isolated runs the input b.N times from as many goroutines.
func isolated(b *testing.B, in monitor.Input, callers int, opts sandbox.Options) {
	if opts.Args == nil {
		opts.Args = []string{"worker"}
	}
	pool, err := sandbox.NewPool(opts)
	if err != nil {
		b.Fatal(err)
	}
	for range 200 {
		if _, err := pool.Run(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	server, workers := usedCPU()
	b.ResetTimer()
	for range callers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				result, err := pool.Run(b.Context(), in)
				if err != nil || result.Fault != monitor.NoFault {
					b.Error(result.Reason, err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
	if err := pool.Close(); err != nil { // whose processor time counts only now
		b.Fatal(err)
	}
	serverNow, workersNow := usedCPU()
	b.ReportMetric(float64((serverNow-server).Microseconds())/float64(b.N), "server-µs/run")
	b.ReportMetric(float64((workersNow-workers).Microseconds())/float64(b.N), "workers-µs/run")
}

// direct runs the input b.N times in this process, which collects garbage as
// rarely as a worker does.
func direct(b *testing.B, in monitor.Input, callers int) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	var all sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	server, _ := usedCPU()
	b.ResetTimer()
	for range callers {
		all.Go(func() {
			e, err := engine.New(engine.Options{})
			if err != nil {
				b.Error(err)
				return
			}
			for left.Add(-1) >= 0 {
				if result := e.Run(in); result.Fault != monitor.NoFault {
					b.Error(result.Reason)
					return
				}
			}
		})
	}
	all.Wait()
	serverNow, _ := usedCPU()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
	b.ReportMetric(float64((serverNow-server).Microseconds())/float64(b.N), "server-µs/run")
}

func BenchmarkTypical(b *testing.B) {
	cores := runtime.NumCPU()
	b.Run("in process", func(b *testing.B) { direct(b, typicalInput(), cores) })
	b.Run("isolated", func(b *testing.B) { isolated(b, typicalInput(), 64*cores, sandbox.Options{}) })
	b.Run("isolated, one at a time", func(b *testing.B) { isolated(b, typicalInput(), 1, sandbox.Options{}) })
	b.Run("in process, one at a time", func(b *testing.B) { direct(b, typicalInput(), 1) })
}

func BenchmarkTenThousandPoints(b *testing.B) {
	b.Run("in process", func(b *testing.B) { direct(b, tenThousand(), runtime.NumCPU()) })
	b.Run("isolated", func(b *testing.B) { isolated(b, tenThousand(), 16*runtime.NumCPU(), sandbox.Options{}) })
}

// BenchmarkLatency compares a single run in process and isolated, call by call.
func BenchmarkLatency(b *testing.B) {
	pool, err := sandbox.NewPool(sandbox.Options{Args: []string{"worker"}})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	e, err := engine.New(engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	in := typicalInput()
	var inside, outside []time.Duration
	for b.Loop() {
		began := time.Now()
		e.Run(in)
		middle := time.Now()
		if _, err := pool.Run(b.Context(), in); err != nil {
			b.Fatal(err)
		}
		inside, outside = append(inside, middle.Sub(began)), append(outside, time.Since(middle))
	}
	b.ReportMetric(float64(quantile(inside, 50).Nanoseconds())/1e3, "in-process-p50-µs")
	b.ReportMetric(float64(quantile(outside, 50).Nanoseconds())/1e3, "isolated-p50-µs")
	b.ReportMetric(float64(quantile(outside, 99).Nanoseconds())/1e3, "isolated-p99-µs")
}

func quantile(all []time.Duration, percent int) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)*percent/100]
}

// BenchmarkStart is from nothing to the first answer of a worker.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		pool, err := sandbox.NewPool(sandbox.Options{Args: []string{"worker"}, Workers: 1, Spares: -1})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		pool.Close()
		b.StartTimer()
	}
}

// BenchmarkKillAndReplace is a run that kills its worker, and the right answer
// to the next one.
func BenchmarkKillAndReplace(b *testing.B) {
	pool, err := sandbox.NewPool(sandbox.Options{Args: []string{"worker"}, Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	in := typicalInput()
	job := int64(0)
	for b.Loop() {
		job++
		killed, err := pool.Run(b.Context(), monitor.Input{JobID: 1000 + job, Script: `"x".repeat(2 ** 40)`})
		if err != nil || killed.Fault != monitor.FaultMemory {
			b.Fatal(killed, err)
		}
		if result, err := pool.Run(b.Context(), in); err != nil || result.Fault != monitor.NoFault {
			b.Fatal(result, err)
		}
	}
}

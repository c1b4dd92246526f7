package sandbox_test

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/sandbox/engine"
)

// workers are the processes that this one has started.
func workers(b *testing.B) (pids []int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		b.Fatal(err)
	}
	for _, entry := range entries {
		status, _ := os.ReadFile("/proc/" + entry.Name() + "/status") // of a process that may have ended
		if pid, err := strconv.Atoi(entry.Name()); err == nil && strings.Contains(string(status), fmt.Sprintf("PPid:\t%d\n", os.Getpid())) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// processorTimeOf is what the processes have used, to the nanosecond.
func processorTimeOf(b *testing.B, pids ...int) (sum time.Duration) {
	for _, pid := range pids {
		var ts unix.Timespec
		if err := unix.ClockGettime(int32(^pid)<<3|2, &ts); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(ts.Nano())
	}
	return sum
}

// calls are the reads and writes that this process has asked for.
func calls() (n float64) {
	account, _ := os.ReadFile("/proc/self/io")
	for line := range strings.Lines(string(account)) {
		var calls float64
		if k, _ := fmt.Sscanf(line, "syscr: %f", &calls); k == 1 {
			n += calls
		}
		if k, _ := fmt.Sscanf(line, "syscw: %f", &calls); k == 1 {
			n += calls
		}
	}
	return n
}

// BenchmarkPriceOfIsolation takes turns between a thousand runs in process and a
// thousand isolated ones, so that whatever else the machine does meets both. Both
// have the same limits, clocks and garbage collection.
func BenchmarkPriceOfIsolation(b *testing.B) {
	const turn = 1000
	in := typicalInput()
	pool, err := sandbox.NewPool(sandbox.Options{Args: []string{"worker"}, Recycle: math.MaxInt})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	me := os.Getpid()
	clock := func() time.Duration {
		var ts unix.Timespec
		_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts) // cannot fail
		return time.Duration(ts.Nano())
	}
	cores := runtime.NumCPU()
	engines := make([]*engine.Engine, cores)
	for i := range engines {
		if engines[i], err = engine.New(engine.Options{CPUTime: clock}); err != nil {
			b.Fatal(err)
		}
	}
	inside := func(i int) (monitor.Result, error) { return engines[i].Run(in), nil }
	outside := func(int) (monitor.Result, error) { return pool.Run(b.Context(), in) }
	turns(b, turn, cores, inside)
	turns(b, turn, 64*cores, outside)
	others := workers(b)

	var n, asked float64
	var wallIn, wallOut, cpuIn, cpuServer, cpuWorkers time.Duration
	usual := debug.SetGCPercent(400)
	defer debug.SetGCPercent(usual)
	for b.Loop() {
		runtime.GC()
		debug.SetGCPercent(400)
		began, cpu := time.Now(), processorTimeOf(b, me)
		turns(b, turn, cores, inside)
		wallIn, cpuIn = wallIn+time.Since(began), cpuIn+processorTimeOf(b, me)-cpu
		runtime.GC()
		debug.SetGCPercent(usual)
		before := calls()
		began, cpu = time.Now(), processorTimeOf(b, me)
		cpuOthers := processorTimeOf(b, others...)
		turns(b, turn, 64*cores, outside)
		wallOut, cpuServer = wallOut+time.Since(began), cpuServer+processorTimeOf(b, me)-cpu
		cpuWorkers += processorTimeOf(b, others...) - cpuOthers
		asked += calls() - before
		n += turn
	}
	micro := func(d time.Duration) float64 { return float64(d.Microseconds()) / n }
	b.ReportMetric(micro(cpuIn), "in-process-µs/run")
	b.ReportMetric(micro(cpuServer), "server-µs/run")
	b.ReportMetric(micro(cpuWorkers), "workers-µs/run")
	b.ReportMetric(100-100*float64(cpuIn)/float64(cpuServer+cpuWorkers), "%loss-by-cpu")
	b.ReportMetric(100-100*float64(wallIn)/float64(wallOut), "%loss-by-clock")
	b.ReportMetric(asked/n, "calls/run")
}

// turns does n runs from as many goroutines as there are callers.
func turns(b *testing.B, n, callers int, run func(caller int) (monitor.Result, error)) {
	var all sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	for i := range callers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if result, err := run(i); err != nil || result.Fault != monitor.NoFault {
					b.Error(result.Reason, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkIdleMemory reports the proportional set size of an idle worker.
func BenchmarkIdleMemory(b *testing.B) {
	if os.Geteuid() != 0 {
		b.Skip("a worker's memory map is readable by root only")
	}
	pool, err := sandbox.NewPool(sandbox.Options{Args: []string{"worker"}, Workers: 2, Spares: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	for b.Loop() {
		time.Sleep(100 * time.Millisecond)
	}
	var sum, n float64
	for _, pid := range workers(b) {
		rollup, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		for line := range strings.Lines(string(rollup)) {
			var kilobytes float64
			if k, _ := fmt.Sscanf(line, "Pss: %f kB", &kilobytes); k == 1 {
				sum, n = sum+kilobytes, n+1
			}
		}
	}
	b.ReportMetric(sum/n/1024, "MB-PSS")
}

package worker

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

const (
	minderEvery = 5 * time.Millisecond
	maxStack    = 64 << 20 // bytes of one goroutine's stack; a script nests calls through it
	tiredHeap   = 64 << 20 // bytes that are still there after a collection
	checkHeapAt = 2 * tiredHeap
	lookAtHeap  = 64 // runs between two looks, which cost a microsecond or two
)

// work answers requests with the engine and minds the process meanwhile.
type work struct {
	conn   *sandbox.Conn
	engine Engine
	notes  *sandbox.Journal
	memory int64 // bytes that any run may use
	idle   int64 // bytes of the heap before the first run
	served int

	ended   atomic.Int64 // processor time of the process when the run before ended
	follows atomic.Bool  // the run under way begins there, and has not asked yet

	limit  atomic.Int64 // bytes that the run under way may use; 0 when there is none
	armed  atomic.Bool
	minder *time.Timer
	runs   atomic.Int64 // run under way, by its number
	doomed int64        // the run that was asked to end, by its number
}

// newWork has a minder from the start: it could look before it was assigned.
func newWork(conn *sandbox.Conn, memory int64) *work {
	w := &work{conn: conn, memory: memory}
	const notYet = 24 * time.Hour
	w.minder = time.AfterFunc(notYet, func() { w.look() })
	w.minder.Stop()
	return w
}

func (w *work) current() *sandbox.Journal { return w.notes }

// Run evaluates the input. The worker is tired when its memory does not come
// back, or when the engine ended a run by force.
func (w *work) Run(in monitor.Input, notes *sandbox.Journal) (monitor.Result, bool) {
	w.notes = notes
	w.follows.Store(w.served > 0 && w.conn.Follows())
	w.mind(in.Limits.Memory)
	result := w.engine.Run(in)
	w.limit.Store(0)
	if result.Fault != monitor.NoFault {
		result.Level = monitor.Unknown
	}
	w.served++
	return result, forced(result.Fault) || w.served%lookAtHeap == 0 && w.bloated()
}

// processorTime is what the engine reads at the start of a run, at its end, and
// when it is about to interrupt it. The start of a run that follows another one at
// once is the end of that one: the system call is half of what a cost report costs.
func (w *work) processorTime() time.Duration {
	if w.follows.Swap(false) {
		return time.Duration(w.ended.Load())
	}
	now := processorTime()
	w.ended.Store(int64(now))
	return now
}

// Check says what keeps a script from being parsed.
func (w *work) Check(script string) *monitor.ScriptError {
	w.mind(w.memory)
	defer func() {
		w.limit.Store(0)
		w.ended.Store(int64(processorTime())) // or the next run would pay for this
	}()
	return w.engine.Check(script)
}

// forced tells the faults after which an engine may have left something behind.
func forced(f monitor.Fault) bool {
	switch f {
	case monitor.FaultTimeout, monitor.FaultMemory, monitor.FaultStack, monitor.FaultSandbox:
		return true
	}
	return false
}

// mind has the minder look after a run.
func (w *work) mind(limit int64) {
	w.runs.Add(1)
	w.limit.Store(limit)
	if w.armed.Swap(true) {
		return
	}
	w.minder.Reset(minderEvery)
}

// look sends results that wait behind a long run, and ends a run that has used
// up its memory. It stops coming when there is no run.
func (w *work) look() {
	limit := w.limit.Load()
	if limit == 0 {
		w.armed.Store(false)
		return
	}
	_ = w.conn.Flush() // Serve meets the same error and ends
	w.judge(limit)
	w.minder.Reset(minderEvery)
}

// stoppable is an engine that can end a run between two instructions, and then
// knows at which line that was.
type stoppable interface {
	UnderWay() (outOfMemory func())
}

// judge asks a run that has used up its memory to end, and ends the process when
// it is still there at the next look. The operating system's limit behind it is
// the same for all runs, and does not exist everywhere.
func (w *work) judge(limit int64) {
	run := w.runs.Load()
	var ask func()
	if engine, ok := w.engine.(stoppable); ok && w.doomed != run {
		ask = engine.UnderWay()
	}
	if heap() <= w.idle+limit {
		return
	}
	runtime.GC()
	if heap() <= w.idle+limit {
		return
	}
	if ask == nil {
		os.Exit(sandbox.ExitMemory)
	}
	w.doomed = run
	ask()
}

// heap is the memory that Go objects and stacks take, garbage included.
func heap() int64 {
	samples := [2]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples[:])
	return int64(samples[0].Value.Uint64() + samples[1].Value.Uint64())
}

// bloated reports whether memory that runs have used does not come back.
func (w *work) bloated() bool {
	if heap() < checkHeapAt {
		return false
	}
	runtime.GC()
	return heap() > w.idle+tiredHeap
}

// warmUp runs a small script, so that what the runtime sets up at first use
// (threads, timers, its wait for events) is there before it is forbidden.
func (w *work) warmUp(limits monitor.Limits) {
	w.notes = nil
	w.mind(limits.Memory)
	w.engine.Run(monitor.Input{Script: "var warm = [1, 2, 3].map(x => x + 1)", Limits: limits})
	time.Sleep(time.Microsecond)
	w.limit.Store(0)
	debug.SetMaxStack(maxStack)
	debug.SetMemoryLimit(limits.Memory * 5 / 8)
	debug.FreeOSMemory() // what the start took is not needed again
}

func (w *work) measureIdle() { w.idle = heap() }

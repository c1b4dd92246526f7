// Package worker is the inside of a sandbox's worker process: it locks the
// process down, so far that not even native code could do harm from here, and
// then answers one request after the other with the script engine. It knows
// limits of the process (address space, watchdog of memory); those of a script
// are the engine's, and the deadline that nothing survives is the server's.
//
// A layer of the lock-down that the machine does not offer is reported, not
// fatal: whether that is enough is for the server's operator to say.
package worker

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

// Engine evaluates scripts.
type Engine interface {
	Run(monitor.Input) monitor.Result
	Check(script string) *monitor.ScriptError
}

// Resources are what an engine gets from the process it lives in.
type Resources struct {
	Library []sandbox.File          // the user's helper files
	CPU     func() time.Duration    // processor time used by the process
	Notes   func() *sandbox.Journal // of the run under way: what it prints and draws is noted here
}

// NewEngine makes an engine. Errors are monitor.FieldErrors when a file of the
// library does not compile.
type NewEngine func(Resources) (Engine, error)

// Main serves requests from standard input on standard output until the server
// closes it, and returns the status to exit with.
func Main(newEngine NewEngine) int {
	tune()
	conn := sandbox.NewConn(os.Stdin, os.Stdout)
	setup, err := conn.Setup()
	if err != nil {
		return complain(err)
	}
	if err := share(conn, setup.Shared); err != nil {
		return complain(err)
	}
	w := newWork(conn, setup.Limits.Memory)
	w.engine, err = newEngine(Resources{Library: setup.Library, CPU: w.processorTime, Notes: w.current})
	if err != nil {
		return refuse(conn, err)
	}
	w.warmUp(setup.Limits)
	layers := lockDown(setup)
	w.measureIdle()
	if err := conn.Ready(sandbox.Ready{Layers: layers}); err != nil {
		return complain(err)
	}
	if err := conn.Serve(w); err != nil {
		return complain(err)
	}
	return 0
}

// tune sets the Go runtime for a process that does one thing at a time, and
// whose environment is empty.
func tune() {
	const collectAt = 400 // percent: a quarter of the processor time of collecting at 100
	runtime.GOMAXPROCS(2) // with 1 the runtime takes the only one away in each wait for a request, which costs 6 µs a run
	debug.SetGCPercent(collectAt)
	runtime.MemProfileRate = 0 // nobody can ask a worker for a profile
	debug.SetTraceback("none") // the server wants the cause, not megabytes of stack
	time.Local = time.UTC      // or a script could make the runtime look for zone files
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, "worker:", err)
	return 1
}

// refuse tells the server why this worker cannot serve.
func refuse(conn *sandbox.Conn, err error) int {
	ready := sandbox.Ready{Failure: err.Error()}
	if all := monitor.AllFieldErrors(err); all != nil {
		ready = sandbox.Ready{Library: all}
	}
	return complain(errors.Join(err, conn.Ready(ready)))
}

// Package engine runs a monitor's script in goja: one fresh virtual machine for
// each run, with the fixed clock, the seeded random numbers and the series of
// its input in scope, and nothing that reaches outside. Equal inputs give equal
// results, byte for byte, but for the measured cost; two runs share nothing but
// compiled, immutable programs.
//
// What the engine can stop by itself it turns into a fault with a plain
// sentence: time (between two instructions), call depth, output, graph,
// regular expressions that were given up, panics inside goja. It cannot bound
// memory, nor stop goja's parser and native functions: it must only ever run
// in a worker process that its parent can kill.
package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"wingmirror/monitor"
	"wingmirror/stdlib"
)

// Options are what an Engine needs from its process. The zero value works.
type Options struct {
	// Library holds the users' own helper files, run in this order before
	// every script.
	Library []File
	// CPUTime returns the processor time that this process has used so far.
	// Limits.CPU is judged by it; nil judges by the wall clock.
	CPUTime func() time.Duration
	// Allocated returns the bytes that this process has allocated so far; nil
	// reads it from the Go runtime.
	Allocated func() int64
	// Now is the wall clock that costs and limits are measured with. Scripts
	// never see it. nil is time.Now.
	Now func() time.Time
	// Notes returns where the run that starts now notes what it says, so that
	// it is not lost with the process; nil, as a function or from it, is nowhere.
	Notes func() Notes
}

// Notes takes down what a run says at the moment in which it says it.
type Notes interface {
	Output(text string)                  // printed
	Line(label string)                   // begun in the graph; lines are numbered from 0
	Point(line int, time, value float64) // drawn on a line
}

// Engine runs scripts. It is safe for concurrent use.
type Engine struct {
	opts     Options
	builtins scope
	members  scope
	programs *programCache
	errors   *goja.Program         // defines Warning and raise
	watching atomic.Pointer[watch] // of the newest run under way

	mu      sync.RWMutex
	library *Library
}

// New returns an Engine. The error is a monitor.FieldErrors that names the
// library file, line and column that do not compile.
func New(o Options) (*Engine, error) {
	boundRegexps()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.CPUTime == nil {
		began := o.Now()
		o.CPUTime = func() time.Duration { return o.Now().Sub(began) }
	}
	if o.Allocated == nil {
		o.Allocated = newAllocationMeter()
	}
	e := &Engine{opts: o, programs: newProgramCache(), builtins: globalScope(), members: memberScope()}
	own := compile("stdlib/errors.js", stdlib.ErrorsScript)
	if own.err != nil {
		return nil, fmt.Errorf("compile errors.js: %s", own.err.Message)
	}
	e.errors = own.code
	if err := e.SetLibrary(o.Library); err != nil {
		return nil, err
	}
	return e, nil
}

// SetLibrary replaces the users' helper files for all runs that start from now
// on. When a file does not compile it returns what CompileLibrary returned, and
// the old files stay in force.
func (e *Engine) SetLibrary(files []File) error {
	library, err := CompileLibrary(files)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.library = library
	return nil
}

// LibraryHash identifies the library in force: equal files in equal order have
// equal hashes. It is "" without a library.
func (e *Engine) LibraryHash() string { return e.currentLibrary().Hash }

func (e *Engine) currentLibrary() *Library {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.library
}

// Check compiles the script without running it, and returns its first syntax
// error or nil.
func (e *Engine) Check(script string) *monitor.ScriptError {
	var limits monitor.Limits
	if err := tooLong(script, limits.WithDefaults()); err != nil {
		return err
	}
	return e.programs.get(scriptFile, script).err
}

// names lists everything that a script can call, for suggestions.
func (e *Engine) names() []string {
	var all []string
	for _, entry := range stdlib.Entries() {
		all = append(all, entry.Names()...)
	}
	return all
}

package engine

import (
	"fmt"
	"sync"
	"time"

	"github.com/dop251/goja"

	"wingmirror/monitor"
)

// watch interrupts a run that used up its time or its memory.
type watch struct {
	r     *run
	began time.Time
	cpu   time.Duration // of the process when the run began

	mu      sync.Mutex
	vm      *goja.Runtime // nil until the virtual machine exists
	timer   *time.Timer
	over    bool
	fault   monitor.Fault // what was used up, once something was
	expired string        // and the sentence about it
}

func (r *run) startWatch(began time.Time, cpu time.Duration) *watch {
	w := &watch{r: r, began: began, cpu: cpu}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.pause(r.limits.CPU), w.look)
	r.engine.watching.Store(w)
	return w
}

// pause is how long to wait before the next look when left is the time to the limit.
func (w *watch) pause(left time.Duration) time.Duration {
	return max(left, time.Millisecond)
}

// arm says which virtual machine to interrupt. Time that passed before it,
// while the script was compiled, counts.
func (w *watch) arm(vm *goja.Runtime) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vm = vm
	if w.expired != "" {
		vm.Interrupt(w.expired)
	}
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	limits := w.r.limits
	cpu, wall := w.r.engine.opts.CPUTime()-w.cpu, w.r.engine.opts.Now().Sub(w.began)
	switch {
	case w.expired != "":
	case cpu >= limits.CPU:
		w.expire(monitor.FaultTimeout, fmt.Sprintf("The script used more than %s of processor time and was stopped.", plainDuration(limits.CPU)))
	case wall >= limits.Wall:
		w.expire(monitor.FaultTimeout, fmt.Sprintf("The script took longer than %s and was stopped.", plainDuration(limits.Wall)))
	}
	w.timer.Reset(w.pause(min(limits.CPU-cpu, limits.Wall-wall)))
}

// expire interrupts the run, for the reason that is given first.
func (w *watch) expire(fault monitor.Fault, reason string) {
	if w.expired == "" {
		w.fault, w.expired = fault, reason
	}
	if w.vm != nil {
		w.vm.Interrupt(w.expired)
	}
}

// UnderWay returns a function that ends the run that is under way now for using
// too much memory, as soon as it comes to its next instruction, and that does
// nothing once that run is over. It is for processes that do one run at a time,
// and that can see their memory; nil means that there is no run.
func (e *Engine) UnderWay() (outOfMemory func()) {
	w := e.watching.Load()
	if w == nil {
		return nil
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.over {
			w.expire(monitor.FaultMemory, fmt.Sprintf("The script used more than %d MB of memory and was stopped.", w.r.limits.Memory>>20))
		}
	}
}

// end stops the watch. When it has returned, nothing is interrupted any more.
func (w *watch) end() {
	w.r.engine.watching.CompareAndSwap(w, nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
}

// reason says why the run was interrupted.
func (w *watch) reason() (monitor.Fault, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.expired == "" {
		return monitor.FaultSandbox, "The script was interrupted."
	}
	return w.fault, w.expired
}

// plainDuration writes 1.5s as 1.5 s and 250ms as 250 ms.
func plainDuration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%g s", d.Seconds())
}

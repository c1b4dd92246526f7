package engine

import (
	"fmt"
	"sync"
	"time"

	"github.com/dop251/goja"

	"wingmirror/monitor"
)

// progressEvery is how often a run that takes longer says what it has so far.
const progressEvery = 50 * time.Millisecond

// watch interrupts a run that used up its time, and passes on what it said so
// far. It looks from a timer of its own, so it also works while the run is
// inside a native function, which an interrupt does not reach.
type watch struct {
	r     *run
	began time.Time
	cpu   time.Duration // of the process when the run began

	mu      sync.Mutex
	vm      *goja.Runtime // nil until the virtual machine exists
	timer   *time.Timer
	over    bool
	expired string // what was used up, once something was
}

func (r *run) startWatch() *watch {
	w := &watch{r: r, began: r.engine.opts.Now(), cpu: r.engine.opts.CPUTime()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.pause(r.limits.CPU), w.look)
	return w
}

// pause is how long to wait before the next look when left is the time to the limit.
func (w *watch) pause(left time.Duration) time.Duration {
	if w.r.engine.opts.OnProgress != nil {
		left = min(left, progressEvery)
	}
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
		w.expired = fmt.Sprintf("The script used more than %s of processor time and was stopped.", plainDuration(limits.CPU))
	case wall >= limits.Wall:
		w.expired = fmt.Sprintf("The script took longer than %s and was stopped.", plainDuration(limits.Wall))
	}
	if w.expired != "" && w.vm != nil {
		w.vm.Interrupt(w.expired)
	}
	if report := w.r.engine.opts.OnProgress; report != nil {
		if more, any := w.r.record.unsent(); any {
			report(more)
		}
	}
	w.timer.Reset(w.pause(min(limits.CPU-cpu, limits.Wall-wall)))
}

// end stops the watch. When it has returned, nothing is reported any more.
func (w *watch) end() {
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
	return monitor.FaultTimeout, w.expired
}

// plainDuration writes 1.5s as 1.5 s and 250ms as 250 ms.
func plainDuration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%g s", d.Seconds())
}

package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wingmirror/monitor"
)

const (
	patience    = 3 // deaths of workers that a request survives as a bystander
	retryFirst  = 50 * time.Millisecond
	retryMost   = 5 * time.Second
	startTime   = 10 * time.Second // for a process to get ready
	failuresMax = 3                // processes in a row that do not get ready before requests are told
)

// balance brings the pool to its intended shape: it makes spares active where
// workers are missing, replaces those with an old library, and starts processes.
// It is called after everything that changes the shape.
func (p *Pool) balance() {
	if p.closed {
		return
	}
	for p.count(active) < p.opts.Workers {
		w := p.pick(spare, p.generation)
		if w == nil {
			break
		}
		w.state = active
	}
	for {
		old, fresh := p.outdated(), p.pick(spare, p.generation)
		if old == nil || fresh == nil && old.state != spare {
			break
		}
		if old.state == active {
			fresh.state = active
		}
		old.leave()
	}
	for p.surplus() {
		p.pick(spare, p.generation).leave()
	}
	if p.retry != nil {
		return // its timer comes back here
	}
	// A slow worker will be a spare again, so it counts as one.
	for range p.opts.Workers + max(0, p.opts.Spares-p.count(slow)) - p.fresh() {
		p.spawn()
	}
}

func (p *Pool) count(s state) int {
	n := 0
	for _, w := range p.processes {
		if w.state == s {
			n++
		}
	}
	return n
}

// fresh counts the processes with the current library that are, or will be,
// there for any request.
func (p *Pool) fresh() int {
	n := p.spawning
	for _, w := range p.processes {
		if w.state <= active && w.generation == p.generation {
			n++
		}
	}
	return n
}

func (p *Pool) surplus() bool {
	return p.fresh() > p.opts.Workers+p.opts.Spares && p.pick(spare, p.generation) != nil
}

func (p *Pool) pick(s state, generation int) *process {
	for _, w := range p.processes {
		if w.state == s && w.generation == generation {
			return w
		}
	}
	return nil
}

// outdated returns a process that waits or works with an old library.
func (p *Pool) outdated() *process {
	for _, w := range p.processes {
		if (w.state == active || w.state == spare) && w.generation != p.generation {
			return w
		}
	}
	return nil
}

// spawn starts a process in the background, since that takes milliseconds.
func (p *Pool) spawn() {
	p.spawning++
	p.reaped.Go(func() {
		child, err := p.spawner.start()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.spawning--
		if err != nil {
			p.unready(fmt.Errorf("start worker process: %w", err))
			return
		}
		w := p.start(child)
		if p.closed {
			w.end(verdict{})
		}
		p.watchWhileBusy()
	})
}

// welcome takes a process into service that has become ready.
func (p *Pool) welcome(w *process) {
	w.state = spare
	p.failures = 0
	p.report = p.makeReport(w.ready.Layers)
	p.log.Debug("worker ready", "pid", w.cmd.Process.Pid, "after", p.now().Sub(w.startedAt))
	p.balance()
	p.dispatch()
	if p.outdated() != nil {
		return
	}
	for _, waiter := range p.waiters {
		waiter <- nil
	}
	p.waiters = nil
}

// unready deals with a process that never got ready. After a few of them in a
// row those who wait are told.
func (p *Pool) unready(err error) {
	p.failures++
	if !errors.Is(err, monitor.ErrInvalid) {
		err = fmt.Errorf("%w: %w", err, monitor.ErrUnavailable)
	}
	p.log.Error("worker not ready", "err", err, "failures", p.failures)
	hopeless := p.failures >= failuresMax || errors.Is(err, monitor.ErrInvalid)
	if hopeless && p.spawning == 0 && p.count(active)+p.count(slow)+p.count(leaving) == 0 {
		p.fail(err)
	}
	if p.closed || p.retry != nil {
		return
	}
	p.retry = time.AfterFunc(min(retryFirst<<min(p.failures, 16), retryMost), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.retry = nil
		p.balance()
	})
}

// deliver hands over the answers to the first requests in flight.
func (p *Pool) deliver(w *process, batch []outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(batch) > len(w.sent) {
		return // its end has come in between
	}
	for i, out := range batch {
		e := w.sent[i]
		if e.request != nil && !e.request.abandoned && !(out.result.Fault == monitor.FaultMemory && p.doubt(w, e, verdictOf(out.result))) {
			p.finish(e.request, out)
		}
		w.served++
		if w.state < leaving && (out.tired || w.served >= p.opts.Recycle) {
			p.stats.Recycled++
			w.leave()
		}
	}
	w.sent = slices.Delete(w.sent, 0, len(batch))
	if len(w.sent) > 0 {
		w.sent[0].at = p.now()
		if w.state == leaving && !w.awaited() {
			w.end(verdict{}) // what it still has has long been sent elsewhere
		}
	} else if w.state == leaving {
		close(w.wake)
	}
	if w.state == slow && len(w.sent) == 0 {
		w.state = spare
		if !w.hurryAgain() {
			w.leave()
		}
	}
	p.balance()
	p.dispatch()
}

// awaited reports whether anybody waits for what is in flight here.
func (w *process) awaited() bool {
	return slices.ContainsFunc(w.sent, func(e entry) bool { return e.request != nil && !e.request.abandoned })
}

// bury deals with a dead process: the run that it was at gets a fault, all
// others in flight are sent again.
func (p *Pool) bury(w *process, words []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	unready := w.state == starting
	if w.state != leaving || len(w.sent) > 0 {
		close(w.wake)
	}
	culprit := w.at()
	if w.kill != nil {
		culprit = w.kill.culprit
	} else if shortOfThreads(words) {
		culprit = 0
	}
	planned := w.state == leaving && len(w.sent) == 0 || w.kill != nil && w.kill.fault == monitor.NoFault
	w.state = dead
	p.processes = slices.DeleteFunc(p.processes, func(other *process) bool { return other == w })
	if !planned && !p.closed && !unready {
		p.stats.Died++
		p.log.Warn("worker died", "pid", w.cmd.Process.Pid, "state", w.cmd.ProcessState.String(), "stderr", strings.TrimSpace(string(words[:min(len(words), 500)])))
	}
	for _, e := range slices.Backward(w.sent) {
		switch {
		case e.request == nil || e.request.abandoned:
		case e.id == culprit:
			p.convict(w, e, words)
		default:
			p.resend(e.request)
		}
	}
	w.sent = nil
	if unready && !p.closed {
		p.unready(w.whyUnready(words))
	}
	p.balance()
	p.dispatch()
}

func (w *process) whyUnready(words []byte) error {
	switch {
	case len(w.ready.Library) > 0:
		return w.ready.Library
	case w.ready.Failure != "":
		return fmt.Errorf("worker process: %s", w.ready.Failure)
	case w.kill != nil:
		return fmt.Errorf("worker process: %s", w.kill.reason)
	}
	return fmt.Errorf("worker process ended before it was ready (%s)%s", w.cmd.ProcessState, firstLine(words))
}

// convict answers the run that a worker died of.
func (p *Pool) convict(w *process, e entry, words []byte) {
	v := judge(w.cmd.ProcessState, words, e.limits)
	switch group := w.child.group; {
	case w.kill != nil:
		v = *w.kill
	case group != nil && group.overrun():
		v = overMemory(e.limits)
	}
	if v.fault == monitor.FaultMemory && p.doubt(w, e, v) {
		return
	}
	line := w.line(e.request.source)
	if first := e.request.first; first != nil && v.fault == monitor.FaultTimeout {
		v = *first // it is slower while it is traced
	}
	result := faulty(v.fault, v.reason)
	if line > 0 && v.fault == monitor.FaultMemory {
		result.Thrown = &monitor.ScriptError{Message: v.reason, Line: line}
	}
	result.Output, result.Graph = w.partial(e.limits)
	result.Cost = monitor.Cost{PointsIn: e.request.pointsIn, OutputBytes: len(result.Output)}
	if v.fault == monitor.FaultMemory {
		result.Cost.Memory = e.limits.Memory // at least
	}
	for _, line := range result.Graph {
		result.Cost.PointsOut += len(line.Points)
	}
	result.Cost.Wall, result.Cost.CPU = w.seen.cost(e.id, p.now(), w.cmd.ProcessState)
	if result.Cost.Wall == 0 && !e.at.IsZero() {
		result.Cost.Wall = p.now().Sub(e.at)
	}
	if v.strike {
		p.memory.strike(e.request.key, v.fault.Description(), p.now())
	}
	if v.fault == monitor.FaultMemory {
		p.memory.expectMemory(e.request.key)
	}
	p.stats.Runs++
	p.stats.Killed++
	e.request.done <- answer{outcome: outcome{result: result}}
}

// doubt gives a run that memory ran out for another try, traced and in a fresh worker
// of its own, and reports whether it did. In one that has served others their
// leavings may have been the cause, and the line is rarely known the first time.
func (p *Pool) doubt(w *process, e entry, v verdict) bool {
	r := e.request
	if p.closed || r.alone || w.served == 0 && (r.traced || v.line > 0) {
		return false
	}
	r.first = &v
	p.stats.Resent++
	p.queueAlone(r)
	return true
}

// queueAlone queues a request for a worker of its own.
func (p *Pool) queueAlone(r *request) {
	r.alone, r.traced, r.lane = true, true, heavyLane
	p.queue[heavyLane] = append([]*request{r}, p.queue[heavyLane]...)
}

// resend puts a request to the front of its queue. A request that sees too many
// workers die is suspect even if no worker has blamed it: it goes on alone.
func (p *Pool) resend(r *request) {
	r.deaths++
	if r.deaths > patience && !r.alone {
		p.stats.Resent++
		p.queueAlone(r)
		return
	}
	if r.deaths > 2*patience {
		p.memory.strike(r.key, monitor.FaultSandbox.Description(), p.now())
		r.done <- answer{outcome: outcome{result: faulty(monitor.FaultSandbox,
			fmt.Sprintf("%d worker processes died one after the other while the script waited in them.", r.deaths))}}
		return
	}
	p.stats.Resent++
	p.queue[r.lane] = append([]*request{r}, p.queue[r.lane]...)
}

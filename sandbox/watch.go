package sandbox

import (
	"fmt"
	"os"
	"time"

	"wingmirror/monitor"
)

// The watch looks at busy workers every watchEvery. The engine interrupts a
// script at its limit by itself; killGrace later the watch ends what could not
// be interrupted. A run that takes slowCPU of processor time, or slowWall by
// the clock, gets its worker for itself: what waits behind it is sent elsewhere.
const (
	watchEvery  = 10 * time.Millisecond
	killGrace   = 150 * time.Millisecond
	slowCPU     = 10 * time.Millisecond
	slowWall    = 100 * time.Millisecond
	niceCPU     = 200 * time.Millisecond // makes way for others from here on
	idleCPU     = 50 * time.Millisecond  // that a run may still use when nobody waits for it
	silentGrace = 5 * time.Second
)

// sighting is when the watch first saw a worker at a run.
type sighting struct {
	id    uint64
	at    time.Time
	start time.Duration // processor time of the process then
	cpu   time.Duration // processor time used since, at the last look
}

// cost is what the run took, as far as the watch saw it.
func (s sighting) cost(id uint64, now time.Time, state *os.ProcessState) (wall, cpu time.Duration) {
	if s.id != id || s.at.IsZero() {
		return 0, 0
	}
	return now.Sub(s.at), max(s.cpu, state.UserTime()+state.SystemTime()-s.start)
}

// watchWhileBusy starts the watch unless it is running; it ends by itself when
// there is nothing to watch, so that an idle server sleeps.
func (p *Pool) watchWhileBusy() {
	if p.watching || p.closed {
		return
	}
	p.watching = true
	p.reaped.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for range tick.C {
			if !p.watch(p.now()) {
				return
			}
		}
	})
}

// watch looks at every worker once. It returns whether there is more to watch.
func (p *Pool) watch(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	busy := false
	for _, w := range p.processes {
		switch {
		case w.state == starting:
			busy = true
			if now.Sub(w.startedAt) > startTime {
				w.end(verdict{reason: fmt.Sprintf("not ready after %v", startTime)})
			}
		case len(w.sent) > 0 && !w.gone:
			busy = true
			w.look(now)
		}
	}
	p.dispatch()
	p.watching = busy && !p.closed
	return p.watching
}

// look judges what a worker is doing now.
func (w *process) look(now time.Time) {
	if head := w.sent[0]; now.Sub(head.at) > head.limits.Wall+silentGrace {
		w.end(verdict{fault: monitor.FaultSandbox, strike: true, culprit: head.id, reason: "The script's worker process went silent."})
		return
	}
	id := w.at()
	cpu, known := processorTime(w.cmd.Process.Pid)
	if id != w.seen.id {
		w.seen = sighting{id: id, at: now, start: cpu}
		return
	}
	i := w.find(id)
	if i < 0 {
		return
	}
	e, wall := w.sent[i], now.Sub(w.seen.at)
	w.seen.cpu = cpu - w.seen.start
	if !known {
		w.seen.cpu = wall
	}
	switch unwanted := e.request == nil || e.request.abandoned; {
	case unwanted && w.seen.cpu > idleCPU:
		w.end(verdict{})
	case w.seen.cpu > e.limits.CPU+killGrace:
		w.end(timeoutCPU(id, e.limits.CPU))
	case wall > e.limits.Wall+killGrace:
		w.end(timeoutWall(id, e.limits.Wall))
	case w.seen.cpu >= slowCPU || wall >= slowWall:
		w.isolate(i)
	}
	if w.seen.cpu >= niceCPU {
		w.makeWay(afterOthers)
	}
}

// courtesy is how a process shares the processors of a busy machine. A long run
// gets a tenth of what a short one gets, which is what the limits by the clock allow
// for; a script that went beyond its limits the last time gets a hundredth.
type courtesy uint8

const (
	inTurn courtesy = iota
	afterOthers
	lastOfAll
)

// makeWay lets other processes have the processors first.
func (w *process) makeWay(c courtesy) {
	if w.yields < c && makeWay(w.cmd.Process.Pid, c) == nil {
		w.yields = c
	}
}

// hurryAgain takes that back. It reports whether it could.
func (w *process) hurryAgain() bool {
	if w.yields != inTurn && makeWay(w.cmd.Process.Pid, inTurn) == nil {
		w.yields = inTurn
	}
	return w.yields == inTurn
}

func (w *process) find(id uint64) int {
	for i, e := range w.sent {
		if e.id == id {
			return i
		}
	}
	return -1
}

// isolate sends everything elsewhere that waits for the i-th request in flight.
// That worker counts as slow, and another takes its place. When there are too
// many of those, the run has to start again later, on the lane of long runs: its
// worker is ended, so that short runs never wait for a crowd of long ones.
func (w *process) isolate(i int) {
	p := w.pool
	evict := w.state == active && p.count(slow) >= p.mostSlow()
	for k := len(w.sent) - 1; k >= 0; k-- {
		r := w.sent[k].request
		if r == nil || r.abandoned || k == i && !evict {
			continue
		}
		if k == i {
			p.memory.expectLong(r.key)
			r.lane = heavyLane
		}
		w.sent[k].request = nil
		p.stats.Resent++
		p.queue[r.lane] = append([]*request{r}, p.queue[r.lane]...)
	}
	if evict {
		w.end(verdict{})
	} else if w.state == active {
		w.state = slow
		if len(p.queue[lightLane]) > 0 {
			w.makeWay(afterOthers)
		}
		p.balance()
	}
}

// mostSlow is how many workers at most are busy with long runs beside those
// that take all others.
func (p *Pool) mostSlow() int { return 2 * p.opts.Workers }

// fresher returns a worker that has served nothing yet in place of w, which has. While
// one is about to come it returns nil; it makes room for one if need be, but not
// more than once for a request.
func (p *Pool) fresher(w *process, r *request) *process {
	for _, other := range p.processes {
		if other.generation == p.generation && other.served == 0 && len(other.sent) == 0 && (other.state == spare || other.state == active) {
			return other
		}
	}
	if p.spawning+p.count(starting) > 0 {
		return nil
	}
	if w != nil && !r.renewed {
		r.renewed = true
		w.leave()
		p.balance()
		return nil
	}
	return w
}

// heavy returns a worker for a run that is expected to be long, and gives it
// that worker for itself, at the priority that its past deserves. There are fewer of these, so that room is left for
// those that turn out to be long.
func (p *Pool) heavy(r *request) *process {
	if p.count(slow) >= p.opts.Workers {
		return nil
	}
	w := p.pick(spare, p.generation)
	for _, other := range p.processes {
		if w == nil && other.state == active && len(other.sent) == 0 {
			w = other
		}
	}
	if r.alone {
		w = p.fresher(w, r)
	}
	if w != nil {
		w.state = slow
		w.makeWay(p.memory.courtesy(r.key))
		p.balance()
	}
	return w
}

package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"wingmirror/monitor"
)

// state is where a process is in its life, which goes downwards.
type state uint8

const (
	starting state = iota // not ready yet
	spare                 // warm, waits to be needed
	active                // takes requests
	slow                  // busy with one long run, takes no others
	leaving               // finishes what it has, then ends
	dead
)

// process is one worker process. Its fields are guarded by Pool.mu, but for
// those that never change.
type process struct {
	pool       *Pool
	child      child
	cmd        *exec.Cmd // of child
	stdin      *os.File
	journal    *Journal // shared memory, or nil
	generation int
	wake       chan struct{} // tells the writer that out has something, closed at the end
	startedAt  time.Time

	state   state
	gone    bool // its pid may soon be another's
	out     encoder
	sent    []entry // requests in flight, in the order in which they were sent
	slots   map[string]uint16
	owner   [sourceSlots]string
	slot    int
	slotted int // bytes of remembered sources
	served  int
	filling bool

	current uint64 // the run it is at, when it does not share memory
	notes   []byte // of that run

	yields courtesy
	seen   sighting
	kill   *verdict // why we ended it; nil when we did not
	ready  Ready
}

// entry is a request in flight. request is nil once nobody waits for it here:
// it was abandoned, or sent elsewhere.
type entry struct {
	id      uint64
	request *request
	limits  monitor.Limits
	lines   int // most lines in the graph
	check   bool
	at      time.Time // when it became the first of those in flight; zero before
}

// start runs the goroutines of a process that has just begun to live.
func (p *Pool) start(child child) *process {
	w := &process{
		pool: p, child: child, cmd: child.cmd, stdin: child.stdin, generation: p.generation,
		wake: make(chan struct{}, 1), slots: map[string]uint16{}, startedAt: p.now(),
	}
	setup := Setup{Limits: p.opts.Limits, Library: p.library, Disabled: p.opts.Disabled}
	if child.shared != nil {
		w.journal = &Journal{mem: child.shared}
		setup.Shared = len(child.shared)
	}
	at := w.out.begin(kindSetup)
	w.out.setup(setup)
	w.out.finish(at)
	p.processes = append(p.processes, w)
	p.stats.Started++
	p.reaped.Go(w.write)
	p.reaped.Go(func() { w.live(child) })
	w.nudge()
	return w
}

// live reads what the process writes until it is dead, and buries it.
func (w *process) live(child child) {
	complaint := make(chan []byte, 1)
	go func() { complaint <- lastWords(child.stderr) }()
	err := w.read(newFrameReader(child.stdout, maxResult(w.pool.opts.Limits)))
	if !errors.Is(err, io.EOF) {
		w.pool.mu.Lock()
		w.end(verdict{fault: monitor.FaultSandbox, reason: "The script's worker process broke the protocol: " + err.Error() + ".", strike: true, culprit: w.at()})
		w.pool.mu.Unlock()
	}
	w.awaitEnd()
	words := <-complaint
	child.close()
	w.pool.bury(w, words)
	child.forget()
}

// awaitEnd waits for the end of a process that has closed its pipe. One that
// lives on nevertheless is of no use.
func (w *process) awaitEnd() {
	const grace = 2 * time.Second // its end may be slow: it comes last on a busy machine
	w.pool.mu.Lock()
	w.gone = true
	w.pool.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		_ = w.cmd.Wait() // how it ended is in ProcessState
		close(ended)
	}()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		w.pool.mu.Lock()
		w.end(verdict{fault: monitor.FaultSandbox, strike: true, culprit: w.at(), reason: "The script's worker process closed its pipe."})
		w.pool.mu.Unlock()
		<-ended
	}
}

// lastWords keeps the beginning of what a process complains about: the cause
// stands before the details.
func lastWords(stderr io.Reader) []byte {
	words, _ := io.ReadAll(io.LimitReader(stderr, 16<<10)) // what was read counts
	_, _ = io.Copy(io.Discard, stderr)                     // or the process would block
	return words
}

// write sends what is queued, as much as there is at a time.
func (w *process) write() {
	var buf []byte
	for range w.wake {
		w.pool.mu.Lock()
		buf, w.out.b = w.out.b, buf[:0]
		w.pool.mu.Unlock()
		if len(buf) > 0 {
			_, _ = w.stdin.Write(buf) // a dead process is noticed by its reader
		}
		if cap(buf) > 1<<20 {
			buf = nil
		}
	}
	_ = w.stdin.Close() // tells the worker to go
}

func (w *process) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// read takes in frames. Results that have arrived together are handed over
// together.
func (w *process) read(frames *frameReader) error {
	var batch []outcome
	for {
		kind, payload, err := frames.next()
		if err != nil {
			return err
		}
		switch kind {
		case kindReady:
			err = w.greeted(payload)
		case kindStarted, kindPartial:
			err = w.noted(kind, payload)
		case kindResult, kindChecked:
			var out outcome
			out, err = w.decode(kind, payload, len(batch))
			batch = append(batch, out)
		default:
			err = fmt.Errorf("frame of kind %d: %w", kind, errValue)
		}
		if err != nil {
			return err
		}
		if len(batch) > 0 && !frames.waiting() {
			w.pool.deliver(w, batch)
			batch = batch[:0]
		}
	}
}

func (w *process) greeted(payload []byte) error {
	d := decoder{b: payload}
	ready := d.ready()
	if err := d.end(); err != nil {
		return err
	}
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	if w.state != starting {
		return errValue
	}
	w.ready = ready
	if len(ready.Library) > 0 || ready.Failure != "" {
		return nil // it ends by itself, and is buried with this reason
	}
	w.pool.welcome(w)
	return nil
}

// noted takes in what a process that does not share memory says about its run.
func (w *process) noted(kind frameKind, payload []byte) error {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	if kind == kindStarted {
		d := decoder{b: payload}
		w.current, w.notes = d.u64(), w.notes[:0]
		return d.end()
	}
	if len(w.notes)+len(payload) > journalSize(w.pool.opts.Limits) {
		return errTooLarge
	}
	w.notes = append(w.notes, payload...)
	return nil
}

// decode reads the answer to the n-th request in flight.
func (w *process) decode(kind frameKind, payload []byte, n int) (outcome, error) {
	w.pool.mu.Lock()
	if n >= len(w.sent) {
		w.pool.mu.Unlock()
		return outcome{}, errValue
	}
	e := w.sent[n]
	w.pool.mu.Unlock()
	d := decoder{b: payload}
	var out outcome
	if id := d.u64(); id != e.id || e.check != (kind == kindChecked) {
		return outcome{}, errValue
	}
	if e.check {
		out.problem = d.scriptError()
	} else {
		out.tired = d.flag()
		out.result = d.result(e.limits, e.lines)
	}
	return out, d.end()
}

// send puts a request on its way.
func (w *process) send(r *request) {
	p := w.pool
	p.lastID++
	kind := kindRun
	switch {
	case r.check:
		kind = kindCheck
	case r.traced:
		kind = kindTraced
	}
	at := w.out.begin(kind)
	w.out.u64(p.lastID)
	w.source(r.source)
	w.out.b = append(w.out.b, r.body...)
	w.out.finish(at)
	e := entry{id: p.lastID, request: r, limits: r.limits, lines: r.lines, check: r.check}
	if len(w.sent) == 0 {
		e.at = p.now()
	}
	w.sent = append(w.sent, e)
	w.nudge()
}

// thirsty reports whether the process is to get the next request. Once it has as
// many in flight as it may, it gets none until half of them are done: one system
// call and one wake-up for many requests cost a fraction of one for each.
func (w *process) thirsty() bool {
	switch most := w.pool.opts.Depth; {
	case len(w.sent) >= most:
		w.filling = false
	case len(w.sent) <= most/2:
		w.filling = true
	}
	return w.filling
}

// source writes a script, or the slot in which the worker remembers it.
func (w *process) source(source string) {
	slot, known := w.slots[source]
	switch {
	case known:
		w.out.u8(sourceKnown)
		w.out.u16(slot)
		return
	case len(source) < slotMinimum || len(source) > slotCapacity/8:
		w.out.u8(sourceInline)
		w.out.u16(0)
	default:
		w.out.u8(sourceDefine)
		w.out.u16(w.remember(source))
	}
	w.out.str(source)
}

// remember assigns the next slot, after freeing as many as the source takes.
func (w *process) remember(source string) uint16 {
	w.slotted += len(source)
	for {
		w.slot = (w.slot + 1) % sourceSlots
		old := w.owner[w.slot]
		w.owner[w.slot] = ""
		w.slotted -= len(old)
		delete(w.slots, old)
		if w.slotted <= slotCapacity {
			break
		}
	}
	w.owner[w.slot] = source
	w.slots[source] = uint16(w.slot)
	return uint16(w.slot)
}

// at is the id of the run that the process is at, by its own word.
func (w *process) at() uint64 {
	if w.current == 0 && w.journal != nil {
		return w.journal.current()
	}
	return w.current
}

// partial is what the current run has printed and drawn.
func (w *process) partial(l monitor.Limits) (string, []monitor.Line) {
	if w.current == 0 && w.journal != nil {
		return w.journal.partial(l)
	}
	return readNotes(w.notes, l)
}

// line is the line that the current run was last at; 0 where that is not known.
func (w *process) line(source string) int {
	if w.current == 0 && w.journal != nil {
		return w.journal.line(len(source))
	}
	return 0
}

// end kills the process, for the reason that is given first.
func (w *process) end(v verdict) {
	if w.state == dead || w.kill != nil {
		return
	}
	w.kill = &v
	w.child.kill()
}

// abort kills the process and answers all it has in flight with an error.
func (w *process) abort(err error) {
	for i, e := range w.sent {
		if e.request != nil {
			e.request.done <- answer{err: err}
			w.sent[i].request = nil
		}
	}
	w.end(verdict{})
}

// leave lets the process finish what it has, and then end.
func (w *process) leave() {
	if w.state >= leaving {
		return
	}
	w.state = leaving
	if len(w.sent) == 0 {
		close(w.wake)
	}
}

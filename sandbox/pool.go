// Package sandbox runs scripts in worker processes that are locked down: the
// own executable, started again, with pipes for requests and results. It holds
// both ends of those pipes (Pool for the server, Conn for the worker) and never
// imports the script engine, so no script can reach one in the server.
//
// Promises: a run costs at most itself. A script that hangs, exhausts memory,
// overflows a stack or breaks the rules ends its worker, gets its own fault, and
// keeps what it had printed and drawn; other runs in that worker are sent
// elsewhere unseen, which they can be because a run is a pure function. What a
// worker writes is bounded and checked. A monitor that keeps killing workers is
// put in quarantine for a while.
//
// The package does not fetch series, judge results or know schedules.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"wingmirror/monitor"
)

// Options configure a Pool. The zero value is a working pool of the current
// executable, started with the argument "worker".
type Options struct {
	Workers  int              // processes that take runs; 0 is one per core
	Spares   int              // warm processes that wait for one to fail; 0 is 1, negative is none
	Depth    int              // requests in flight in one worker; 0 is 32
	Limits   monitor.Limits   // of every run; a monitor may only lower them; zero fields are monitor's defaults
	Library  []File           // the user's helper files
	Recycle  int              // runs after which a worker is replaced; 0 is 50,000
	Path     string           // executable; "" is the current one
	Args     []string         // its arguments; nil is "worker"
	Disabled []string         // layers to leave out, by the names in Report
	Strict   bool             // refuse to start unless every layer is active
	Log      *slog.Logger     // nil discards
	Now      func() time.Time // nil is the real clock
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = runtime.NumCPU()
	}
	switch {
	case o.Spares == 0:
		o.Spares = 1
	case o.Spares < 0:
		o.Spares = 0
	}
	if o.Depth <= 0 {
		o.Depth = 32
	}
	if o.Recycle <= 0 {
		o.Recycle = 50_000
	}
	if o.Args == nil {
		o.Args = []string{"worker"}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Limits = bounded(o.Limits.WithDefaults())
	return o
}

// bounded keeps an installation's limits small enough for a frame.
func bounded(l monitor.Limits) monitor.Limits {
	l.Source = min(l.Source, 1<<20)
	l.Output = min(l.Output, 1<<20)
	l.Message = min(l.Message, maxText/3)
	l.GraphPoints = min(l.GraphPoints, 500_000)
	l.GraphLines = min(l.GraphLines, 1_000)
	l.InputPoints = min(l.InputPoints, 1_500_000)
	return l
}

// Pool is a set of workers. It is safe for use by many goroutines.
type Pool struct {
	opts    Options
	log     *slog.Logger
	now     func() time.Time
	seed    maphash.Seed
	spawner *spawner
	reaped  sync.WaitGroup // goroutines of processes

	mu         sync.Mutex
	closed     bool
	lastID     uint64
	queue      [2][]*request // light, heavy
	processes  []*process
	generation int // of the library
	library    []File
	memory     *quarantine
	report     Report
	stats      Stats
	watching   bool
	spawning   int         // processes that are being started
	failures   int         // processes in a row that did not get ready
	retry      *time.Timer // of spawning
	waiters    []chan error
}

const (
	lightLane = 0
	heavyLane = 1
	checkJob  = -2 // keeps checks apart from runs in quarantine
)

// request is one Run or Check on its way.
type request struct {
	check    bool
	source   string
	body     []byte
	limits   monitor.Limits
	key      suspect
	pointsIn int
	lines    int // most lines in the graph
	done     chan answer

	// Guarded by Pool.mu.
	lane      int
	abandoned bool
	deaths    int      // workers that died while this was in flight and not at fault
	alone     bool     // gets a fresh worker for itself: what it does there it has done itself
	renewed   bool     // has had a worker replaced for that
	traced    bool     // notes its lines
	first     *verdict // on the worker that died of it before it was alone
}

type answer struct {
	outcome
	err error
}

// NewPool starts workers and returns when the first of them is ready. It fails
// when none gets ready, when a file of the library does not compile (the
// monitor.FieldErrors name file, line and column), and under Strict when a layer is not to be had.
func NewPool(opts Options) (*Pool, error) {
	opts = opts.withDefaults()
	p := &Pool{
		opts: opts, log: opts.Log, now: opts.Now, seed: maphash.MakeSeed(),
		library: opts.Library, memory: newQuarantine(),
	}
	if err := checkLibrary(opts.Library); err != nil {
		return nil, err
	}
	p.spawner = newSpawner(opts)
	ready := make(chan error, 1)
	p.mu.Lock()
	p.waiters = append(p.waiters, ready)
	p.balance()
	p.mu.Unlock()
	err := <-ready
	if err == nil && opts.Strict {
		err = p.Report().missing()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start sandbox: %w", err), p.Close())
	}
	return p, nil
}

// Run evaluates the input in a worker. Whatever the script does is in the
// result; an error is a cancelled context, whose cause it wraps, or a pool that
// has no workers or is closed (monitor.ErrUnavailable).
func (p *Pool) Run(ctx context.Context, in monitor.Input) (monitor.Result, error) {
	limits := lower(p.opts.Limits, in.Limits)
	if refused := refuse(in, limits); refused != nil {
		return withGraph(*refused, in, limits), nil
	}
	r := &request{
		source: in.Script, body: inputBody(in, limits), limits: limits,
		key: p.suspect(in.JobID, in.Script), pointsIn: pointsIn(in), lines: maxLines(in, limits), done: make(chan answer, 1),
	}
	if len(r.body)+len(r.source) > maxFrame-frameHead-64 {
		return withGraph(limitResult("The input of one run may not be larger than 16 MB in all."), in, limits), nil
	}
	a, err := p.await(ctx, r)
	if err != nil {
		return monitor.Result{}, err
	}
	return withGraph(a.result, in, limits), nil
}

// withGraph gives a run that had no time to draw the graph of one that draws
// nothing. The engine does so itself, where a run gets as far as its end.
func withGraph(result monitor.Result, in monitor.Input, limits monitor.Limits) monitor.Result {
	if len(result.Graph) > 0 || result.Fault == monitor.NoFault {
		return result
	}
	result.Graph = monitor.DefaultGraph(in.Targets, limits.GraphPoints)
	for _, line := range result.Graph {
		result.Cost.PointsOut += len(line.Points)
	}
	return result
}

// Check says what keeps a script from being parsed, or nil when it does parse.
// Errors are those of Run.
func (p *Pool) Check(ctx context.Context, script string) (*monitor.ScriptError, error) {
	limits := p.opts.Limits
	if len(script) > limits.Source {
		return &monitor.ScriptError{Message: tooLong(len(script), limits.Source)}, nil
	}
	if !utf8.ValidString(script) {
		return &monitor.ScriptError{Message: notText}, nil
	}
	r := &request{
		check: true, source: script, limits: limits,
		key: p.suspect(checkJob, script), done: make(chan answer, 1),
	}
	a, err := p.await(ctx, r)
	if err == nil && a.result.Fault != monitor.NoFault {
		return &monitor.ScriptError{Message: a.result.Reason}, nil
	}
	return a.problem, err
}

func (p *Pool) await(ctx context.Context, r *request) (outcome, error) {
	if err := ctx.Err(); err != nil {
		return outcome{}, context.Cause(ctx)
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return outcome{}, errClosed
	}
	r.lane, r.traced = p.memory.lane(r.key), p.memory.greedy(r.key)
	p.queue[r.lane] = append(p.queue[r.lane], r)
	p.dispatch()
	p.watchWhileBusy()
	p.mu.Unlock()
	select {
	case a := <-r.done:
		return a.outcome, a.err
	case <-ctx.Done():
		p.abandon(r)
		return outcome{}, context.Cause(ctx)
	}
}

var errClosed = fmt.Errorf("sandbox is closed: %w", monitor.ErrUnavailable)

// abandon forgets a request that nobody waits for any more. If it is under way
// the watch ends it.
func (p *Pool) abandon(r *request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.abandoned = true
	if i := slices.Index(p.queue[r.lane], r); i >= 0 {
		p.queue[r.lane] = slices.Delete(p.queue[r.lane], i, i+1)
	}
}

func (p *Pool) suspect(job int64, script string) suspect {
	return suspect{job: job, script: maphash.String(p.seed, script)}
}

// Slow reports whether a run of the monitor's script is likely to wait for its
// turn or to take long, by how the runs before it went.
func (p *Pool) Slow(job int64, script string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.memory.records) > 0 && p.memory.lane(p.suspect(job, script)) == heavyLane
}

// dispatch hands queued requests to workers that have room.
func (p *Pool) dispatch() {
	for lane := range p.queue {
		for len(p.queue[lane]) > 0 {
			r := p.queue[lane][0]
			if r.abandoned || p.quarantined(r) {
				p.queue[lane] = p.queue[lane][1:]
				continue
			}
			w := p.roomiest(r)
			if w == nil {
				break
			}
			p.queue[lane][0] = nil
			p.queue[lane] = p.queue[lane][1:]
			w.send(r)
		}
		if len(p.queue[lane]) == 0 {
			p.queue[lane] = nil // lets go of what was at the front
		}
	}
}

// roomiest returns the worker for the next request of a lane, or nil.
func (p *Pool) roomiest(r *request) *process {
	var best *process
	if r.lane == heavyLane {
		return p.heavy(r)
	}
	for _, w := range p.processes {
		if w.state == active && w.thirsty() && (best == nil || len(w.sent) < len(best.sent)) {
			best = w
		}
	}
	return best
}

// quarantined answers the request if it may not run now.
func (p *Pool) quarantined(r *request) bool {
	why := p.memory.refuses(r.key, p.now)
	if why == "" {
		return false
	}
	p.stats.Quarantined++
	r.done <- answer{outcome: outcome{result: faulty(monitor.FaultQuarantine, why)}}
	return true
}

// finish gives a request its answer and learns from it.
func (p *Pool) finish(r *request, out outcome) {
	if cost := out.result.Cost; out.result.Fault == monitor.FaultTimeout && cost.CPU >= r.limits.CPU {
		p.memory.overtime(r.key, p.now())
	} else {
		p.memory.ran(r.key, cost.CPU)
	}
	if fault := out.result.Fault; fault == monitor.FaultMemory {
		p.memory.strike(r.key, fault.Description(), p.now())
		p.memory.expectMemory(r.key)
	} else if fault == monitor.FaultTimeout && r.first != nil {
		out.result.Fault, out.result.Reason = r.first.fault, r.first.reason // it is slower while it is traced
	}
	p.stats.Runs++
	r.done <- answer{outcome: out}
}

// Close ends all workers. Runs under way get an error. It may be called again.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	if p.retry != nil {
		p.retry.Stop()
	}
	p.fail(errClosed)
	for _, w := range p.processes {
		w.abort(errClosed)
	}
	p.mu.Unlock()
	p.reaped.Wait()
	p.spawner.stop()
	return nil
}

// fail answers all requests that wait for a worker with an error.
func (p *Pool) fail(err error) {
	for lane := range p.queue {
		for _, r := range p.queue[lane] {
			r.done <- answer{err: err}
		}
		p.queue[lane] = nil
	}
	for _, waiter := range p.waiters {
		waiter <- err
	}
	p.waiters = nil
}

// Package scheduler decides when monitors run, and runs them: gocron rings for
// a cohort (all monitors with one resolved crontab and zone), the runs are
// claimed, their targets fetched together, each script is evaluated as soon as
// its own series are there, and the evaluation goes to the Desk.
//
// One monitor has at most one run at a time, so work can never pile up: a tick
// that finds the run before it unfinished is skipped and counted. The scheduled
// time, not the clock's, is what a run knows as its time. Evaluate is the one
// path by which any run, live or not, is made.
//
// The package keeps nothing, decides no alerts, and knows neither the database
// nor the script engine: see Ledger, Desk, Fetcher and Runner.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"wingmirror/monitor"
)

// Options are what New needs. Fetcher, Runner, Ledger and Desk are required.
type Options struct {
	Fetcher Fetcher
	Runner  Runner
	Ledger  Ledger
	Desk    Desk
	Log     *slog.Logger     // nil: nothing is logged
	Now     func() time.Time // nil: time.Now
	Limits  monitor.Limits   // of every run; zero fields mean the Runner's own

	Workers     int           // scripts evaluated at once, the global cap; 0: 64
	Fetches     int           // requests to the source at once; 0: 16
	Batch       int           // targets of one request; 0: 50
	Backlog     int           // runs due and not ended, beyond which ticks are skipped; 0: 100,000
	MinInterval time.Duration // shortest time between two runs of a monitor; 0: 1 s
	Grace       time.Duration // a tick that comes later than this was missed, see monitor.CatchUp; 0: 1 min
}

// withDefaults fills the zero fields in, or names what is wrong.
func (o Options) withDefaults() (Options, error) {
	if o.Fetcher == nil || o.Runner == nil || o.Ledger == nil || o.Desk == nil {
		return o, errors.New("scheduler: Fetcher, Runner, Ledger and Desk are required")
	}
	if o.Workers < 0 || o.Fetches < 0 || o.Batch < 0 || o.Backlog < 0 || o.MinInterval < 0 || o.Grace < 0 {
		return o, errors.New("scheduler: an option is negative")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	orInt := func(n *int, otherwise int) {
		if *n == 0 {
			*n = otherwise
		}
	}
	orInt(&o.Workers, 64)
	orInt(&o.Fetches, 16)
	orInt(&o.Batch, 50)
	orInt(&o.Backlog, 100_000)
	if o.MinInterval == 0 {
		o.MinInterval = time.Second
	}
	if o.Grace == 0 {
		o.Grace = time.Minute
	}
	return o, nil
}

const (
	recorders  = 256 // evaluations handed to the Desk at once, so that it can store them together
	claimBatch = 500 // runs claimed in one call

	// A round waits for other cohorts that are due at its second, to fetch
	// together, until none came for the shorter time, or the longer one is over.
	gatherQuiet = 2 * time.Millisecond
	gatherMost  = 20 * time.Millisecond
)

// Scheduler runs monitors when they are due. All methods are safe for many
// goroutines at once.
type Scheduler struct {
	Options

	mu       sync.Mutex
	entries  map[int64]*entry
	cohorts  map[cohortKey]*cohort
	lanes    map[string]*lane
	inFlight int // tasks that hold their entry
	started  bool
	stopping bool
	idle     chan struct{} // closed when stopping and nothing is in flight

	ctx      context.Context // of all runs; ends when Stop's patience does
	cancel   context.CancelCauseFunc
	ticks    chan *cohort
	requests chan struct{} // a token for each request to the source under way
	ready    chan *task    // fetched
	done     chan *task    // evaluated
	quit     chan struct{} // closed when the goroutines below may go
	working  sync.WaitGroup
	stop     sync.Once
	stopErr  error

	counts counters
}

// entry is what the scheduler knows of a monitor. It outlives the monitor's
// removal while a run of it is under way, so that no second one can begin.
type entry struct {
	m       *monitor.Monitor // never changed, only replaced
	targets []string         // of m, comments left out
	cohort  *cohort          // nil when the monitor is gone
	index   int              // in cohort.members
	busy    bool             // due, running or being stored
	recheck *recheck         // the extra run ahead, or nil
}

// New returns a scheduler without monitors that has not started.
func New(o Options) (*Scheduler, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Scheduler{
		Options:  o,
		entries:  make(map[int64]*entry),
		cohorts:  make(map[cohortKey]*cohort),
		lanes:    make(map[string]*lane),
		ticks:    make(chan *cohort, 4096),
		idle:     make(chan struct{}),
		requests: make(chan struct{}, o.Fetches),
		ready:    make(chan *task, 1024),
		done:     make(chan *task),
		quit:     make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	return s, nil
}

// Start begins to run the monitors that were put and those that will be. lastRuns
// has the scheduled times of the latest runs by monitor id: a monitor whose
// policy is CatchUpOnce, and which was due since then, runs once at once.
func (s *Scheduler) Start(lastRuns map[int64]time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.stopping {
		return errors.New("scheduler: started twice, or after it was stopped")
	}
	s.started = true
	for range s.Workers {
		s.working.Go(s.work)
	}
	for range recorders {
		s.working.Go(s.record)
	}
	s.working.Go(s.listen)
	s.working.Go(s.watchClock)
	for _, l := range s.lanes {
		l.gocron.Start()
	}
	s.catchUp(lastRuns)
	return nil
}

// catchUp takes the runs that were missed since the last one. s.mu is held.
func (s *Scheduler) catchUp(lastRuns map[int64]time.Time) {
	now, due := s.Now(), make(dues)
	missed := make(map[*cohort]time.Time)
	for id, last := range lastRuns {
		e := s.entries[id]
		if e == nil || e.cohort == nil || e.m.CatchUp != monitor.CatchUpOnce {
			continue
		}
		at, known := missed[e.cohort]
		if !known {
			at = e.cohort.schedule.Last(now.In(e.cohort.zone))
			missed[e.cohort] = at
		}
		if at.After(last) {
			s.take(e, at, due)
		}
	}
	s.begin(due)
}

// Apply makes the active ones of these monitors the ones that run, and no
// others. A monitor that cannot be scheduled is left out; the error joins the
// reasons.
func (s *Scheduler) Apply(monitors []monitor.Monitor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	keep := make(map[int64]bool, len(monitors))
	var errs []error
	for _, m := range monitors {
		keep[m.ID] = true
		if err := s.put(m); err != nil {
			errs = append(errs, err)
		}
	}
	for id := range s.entries {
		if !keep[id] {
			s.drop(id)
		}
	}
	return errors.Join(errs...)
}

// Put makes the monitor, new or changed, run by its schedule from now on; one
// that is not active stops. A run under way goes on with what it began with. On
// an error the monitor does not run at all.
func (s *Scheduler) Put(m monitor.Monitor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(m)
}

// put is Put with s.mu held.
func (s *Scheduler) put(m monitor.Monitor) error {
	if !m.Active {
		s.drop(m.ID)
		return nil
	}
	if s.stopping {
		return fmt.Errorf("schedule %s: %w", m.Subject(), errStopped)
	}
	key, zone, err := s.keyOf(m)
	if err == nil {
		err = s.join(m, key, zone)
	}
	if err != nil {
		s.drop(m.ID)
		return fmt.Errorf("schedule %s: %w", m.Subject(), err)
	}
	return nil
}

// join makes the monitor a member of the cohort of key, and of no other.
func (s *Scheduler) join(m monitor.Monitor, key cohortKey, zone *time.Location) error {
	e := s.entries[m.ID]
	if e == nil {
		e = &entry{}
		s.entries[m.ID] = e
	}
	if e.m != nil && e.m.Version != m.Version {
		e.forgetRecheck()
	}
	e.m, e.targets = &m, SentTargets(m)
	if e.cohort != nil && e.cohort.key == key {
		return nil
	}
	c, err := s.cohort(key, zone)
	if err != nil {
		return err
	}
	s.leave(e)
	e.cohort, e.index = c, len(c.members)
	c.members = append(c.members, e)
	return nil
}

// Drop ends the monitor's schedule. What a run under way finds is not recorded
// any more. An unknown id is no error.
func (s *Scheduler) Drop(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(id)
}

func (s *Scheduler) drop(id int64) {
	e := s.entries[id]
	if e == nil {
		return
	}
	s.leave(e)
	if !e.busy {
		delete(s.entries, id)
	}
}

// leave takes the entry out of its cohort, and a cohort without members away.
func (s *Scheduler) leave(e *entry) {
	c := e.cohort
	if c == nil {
		return
	}
	e.forgetRecheck()
	last := c.members[len(c.members)-1]
	c.members[e.index], last.index = last, e.index
	c.members[len(c.members)-1] = nil
	c.members = c.members[:len(c.members)-1]
	e.cohort = nil
	if len(c.members) == 0 {
		s.disband(c)
	}
}

// NextRun returns when the monitor is due next, extra runs included, or the zero
// time when it does not run.
func (s *Scheduler) NextRun(id int64) time.Time {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	switch {
	case e == nil || e.cohort == nil:
		return time.Time{}
	case e.recheck != nil: // it is only planned when no tick comes before
		return e.recheck.at.In(e.cohort.zone)
	}
	return e.cohort.schedule.Next(now.In(e.cohort.zone))
}

// errStopped is the cause of the context that ends runs which Stop could not
// wait for.
var errStopped = errors.New("the scheduler was stopped")

// patience is how long Stop waits, after it ended the runs that took too long,
// for them to notice.
const patience = 2 * time.Second

// Stop begins no more runs, waits for those that have begun, and ends them when
// ctx does. It returns an error when some had to be ended. A second Stop waits
// for the first and returns the same.
func (s *Scheduler) Stop(ctx context.Context) error {
	s.stop.Do(func() { s.stopErr = s.shutdown(ctx) })
	return s.stopErr
}

func (s *Scheduler) shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.stopping = true
	lanes := s.lanes
	s.lanes = nil
	for _, e := range s.entries {
		e.forgetRecheck()
	}
	if s.inFlight == 0 {
		close(s.idle)
	}
	s.mu.Unlock()
	var closing sync.WaitGroup
	for _, l := range lanes {
		closing.Go(func() { l.close(s.Log) })
	}
	err := s.await(ctx)
	closing.Wait()
	if errors.Is(err, errStuck) {
		return err // a goroutine that does not heed its context cannot be waited for
	}
	s.cancel(errStopped)
	close(s.quit)
	s.working.Wait()
	return err
}

// errStuck is a run that goes on although its context has ended.
var errStuck = errors.New("some of them did not end")

// await returns when nothing is in flight any more. When ctx ends before, it
// ends the runs.
func (s *Scheduler) await(ctx context.Context) error {
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	left := s.inFlight
	s.mu.Unlock()
	if left == 0 { // both at once
		return nil
	}
	err := fmt.Errorf("stop scheduler: %d runs were ended early: %w", left, context.Cause(ctx))
	s.cancel(errStopped)
	select {
	case <-s.idle:
		return err
	case <-time.After(patience):
		return fmt.Errorf("%w: %w", err, errStuck)
	}
}

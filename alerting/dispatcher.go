package alerting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"wingmirror/monitor"
)

// Outbox keeps notices until they are delivered.
type Outbox interface {
	// Due returns pending notices of one scheme that are to be tried now, and
	// none before the notices that they must not overtake. One that was tried, or
	// made, at a time that is yet to come is due: the clock was set back.
	Due(ctx context.Context, scheme string, at time.Time, limit int) ([]monitor.Notice, error)
	// NextDue returns when, after the given time, the next pending notice is to be
	// tried; false when there is none.
	NextDue(ctx context.Context, scheme string, after time.Time) (time.Time, bool, error)
	// Tried stores an attempt, and how far its notice has come.
	Tried(ctx context.Context, a monitor.Attempt) error
	// Queued has a token when notices may have been added.
	Queued() <-chan struct{}
}

// DispatcherOptions are what NewDispatcher needs. Zero durations and numbers
// mean the defaults.
type DispatcherOptions struct {
	Outbox   Outbox
	Channels map[string]Channel // by scheme; a destination of another scheme waits for one
	Log      *slog.Logger

	Timeout     time.Duration    // for one attempt, default 30 s
	Grace       time.Duration    // for attempts under way when Run is to end, default 10 s
	Concurrency int              // attempts under way at once, for each channel; default 8
	FirstRetry  time.Duration    // default 5 s, then twice as long each time
	LastRetry   time.Duration    // the longest, default 5 min
	GiveUp      time.Duration    // how long a notice is tried, default a week
	Jitter      func() float64   // in [0,1); default math/rand
	Now         func() time.Time // the clock on the wall, default time.Now
}

func (o DispatcherOptions) withDefaults() DispatcherOptions {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&o.Timeout, 30*time.Second)
	set(&o.Grace, 10*time.Second)
	set(&o.FirstRetry, 5*time.Second)
	set(&o.LastRetry, 5*time.Minute)
	set(&o.GiveUp, 7*24*time.Hour)
	if o.Concurrency == 0 {
		o.Concurrency = 8
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Dispatcher drains the outbox. Each channel has a lane of its own, so that one
// that hangs holds up no other.
type Dispatcher struct {
	o     DispatcherOptions
	lanes []*lane
}

// NewDispatcher returns a dispatcher that does nothing until Run.
func NewDispatcher(o DispatcherOptions) *Dispatcher {
	d := &Dispatcher{o: o.withDefaults()}
	for scheme, channel := range o.Channels {
		d.lanes = append(d.lanes, &lane{
			o: &d.o, scheme: scheme, channel: channel, wake: make(chan struct{}, 1), ended: make(chan int64, d.o.Concurrency),
			busy: map[int64]bool{},
		})
	}
	return d
}

// Run delivers until ctx ends, and returns when the attempts under way have
// ended or their grace is over. What is not delivered by then stays in the
// outbox for the next Run. It must not run twice at once.
func (d *Dispatcher) Run(ctx context.Context) {
	// Attempts outlive ctx by the grace, so that a notice that is being taken is
	// not sent again after a restart.
	attempts, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(d.o.Grace, func() { cancel(errStopped) })
	})
	defer stop()
	var running sync.WaitGroup
	for _, l := range d.lanes {
		running.Go(func() { l.run(ctx, attempts) })
	}
	for {
		select {
		case <-ctx.Done():
			running.Wait()
			return
		case <-d.o.Outbox.Queued():
			d.Wake()
		}
	}
}

var errStopped = errors.New("the server stopped; it will be tried again when it starts")

// Wake makes every lane look at the outbox now, for instance because somebody
// asked for a retry.
func (d *Dispatcher) Wake() {
	for _, l := range d.lanes {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// lane delivers the notices of one scheme. Only run's goroutine touches busy.
type lane struct {
	o       *DispatcherOptions
	scheme  string
	channel Channel
	wake    chan struct{}
	ended   chan int64     // notices whose attempt is over and stored
	busy    map[int64]bool // notices being tried
}

// idlePoll is how often a lane looks although nothing woke it: a net under
// clocks that jump.
const idlePoll = time.Minute

func (l *lane) run(ctx, attempts context.Context) {
	for {
		wait := l.fill(ctx, attempts)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			for len(l.busy) > 0 {
				delete(l.busy, <-l.ended)
			}
			return
		case id := <-l.ended:
			delete(l.busy, id)
		case <-l.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// fill starts as many attempts as there is room for, and returns how long there
// is nothing more to start unless something wakes the lane.
func (l *lane) fill(ctx, attempts context.Context) time.Duration {
	room := l.o.Concurrency - len(l.busy)
	if room == 0 || ctx.Err() != nil {
		return idlePoll
	}
	now := l.o.Now()
	// Those under way are still pending, so ask for that many more.
	due, err := l.o.Outbox.Due(ctx, l.scheme, now, room+len(l.busy))
	if err != nil {
		return l.troubled(ctx, err)
	}
	for _, n := range due {
		if room == 0 || l.busy[n.ID] {
			continue
		}
		room--
		l.busy[n.ID] = true
		go func() {
			l.try(attempts, n)
			l.ended <- n.ID
		}()
	}
	if room == 0 {
		return idlePoll
	}
	next, found, err := l.o.Outbox.NextDue(ctx, l.scheme, now)
	switch {
	case err != nil:
		return l.troubled(ctx, err)
	case !found:
		return idlePoll
	}
	return min(max(next.Sub(now), 0), idlePoll)
}

func (l *lane) troubled(ctx context.Context, err error) time.Duration {
	if ctx.Err() == nil {
		l.o.Log.Error("read outbox", "channel", l.scheme, "error", err)
	}
	return l.o.FirstRetry
}

// try makes one attempt and stores how it ended. It returns only when that is
// stored, or the dispatcher stops: a notice that is sent but not marked would be
// sent again at once.
func (l *lane) try(ctx context.Context, n monitor.Notice) {
	attempt := l.attempt(ctx, n)
	for wait := l.o.FirstRetry; ; wait = min(2*wait, l.o.LastRetry) {
		err := l.o.Outbox.Tried(context.WithoutCancel(ctx), attempt)
		if err == nil {
			return
		}
		l.o.Log.Error("store delivery attempt", "notice", n.ID, "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

func (l *lane) attempt(ctx context.Context, n monitor.Notice) monitor.Attempt {
	log := l.o.Log.With("notice", n.ID, "kind", string(n.Message.Kind), "to", n.Destination.Redacted(), "incident", n.Incident)
	a, begun := monitor.Attempt{Notice: n.ID, At: l.o.Now()}, time.Now()
	receipt, err := l.deliver(ctx, n)
	a.Duration, a.Receipt = time.Since(begun), receipt
	if err == nil {
		a.Outcome = monitor.AttemptDelivered
		log.Info("notice delivered", "took", a.Duration)
		return a
	}
	a.Error = monitor.Cut(err.Error(), maxErrorText)
	if _, permanent := errors.AsType[*PermanentError](err); permanent {
		a.Outcome = monitor.AttemptRefused
		log.Error("notice refused for good", "error", a.Error)
		return a
	}
	if n.Attempts >= leastAttempts && a.At.Sub(n.CreatedAt) > l.o.GiveUp {
		a.Outcome, a.Error = monitor.AttemptRefused, fmt.Sprintf("given up after %d attempts: %s", n.Attempts+1, a.Error)
		log.Error("notice given up", "error", a.Error)
		return a
	}
	wait := l.backoff(n.Attempts)
	if asked, ok := errors.AsType[*RetryAfterError](err); ok {
		wait = max(wait, min(asked.After, maxRetryAfter))
	}
	a.Outcome, a.RetryAt = monitor.AttemptRetry, a.At.Add(a.Duration+wait)
	log.Warn("notice not delivered yet", "error", a.Error, "retry_at", a.RetryAt)
	return a
}

const (
	leastAttempts = 20 // before one is given up, however old it seems by a clock that was set
	maxErrorText  = 1000
	maxRetryAfter = time.Hour // whatever a server asks for; pages should not be late by a day
)

// deliver calls the channel, within the timeout and with a net under it.
func (l *lane) deliver(ctx context.Context, n monitor.Notice) (receipt monitor.Receipt, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.o.Timeout, fmt.Errorf("no answer within %s", l.o.Timeout))
	defer cancel()
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("the %s channel broke: %v", l.scheme, panicked)
		}
	}()
	receipt, err = l.channel.Deliver(ctx, n)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	return receipt, err
}

// backoff doubles from FirstRetry to LastRetry, and spreads what is left by half
// of it, so that a thousand notices do not come back in the same instant.
func (l *lane) backoff(attempts int) time.Duration {
	wait := l.o.LastRetry
	if attempts < 16 {
		wait = min(wait, l.o.FirstRetry<<attempts)
	}
	return wait/2 + time.Duration(l.o.Jitter()*float64(wait/2))
}

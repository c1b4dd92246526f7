package alerting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
)

// memoryOutbox keeps notices as the store does, in memory, so that time can be
// simulated around it.
type memoryOutbox struct {
	mu       sync.Mutex
	notices  []monitor.Notice
	attempts []monitor.Attempt
	waits    map[int64]time.Time // since when each notice waits
	queued   chan struct{}
	broken   int // how many times Tried is yet to fail
}

func newOutbox() *memoryOutbox {
	return &memoryOutbox{queued: make(chan struct{}, 1), waits: map[int64]time.Time{}}
}

func (o *memoryOutbox) add(incident string, destinations ...monitor.Destination) {
	o.mu.Lock()
	for _, d := range destinations {
		o.notices = append(o.notices, monitor.Notice{
			ID: int64(len(o.notices) + 1), Incident: incident, Destination: d, Status: monitor.NoticePending, CreatedAt: time.Now(), NextAt: time.Now(),
		})
	}
	o.mu.Unlock()
	select {
	case o.queued <- struct{}{}:
	default:
	}
}

func (o *memoryOutbox) waiting(scheme string) []monitor.Notice {
	var all []monitor.Notice
	seen := map[string]bool{}
	for _, n := range o.notices {
		key := n.Incident + string(n.Destination)
		if n.Status == monitor.NoticePending && n.Destination.Scheme() == scheme && !seen[key] {
			seen[key] = true
			all = append(all, n)
		}
	}
	slices.SortStableFunc(all, func(a, b monitor.Notice) int { return cmp.Compare(a.NextAt.UnixNano(), b.NextAt.UnixNano()) })
	return all
}

func (o *memoryOutbox) Due(_ context.Context, scheme string, at time.Time, limit int) ([]monitor.Notice, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := slices.DeleteFunc(o.waiting(scheme), func(n monitor.Notice) bool { return n.NextAt.After(at) && !o.waits[n.ID].After(at) })
	return all[:min(limit, len(all))], nil
}

func (o *memoryOutbox) NextDue(_ context.Context, scheme string, after time.Time) (time.Time, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range o.waiting(scheme) {
		if n.NextAt.After(after) {
			return n.NextAt, true, nil
		}
	}
	return time.Time{}, false, nil
}

func (o *memoryOutbox) Tried(_ context.Context, a monitor.Attempt) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken > 0 {
		o.broken--
		return errors.New("disk full")
	}
	o.attempts = append(o.attempts, a)
	n := &o.notices[a.Notice-1]
	n.Attempts++
	n.NextAt, o.waits[n.ID] = a.RetryAt, a.At
	switch a.Outcome {
	case monitor.AttemptDelivered:
		n.Status = monitor.NoticeDelivered
	case monitor.AttemptRefused:
		n.Status = monitor.NoticeFailed
	}
	return nil
}

func (o *memoryOutbox) Queued() <-chan struct{} { return o.queued }

func (o *memoryOutbox) statuses() []monitor.NoticeStatus {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []monitor.NoticeStatus
	for _, n := range o.notices {
		all = append(all, n.Status)
	}
	return all
}

// channelFunc is a channel made of a function.
type channelFunc func(ctx context.Context, n monitor.Notice) error

func (f channelFunc) Deliver(ctx context.Context, n monitor.Notice) (monitor.Receipt, error) {
	return monitor.Receipt{Request: "asked"}, f(ctx, n)
}

// dispatch runs a dispatcher in the test's bubble until the test ends.
func dispatch(t *testing.T, o DispatcherOptions) (stop func()) {
	t.Helper()
	o.Jitter = func() float64 { return 1 }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		NewDispatcher(o).Run(ctx)
		close(done)
	}()
	return func() {
		cancel()
		<-done
	}
}

// pass lets simulated time go by, until everything there is to do is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestDispatcher_DeliversAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		var got []string
		stop := dispatch(t, DispatcherOptions{Outbox: box, Channels: map[string]Channel{
			"mailto": channelFunc(func(_ context.Context, n monitor.Notice) error { got = append(got, n.Incident); return nil }),
		}})
		defer stop()
		synctest.Wait()
		start := time.Now()
		box.add("a", "mailto:x")
		synctest.Wait()
		if !slices.Equal(got, []string{"a"}) || time.Since(start) != 0 {
			t.Errorf("got %v after %v", got, time.Since(start))
		}
		if want := []monitor.NoticeStatus{monitor.NoticeDelivered}; !slices.Equal(box.statuses(), want) {
			t.Errorf("got %v", box.statuses())
		}
	})
}

func TestDispatcher_RetriesWithGrowingPausesAndKeepsTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		var at []time.Duration
		start := time.Now()
		box.add("a", "mailto:x")
		stop := dispatch(t, DispatcherOptions{
			Outbox: box, FirstRetry: 4 * time.Second, LastRetry: 10 * time.Second,
			Channels: map[string]Channel{"mailto": channelFunc(func(_ context.Context, n monitor.Notice) error {
				at = append(at, time.Since(start))
				if n.Incident != "a" {
					t.Errorf("got key %q", n.Incident)
				}
				if len(at) < 5 {
					return errors.New("connection refused")
				}
				return nil
			})},
		})
		defer stop()
		pass(time.Hour)
		want := []time.Duration{0, 4 * time.Second, 12 * time.Second, 22 * time.Second, 32 * time.Second}
		if !slices.Equal(at, want) {
			t.Errorf("tried at %v, want %v", at, want)
		}
	})
}

func TestDispatcher_HonoursRetryAfterWithinReason(t *testing.T) {
	rows := []struct{ asked, want time.Duration }{
		{30 * time.Second, 30 * time.Second},
		{time.Millisecond, 5 * time.Second},
		{100 * time.Hour, time.Hour},
	}
	for _, row := range rows {
		synctest.Test(t, func(t *testing.T) {
			box := newOutbox()
			var at []time.Time
			box.add("a", "pagerduty:x")
			stop := dispatch(t, DispatcherOptions{Outbox: box, Channels: map[string]Channel{
				"pagerduty": channelFunc(func(context.Context, monitor.Notice) error {
					if at = append(at, time.Now()); len(at) == 1 {
						return RetryAfter(row.asked, errors.New("429"))
					}
					return nil
				}),
			}})
			defer stop()
			pass(2 * time.Hour)
			if len(at) != 2 || at[1].Sub(at[0]) != row.want {
				t.Errorf("asked for %v, tried at %v, want %v between", row.asked, at, row.want)
			}
		})
	}
}

func TestDispatcher_StopsAtAPermanentError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		tries := 0
		box.add("a", "pagerduty:x")
		stop := dispatch(t, DispatcherOptions{Outbox: box, Channels: map[string]Channel{
			"pagerduty": channelFunc(func(context.Context, monitor.Notice) error {
				tries++
				return fmt.Errorf("send: %w", Permanent(errors.New("invalid key")))
			}),
		}})
		defer stop()
		pass(24 * time.Hour)
		if tries != 1 || box.statuses()[0] != monitor.NoticeFailed {
			t.Errorf("got %d tries and %v", tries, box.statuses())
		}
		if a := box.attempts[0]; a.Error != "send: invalid key" || a.Outcome != monitor.AttemptRefused || a.Receipt.Request != "asked" {
			t.Errorf("got attempt %+v", a)
		}
	})
}

func TestDispatcher_AResolveNeverOvertakesItsFire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		var mu sync.Mutex
		var order []int64
		fails := 3
		box.add("a", "mailto:x")
		box.add("a", "mailto:x") // the resolve
		box.add("b", "mailto:x")
		stop := dispatch(t, DispatcherOptions{Outbox: box, Channels: map[string]Channel{
			"mailto": channelFunc(func(_ context.Context, n monitor.Notice) error {
				mu.Lock()
				defer mu.Unlock()
				if n.ID == 1 && fails > 0 {
					fails--
					return errors.New("451 try later")
				}
				order = append(order, n.ID)
				return nil
			}),
		}})
		defer stop()
		pass(time.Hour)
		if want := []int64{3, 1, 2}; !slices.Equal(order, want) {
			t.Errorf("delivered %v, want %v", order, want)
		}
	})
}

func TestDispatcher_AChannelThatHangsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		for i := range 20 {
			box.add(fmt.Sprint(i), "mailto:x", "pagerduty:y")
		}
		stop := dispatch(t, DispatcherOptions{Outbox: box, Timeout: 30 * time.Second, Concurrency: 2, Channels: map[string]Channel{
			"mailto":    channelFunc(func(ctx context.Context, _ monitor.Notice) error { <-ctx.Done(); return ctx.Err() }),
			"pagerduty": channelFunc(func(context.Context, monitor.Notice) error { return nil }),
		}})
		defer stop()
		pass(time.Second)
		waiting := slices.DeleteFunc(box.statuses(), func(s monitor.NoticeStatus) bool { return s == monitor.NoticeDelivered })
		if len(waiting) != 20 {
			t.Errorf("got %d waiting, want the 20 of the channel that hangs", len(waiting))
		}
		pass(time.Minute)
		box.mu.Lock()
		defer box.mu.Unlock()
		for _, a := range box.attempts {
			if a.Outcome == monitor.AttemptRetry && a.Error != "no answer within 30s (context deadline exceeded)" {
				t.Fatalf("got error %q", a.Error)
			}
		}
	})
}

func TestDispatcher_NeverHasMoreUnderWayThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		for i := range 50 {
			box.add(fmt.Sprint(i), "mailto:x")
		}
		var mu sync.Mutex
		running, most, done := 0, 0, 0
		stop := dispatch(t, DispatcherOptions{Outbox: box, Concurrency: 4, Channels: map[string]Channel{
			"mailto": channelFunc(func(context.Context, monitor.Notice) error {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				running--
				done++
				mu.Unlock()
				return nil
			}),
		}})
		defer stop()
		pass(14 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if most != 4 || done != 50 {
			t.Errorf("got %d at once and %d done, want 4 and 50", most, done)
		}
	})
}

func TestDispatcher_DoesNotSendAgainWhatItCouldNotMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		box.broken = 4
		sent := 0
		box.add("a", "mailto:x")
		stop := dispatch(t, DispatcherOptions{Outbox: box, Channels: map[string]Channel{
			"mailto": channelFunc(func(context.Context, monitor.Notice) error { sent++; return nil }),
		}})
		defer stop()
		pass(time.Hour)
		if sent != 1 || box.statuses()[0] != monitor.NoticeDelivered {
			t.Errorf("sent %d times, %v", sent, box.statuses())
		}
	})
}

func TestDispatcher_SurvivesAChannelThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		tries := 0
		box.add("a", "mailto:x")
		stop := dispatch(t, DispatcherOptions{Outbox: box, Channels: map[string]Channel{
			"mailto": channelFunc(func(context.Context, monitor.Notice) error {
				if tries++; tries == 1 {
					panic("out of cheese")
				}
				return nil
			}),
		}})
		defer stop()
		pass(time.Minute)
		if tries != 2 || box.statuses()[0] != monitor.NoticeDelivered {
			t.Errorf("got %d tries, %v", tries, box.statuses())
		}
	})
}

func TestDispatcher_StopLetsAttemptsEndWithinTheGrace(t *testing.T) {
	for _, row := range []struct {
		takes, want time.Duration
		status      monitor.NoticeStatus
	}{
		{3 * time.Second, 3 * time.Second, monitor.NoticeDelivered},
		{25 * time.Second, 10 * time.Second, monitor.NoticePending},
	} {
		synctest.Test(t, func(t *testing.T) {
			box := newOutbox()
			box.add("a", "mailto:x")
			box.add("b", "mailto:x")
			started := 0
			stop := dispatch(t, DispatcherOptions{Outbox: box, Concurrency: 1, Grace: 10 * time.Second, Channels: map[string]Channel{
				"mailto": channelFunc(func(ctx context.Context, _ monitor.Notice) error {
					started++
					select {
					case <-time.After(row.takes):
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				}),
			}})
			synctest.Wait()
			start := time.Now()
			stop()
			if got := time.Since(start); got != row.want || started != 1 || box.statuses()[0] != row.status {
				t.Errorf("stopped after %v with %d started and %v, want %v, 1, %v", got, started, box.statuses(), row.want, row.status)
			}
		})
	}
}

// steppedClock is the bubble's clock with a step that a test sets.
type steppedClock struct {
	mu   sync.Mutex
	step time.Duration
}

func (c *steppedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.step)
}

func (c *steppedClock) set(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step += by
}

func TestDispatcher_AClockThatIsSetMakesNothingWaitLonger(t *testing.T) {
	for name, by := range map[string]time.Duration{"back": -6 * time.Hour, "forward": 6 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, clock, tries := newOutbox(), &steppedClock{}, 0
				stop := dispatch(t, DispatcherOptions{Outbox: box, Now: clock.now, Channels: map[string]Channel{
					"mailto": channelFunc(func(context.Context, monitor.Notice) error {
						if tries++; tries < 3 {
							return errors.New("busy")
						}
						return nil
					}),
				}})
				defer stop()
				box.add("k", "mailto:a@b.c")
				pass(time.Second)
				clock.set(by)
				pass(2 * idlePoll)
				if tries != 3 || box.statuses()[0] != monitor.NoticeDelivered {
					t.Errorf("%d tries two minutes after the step, want all three", tries)
				}
			})
		})
	}
}

func TestDispatcher_GivesUpAfterAWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newOutbox()
		stop := dispatch(t, DispatcherOptions{Outbox: outbox, Channels: map[string]Channel{
			"mailto": channelFunc(func(context.Context, monitor.Notice) error { return errors.New("no such host") }),
		}})
		defer stop()
		outbox.add("k", "mailto:a@b.c")
		pass(7*24*time.Hour - time.Minute)
		if got := outbox.statuses(); got[0] != monitor.NoticePending {
			t.Errorf("got %v before the week is over", got)
		}
		pass(10 * time.Minute)
		last := outbox.attempts[len(outbox.attempts)-1]
		if got := outbox.statuses(); got[0] != monitor.NoticeFailed || !strings.HasPrefix(last.Error, "given up after ") || !strings.HasSuffix(last.Error, ": no such host") {
			t.Errorf("got %v with %q", got, last.Error)
		}
	})
}

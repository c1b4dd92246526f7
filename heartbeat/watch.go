package heartbeat

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"wingmirror/monitor"
)

const (
	markEvery   = 5 * time.Second  // between two notes that deadlines are watched
	awayAfter   = 30 * time.Second // without a note: we were away
	reportEvery = time.Minute      // between two reports of what is not settled
	reporters   = 64               // reports under way at once
)

// Run watches deadlines and reports what is found, until ctx ends. First it makes
// up for the time since the process before ended.
func (b *Book) Run(ctx context.Context) {
	last, err := b.o.Store.WatchedUntil(ctx)
	if err != nil && ctx.Err() == nil {
		b.o.Log.Error("it is not known since when nobody watched heartbeats", "error", err)
	}
	var group sync.WaitGroup
	group.Go(func() { b.watch(ctx, last) })
	group.Go(func() { b.tidyIdle(ctx) })
	if b.o.Reporter != nil {
		group.Go(func() { b.report(ctx) })
	}
	group.Wait()
	b.keepValues()
}

// watch sleeps until the next deadline, or until it is time to note that it is
// awake. When it slept much longer than it meant to, the machine did: beats could
// not reach us then.
func (b *Book) watch(ctx context.Context, last time.Time) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var marked time.Time
	for {
		now := b.o.Now()
		if !last.IsZero() && now.Sub(last) > awayAfter {
			b.wereAway(ctx, last, now)
		}
		last = now
		if now.Sub(marked) >= markEvery {
			marked = now
			if err := b.o.Store.MarkWatching(ctx, now); err != nil && ctx.Err() == nil {
				b.o.Log.Error("cannot note that heartbeats are watched", "error", err)
			}
		}
		next := b.expire(ctx, now)
		sleep := markEvery
		if !next.IsZero() {
			sleep = min(sleep, max(next.Sub(b.o.Now()), 0))
		}
		timer.Reset(sleep)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-b.sooner:
		}
	}
}

// expire handles all deadlines that have passed and returns the next.
func (b *Book) expire(ctx context.Context, now time.Time) (next time.Time) {
	for {
		var waits []func() error
		b.mu.Lock()
		for len(waits) < atOnce {
			next = b.queue.next()
			if next.IsZero() || next.After(now) {
				break
			}
			c := b.queue[0]
			commit, ok := c.expire(now.UTC().Truncate(time.Millisecond).Add(time.Millisecond))
			if !ok {
				b.queue.settle(c)
				continue
			}
			b.stats.missed.Add(1)
			if late := now.Sub(next); late > time.Duration(b.stats.latest.Load()) {
				b.stats.latest.Store(int64(late))
			}
			waits = append(waits, b.put(ctx, c, commit))
		}
		b.mu.Unlock()
		b.stored(waits)
		if len(waits) < atOnce {
			return next
		}
	}
}

// stored waits for commits that nobody else waits for. One that could not be
// stored is part of the next commit of its heartbeat.
func (b *Book) stored(waits []func() error) {
	for _, wait := range waits {
		if err := wait(); err != nil {
			b.o.Log.Error("what is known of a heartbeat was not stored", "error", err)
		}
	}
	if len(waits) > 0 {
		b.o.Changed()
	}
}

// inTurns hands over a commit of each check that has one, and waits for a few at
// a time with the book unlocked. It returns how many there were.
func (b *Book) inTurns(all []*check, commit func(*check) (wait func() error, ok bool)) (count int) {
	for few := range slices.Chunk(all, atOnce) {
		var waits []func() error
		b.mu.Lock()
		for _, c := range few {
			if b.byID[c.h.ID] != c { // it was deleted meanwhile
				continue
			}
			if wait, ok := commit(c); ok {
				waits = append(waits, wait)
			}
		}
		b.mu.Unlock()
		b.stored(waits)
		count += len(waits)
	}
	return count
}

// wereAway extends every deadline by the time in which nobody watched.
func (b *Book) wereAway(ctx context.Context, from, until time.Time) {
	b.mu.Lock()
	all := slices.Collect(maps.Values(b.byID))
	b.mu.Unlock()
	moved := b.inTurns(all, func(c *check) (func() error, bool) {
		commit, ok := c.away(from, until, b.zoneOf(c.h))
		if !ok {
			return nil, false
		}
		return b.put(ctx, c, commit), true
	})
	b.o.Log.Info("heartbeats were not watched for a while; their deadlines are extended", "from", from, "until", until, "heartbeats", moved)
}

// report tells the reporter what is not settled: at once after news, and then
// every minute, since notices are repeated and levels confirmed by outcomes.
func (b *Book) report(ctx context.Context) {
	tick := time.NewTicker(reportEvery / 6)
	defer tick.Stop()
	signal(b.news)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-b.news:
		}
		var group sync.WaitGroup
		slots := make(chan struct{}, reporters)
		for _, r := range b.toReport() {
			slots <- struct{}{}
			group.Go(func() {
				defer func() { <-slots }()
				b.reportOne(ctx, r)
			})
		}
		group.Wait()
	}
}

// finished is one outcome on its way to the reporter.
type outgoing struct {
	c       *check
	watched monitor.Watched
	outcome monitor.Outcome
}

func (b *Book) toReport() []outgoing {
	now := b.o.Now().UTC()
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []outgoing
	for c := range b.unsettled {
		if !c.h.Active || now.Before(c.again) {
			continue
		}
		c.again = now.Add(reportEvery)
		at := now
		if !at.After(c.reported) {
			at = c.reported.Add(time.Millisecond)
		}
		c.reported = at
		all = append(all, outgoing{c, c.h.Watched(), monitor.Outcome{Subject: c.h.Subject(), At: at, Level: c.s.Level, Message: c.s.Message}})
	}
	return all
}

func (b *Book) reportOne(ctx context.Context, r outgoing) {
	change, err := b.o.Reporter.Report(ctx, r.watched, r.outcome, nil)
	if err != nil {
		if ctx.Err() == nil {
			b.o.Log.Error("a heartbeat's outcome was not recorded; it is tried again", "heartbeat", r.outcome.Subject.Key, "error", err)
		}
		return
	}
	b.mu.Lock()
	c := r.c
	over := change.State.Open == nil && change.State.Level == r.outcome.Level && !r.outcome.Level.Bad()
	if !over || c.s.Level != r.outcome.Level || b.byID[c.h.ID] != c {
		b.mu.Unlock()
		return
	}
	c.s.Settled = true
	delete(b.unsettled, c)
	wait := b.put(ctx, c, monitor.BeatCommit{})
	b.mu.Unlock()
	if err := wait(); err != nil && ctx.Err() == nil {
		b.o.Log.Debug("a settled heartbeat is reported once more after a restart", "error", err)
	}
}

// Look handles the deadlines that have passed, without waiting for the watch.
func (b *Book) Look(ctx context.Context) { b.expire(ctx, b.o.Now()) }

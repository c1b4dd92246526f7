package heartbeat

import (
	"container/list"
	"context"
	"time"

	"wingmirror/anomaly"
	"wingmirror/monitor"
)

// DefaultDetectors is how many detectors of values are kept in memory: some
// 90 MB at most.
const DefaultDetectors = 1000

const (
	idleDetector = time.Hour // without a value, after which a detector leaves the memory
	tidyEvery    = time.Minute
	saveValues   = 5 * time.Minute
	saveBeats    = 500 // beats after which a detector is stored, fewer than are kept
)

// shelf holds the checks whose detector is in memory, the one used last in
// front. The others are in the store, and come back with the next value exactly
// as they left.
type shelf struct {
	most  int
	order list.List // of *check
}

// use moves a check to the front.
func (s *shelf) use(c *check, at time.Time) {
	c.used = at
	if c.place == nil {
		c.place = s.order.PushFront(c)
		return
	}
	s.order.MoveToFront(c.place)
}

func (s *shelf) remove(c *check) {
	if c.place != nil {
		s.order.Remove(c.place)
		c.place = nil
	}
}

// leaving is the check whose detector is to leave the memory next: there are too
// many, or it was last used before a time. nil when all may stay.
func (s *shelf) leaving(before time.Time) *check {
	last := s.order.Back()
	if last == nil {
		return nil
	}
	if c := last.Value.(*check); s.order.Len() > s.most || c.used.Before(before) {
		return c
	}
	return nil
}

// judgesValue reports whether the detector has to look at a beat: its sender has
// not decided already what it means.
func (a Arrival) judgesValue() bool {
	return a.Metric != nil && a.State == "" && (a.Kind == monitor.BeatOK)
}

// fetchValues brings a check's detector into memory, up to date with the beats that
// came after it was stored.
func (b *Book) fetchValues(ctx context.Context, c *check) error {
	c.fetching.Lock()
	defer c.fetching.Unlock()
	b.mu.Lock()
	there, id, beats, threshold := c.values != nil, c.h.ID, c.s.Beats, c.threshold()
	b.mu.Unlock()
	if there {
		return nil
	}
	data, seen, err := b.o.Store.HeartbeatValues(ctx, id)
	if err != nil {
		return err
	}
	values := anomaly.NewDetector(threshold)
	if err := values.UnmarshalBinary(data); err != nil {
		b.o.Log.Warn("the watch over values has to learn anew", "heartbeat", c.h.Subject().Key, "error", err)
	}
	newer, err := b.o.Store.Beats(ctx, id, int(max(beats-seen, 1)))
	if err != nil {
		return err
	}
	for i := len(newer) - 1; i >= 0; i-- {
		if beat := newer[i]; beat.N > seen && beat.Reading != nil && beat.Metric != nil {
			values.Update(beat.At.In(b.o.Zone), *beat.Metric)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	values.SetThreshold(c.threshold())
	c.values = values
	b.shelf.use(c, b.o.Now())
	return nil
}

// tidy stores detectors that are too many, or were not used since a time, and
// lets go of them once they are stored.
func (b *Book) tidy(ctx context.Context, before time.Time) {
	for {
		b.mu.Lock()
		c := b.shelf.leaving(before)
		if c == nil {
			b.mu.Unlock()
			return
		}
		b.shelf.remove(c) // whoever uses it meanwhile puts it back
		stored := func() error { return nil }
		if c.unsaved {
			c.saved = time.Time{}
			stored = b.put(ctx, c, monitor.BeatCommit{})
		}
		b.mu.Unlock()
		err := stored()
		b.mu.Lock()
		switch {
		case c.place != nil:
		case err == nil && !c.unsaved:
			c.values = nil
		case b.byID[c.h.ID] == c:
			c.unsaved = true
			b.shelf.use(c, c.used)
		}
		b.mu.Unlock()
		if err != nil {
			b.o.Log.Warn("a detector of values stays in memory, since it cannot be stored", "heartbeat", c.h.Subject().Key, "error", err)
			return
		}
	}
}

// tidyIdle lets go of detectors that nobody uses, until ctx ends.
func (b *Book) tidyIdle(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			b.tidy(ctx, b.o.Now().Add(-idleDetector))
		}
	}
}

// saveDetector makes a commit store what the detector has learned. b.mu is held.
func (b *Book) saveDetector(c *check, commit *monitor.BeatCommit, now time.Time) {
	data, err := c.values.MarshalBinary()
	if err != nil {
		b.o.Log.Error("what was learned of values cannot be stored", "heartbeat", c.h.Subject().Key, "error", err)
		return
	}
	c.saved, c.unsaved, c.s.ValuesSeen = now, false, c.s.Beats
	commit.State.Values, commit.State.ValuesSeen = data, c.s.Beats
}

// keepValues stores what was learned of values since it was last stored, a few
// heartbeats at a time.
func (b *Book) keepValues() {
	ctx := context.Background()
	b.mu.Lock()
	var all []*check
	for e := b.shelf.order.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*check))
	}
	b.mu.Unlock()
	b.inTurns(all, func(c *check) (func() error, bool) {
		if !c.unsaved {
			return nil, false
		}
		c.saved = time.Time{}
		return b.put(ctx, c, monitor.BeatCommit{}), true
	})
}

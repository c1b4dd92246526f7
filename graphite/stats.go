package graphite

import (
	"sync"
	"time"
)

// Stats is a snapshot of what a client has done since it was made, for pages and
// metrics. All counts only grow.
type Stats struct {
	Kind     Kind
	Requests uint64 // HTTP requests sent
	Errors   uint64 // of them, those that brought no usable answer
	Retries  uint64 // of them, those that repeated another
	Targets  uint64 // asked for by callers
	Shared   uint64 // of them, those that somebody else's request answered
	Failed   uint64 // of them, those with status failed
	Points   uint64 // decoded
	InFlight int    // requests under way now

	Latency     Latency   // of requests, from sending to the last byte
	Breaker     string    // closed, half-open or open
	PausedUntil time.Time // when the server asked to be left alone until then; else zero
	LastOK      time.Time // zero before the first good answer
	LastError   string    // one line, safe to show
	LastErrorAt time.Time // zero before the first error
}

// Latency counts durations. Counts[i] holds those of at most Bounds[i], and of
// more than Bounds[i-1]; the last of Counts holds the rest.
type Latency struct {
	Count  uint64
	Sum    time.Duration
	Bounds []time.Duration
	Counts []uint64
}

func latencyBounds() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms, time.Second, 2500 * ms, 5 * time.Second, 10 * time.Second}
}

type stats struct {
	mu sync.Mutex
	Stats
}

func (s *stats) change(edit func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(&s.Stats)
}

func (l *Latency) add(d time.Duration) {
	if l.Bounds == nil {
		l.Bounds = latencyBounds()
		l.Counts = make([]uint64, len(l.Bounds)+1)
	}
	i := 0
	for i < len(l.Bounds) && d > l.Bounds[i] {
		i++
	}
	l.Counts[i]++
	l.Count++
	l.Sum += d
}

// Stats returns a snapshot.
func (c *Client) Stats() Stats {
	now := c.options.Now()
	c.stats.mu.Lock()
	defer c.stats.mu.Unlock()
	s := c.stats.Stats
	s.Latency.Counts = append([]uint64(nil), s.Latency.Counts...)
	s.Kind = c.kind()
	s.InFlight = len(c.slots)
	s.Breaker = c.breaker.State().String()
	if c.server.paused.holds(now) {
		s.PausedUntil = c.server.paused.end()
	}
	return s
}

package scheduler

import (
	"context"
	"maps"
	"math"
	"time"

	"wingmirror/monitor"
)

// Stats is what the scheduler is doing, and what it has done since it was made.
type Stats struct {
	Monitors  int // that run by a schedule
	Cohorts   int // of monitors that are always due together
	Zones     int
	Queued    int               // due, and waiting for their series or a worker, or being stored
	Running   int               // in the Runner
	Runs      uint64            // whose script has had its turn
	Outcomes  map[string]uint64 // of runs that ended, by level, or by fault when they could not tell
	Busy      uint64            // ticks skipped because the run before was not over
	Full      uint64            // ticks skipped because Options.Backlog was reached
	Missed    uint64            // ticks that came later than Options.Grace and were forgotten
	Lost      uint64            // runs that somebody else had claimed
	Failures  uint64            // of our own; the log has them
	Lateness  Histogram
	Cost      Costs
	P50, P99  time.Duration // lateness of the runs in the last five to ten minutes
	WorkerCap int
}

// Costs add up what all runs together used, test runs left out.
type Costs struct {
	CPU         Histogram // processor time of each run
	Memory      Sizes     // most memory of each run
	PointsIn    uint64    // of series that scripts were given
	PointsOut   uint64    // of graphs
	OutputBytes uint64
}

// Sizes count runs by bytes.
type Sizes struct {
	Bounds []int64  // upper bounds of the buckets, ascending; one more bucket is without bound
	Counts []uint64 // of each bucket, not cumulated
	Sum    uint64
}

// Histogram counts durations, such as the lateness of starts: from the scheduled
// time to the moment when a script's turn came.
type Histogram struct {
	Bounds []time.Duration // upper bounds of the buckets, ascending; one more bucket is without bound
	Counts []uint64        // of each bucket, not cumulated
	Sum    time.Duration
	Count  uint64
}

// Stats returns the numbers as they are now.
func (s *Scheduler) Stats() Stats {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{
		Cohorts: len(s.cohorts), Zones: len(s.lanes), WorkerCap: s.Workers,
		Running: s.counts.running, Queued: s.inFlight - s.counts.running,
		Runs: s.counts.runs, Busy: s.counts.busy, Full: s.counts.full, Missed: s.counts.missed,
		Lost: s.counts.lost, Failures: s.counts.failures,
	}
	for _, c := range s.cohorts {
		stats.Monitors += len(c.members)
	}
	s.counts.rotate(now)
	recent := s.counts.recent
	for i, n := range s.counts.before {
		recent[i] += n
	}
	stats.Outcomes = maps.Clone(s.counts.outcomes)
	stats.P50, stats.P99 = recent.quantile(0.5), recent.quantile(0.99)
	stats.Lateness = Histogram{Bounds: latenessBounds(), Counts: append([]uint64(nil), s.counts.all[:]...), Sum: s.counts.sum, Count: s.counts.all.total()}
	stats.Cost = s.counts.cost.report()
	return stats
}

// Behind returns for how long the tick that waits longest has been due without
// being taken: not much more than 0 while the schedule is followed.
func (s *Scheduler) Behind() time.Duration {
	s.mu.Lock()
	all := make([]cohort, 0, len(s.cohorts))
	for _, c := range s.cohorts {
		all = append(all, cohort{schedule: c.schedule, zone: c.zone, last: c.last})
	}
	s.mu.Unlock()
	now, behind := s.Now(), time.Duration(0)
	for _, c := range all {
		if at := c.schedule.Next(c.last.In(c.zone)); !at.IsZero() {
			behind = max(behind, now.Sub(at))
		}
	}
	return behind
}

// counters are the numbers behind Stats; the scheduler's mu guards them.
type counters struct {
	running                                  int
	runs, busy, full, missed, lost, failures uint64

	outcomes map[string]uint64

	cost                cost
	all, recent, before buckets
	sum                 time.Duration
	since               time.Time // when recent began
}

func (s *Scheduler) count(change func(*counters)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.counts)
}

// ended counts the end of a run, but for one that ctx cut short.
func (c *counters) ended(ctx context.Context, o monitor.Outcome, used monitor.Cost) {
	c.running--
	if ctx.Err() != nil {
		return
	}
	c.cost.add(used)
	if c.outcomes == nil {
		c.outcomes = make(map[string]uint64)
	}
	if o.Fault != monitor.NoFault {
		c.outcomes[string(o.Fault)]++
	} else {
		c.outcomes[o.Level.String()]++
	}
}

// buckets count durations: bucket i has those up to 1 ms x 2^(i/2), the last
// one everything longer.
type buckets [35]uint64

const (
	leastLateness = time.Millisecond
	recentSpan    = 5 * time.Minute
)

func latenessBounds() []time.Duration {
	bounds := make([]time.Duration, len(buckets{})-1)
	for i := range bounds {
		bounds[i] = bucketBound(i)
	}
	return bounds
}

func bucketBound(i int) time.Duration {
	return time.Duration(float64(leastLateness) * math.Pow(2, float64(i)/2))
}

// late counts one start.
func (c *counters) late(now time.Time, by time.Duration) {
	c.rotate(now)
	by = max(by, 0)
	i := 0
	if by > leastLateness {
		i = int(math.Ceil(2 * math.Log2(float64(by)/float64(leastLateness))))
	}
	i = min(i, len(c.all)-1)
	c.all[i]++
	c.recent[i]++
	c.sum += by
}

// rotate lets old starts go.
func (c *counters) rotate(now time.Time) {
	switch age := now.Sub(c.since); {
	case age < 0 || age >= 2*recentSpan:
		c.before, c.recent, c.since = buckets{}, buckets{}, now
	case age >= recentSpan:
		c.before, c.recent, c.since = c.recent, buckets{}, now
	}
}

func (b buckets) total() uint64 {
	var n uint64
	for _, count := range b {
		n += count
	}
	return n
}

// quantile returns the upper bound of the bucket in which the quantile lies; 0
// when nothing was counted.
func (b buckets) quantile(q float64) time.Duration {
	rank, seen := uint64(math.Ceil(q*float64(b.total()))), uint64(0)
	for i, n := range b {
		if seen += n; n > 0 && seen >= rank {
			return bucketBound(min(i, len(b)-2))
		}
	}
	return 0
}

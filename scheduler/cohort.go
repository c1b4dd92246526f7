package scheduler

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"wingmirror/crontab"
	"wingmirror/monitor"
)

// cohortKey is what the members of a cohort share. Schedules are compared after
// their spread is settled, so H specs of different monitors are different keys.
type cohortKey struct {
	schedule crontab.Schedule
	zone     string
}

// cohort is the monitors that are always due together: one gocron job, whatever
// their number, since a job costs gocron tens of microseconds at each tick.
type cohort struct {
	key      cohortKey
	schedule crontab.Schedule
	zone     *time.Location
	members  []*entry
	job      uuid.UUID
	last     time.Time // the newest tick that was taken; at first, when the cohort came to be
}

// lane is the gocron scheduler of one zone.
type lane struct{ gocron gocron.Scheduler }

// early is how long before its time, by a clock that is being corrected, a tick
// may ring and still be meant.
const early = 500 * time.Millisecond

// keyOf reads the monitor's schedule and zone.
func (s *Scheduler) keyOf(m monitor.Monitor) (cohortKey, *time.Location, error) {
	zone, err := monitor.LoadZone(m.Zone)
	if err != nil {
		return cohortKey{}, nil, err
	}
	schedule, err := crontab.Parse(m.Schedule, uint64(m.ID))
	if err != nil {
		return cohortKey{}, nil, monitor.Invalid("schedule", "%v", err)
	}
	if least := schedule.MinInterval(); least < s.MinInterval {
		return cohortKey{}, nil, monitor.Invalid("schedule", "runs are %v apart, at least %v is allowed", least, s.MinInterval)
	}
	return cohortKey{schedule, zone.String()}, zone, nil
}

// cohort returns the cohort of key, and makes it when there is none. s.mu is
// held.
func (s *Scheduler) cohort(key cohortKey, zone *time.Location) (*cohort, error) {
	if c := s.cohorts[key]; c != nil {
		return c, nil
	}
	c := &cohort{key: key, schedule: key.schedule, zone: zone, last: s.Now().Round(0)}
	if err := s.wind(c); err != nil {
		return nil, err
	}
	s.cohorts[key] = c
	return c, nil
}

// wind gives the cohort its gocron job. s.mu is held; gocron never takes it.
func (s *Scheduler) wind(c *cohort) error {
	l := s.lanes[c.key.zone]
	if l == nil {
		var err error
		if l, err = s.newLane(); err != nil {
			return err
		}
		s.lanes[c.key.zone] = l
	}
	job, err := l.gocron.NewJob(
		gocron.CronJob(c.schedule.String(), true),
		gocron.NewTask(func() { s.tick(c) }),
		gocron.WithCronImplementation(&bell{schedule: c.schedule, zone: c.zone, now: s.Now}),
	)
	if err != nil {
		return fmt.Errorf("gocron: %w", err)
	}
	c.job = job.ID()
	return nil
}

// disband takes a cohort without members away. s.mu is held.
func (s *Scheduler) disband(c *cohort) {
	delete(s.cohorts, c.key)
	if l := s.lanes[c.key.zone]; l != nil {
		s.unwind(l, c)
	}
}

func (s *Scheduler) unwind(l *lane, c *cohort) {
	if err := l.gocron.RemoveJob(c.job); err != nil && !errors.Is(err, gocron.ErrJobNotFound) {
		s.Log.Warn("remove a job from gocron", "error", err)
	}
}

// newLane returns a gocron scheduler. Its location is UTC, whatever the zone:
// gocron holds two times that look alike on the wall for one, and would drop the
// second of an hourly schedule's two hours. The bells know their zones. Without
// the listener a panic in a tick would end the process.
func (s *Scheduler) newLane() (*lane, error) {
	g, err := gocron.NewScheduler(
		gocron.WithLocation(time.UTC),
		gocron.WithClock(wallClock{clockwork.NewRealClock(), s.Now}),
		gocron.WithStopTimeout(time.Second),
		gocron.WithGlobalJobOptions(gocron.WithEventListeners(
			gocron.AfterJobRunsWithPanic(func(_ uuid.UUID, _ string, panicked any) {
				s.Log.Error("a tick panicked", "panic", panicked)
			}))),
	)
	if err != nil {
		return nil, fmt.Errorf("gocron: %w", err)
	}
	if s.started {
		g.Start()
	}
	return &lane{g}, nil
}

func (l *lane) close(log *slog.Logger) {
	if err := l.gocron.Shutdown(); err != nil {
		log.Debug("stop gocron", "error", err) // it waited for ticks, which do nothing any more
	}
}

// wallClock is the real clock with the scheduler's idea of the time.
type wallClock struct {
	clockwork.Clock
	now func() time.Time
}

// Now returns the time on the wall.
func (c wallClock) Now() time.Time { return c.now() }

// bell tells gocron when a cohort is due.
type bell struct {
	schedule crontab.Schedule
	zone     *time.Location
	now      func() time.Time
}

// IsValid always agrees: the spec was parsed before.
func (b *bell) IsValid(string, *time.Location, time.Time) error { return nil }

// Next returns the next time to ring. Behind a pause it goes on from now, where
// gocron alone would step through every time that was missed. It never returns
// the zero time, on which gocron would spin.
func (b *bell) Next(after time.Time) time.Time {
	const pause = 5 * time.Second
	now := b.now()
	if now.Sub(after) > pause {
		after = now
	}
	next := b.schedule.Next(after.In(b.zone))
	if next.IsZero() {
		return now.AddDate(10, 0, 0).UTC()
	}
	return next.UTC()
}

// tick is what gocron runs. It only passes the cohort on: thousands of ticks of
// one second would queue for the lock, and gocron spins while it waits for its
// tasks to end.
func (s *Scheduler) tick(c *cohort) {
	select {
	case s.ticks <- c:
	case <-s.quit:
	}
}

// listen makes rounds of the ticks that come together.
func (s *Scheduler) listen() {
	for {
		select {
		case c := <-s.ticks:
			s.ringAll(s.gather(c))
		case <-s.quit:
			return
		}
	}
}

// gather waits until no more ticks come, but never long.
func (s *Scheduler) gather(first *cohort) []*cohort {
	together := []*cohort{first}
	enough := time.NewTimer(gatherMost)
	defer enough.Stop()
	quiet := time.NewTimer(gatherQuiet)
	defer quiet.Stop()
	for {
		select {
		case c := <-s.ticks:
			together = append(together, c)
			quiet.Reset(gatherQuiet)
		case <-quiet.C:
			return together
		case <-enough.C:
			return together
		case <-s.quit:
			return nil
		}
	}
}

func (s *Scheduler) ringAll(cohorts []*cohort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, due := s.Now(), make(dues)
	for _, c := range cohorts {
		s.ring(c, now, due)
	}
	s.begin(due)
}

// ring takes the cohort's newest tick, if there is one that was not taken. s.mu
// is held.
func (s *Scheduler) ring(c *cohort, now time.Time, due dues) {
	at := c.schedule.Next(c.last.In(c.zone))
	if at.IsZero() || at.Sub(now) > early || s.stopping {
		return
	}
	if now.Sub(at) >= time.Second {
		at = c.schedule.Last(now.In(c.zone))
	}
	c.last = at
	missed := now.Sub(at) > s.Grace
	for _, e := range c.members {
		if missed && e.m.CatchUp != monitor.CatchUpOnce {
			s.counts.missed++
			continue
		}
		s.take(e, at, due)
	}
}

// watchClock looks once a second whether the clock on the wall was set, or the
// machine slept: gocron's timers know nothing of either.
func (s *Scheduler) watchClock() {
	const step = 250 * time.Millisecond
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	begun, wall := time.Now(), s.Now().Round(0)
	for {
		select {
		case <-s.quit:
			return
		case <-ticker.C:
		}
		now := s.Now().Round(0)
		if jump := now.Sub(wall) - time.Since(begun); jump.Abs() > step {
			s.Log.Warn("the clock jumped", "by", jump)
			begun, wall = time.Now(), now
			s.rewind(now)
		}
	}
}

// rewind takes what the clock jumped over, and sets all of gocron's timers
// again.
func (s *Scheduler) rewind(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return
	}
	due := make(dues)
	for _, c := range s.cohorts {
		if c.last.After(now) {
			c.last = now
		}
		for _, e := range c.members {
			e.forgetRecheck()
		}
		s.ring(c, now, due)
		s.unwind(s.lanes[c.key.zone], c)
		if err := s.wind(c); err != nil {
			s.Log.Error("schedule again", "spec", c.schedule, "zone", c.key.zone, "error", err)
		}
	}
	s.begin(due)
}

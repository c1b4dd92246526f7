package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"sync"
	"time"

	"wingmirror/crontab"
	"wingmirror/graphite"
	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
)

// usage is what the processes of a bench have used.
type usage struct {
	server, workers, graphite time.Duration // of processors
	serverPeak, workersNow    int64         // bytes resident
	workerCount               int
}

// measurement is a server, its load, and what is written down about them.
type measurement struct {
	plan     benchPlan
	server   *server
	load     *benchLoad
	watch    *benchWatch
	graphite int // process id of the fake
	stderr   io.Writer
}

// counts is what the parts counted up to a moment.
type counts struct {
	usage     usage
	scheduler scheduler.Stats
	graphite  graphite.Stats
	sandbox   sandbox.Stats
}

func (m measurement) counts() (counts, error) {
	u, err := takeUsage(m.graphite)
	return counts{u, m.server.scheduler.Stats(), m.server.graphite.Stats(), m.server.pool.Stats()}, err
}

const (
	warmLimit  = 5 * time.Minute // for the first run of every monitor
	drainLimit = time.Minute     // for runs that are under way at the end
)

// run starts the server, lets every monitor run once, measures, and stops it.
func (m measurement) run(ctx context.Context) (benchResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { m.server.dispatcher.Run(ctx) })
	defer background.Wait()
	defer cancel()
	begun := time.Now()
	if err := m.server.start(ctx); err != nil {
		return benchResult{}, err
	}
	defer m.stop(ctx) // for the ways out before the one below; a second call does nothing
	for !m.watch.warm() {
		if time.Since(begun) > warmLimit {
			return benchResult{}, fmt.Errorf("not every monitor has run within %v: this load is too much for this machine", warmLimit)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return benchResult{}, err
		}
	}
	// Ticks are at whole seconds, so what is measured begins and ends between them.
	from := time.Now().Truncate(time.Second).Add(1800 * time.Millisecond)
	if m.plan.burst {
		next, err := m.next(time.Now())
		if err != nil {
			return benchResult{}, err
		}
		from = next.Add(-200 * time.Millisecond)
	}
	if err := pause(ctx, time.Until(from)); err != nil {
		return benchResult{}, err
	}
	endProfile, err := m.profile()
	if err != nil {
		return benchResult{}, err
	}
	before, err := m.counts()
	if err != nil {
		return benchResult{}, errors.Join(err, endProfile())
	}
	fmt.Fprintf(m.stderr, "warm after %v; measuring for %v\n", time.Since(begun).Round(time.Second), m.plan.length)
	until := from.Add(m.plan.length)
	var turns []turn
	if len(m.load.hostile) == 0 {
		err = pause(ctx, time.Until(until))
	} else {
		turns, err = m.takeTurns(ctx)
		until = time.Now()
	}
	if err != nil {
		return benchResult{}, errors.Join(err, endProfile())
	}
	stopErr := m.stop(ctx)
	after, err := m.counts()
	if err := errors.Join(err, endProfile()); err != nil {
		return benchResult{}, err
	}
	result, err := m.result(ctx, before, after, from, until)
	result.EndedEarly = stopErr != nil
	if len(turns) > 0 {
		result.compare(m.watch, turns, m.load.hostile)
	}
	return result, err
}

// next returns when a burst is due.
func (m measurement) next(after time.Time) (time.Time, error) {
	schedule, err := crontab.Parse(m.plan.schedule, 1)
	return schedule.Next(after.UTC().Add(time.Second)), err
}

func (m measurement) stop(ctx context.Context) error {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
	defer cancel()
	return m.server.scheduler.Stop(limit)
}

func (m measurement) profile() (end func() error, err error) {
	if m.plan.profile == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(m.plan.profile)
	if err != nil {
		return nil, monitor.Invalid("cpuprofile", "%v", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// expected counts the ticks of good monitors.
func (m measurement) expected(from, until time.Time) (int, error) {
	ticks := 0
	perSchedule := map[crontab.Schedule]int{}
	for _, one := range m.load.monitors {
		if m.load.hostile[one.ID] {
			continue
		}
		schedule, err := crontab.Parse(one.Schedule, uint64(one.ID))
		if err != nil {
			return 0, err
		}
		n, known := perSchedule[schedule]
		if !known {
			for at := schedule.Next(from.UTC()); at.Before(until); at = schedule.Next(at) {
				n++
			}
			perSchedule[schedule] = n
		}
		ticks += n
	}
	return ticks, nil
}

// storedRows counts the runs that the database has of that time.
func (m measurement) storedRows(ctx context.Context, from, until time.Time) (int, error) {
	rows := 0
	most := int(until.Sub(from)/time.Second) + 2
	for _, one := range m.load.monitors {
		runs, err := m.server.db.Runs(ctx, one.ID, until, most)
		if err != nil {
			return 0, err
		}
		for _, run := range runs {
			if !run.At.Before(from) && run.Phase == monitor.Done {
				rows++
			}
		}
	}
	return rows, nil
}

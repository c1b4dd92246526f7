package scheduler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
)

// In a bubble of package synctest the time begins at midnight UTC on 1 January
// 2000, and gocron's timers are the bubble's.

// sleep lets time pass, and all that it brings come to rest.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestScheduler_RunsAtScheduledTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{runTakes: 100 * time.Millisecond}
		s := w.started(t, monitorOf(1, "* * * * *"), monitorOf(2, "*/20 * * * * *"), monitorOf(3, "@every 90s"))
		sleep(3*time.Minute + time.Second)
		equal(t, "each minute", w.runs(1), []string{"00:01:00", "00:02:00", "00:03:00"})
		equal(t, "every 20 seconds", w.runs(2), []string{"00:00:20", "00:00:40", "00:01:00", "00:01:20", "00:01:40", "00:02:00", "00:02:20", "00:02:40", "00:03:00"})
		equal(t, "every 90 seconds", w.runs(3), []string{"00:01:30", "00:03:00"})
		if stats := s.Stats(); stats.Runs != 14 || stats.Outcomes["ok"] != 14 || stats.Monitors != 3 || stats.Cohorts != 3 || stats.Running+stats.Queued != 0 {
			t.Errorf("stats: %+v", stats)
		}
	})
}

func TestScheduler_ZonesHoldOverChangesOfTheClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		s := w.scheduler(t, nil)
		fixed, hourly := monitorOf(1, "30 1 * * *"), monitorOf(2, "0 * * * *")
		fixed.Zone, hourly.Zone = "America/New_York", "America/New_York"
		sleep(time.Until(time.Date(2026, 11, 1, 4, 59, 0, 0, time.UTC)))
		mustApply(t, s, fixed, hourly)
		mustStart(t, s, nil)
		sleep(4 * time.Hour)
		equal(t, "fixed time in the hour that comes twice", w.runs(1), []string{"05:30:00"})
		equal(t, "hourly", w.runs(2), []string{"05:00:00", "06:00:00", "07:00:00", "08:00:00"})
	})
}

func TestScheduler_OneRunOfAMonitorAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{runTakes: 25 * time.Second}
		s := w.started(t, monitorOf(1, "*/10 * * * * *"))
		sleep(94 * time.Second)
		equal(t, "runs", w.runs(1), []string{"00:00:10", "00:00:40"})
		if w.overlaps > 0 {
			t.Errorf("%d runs overlapped", w.overlaps)
		}
		if busy := s.Stats().Busy; busy != 6 {
			t.Errorf("%d ticks were skipped as busy, want 6", busy)
		}
		sleep(time.Minute)
	})
}

func TestScheduler_WorkersAreTheCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{runTakes: time.Second}
		s := w.scheduler(t, func(o *Options) { o.Workers = 3 })
		var all []monitor.Monitor
		for id := range int64(12) {
			all = append(all, monitorOf(id+1, "* * * * *"))
		}
		mustApply(t, s, all...)
		mustStart(t, s, nil)
		sleep(time.Minute + 10*time.Second)
		if w.most != 3 || w.total() != 12 {
			t.Errorf("%d runs at once, %d in all; want 3 and 12", w.most, w.total())
		}
		if last := w.recorded[11].stored; last.Second() != 4 {
			t.Errorf("the last of 12 runs of a second, 3 at a time, ended at %v", last)
		}
	})
}

// forecasting is a world in which it is known who will be slow.
type forecasting struct {
	*world
	slow func(id int64) bool
}

func (f forecasting) Slow(id int64, _ string) bool { return f.slow(id) }

func TestScheduler_RunsThatAreKnownToBeSlowTakeNoOthersPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		w.onRun = func(ctx context.Context, in monitor.Input) (monitor.Result, error) {
			if in.JobID <= 10 {
				pause(ctx, 20*time.Second)
			}
			return monitor.Result{Level: monitor.OK}, nil
		}
		s := w.scheduler(t, func(o *Options) {
			o.Workers = 3
			o.Runner = forecasting{w, func(id int64) bool { return id <= 10 }}
		})
		var all []monitor.Monitor
		for id := range int64(20) {
			all = append(all, monitorOf(id+1, "* * * * *"))
		}
		mustApply(t, s, all...)
		mustStart(t, s, nil)
		sleep(time.Minute + 30*time.Second)
		if w.total() != 20 {
			t.Errorf("%d runs, want 20", w.total())
		}
		for _, r := range w.recorded {
			if slow := r.Monitor.ID <= 10; !slow && r.stored.Second() != 0 {
				t.Errorf("the run of monitor %d was stored at %v, after slow ones", r.Monitor.ID, r.stored)
			}
		}
	})
}

func TestScheduler_FullBacklogSkips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{runTakes: 5 * time.Second}
		s := w.scheduler(t, func(o *Options) { o.Backlog = 2 })
		mustApply(t, s, monitorOf(1, "* * * * *"), monitorOf(2, "* * * * *"), monitorOf(3, "* * * * *"))
		mustStart(t, s, nil)
		sleep(70 * time.Second)
		if stats := s.Stats(); w.total() != 2 || stats.Full != 1 {
			t.Errorf("%d runs and %d skipped, want 2 and 1", w.total(), stats.Full)
		}
	})
}

func TestScheduler_CohortsOfOneSecondShareTargetsAndRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		s := w.scheduler(t, func(o *Options) { o.Batch = 2 })
		a, b, c := monitorOf(1, "* * * * *"), monitorOf(2, "*/1 * * * *"), monitorOf(3, "0 * * * * ?")
		b.Zone = "Asia/Kathmandu"
		a.Targets = []string{"x", "# a comment", "", "y"}
		b.Targets = []string{"y", "x", "y"}
		c.Targets = []string{"z"}
		mustApply(t, s, a, b, c)
		mustStart(t, s, nil)
		sleep(61 * time.Second)
		var asked []string
		for _, request := range w.requests {
			asked = append(asked, request...)
		}
		slices.Sort(asked)
		equal(t, "targets asked for", asked, []string{"x", "y", "z"})
		if len(w.requests) != 2 {
			t.Errorf("%d requests, want 2", len(w.requests))
		}
		for _, r := range w.recorded {
			var got []string
			for _, f := range r.Targets {
				got = append(got, f.Target)
			}
			equal(t, "targets of "+r.Monitor.Name, got, SentTargets(r.Monitor))
		}
		if w.total() != 3 || w.claims != 1 {
			t.Errorf("%d runs from %d claims, want 3 from 1", w.total(), w.claims)
		}
	})
}

func TestScheduler_ReadyMonitorsDoNotWaitForOthersTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		w := &world{onFetch: func(target string) monitor.Fetched {
			if target == "slow" {
				<-slow
			}
			return monitor.Fetched{Target: target, Status: monitor.StatusOK}
		}}
		s := w.scheduler(t, func(o *Options) { o.Batch = 1 })
		a, b := monitorOf(1, "* * * * *"), monitorOf(2, "* * * * *")
		a.Targets = []string{"slow"}
		mustApply(t, s, a, b)
		mustStart(t, s, nil)
		sleep(61 * time.Second)
		equal(t, "quick one", w.runs(2), []string{"00:01:00"})
		equal(t, "slow one", w.runs(1), nil)
		close(slow)
		synctest.Wait()
		equal(t, "slow one, afterwards", w.runs(1), []string{"00:01:00"})
	})
}

func TestScheduler_ChangesTakeEffectAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		s := w.scheduler(t, nil)
		mustStart(t, s, nil)
		sleep(5 * time.Second)
		m := monitorOf(1, "* * * * *")
		if err := s.Put(m); err != nil {
			t.Fatal(err)
		}
		sleep(time.Minute) // 00:01:05
		m.Version, m.Schedule = 2, "*/30 * * * * *"
		if err := s.Put(m); err != nil {
			t.Fatal(err)
		}
		if next := s.NextRun(1); next.Format(time.TimeOnly) != "00:01:30" {
			t.Errorf("next run %v, want 00:01:30", next)
		}
		sleep(time.Minute) // 00:02:05
		m.Version, m.Active = 3, false
		if err := s.Put(m); err != nil {
			t.Fatal(err)
		}
		if next := s.NextRun(1); !next.IsZero() {
			t.Errorf("next run of an inactive monitor: %v", next)
		}
		sleep(time.Minute)
		equal(t, "runs", w.runs(1), []string{"00:01:00", "00:01:30", "00:02:00"})
		if version := w.recorded[1].Monitor.Version; version != 2 {
			t.Errorf("the second run was of version %d", version)
		}
		if stats := s.Stats(); stats.Monitors != 0 || stats.Cohorts != 0 {
			t.Errorf("stats after the last monitor left: %+v", stats)
		}
	})
}

func TestScheduler_ApplyIsADiff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		s := w.scheduler(t, nil)
		mustStart(t, s, nil)
		mustApply(t, s, monitorOf(1, "* * * * *"), monitorOf(2, "* * * * *"))
		bad := monitorOf(4, "61 * * * *")
		err := s.Apply([]monitor.Monitor{monitorOf(2, "* * * * *"), monitorOf(3, "* * * * *"), bad})
		if !errors.Is(err, monitor.ErrInvalid) {
			t.Errorf("error %v, want one about monitor 4", err)
		}
		sleep(61 * time.Second)
		equal(t, "left out", w.runs(1), nil)
		equal(t, "kept", w.runs(2), []string{"00:01:00"})
		equal(t, "new", w.runs(3), []string{"00:01:00"})
		equal(t, "bad", w.runs(4), nil)
	})
}

func TestScheduler_DroppedWhileRunningIsNotRecordedNorDoubled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{runTakes: 30 * time.Second}
		s := w.started(t, monitorOf(1, "*/10 * * * * *"))
		sleep(12 * time.Second)
		s.Drop(1)
		if err := s.Put(monitorOf(1, "*/10 * * * * *")); err != nil {
			t.Fatal(err)
		}
		sleep(20 * time.Second)
		s.Drop(1)
		sleep(20 * time.Second)
		if w.overlaps != 0 {
			t.Errorf("%d runs overlapped", w.overlaps)
		}
		equal(t, "runs", w.runs(1), nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.entries) != 0 || s.inFlight != 0 {
			t.Errorf("%d entries and %d in flight are left", len(s.entries), s.inFlight)
		}
	})
}

func TestScheduler_RefusesShortIntervals(t *testing.T) {
	w := &world{}
	s := w.scheduler(t, func(o *Options) { o.MinInterval = 10 * time.Second })
	for spec, ok := range map[string]bool{"* * * * *": true, "*/10 * * * * *": true, "*/5 * * * * *": false, "@every 9s": false} {
		err := s.Put(monitorOf(1, spec))
		if (err == nil) != ok {
			t.Errorf("%s: error %v", spec, err)
		}
		if all := monitor.AllFieldErrors(err); !ok && (len(all) != 1 || all[0].Field != "schedule") {
			t.Errorf("%s: error %v does not name the schedule", spec, err)
		}
	}
}

func TestScheduler_ClaimsAreRespected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{taken: map[runKey]bool{{1, time.Now().Add(time.Minute).Unix()}: true}}
		s := w.started(t, monitorOf(1, "* * * * *"), monitorOf(2, "* * * * *"))
		sleep(121 * time.Second)
		equal(t, "taken once", w.runs(1), []string{"00:02:00"})
		equal(t, "not taken", w.runs(2), []string{"00:01:00", "00:02:00"})
		if lost := s.Stats().Lost; lost != 1 {
			t.Errorf("%d runs lost, want 1", lost)
		}
	})
}

func TestScheduler_TwoOfThemRunEachTickOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		for range 2 { // as when a new process starts before the old one has ended
			w.started(t, monitorOf(1, "* * * * *"))
			sleep(time.Second)
		}
		sleep(2 * time.Minute)
		equal(t, "runs", w.runs(1), []string{"00:01:00", "00:02:00"})
	})
}

func TestScheduler_GoneMonitorIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		s := w.scheduler(t, func(o *Options) { o.Desk = deskFunc(func() error { return monitor.ErrNotFound }) })
		mustApply(t, s, monitorOf(1, "* * * * *"))
		mustStart(t, s, nil)
		sleep(61 * time.Second)
		if stats := s.Stats(); stats.Runs != 1 || stats.Failures != 0 {
			t.Errorf("stats %+v, want one run and no failure", stats)
		}
	})
}

type deskFunc func() error

func (f deskFunc) Record(context.Context, monitor.Monitor, Evaluation) (time.Time, error) {
	return time.Time{}, f()
}

func TestScheduler_FailuresOfOursAreContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			onClaim: func(at time.Time, _ []int64) error {
				switch at.Minute() {
				case 1:
					return errors.New("disk on fire")
				case 2:
					panic("claim")
				}
				return nil
			},
			onRun: func(_ context.Context, in monitor.Input) (monitor.Result, error) {
				switch in.At.Minute() {
				case 3:
					panic("run")
				case 4:
					return monitor.Result{}, errors.New("no worker")
				}
				return monitor.Result{Level: monitor.OK}, nil
			},
		}
		w.onFetch = func(target string) monitor.Fetched {
			if time.Now().Minute() == 5 {
				panic("fetch")
			}
			return monitor.Fetched{Target: target, Status: monitor.StatusOK}
		}
		s := w.started(t, monitorOf(1, "* * * * *"))
		sleep(6*time.Minute + time.Second)
		var got []string
		for _, r := range w.recorded {
			got = append(got, r.Outcome.At.Format("04")+" "+r.Outcome.Level.String()+" "+string(r.Outcome.Fault))
		}
		equal(t, "outcomes", got, []string{"03 unknown internal", "04 unknown internal", "05 unknown fetch", "06 ok "})
		if failures := s.Stats().Failures; failures != 5 {
			t.Errorf("%d failures counted, want 5", failures)
		}
	})
}

func TestScheduler_ClaimsAgainWhileTheDatabaseIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lockedUntil := time.Now().Add(75 * time.Second)
		w := &world{onClaim: func(time.Time, []int64) error {
			if time.Now().Before(lockedUntil) {
				return fmt.Errorf("claim: %w", monitor.ErrUnavailable)
			}
			return nil
		}}
		s := w.started(t, monitorOf(1, "* * * * *"))
		sleep(80 * time.Second)
		if len(w.recorded) != 1 || s.Stats().Failures != 0 {
			t.Errorf("%d runs and %d failures, want the one run that was due while it was locked", len(w.recorded), s.Stats().Failures)
		}
		w.mu.Lock()
		lockedUntil = time.Now().Add(5 * time.Minute)
		w.mu.Unlock()
		sleep(5 * time.Minute)
		if failures := s.Stats().Failures; failures < 3 {
			t.Errorf("%d failures counted, want those that Grace was too short for", failures)
		}
	})
}

func TestScheduler_StopLetsRunsFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{runTakes: 10 * time.Second}
		s := w.started(t, monitorOf(1, "* * * * *"))
		sleep(65 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		begun := time.Now()
		if err := s.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		equal(t, "runs", w.runs(1), []string{"00:01:00"})
		if took := time.Since(begun); took < 4*time.Second || took > 6*time.Second {
			t.Errorf("Stop took %v, the run had 5 s to go", took)
		}
		if err := s.Put(monitorOf(2, "* * * * *")); err == nil {
			t.Error("a stopped scheduler took a monitor")
		}
	})
}

func TestScheduler_StopEndsRunsThatTakeTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{runTakes: time.Hour}
		s, err := New(Options{Fetcher: w, Runner: w, Ledger: w, Desk: w})
		if err != nil {
			t.Fatal(err)
		}
		mustApply(t, s, monitorOf(1, "* * * * *"), monitorOf(2, "* * * * *"))
		mustStart(t, s, nil)
		sleep(65 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begun := time.Now()
		if err := s.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline", err)
		}
		if took := time.Since(begun); took > 6*time.Second {
			t.Errorf("Stop took %v", took)
		}
		if w.total() != 0 {
			t.Errorf("%d runs were recorded that were ended early", w.total())
		}
	})
}

func TestScheduler_CatchesUpOnceAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sleep(10*time.Hour + 20*time.Minute)
		w := &world{}
		s := w.scheduler(t, nil)
		once, skip, current, never := monitorOf(1, "0 * * * *"), monitorOf(2, "0 * * * *"), monitorOf(3, "0 * * * *"), monitorOf(4, "0 * * * *")
		once.CatchUp, current.CatchUp, never.CatchUp = monitor.CatchUpOnce, monitor.CatchUpOnce, monitor.CatchUpOnce
		mustApply(t, s, once, skip, current, never)
		last := time.Now().Add(-5 * time.Hour)
		mustStart(t, s, map[int64]time.Time{1: last, 2: last, 3: time.Now().Add(-20 * time.Minute)})
		sleep(time.Second)
		equal(t, "once", w.runs(1), []string{"10:00:00"})
		equal(t, "skip", w.runs(2), nil)
		equal(t, "nothing missed", w.runs(3), nil)
		equal(t, "never ran before", w.runs(4), nil)
		sleep(time.Hour)
		equal(t, "once, later", w.runs(1), []string{"10:00:00", "11:00:00"})
	})
}

// wall is a clock on the wall that can be set.
type wall struct{ offset atomic.Int64 }

func (c *wall) now() time.Time { return time.Now().Round(0).Add(time.Duration(c.offset.Load())) }

// set makes the clock show the real time and as much more.
func (c *wall) set(more time.Duration) { c.offset.Store(int64(more)) }

func TestScheduler_NoPileUpBehindAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, clock := &world{}, &wall{}
		s := w.scheduler(t, func(o *Options) { o.Now = clock.now })
		quick, once := monitorOf(1, "* * * * * *"), monitorOf(2, "*/10 * * * *")
		once.CatchUp = monitor.CatchUpOnce
		mustApply(t, s, quick, once)
		mustStart(t, s, nil)
		sleep(2*time.Second + 500*time.Millisecond)
		clock.set(3 * time.Hour) // the machine slept
		sleep(3 * time.Second)
		got := w.runs(1)
		if len(got) > 7 || got[0] != "00:00:01" || got[len(got)-1] != "03:00:05" {
			t.Errorf("every second, over a pause of three hours: %v", got)
		}
		equal(t, "catch up once", w.runs(2), []string{"03:00:00"})
		sleep(10 * time.Minute)
		equal(t, "on time again", w.runs(2), []string{"03:00:00", "03:10:00"})
	})
}

func TestScheduler_TimersFollowAClockSetForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, clock := &world{}, &wall{}
		s := w.scheduler(t, func(o *Options) { o.Now = clock.now })
		mustApply(t, s, monitorOf(1, "0 12 * * *"))
		mustStart(t, s, nil)
		sleep(time.Hour)
		clock.set(10*time.Hour + 30*time.Minute)
		sleep(31 * time.Minute)
		equal(t, "runs", w.runs(1), []string{"12:00:00"})
		if started := w.recorded[0].Started; started.Format(time.TimeOnly) != "12:00:00" {
			t.Errorf("started at %v on the wall, want 12:00:00", started)
		}
	})
}

func TestScheduler_RunsOnAfterAClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, clock := &world{}, &wall{}
		clock.set(24 * time.Hour)
		s := w.scheduler(t, func(o *Options) { o.Now = clock.now })
		mustApply(t, s, monitorOf(1, "*/10 * * * *"))
		mustStart(t, s, nil)
		sleep(15 * time.Minute)
		clock.set(0)
		sleep(15*time.Minute + time.Second)
		equal(t, "runs", w.runs(1), []string{"00:10:00", "00:20:00", "00:30:00"})
	})
}

func TestScheduler_LateTicksAreMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, clock := &world{}, &wall{}
		s := w.scheduler(t, func(o *Options) { o.Now = clock.now })
		mustApply(t, s, monitorOf(1, "0 * * * *"))
		mustStart(t, s, nil)
		sleep(30 * time.Minute)
		clock.set(45 * time.Minute)
		sleep(10 * time.Minute) // 01:25 on the wall
		equal(t, "runs", w.runs(1), nil)
		if missed := s.Stats().Missed; missed != 1 {
			t.Errorf("%d missed, want 1", missed)
		}
		sleep(40 * time.Minute)
		equal(t, "runs", w.runs(1), []string{"02:00:00"})
	})
}

func TestScheduler_RefusesToStartTwice(t *testing.T) {
	s := (&world{}).scheduler(t, nil)
	mustStart(t, s, nil)
	if err := s.Start(nil); err == nil {
		t.Error("started twice")
	}
}

func TestBehind_TellsOfTicksThatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := (&world{}).scheduler(t, nil)
		mustApply(t, s, monitorOf(1, "0 * * * *"), monitorOf(2, "30 * * * *"))
		sleep(90*time.Minute + time.Second)
		if got := s.Behind(); got < 60*time.Minute || got > 61*time.Minute {
			t.Errorf("%v behind, want an hour: nothing was started", got)
		}
		mustStart(t, s, nil)
		sleep(time.Hour)
		if got := s.Behind(); got > 0 {
			t.Errorf("%v behind while it runs", got)
		}
	})
}

func TestStats_LatenessIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{fetchTakes: 100 * time.Millisecond}
		s := w.started(t, monitorOf(1, "* * * * *"))
		sleep(3*time.Minute + time.Second)
		stats := s.Stats()
		if stats.P50 < 100*time.Millisecond || stats.P50 > 150*time.Millisecond || stats.P99 != stats.P50 {
			t.Errorf("p50 %v and p99 %v, want a little over 100 ms", stats.P50, stats.P99)
		}
		if h := stats.Lateness; h.Count != 3 || h.Sum < 300*time.Millisecond || len(h.Counts) != len(h.Bounds)+1 {
			t.Errorf("histogram %+v", h)
		}
		s.Drop(1)
		sleep(11 * time.Minute)
		if stats := s.Stats(); stats.P99 != 0 || stats.Lateness.Count != 3 {
			t.Errorf("much later: p99 %v, count %d", stats.P99, stats.Lateness.Count)
		}
	})
}

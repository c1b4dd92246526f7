package scheduler

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
)

// unconfirmed asks for an extra run 20 seconds after each run that was made
// before the given time.
func unconfirmed(until string) func(monitor.Monitor, Evaluation) time.Time {
	return func(_ monitor.Monitor, e Evaluation) time.Time {
		if e.Outcome.At.Format(time.TimeOnly) >= until {
			return time.Time{}
		}
		return e.Outcome.At.Add(20 * time.Second)
	}
}

func TestRecheck_RunsBetweenTicksWhileTheDeskAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{onRecord: unconfirmed("00:05:40"), runTakes: time.Second}
		s := w.started(t, monitorOf(1, "*/5 * * * *"))
		sleep(5*time.Minute + 5*time.Second)
		if next := s.NextRun(1).Format(time.TimeOnly); next != "00:05:20" {
			t.Errorf("next run at %s, want 00:05:20", next)
		}
		sleep(5 * time.Minute)
		equal(t, "runs", w.runs(1), []string{"00:05:00", "00:05:20", "00:05:40", "00:10:00"})
		for _, r := range w.recorded {
			if late := r.Started.Sub(r.Outcome.At); late > 100*time.Millisecond {
				t.Errorf("the run of %v started %v late", r.Outcome.At, late)
			}
		}
	})
}

func TestRecheck_ATickThatComesFirstTakesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{onRecord: unconfirmed("23:00:00")}
		w.started(t, monitorOf(1, "*/20 * * * * *"), monitorOf(2, "*/10 * * * * *"))
		sleep(45 * time.Second)
		equal(t, "at the same time as a tick", w.runs(1), []string{"00:00:20", "00:00:40"})
		equal(t, "after a tick", w.runs(2), []string{"00:00:10", "00:00:20", "00:00:30", "00:00:40"})
	})
}

func TestRecheck_NeverTwoRunsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{runTakes: 50 * time.Second, onRecord: unconfirmed("23:00:00")}
		w.started(t, monitorOf(1, "*/2 * * * *"))
		sleep(5 * time.Minute)
		// 20 s after the scheduled time is long over when a run ends: it runs again at once.
		equal(t, "runs", w.runs(1), []string{"00:02:00", "00:02:51", "00:03:41"})
		if w.overlaps > 0 {
			t.Errorf("%d runs overlapped", w.overlaps)
		}
		sleep(time.Minute)
	})
}

func TestRecheck_IsForgottenWhenTheMonitorIsChangedOrStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{onRecord: unconfirmed("23:00:00")}
		s := w.scheduler(t, nil)
		changed, stopped, same := monitorOf(1, "*/5 * * * *"), monitorOf(2, "*/5 * * * *"), monitorOf(3, "*/5 * * * *")
		mustApply(t, s, changed, stopped, same)
		mustStart(t, s, nil)
		sleep(5*time.Minute + 10*time.Second)
		changed.Version, stopped.Active = 2, false
		mustApply(t, s, changed, stopped, same)
		sleep(15 * time.Second)
		equal(t, "changed", w.runs(1), []string{"00:05:00"})
		equal(t, "stopped", w.runs(2), []string{"00:05:00"})
		equal(t, "as it was", w.runs(3), []string{"00:05:00", "00:05:20"})
	})
}

func TestRecheck_AChangeDuringTheRunForgetsItToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{onRecord: unconfirmed("23:00:00"), runTakes: 10 * time.Second}
		s := w.scheduler(t, nil)
		m := monitorOf(1, "*/5 * * * *")
		mustApply(t, s, m)
		mustStart(t, s, nil)
		sleep(5*time.Minute + 5*time.Second)
		m.Version = 2
		mustApply(t, s, m)
		sleep(time.Minute)
		equal(t, "runs", w.runs(1), []string{"00:05:00"})
	})
}

func TestRecheck_IsClaimedLikeAnyOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{onRecord: unconfirmed("23:00:00"), taken: map[runKey]bool{{1, time.Now().Add(320 * time.Second).Unix()}: true}}
		s := w.started(t, monitorOf(1, "*/5 * * * *"))
		sleep(6 * time.Minute)
		equal(t, "runs", w.runs(1), []string{"00:05:00"})
		if lost := s.Stats().Lost; lost != 1 {
			t.Errorf("%d runs lost, want the extra one", lost)
		}
	})
}

func TestRecheck_AJumpOfTheClockForgetsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, clock := &world{onRecord: unconfirmed("23:00:00")}, &wall{}
		s := w.scheduler(t, func(o *Options) { o.Now = clock.now })
		mustApply(t, s, monitorOf(1, "0 * * * *"))
		mustStart(t, s, nil)
		sleep(time.Hour + 5*time.Second)
		clock.set(-30 * time.Minute)
		sleep(25 * time.Minute)
		equal(t, "runs", w.runs(1), []string{"01:00:00"})
	})
}

func TestRecheck_StopLeavesNoneBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{onRecord: unconfirmed("23:00:00")}
		s := w.started(t, monitorOf(1, "*/5 * * * *"))
		sleep(5*time.Minute + 5*time.Second)
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		sleep(time.Minute)
		equal(t, "runs", w.runs(1), []string{"00:05:00"})
	})
}

func TestScheduler_StopIsNoFailureWhenNothingRuns(t *testing.T) {
	for range 20 { // a select between two channels that are ready is a toss
		s, err := New(Options{Fetcher: &world{}, Runner: &world{}, Ledger: &world{}, Desk: &world{}})
		if err != nil {
			t.Fatal(err)
		}
		mustApply(t, s, monitorOf(1, "* * * * *"))
		mustStart(t, s, nil)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Stop(over); err != nil {
			t.Fatal(err)
		}
	}
}

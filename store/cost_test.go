package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/monitor"
)

func TestCosts_SumUpWhatRunsUsedSince(t *testing.T) {
	db := openNew(t)
	busy, gone := newMonitor(t, db, "busy"), newMonitor(t, db, "gone")
	newMonitor(t, db, "idle")
	versions := map[int64]int64{}
	for i, m := range []monitor.Monitor{busy, busy, busy, gone} {
		c := commitOf(m, start.Add(time.Duration(i)*time.Minute), monitor.OK, 0)
		c.State.Version, c.Steady = versions[m.ID], false
		versions[m.ID]++
		c.Run.Fetch = time.Millisecond
		c.Run.Cost = monitor.Cost{Wall: 3 * time.Millisecond, CPU: 2 * time.Millisecond, Memory: int64(1000 * i), PointsIn: 60, PointsOut: 10, OutputBytes: 5}
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.DeleteMonitor(t.Context(), gone.ID, "ann", start); err != nil {
		t.Fatal(err)
	}
	got, err := db.Costs(t.Context(), start.Add(time.Minute))
	want := []Cost{{
		Monitor: busy.ID, Runs: 2, Fetch: 2 * time.Millisecond, Peak: 2000,
		Total: monitor.Cost{Wall: 6 * time.Millisecond, CPU: 4 * time.Millisecond, Memory: 3000, PointsIn: 120, PointsOut: 20, OutputBytes: 10},
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// Sums of hours give what the runs themselves give, wherever the span begins.
func TestCosts_OfHoursThatWereSummedUpAreThoseOfTheirRuns(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "busy")
	for i := range 30 {
		c := commitOf(m, start.Add(time.Duration(i)*10*time.Minute), monitor.OK, 0)
		c.State.Version, c.Steady = int64(i), false
		c.Run.Cost = monitor.Cost{Wall: time.Duration(i) * time.Millisecond, CPU: time.Millisecond, Memory: int64(100 * i), PointsIn: i}
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	type answer struct {
		costs []Cost
		steps []CostStep
	}
	ask := func(since time.Time) (a answer) {
		var err error
		if a.costs, err = db.Costs(t.Context(), since); err != nil {
			t.Fatal(err)
		}
		if a.steps, err = db.CostSteps(t.Context(), m.ID, since, time.Hour); err != nil {
			t.Fatal(err)
		}
		return a
	}
	spans := []time.Time{start.Add(-time.Hour), start.Add(25 * time.Minute), start.Add(3*time.Hour + 5*time.Minute), start.Add(4*time.Hour + 50*time.Minute)}
	var before []answer
	for _, since := range spans {
		before = append(before, ask(since))
	}
	for _, at := range []time.Duration{2 * time.Hour, 2 * time.Hour, 4*time.Hour + 40*time.Minute, 1000 * 24 * time.Hour} {
		if _, err := db.Sweep(t.Context(), Retention{}, start.Add(at)); err != nil {
			t.Fatal(err)
		}
		for i, since := range spans {
			if diff := cmp.Diff(before[i], ask(since), cmp.AllowUnexported(answer{})); diff != "" {
				t.Errorf("%v after the start, since %v:\n%s", at, since, diff)
			}
		}
	}
	if n := count(t, db, "cost_hours"); n < 5 {
		t.Errorf("%d hours were summed up", n)
	}
	if _, err := db.Sweep(t.Context(), Retention{Runs: time.Hour}, start.Add(2000*24*time.Hour)); err != nil || count(t, db, "cost_hours") != 0 {
		t.Errorf("%d hours outlive their runs, %v", count(t, db, "cost_hours"), err)
	}
}

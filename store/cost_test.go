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

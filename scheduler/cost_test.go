package scheduler

import (
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestCost_CountsEachRunInTheBucketThatHoldsIt(t *testing.T) {
	var c cost
	for _, used := range []time.Duration{0, leastCPU, leastCPU + 1, 2 * leastCPU, 2*leastCPU + 1, time.Hour} {
		c.add(monitor.Cost{CPU: used, Memory: int64(used), PointsIn: 2, OutputBytes: 3})
	}
	costs := c.report()
	if got, want := costs.CPU.Counts[:3], []uint64{2, 2, 1}; got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v, want %v", got, want)
	}
	if last := costs.CPU.Counts[len(costs.CPU.Counts)-1]; last != 1 || len(costs.CPU.Counts) != len(costs.CPU.Bounds)+1 {
		t.Errorf("an hour is in no bucket: %v", costs.CPU.Counts)
	}
	if costs.CPU.Count != 6 || costs.PointsIn != 12 || costs.OutputBytes != 18 || costs.CPU.Sum < time.Hour {
		t.Errorf("got %+v", costs)
	}
	for i, bound := range costs.CPU.Bounds {
		if got := doublings(int64(bound), int64(leastCPU)); got != i {
			t.Errorf("%v is in bucket %d, want %d", bound, got, i)
		}
	}
}

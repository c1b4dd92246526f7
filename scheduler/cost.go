package scheduler

import (
	"math/bits"
	"time"

	"wingmirror/monitor"
)

// Buckets of costs double: processor time from 16 µs to half a minute, memory
// from 16 KB to half a gigabyte.
const (
	leastCPU    = 16 * time.Microsecond
	leastMemory = 16 << 10
	costBuckets = 22
)

// cost counts what runs used.
type cost struct {
	cpu, memory         [costBuckets + 1]uint64
	cpuSum              time.Duration
	memorySum           uint64
	in, out, outputSize uint64
}

func (c *cost) add(used monitor.Cost) {
	c.cpu[doublings(int64(used.CPU), int64(leastCPU))]++
	c.memory[doublings(used.Memory, leastMemory)]++
	c.cpuSum += max(used.CPU, 0)
	c.memorySum += uint64(max(used.Memory, 0))
	c.in += uint64(max(used.PointsIn, 0))
	c.out += uint64(max(used.PointsOut, 0))
	c.outputSize += uint64(max(used.OutputBytes, 0))
}

// doublings is how often least must double to hold n, at most costBuckets.
func doublings(n, least int64) int {
	if n <= least {
		return 0
	}
	return min(bits.Len64(uint64((n-1)/least)), costBuckets)
}

func (c *cost) report() Costs {
	costs := Costs{
		CPU:      Histogram{Counts: append([]uint64(nil), c.cpu[:]...), Sum: c.cpuSum},
		Memory:   Sizes{Counts: append([]uint64(nil), c.memory[:]...), Sum: c.memorySum},
		PointsIn: c.in, PointsOut: c.out, OutputBytes: c.outputSize,
	}
	for i := range costBuckets {
		costs.CPU.Bounds = append(costs.CPU.Bounds, leastCPU<<i)
		costs.Memory.Bounds = append(costs.Memory.Bounds, leastMemory<<i)
		costs.CPU.Count += c.cpu[i]
	}
	costs.CPU.Count += c.cpu[costBuckets]
	return costs
}

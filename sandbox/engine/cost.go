package engine

import "runtime/metrics"

// newAllocationMeter returns a function that tells how many bytes the process
// has allocated on the heap so far. Unlike runtime.ReadMemStats it does not
// stop the world, at the price that the last few kilobytes are not counted yet.
func newAllocationMeter() func() int64 {
	return func() int64 {
		sample := [1]metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(sample[:])
		return int64(sample[0].Value.Uint64())
	}
}

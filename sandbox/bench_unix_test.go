//go:build unix

package sandbox_test

import (
	"syscall"
	"time"
)

// usedCPU is the processor time of this process, and of its workers that have ended.
func usedCPU() (server, workers time.Duration) {
	used := func(who int) time.Duration {
		var usage syscall.Rusage
		if syscall.Getrusage(who, &usage) != nil {
			return 0
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return used(syscall.RUSAGE_SELF), used(syscall.RUSAGE_CHILDREN)
}

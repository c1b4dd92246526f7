package main

import (
	"fmt"
	"os"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// takeUsage reads what this process, its sandbox workers and the fake Graphite
// have used since they began.
func takeUsage(graphite int) (u usage, err error) {
	var self, ended unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &self); err != nil {
		return u, fmt.Errorf("read processor time: %w", err)
	}
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &ended); err != nil {
		return u, fmt.Errorf("read processor time: %w", err)
	}
	u.server = time.Duration(self.Utime.Nano() + self.Stime.Nano())
	u.workers = time.Duration(ended.Utime.Nano() + ended.Stime.Nano())
	u.serverPeak = self.Maxrss << 10 // Linux counts in kB
	u.graphite = processorTime(graphite)
	all, err := procfs.AllProcs()
	if err != nil {
		return u, fmt.Errorf("find workers: %w", err)
	}
	for _, proc := range all {
		stat, err := proc.Stat()
		if err != nil || stat.PPID != os.Getpid() || proc.PID == graphite {
			continue // it has ended, or is none of ours
		}
		u.workers += processorTime(proc.PID)
		u.workersNow += int64(stat.ResidentMemory())
		u.workerCount++
	}
	return u, nil
}

// processorTime is what all threads of a process have used, to the nanosecond;
// 0 when it has ended. The clock's number is that of clock_getcpuclockid(3).
func processorTime(pid int) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|2, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

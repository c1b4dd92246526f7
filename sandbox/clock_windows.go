package sandbox

import (
	"time"

	"golang.org/x/sys/windows"
)

// processorTime is what all threads of a process have used.
func processorTime(pid int) (used time.Duration, known bool) {
	err := withProcess(pid, windows.PROCESS_QUERY_LIMITED_INFORMATION, func(process windows.Handle) error {
		var created, ended, kernel, user windows.Filetime
		err := windows.GetProcessTimes(process, &created, &ended, &kernel, &user)
		ticks := func(f windows.Filetime) int64 { return int64(f.HighDateTime)<<32 | int64(f.LowDateTime) }
		used = time.Duration(ticks(kernel)+ticks(user)) * 100
		return err
	})
	return used, err == nil
}

// makeWay sets how much a process gets of a busy machine.
func makeWay(pid int, c courtesy) error {
	class := [...]uint32{
		inTurn: windows.NORMAL_PRIORITY_CLASS, afterOthers: windows.BELOW_NORMAL_PRIORITY_CLASS, lastOfAll: windows.IDLE_PRIORITY_CLASS,
	}[c]
	return withProcess(pid, windows.PROCESS_SET_INFORMATION, func(process windows.Handle) error {
		return windows.SetPriorityClass(process, class)
	})
}

func withProcess(pid int, access uint32, do func(windows.Handle) error) error {
	process, err := windows.OpenProcess(access, false, uint32(pid))
	if err != nil {
		return err
	}
	defer windows.CloseHandle(process)
	return do(process)
}

package sandbox

import (
	"os"
	"os/exec"

	"wingmirror/monitor"
)

// grouping puts each process into a group of its own, which the operating system
// bounds: a control group on Linux, a job object on Windows. It stands behind the
// limits that a process sets itself, and counts what is really used.
type grouping interface {
	// enclose makes the group for the process that cmd is about to start.
	enclose(cmd *exec.Cmd) (group, error)
}

// group is around one process.
type group interface {
	started(*os.Process) error // is called before the process is told anything
	overrun() bool             // whether the bound on memory has ended the process
	kill()                     // ends all that is in it, at once
	remove()                   // when the process is dead
}

// groupMemory is the bound of a group: what a run may use, and what an idle
// worker takes with its program, its stacks and the garbage that it may keep.
func groupMemory(l monitor.Limits) int64 {
	const idle = 64 << 20
	return l.Memory + idle
}

// groupThreads bounds the threads of a process; the Go runtime uses less than ten.
const groupThreads = 64

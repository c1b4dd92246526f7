package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	groupLayer = "job"
	groupDoes  = "the operating system bounds a worker's memory, lets it start no process, and ends it with the server"
)

// jobs are job objects.
type jobs struct{ memory int64 }

func newGrouping(opts Options) (grouping, error) {
	j := jobs{groupMemory(opts.Limits)}
	probe, err := j.make()
	if err != nil {
		return nil, err
	}
	probe.remove()
	return j, nil
}

func (j jobs) make() (*job, error) {
	handle, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("make a job object: %w", err)
	}
	g := &job{handle}
	bounds := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{
			LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS |
				windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY | windows.JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION,
			ActiveProcessLimit: 1,
		},
		ProcessMemoryLimit: uintptr(j.memory),
	}
	_, err = windows.SetInformationJobObject(handle, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&bounds)), uint32(unsafe.Sizeof(bounds)))
	if err != nil {
		g.remove()
		return nil, fmt.Errorf("bound a job object: %w", err)
	}
	return g, nil
}

func (j jobs) enclose(*exec.Cmd) (group, error) { return j.make() }

type job struct{ handle windows.Handle }

// started puts the process into the job. Until it is told its limits, which is
// later, the process does nothing but wait.
func (g *job) started(p *os.Process) error {
	var err error
	if held := p.WithHandle(func(process uintptr) {
		err = windows.AssignProcessToJobObject(g.handle, windows.Handle(process))
	}); held != nil {
		return held
	}
	return err
}

// overrun is never known: a process that is refused memory says so itself.
func (g *job) overrun() bool { return false }

func (g *job) kill() { _ = windows.TerminateJobObject(g.handle, 1) }

func (g *job) remove() { _ = windows.CloseHandle(g.handle) }

package sandbox

import (
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const nobody = 65534

// isolations lists the ways to start a process, best first; the last always
// works. A later way is used when an earlier one fails, or is switched off.
func isolations(disabled []string) []isolation {
	namespaces := isolation{
		name: "namespaces",
		does: "a worker sees no network, no other process, and no mount of ours",
		with: func(cmd *exec.Cmd) { cmd.SysProcAttr = inNamespaces(os.Geteuid(), os.Getegid()) },
	}
	user := isolation{
		name: "user",
		does: "a worker of a server that runs as root is nobody",
		with: func(cmd *exec.Cmd) {
			cmd.SysProcAttr = inNamespaces(nobody, nobody)
			cmd.SysProcAttr.GidMappingsEnableSetgroups = true
			cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		},
	}
	plain := isolation{name: "nothing", with: func(cmd *exec.Cmd) { cmd.SysProcAttr = mortal() }}
	var ways []isolation
	if os.Geteuid() == 0 {
		ways = append(ways, user)
	}
	ways = append(ways, namespaces)
	ways = slices.DeleteFunc(ways, func(i isolation) bool { return slices.Contains(disabled, i.name) })
	return append(ways, plain)
}

// mortal makes a process end with the server.
func mortal() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

func inNamespaces(uid, gid int) *syscall.SysProcAttr {
	attr := mortal()
	attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | pidNamespace |
		syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	return attr
}

// self is the running executable, even if its file has been replaced since.
func self() (string, error) {
	const link = "/proc/self/exe"
	if _, err := os.Stat(link); err == nil {
		return link, nil
	}
	return os.Executable()
}

// widenPipe lets a pipe hold many requests. It is worth having and no more.
func widenPipe(f *os.File) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 256<<10)
	})
}

// newShared returns memory that a process can share, and the file to pass to
// it, or nil where there is none. Its size is sealed: a worker that could
// shorten it could crash the server.
func newShared(size int) (*os.File, []byte) {
	fd, err := unix.MemfdCreate("wingmirror-journal", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, nil
	}
	file := os.NewFile(uintptr(fd), "journal")
	err = unix.Ftruncate(fd, int64(size))
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	var memory []byte
	if err == nil {
		memory, err = unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err != nil {
		_ = file.Close() // nothing was written to it
		return nil, nil
	}
	return file, memory
}

func unmapShared(memory []byte) { _ = unix.Munmap(memory) }

// processorTime is what all threads of a process have used. The clock of
// another process is (^pid << 3) | CPUCLOCK_SCHED, see clock_getcpuclockid(3).
func processorTime(pid int) (time.Duration, bool) {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|2, &ts); err != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}

// makeWay sets how much a process gets of a busy machine, or reports that it may
// not be given more again, which not every system allows. Priorities are those of
// threads; a worker's process group is all of its threads.
func makeWay(pid int, c courtesy) error {
	return unix.Setpriority(unix.PRIO_PGRP, pid, [...]int{inTurn: 0, afterOthers: 10, lastOfAll: 19}[c])
}

func deathSignal(state *os.ProcessState) string {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return ""
	}
	return unix.SignalName(status.Signal())
}

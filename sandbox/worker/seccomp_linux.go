package worker

import (
	"runtime"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"

	"wingmirror/sandbox"
)

// allowedCalls is what a Go program needs that computes, collects garbage, and
// reads and writes pipes that are already open. Those that are in it for the C
// library serve binaries with the race detector.
func allowedCalls() []string {
	return []string{
		"read", "write", "close",
		"futex", "nanosleep", "clock_nanosleep", "clock_gettime", "restart_syscall", "sched_yield", "sched_getaffinity",
		"munmap", "madvise", "mincore",
		"rt_sigreturn", "rt_sigprocmask", "rt_sigaction", "sigaltstack",
		"getpid", "gettid", "tgkill", "exit", "exit_group", "gettimeofday",
		"epoll_pwait", "epoll_wait", "epoll_ctl", "timer_settime", "timer_delete", "getrandom",
		"set_robust_list", "rseq", // C library, in a new thread; gettimeofday is the race detector's
	}
}

// notThere is the answer to clone3: at any other the C library gives up making a
// thread, at this one it goes on with clone, whose arguments can be checked.
const notThere = seccomp.ActionErrno | seccomp.Action(unix.ENOSYS)

func dropPrivileges(sandbox.Setup) (string, error) {
	return "", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// filterCalls ends the process at the first system call that is not allowed. A
// new thread is allowed, a new process is not; memory never becomes code.
func filterCalls(sandbox.Setup) (string, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	known, err := arch.GetInfo("")
	if err != nil {
		return "", err
	}
	here := func(names []string) (kept []string) {
		for _, name := range names {
			if _, ok := known.SyscallNames[name]; ok {
				kept = append(kept, name)
			}
		}
		return kept
	}
	notCode := seccomp.ArgumentConditions{{Argument: 2, Operation: seccomp.BitsNotSet, Value: unix.PROT_EXEC}}
	aThread := seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsSet, Value: unix.CLONE_THREAD}}
	return "", seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionKillProcess,
			Syscalls: []seccomp.SyscallGroup{
				{Action: seccomp.ActionAllow, Names: here(allowedCalls()), NamesWithCondtions: []seccomp.NameWithConditions{
					{Name: "mmap", Conditions: notCode},
					{Name: "mprotect", Conditions: notCode},
					{Name: "clone", Conditions: aThread},
				}},
				{Action: seccomp.ActionErrno, Names: here([]string{"prctl"})}, // the runtime names its memory, and does without
				{Action: notThere, Names: here([]string{"clone3"})},
			},
		},
	})
}

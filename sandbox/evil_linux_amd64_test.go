package sandbox_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/sandbox/worker"
)

// evilEngine is what an attacker would have who had turned a bug of the script
// engine into native code: the script names a deed, and Go code tries it.
type evilEngine struct{}

func newEvilEngine(worker.Resources) (worker.Engine, error) { return evilEngine{}, nil }

func (evilEngine) Check(string) *monitor.ScriptError { return nil }

func (evilEngine) Run(in monitor.Input) monitor.Result {
	deed, known := deeds(int(in.Seed))[in.Script]
	if !known {
		return monitor.Result{Level: monitor.OK}
	}
	if err := deed(); err != nil {
		return monitor.Result{Level: monitor.OK, Output: "denied: " + err.Error()}
	}
	return monitor.Result{Level: monitor.Critical, Output: "done"}
}

// deeds need the server's process id, which a worker cannot find out by itself.
func deeds(server int) map[string]func() error {
	call := func(number uintptr, args ...uintptr) error {
		var a [6]uintptr
		copy(a[:], args)
		if _, _, errno := syscall.RawSyscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
			return errno
		}
		return nil
	}
	read := func(name string) func() error {
		return func() error { _, err := os.ReadFile(name); return err }
	}
	path, _ := syscall.BytePtrFromString("/bin/true")
	return map[string]func() error{
		"read /etc/passwd":        read("/etc/passwd"),
		"read /proc/self/environ": read("/proc/self/environ"),
		"read /proc/1/environ":    read("/proc/1/environ"),
		"read own memory":         read("/proc/self/mem"),
		"write a file":            func() error { return os.WriteFile("/tmp/wingmirror-evil", []byte("x"), 0o600) },
		"list files":              func() error { _, err := os.ReadDir("/"); return err },
		"dial tcp":                func() error { _, err := net.Dial("tcp", "127.0.0.1:22"); return err },
		"dial udp":                func() error { _, err := net.Dial("udp", "127.0.0.1:53"); return err },
		"dial unix":               func() error { _, err := net.Dial("unix", "@wingmirror"); return err },
		"listen":                  func() error { _, err := net.Listen("tcp", "127.0.0.1:0"); return err },
		"start a process":         func() error { return exec.Command("/bin/true").Run() },
		"execve":                  func() error { return call(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path)), 0, 0) },
		"fork":                    func() error { return call(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD)) },
		"vfork": func() error {
			return call(syscall.SYS_CLONE, uintptr(syscall.CLONE_VM|syscall.CLONE_VFORK|syscall.SIGCHLD))
		},
		"kill the server": func() error { return syscall.Kill(server, syscall.SIGKILL) },
		"kill everything": func() error { return syscall.Kill(-1, syscall.SIGTERM) },
		"ptrace":          func() error { return call(syscall.SYS_PTRACE, syscall.PTRACE_ATTACH, uintptr(server)) },
		"new namespaces":  func() error { return call(syscall.SYS_UNSHARE, syscall.CLONE_NEWUSER|syscall.CLONE_NEWNET) },
		"mount":           func() error { return syscall.Mount("none", "/tmp", "tmpfs", 0, "") },
		"chroot":          func() error { return syscall.Chroot("/tmp") },
		"become root":     func() error { return call(syscall.SYS_SETUID, 0) },
		"dumpable again":  func() error { return call(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 1) },
		"lift the limits": func() error { return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64}) },
		"memory as code": func() error {
			_, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_EXEC|syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE)
			return err
		},
		"shorten the journal":    func() error { return syscall.Ftruncate(3, 0) },
		"a new pipe":             func() error { var p [2]int; return syscall.Pipe2(p[:], 0) },
		"duplicate a descriptor": func() error { _, err := syscall.Dup(1); return err },
		"set the clock":          func() error { return syscall.Settimeofday(&syscall.Timeval{Sec: 1}) },
		"keyring":                func() error { return call(250, 0, 0, 0) },
		"bpf":                    func() error { return call(321, 0, 0, 0) },
		"io_uring":               func() error { return call(425, 8, 0) },
		"32-bit call":            func() error { return call(0x40000000 + 2) },
		beyondHeap:               useMemory,
	}
}

const beyondHeap = "memory beyond the heap"

// useMemory takes and uses memory that neither the Go runtime nor its watchdog knows.
func useMemory() error {
	memory, err := syscall.Mmap(-1, 0, 512<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return err
	}
	for i := 0; i < len(memory); i += 4096 {
		memory[i] = 1
	}
	return nil
}

// A control group counts what is really used, whatever a process thinks it has.
func TestCgroup_BoundsMemoryThatNoOtherLimitSees(t *testing.T) {
	pool := newPool(t, sandbox.Options{Args: []string{"worker-evil"}, Workers: 1, Disabled: []string{"memory"}, Limits: monitor.Limits{CPU: time.Minute}})
	if l := pool.Report().Layer("cgroup"); !l.Active {
		t.Skip("no control group: " + l.Why)
	}
	result := run(t, pool, beyondHeap)
	wantVerdict(t, result, monitor.FaultMemory)
	if want := "The script used more than 256 MB of memory."; result.Reason != want {
		t.Errorf("reason is %q, want %q; it said %q", result.Reason, want, result.Output)
	}
	if next := run(t, pool, "nothing"); next.Level != monitor.OK {
		t.Errorf("the next run: %+v", next)
	}
}

// Even native code in a worker reaches nothing: each deed is refused, or costs
// the worker its life.
func TestLockDown_HoldsAgainstNativeCode(t *testing.T) {
	without := map[string][]string{
		"all layers":       nil,
		"without seccomp":  {"seccomp"},
		"without Landlock": {"landlock", "user", "namespaces"},
	}
	for name, disabled := range without {
		t.Run(name, func(t *testing.T) {
			pool := newPool(t, sandbox.Options{Args: []string{"worker-evil"}, Workers: 1, Disabled: disabled})
			for deed := range deeds(0) {
				if name == "without seccomp" && !secondWall(deed) {
					continue
				}
				result, err := pool.Run(t.Context(), monitor.Input{Script: deed, Seed: uint64(os.Getpid())})
				if err != nil {
					t.Fatal(err)
				}
				if result.Output == "done" {
					t.Errorf("%s: done", deed)
				}
				if result.Output == "" && (result.Fault != monitor.FaultSandbox || !strings.Contains(result.Reason, "system call")) {
					t.Errorf("%s: ended with %q: %s", deed, result.Fault, result.Reason)
				}
			}
		})
	}
}

// secondWall lists the deeds that are refused even if the filter of system
// calls has a hole, or cannot be had.
func secondWall(deed string) bool {
	switch deed {
	case "read /etc/passwd", "read /proc/self/environ", "read /proc/1/environ", "read own memory", "write a file", "list files",
		"dial tcp", "dial udp", "dial unix", "listen", "start a process", "execve", "kill the server", "ptrace",
		"mount", "chroot", "become root", "lift the limits", "shorten the journal", "a new pipe", "duplicate a descriptor", "set the clock":
		return true
	}
	return false
}

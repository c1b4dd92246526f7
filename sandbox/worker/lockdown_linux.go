package worker

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"

	"wingmirror/sandbox"
)

// journalDescriptor is where the server passes the memory that it shares.
const journalDescriptor = 3

// share maps the memory that the server shares, if it does.
func share(conn *sandbox.Conn, size int) error {
	if size == 0 {
		return nil
	}
	memory, err := unix.Mmap(journalDescriptor, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map the shared memory: %w", err)
	}
	conn.Share(memory)
	return unix.Close(journalDescriptor)
}

// step is one layer of the lock-down.
type step struct {
	name, does string
	apply      func(sandbox.Setup) (detail string, err error)
}

// steps are in the order in which they have to be taken: what follows seccomp
// would be forbidden, and Landlock needs a descriptor that the limits deny.
func steps() []step {
	return []step{
		{"environment", "nothing of the server's environment is in a worker", checkEnvironment},
		{"descriptors", "no file or connection of the server is open in a worker", closeDescriptors},
		{"oom", "when the machine runs out of memory, workers go first", volunteerForOOM},
		{"undumpable", "no other process can look into a worker, and a crash leaves no file", makeUndumpable},
		{"memory", "a worker's address space is bounded", limitMemory},
		{"landlock", "a worker opens no file, no connection, and signals nobody", restrictByLandlock},
		{"limits", "a worker opens no descriptor and writes no file", limitResources},
		{"privileges", "a worker can never gain privileges", dropPrivileges},
		{"seccomp", "a worker has the system calls of computing, and no other", filterCalls},
	}
}

// lockDown takes all steps that the operator has left on, and reports each.
func lockDown(setup sandbox.Setup) []sandbox.Layer {
	var layers []sandbox.Layer
	for _, s := range steps() {
		l := sandbox.Layer{Name: s.name, Does: s.does}
		if slices.Contains(setup.Disabled, s.name) {
			l.Why = "switched off"
		} else if detail, err := s.apply(setup); err != nil {
			l.Why = err.Error()
		} else {
			l.Active, l.Why = true, detail
		}
		layers = append(layers, l)
	}
	return layers
}

func checkEnvironment(sandbox.Setup) (string, error) {
	if n := len(os.Environ()); n > 0 {
		return "", fmt.Errorf("there are %d variables", n)
	}
	return "", nil
}

// closeDescriptors closes what the server may have inherited without meaning
// to, and the files from which the Go runtime learns how many processors it may
// use, which it asks no more once it has been told. Its own event queue stays.
func closeDescriptors(sandbox.Setup) (string, error) {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || fd <= syscall.Stderr {
			continue
		}
		target, err := os.Readlink(dir + "/" + entry.Name())
		if err != nil || strings.HasPrefix(target, "anon_inode:[event") {
			continue // already closed, as that of the directory, or the runtime's
		}
		if err := unix.Close(fd); err != nil {
			return "", fmt.Errorf("close %s: %w", target, err)
		}
	}
	return "", nil
}

func volunteerForOOM(sandbox.Setup) (string, error) {
	return "", os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
}

func makeUndumpable(sandbox.Setup) (string, error) {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return "", err
	}
	return "", unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}

// limitMemory bounds the address space to what the process has now, which the
// Go runtime reserves generously, and what a run may use on top.
func limitMemory(setup sandbox.Setup) (string, error) {
	now, err := addressSpace()
	if err != nil {
		return "", err
	}
	most := uint64(now + setup.Limits.Memory)
	return "", unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: most, Max: most})
}

func addressSpace() (int64, error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	first, _, _ := bytes.Cut(statm, []byte(" "))
	pages, err := strconv.ParseInt(string(first), 10, 64)
	return pages * int64(os.Getpagesize()), err
}

func restrictByLandlock(sandbox.Setup) (string, error) {
	version, err := llsys.LandlockGetABIVersion()
	if err != nil || version < 1 {
		return "", errors.New("the kernel does not have Landlock, or has it switched off")
	}
	if err := landlock.V11.BestEffort().Restrict(); err != nil {
		return "", err
	}
	switch {
	case version < 4:
		return fmt.Sprintf("version %d of the kernel's Landlock knows files only", version), nil
	case version < 6:
		return fmt.Sprintf("version %d of the kernel's Landlock does not know signals", version), nil
	}
	return "", nil
}

// limitResources works on new descriptors only: the pipes stay.
func limitResources(sandbox.Setup) (string, error) {
	return "", errors.Join(
		unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{}),
		unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{}),
	)
}

func processorTime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	groupLayer  = "cgroup"
	groupDoes   = "the kernel bounds the memory and the threads of a worker, and ends it whole"
	cgroupMount = "/sys/fs/cgroup"
	serverGroup = "wingmirror-server" // where the server moves itself, see prepare
	workerGroup = "wingmirror-worker-"
)

// cgroups are control groups of version 2 below the one in which the server was
// started, if that has been delegated to it (systemd: Delegate=yes).
type cgroups struct {
	dir    string // of the group that has all of ours
	bounds map[string]string
	number atomic.Uint64
	write  func(file, text string) error
}

// newGrouping says why there is none.
func newGrouping(opts Options) (grouping, error) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(cgroupMount, &fs); err != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC {
		return nil, errors.New("this machine does not have control groups of version 2 at " + cgroupMount)
	}
	dir, err := ownCgroup(string(own), cgroupMount)
	if err != nil {
		return nil, err
	}
	c := &cgroups{dir: dir, write: writeKernel, bounds: cgroupBounds(opts)}
	return c, c.prepare(os.Getpid())
}

func cgroupBounds(opts Options) map[string]string {
	return map[string]string{
		"memory.max":       strconv.FormatInt(groupMemory(opts.Limits), 10),
		"memory.swap.max":  "0",
		"memory.oom.group": "1",
		"pids.max":         strconv.Itoa(groupThreads),
	}
}

// ownCgroup is the directory of the group that the server was started in, from
// the text of /proc/self/cgroup. A server that has moved itself before is in a
// group below it.
func ownCgroup(text, mount string) (string, error) {
	for line := range strings.Lines(text) {
		if group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			group = path.Clean("/" + group)
			if path.Base(group) == serverGroup {
				group = path.Dir(group)
			}
			return filepath.Join(mount, group), nil
		}
	}
	return "", errors.New("this process is in no control group of version 2")
}

// writeKernel writes to a file that the kernel has made: one that is missing is
// never made by writing.
func writeKernel(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// prepare has the kernel count memory and threads of groups below. Only a group
// without processes may have such groups, so the server moves itself into one;
// where others share its group it stays, and does without.
func (c *cgroups) prepare(pid int) error {
	const wanted = "+memory +pids"
	control := filepath.Join(c.dir, "cgroup.subtree_control")
	err := c.write(control, wanted)
	if errors.Is(err, unix.EBUSY) {
		err = c.moveServer(pid, func() error { return c.write(control, wanted) })
	}
	switch {
	case errors.Is(err, unix.EBUSY):
		return errors.New("other processes share the server's control group; start it as a service of its own, with Delegate=yes")
	case errors.Is(err, os.ErrPermission), errors.Is(err, unix.EROFS):
		return fmt.Errorf("the server may not divide its control group, which Delegate=yes would allow: %w", err)
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("the server's control group counts no memory or no processes: %w", err)
	case err != nil:
		return err
	}
	c.sweep()
	return c.try()
}

// moveServer moves the server into a group below its own, and back if what it is
// for does not work.
func (c *cgroups) moveServer(pid int, then func() error) error {
	below := filepath.Join(c.dir, serverGroup)
	if err := os.Mkdir(below, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	me := strconv.Itoa(pid)
	if err := c.write(filepath.Join(below, "cgroup.procs"), me); err != nil {
		return err
	}
	err := then()
	if err != nil {
		err = errors.Join(err, c.write(filepath.Join(c.dir, "cgroup.procs"), me))
		_ = os.Remove(below) // the kernel refuses while it is in use
	}
	return err
}

// sweep removes groups that servers left behind which were killed.
func (c *cgroups) sweep() {
	old, _ := filepath.Glob(filepath.Join(c.dir, workerGroup+"*"))
	mine := workerGroup + strconv.Itoa(os.Getpid()) + "-"
	for _, dir := range old {
		if !strings.HasPrefix(filepath.Base(dir), mine) {
			_ = os.Remove(dir) // the kernel refuses while it is in use
		}
	}
}

// try makes a group and removes it: all that can be refused is refused here.
func (c *cgroups) try() error {
	g, err := c.make()
	if err != nil {
		return err
	}
	g.remove()
	return nil
}

func (c *cgroups) make() (*cgroup, error) {
	name := fmt.Sprintf("%s%d-%d", workerGroup, os.Getpid(), c.number.Add(1))
	g := &cgroup{path: filepath.Join(c.dir, name), write: c.write}
	if err := os.Mkdir(g.path, 0o755); err != nil {
		return nil, err
	}
	for file, bound := range c.bounds {
		err := c.write(filepath.Join(g.path, file), bound)
		if err != nil && (file != "memory.swap.max" || !errors.Is(err, os.ErrNotExist)) { // which a kernel without swapping lacks
			g.remove()
			return nil, err
		}
	}
	return g, nil
}

// enclose starts the process inside its group: it never runs outside.
func (c *cgroups) enclose(cmd *exec.Cmd) (group, error) {
	g, err := c.make()
	if err != nil {
		return nil, err
	}
	if g.dir, err = os.Open(g.path); err != nil {
		g.remove()
		return nil, err
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(g.dir.Fd())
	return g, nil
}

// cgroup is the group of one worker.
type cgroup struct {
	path  string
	dir   *os.File // open until the process is in it
	write func(file, text string) error
}

func (g *cgroup) started(*os.Process) error {
	dir := g.dir
	g.dir = nil
	return dir.Close()
}

// kill needs Linux 5.14; the caller ends the process itself as well.
func (g *cgroup) kill() { _ = g.write(filepath.Join(g.path, "cgroup.kill"), "1") }

func (g *cgroup) overrun() bool {
	events, _ := os.ReadFile(filepath.Join(g.path, "memory.events")) // none is no overrun
	for line := range strings.Lines(string(events)) {
		if count, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			return count != "0"
		}
	}
	return false
}

// remove is refused by the kernel while a process is inside, which ends soon;
// what is left is swept at the next start.
func (g *cgroup) remove() {
	if g.dir != nil {
		_ = g.dir.Close() // it was only looked at
		g.dir = nil
	}
	_ = os.Remove(g.path)
}

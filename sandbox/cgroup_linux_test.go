package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"wingmirror/monitor"
)

// fakeKernel is a tree of control groups in a directory, with the rules that
// matter: a group with processes does not divide itself, nothing is written to
// files that are not there.
type fakeKernel struct {
	dir     string
	procs   map[string][]string // by directory
	writes  map[string]string   // by file
	refuses error
}

func newFakeKernel(t *testing.T, procs ...string) *fakeKernel {
	k := &fakeKernel{dir: t.TempDir(), writes: map[string]string{}}
	k.procs = map[string][]string{k.dir: procs}
	return k
}

func (k *fakeKernel) write(file, text string) error {
	dir := filepath.Dir(file)
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	switch filepath.Base(file) {
	case "cgroup.subtree_control":
		if k.refuses != nil {
			return k.refuses
		}
		if len(k.procs[dir]) > 0 {
			return unix.EBUSY
		}
	case "cgroup.procs":
		for group, members := range k.procs {
			k.procs[group] = slices.DeleteFunc(members, func(pid string) bool { return pid == text })
		}
		k.procs[dir] = append(k.procs[dir], text)
	}
	k.writes[file] = text
	return nil
}

func (k *fakeKernel) groups() *cgroups {
	opts := Options{Limits: monitor.Limits{Memory: 256 << 20}}.withDefaults()
	return &cgroups{dir: k.dir, write: k.write, bounds: cgroupBounds(opts)}
}

func TestOwnCgroup_IsWhereTheServerWasStarted(t *testing.T) {
	for text, want := range map[string]string{
		"0::/\n":                                "/m",
		"0::/system.slice/wingmirror.service\n": "/m/system.slice/wingmirror.service",
		"12:memory:/docker/x\n0::/system.slice/a.service\n":       "/m/system.slice/a.service",
		"0::/system.slice/wingmirror.service/wingmirror-server\n": "/m/system.slice/wingmirror.service",
		"0::/../../etc\n": "/m/etc",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/w.scope": "/m/user.slice/user-1000.slice/user@1000.service/app.slice/w.scope",
	} {
		if got, err := ownCgroup(text, "/m"); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "12:memory:/docker/x\n1:name=systemd:/\n"} {
		if got, err := ownCgroup(text, "/m"); err == nil {
			t.Errorf("%q: %q, want an error", text, got)
		}
	}
}

func TestCgroups_ServerMovesIntoAGroupBelowWhenItIsAlone(t *testing.T) {
	k := newFakeKernel(t, "77")
	if err := k.groups().prepare(77); err != nil {
		t.Fatal(err)
	}
	if got := k.procs[filepath.Join(k.dir, serverGroup)]; !slices.Equal(got, []string{"77"}) {
		t.Errorf("the server's group has %q", got)
	}
	if got := k.writes[filepath.Join(k.dir, "cgroup.subtree_control")]; got != "+memory +pids" {
		t.Errorf("controllers: %q", got)
	}
}

func TestCgroups_ServerStaysWhenOthersAreInItsGroup(t *testing.T) {
	k := newFakeKernel(t, "1", "77")
	err := k.groups().prepare(77)
	if err == nil || !strings.Contains(err.Error(), "Delegate=yes") {
		t.Errorf("error %v does not say what to do", err)
	}
	if got := k.procs[k.dir]; !slices.Contains(got, "77") {
		t.Errorf("the server did not come back: %q", k.procs)
	}
	if left, _ := filepath.Glob(k.dir + "/*"); len(left) > 0 {
		t.Errorf("it left %q behind", left)
	}
}

func TestCgroups_SayWhyThereAreNone(t *testing.T) {
	for refusal, want := range map[error]string{
		unix.EACCES: "Delegate=yes", unix.EROFS: "Delegate=yes", unix.ENOENT: "counts no memory", unix.EIO: "input/output",
	} {
		k := newFakeKernel(t)
		k.refuses = refusal
		if err := k.groups().prepare(77); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q in it", refusal, err, want)
		}
	}
}

func TestCgroups_AWorkerStartsInsideABoundedGroupThatGoesWithIt(t *testing.T) {
	k := newFakeKernel(t)
	c := k.groups()
	stale := filepath.Join(k.dir, workerGroup+"1-1")
	if err := os.Mkdir(stale, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.prepare(77); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a killed server left is still there: %v", err)
	}
	cmd := exec.Command("true")
	made, err := c.enclose(cmd)
	if err != nil {
		t.Fatal(err)
	}
	g := made.(*cgroup)
	if !cmd.SysProcAttr.UseCgroupFD || cmd.SysProcAttr.CgroupFD != int(g.dir.Fd()) {
		t.Errorf("the process would start elsewhere: %+v", cmd.SysProcAttr)
	}
	for file, want := range map[string]string{"memory.max": "335544320", "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "64"} {
		if got := k.writes[filepath.Join(g.path, file)]; got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	if err := g.started(nil); err != nil {
		t.Error(err)
	}
	g.kill()
	if got := k.writes[filepath.Join(g.path, "cgroup.kill")]; got != "1" {
		t.Errorf("cgroup.kill got %q", got)
	}
	g.remove()
	if _, err := os.Stat(g.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the group is still there: %v", err)
	}
}

func TestCgroup_OverrunIsReadFromItsEvents(t *testing.T) {
	g := &cgroup{path: t.TempDir()}
	for events, want := range map[string]bool{
		"": false,
		"low 0\nhigh 0\nmax 3\noom 0\noom_kill 0\noom_group_kill 0\n": false,
		"low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 1\n": true,
	} {
		if err := os.WriteFile(filepath.Join(g.path, "memory.events"), []byte(events), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := g.overrun(); got != want {
			t.Errorf("%q: overrun is %v", events, got)
		}
	}
}

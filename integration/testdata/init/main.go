// Command init is the first process of a virtual machine that has nothing but
// this, wingmirror, and the tests of the sandbox. It mounts what a service finds,
// runs each as a service manager would, in a control group of its own, says how
// they ended, and switches the machine off.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	groups = "/sys/fs/cgroup"
	user   = 1000 // a service that is not root
)

func main() {
	fmt.Println("== init")
	for _, m := range []struct{ kind, at string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}, {"cgroup2", groups},
	} {
		try("mount "+m.at, os.MkdirAll(m.at, 0o755))
		try("mount "+m.at, syscall.Mount(m.kind, m.at, m.kind, 0, ""))
	}
	try("open /tmp", os.Chmod("/tmp", 0o1777))
	try("control groups", os.WriteFile(groups+"/cgroup.subtree_control", []byte("+memory +pids"), 0))
	version, _ := os.ReadFile("/proc/version")
	fmt.Print("== kernel ", string(version))
	service("doctor of root", 0, "/wingmirror", "doctor")
	service("doctor of a user", user, "/wingmirror", "doctor")
	service("tests", user, "/sandbox.test", "-test.v", "-test.run", "^(TestCgroup_.*|TestLockDown_.*)$")
	fmt.Println("== end")
	syscall.Sync()
	try("switch off", syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF))
}

func try(what string, err error) {
	if err != nil {
		fmt.Printf("== %s: %v\n", what, err)
	}
}

// service runs a program in a control group that is delegated to its user.
func service(name string, uid int, program string, args ...string) {
	fmt.Println("== begin", name)
	group := filepath.Join(groups, strings.ReplaceAll(name, " ", "-"))
	try("make "+group, os.Mkdir(group, 0o755))
	for _, file := range []string{"", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"} {
		try("delegate "+group, os.Chown(filepath.Join(group, file), uid, uid))
	}
	dir, err := os.Open(group)
	try("open "+group, err)
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"HOME=/tmp", "TMPDIR=/tmp", "PATH=/"}
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/tmp", os.Stdout, os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{
		UseCgroupFD: true, CgroupFD: int(dir.Fd()),
		Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)},
	}
	status := "0"
	if err := cmd.Run(); err != nil {
		status = err.Error()
		if ended, ok := err.(*exec.ExitError); ok {
			status = strconv.Itoa(ended.ExitCode())
		}
	}
	left, _ := filepath.Glob(group + "/wingmirror-worker-*")
	fmt.Printf("== ended %s: status %s, %d groups left\n", name, status, len(left))
}

package integration

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The layers of the sandbox that this machine may not offer are tried on a stock
// kernel in a virtual machine, which need be no faster than an emulated one.
// WINGMIRROR_TEST_KERNEL names the kernel's file.
func TestSandbox_HasAllLayersOnAStockKernel(t *testing.T) {
	kernel := os.Getenv("WINGMIRROR_TEST_KERNEL")
	if kernel == "" {
		t.Skip("set WINGMIRROR_TEST_KERNEL to the kernel to try, such as /boot/vmlinuz-...; docs/sandbox.md says more")
	}
	emulator, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		t.Skip("qemu-system-x86_64 is not installed")
	}
	console := boot(t, emulator, kernel, initramfs(t))
	t.Log("\n" + console)
	for _, who := range []string{"doctor of root", "doctor of a user", "tests"} {
		if !strings.Contains(console, "== ended "+who+": status 0, 0 groups left") {
			t.Errorf("%s did not end well", who)
		}
	}
	for _, layer := range []string{"namespaces", "cgroup", "environment", "descriptors", "oom", "undumpable", "memory", "landlock", "limits", "privileges", "seccomp"} {
		if active := regexp.MustCompile(`sandbox: `+layer+` +active`).FindAllString(console, -1); len(active) != 2 {
			t.Errorf("layer %s is active for %d of root and a user", layer, len(active))
		}
	}
	for _, test := range []string{"TestCgroup_BoundsMemoryThatNoOtherLimitSees", "TestLockDown_HoldsAgainstNativeCode"} {
		if !strings.Contains(console, "--- PASS: "+test+" ") {
			t.Errorf("%s did not pass there", test)
		}
	}
}

// boot runs the machine until it switches itself off, and returns what it wrote
// on its console.
func boot(t *testing.T, emulator, kernel, initrd string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	output, err := exec.CommandContext(ctx, emulator, "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio",
		"-m", "1024", "-cpu", "max", "-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1").CombinedOutput()
	if err != nil {
		t.Fatalf("emulator: %v\n%s", err, output)
	}
	return strings.ReplaceAll(string(output), "\r", "")
}

// initramfs is the machine's only file system: the program, the tests of the
// sandbox, and what starts both.
func initramfs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for file, arguments := range map[string][]string{
		"init":         {"build", "-ldflags", "-s -w", "wingmirror/integration/testdata/init"},
		"wingmirror":   {"build", "-ldflags", "-s -w", "wingmirror/cmd/wingmirror"},
		"sandbox.test": {"test", "-c", "-ldflags", "-s -w", "wingmirror/sandbox"},
	} {
		arguments = append([]string{arguments[0], "-o", filepath.Join(dir, file)}, arguments[1:]...)
		build := exec.Command("go", arguments...)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", file, err, output)
		}
	}
	archive, err := os.Create(filepath.Join(dir, "initramfs"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	for i, name := range []string{"dev", "dev/console", "init", "wingmirror", "sandbox.test"} {
		if err := addToArchive(archive, i+1, filepath.Join(dir, name), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeEntry(archive, entryOfArchive{name: "TRAILER!!!"}, nil); err != nil {
		t.Fatal(err)
	}
	return archive.Name()
}

// entryOfArchive is a file in the format "newc" of cpio, see the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst.
type entryOfArchive struct {
	number, mode, major, minor int
	size                       int64
	name                       string
}

func addToArchive(w io.Writer, number int, file, name string) error {
	const directory, device, program = 0o040755, 0o020600, 0o100755
	switch name {
	case "dev":
		return writeEntry(w, entryOfArchive{number: number, mode: directory, name: name}, nil)
	case "dev/console":
		return writeEntry(w, entryOfArchive{number: number, mode: device, major: 5, minor: 1, name: name}, nil)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return writeEntry(w, entryOfArchive{number: number, mode: program, size: info.Size(), name: name}, f)
}

func writeEntry(w io.Writer, e entryOfArchive, content io.Reader) error {
	pad := func(n int64) string { return strings.Repeat("\x00", int((4-n%4)%4)) }
	const head = 110
	_, err := fmt.Fprintf(w, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00%s",
		e.number, e.mode, 0, 0, 1, 0, e.size, 0, 0, e.major, e.minor, len(e.name)+1, 0, e.name, pad(int64(head+len(e.name)+1)))
	if err != nil || content == nil {
		return err
	}
	if _, err := io.Copy(w, content); err != nil {
		return err
	}
	_, err = io.WriteString(w, pad(e.size))
	return err
}

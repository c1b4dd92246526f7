//go:build !linux

package sandbox

import (
	"os"
	"os/exec"
)

// isolations has nothing to offer here beyond a process.
func isolations([]string) []isolation {
	return []isolation{{name: "nothing", with: func(*exec.Cmd) {}}}
}

func self() (string, error) { return os.Executable() }

func widenPipe(*os.File) {}

func newShared(int) (*os.File, []byte) { return nil, nil }

func unmapShared([]byte) {}

// deathSignal is only told apart where a system call filter can send one.
func deathSignal(*os.ProcessState) string { return "" }

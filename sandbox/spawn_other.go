//go:build !linux

package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"time"
)

// isolations has nothing to offer here beyond a process.
func isolations([]string) []isolation {
	return []isolation{{name: "nothing", with: func(*exec.Cmd) {}}}
}

func self() (string, error) { return os.Executable() }

func widenPipe(*os.File) {}

func newShared(int) (*os.File, []byte) { return nil, nil }

func unmapShared([]byte) {}

// processorTime is not known of other processes here; the watch judges by the
// clock instead.
func processorTime(int) (time.Duration, bool) { return 0, false }

func makeWay(int, bool) error { return errors.ErrUnsupported }

// deathSignal is only told apart where a system call filter can send one.
func deathSignal(*os.ProcessState) string { return "" }

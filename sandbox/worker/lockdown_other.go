//go:build !linux

package worker

import (
	"runtime"

	"wingmirror/sandbox"
)

// share has nothing to do: the server shares no memory here.
func share(*sandbox.Conn, int) error { return nil }

// lockDown says what is missing. A script has no way to the operating system in
// the first place; what is missing is the second wall behind the engine.
func lockDown(sandbox.Setup) []sandbox.Layer {
	watchdog := sandbox.Layer{
		Name: "memory", Does: "a worker ends itself when a run uses too much memory", Active: true,
		Why: "looks every few milliseconds, so one large allocation gets further than on Linux",
	}
	return []sandbox.Layer{
		watchdog,
		{Name: "seccomp", Does: "a worker has the system calls of computing, and no other", Why: "there is no filter for system calls on " + runtime.GOOS},
		{Name: "landlock", Does: "a worker opens no file, no connection, and signals nobody", Why: "there is no Landlock on " + runtime.GOOS},
		{Name: "namespaces", Does: "a worker sees no network, no other process, and no mount of ours", Why: "there are none on " + runtime.GOOS},
	}
}

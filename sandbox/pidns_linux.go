//go:build !cgo

package sandbox

import "syscall"

// pidNamespace gives a worker a process table of its own.
const pidNamespace = syscall.CLONE_NEWPID

//go:build cgo

package sandbox

// pidNamespace is left out of binaries that are linked with the C library:
// there, the Landlock library reaches all threads through /proc/PID/task, where
// the PID of a new namespace is another process, and waits for ever.
const pidNamespace = 0

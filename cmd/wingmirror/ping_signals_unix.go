//go:build unix

package main

import (
	"os"
	"syscall"
)

// passedOn are the signals that a wrapped job gets when its wrapper does. Those of
// a terminal's keys reach the job by themselves.
func passedOn() []os.Signal {
	return []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGWINCH}
}

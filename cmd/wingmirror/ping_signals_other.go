//go:build !unix

package main

import (
	"os"
	"syscall"
)

// passedOn are the signals that a wrapped job gets when its wrapper does.
func passedOn() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

//go:build !linux

package main

import (
	"errors"
	"fmt"
)

func takeUsage(int) (usage, error) {
	return usage{}, fmt.Errorf("bench tells the processor time of processes apart, which it can on Linux only: %w", errors.ErrUnsupported)
}

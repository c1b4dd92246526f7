//go:build !linux && !windows

package sandbox

import "errors"

const (
	groupLayer = "group"
	groupDoes  = "the operating system bounds the memory of a worker"
)

func newGrouping(Options) (grouping, error) {
	return nil, errors.New("this operating system has no groups of processes with bounds")
}

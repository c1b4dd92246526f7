//go:build !linux || !amd64

package sandbox_test

import (
	"errors"

	"wingmirror/sandbox/worker"
)

// newEvilEngine has no deeds here: they are written for Linux on amd64.
func newEvilEngine(worker.Resources) (worker.Engine, error) { return nil, errors.ErrUnsupported }

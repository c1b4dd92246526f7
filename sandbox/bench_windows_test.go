package sandbox_test

import "time"

// usedCPU is not measured here.
func usedCPU() (server, workers time.Duration) { return 0, 0 }

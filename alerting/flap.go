package alerting

// Flap detection looks at the changes between the last 20 runs, newer ones
// weighing more, as Icinga does it (see "Flapping" in its documentation): from
// 0.8 for the oldest to 1.15 for the newest.
const (
	flapRuns  = 20
	flapMask  = 1<<flapRuns - 1
	flapEnter = 30 // percent at which flapping begins
	flapLeave = 25 // percent below which it ends

	flapOldest = 0.8
	flapNewest = 1.15
)

// FlapScore returns how much a subject changes back and forth, in percent: 0
// when the last 20 runs all saw the same. flaps has a bit for each run, the
// newest lowest, set when it saw something else than the run before.
func FlapScore(flaps uint32) float64 {
	sum := 0.0
	for age := range flapRuns {
		if flaps>>age&1 == 1 {
			sum += flapNewest - (flapNewest-flapOldest)*float64(age)/(flapRuns-1)
		}
	}
	return 100 * sum / flapRuns
}

package scheduler

import (
	"context"
	"time"

	"wingmirror/monitor"
)

// Fetcher brings the series of targets, many at once.
type Fetcher interface {
	// Window returns what a run at the given time looks at.
	Window(at time.Time, minutes int) monitor.Window
	// Fetch returns as many results as there are targets, in their order. It
	// never fails as a whole: each target has its own status.
	Fetch(ctx context.Context, w monitor.Window, targets []string) []monitor.Fetched
}

// Runner evaluates a script. It returns an error only for a context that ended
// or a failure of our own; whatever the script does is a Result. It must not
// change the input, whose series are shared between runs.
type Runner interface {
	Run(ctx context.Context, in monitor.Input) (monitor.Result, error)
}

// Forecaster is a Runner that knows which runs will take long, or wait for their
// turn with others like them. They are left out of the count of scripts that are
// evaluated at once, so that a crowd of them takes no place from the others.
type Forecaster interface {
	Slow(job int64, script string) bool
}

// Ledger knows which runs have been taken.
type Ledger interface {
	// Claim takes the runs of these monitors at one scheduled time. The answer
	// has an entry for each run that nobody had taken before: what its script
	// may know of the run before it.
	Claim(ctx context.Context, at time.Time, ids []int64) (map[int64]monitor.Previous, error)
}

// Desk takes what a live run found, and returns when it is stored.
type Desk interface {
	// Record may ask for an extra run by returning its time, which is ignored
	// when the monitor is due before; the zero time asks for none. ErrNotFound,
	// when the monitor was switched off or deleted meanwhile, is no failure.
	Record(ctx context.Context, m monitor.Monitor, e Evaluation) (again time.Time, err error)
}

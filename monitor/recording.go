package monitor

import "time"

// Recording is everything that one run saw, so that it can be made again at any
// later time. The script, its parameters and its name are those of the monitor's
// version, which is never forgotten.
type Recording struct {
	Monitor  int64
	At       time.Time // the scheduled time, to the millisecond
	Version  int       // of the monitor that was run
	Window   Window    //
	Targets  []Fetched // with their points
	Previous Previous  //
	Limits   Limits    // as they were handed down; zero fields mean the installation's
	Library  string    // hash of the helper files in force; "" for none
	Program  string    // version of the program that made the run
	Digest   string    // of what came out; equal digests mean results that are equal byte for byte
}

// Repeatable reports whether a run that ended with this fault ends the same
// whenever it is made again. How long something takes, and how much of the
// machine is free, differ from one day to the next.
func (f Fault) Repeatable() bool {
	switch f {
	case FaultTimeout, FaultMemory, FaultRegexp, FaultSandbox, FaultQuarantine, FaultInternal:
		return false
	}
	return true
}

package monitor

import (
	"encoding/json"
	"time"
)

// Input is everything that an evaluation can see. Two equal inputs give two
// equal results, byte for byte, wherever they are evaluated; nothing else
// reaches a script.
type Input struct {
	Script   string
	JobID    int64           // the monitor's id; -1 before it is first saved
	Name     string          //
	Minutes  int             // length of the window
	At       time.Time       // the scheduled time, never the time of the clock
	Targets  []Fetched       // in the author's order, comments left out
	Previous Previous        //
	Params   json.RawMessage // a JSON object, or nil
	Seed     uint64          // of Math.random
	Limits   Limits          // zero fields mean the installation's limits
}

// Previous is what a script may know of the run before.
type Previous struct {
	Level   Level     // Unknown before the first run
	Since   time.Time // when that level began; zero before the first run
	Runs    int       // runs at that level so far
	Message string    //
}

// Limits bound one evaluation. A zero field means the default; an installation
// sets its own defaults, and a monitor may only lower them.
type Limits struct {
	CPU         time.Duration // processor time of the script, default 1 s
	Wall        time.Duration // backstop for a worker that does not get the processor, default 10 x CPU
	Memory      int64         // bytes above an idle worker, default 256 MiB
	Source      int           // bytes of script, default 32 KiB
	CallDepth   int           // nested calls, default 512
	Regexp      time.Duration // one match of one backtracking pattern, default 50 ms
	Output      int           // bytes of output, default 64 KiB
	Message     int           // bytes of a thrown message, default 4 KiB
	GraphPoints int           // over all lines, default 20,000
	GraphLines  int           // distinct labels, default 64
	InputPoints int           // over all series, default 100,000
}

// WithDefaults returns the limits with every zero field set to its default.
func (l Limits) WithDefaults() Limits {
	setDuration := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	setInt := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	setDuration(&l.CPU, time.Second)
	setDuration(&l.Wall, 10*l.CPU)
	setDuration(&l.Regexp, 50*time.Millisecond)
	if l.Memory == 0 {
		l.Memory = 256 << 20
	}
	setInt(&l.Source, 32<<10)
	setInt(&l.CallDepth, 512)
	setInt(&l.Output, 64<<10)
	setInt(&l.Message, 4<<10)
	setInt(&l.GraphPoints, 20_000)
	setInt(&l.GraphLines, 64)
	setInt(&l.InputPoints, 100_000)
	return l
}

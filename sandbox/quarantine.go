package sandbox

import (
	"fmt"
	"time"

	"wingmirror/monitor"
)

// The policy of the quarantine: after strikesAllowed runs in a row that killed
// their worker or used up their processor time, a script is not run for
// backoffFirst, and after each further strike for twice as long, up to backoffMost,
// or backoffTime if it did no worse than to use up its time. Whenever the time is
// over it gets one more chance.
const (
	strikesAllowed = 3
	backoffFirst   = time.Minute
	backoffMost    = time.Hour
	backoffTime    = 10 * time.Minute
	suspectsMost   = 10_000
	heavyCPU       = 50 * time.Millisecond // a run that used more is expected to do so again
)

// suspect is a script of a monitor: an edited script starts with a clean record.
type suspect struct {
	job    int64
	script uint64 // hash
}

// quarantine remembers the few scripts that misbehave; the others cost it nothing.
type quarantine struct {
	records map[suspect]*record
}

type record struct {
	strikes int
	deed    string    // what the strikes were, and why
	until   time.Time // zero when it may run
	last    time.Time // of the strikes
	heavy   bool
	greedy  bool // ran out of memory
}

func newQuarantine() *quarantine { return &quarantine{records: map[suspect]*record{}} }

// refuses returns why the script may not run now, or "". The clock is only read
// for scripts that have a record.
func (q *quarantine) refuses(s suspect, now func() time.Time) string {
	r := q.records[s]
	if r == nil || r.until.IsZero() || !now().Before(r.until) {
		return ""
	}
	return fmt.Sprintf("Not run, because it %s, the last of %d times in a row. It is tried again after %s; an edited script runs at once.",
		r.deed, r.strikes, monitor.Moment(r.until.UTC()))
}

// strike notes that a run killed its worker, and how.
func (q *quarantine) strike(s suspect, reason string, at time.Time) {
	q.punish(s, "ended its worker process ("+reason+")", at, backoffMost)
}

// overtime notes that a run was stopped when its processor time was used up. Its
// worker lives, but a script that always does so costs a processor.
func (q *quarantine) overtime(s suspect, at time.Time) {
	q.punish(s, "used up its processor time", at, backoffTime)
}

func (q *quarantine) punish(s suspect, deed string, at time.Time, most time.Duration) {
	r := q.record(s)
	r.strikes++
	r.deed, r.last, r.heavy = deed, at, true
	if over := r.strikes - strikesAllowed; over >= 0 {
		r.until = at.Add(min(backoffFirst<<min(over, 16), most))
	}
}

// courtesy is how the script's next run shares the machine.
func (q *quarantine) courtesy(s suspect) courtesy {
	if r := q.records[s]; r != nil && r.strikes > 0 {
		return lastOfAll
	}
	return afterOthers
}

// ran notes that a run came to an end in its worker.
func (q *quarantine) ran(s suspect, cpu time.Duration) {
	heavy := cpu >= heavyCPU
	if heavy {
		*q.record(s) = record{heavy: true}
	} else if q.records[s] != nil {
		delete(q.records, s)
	}
}

// expectLong notes that a run takes long before it has ended.
func (q *quarantine) expectLong(s suspect) { q.record(s).heavy = true }

// expectMemory notes that the script ran out of memory, so its next run is traced.
func (q *quarantine) expectMemory(s suspect) { q.record(s).greedy = true }

func (q *quarantine) greedy(s suspect) bool {
	r := q.records[s]
	return r != nil && r.greedy
}

// lane is the queue for the script's next run.
func (q *quarantine) lane(s suspect) int {
	if r := q.records[s]; r != nil && r.heavy {
		return heavyLane
	}
	return lightLane
}

func (q *quarantine) record(s suspect) *record {
	if r := q.records[s]; r != nil {
		return r
	}
	if len(q.records) >= suspectsMost {
		q.forget()
	}
	r := &record{}
	q.records[s] = r
	return r
}

// forget makes room: scripts without strikes go first, and then any. Who is
// forgotten by mistake is caught again after three strikes.
func (q *quarantine) forget() {
	for s, r := range q.records {
		if r.strikes == 0 {
			delete(q.records, s)
		}
	}
	for s := range q.records {
		if len(q.records) < suspectsMost/2 {
			return
		}
		delete(q.records, s)
	}
}

// size is the number of scripts that may not run at the given time.
func (q *quarantine) size(at time.Time) int {
	n := 0
	for _, r := range q.records {
		if at.Before(r.until) {
			n++
		}
	}
	return n
}

package sandbox

import (
	"fmt"
	"time"

	"wingmirror/monitor"
)

// The policy of the quarantine: after strikesAllowed runs in a row that killed
// their worker, a script is not run for backoffFirst, and after each further
// strike for twice as long, up to backoffMost. Whenever the time is over it gets
// one more chance.
const (
	strikesAllowed = 3
	backoffFirst   = time.Minute
	backoffMost    = time.Hour
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
	reason  string
	until   time.Time // zero when it may run
	last    time.Time // of the strikes
	heavy   bool
}

func newQuarantine() *quarantine { return &quarantine{records: map[suspect]*record{}} }

// refuses returns why the script may not run now, or "". The clock is only read
// for scripts that have a record.
func (q *quarantine) refuses(s suspect, now func() time.Time) string {
	r := q.records[s]
	if r == nil || r.until.IsZero() || !now().Before(r.until) {
		return ""
	}
	return fmt.Sprintf("Not run, because it ended its worker process %d times in a row (%s). It is tried again after %s.",
		r.strikes, r.reason, monitor.Moment(r.until.UTC()))
}

// strike notes that a run killed its worker.
func (q *quarantine) strike(s suspect, reason string, at time.Time) {
	r := q.record(s)
	r.strikes++
	r.reason, r.last, r.heavy = reason, at, true
	if over := r.strikes - strikesAllowed; over >= 0 {
		r.until = at.Add(min(backoffFirst<<min(over, 16), backoffMost))
	}
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

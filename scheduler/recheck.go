package scheduler

import "time"

// An extra run is made between two ticks because the Desk asked for it. It has a
// scheduled time of its own and is claimed like any other. A monitor has at most
// one of them ahead, and it is forgotten when the monitor is changed or stops,
// when the clock jumps, and with the process: the next tick comes all the same.

// recheck is the extra run that an entry has ahead.
type recheck struct {
	at    time.Time
	timer *time.Timer
}

// planRecheck sets the extra run that the Desk asked for, unless the monitor is
// due by then anyway. s.mu is held.
func (s *Scheduler) planRecheck(t *task) {
	e := t.entry
	if t.again.IsZero() || e.cohort == nil || e.m.Version != t.m.Version || s.stopping {
		return
	}
	now := s.Now().Round(0)
	at := t.again
	for _, earliest := range []time.Time{now, t.at.Add(s.MinInterval)} {
		if at.Before(earliest) {
			at = earliest
		}
	}
	if whole := at.Truncate(time.Second); whole.Before(at) { // scheduled times are whole seconds
		at = whole.Add(time.Second)
	}
	if next := e.cohort.schedule.Next(now.In(e.cohort.zone)); !next.IsZero() && !next.After(at) {
		return
	}
	e.forgetRecheck()
	r := &recheck{at: at.UTC()}
	r.timer = time.AfterFunc(at.Sub(now), func() { s.recheck(e, r) })
	e.recheck = r
}

// recheck makes the extra run. One that comes much too late or too early is
// left to the next tick: the clock was set, or the machine slept.
func (s *Scheduler) recheck(e *entry, r *recheck) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.recheck != r || s.stopping {
		return
	}
	e.recheck = nil
	if late := s.Now().Sub(r.at); e.busy || late > s.Grace || late < -early {
		return
	}
	due := make(dues)
	s.take(e, r.at, due)
	s.begin(due)
}

// forgetRecheck takes the extra run back, if there is one.
func (e *entry) forgetRecheck() {
	if e.recheck != nil {
		e.recheck.timer.Stop()
		e.recheck = nil
	}
}

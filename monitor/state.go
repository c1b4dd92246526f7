package monitor

import (
	"slices"
	"time"
)

// State is what is in force about one subject: the outcome of all its runs so
// far, as alerting sees it. It is an immutable value; alerting.Decide makes the
// next one. The zero State, with a Subject, is that of a subject never seen.
type State struct {
	Subject Subject
	Version int64     // grows with each stored change, for compare and swap; 0 when never stored
	Level   Level     // in force: confirmed, and not shaken by faults; Unknown before the first run
	Since   time.Time // since when Level is in force
	Runs    int       // runs at Level since then, faulty ones left out
	At      time.Time // scheduled time of the newest outcome; older ones are ignored
	Message string    // of the newest outcome, at most MaxRunMessage bytes

	Fault      Fault     // of the newest outcome
	FaultSince time.Time // since when every run was faulty; zero without a fault
	FaultRuns  int       // faulty runs since then

	Observed  Level     // by the newest run without a fault; differs from Level while a change is not confirmed
	Tries     int       // runs in a row that were worse than Level
	CalmSince time.Time // since when every run was ok although Level is still bad; zero otherwise
	Flaps     uint32    // one bit per run, newest lowest: whether the level it saw differed from the run before
	Flapping  bool      //

	Open *Open // the incident under way; nil when there is none
}

// Open is what the state keeps of the incident under way.
type Open struct {
	Key        string    // of the incident, and the dedup key of all its notices
	OpenedAt   time.Time //
	Level      Level     // the worst so far; Unknown when a fault opened it
	Fault      Fault     // what opened it, when no level did
	Fired      Level     // the worst that was announced; Unknown when nothing was, or only a fault
	Told       []string  // destinations that were told that it began, and must be told that it ended
	LastNotice time.Time // when the last notice was queued; zero when none was
	Notices    int       // how many times it was announced: fires, escalations, repeats
	AckedBy    string    // "" when nobody has acknowledged
	AckedAt    time.Time //
	WaitsSince time.Time // since when somebody should acknowledge; zero when nobody was told yet
	Tier       int       // steps of the escalation that have been taken since then
}

// Clone returns a copy that shares nothing with o; nil for nil.
func (o *Open) Clone() *Open {
	if o == nil {
		return nil
	}
	c := *o
	c.Told = slices.Clone(o.Told)
	return &c
}

// Equal reports whether two open incidents are the same in every field.
func (o *Open) Equal(p *Open) bool {
	if o == nil || p == nil {
		return o == p
	}
	return o.Key == p.Key && o.OpenedAt.Equal(p.OpenedAt) && o.Level == p.Level && o.Fault == p.Fault &&
		o.Fired == p.Fired && slices.Equal(o.Told, p.Told) && o.LastNotice.Equal(p.LastNotice) &&
		o.Notices == p.Notices && o.AckedBy == p.AckedBy && o.AckedAt.Equal(p.AckedAt) &&
		o.WaitsSince.Equal(p.WaitsSince) && o.Tier == p.Tier
}

// ClockSlack is how far ahead of the clock a time may lie before the clock counts
// as set back since: clocks are corrected by less all the time.
const ClockSlack = time.Minute

// NotAfter returns the state with no time in it ahead of the given one, and
// whether any was. The clock has been set back since then, and what was to last
// for a while would last longer by as much: outcomes would be taken for late ones,
// and repeats and escalations would wait. When something is to begin again it
// begins now.
func (s State) NotAfter(at time.Time) (State, bool) {
	limit := at.Add(ClockSlack)
	set := false
	pull := func(t *time.Time, to time.Time) {
		if t.After(limit) {
			*t, set = to, true
		}
	}
	pull(&s.At, at.Add(-ClockSlack)) // runs come a little after their scheduled times
	for _, t := range []*time.Time{&s.Since, &s.FaultSince, &s.CalmSince} {
		pull(t, at)
	}
	if s.Open == nil {
		return s, set
	}
	open := s.Open.Clone()
	for _, t := range []*time.Time{&open.LastNotice, &open.AckedAt, &open.WaitsSince} {
		pull(t, at)
	}
	s.Open = open
	return s, set
}

// Previous returns what the next run's script may know of this state.
func (s State) Previous() Previous {
	return Previous{Level: s.Level, Since: s.Since, Runs: s.Runs, Message: s.Message}
}

// SteadyAfter reports whether s differs from before in nothing but At and Runs,
// so that counting the run is all there is to store.
func (s State) SteadyAfter(before State) bool {
	return s.Subject == before.Subject && s.Level == before.Level && s.Since.Equal(before.Since) &&
		s.Runs == before.Runs+1 && s.Message == before.Message && s.Fault == before.Fault &&
		s.FaultSince.Equal(before.FaultSince) && s.FaultRuns == before.FaultRuns &&
		s.Observed == before.Observed && s.Tries == before.Tries && s.CalmSince.Equal(before.CalmSince) &&
		s.Flaps == before.Flaps && s.Flapping == before.Flapping && s.Open.Equal(before.Open)
}

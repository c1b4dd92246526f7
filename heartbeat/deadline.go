package heartbeat

import (
	"time"

	"wingmirror/crontab"
	"wingmirror/monitor"
	"wingmirror/oncalendar"
)

// Wait is what is expected of the next beat, and why.
type Wait struct {
	Expected time.Time // when it should come; zero when nothing is expected
	Deadline time.Time // when it is missing; zero: never
	Calendar *Calendar // that was learned and decides; nil when the gaps do
	Learning bool      // too little has been seen to be exact
}

// firstWait is how long a heartbeat that has beaten once may take to beat again:
// longer than a week, so that a weekly job raises no alarm while it is new.
const firstWait = 8 * 24 * time.Hour

// Learned returns what the rhythm expects after the newest arrival, in the time
// zone that a crontab would be written for.
func (r *Rhythm) Learned(zone *time.Location) Wait { return r.after(r.newest, zone) }

// after is what the rhythm expects when the newest arrival was at a given time.
func (r *Rhythm) after(at time.Time, zone *time.Location) Wait {
	if at.IsZero() {
		return Wait{Learning: true}
	}
	if c, ok := r.Calendar(zone); ok {
		return Wait{Expected: c.Expected(at), Deadline: c.Deadline(at), Calendar: &c, Learning: len(r.gaps) < goodGaps}
	}
	w := r.wait()
	if w.gaps == 0 {
		return Wait{Deadline: at.Add(firstWait), Learning: true}
	}
	return Wait{Expected: afterBeat(at, w.median), Deadline: afterBeat(at, w.longest), Learning: w.gaps < goodGaps}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// afterBeat is a time some seconds after a beat, to the millisecond that is stored.
func afterBeat(beat time.Time, s float64) time.Time {
	return beat.Add(seconds(s)).Truncate(time.Millisecond)
}

const (
	leastGrace = 30 * time.Second
	mostGrace  = time.Hour
	early      = time.Minute // that a beat may come before its time without being taken for the one before
)

// graceOf is the grace that was set, or a tenth of the interval.
func graceOf(s monitor.HeartbeatSchedule, interval time.Duration) time.Duration {
	if s.Grace > 0 {
		return s.Grace
	}
	return min(max(interval/10, leastGrace), mostGrace)
}

// expect works out what a schedule, or else the rhythm, expects after a beat.
func expect(s monitor.HeartbeatSchedule, r *Rhythm, beat time.Time, zone *time.Location) Wait {
	if own, err := time.LoadLocation(s.Zone); err == nil && s.Zone != "" {
		zone = own
	}
	var next func(time.Time) time.Time
	switch s.Kind {
	case monitor.ScheduleNever:
		return Wait{}
	case monitor.SchedulePeriod:
		due := beat.Add(s.Period)
		return Wait{Expected: due, Deadline: due.Add(graceOf(s, s.Period))}
	case monitor.ScheduleCron:
		spec, err := crontab.Parse(s.Spec, 0)
		if err != nil { // it was valid when it was saved
			return r.after(beat, zone)
		}
		next = spec.Next
	case monitor.ScheduleCalendar:
		spec, err := oncalendar.Parse(s.Spec)
		if err != nil {
			return r.after(beat, zone)
		}
		next = spec.Next
	default:
		return r.after(beat, zone)
	}
	due := next(beat.Add(early).In(zone))
	if due.IsZero() {
		return Wait{}
	}
	interval := next(due).Sub(due)
	if interval <= 2*early { // so short that "a minute early" would be the beat before
		if due = next(beat.In(zone)); due.IsZero() {
			return Wait{}
		}
	}
	return Wait{Expected: due.UTC(), Deadline: due.Add(graceOf(s, interval)).UTC()}
}

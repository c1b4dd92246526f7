package heartbeat

import "time"

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
func (r *Rhythm) Learned(zone *time.Location) Wait {
	if r.newest.IsZero() {
		return Wait{Learning: true}
	}
	if c, ok := r.Calendar(zone); ok {
		return Wait{Expected: c.Expected(r.newest), Deadline: c.Deadline(r.newest), Calendar: &c, Learning: len(r.gaps) < goodGaps}
	}
	w := r.wait()
	if w.gaps == 0 {
		return Wait{Deadline: r.newest.Add(firstWait), Learning: true}
	}
	return Wait{
		Expected: r.newest.Add(seconds(w.median)), Deadline: r.newest.Add(seconds(w.longest)), Learning: w.gaps < goodGaps,
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

package heartbeat

import (
	"fmt"
	"math"
	"strings"
	"time"

	"wingmirror/monitor"
)

// Words says what was learned, for people: "every 5 min ± 8 s; looks like
// `0 2 * * 1-5` Europe/Berlin, 38 of 38 match".
func (r *Rhythm) Words(zone *time.Location) string {
	w := r.wait()
	calendar, found := r.Calendar(zone)
	switch {
	case r.newest.IsZero():
		return "nothing yet: no beat has come"
	case w.gaps == 0:
		return "learning: one beat has come; the second says more"
	case w.gaps < fewGaps && !found:
		return fmt.Sprintf("learning: about every %s, from %s", span(w.median), gapCount(w.gaps))
	}
	text := "every " + span(w.median)
	if w.spread >= 0.001*w.median && w.spread > 0.05 {
		text += " ± " + span(w.spread)
	}
	if found {
		text += fmt.Sprintf("; looks like `%s` %s, %d of %d match", calendar.Cron, zone, calendar.Matched, calendar.Slots)
	}
	if w.gaps < goodGaps {
		text += fmt.Sprintf("; still learning, from %s", gapCount(w.gaps))
	}
	if w.capped && !found {
		text += "; it has become much slower than it was: pin what is right"
	}
	return text
}

// Brief says what was learned in a few words.
func (r *Rhythm) Brief(zone *time.Location) string {
	w := r.wait()
	c, ok := r.Calendar(zone)
	switch {
	case ok && strings.Contains(c.Cron, "-59/"): // a list of minutes says less
		_, every, _ := strings.Cut(c.Cron, "-59/")
		minutes, rest, _ := strings.Cut(every, " ")
		if rest == "* * * *" {
			return "learned: every " + minutes + " minutes"
		}
		return "learned: " + c.Cron
	case ok:
		text := c.schedule.Describe()
		return "learned: " + strings.ToLower(text[:1]) + text[1:]
	case w.gaps == 0:
		return "learning"
	case w.gaps < goodGaps:
		return "learning: about every " + span(w.median)
	}
	return "learned: every " + span(w.median)
}

func gapCount(n int) string {
	if n == 1 {
		return "one gap"
	}
	return fmt.Sprintf("%d gaps", n)
}

// irregular is the share of the median gap that gaps scatter by when nothing
// paces them.
const irregular = 0.6

// shared says why it looks as if several senders share the heartbeat.
func (c *check) shared() string {
	w := c.rhythm.wait()
	switch {
	case c.s.Overlaps >= sharedFrom:
		return "runs often begin while another one is under way"
	case w.gaps >= goodGaps && w.spread > irregular*w.median && c.h.Schedule.Kind != monitor.ScheduleNever:
		return "the gaps between its beats follow no rhythm"
	}
	return ""
}

func (c *check) usualGap() string {
	if c.h.Schedule.Kind == monitor.SchedulePeriod {
		return "every " + span(c.h.Schedule.Period.Seconds())
	}
	return "every " + span(c.rhythm.wait().median)
}

// span writes seconds with two units at most.
func span(s float64) string {
	d := seconds(s)
	switch {
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", s*1000)
	case d < 10*time.Second && math.Abs(s-math.Round(s)) > 0.05:
		return fmt.Sprintf("%.1f s", s)
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", s)
	case d < 2*time.Hour:
		return units(d, time.Minute, "min", time.Second, "s")
	case d < 48*time.Hour:
		return units(d, time.Hour, "h", time.Minute, "min")
	}
	return units(d, 24*time.Hour, "days", time.Hour, "h")
}

// units leaves out the smaller unit where it says nothing.
func units(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	d = d.Round(small)
	whole, rest := d/big, d%big/small
	if rest == 0 || whole >= 20 {
		return fmt.Sprintf("%d %s", d.Round(big)/big, bigName)
	}
	return fmt.Sprintf("%d %s %d %s", whole, bigName, rest, smallName)
}

// Span writes a time as people say it, with two units at most.
func Span(d time.Duration) string { return span(d.Seconds()) }

package monitor

import (
	"strconv"
	"strings"
	"time"

	"wingmirror/crontab"
)

// SilenceTimes says when a silence is in force. It is made once from the
// silence's text, and answers without reading it again.
type SilenceTimes struct {
	from, until time.Time // bounds; zero for none
	recurring   bool
	starts      crontab.Schedule
	zone        *time.Location
	length      Span
}

// Times reads the silence's rule. The errors name schedule and timezone.
func (s Silence) Times() (SilenceTimes, error) {
	t := SilenceTimes{from: s.From, until: s.Until, recurring: s.Recurring(), length: s.Length, zone: time.UTC}
	if !s.EndedAt.IsZero() && (t.until.IsZero() || s.EndedAt.Before(t.until)) {
		t.until = s.EndedAt
	}
	if !t.recurring {
		return t, nil
	}
	var errs FieldErrors
	zone, err := LoadZone(s.Zone)
	errs = append(errs, AllFieldErrors(err)...)
	starts, err := crontab.Parse(s.Schedule, 0)
	if err != nil {
		errs = append(errs, Invalid("schedule", "%v", err))
	}
	if len(errs) > 0 {
		return SilenceTimes{}, errs
	}
	t.zone, t.starts = zone, starts
	return t, nil
}

// At reports whether the silence is in force at a time, and the stretch around
// it, since inclusive and until exclusive, for which the answer is the same.
// Zero bounds are none; since is never later than at. Windows that follow each
// other without a gap are one stretch.
func (t SilenceTimes) At(at time.Time) (active bool, since, until time.Time) {
	switch {
	case !t.until.IsZero() && !at.Before(t.until):
		return false, t.until, time.Time{}
	case at.Before(t.from):
		return false, time.Time{}, t.from
	case !t.recurring:
		return true, t.from, t.until
	}
	start := t.starts.Last(at.In(t.zone))
	if end := t.end(start); !start.IsZero() && at.Before(end) {
		return true, later(start, t.from), t.before(t.extended(start, end))
	}
	next := t.starts.Next(at.In(t.zone))
	if !t.until.IsZero() && !next.Before(t.until) {
		next = time.Time{}
	}
	return false, at, next
}

// Status says in one word how the silence stands at a time.
func (t SilenceTimes) Status(at time.Time) SilenceStatus {
	switch active, _, until := t.At(at); {
	case active:
		return SilenceActive
	case until.IsZero():
		return SilenceOver
	}
	return SilenceWaiting
}

// SilenceStatus is how a silence stands.
type SilenceStatus string

// The statuses of a silence.
const (
	SilenceActive  SilenceStatus = "active"
	SilenceWaiting SilenceStatus = "waiting" // it has not begun, or is between two windows
	SilenceOver    SilenceStatus = "over"    // it will never be in force again
)

// Stretch is a span of time in which a silence is in force.
type Stretch struct{ From, Until time.Time }

// Stretches returns the stretches of a silence that are not over at a time, the
// first at most.
func (t SilenceTimes) Stretches(at time.Time, most int) []Stretch {
	var all []Stretch
	for len(all) < most {
		active, since, until := t.At(at)
		if active {
			all = append(all, Stretch{since.In(t.zone), until.In(t.zone)})
		}
		if until.IsZero() {
			break
		}
		at = until
	}
	return all
}

// maxWindowsTried is how many windows are looked at for a gap: more than a day
// of minutes.
const maxWindowsTried = 1500

// end of the window that begins at start.
func (t SilenceTimes) end(start time.Time) time.Time { return t.length.After(start) }

// extended follows windows that begin before the one before has ended. A rule
// that never pauses is refused, so the number of steps is only a net.
func (t SilenceTimes) extended(start, end time.Time) time.Time {
	for range maxWindowsTried {
		next := t.starts.Next(start)
		if next.IsZero() || next.After(end) {
			break
		}
		start, end = next, later(end, t.end(next))
	}
	return end
}

// neverPauses reports whether the windows to come follow each other without a gap.
func (t SilenceTimes) neverPauses(at time.Time) bool {
	start := t.starts.Next(at.In(t.zone))
	for range maxWindowsTried {
		if start.IsZero() {
			return false
		}
		next := t.starts.Next(start)
		if next.IsZero() || next.After(t.end(start)) {
			return false
		}
		start = next
	}
	return true
}

// before cuts a time to the last bound.
func (t SilenceTimes) before(at time.Time) time.Time {
	if t.until.IsZero() || at.Before(t.until) {
		return at
	}
	return t.until
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// When says in words when the silence is in force, with the times of a one-off
// in the given zone.
func (s Silence) When(zone *time.Location) string {
	if !s.Recurring() {
		return "from " + Moment(s.From.In(zone)) + " until " + Moment(s.Until.In(zone))
	}
	text := s.Schedule
	if starts, err := crontab.Parse(s.Schedule, 0); err == nil {
		text = starts.Describe()
	}
	text += ", for " + s.Length.String() + ", " + zoneName(s.Zone)
	if !s.From.IsZero() {
		text += ", from " + Moment(s.From.In(zone)) + " on"
	}
	if !s.Until.IsZero() {
		text += ", until " + Moment(s.Until.In(zone))
	}
	return text
}

func zoneName(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

// Span is a length of time as calendars have it (RFC 5545): days go by the
// clock on the wall, so that two days from Friday 22:00 are Sunday 22:00 even
// when the clocks change; hours and less are time that passes.
type Span struct {
	Days int
	Time time.Duration
}

// ParseSpan reads texts such as 8h, 90m, 2d and 1d12h.
func ParseSpan(text string) (Span, error) {
	wrong := Invalid("duration", "%s is not a duration; write for example 8h, 90m or 2d", quoteCut(text))
	rest := strings.ReplaceAll(strings.TrimSpace(text), " ", "")
	var s Span
	if days, after, found := strings.Cut(rest, "d"); found {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 10_000 || !isDigits(days) {
			return Span{}, wrong
		}
		s.Days, rest = n, after
		if rest == "" {
			return s, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d <= 0 || d%time.Second != 0 {
		return Span{}, wrong
	}
	s.Time = d
	return s, nil
}

func isDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// String returns the text that ParseSpan reads; "" for no time at all.
func (s Span) String() string {
	text := ""
	if s.Days > 0 {
		text = strconv.Itoa(s.Days) + "d"
	}
	return text + FormatRepeat(s.Time)
}

// After returns the time that lies the span after start, in start's location.
func (s Span) After(start time.Time) time.Time {
	if s.Days > 0 {
		start = start.AddDate(0, 0, s.Days)
	}
	return start.Add(s.Time)
}

// approximately is the span with days of 24 hours.
func (s Span) approximately() time.Duration {
	return time.Duration(s.Days)*24*time.Hour + s.Time
}

// Package oncalendar reads the calendar expressions of systemd timers, such as
// "Mon..Fri *-*-* 09..17:00/15" or "daily", and says when they are due: what
// systemd.time(7) describes, but for fractions of a second. Several lines are due
// whenever one of them is, as with several OnCalendar= settings of a timer.
//
// A time that the clocks leave out is due right after the gap, one that they show
// twice the first time. The package reads no clock.
package oncalendar

import (
	"math/bits"
	"strings"
	"time"
)

// Calendar is a set of times. The zero Calendar has none.
type Calendar struct{ lines []line }

// line is one expression.
type line struct {
	zone    *time.Location // nil: that of the argument
	week    uint8          // bits 0 (Sunday) to 6
	years   []span         // none: every year
	month   uint64         // bits 1 to 12
	day     uint64         // bits 1 to 31
	fromEnd bool           // day counts from the end of the month, whose last day is 1
	hour    uint64
	minute  uint64
	second  uint64
}

// span is from..until, each step-th; until -1 is without end.
type span struct{ from, until, step int }

func (s span) has(v int) bool {
	return v >= s.from && (s.until < 0 || v <= s.until) && (v-s.from)%max(s.step, 1) == 0
}

// horizonDays is how far ahead a day is searched: the calendar repeats itself
// after 28 years within a century; some days more for the end of one.
const horizonDays = 41 * 366

// Next returns the first time after the given one that is due, in its location,
// or the zero time when there is none.
func (c Calendar) Next(after time.Time) time.Time {
	var next time.Time
	for _, l := range c.lines {
		if at := l.next(after); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if next.IsZero() {
		return next
	}
	return next.In(after.Location())
}

func (l line) next(after time.Time) time.Time {
	if l.zone != nil {
		after = after.In(l.zone)
	}
	year, month, day := after.Date()
	for offset := range horizonDays {
		date := time.Date(year, month, day+offset, 12, 0, 0, 0, time.UTC)
		if !l.dueOn(date) {
			continue
		}
		if at, ok := l.nextInDay(date, after); ok {
			return at
		}
	}
	return time.Time{}
}

func (l line) dueOn(date time.Time) bool {
	year, month, day := date.Date()
	if l.week>>date.Weekday()&1 == 0 || l.month>>month&1 == 0 || !l.inYears(year) {
		return false
	}
	if l.fromEnd {
		day = time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day() - day + 1
	}
	return l.day>>day&1 == 1
}

func (l line) inYears(year int) bool {
	for _, s := range l.years {
		if s.has(year) {
			return true
		}
	}
	return len(l.years) == 0
}

// nextInDay returns the first due time of a day that is after the given one.
func (l line) nextInDay(date, after time.Time) (time.Time, bool) {
	year, month, day := date.Date()
	for h := range each(l.hour) {
		for m := range each(l.minute) {
			if end := time.Date(year, month, day, h, m, 59, 0, after.Location()); !end.After(after) {
				continue
			}
			for s := range each(l.second) {
				if at := time.Date(year, month, day, h, m, s, 0, after.Location()); at.After(after) {
					return at, true
				}
			}
		}
	}
	return time.Time{}, false
}

// each yields the set bits, lowest first.
func each(set uint64) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for ; set != 0; set &= set - 1 {
			if !yield(bits.TrailingZeros64(set)) {
				return
			}
		}
	}
}

// String returns the expressions as they would be written in full, a line each.
func (c Calendar) String() string {
	texts := make([]string, len(c.lines))
	for i, l := range c.lines {
		texts[i] = l.text()
	}
	return strings.Join(texts, "\n")
}

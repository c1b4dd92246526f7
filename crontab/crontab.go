// Package crontab reads crontab specs and says when they are due: five fields,
// six with seconds, Quartz's form, @every and the named schedules, with L, W, #
// and a spread H. A Schedule is a comparable value; two specs that mean the same
// times parse to equal schedules.
//
// Next is defined over every change of the clocks. A schedule with a rhythm in
// its hour, minute or second field (*, */n, a/n or all values) follows the clock
// on the wall: it runs whenever the clock shows a matching time, twice when the
// clock shows it twice, not at all when the clock leaves it out. Any other
// schedule names fixed times of the day, and each runs exactly once: the first
// time when there are two, right after the gap when the clock jumps over it.
// This is what Vixie cron does, without its limit of three hours.
//
// The package reads no clock and knows no time zone but that of its arguments.
package crontab

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// Schedule is a set of times. The zero Schedule has none. Schedules that are ==
// are due at the same times.
type Schedule struct {
	every time.Duration // from the epoch; when it is set nothing else is

	second, minute uint64 // bit n: value n
	hour           uint32 //
	month          uint16 // bits 1 to 12
	year           years  // all zero: every year
	day            days   //
	follows        bool   // goes by the clock on the wall, see the package comment
}

// years is the set of years from firstYear on.
type years [3]uint64

const (
	firstYear = 1970
	lastYear  = firstYear + 3*64 - 1
)

// days is the set of days that the two day fields select in any month.
type days struct {
	month    uint32 // bits 1 to 31
	fromEnd  uint32 // bit n: n days before the last day (L is bit 0)
	nearest  uint32 // bits 1 to 31: the weekday nearest to that day (W)
	lastWork bool   // the last weekday (LW)

	week     uint8    // bits 0 (Sunday) to 6
	nth      [5]uint8 // by weekday bits: its first to fifth in the month (#)
	lastWeek uint8    // by weekday bits: its last in the month (5L)

	anyMonthDay bool // the day-of-month field selects every day
	anyWeekDay  bool // the day-of-week field selects every day
	either      bool // both are restricted: a day is due when either selects it
}

// Error is what is wrong with a spec. Its text names the field and the fix.
type Error struct {
	Field   string // "minute", "day-of-week", ...; "" for the whole
	Message string
	Column  int // 1-based column of the field in the spec, in bytes
}

// Error returns "field: message".
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// maxSpec bounds what is worth reading; the longest sensible spec, all sixty
// minutes in a list, has some 180 characters.
const maxSpec = 1000

const fieldsHelp = "write five fields: minute hour day-of-month month day-of-week, such as 30 2 * * MON-FRI"

// Parse reads a spec. The seed decides where the spread fields (H) fall: the
// same seed always gives the same times. An error is an *Error.
//
// Accepted are five fields (minute hour day-of-month month day-of-week), six
// with a seconds field in front, and Quartz's form: six or seven fields (the
// last is a year), known by the ? in one of its day fields. Weekdays count from
// 0 or 7 for Sunday; in a spec with a ? they count as in Quartz, from 1 for
// Sunday to 7 for Saturday. Names are understood everywhere, in any case.
//
// A spec that can never be due, such as 30 February, is refused.
func Parse(spec string, seed uint64) (Schedule, error) {
	if len(spec) > maxSpec {
		return Schedule{}, &Error{Message: fmt.Sprintf("longer than %d characters", maxSpec), Column: 1}
	}
	fields := split(spec)
	if len(fields) == 0 {
		return Schedule{}, &Error{Message: "empty; " + fieldsHelp, Column: 1}
	}
	if strings.HasPrefix(fields[0].text, "@") {
		return parseNamed(fields)
	}
	if zone := fields[0].text; strings.HasPrefix(zone, "TZ=") || strings.HasPrefix(zone, "CRON_TZ=") {
		return Schedule{}, &Error{Message: "take the " + zone + " out of the schedule and set the monitor's time zone", Column: fields[0].column}
	}
	p := parser{seed: seed, quartz: strings.Contains(spec, "?")}
	switch len(fields) {
	case 5:
		fields = append([]word{{text: "0", column: 1}}, fields...)
	case 6:
	case 7:
		if !p.quartz {
			return Schedule{}, &Error{Message: "seven fields are Quartz's form, in which day-of-month or day-of-week must be ?", Column: 1}
		}
	default:
		return Schedule{}, &Error{Message: fmt.Sprintf("%d %s; %s", len(fields), plural(len(fields), "field"), fieldsHelp), Column: 1}
	}
	return p.schedule(fields)
}

// split cuts spec at white space.
func split(spec string) []word {
	var words []word
	rest := spec
	for {
		rest = strings.TrimLeft(rest, " \t\r\n")
		if rest == "" {
			return words
		}
		end := strings.IndexAny(rest, " \t\r\n")
		if end < 0 {
			end = len(rest)
		}
		words = append(words, word{text: rest[:end], column: len(spec) - len(rest) + 1})
		rest = rest[end:]
	}
}

// parseNamed reads @every and the specs with a name.
func parseNamed(fields []word) (Schedule, error) {
	name := strings.ToLower(fields[0].text)
	bad := func(format string, args ...any) (Schedule, error) {
		return Schedule{}, &Error{Message: fmt.Sprintf(format, args...), Column: fields[0].column}
	}
	if name == "@every" {
		if len(fields) != 2 {
			return bad("write one duration behind @every, such as @every 90s")
		}
		d, err := time.ParseDuration(fields[1].text)
		switch {
		case err != nil:
			return bad("@every: %s is not a duration; write for example 90s, 5m or 2h30m", quote(fields[1].text))
		case d < time.Second || d%time.Second != 0:
			return bad("@every: %s is not a whole number of seconds, at least 1s", fields[1].text)
		case d > maxEvery:
			return bad("@every: %s is longer than a year", fields[1].text)
		}
		return Schedule{every: d}, nil
	}
	if len(fields) > 1 {
		return bad("nothing may stand behind %s", quote(fields[0].text))
	}
	spec, ok := named(name)
	if !ok {
		return bad("%s is none of @every, @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually", quote(fields[0].text))
	}
	return Parse(spec, 0)
}

const maxEvery = 366 * 24 * time.Hour

func named(name string) (spec string, ok bool) {
	switch name {
	case "@hourly":
		return "0 * * * *", true
	case "@daily", "@midnight":
		return "0 0 * * *", true
	case "@weekly":
		return "0 0 * * 0", true
	case "@monthly":
		return "0 0 1 * *", true
	case "@yearly", "@annually":
		return "0 0 1 1 *", true
	}
	return "", false
}

// MinInterval returns the shortest time that can lie between two runs. For a
// schedule with one time of the day it is a day, however rare its days are.
func (s Schedule) MinInterval() time.Duration {
	if s.every > 0 {
		return s.every
	}
	if s.hour == 0 {
		return 0
	}
	// The clock's three wheels: the gap is within a wheel, or the step of the
	// wheel above less the span of those below.
	shortest, span := 24*time.Hour, time.Duration(0)
	wheels := []struct {
		set  uint64
		unit time.Duration
	}{{s.second, time.Second}, {s.minute, time.Minute}, {uint64(s.hour), time.Hour}}
	for _, w := range wheels {
		if gap := smallestGap(w.set); gap > 0 {
			shortest = min(shortest, time.Duration(gap)*w.unit-span)
		}
		first, last := bits.TrailingZeros64(w.set), 63-bits.LeadingZeros64(w.set)
		span += time.Duration(last-first) * w.unit
	}
	return min(shortest, 24*time.Hour-span)
}

// smallestGap returns the least difference of two members, or 0 when there are
// fewer than two.
func smallestGap(set uint64) int {
	least, before := 0, -1
	for rest := set; rest != 0; rest &= rest - 1 {
		n := bits.TrailingZeros64(rest)
		if before >= 0 && (least == 0 || n-before < least) {
			least = n - before
		}
		before = n
	}
	return least
}

package crontab

import (
	"math/bits"
	"time"
)

// horizon is how far ahead days are searched: after 400 years the calendar,
// weekdays included, repeats itself.
const horizon = 400

// Next returns the first time after the given one at which the schedule is due,
// in its location, or the zero time when there is none. It is always strictly
// later. What happens when the clocks change is said in the package comment.
func (s Schedule) Next(after time.Time) time.Time {
	location := after.Location()
	if s.every > 0 {
		step := int64(s.every / time.Second)
		return time.Unix((floorDiv(after.Unix(), step)+1)*step, 0).In(location)
	}
	if s.hour == 0 {
		return time.Time{}
	}
	t := time.Unix(after.Unix()+1, 0).In(location)
	for {
		start, end := t.ZoneBounds()
		if !end.IsZero() && !end.After(t) {
			// On the last day of leap years after 2037 the library names an end
			// that has passed: its years have 365 days there.
			end = t.Add(24 * time.Hour)
		}
		_, offset := t.Zone()
		from := t.Unix() + int64(offset)
		if !s.follows && !start.IsZero() {
			// The clock showed before when it jumped to what it showed at start.
			before := start.Unix() + offsetBefore(start)
			if t.Equal(start) && before < from {
				if skipped, ok := s.nextWall(before); ok && skipped < from {
					return start.In(location)
				}
			}
			from = max(from, before)
		}
		wall, ok := s.nextWall(from)
		if !ok {
			return time.Time{}
		}
		due := wall - int64(offset)
		if end.IsZero() || due < end.Unix() {
			return time.Unix(due, 0).In(location)
		}
		// No time on the wall is due before that one, and no change of the
		// clocks moves it by as much as two days: go there at once.
		t = time.Unix(max(end.Unix(), due-2*secondsPerDay), 0).In(location)
	}
}

// Last returns the latest time at or before the given one at which the
// schedule was due, in its location, or the zero time when there was none in
// the forty years before.
func (s Schedule) Last(notAfter time.Time) time.Time {
	const most = 40 * 366 * 24 * time.Hour
	low := notAfter
	for back := time.Minute; ; back *= 2 {
		if back > most {
			return time.Time{}
		}
		low = notAfter.Add(-back)
		if next := s.Next(low); next.IsZero() || next.After(notAfter) {
			continue
		}
		break
	}
	// low is before a due time and high is not before any that counts.
	high := notAfter
	for high.Sub(low) > time.Second {
		middle := low.Add(high.Sub(low) / 2)
		if next := s.Next(middle); next.IsZero() || next.After(notAfter) {
			high = middle
		} else {
			low = middle
		}
	}
	last := s.Next(low)
	for {
		next := s.Next(last)
		if next.IsZero() || next.After(notAfter) {
			return last
		}
		last = next
	}
}

// offsetBefore returns the seconds east of UTC just before the start of a span
// of the zone.
func offsetBefore(start time.Time) int64 {
	_, offset := start.Add(-time.Second).Zone()
	return int64(offset)
}

const secondsPerDay = 24 * 60 * 60

// nextWall returns the first due time on the wall that is not before from.
// Times on the wall are counted like Unix times, as if the wall were in UTC.
func (s Schedule) nextWall(from int64) (int64, bool) {
	day := floorDiv(from, secondsPerDay)
	date := civilOf(day)
	if s.dueOn(date) {
		if second, ok := s.nextInDay(int(from - day*secondsPerDay)); ok {
			return day*secondsPerDay + int64(second), true
		}
	}
	date, ok := s.nextDay(civilOf(day + 1))
	if !ok {
		return 0, false
	}
	first, _ := s.nextInDay(0)
	return date.days()*secondsPerDay + int64(first), true
}

// nextInDay returns the first due second of a day that is not before from.
func (s Schedule) nextInDay(from int) (int, bool) {
	h, m, sec := from/3600, from/60%60, from%60
	firstSecond := bits.TrailingZeros64(s.second)
	firstMinute := bits.TrailingZeros64(s.minute)
	if s.hour&(1<<h) != 0 {
		if s.minute&(1<<m) != 0 {
			if n, ok := nextBit(s.second, sec); ok {
				return h*3600 + m*60 + n, true
			}
		}
		if n, ok := nextBit(s.minute, m+1); ok {
			return h*3600 + n*60 + firstSecond, true
		}
	}
	if n, ok := nextBit(uint64(s.hour), h+1); ok {
		return n*3600 + firstMinute*60 + firstSecond, true
	}
	return 0, false
}

// nextBit returns the lowest member of set that is not below from.
func nextBit(set uint64, from int) (int, bool) {
	rest := set >> from << from
	return bits.TrailingZeros64(rest), rest != 0
}

// dueOn reports whether the schedule is due on a day.
func (s Schedule) dueOn(date civil) bool {
	return s.year.has(date.year) && s.month&(1<<date.month) != 0 &&
		s.day.in(date.year, date.month)&(1<<date.day) != 0
}

// nextDay returns the first due day that is not before date.
func (s Schedule) nextDay(date civil) (civil, bool) {
	for last := date.year + horizon; date.year <= last; date = (civil{date.year, date.month + 1, 1}) {
		if date.month > 12 {
			date = civil{date.year + 1, 1, 1}
		}
		if !s.year.has(date.year) {
			date.month = 12
			continue
		}
		if s.month&(1<<date.month) == 0 {
			continue
		}
		if day, ok := nextBit(uint64(s.day.in(date.year, date.month)), date.day); ok {
			return civil{date.year, date.month, day}, true
		}
	}
	return civil{}, false
}

// in returns the days of one month that are due, bit n for day n.
func (d days) in(year, month int) uint32 {
	length := monthLength(year, month)
	first := weekday(civil{year, month, 1}.days())
	all := uint32(1)<<(length+1) - 2
	byMonth, byWeek := all, all
	if !d.anyMonthDay {
		byMonth = d.month | d.endDays(length) | d.nearestDays(length, first)
	}
	if !d.anyWeekDay {
		byWeek = d.weekDays(length, first)
	}
	if d.either {
		return (byMonth | byWeek) & all
	}
	return byMonth & byWeek & all
}

// endDays returns the days that are counted from the month's end.
func (d days) endDays(length int) uint32 {
	var due uint32
	for rest := d.fromEnd; rest != 0; rest &= rest - 1 {
		if n := bits.TrailingZeros32(rest); n < length {
			due |= 1 << (length - n)
		}
	}
	return due
}

// nearestDays returns the weekdays that stand in for W days and LW. A stand-in
// never leaves the month.
func (d days) nearestDays(length, first int) uint32 {
	var due uint32
	for rest := d.nearest; rest != 0; rest &= rest - 1 {
		day := bits.TrailingZeros32(rest)
		if day > length {
			continue
		}
		switch week := (first + day - 1) % 7; {
		case week == 6 && day == 1:
			day = 3
		case week == 6:
			day--
		case week == 0 && day == length:
			day -= 2
		case week == 0:
			day++
		}
		due |= 1 << day
	}
	if d.lastWork {
		day := length
		for week := (first + day - 1) % 7; week == 0 || week == 6; week = (first + day - 1) % 7 {
			day--
		}
		due |= 1 << day
	}
	return due
}

// weekDays returns the days that the day-of-week field selects.
func (d days) weekDays(length, first int) uint32 {
	var due uint32
	for day := 1; day <= length; day++ {
		mask := uint8(1) << ((first + day - 1) % 7)
		if d.week&mask != 0 || d.nth[(day-1)/7]&mask != 0 || day+7 > length && d.lastWeek&mask != 0 {
			due |= 1 << day
		}
	}
	return due
}

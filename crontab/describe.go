package crontab

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Describe says in an English sentence, without a full stop, when the schedule
// is due: "At 02:30 on Monday through Friday". Spread fields appear with the
// values that they came to.
func (s Schedule) Describe() string {
	if s.every > 0 {
		return "Every " + durationText(s.every)
	}
	if s.hour == 0 {
		return "Never"
	}
	text, daily := s.timeText()
	day := s.day.text()
	if day == "" && daily {
		day = " every day"
	}
	return text + day + s.monthText() + s.yearText()
}

// durationText writes a duration of whole seconds: "90 seconds", "1 hour 30 minutes".
func durationText(d time.Duration) string {
	if d < 2*time.Minute && d%time.Minute != 0 {
		return counted(int(d/time.Second), "second")
	}
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}}
	var parts []string
	for _, u := range units {
		n := int(d / u.size)
		d -= time.Duration(n) * u.size
		if n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+plural(n, u.name))
		}
	}
	if len(parts) == 1 && strings.HasPrefix(parts[0], "1 ") {
		return parts[0][2:]
	}
	return strings.Join(parts, " ")
}

// counted writes "second" for 1 and "10 seconds" for 10.
func counted(n int, unit string) string {
	if n == 1 {
		return unit
	}
	return strconv.Itoa(n) + " " + plural(n, unit)
}

func plural(n int, unit string) string {
	if n == 1 {
		return unit
	}
	return unit + "s"
}

// timeText says when within a day; daily reports that it names times of the day
// rather than a rhythm.
func (s Schedule) timeText() (text string, daily bool) {
	hourly := uint64(s.hour) == fieldOf(fieldHour).full()
	everyMinute := s.minute == fieldOf(fieldMinute).full()
	minutes, hours := bits.OnesCount64(s.minute), bits.OnesCount32(s.hour)
	switch {
	case bits.OnesCount64(s.second) > 1:
		return s.secondsText(hourly, everyMinute), false
	case s.second != 1 && (minutes > 1 || hourly):
		second := strconv.Itoa(bits.TrailingZeros64(s.second))
		if everyMinute {
			return "Every minute at second " + second + s.hoursText(hourly), false
		}
		return "At second " + second + s.minutesOf() + s.hoursText(hourly), false
	case minutes > 1:
		return s.minutesText(hourly, hours)
	case hourly && s.minute == 1:
		return "Every hour, on the hour", false
	case hourly:
		return "Every hour at minute " + strconv.Itoa(bits.TrailingZeros64(s.minute)), false
	}
	if start, step := openStep(uint64(s.hour), fieldOf(fieldHour)); s.follows && step > 1 && 24%step == 0 && start < step {
		return fmt.Sprintf("Every %d hours from %s", step, s.clock(start, bits.TrailingZeros64(s.minute))), false
	}
	if parts := runs(uint64(s.hour)); len(parts) == 1 && hours > 2 {
		minute := bits.TrailingZeros64(s.minute)
		return "Every hour from " + s.clock(parts[0].lo, minute) + " through " + s.clock(parts[0].hi, minute), true
	}
	return "At " + s.clocks(), true
}

// secondsText describes a schedule with several seconds in a minute.
func (s Schedule) secondsText(hourly, everyMinute bool) string {
	text := "At seconds " + words(s.second, strconv.Itoa)
	if start, step := openStep(s.second, fieldOf(fieldSecond)); start == 0 && step > 0 && 60%step == 0 {
		text = "Every " + counted(step, "second")
	}
	switch {
	case !everyMinute:
		text += s.minutesOf()
	case !strings.HasPrefix(text, "Every"):
		text += " of every minute"
	}
	return text + s.hoursText(hourly)
}

// minutesText describes a schedule with several minutes in an hour.
func (s Schedule) minutesText(hourly bool, hours int) (text string, daily bool) {
	start, step := openStep(s.minute, fieldOf(fieldMinute))
	switch {
	case hours*bits.OnesCount64(s.minute) <= 6 && !s.follows:
		return "At " + s.clocks(), true
	case start == 0 && step > 0 && 60%step == 0:
		text = "Every " + counted(step, "minute")
	default:
		text = "At minutes " + words(s.minute, strconv.Itoa)
		return text + s.hoursText(hourly), !hourly
	}
	if hourly {
		return text, false
	}
	if parts := runs(uint64(s.hour)); len(parts) == 1 {
		last := 63 - bits.LeadingZeros64(s.minute)
		return text + " from " + s.clock(parts[0].lo, start) + " through " + s.clock(parts[0].hi, last), true
	}
	return text + s.hoursText(false), true
}

// hoursText names the hours of chosen minutes or seconds.
func (s Schedule) hoursText(hourly bool) string {
	if !hourly {
		return " of " + plural(bits.OnesCount32(s.hour), "hour") + " " + words(uint64(s.hour), strconv.Itoa)
	}
	if s.minute == fieldOf(fieldMinute).full() {
		return ""
	}
	return " of every hour"
}

func (s Schedule) minutesOf() string {
	return " of " + plural(bits.OnesCount64(s.minute), "minute") + " " + words(s.minute, strconv.Itoa)
}

// clocks lists the times of the day.
func (s Schedule) clocks() string {
	var all []string
	for h := range 24 {
		for m := range 60 {
			if s.hour&(1<<h) != 0 && s.minute&(1<<m) != 0 {
				all = append(all, s.clock(h, m))
			}
		}
	}
	return list(all)
}

// clock writes a time of the day; the second only when it is not zero.
func (s Schedule) clock(hour, minute int) string {
	text := fmt.Sprintf("%02d:%02d", hour, minute)
	if second := bits.TrailingZeros64(s.second); second > 0 {
		text += fmt.Sprintf(":%02d", second)
	}
	return text
}

// text says on which days, with a leading space, or nothing for every day.
func (d days) text() string {
	switch {
	case d.anyMonthDay && d.anyWeekDay:
		return ""
	case d.anyWeekDay:
		return " on " + d.monthWords()
	case d.anyMonthDay:
		return " on " + d.weekWords()
	case d.either:
		return " on " + d.monthWords() + " and on " + d.weekWords()
	}
	return " on " + d.monthWords() + " when that is " + d.weekWords()
}

func (d days) monthWords() string {
	var parts []string
	if start, step := openStep(uint64(d.month), fieldOf(fieldMonthDay)); start == 1 && step > 1 {
		parts = append(parts, "every "+ordinal(step)+" day from the 1st")
	} else if d.month != 0 {
		parts = append(parts, "the "+words(uint64(d.month), ordinal))
	}
	for n := range 31 {
		switch {
		case d.fromEnd&(1<<n) == 0:
		case n == 0:
			parts = append(parts, "the last day")
		default:
			parts = append(parts, "the "+ordinal(n+1)+"-to-last day")
		}
	}
	for n := 1; n <= 31; n++ {
		if d.nearest&(1<<n) != 0 {
			parts = append(parts, "the weekday nearest to the "+ordinal(n))
		}
	}
	if d.lastWork {
		parts = append(parts, "the last weekday")
	}
	return list(parts) + " of the month"
}

func (d days) weekWords() string {
	name := func(value int) string { return time.Weekday(value).String() }
	var parts, special []string
	for n, mask := range d.nth {
		if mask != 0 {
			special = append(special, "the "+ordinal(n+1)+" "+words(uint64(mask), name))
		}
	}
	if d.lastWeek != 0 {
		special = append(special, "the last "+words(uint64(d.lastWeek), name))
	}
	if len(special) > 0 {
		special[len(special)-1] += " of the month"
	}
	if d.week != 0 {
		parts = append(parts, words(weekFromMonday(d.week), func(value int) string { return name(value % 7) }))
	}
	return list(append(parts, special...))
}

// weekFromMonday counts Sunday as the seventh day, so that a weekend is one run.
func weekFromMonday(week uint8) uint64 {
	return uint64(week&^1) | uint64(week&1)<<7
}

func (s Schedule) monthText() string {
	if uint64(s.month) == fieldOf(fieldMonth).full() {
		return ""
	}
	return " in " + words(uint64(s.month), func(m int) string { return time.Month(m).String() })
}

func (s Schedule) yearText() string {
	if s.year == (years{}) {
		return ""
	}
	return " in " + strings.ReplaceAll(strings.ReplaceAll(s.year.String(), "-", " through "), ",", ", ")
}

// words lists a set in words.
func words(set uint64, show func(int) string) string {
	return list(parts(set, show, " through "))
}

// list joins parts with commas and a last "and".
func list(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// ordinal writes 1st, 2nd, 3rd, 4th.
func ordinal(n int) string {
	suffix := "th"
	if n/10%10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

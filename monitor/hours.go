package monitor

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are the times of a week at which somebody is on duty, by the clock on
// the wall. None at all means always.
type Hours []Shift

// Shift is a stretch of some days of the week. One that ends at or before its
// beginning ends on the next day.
type Shift struct {
	Days  uint8 // a bit for each day, Sunday lowest
	From  int   // minutes since midnight, 0 to 1439
	Until int   // minutes since midnight, 1 to 1440
}

const (
	dayMinutes = 24 * 60
	allDays    = 1<<7 - 1
	hoursForm  = "write for example Mon-Fri 08:00-18:00, Sat 10:00-14:00"
)

// Covers reports whether the hours cover a time, by the clock and the day of the
// week that its location shows. So they begin and end by the wall clock when
// clocks change: an hour that is skipped is not worked, and one that the clock
// shows twice is worked twice.
func (h Hours) Covers(at time.Time) bool {
	if len(h) == 0 {
		return true
	}
	today, minute := at.Weekday(), at.Hour()*60+at.Minute()
	yesterday := (today + 6) % 7
	for _, s := range h {
		overnight := s.Until <= s.From
		switch {
		case s.on(today) && minute >= s.From && (overnight || minute < s.Until):
			return true
		case s.on(yesterday) && overnight && minute < s.Until:
			return true
		}
	}
	return false
}

func (s Shift) on(day time.Weekday) bool { return s.Days>>day&1 == 1 }

// ParseHours reads texts such as "Mon-Fri 08:00-12:00 13:00-18:00, Sat,Sun
// 10:00-14:00": days, then the times of those days. Without days it is every
// day. Commas, semicolons and line ends only separate.
func ParseHours(text string) (Hours, error) {
	var hours Hours
	days, collecting := uint8(allDays), false
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) }) {
		if word[0] < '0' || word[0] > '9' {
			some, err := parseDays(word)
			if err != nil {
				return nil, err
			}
			if !collecting {
				days = 0
			}
			days, collecting = days|some, true
			continue
		}
		from, until, err := parseTimes(word)
		if err != nil {
			return nil, err
		}
		hours, collecting = append(hours, Shift{days, from, until}), false
	}
	if collecting {
		return nil, Invalid("hours", "after the last day there is no time; %s", hoursForm)
	}
	return hours.merged(), nil
}

// merged puts shifts of equal times together and in order, so that equal hours
// are written the same.
func (h Hours) merged() Hours {
	var all Hours
	for _, s := range h {
		if i := slices.IndexFunc(all, func(o Shift) bool { return o.From == s.From && o.Until == s.Until }); i >= 0 {
			all[i].Days |= s.Days
		} else {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b Shift) int {
		return cmp.Or(cmp.Compare(firstDay(a.Days), firstDay(b.Days)), cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until))
	})
	return all
}

// mondayFirst turns days so that Monday is the lowest bit.
func mondayFirst(days uint8) uint8 { return days>>1 | days&1<<6 }

func firstDay(days uint8) int { return bits.TrailingZeros8(mondayFirst(days)) }

func dayNames() []string {
	return []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
}

// parseDays reads Mon, Mon-Fri, daily, and days with their whole names.
func parseDays(word string) (uint8, error) {
	if strings.EqualFold(word, "daily") {
		return allDays, nil
	}
	first, last, span := strings.Cut(word, "-")
	from, ok := dayOf(first)
	until := from
	if ok && span {
		until, ok = dayOf(last)
	}
	if !ok {
		return 0, Invalid("hours", "%s is no day; %s", quoteCut(word), hoursForm)
	}
	days := uint8(0)
	for day := from; ; day = (day + 1) % 7 {
		if days |= 1 << day; day == until {
			return days, nil
		}
	}
}

func dayOf(word string) (int, bool) {
	for day := range 7 {
		name := time.Weekday(day).String()
		if len(word) >= 3 && len(word) <= len(name) && strings.EqualFold(word, name[:len(word)]) {
			return day, true
		}
	}
	return 0, false
}

func parseTimes(word string) (from, until int, err error) {
	first, last, span := strings.Cut(word, "-")
	from, ok := minuteOf(first)
	until, also := minuteOf(last)
	switch {
	case !span || !ok || !also || from == dayMinutes:
		return 0, 0, Invalid("hours", "%s is no span of time; %s", quoteCut(word), hoursForm)
	case from == until:
		return 0, 0, Invalid("hours", "%s has no length; a whole day is 00:00-24:00", quoteCut(word))
	case until == 0:
		until = dayMinutes
	}
	return from, until, nil
}

// minuteOf reads 8:00, 08:00 and 24:00.
func minuteOf(text string) (int, bool) {
	hour, minute, found := strings.Cut(text, ":")
	h, err := strconv.Atoi(hour)
	m, err2 := strconv.Atoi(minute)
	ok := found && err == nil && err2 == nil && len(hour) <= 2 && len(minute) == 2 && h >= 0 && m >= 0 && m < 60 && strings.Trim(hour+minute, "0123456789") == ""
	return h*60 + m, ok && h*60+m <= dayMinutes
}

// String returns the text that ParseHours reads; "" for always.
func (h Hours) String() string {
	parts := make([]string, len(h))
	for i, s := range h {
		parts[i] = fmt.Sprintf("%s %02d:%02d-%02d:%02d", daysText(s.Days), s.From/60, s.From%60, s.Until/60, s.Until%60)
	}
	return strings.Join(parts, ", ")
}

// daysText writes days from Monday on, three and more in a row as a span.
func daysText(days uint8) string {
	if days == allDays {
		return "daily"
	}
	var parts []string
	names := append(dayNames()[1:], "Sun")
	for i := 0; i < 7; i++ {
		row := bits.TrailingZeros8(^(mondayFirst(days) >> i))
		switch {
		case row >= 3:
			parts = append(parts, names[i]+"-"+names[i+row-1])
			i += row
		case row > 0:
			parts = append(parts, names[i])
		}
	}
	return strings.Join(parts, ",")
}

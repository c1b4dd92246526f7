package crontab

import (
	"fmt"
	"math/bits"
	"strings"
)

// set is what a field without specials selects.
type set struct {
	bits    uint64 // bit n: value n
	star    bool   // written as * or */n
	cadence bool   // see span
}

// full returns the bits of every value of the field.
func (f field) full() uint64 { return 1<<(f.hi+1) - 1<<f.lo }

// each adds the values of the span to the bits, wrapping around.
func (s span) each(f field, add func(value int)) {
	for v := s.lo; v <= s.hi; v += s.step {
		value := v
		if value > f.hi {
			value -= f.hi - f.lo + 1
		}
		add(value)
	}
}

// set reads a whole field without specials.
func (p parser) set(f field, text string) (set, *Error) {
	var all set
	items := strings.Split(text, ",")
	for _, item := range items {
		s, err := p.span(f, item)
		if err != nil {
			return set{}, err
		}
		s.each(f, func(value int) { all.bits |= 1 << value })
		if len(items) == 1 {
			all.cadence = s.cadence && bits.OnesCount64(all.bits) > 1
			all.star = item[0] == '*'
		}
	}
	all.cadence = all.cadence || all.bits == f.full()
	return all, nil
}

// schedule reads six or seven fields.
func (p parser) schedule(words []word) (Schedule, error) {
	var s Schedule
	var wheels [3]set
	for i := range wheels {
		var err *Error
		if wheels[i], err = p.set(fieldOf(i), words[i].text); err != nil {
			return Schedule{}, p.at(err, i, words)
		}
		s.follows = s.follows || wheels[i].cadence
	}
	s.second, s.minute, s.hour = wheels[0].bits, wheels[1].bits, uint32(wheels[2].bits)

	months, err := p.set(fieldOf(fieldMonth), words[fieldMonth].text)
	if err != nil {
		return Schedule{}, p.at(err, fieldMonth, words)
	}
	s.month = uint16(months.bits)
	monthStar, err := p.monthDays(&s.day, words[fieldMonthDay].text)
	if err != nil {
		return Schedule{}, p.at(err, fieldMonthDay, words)
	}
	weekStar, err := p.weekDays(&s.day, words[fieldWeekDay].text)
	if err != nil {
		return Schedule{}, p.at(err, fieldWeekDay, words)
	}
	if words[fieldMonthDay].text == "?" && words[fieldWeekDay].text == "?" {
		return Schedule{}, p.at(failure("only one of the day fields may be ?; write * here"), fieldWeekDay, words)
	}
	s.day.combine(monthStar || weekStar)
	if len(words) > fieldYear {
		if s.year, err = p.years(words[fieldYear].text); err != nil {
			return Schedule{}, p.at(err, fieldYear, words)
		}
	}
	if _, ok := s.nextDay(civil{firstYear, 1, 1}); !ok {
		return Schedule{}, p.at(failure("%s", s.never()), fieldMonthDay, words)
	}
	return s, nil
}

// at gives an error its field and column.
func (p parser) at(err *Error, index int, words []word) *Error {
	f := fieldOf(index)
	err.Field, err.Column = f.name, words[index].column
	if words[index].text == "?" && index != fieldMonthDay && index != fieldWeekDay {
		err.Message = "? is only for day-of-month and day-of-week; the fields are " +
			"second minute hour day-of-month month day-of-week, and a year behind them if you like"
	}
	return err
}

// never explains why no day is ever due.
func (s Schedule) never() string {
	var months []string
	for m := 1; m <= 12; m++ {
		if s.month&(1<<m) != 0 {
			months = append(months, monthNames()[m-1])
		}
	}
	if plain := s.day.month; plain != 0 && s.day.anyWeekDay {
		return fmt.Sprintf("%d never comes in %s", bits.TrailingZeros32(plain), strings.Join(months, ", "))
	}
	return "such a day never comes in " + strings.Join(months, ", ")
}

// monthDays reads the day-of-month field. star reports whether it is written
// with a star, which leaves the choice to the other day field.
func (p parser) monthDays(d *days, text string) (star bool, err *Error) {
	f := fieldOf(fieldMonthDay)
	if text == "?" {
		d.month = uint32(f.full())
		return true, nil
	}
	for item := range strings.SplitSeq(text, ",") {
		upper := strings.ToUpper(item)
		switch {
		case upper == "L":
			d.fromEnd |= 1
		case upper == "LW" || upper == "WL":
			d.lastWork = true
		case strings.HasPrefix(upper, "L-"):
			n, ok := number(upper[2:])
			if !ok || n < 1 || n > 30 {
				return false, failure("%s is not understood; write L for the last day, L-3 for three days before it", quote(item))
			}
			d.fromEnd |= 1 << n
		case strings.HasSuffix(upper, "W"):
			n, err := p.value(f, upper[:len(upper)-1])
			if err != nil {
				return false, failure("%s is not understood; write 15W for the weekday nearest to the 15th, or LW for the last weekday", quote(item))
			}
			d.nearest |= 1 << n
		default:
			s, err := p.span(f, item)
			if err != nil {
				return false, err
			}
			s.each(f, func(value int) { d.month |= 1 << value })
		}
	}
	return text[0] == '*' && !strings.Contains(text, ","), nil
}

// weekDays reads the day-of-week field; star is as in monthDays.
func (p parser) weekDays(d *days, text string) (star bool, err *Error) {
	f := fieldOf(fieldWeekDay)
	if text == "?" {
		d.week = uint8(f.full())
		return true, nil
	}
	for item := range strings.SplitSeq(text, ",") {
		upper := strings.ToUpper(item)
		if upper == "L" {
			if !p.quartz {
				return false, failure("L alone is not understood; write SAT, or FRIL for the last Friday of the month")
			}
			d.week |= 1 << 6
			continue
		}
		if day, nth, ok := strings.Cut(upper, "#"); ok {
			n, isNumber := number(nth)
			value, err := p.value(f, day)
			if err != nil || !isNumber || n < 1 || n > 5 {
				return false, failure("%s is not understood; write FRI#3 for the third Friday of the month", quote(item))
			}
			d.nth[n-1] |= 1 << value
			continue
		}
		if day, ok := strings.CutSuffix(upper, "L"); ok {
			value, err := p.value(f, day)
			if err != nil {
				return false, failure("%s is not understood; write FRIL for the last Friday of the month", quote(item))
			}
			d.lastWeek |= 1 << value
			continue
		}
		s, err := p.span(f, item)
		if err != nil {
			return false, err
		}
		s.each(f, func(value int) { d.week |= 1 << value })
	}
	return text[0] == '*' && !strings.Contains(text, ","), nil
}

// combine settles how the two day fields go together, so that equal meanings
// become equal values. A star in either leaves the choice to both at once;
// without one a day is due when either field selects it, as in every cron.
func (d *days) combine(star bool) {
	d.anyMonthDay = d.month == uint32(fieldOf(fieldMonthDay).full())
	d.anyWeekDay = d.week == uint8(fieldOf(fieldWeekDay).full())
	d.either = !star && !d.anyMonthDay && !d.anyWeekDay
	if !star && (d.anyMonthDay || d.anyWeekDay) {
		*d = days{month: uint32(fieldOf(fieldMonthDay).full()), week: uint8(fieldOf(fieldWeekDay).full()), anyMonthDay: true, anyWeekDay: true}
	}
	if d.anyMonthDay {
		d.fromEnd, d.nearest, d.lastWork = 0, 0, false
	}
	if d.anyWeekDay {
		d.nth, d.lastWeek = [5]uint8{}, 0
	}
}

// years reads the year field. Every year there is stays the zero value.
func (p parser) years(text string) (years, *Error) {
	f := fieldOf(fieldYear)
	var all years
	for item := range strings.SplitSeq(text, ",") {
		s, err := p.span(f, item)
		if err != nil {
			return years{}, err
		}
		if s.lo == f.lo && s.hi == f.hi && s.step == 1 {
			return years{}, nil
		}
		s.each(f, func(value int) { all[(value-firstYear)/64] |= 1 << ((value - firstYear) % 64) })
	}
	return all, nil
}

// has reports whether the year is due.
func (y years) has(year int) bool {
	if y == (years{}) {
		return true
	}
	i := year - firstYear
	return i >= 0 && year <= lastYear && y[i/64]&(1<<(i%64)) != 0
}

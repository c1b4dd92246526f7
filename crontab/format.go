package crontab

import (
	"math/bits"
	"strconv"
	"strings"
)

// run is a maximal part of a set: consecutive values.
type run struct{ lo, hi int }

// runs cuts a set into consecutive values.
func runs(set uint64) []run {
	var all []run
	for set != 0 {
		lo := bits.TrailingZeros64(set)
		length := bits.TrailingZeros64(^(set >> lo))
		all = append(all, run{lo, lo + length - 1})
		set &^= (1<<length - 1) << lo
	}
	return all
}

// openStep returns the start and step of a set of at least two values that is
// start, start+step, ... as far as the field goes; step 0 for any other set.
func openStep(set uint64, f field) (start, step int) {
	if bits.OnesCount64(set) < 2 {
		return 0, 0
	}
	start = bits.TrailingZeros64(set)
	step = bits.TrailingZeros64(set&(set-1)) - start
	for v := start; v <= f.hi; v += step {
		if set&(1<<v) == 0 {
			return 0, 0
		}
		set &^= 1 << v
	}
	if set != 0 {
		return 0, 0
	}
	return start, step
}

// parts names the members of a set; three or more in a row are a range.
func parts(set uint64, show func(int) string, through string) []string {
	var all []string
	for _, r := range runs(set) {
		switch r.hi - r.lo {
		case 0:
			all = append(all, show(r.lo))
		case 1:
			all = append(all, show(r.lo), show(r.hi))
		default:
			all = append(all, show(r.lo)+through+show(r.hi))
		}
	}
	return all
}

// listText writes a set as a crontab list, with the values named by show.
func listText(set uint64, show func(int) string) string {
	return strings.Join(parts(set, show, "-"), ",")
}

// fieldText writes a set as a field: with a step when cadence allows it.
func fieldText(set uint64, f field, cadence bool) string {
	if set == f.full() {
		return "*"
	}
	if start, step := openStep(set, f); cadence && step > 0 {
		if start == f.lo {
			return "*/" + strconv.Itoa(step)
		}
		return strconv.Itoa(start) + "/" + strconv.Itoa(step)
	}
	return listText(set, strconv.Itoa)
}

// String returns a spec without H that parses to the same schedule, whatever
// the seed.
func (s Schedule) String() string {
	if s.every > 0 {
		return "@every " + s.every.String()
	}
	quartz := s.year != (years{})
	var fields []string
	if quartz || s.second != 1 {
		fields = append(fields, fieldText(s.second, fieldOf(fieldSecond), s.follows))
	}
	fields = append(fields,
		fieldText(s.minute, fieldOf(fieldMinute), s.follows),
		fieldText(uint64(s.hour), fieldOf(fieldHour), s.follows),
		s.day.monthText(quartz),
		fieldText(uint64(s.month), fieldOf(fieldMonth), false),
		s.day.weekText(quartz))
	if quartz {
		fields = append(fields, s.year.String())
	}
	return strings.Join(fields, " ")
}

// monthText writes the day-of-month field.
func (d days) monthText(quartz bool) string {
	if d.anyMonthDay {
		if quartz && !d.anyWeekDay {
			return "?"
		}
		return "*"
	}
	// A star is what makes two restricted day fields hold together.
	var parts []string
	if d.month != 0 {
		parts = append(parts, fieldText(uint64(d.month), fieldOf(fieldMonthDay), !d.either))
	}
	for n := range 31 {
		if d.fromEnd&(1<<n) == 0 {
			continue
		}
		if n == 0 {
			parts = append(parts, "L")
		} else {
			parts = append(parts, "L-"+strconv.Itoa(n))
		}
	}
	for n := 1; n <= 31; n++ {
		if d.nearest&(1<<n) != 0 {
			parts = append(parts, strconv.Itoa(n)+"W")
		}
	}
	if d.lastWork {
		parts = append(parts, "LW")
	}
	return strings.Join(parts, ",")
}

// weekText writes the day-of-week field with names, which mean the same in
// every form.
func (d days) weekText(quartz bool) string {
	if d.anyWeekDay {
		if quartz {
			return "?"
		}
		return "*"
	}
	f := fieldOf(fieldWeekDay)
	name := func(value int) string { return f.names[value] }
	var parts []string
	if d.week != 0 {
		_, step := openStep(uint64(d.week), f)
		if step > 1 && !d.anyMonthDay && !d.either && !strings.HasPrefix(d.monthText(false), "*") {
			parts = append(parts, "*/"+strconv.Itoa(step))
		} else {
			parts = append(parts, listText(uint64(d.week), name))
		}
	}
	for value := range f.names {
		for n, mask := range d.nth {
			if mask&(1<<value) != 0 {
				parts = append(parts, name(value)+"#"+strconv.Itoa(n+1))
			}
		}
		if d.lastWeek&(1<<value) != 0 {
			parts = append(parts, name(value)+"L")
		}
	}
	return strings.Join(parts, ",")
}

// String writes the years as a list.
func (y years) String() string {
	var parts []string
	for year := firstYear; year <= lastYear; year++ {
		if !y.has(year) {
			continue
		}
		first := year
		for year < lastYear && y.has(year+1) {
			year++
		}
		text := strconv.Itoa(first)
		if year > first {
			text += "-" + strconv.Itoa(year)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ",")
}

package crontab

import (
	"fmt"
	"strconv"
	"strings"
)

// word is one white-space separated part of a spec.
type word struct {
	text   string
	column int
}

// field describes one of the seven fields.
type field struct {
	name   string
	lo, hi int
	names  []string // of lo, lo+1, ...; nil when there are none
	spread int      // highest value that H may take; 0: hi
	salt   uint64   // keeps the spreads of one seed's fields apart
}

// The fields, in Quartz's order.
const (
	fieldSecond = iota
	fieldMinute
	fieldHour
	fieldMonthDay
	fieldMonth
	fieldWeekDay
	fieldYear
)

func fieldOf(index int) field {
	switch index {
	case fieldSecond:
		return field{name: "second", hi: 59, salt: 1}
	case fieldMinute:
		return field{name: "minute", hi: 59, salt: 2}
	case fieldHour:
		return field{name: "hour", hi: 23, salt: 3}
	case fieldMonthDay:
		// H stays clear of the days that some months do not have.
		return field{name: "day-of-month", lo: 1, hi: 31, spread: 28, salt: 4}
	case fieldMonth:
		return field{name: "month", lo: 1, hi: 12, names: monthNames(), salt: 5}
	case fieldWeekDay:
		return field{name: "day-of-week", hi: 6, names: weekNames(), salt: 6}
	}
	return field{name: "year", lo: firstYear, hi: lastYear, salt: 7}
}

func monthNames() []string {
	return []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
}

func weekNames() []string {
	return []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
}

// parser reads the fields of one spec.
type parser struct {
	seed   uint64
	quartz bool
}

// span is what one item of a field's list selects: lo, lo+step, ... up to hi.
type span struct {
	lo, hi, step int
	cadence      bool // without a start or an end of its own: *, */n, a/n, H/n
}

// failure is an Error without its place, which the caller adds.
func failure(format string, args ...any) *Error {
	return &Error{Message: fmt.Sprintf(format, args...)}
}

func quote(text string) string {
	const most = 40
	if len(text) > most {
		text = text[:most] + "..."
	}
	return strconv.Quote(text)
}

// span reads one item that is none of a field's specials.
func (p parser) span(f field, item string) (span, *Error) {
	body, stepText, stepped := strings.Cut(item, "/")
	step := 1
	if stepped {
		var err *Error
		if step, err = parseStep(f, stepText); err != nil {
			return span{}, err
		}
	}
	switch {
	case body == "":
		return span{}, failure("an item is empty; write * for any value")
	case body == "*":
		return span{f.lo, f.hi, step, true}, nil
	case body[0] == 'H' || body[0] == 'h':
		return p.hashed(f, body[1:], step, stepped)
	}
	from, to, ranged := strings.Cut(body, "-")
	lo, err := p.value(f, from)
	if err != nil {
		return span{}, err
	}
	if !ranged {
		if stepped {
			return span{lo, f.hi, step, true}, nil
		}
		return span{lo, lo, 1, false}, nil
	}
	hi, err := p.value(f, to)
	if err != nil {
		return span{}, err
	}
	hi, err = p.forwards(f, lo, hi, from, to)
	return span{lo, hi, step, false}, err
}

// forwards returns the end of a range as a number that is not below its start:
// beyond f.hi, it wraps around.
func (p parser) forwards(f field, lo, hi int, from, to string) (int, *Error) {
	size := f.hi - f.lo + 1
	sundayLast := f.name == "day-of-week" && hi == 0 && (lo > 0 || to == "7" && from != "7")
	switch {
	case hi >= lo && !sundayLast:
		return hi, nil
	case f.name == "year" || !p.quartz && !sundayLast:
		return 0, failure("%s-%s runs backwards; write %s-%s,%s-%s",
			from, to, from, show(f, f.hi), show(f, f.lo), to)
	}
	return hi + size, nil
}

// show writes a value so that it means the same in every form.
func show(f field, value int) string {
	if f.names != nil {
		return f.names[value-f.lo]
	}
	return strconv.Itoa(value)
}

func parseStep(f field, text string) (int, *Error) {
	step, ok := number(text)
	size := f.hi - f.lo + 1
	switch {
	case !ok || step == 0:
		return 0, failure("the step %s is not a number from 1 on", quote(text))
	case step >= size && f.name != "year":
		return 0, failure("a step of %d never comes round within %d-%d; write a single value, or use @every", step, f.lo, f.hi)
	}
	return step, nil
}

// hashed reads what stands behind an H: nothing, or a range in parentheses.
func (p parser) hashed(f field, rest string, step int, stepped bool) (span, *Error) {
	lo, hi := f.lo, f.hi
	if f.spread > 0 {
		hi = f.spread
	}
	if rest != "" {
		inner, ok := strings.CutPrefix(rest, "(")
		inner, closed := strings.CutSuffix(inner, ")")
		from, to, ranged := strings.Cut(inner, "-")
		if !ok || !closed || !ranged {
			return span{}, failure("H%s is not understood; write H, H(%d-%d), H/5 or H(%d-%d)/5", rest, lo, hi, lo, hi)
		}
		var err *Error
		if lo, err = p.value(f, from); err != nil {
			return span{}, err
		}
		if hi, err = p.value(f, to); err != nil {
			return span{}, err
		}
		if hi < lo {
			return span{}, failure("H%s runs backwards", rest)
		}
	}
	size := hi - lo + 1
	if step > size {
		return span{}, failure("a step of %d does not fit into %d-%d", step, lo, hi)
	}
	h := mix(p.seed ^ mix(f.salt))
	if !stepped {
		value := lo + int(h%uint64(size))
		return span{value, value, 1, false}, nil
	}
	return span{lo + int(h%uint64(step)), hi, step, rest == "" && f.spread == 0}, nil
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// value reads a number or a name as the field's own value; Sunday is 0.
func (p parser) value(f field, text string) (int, *Error) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.lo + i, nil
		}
	}
	lo, hi, shift := f.lo, f.hi, 0
	if f.name == "day-of-week" {
		if p.quartz {
			lo, hi, shift = 1, 7, 1
		} else {
			hi = 7
		}
	}
	n, ok := number(text)
	switch {
	case text == "":
		return 0, failure("a value is missing; write * for any value")
	case !ok && f.names != nil:
		return 0, failure("%s is neither a number from %d to %d nor one of %s", quote(text), lo, hi, strings.Join(f.names, ", "))
	case !ok:
		return 0, failure("%s is not a number from %d to %d", quote(text), lo, hi)
	case n < lo || n > hi:
		return 0, failure("%d is not between %d and %d%s", n, lo, hi, p.hint(f, n))
	}
	n -= shift
	if f.name == "day-of-week" && n == 7 {
		n = 0
	}
	return n, nil
}

// hint adds what an out-of-range value was probably meant to be.
func (p parser) hint(f field, n int) string {
	switch {
	case f.name == "hour" && n == 24, (f.name == "minute" || f.name == "second") && n == 60:
		return "; write 0"
	case f.name == "day-of-week" && p.quartz:
		return "; in a spec with ? Sunday is 1 and Saturday 7"
	}
	return ""
}

// number reads an unsigned decimal of at most four digits.
func number(text string) (int, bool) {
	if text == "" || len(text) > 4 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

package oncalendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Error is what is wrong with an expression, and how to mend it.
type Error struct {
	Line    int // 1-based
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

const (
	maxText  = 2000
	maxLines = 20
	example  = `write it as in a systemd timer, such as "Mon..Fri *-*-* 02:30" or "daily"`
)

// shorthands are the words that stand for a whole expression.
func shorthand(word string) (string, bool) {
	full, ok := map[string]string{
		"minutely": "*-*-* *:*:00", "hourly": "*-*-* *:00:00", "daily": "*-*-* 00:00:00", "monthly": "*-*-01 00:00:00",
		"weekly": "Mon *-*-* 00:00:00", "yearly": "*-01-01 00:00:00", "annually": "*-01-01 00:00:00",
		"quarterly": "*-01,04,07,10-01 00:00:00", "semiannually": "*-01,07-01 00:00:00",
	}[strings.ToLower(word)]
	return full, ok
}

// Parse reads expressions, a line each; empty lines are passed over. An error is
// an *Error. Expressions that are never due, such as 30 February, are refused.
func Parse(text string) (Calendar, error) {
	var c Calendar
	if len(text) > maxText {
		return c, &Error{1, fmt.Sprintf("longer than %d characters", maxText)}
	}
	for i, written := range strings.Split(text, "\n") {
		if strings.TrimSpace(written) == "" {
			continue
		}
		l, err := parseLine(strings.TrimPrefix(strings.TrimSpace(written), "OnCalendar="))
		if err != nil {
			return Calendar{}, &Error{i + 1, err.Error()}
		}
		if l.next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
			return Calendar{}, &Error{i + 1, fmt.Sprintf("%q is never due", written)}
		}
		c.lines = append(c.lines, l)
	}
	switch {
	case len(c.lines) == 0:
		return c, &Error{1, "empty; " + example}
	case len(c.lines) > maxLines:
		return Calendar{}, &Error{maxLines + 1, fmt.Sprintf("more than %d lines", maxLines)}
	}
	return c, nil
}

func parseLine(text string) (line, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return line{}, fmt.Errorf("empty; %s", example)
	}
	l := line{week: 1<<7 - 1, month: bitsOf(1, 12), day: bitsOf(1, 31), hour: 1, minute: 1, second: 1}
	if last := words[len(words)-1]; len(words) > 1 && zoneLike(last) {
		zone, err := time.LoadLocation(last)
		if err != nil {
			return line{}, fmt.Errorf("%q is no time zone; use a name such as Europe/Berlin", last)
		}
		l.zone, words = zone, words[:len(words)-1]
	}
	if full, ok := shorthand(words[0]); ok && len(words) == 1 {
		words = strings.Fields(full)
	}
	dated := false
	for i, word := range words {
		var err error
		switch {
		case i == 0 && letter(word[0]):
			l.week, err = parseWeek(word)
		case strings.Contains(word, ":"):
			err = l.parseTime(word)
		case strings.ContainsAny(word, "-~") && !dated:
			dated, err = true, l.parseDate(word)
		default:
			err = fmt.Errorf("%q is neither weekdays, a date, a time, nor a time zone; %s", word, example)
		}
		if err != nil {
			return line{}, err
		}
	}
	return l, nil
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func zoneLike(word string) bool { return letter(word[0]) && !strings.Contains(word, "..") }

func weekNames() []string {
	return []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
}

func weekday(name string) (int, bool) {
	for i, full := range weekNames() {
		if lower := strings.ToLower(name); lower == full || lower == full[:3] {
			return i, true
		}
	}
	return 0, false
}

func parseWeek(text string) (uint8, error) {
	var week uint8
	for _, part := range strings.Split(strings.TrimSuffix(text, ","), ",") {
		first, last, _ := strings.Cut(strings.Replace(part, "-", "..", 1), "..")
		if last == "" {
			last = first
		}
		from, ok := weekday(first)
		until, also := weekday(last)
		if !ok || !also {
			return 0, fmt.Errorf("%q is no weekday; use Mon, Tue, Wed, Thu, Fri, Sat or Sun, and .. for a span", part)
		}
		for day := from; ; day = (day + 1) % 7 {
			if week |= 1 << day; day == until {
				break
			}
		}
	}
	return week, nil
}

// parseDate reads year-month-day and month-day; ~ in place of the last - counts
// days from the end of the month.
func (l *line) parseDate(text string) error {
	rest, day, fromEnd := strings.Cut(text, "~")
	if !fromEnd {
		i := strings.LastIndexByte(text, '-')
		rest, day = text[:i], text[i+1:]
	}
	l.fromEnd = fromEnd
	month := rest
	if year, after, ok := strings.Cut(rest, "-"); ok {
		month = after
		var err error
		if l.years, err = parseYears(year); err != nil {
			return err
		}
	}
	var err error
	if l.month, err = parseField("month", month, 1, 12); err != nil {
		return err
	}
	if first, step, repeats := strings.Cut(day, "/"); fromEnd && repeats {
		return l.repeatToEnd(first, step)
	}
	l.day, err = parseField("day", day, 1, 31)
	return err
}

// repeatToEnd reads a/n of days that count from the end of the month: from the
// a-th last day on, towards the end.
func (l *line) repeatToEnd(first, step string) error {
	from, ok := number(first)
	n, also := number(step)
	if !ok || !also || from < 1 || from > 31 || n == 0 {
		return fmt.Errorf("day: %q is not understood; ~7/1 are the last seven days of a month", first+"/"+step)
	}
	l.day = 0
	for day := from; day >= 1; day -= n {
		l.day |= 1 << day
	}
	return nil
}

func (l *line) parseTime(text string) error {
	parts := strings.Split(text, ":")
	if len(parts) > 3 {
		return fmt.Errorf("%q is no time; write hours:minutes or hours:minutes:seconds", text)
	}
	var err error
	if l.hour, err = parseField("hour", parts[0], 0, 23); err != nil {
		return err
	}
	if l.minute, err = parseField("minute", parts[1], 0, 59); err != nil || len(parts) == 2 {
		return err
	}
	if strings.Contains(strings.ReplaceAll(parts[2], "..", ""), ".") {
		return fmt.Errorf("fractions of a second, as in %q, are not understood; leave them out", parts[2])
	}
	l.second, err = parseField("second", parts[2], 0, 59)
	return err
}

func bitsOf(low, high int) uint64 { return 1<<(high+1) - 1<<low }

// parseField reads *, values, spans and repetitions, with commas between them.
func parseField(name, text string, low, high int) (uint64, error) {
	var set uint64
	for _, part := range strings.Split(text, ",") {
		s, err := parseSpan(name, part, low)
		if err != nil {
			return 0, err
		}
		if s.until < 0 {
			s.until = high
		}
		if s.from < low || s.until > high || s.from > s.until {
			return 0, fmt.Errorf("%s: %q is not between %d and %d", name, part, low, high)
		}
		for v := s.from; v <= s.until; v += s.step {
			set |= 1 << v
		}
	}
	return set, nil
}

func parseYears(text string) ([]span, error) {
	if text == "*" {
		return nil, nil
	}
	var years []span
	for _, part := range strings.Split(text, ",") {
		s, err := parseSpan("year", part, 1970)
		if err != nil {
			return nil, err
		}
		if s.from < 100 {
			s.from += 2000 // as systemd does it
		}
		if s.until >= 0 && s.until < 100 {
			s.until += 2000
		}
		years = append(years, s)
	}
	return years, nil
}

// parseSpan reads one part of a list. A single value is a span of itself, unless
// it repeats.
func parseSpan(name, text string, low int) (span, error) {
	values, every, repeats := strings.Cut(text, "/")
	s := span{from: low, until: -1, step: 1}
	bad := fmt.Errorf("%s: %q is not understood; use numbers, * for all, a..b for a span and /n for each n-th", name, text)
	if values != "*" {
		first, last, isSpan := strings.Cut(values, "..")
		from, ok := number(first)
		if !ok {
			return s, bad
		}
		s.from = from
		if !repeats {
			s.until = from
		}
		if isSpan {
			if s.until, ok = number(last); !ok {
				return s, bad
			}
		}
	}
	if repeats {
		step, ok := number(every)
		if !ok || step == 0 {
			return s, bad
		}
		s.step = step
	}
	return s, nil
}

func number(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && len(text) <= 4 && text[0] >= '0' && text[0] <= '9'
}

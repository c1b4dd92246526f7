package oncalendar

import (
	"fmt"
	"strings"
)

// text writes an expression the way systemd-analyze calendar normalizes it.
func (l line) text() string {
	var b strings.Builder
	if l.week != 1<<7-1 {
		b.WriteString(weekText(l.week) + " ")
	}
	dash := "-"
	if l.fromEnd {
		dash = "~"
	}
	b.WriteString(yearText(l.years) + "-" + fieldText(l.month, 1, 12) + dash + fieldText(l.day, 1, 31))
	b.WriteString(" " + fieldText(l.hour, 0, 23) + ":" + fieldText(l.minute, 0, 59) + ":" + fieldText(l.second, 0, 59))
	if l.zone != nil {
		b.WriteString(" " + l.zone.String())
	}
	return b.String()
}

func weekText(week uint8) string {
	var parts []string
	for i := range 7 {
		day := (i + 1) % 7 // Monday first
		if week>>day&1 == 1 {
			name := weekNames()[day]
			parts = append(parts, strings.ToUpper(name[:1])+name[1:3])
		}
	}
	return strings.Join(parts, ",")
}

func yearText(years []span) string {
	if len(years) == 0 {
		return "*"
	}
	parts := make([]string, len(years))
	for i, s := range years {
		parts[i] = fmt.Sprintf("%04d", s.from)
		if s.until != s.from && s.until >= 0 {
			parts[i] += fmt.Sprintf("..%04d", s.until)
		}
		if s.until != s.from && (s.step > 1 || s.until < 0) {
			parts[i] += fmt.Sprintf("/%d", s.step)
		}
	}
	return strings.Join(parts, ",")
}

func fieldText(set uint64, low, high int) string {
	if set == bitsOf(low, high) {
		return "*"
	}
	var parts []string
	for v := range each(set) {
		parts = append(parts, fmt.Sprintf("%02d", v))
	}
	return strings.Join(parts, ",")
}

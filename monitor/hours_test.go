package monitor

import (
	"strings"
	"testing"
	"time"
)

func TestHours_CoverByTheClockOnTheWall(t *testing.T) {
	const office, night, berlin, newYork = "Mon-Fri 08:00-18:00", "Sat 22:00-06:00", "Europe/Berlin", "America/New_York"
	rows := []struct {
		name, hours, zone, at string
		want                  bool
	}{
		{"no hours are always", "", berlin, "2026-01-01T03:00:00Z", true},
		{"the first second, in winter", office, berlin, "2026-01-05T07:00:00Z", true},
		{"just before, in winter", office, berlin, "2026-01-05T06:59:59Z", false},
		{"the last second, in winter", office, berlin, "2026-01-05T16:59:59Z", true},
		{"the end is outside, in winter", office, berlin, "2026-01-05T17:00:00Z", false},
		{"the first second, in summer", office, berlin, "2026-07-06T06:00:00Z", true},
		{"just before, in summer", office, berlin, "2026-07-06T05:59:59Z", false},
		{"the end, in summer", office, berlin, "2026-07-06T16:00:00Z", false},
		{"Friday before the clocks go forward", office, berlin, "2026-03-27T16:30:00Z", true},
		{"Monday after they went forward", office, berlin, "2026-03-30T16:30:00Z", false},
		{"Friday before they go back", office, berlin, "2026-10-23T06:30:00Z", true},
		{"Monday after they went back", office, berlin, "2026-10-26T06:30:00Z", false},
		{"Saturday", office, berlin, "2026-01-10T12:00:00Z", false},
		{"Friday evening here is Friday noon there", office, newYork, "2026-01-09T17:30:00Z", true},
		{"in the weeks when only one of two has changed its clocks", office, newYork, "2026-03-16T12:00:00Z", true},
		{"an hour earlier it is not eight yet", office, newYork, "2026-03-16T11:59:59Z", false},
		{"Saturday night", night, berlin, "2026-01-10T22:00:00Z", true},
		{"goes on on Sunday morning", night, berlin, "2026-01-11T04:59:59Z", true},
		{"until six", night, berlin, "2026-01-11T05:00:00Z", false},
		{"not on Saturday morning", night, berlin, "2026-01-10T03:00:00Z", false},
		{"not in the next night", night, berlin, "2026-01-11T22:00:00Z", false},
		{"the short night ends at six by the clock", night, berlin, "2026-03-29T03:59:59Z", true},
		{"and not at seven", night, berlin, "2026-03-29T04:00:00Z", false},
		{"the long night ends at six by the clock", night, berlin, "2026-10-25T04:59:59Z", true},
		{"and not at five", night, berlin, "2026-10-25T05:00:00Z", false},
		{"the hour that is skipped is not worked", "Sun 02:00-03:00", berlin, "2026-03-29T01:00:00Z", false},
		{"nor is the second before it", "Sun 02:00-03:00", berlin, "2026-03-29T00:59:59Z", false},
		{"the hour that comes twice is worked, first time", "Sun 02:00-03:00", berlin, "2026-10-25T00:30:00Z", true},
		{"and second time", "Sun 02:00-03:00", berlin, "2026-10-25T01:30:00Z", true},
		{"but no longer", "Sun 02:00-03:00", berlin, "2026-10-25T02:00:00Z", false},
		{"a whole day, its last second", "Sun 00:00-24:00", berlin, "2026-03-29T21:59:59Z", true},
		{"a whole day, over", "Sun 00:00-24:00", berlin, "2026-03-29T22:00:00Z", false},
		{"from Saturday into Sunday, though the week ends there", "Sat 12:00-11:00", "", "2026-01-11T10:59:59Z", true},
		{"a lunch break", "Mon 08:00-12:00 13:00-17:00", "", "2026-01-05T12:30:00Z", false},
		{"after the break", "Mon 08:00-12:00 13:00-17:00", "", "2026-01-05T13:00:00Z", true},
	}
	for _, row := range rows {
		hours, err := ParseHours(row.hours)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		zone, err := LoadZone(row.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, row.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := hours.Covers(at.In(zone)); got != row.want {
			t.Errorf("%s: %s covers %s: %v, want %v", row.name, hours, at.In(zone), got, row.want)
		}
	}
}

func TestParseHours_WritesOneSpelling(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "",
		"Mon-Fri 08:00-18:00": "Mon-Fri 08:00-18:00",
		"monday-FRIDAY 8:00-18:00; Sat,Sun 10:00-14:00": "Mon-Fri 08:00-18:00, Sat,Sun 10:00-14:00",
		"08:00-18:00":                           "daily 08:00-18:00",
		"daily 22:00-00:00":                     "daily 22:00-24:00",
		"Fri-Mon 09:00-17:00":                   "Mon,Fri-Sun 09:00-17:00",
		"Mon 08:00-12:00 13:00-17:00":           "Mon 08:00-12:00, Mon 13:00-17:00",
		"Sat 10:00-14:00, Mon Tue 08:00-09:00":  "Mon,Tue 08:00-09:00, Sat 10:00-14:00",
		"Tue 08:00-09:00\nMon 08:00-09:00":      "Mon,Tue 08:00-09:00",
		"Wed 08:00-09:00 Sun Thu 22:00-06:00":   "Wed 08:00-09:00, Thu,Sun 22:00-06:00",
		"Mon,Tue,Wed 1:00-2:00, Fri 01:00-2:00": "Mon-Wed,Fri 01:00-02:00",
	} {
		hours, err := ParseHours(text)
		if err != nil || hours.String() != want {
			t.Errorf("ParseHours(%q) = %q, %v, want %q", text, hours, err, want)
		}
	}
}

func TestParseHours_NamesWhatItCannotRead(t *testing.T) {
	for text, part := range map[string]string{
		"Mon-Fri":          "no time",
		"Mo 08:00-09:00":   `"Mo" is no day`,
		"Montag 1:00-2:00": "is no day",
		"Mon 08:00":        "no span of time",
		"Mon 8-18":         "no span of time",
		"Mon 08:00-25:00":  "no span of time",
		"Mon 08:60-09:00":  "no span of time",
		"Mon 24:00-09:00":  "no span of time",
		"Mon +8:00-09:00":  "is no day",
		"Mon 08:00-08:00":  "no length",
		"Mon-Fun 1:00-2:0": "is no day",
	} {
		_, err := ParseHours(text)
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("ParseHours(%q): %v, want %q", text, err, part)
		}
	}
}

func FuzzParseHours(f *testing.F) {
	f.Add("Mon-Fri 08:00-12:00 13:00-18:00, Sat,Sun 22:00-06:00")
	f.Fuzz(func(t *testing.T, text string) {
		hours, err := ParseHours(text)
		if err != nil {
			return
		}
		again, err := ParseHours(hours.String())
		if err != nil || again.String() != hours.String() {
			t.Errorf("%q is read as %q, and that as %q, %v", text, hours, again, err)
		}
		for minute := range 7 * dayMinutes / 30 {
			at := time.Date(2026, 1, 1, 0, 30*minute, 0, 0, time.UTC)
			if hours.Covers(at) != again.Covers(at) {
				t.Fatalf("%q and %q differ at %s", hours, again, at)
			}
		}
	})
}

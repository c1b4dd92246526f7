package oncalendar

import (
	"strings"
	"testing"
	"time"
)

// The expected times follow from systemd.time(7), most from its own examples.
func TestCalendar_NextTimes(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	after := time.Date(2026, 3, 4, 10, 7, 30, 0, berlin) // a Wednesday
	for text, want := range map[string]string{
		"daily":                            "2026-03-05T00:00:00+01:00",
		"hourly":                           "2026-03-04T11:00:00+01:00",
		"minutely":                         "2026-03-04T10:08:00+01:00",
		"weekly":                           "2026-03-09T00:00:00+01:00",
		"monthly":                          "2026-04-01T00:00:00+02:00",
		"quarterly":                        "2026-04-01T00:00:00+02:00",
		"semiannually":                     "2026-07-01T00:00:00+02:00",
		"yearly":                           "2027-01-01T00:00:00+01:00",
		"Mon..Fri *-*-* 09..17:00/15":      "2026-03-04T10:15:00+01:00",
		"*:0/15":                           "2026-03-04T10:15:00+01:00",
		"Sat,Sun 20:00":                    "2026-03-07T20:00:00+01:00",
		"*-*~1 03:00":                      "2026-03-31T03:00:00+02:00",
		"*-02~03 05:40:00":                 "2027-02-26T05:40:00+01:00",
		"Mon *-05~07/1":                    "2026-05-25T00:00:00+02:00",
		"2027..2030-01-01":                 "2027-01-01T00:00:00+01:00",
		"12-24":                            "2026-12-24T00:00:00+01:00",
		"*-*-* 12:30 UTC":                  "2026-03-04T13:30:00+01:00",
		"Fri *-*-13 00:00":                 "2026-03-13T00:00:00+01:00",
		"OnCalendar=*-*-* *:*:0/20":        "2026-03-04T10:07:40+01:00",
		"Sat 03:00\nWed 22:00":             "2026-03-04T22:00:00+01:00",
		"*-03-29 02:30":                    "2026-03-29T03:30:00+02:00", // left out by the clocks
		"Thu,Fri 2026-*-1,5 11:12:13":      "2026-03-05T11:12:13+01:00",
		"Wednesday *-*-* 10:00:00 Etc/UTC": "2026-03-04T11:00:00+01:00",
	} {
		c, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := c.Next(after).Format(time.RFC3339); got != want {
			t.Errorf("%q: next %s, want %s", text, got, want)
		}
	}
}

func TestParse_SaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "empty",
		"\n  \n":             "empty",
		"Funday 10:00":       "no weekday",
		"25:00":              "hour",
		"*-13-01":            "month",
		"*-02-30":            "never due",
		"10:00:00.5":         "fractions",
		"10":                 "neither",
		"*:*/0":              "minute",
		"10:00 Mars/Olympus": "no time zone",
		"1:2:3:4":            "no time",
		"*-*-5..2":           "between",
		"2020..2021-01-01..": "day",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want one about %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Mon..Fri *-*-* 09..17:00/15 Europe/Berlin")
	f.Add("*-02~03/2 5:40,50:0/20")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		at := time.Date(2026, 3, 4, 10, 7, 30, 0, time.UTC)
		next := c.Next(at)
		if !next.IsZero() && !next.After(at) {
			t.Fatalf("%q: %s is not after %s", text, next, at)
		}
		again, err := Parse(c.String())
		if err != nil {
			t.Fatalf("%q is written as %q, which does not parse: %v", text, c, err)
		}
		if got := again.Next(at); !got.Equal(next) {
			t.Fatalf("%q is due %s, but as %q %s", text, next, c, got)
		}
	})
}

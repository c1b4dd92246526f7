package demo

import (
	"testing"
	"time"
)

func TestParseTime_ReadsTheFormsOfGraphite(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 4, 15, 14, 30, 20, 0, berlin)
	on := func(year int, month time.Month, day, hours, minutes int) time.Time {
		return time.Date(year, month, day, hours, minutes, 0, 0, berlin)
	}
	for text, want := range map[string]time.Time{
		"now":            now,
		"-1h":            now.Add(-time.Hour),
		"-90s":           now.Add(-90 * time.Second),
		"-5min":          now.Add(-5 * time.Minute),
		"+2d":            now.Add(48 * time.Hour),
		"now-1w":         now.Add(-7 * 24 * time.Hour),
		"1776000000":     time.Unix(1776000000, 0),
		"20260401":       on(2026, 4, 1, 0, 0),
		"13:05_20260401": on(2026, 4, 1, 13, 5),
		"04/01/26":       on(2026, 4, 1, 0, 0),
		"4/1/2026":       on(2026, 4, 1, 0, 0),
		"6pm_today":      on(2026, 4, 15, 18, 0),
		"6:30pm today":   on(2026, 4, 15, 18, 30),
		"noon":           on(2026, 4, 15, 12, 0),
		"midnight+1h":    on(2026, 4, 15, 1, 0),
		"noon_yesterday": on(2026, 4, 14, 12, 0),
		"teatime":        on(2026, 4, 15, 16, 0),
		"99999999":       time.Unix(99999999, 0),
		"garbage":        {},
		"-1parsec":       {},
		"25:00_20260401": {},
		"13/13/26":       {},
	} {
		got, err := parseTime(text, now)
		if want.IsZero() {
			if err == nil {
				t.Errorf("%q is read as %v", text, time.Unix(got, 0))
			}
			continue
		}
		if err != nil || got != want.Unix() {
			t.Errorf("%q = %v, %v; want %v", text, time.Unix(got, 0).In(berlin), err, want)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, text := range []string{"", "-1h", "noon_20260101", "6:30pm today", "now-", "+-1"} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parseTime(text, time.Unix(1776000000, 0).UTC())
	})
}

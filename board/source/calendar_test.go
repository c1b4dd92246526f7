package source

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

const ics = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:weekly
DTSTAMP:20260101T000000Z
SUMMARY:Friday freeze
DTSTART;TZID=Europe/Berlin:20261002T180000
DTEND;TZID=Europe/Berlin:20261005T080000
RRULE:FREQ=WEEKLY
EXDATE;TZID=Europe/Berlin:20261127T180000,20261204T180000
END:VEVENT
BEGIN:VEVENT
UID:weekly
DTSTAMP:20260101T000000Z
SUMMARY:Friday freeze begins later
RECURRENCE-ID;TZID=Europe/Berlin:20261120T180000
DTSTART;TZID=Europe/Berlin:20261121T100000
DTEND;TZID=Europe/Berlin:20261123T080000
END:VEVENT
BEGIN:VEVENT
UID:holidays
DTSTAMP:20260101T000000Z
SUMMARY:Christmas freeze
DTSTART;VALUE=DATE:20261220
DTEND;VALUE=DATE:20261227
URL:https://wiki.example.com/christmas
END:VEVENT
BEGIN:VEVENT
UID:off
DTSTAMP:20260101T000000Z
SUMMARY:Called off
STATUS:CANCELLED
DTSTART:20261121T110000Z
DTEND:20261121T130000Z
END:VEVENT
END:VCALENDAR
`

func TestCalendar_EventsOfAnICalendar(t *testing.T) {
	url := answers(t, map[string]string{"/freeze.ics": strings.ReplaceAll(ics, "\n", "\r\n")})
	all, err := readOf(t, Kinds{}, "calendar", map[string]any{"url": url + "/freeze.ics", "timezone": "Europe/Berlin"})
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		title, start, end string
	}
	var got []row
	for _, r := range all {
		got = append(got, row{r.Title, r.Start.Format("01-02T15:04"), r.End.Format("01-02T15:04")})
		if r.Level != monitor.DC1 {
			t.Errorf("%s has %v", r.Title, r.Level)
		}
	}
	want := []row{
		{"Friday freeze", "12-11T17:00", "12-14T07:00"}, {"Friday freeze", "12-18T17:00", "12-21T07:00"},
		{"Friday freeze begins later", "11-21T09:00", "11-23T07:00"}, {"Christmas freeze", "12-19T23:00", "12-26T23:00"},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("event %d: got %v, want %v", i, got[i], want[i])
		}
	}
	if all[3].Link != "https://wiki.example.com/christmas" {
		t.Errorf("link: %q", all[3].Link)
	}
	all, err = readOf(t, Kinds{}, "calendar", map[string]any{"url": url + "/freeze.ics", "match": "^Christmas", "level": "DC2"})
	if err != nil || len(all) != 1 || all[0].Level != monitor.DC2 {
		t.Errorf("match: %v, %v", all, err)
	}
}

func TestCalendar_WindowsOfACrontab(t *testing.T) {
	all, err := readOf(t, Kinds{}, "calendar", map[string]any{"begins": "0 18 * * 5", "lasts": "2d14h", "timezone": "Europe/Berlin", "title": "Weekend", "level": 2})
	if err != nil || len(all) != maxWindows {
		t.Fatalf("%v, %v", all, err)
	}
	if r := all[0]; !r.Active(now()) || r.Title != "Weekend" || r.Level != monitor.DC2 || r.Start.Format(time.RFC3339) != "2026-11-20T17:00:00Z" || r.End.Format(time.RFC3339) != "2026-11-23T07:00:00Z" {
		t.Errorf("the window of now: %+v", r)
	}
	if all[1].Active(now()) {
		t.Errorf("the next window: %+v", all[1])
	}
}

func FuzzParseEvents(f *testing.F) {
	f.Add(ics)
	f.Fuzz(func(_ *testing.T, text string) {
		events, err := parseEvents([]byte(text), time.UTC)
		if err != nil {
			return
		}
		for _, e := range events {
			for i, start := range e.starts(now(), now().Add(horizon)) {
				e.end(start)
				if i > 10 {
					break
				}
			}
		}
	})
}

func FuzzParseDocument(f *testing.F) {
	f.Add(`[{"level":2,"title":"a"}]`)
	f.Add(`{"DC1":[{"title":"a","end_date":"2030-01-01"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		all, err := parseDocument([]byte(text))
		if err != nil {
			return
		}
		for _, r := range all {
			if r.Level < monitor.DC1 || r.Level > monitor.DC5 || r.Title == "" || r.ID == "" {
				raw, _ := json.Marshal(r)
				t.Errorf("let in: %s", raw)
			}
		}
	})
}

package monitor

import (
	"strings"
	"testing"
	"time"
)

func TestMatch_CoversWhatMeetsEveryCondition(t *testing.T) {
	web := map[string]string{"team": "web", "tier": "1"}
	source := Subject{Kind: KindSource, Key: "7"}
	rows := []struct {
		name    string
		match   Match
		subject Subject
		group   string
		labels  map[string]string
		want    bool
	}{
		{"nothing given matches nothing", Match{}, MonitorSubject(7), "", nil, false},
		{"everything", Match{Everything: true}, MonitorSubject(7), "", nil, true},
		{"everything includes sources", Match{Everything: true}, source, "", nil, true},
		{"a monitor by its number", Match{Monitors: []int64{3, 7}}, MonitorSubject(7), "shop", nil, true},
		{"another monitor", Match{Monitors: []int64{3, 7}}, MonitorSubject(8), "shop", nil, false},
		{"a subject that is no monitor but has the number", Match{Monitors: []int64{7}}, source, "", nil, false},
		{"the group itself", Match{Group: "shop"}, MonitorSubject(7), "shop", nil, true},
		{"a group below", Match{Group: "shop"}, MonitorSubject(7), "shop/checkout/eu", nil, true},
		{"a group whose name begins the same", Match{Group: "shop"}, MonitorSubject(7), "shopping", nil, false},
		{"the group above", Match{Group: "shop/checkout"}, MonitorSubject(7), "shop", nil, false},
		{"no group", Match{Group: "shop"}, MonitorSubject(7), "", nil, false},
		{"a label", Match{Labels: map[string]string{"team": "web"}}, MonitorSubject(7), "", web, true},
		{"all of two labels", Match{Labels: map[string]string{"team": "web", "tier": "1"}}, MonitorSubject(7), "", web, true},
		{"one of two labels", Match{Labels: map[string]string{"team": "web", "tier": "2"}}, MonitorSubject(7), "", web, false},
		{"a label that is not there, even when empty", Match{Labels: map[string]string{"zone": ""}}, MonitorSubject(7), "", web, false},
		{"group and label", Match{Group: "shop", Labels: map[string]string{"team": "web"}}, MonitorSubject(7), "shop/eu", web, true},
		{"group without the label", Match{Group: "shop", Labels: map[string]string{"team": "db"}}, MonitorSubject(7), "shop/eu", web, false},
		{"a subject of another kind by its name", Match{Subjects: []Subject{{KindHeartbeat, "backup"}}}, Subject{KindHeartbeat, "backup"}, "", nil, true},
		{"a rule stands for its keys", Match{Subjects: []Subject{{KindRule, "disk"}}}, Subject{KindRule, "disk/web1"}, "", nil, true},
		{"a rule is not another whose name begins so", Match{Subjects: []Subject{{KindRule, "disk"}}}, Subject{KindRule, "disk-full/web1"}, "", nil, false},
		{"one of monitors or subjects", Match{Monitors: []int64{7}, Subjects: []Subject{{KindRule, "disk"}}}, MonitorSubject(7), "", nil, true},
		{"monitor outside the group", Match{Group: "shop", Monitors: []int64{7}}, MonitorSubject(7), "infra", web, false},
	}
	for _, row := range rows {
		if got := row.match.Covers(row.subject, row.group, row.labels); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	parsed, err := time.Parse("2006-01-02 15:04:05 -0700", text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func span(t *testing.T, text string) Span {
	t.Helper()
	s, err := ParseSpan(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSilence_WindowsOverChangesOfTheClocks(t *testing.T) {
	const berlin, newYork = "Europe/Berlin", "America/New_York"
	rows := []struct {
		name, schedule, zone, length string
		ask                          string
		from, until                  string // "" when it is not in force
	}{
		{"an ordinary Friday night", "0 22 * * 5", berlin, "8h", "2026-11-21 03:00:00 +0100", "2026-11-20 22:00:00 +0100", "2026-11-21 06:00:00 +0100"},
		{"the first second", "0 22 * * 5", berlin, "8h", "2026-11-20 22:00:00 +0100", "2026-11-20 22:00:00 +0100", "2026-11-21 06:00:00 +0100"},
		{"the last second", "0 22 * * 5", berlin, "8h", "2026-11-21 05:59:59 +0100", "2026-11-20 22:00:00 +0100", "2026-11-21 06:00:00 +0100"},
		{"the end is outside", "0 22 * * 5", berlin, "8h", "2026-11-21 06:00:00 +0100", "", ""},
		{"just before", "0 22 * * 5", berlin, "8h", "2026-11-20 21:59:59 +0100", "", ""},
		{"in summer it is an hour earlier in UTC", "0 22 * * 5", berlin, "8h", "2026-07-10 20:00:00 +0000", "2026-07-10 22:00:00 +0200", "2026-07-11 06:00:00 +0200"},
		{"clocks go forward: eight hours pass", "0 22 * * 6", berlin, "8h", "2026-03-29 06:59:59 +0200", "2026-03-28 22:00:00 +0100", "2026-03-29 07:00:00 +0200"},
		{"clocks go back: eight hours pass", "0 22 * * 6", berlin, "8h", "2026-10-25 04:59:59 +0100", "2026-10-24 22:00:00 +0200", "2026-10-25 05:00:00 +0100"},
		{"clocks go back: no ninth hour", "0 22 * * 6", berlin, "8h", "2026-10-25 05:00:00 +0100", "", ""},
		{"a start in the gap is right after it", "30 2 * * 0", berlin, "1h", "2026-03-29 03:00:00 +0200", "2026-03-29 03:00:00 +0200", "2026-03-29 04:00:00 +0200"},
		{"a start that the clock shows twice counts once", "30 2 * * 0", berlin, "30m", "2026-10-25 02:45:00 +0200", "2026-10-25 02:30:00 +0200", "2026-10-25 03:00:00 +0200"},
		{"not the second time", "30 2 * * 0", berlin, "30m", "2026-10-25 02:45:00 +0100", "", ""},
		{"a day with 23 hours is a day", "0 0 * * 0", berlin, "1d", "2026-03-29 23:59:59 +0200", "2026-03-29 00:00:00 +0100", "2026-03-30 00:00:00 +0200"},
		{"a day with 25 hours is a day", "0 0 * * 0", berlin, "1d", "2026-10-25 23:59:59 +0100", "2026-10-25 00:00:00 +0200", "2026-10-26 00:00:00 +0100"},
		{"24h are 24 hours", "0 0 * * 0", berlin, "24h", "2026-10-25 22:59:59 +0100", "2026-10-25 00:00:00 +0200", "2026-10-25 23:00:00 +0100"},
		{"a weekend of two days", "0 22 * * 5", berlin, "2d", "2026-03-29 21:59:59 +0200", "2026-03-27 22:00:00 +0100", "2026-03-29 22:00:00 +0200"},
		{"a day and a half", "0 0 * * 0", berlin, "1d12h", "2026-10-26 11:59:59 +0100", "2026-10-25 00:00:00 +0200", "2026-10-26 12:00:00 +0100"},
		{"New York goes forward", "0 22 * * 6", newYork, "8h", "2026-03-08 06:59:59 -0400", "2026-03-07 22:00:00 -0500", "2026-03-08 07:00:00 -0400"},
		{"New York goes back", "0 22 * * 6", newYork, "8h", "2026-11-01 04:59:59 -0500", "2026-10-31 22:00:00 -0400", "2026-11-01 05:00:00 -0500"},
		{"New York is not Berlin", "0 22 * * 6", newYork, "8h", "2026-10-24 22:00:00 +0200", "", ""},
		{"without a zone it is UTC", "0 22 * * 5", "", "8h", "2026-11-20 23:00:00 +0100", "2026-11-20 22:00:00 +0000", "2026-11-21 06:00:00 +0000"},
		{"windows without a gap are one", "0 9-17 * * 1-5", berlin, "1h", "2026-11-20 12:34:56 +0100", "2026-11-20 12:00:00 +0100", "2026-11-20 18:00:00 +0100"},
		{"once a year", "0 0 24 12 *", berlin, "3d", "2026-12-26 23:59:59 +0100", "2026-12-24 00:00:00 +0100", "2026-12-27 00:00:00 +0100"},
	}
	for _, row := range rows {
		s := Silence{Schedule: row.schedule, Zone: row.zone, Length: span(t, row.length)}
		times, err := s.Times()
		if err != nil {
			t.Fatal(err)
		}
		active, since, until := times.At(at(t, row.ask))
		if active != (row.from != "") {
			t.Errorf("%s: at %s active is %v (%s to %s)", row.name, row.ask, active, since, until)
			continue
		}
		if active && (!since.Equal(at(t, row.from)) || !until.Equal(at(t, row.until))) {
			t.Errorf("%s: at %s in force from %s until %s, want %s to %s", row.name, row.ask, since, until, row.from, row.until)
		}
	}
}

// What At says must hold for the whole stretch, since answers are kept that long.
func TestSilence_StretchesAnswerTheSameThroughout(t *testing.T) {
	for _, schedule := range []string{"0 22 * * 6", "30 2 * * *", "*/20 1-3 * * *", "0 0 L * *", "@every 7h"} {
		for _, length := range []string{"10m", "5h"} {
			for _, zone := range []string{"Europe/Berlin", "Australia/Lord_Howe"} {
				times, err := Silence{Schedule: schedule, Zone: zone, Length: span(t, length), From: at(t, "2026-03-01 00:30:00 +0000"), Until: at(t, "2026-11-20 02:40:00 +0000")}.Times()
				if err != nil {
					t.Fatal(err)
				}
				ask := at(t, "2026-02-27 00:00:00 +0000")
				active, _, until := times.At(ask)
				for range 2_200 {
					ask = ask.Add(3*time.Hour + time.Second)
					if !until.IsZero() && !ask.Before(until) {
						active, _, until = times.At(ask)
					}
					if got, _, _ := times.At(ask); got != active {
						t.Fatalf("%s for %s in %s: at %s it is %v, but it was said to be %v until %s", schedule, length, zone, ask, got, active, until)
					}
				}
				if !until.IsZero() {
					t.Errorf("%s for %s in %s: after its end it is not over", schedule, length, zone)
				}
			}
		}
	}
}

func TestSilence_StatusFollowsItsTimes(t *testing.T) {
	begin, end := at(t, "2026-11-21 12:00:00 +0000"), at(t, "2026-11-21 14:00:00 +0000")
	once := Silence{From: begin, Until: end}
	ended := once
	ended.EndedAt = begin.Add(time.Hour)
	never := once
	never.EndedAt = begin.Add(-time.Hour)
	weekly := Silence{Schedule: "0 12 * * 6", Length: Span{Time: time.Hour}}
	bounded := weekly
	bounded.Until = at(t, "2026-11-21 12:30:00 +0000")
	rows := []struct {
		name    string
		silence Silence
		ask     time.Time
		want    SilenceStatus
	}{
		{"before", once, begin.Add(-time.Second), SilenceWaiting},
		{"at its begin", once, begin, SilenceActive},
		{"at its end", once, end, SilenceOver},
		{"before it was ended early", ended, begin.Add(59 * time.Minute), SilenceActive},
		{"when it was ended early", ended, begin.Add(time.Hour), SilenceOver},
		{"ended before it began", never, begin.Add(-time.Hour), SilenceOver},
		{"recurring in a window", weekly, begin, SilenceActive},
		{"recurring between two", weekly, begin.Add(time.Hour), SilenceWaiting},
		{"recurring in its last window", bounded, begin, SilenceActive},
		{"recurring after its last", bounded, begin.Add(30 * time.Minute), SilenceOver},
		{"recurring whose last window is cut short", bounded, begin.Add(29 * time.Minute), SilenceActive},
	}
	for _, row := range rows {
		times, err := row.silence.Times()
		if err != nil {
			t.Fatal(err)
		}
		if got := times.Status(row.ask); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
}

func TestValidateSilence_NamesFieldAndFix(t *testing.T) {
	now := at(t, "2026-11-21 12:00:00 +0000")
	good := Silence{Matches: Match{Group: "shop"}, From: now, Until: now.Add(time.Hour), Reason: "deploy"}
	weekly := Silence{Matches: Match{Group: "shop"}, Schedule: "0 22 * * 5", Zone: "Europe/Berlin", Length: Span{Time: 8 * time.Hour}, Reason: "backups"}
	for name, s := range map[string]Silence{"one-off": good, "recurring": weekly} {
		if err := ValidateSilence(s, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	rows := []struct {
		name, field, text string
		base              Silence
		change            func(*Silence)
	}{
		{"nothing matched", "matches", "say what", good, func(s *Silence) { s.Matches = Match{} }},
		{"everything and more", "everything", "leave out", good, func(s *Silence) { s.Matches.Everything = true }},
		{"group", "group", "not a path", good, func(s *Silence) { s.Matches.Group = "/shop/" }},
		{"label", "labels", "not a label name", good, func(s *Silence) { s.Matches.Labels = map[string]string{"1x": ""} }},
		{"monitor", "monitors", "no number", good, func(s *Silence) { s.Matches.Monitors = []int64{-1} }},
		{"no reason", "reason", "say why", good, func(s *Silence) { s.Reason = " " }},
		{"long reason", "reason", "more than 500", good, func(s *Silence) { s.Reason = strings.Repeat("x", 501) }},
		{"no end", "until", "say when it ends", good, func(s *Silence) { s.Until = time.Time{} }},
		{"over already", "until", "over already", good, func(s *Silence) { s.Until = now }},
		{"backwards", "until", "before it begins", good, func(s *Silence) { s.From = s.Until.Add(time.Hour) }},
		{"two years", "until", "more than a year", good, func(s *Silence) { s.Until = now.AddDate(2, 0, 0) }},
		{"crontab", "schedule", "hour", weekly, func(s *Silence) { s.Schedule = "0 25 * * *" }},
		{"zone", "timezone", "Europe/Berlin", weekly, func(s *Silence) { s.Zone = "Berlin" }},
		{"no length", "duration", "8h", weekly, func(s *Silence) { s.Length = Span{} }},
		{"too long a window", "duration", "31d", weekly, func(s *Silence) { s.Length = Span{Days: 32} }},
		{"never pauses", "duration", "never end", weekly, func(s *Silence) { s.Schedule, s.Length = "0 * * * *", Span{Time: time.Hour} }},
		{"never pauses by days", "duration", "never end", weekly, func(s *Silence) { s.Schedule, s.Length = "0 22 * * *", Span{Days: 1} }},
		{"no window any more", "schedule", "no window", weekly, func(s *Silence) { s.Schedule = "0 0 22 ? * 6 2025" }},
	}
	for _, row := range rows {
		s := row.base
		row.change(&s)
		found := false
		for _, e := range AllFieldErrors(ValidateSilence(s, now)) {
			found = found || e.Field == row.field && strings.Contains(e.Message, row.text)
		}
		if !found {
			t.Errorf("%s: %v, want %q about %s", row.name, ValidateSilence(s, now), row.text, row.field)
		}
	}
}

func TestParseSpan_ReadsWhatItWrites(t *testing.T) {
	for text, want := range map[string]string{"8h": "8h", "90m": "1h30m", "2d": "2d", "1d12h": "1d12h", " 1d 12h ": "1d12h", "20s": "20s"} {
		s, err := ParseSpan(text)
		if err != nil || s.String() != want {
			t.Errorf("ParseSpan(%q) = %v, %v, want %s", text, s, err, want)
		}
	}
	for _, text := range []string{"", "8", "d", "0d", "-1d", "+1d", "1.5d", "-8h", "0h", "1h1d", "8 hours", "1d0s", "1ms", "99999999d"} {
		if s, err := ParseSpan(text); err == nil {
			t.Errorf("ParseSpan(%q) = %v, want an error", text, s)
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	f.Add("1d12h")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSpan(text)
		if err != nil {
			return
		}
		again, err := ParseSpan(s.String())
		if err != nil || again != s {
			t.Errorf("%q is read as %v, which is written %q and read as %v, %v", text, s, s.String(), again, err)
		}
	})
}

func TestSilence_SaysWhatAndWhen(t *testing.T) {
	match := Match{Monitors: []int64{3, 4, 9}, Group: "shop", Labels: map[string]string{"team": "web", "a": "b"}}
	if got, want := match.String(), "monitors 3, 4 and 9 in group shop with a=b, team=web"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	match = Match{Monitors: []int64{3}, Subjects: []Subject{{KindRule, "disk"}}}
	if got, want := match.String(), "monitor 3 and rule/disk"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	weekly := Silence{Schedule: "0 22 * * 5", Zone: "Europe/Berlin", Length: Span{Time: 8 * time.Hour}, Until: at(t, "2026-12-31 00:00:00 +0000")}
	if got, want := weekly.When(time.UTC), "At 22:00 on Friday, for 8h, Europe/Berlin, until 2026-12-31 00:00:00 UTC"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

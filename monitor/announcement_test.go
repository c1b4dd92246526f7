package monitor

import (
	"strings"
	"testing"
	"time"
)

func TestAnnouncement_StatusFollowsItsTimes(t *testing.T) {
	begin := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	end := begin.Add(time.Hour)
	for _, tc := range []struct {
		name  string
		until time.Time
		at    time.Time
		want  SilenceStatus
	}{
		{"before", end, begin.Add(-time.Second), SilenceWaiting},
		{"at its begin", end, begin, SilenceActive},
		{"at its end", end, end, SilenceOver},
		{"without an end", time.Time{}, end.AddDate(9, 0, 0), SilenceActive},
		{"taken back before it began", begin.Add(-time.Hour), begin.Add(-time.Minute), SilenceOver},
	} {
		if got := (Announcement{From: begin, Until: tc.until}).Status(tc.at); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestValidateAnnouncement_NamesWhatIsWrong(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	good := Announcement{Kind: AnnounceWarning, Text: "The database moves tonight.", From: now, Until: now.Add(time.Hour)}
	for field, spoil := range map[string]func(*Announcement){
		"":      func(a *Announcement) { a.Until = time.Time{} },
		"text":  func(a *Announcement) { a.Text = " " },
		"text ": func(a *Announcement) { a.Text = strings.Repeat("ä", 501) },
		"text_": func(a *Announcement) { a.Text = "two\nlines" },
		"kind":  func(a *Announcement) { a.Kind = "loud" },
		"from":  func(a *Announcement) { a.From, a.Until = time.Time{}, time.Time{} },
		"from ": func(a *Announcement) { a.From, a.Until = now.AddDate(2, 0, 0), time.Time{} },
		"until": func(a *Announcement) { a.From, a.Until = now.Add(-time.Hour), now },
		"until ": func(a *Announcement) {
			a.From = now.Add(2 * time.Hour)
		},
		"until_": func(a *Announcement) { a.Until = now.AddDate(2, 0, 0) },
	} {
		a := good
		spoil(&a)
		errs := AllFieldErrors(ValidateAnnouncement(a, now))
		want := strings.TrimRight(field, " _")
		if want == "" && len(errs) > 0 || want != "" && (len(errs) != 1 || errs[0].Field != want) {
			t.Errorf("%q: got %v", field, errs)
		}
	}
}

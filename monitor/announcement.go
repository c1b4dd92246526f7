package monitor

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Announcement is a sentence that people put on top of every page for a while: work
// that is planned, trouble that is known, or that it is over.
type Announcement struct {
	ID        int64
	Version   int              // starts at 1, and grows by one with each change
	Kind      AnnouncementKind // how it looks; it has no bearing on levels or alerts
	Text      string           // plain, one paragraph
	From      time.Time        // when it appears, never zero
	Until     time.Time        // when it goes; zero: when somebody ends it
	Author    string           // who wrote it
	CreatedAt time.Time
	UpdatedAt time.Time // when it was last changed
	UpdatedBy string
}

// AnnouncementKind is what an announcement is about.
type AnnouncementKind string

// The kinds of announcements.
const (
	AnnounceInfo     AnnouncementKind = "info"
	AnnounceOK       AnnouncementKind = "ok" // something works again
	AnnounceWarning  AnnouncementKind = "warning"
	AnnounceCritical AnnouncementKind = "critical"
)

// AnnouncementKinds returns all kinds, the calmest first.
func AnnouncementKinds() []AnnouncementKind {
	return []AnnouncementKind{AnnounceInfo, AnnounceOK, AnnounceWarning, AnnounceCritical}
}

// Status says how an announcement stands at a time, in the words for silences.
func (a Announcement) Status(at time.Time) SilenceStatus {
	switch {
	case !a.Until.IsZero() && !a.Until.After(at):
		return SilenceOver
	case a.From.After(at):
		return SilenceWaiting
	}
	return SilenceActive
}

// Shown reports whether an announcement that is over ever stood on a page: one that
// was taken back before it began did not.
func (a Announcement) Shown() bool { return a.Until.IsZero() || a.Until.After(a.From) }

const (
	maxAnnouncement     = 500                  // characters
	maxAnnouncementSpan = 366 * 24 * time.Hour // from now to the begin, and from there to the end
)

// ValidateAnnouncement looks at an announcement that is to be saved at the given
// time, and returns everything that is wrong with it as FieldErrors, or nil.
func ValidateAnnouncement(a Announcement, at time.Time) error {
	var v validation
	v.check(strings.TrimSpace(a.Text) != "", "text", "say what everybody should know")
	v.check(utf8.RuneCountInString(a.Text) <= maxAnnouncement, "text", "the text has more than %d characters; say the rest where people can read it, and give its address", maxAnnouncement)
	v.check(!strings.ContainsFunc(a.Text, unicode.IsControl), "text", "write one paragraph, without line breaks or other control characters")
	v.check(slices.Contains(AnnouncementKinds(), a.Kind), "kind", "%s is no kind; write info, ok, warning or critical", quoteCut(string(a.Kind)))
	v.check(!a.From.IsZero(), "from", "say when it appears")
	v.check(a.From.Sub(at) <= maxAnnouncementSpan, "from", "it appears more than a year from now; announce it later")
	if !a.Until.IsZero() {
		v.check(a.Until.After(at), "until", "this is over already; give a time to come, or none")
		v.check(a.Until.After(a.From), "until", "it ends before it appears")
		v.check(a.Until.Sub(a.From) <= maxAnnouncementSpan, "until", "it stands for more than a year; nobody reads it that long")
	}
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

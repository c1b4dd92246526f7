package store

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"wingmirror/monitor"
)

func announce(t *testing.T, db *DB, text string, until time.Time) monitor.Announcement {
	t.Helper()
	a := monitor.Announcement{Kind: monitor.AnnounceWarning, Text: text, From: start, Until: until}
	saved, err := db.SaveAnnouncement(t.Context(), a, "ann", start)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func TestAnnouncements_ThoseThatAreOverAreInTheArchiveOnly(t *testing.T) {
	db := openNew(t)
	over := announce(t, db, "over", start.Add(time.Hour))
	open := announce(t, db, "until somebody ends it", time.Time{})
	later := announce(t, db, "tomorrow", start.Add(24*time.Hour))
	got, err := db.Announcements(t.Context(), start.Add(time.Hour))
	if err != nil || !reflect.DeepEqual(got, []monitor.Announcement{later, open}) {
		t.Errorf("got %+v, %v", got, err)
	}
	first, err := db.AllAnnouncements(t.Context(), 0, 2)
	if err != nil || !reflect.DeepEqual(first, []monitor.Announcement{later, open}) {
		t.Errorf("first page: got %+v, %v", first, err)
	}
	second, err := db.AllAnnouncements(t.Context(), open.ID, 2)
	if err != nil || !reflect.DeepEqual(second, []monitor.Announcement{over}) {
		t.Errorf("second page: got %+v, %v", second, err)
	}
}

func TestSweep_RemovesAnnouncementsThatAreLongOver(t *testing.T) {
	db := openNew(t)
	announce(t, db, "over", start.Add(time.Hour))
	open := announce(t, db, "until somebody ends it", time.Time{})
	young := announce(t, db, "over for a moment", start.Add(3*time.Hour))
	swept, err := db.Sweep(t.Context(), Retention{Incidents: time.Hour}, start.Add(4*time.Hour))
	if err != nil || swept.Announcements != 1 {
		t.Errorf("got %+v, %v", swept, err)
	}
	if left, err := db.AllAnnouncements(t.Context(), 0, 9); err != nil || !reflect.DeepEqual(left, []monitor.Announcement{young, open}) {
		t.Errorf("left: %+v, %v", left, err)
	}
}

func TestSaveAnnouncement_KeepsItsAuthorAndRefusesAnOldVersion(t *testing.T) {
	db := openNew(t)
	first := announce(t, db, "work at 10", time.Time{})
	edited := first
	edited.Text, edited.Author = "work at 11", "eve"
	at := start.Add(time.Minute)
	second, err := db.SaveAnnouncement(t.Context(), edited, "bob", at)
	want := first
	want.Version, want.Text, want.UpdatedAt, want.UpdatedBy = 2, "work at 11", at, "bob"
	if err != nil || !reflect.DeepEqual(second, want) {
		t.Errorf("got %+v, %v\nwant %+v", second, err, want)
	}
	if got, err := db.Announcement(t.Context(), first.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v", got, err)
	}
	if _, err := db.SaveAnnouncement(t.Context(), edited, "bob", at); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("an old version: got %v", err)
	}
	edited.ID = 99
	if _, err := db.SaveAnnouncement(t.Context(), edited, "bob", at); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("one that is not there: got %v", err)
	}
	if _, err := db.Announcement(t.Context(), 99); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("read one that is not there: got %v", err)
	}
}

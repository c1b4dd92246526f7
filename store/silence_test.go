package store

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"wingmirror/monitor"
)

func weekly() monitor.Silence {
	return monitor.Silence{
		Matches:  monitor.Match{Monitors: []int64{3, 4}, Subjects: []monitor.Subject{{Kind: monitor.KindHeartbeat, Key: "a/b"}}, Group: "shop", Labels: map[string]string{"team": "web"}},
		Schedule: "0 22 * * 5", Zone: "Europe/Berlin", Length: monitor.Span{Days: 1, Time: 90 * time.Minute}, Reason: "backups", Author: "ann",
	}
}

func onceUntil(until time.Time) monitor.Silence {
	return monitor.Silence{Matches: monitor.Match{Everything: true}, From: start, Until: until, Reason: "move", Author: "ann"}
}

func saveSilence(t *testing.T, db *DB, s monitor.Silence) monitor.Silence {
	t.Helper()
	saved, err := db.SaveSilence(t.Context(), s, start)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func TestSilence_ComesBackAsItWasSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := openAt(t, path)
	for _, s := range []monitor.Silence{weekly(), onceUntil(start.Add(time.Hour))} {
		saved := saveSilence(t, db, s)
		want := s
		want.ID, want.Version, want.CreatedAt, want.UpdatedAt = saved.ID, 1, start, start
		got, err := db.Silence(t.Context(), saved.ID)
		if err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(saved, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
	if _, err := db.Silence(t.Context(), 99); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("got %v for one that is not there", err)
	}
}

func TestSaveSilence_RefusesAnOldVersion(t *testing.T) {
	db := openNew(t)
	first := saveSilence(t, db, weekly())
	edited := first
	edited.Reason, edited.Author, edited.CreatedAt = "more backups", "eve", start.Add(time.Hour)
	second, err := db.SaveSilence(t.Context(), edited, start.Add(time.Minute))
	if err != nil || second.Version != 2 || second.Reason != "more backups" || second.Author != "ann" || !second.CreatedAt.Equal(start) || !second.UpdatedAt.Equal(start.Add(time.Minute)) {
		t.Errorf("got %+v, %v", second, err)
	}
	if _, err := db.SaveSilence(t.Context(), edited, start); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("got %v for version 1, want ErrConflict", err)
	}
	edited.ID = 99
	if _, err := db.SaveSilence(t.Context(), edited, start); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("got %v for one that is not there", err)
	}
}

func TestEndSilence_IsForGood(t *testing.T) {
	db := openNew(t)
	s := saveSilence(t, db, weekly())
	ended, err := db.EndSilence(t.Context(), s.ID, "bob", start.Add(time.Hour))
	if err != nil || ended.Version != 2 || ended.EndedBy != "bob" || !ended.EndedAt.Equal(start.Add(time.Hour)) {
		t.Fatalf("got %+v, %v", ended, err)
	}
	if _, err := db.EndSilence(t.Context(), s.ID, "eve", start.Add(2*time.Hour)); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("ended twice: %v", err)
	}
	if _, err := db.SaveSilence(t.Context(), ended, start.Add(2*time.Hour)); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("changed after its end: %v", err)
	}
	past := saveSilence(t, db, onceUntil(start.Add(time.Minute)))
	if _, err := db.EndSilence(t.Context(), past.ID, "bob", start.Add(time.Minute)); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("one that was over was ended: %v", err)
	}
}

func TestSilences_KeepsAllThatCanStillHold(t *testing.T) {
	db := openNew(t)
	recurring := saveSilence(t, db, weekly())
	for range 5 {
		saveSilence(t, db, onceUntil(start.Add(time.Minute)))
	}
	current := saveSilence(t, db, onceUntil(start.Add(time.Hour)))
	all, err := db.Silences(t.Context(), start.Add(time.Minute), 2)
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	if want := []int64{current.ID, 6, 5, recurring.ID}; !reflect.DeepEqual(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
}

package store

import (
	"slices"
	"testing"
	"time"

	"wingmirror/monitor"
)

// Helper files are needed as long as a run can be made again that saw them.
func TestSweep_HelperFilesGoWithTheLastRunThatSawThem(t *testing.T) {
	db := openNew(t)
	first, second := newMonitor(t, db, "a"), newMonitor(t, db, "b")
	day := func(n int) time.Time { return start.AddDate(0, 0, n) }
	inForce := func(hash string, at time.Time) {
		t.Helper()
		if err := db.SaveLibrary(t.Context(), hash, []LibraryFile{{Name: "a.js", Source: "// " + hash}}, at); err != nil {
			t.Fatal(err)
		}
	}
	versions := map[int64]int64{}
	record := func(m monitor.Monitor, library string, at time.Time) {
		t.Helper()
		c := commitOf(m, at, monitor.OK, versions[m.ID])
		versions[m.ID] = 1
		rec := typicalRecording()
		rec.Library = library
		c.Recording, c.Detail, c.Run.Kept = rec, typicalDetail(), true
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	inForce("one", day(0))
	record(first, "one", day(0))
	inForce("unseen", day(1))
	inForce("two", day(2))
	record(second, "two", day(0))
	for i := range 250 { // more than one page of them names neither
		record(first, "", day(2).Add(time.Duration(i)*time.Minute))
	}
	inForce("unseen", day(3))
	inForce("", day(4))
	kept := func(step string, want ...string) {
		t.Helper()
		var have []string
		if err := db.read.Raw(`SELECT hash FROM libraries ORDER BY hash`).Scan(&have).Error; err != nil || !slices.Equal(have, want) {
			t.Errorf("%s: kept are %q, %v, want %q", step, have, err, want)
		}
	}
	for _, row := range []struct {
		step string
		keep time.Duration
		at   time.Time
		gone int64
		left []string
	}{
		{"a run may be on its way", 0, day(4).Add(time.Minute), 0, []string{"one", "two", "unseen"}},
		{"nothing was made with it", 0, day(4).Add(2 * time.Hour), 1, []string{"one", "two"}},
		{"the runs are gone", 24 * time.Hour, day(10), 2, nil},
	} {
		got, err := db.Sweep(t.Context(), Retention{Runs: row.keep}, row.at)
		if err != nil || got.Libraries != row.gone {
			t.Errorf("%s: %d went, %v, want %d", row.step, got.Libraries, err, row.gone)
		}
		kept(row.step, row.left...)
	}
	inForce("two", day(11))
	if _, err := db.Sweep(t.Context(), Retention{}, day(20)); err != nil {
		t.Fatal(err)
	}
	kept("it is in force", "two")
}

package store

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wingmirror/monitor"
)

// typicalRecording is what a run over two series of an hour sees.
func typicalRecording() *monitor.Recording {
	r := &monitor.Recording{
		Version: 1, Window: monitor.Window{From: 1338838770, Until: 1338842370}, Library: "a1", Program: "1.0", Digest: "d",
		Previous: monitor.Previous{Level: monitor.Critical, Since: start, Runs: 7, Message: "too low"}, Limits: monitor.Limits{CPU: time.Second},
	}
	for _, name := range []string{"stats.impressions", "stats.conversions"} {
		s := monitor.Series{Label: name, Start: 1338838830, Step: 60}
		for i := range 60 {
			s.Values = append(s.Values, math.Sin(float64(i))*100)
		}
		r.Targets = append(r.Targets, monitor.Fetched{Target: name, Status: monitor.StatusOK, Series: []monitor.Series{s}})
	}
	return r
}

func TestRecording_ComesBackWhole(t *testing.T) {
	for name, change := range map[string]func(*monitor.Recording){
		"typical": func(*monitor.Recording) {},
		"empty":   func(r *monitor.Recording) { *r = monitor.Recording{} },
		"odd": func(r *monitor.Recording) {
			r.Targets[0].Series[0].Values = []float64{math.NaN(), math.Inf(1), math.Copysign(0, -1), 5e-324, math.MaxFloat64}
			r.Targets[1] = monitor.Fetched{Target: "x", Status: monitor.StatusFailed, Reason: "no"}
			r.Previous = monitor.Previous{}
		},
	} {
		want := typicalRecording()
		change(want)
		got, err := unpackRecording(packRecording(*want))
		want.Version = 0 // stands in a column
		if diff := cmp.Diff(*want, got, cmpopts.EquateNaNs()); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if name == "odd" && !math.Signbit(got.Targets[0].Series[0].Values[2]) {
			t.Error("the sign of zero is lost")
		}
	}
}

func FuzzUnpackRecording(f *testing.F) {
	f.Add(packRecording(*typicalRecording()))
	f.Fuzz(func(t *testing.T, blob []byte) {
		if r, err := unpackRecording(blob); err == nil {
			if _, err := unpackRecording(packRecording(r)); err != nil {
				t.Error("it is read, and cannot be read again", err)
			}
		}
	})
}

// recordRuns stores n runs of a monitor, a minute apart, the third of them kept.
func recordRuns(t *testing.T, db *DB, m monitor.Monitor, n int) {
	t.Helper()
	for i := range n {
		c := commitOf(m, start.Add(time.Duration(i)*time.Minute), monitor.OK, int64(min(i, 1)))
		c.Detail, c.Recording = typicalDetail(), typicalRecording()
		c.Run.Kept = i == 2
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecording_OutputAndGraphStayWithIt(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	recordRuns(t, db, m, 5)
	for i := range 5 {
		at := start.Add(time.Duration(i) * time.Minute)
		_, detail, err := db.Run(t.Context(), m.ID, at)
		if err != nil || detail == nil || detail.Output != typicalDetail().Output {
			t.Errorf("run %d: %v, %v", i, detail, err)
		}
		rec, err := db.Recording(t.Context(), m.ID, at)
		if err != nil || len(rec.Targets) != 2 || !rec.At.Equal(at) || rec.Version != m.Version || rec.Previous.Runs != 7 {
			t.Errorf("run %d: %+v, %v", i, rec, err)
		}
	}
	if _, detail, err := db.LastRun(t.Context(), m.ID); err != nil || detail == nil {
		t.Error("the last run has no graph", err)
	}
}

func TestSweepRecordings_NewestAndKeptStay(t *testing.T) {
	db := openNew(t)
	m, other := newMonitor(t, db, "a"), newMonitor(t, db, "b")
	recordRuns(t, db, m, 300)
	recordRuns(t, db, other, 3)
	gone, err := db.SweepRecordings(t.Context(), KeepRecordings{Newest: 10})
	if err != nil || gone != 289 {
		t.Fatalf("%d went, %v; want all but 10 and the kept one", gone, err)
	}
	left, err := db.RecordedAt(t.Context(), m.ID, start, start.Add(time.Hour*24))
	if err != nil || len(left) != 11 || !left[0].Equal(start.Add(2*time.Minute)) || !left[10].Equal(start.Add(299*time.Minute)) {
		t.Errorf("left are %v, %v", left, err)
	}
	if rest, err := db.Recordings(t.Context(), other.ID, time.Time{}, 10); err != nil || len(rest) != 3 {
		t.Errorf("the other monitor has %d, %v", len(rest), err)
	}
}

func TestSweepRecordings_BytesAreBounded(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	recordRuns(t, db, m, 250)
	before, err := db.RecordingStats(t.Context())
	if err != nil || before.Count != 250 {
		t.Fatal(before, err)
	}
	if _, err := db.SweepRecordings(t.Context(), KeepRecordings{Bytes: before.Bytes / 10}); err != nil {
		t.Fatal(err)
	}
	after, err := db.RecordingStats(t.Context())
	if err != nil || after.Bytes > before.Bytes/10 {
		t.Errorf("%d of %d bytes are left, %v", after.Bytes, before.Bytes, err)
	}
	left, err := db.RecordedAt(t.Context(), m.ID, start, start.Add(24*time.Hour))
	if err != nil || len(left) == 0 || !left[0].Equal(start.Add(2*time.Minute)) {
		t.Errorf("what changed something must go last; the oldest left is %v, %v", left[:1], err)
	}
}

func TestSweep_RecordingsGoWithTheirRuns(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	recordRuns(t, db, m, 20)
	if _, err := db.Sweep(t.Context(), Retention{Runs: time.Hour}, start.Add(time.Hour+10*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if left, err := db.Recordings(t.Context(), m.ID, time.Time{}, 100); err != nil || len(left) != 10 {
		t.Errorf("%d are left, %v", len(left), err)
	}
}

func TestLibrary_ComesBackByHash(t *testing.T) {
	db := openNew(t)
	files := []LibraryFile{{Name: "a.js", Source: "function f() {}"}}
	for range 2 {
		if err := db.SaveLibrary(t.Context(), "h", files, start); err != nil {
			t.Fatal(err)
		}
	}
	got, err := db.Library(t.Context(), "h")
	if diff := cmp.Diff(files, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if _, err := db.Library(t.Context(), "no"); err == nil {
		t.Error("there is no such library")
	}
}

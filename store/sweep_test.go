package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

// count returns how many rows a table has.
func count(t *testing.T, db *DB, table string) int {
	t.Helper()
	var n int
	if err := db.read.Raw(`SELECT COUNT(*) FROM ` + table).Row().Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSweep_OneThatWasCutShortLeavesNothingBehind(t *testing.T) {
	db := openNew(t)
	gone := newMonitor(t, db, "gone")
	c := commitOf(gone, start, monitor.OK, 0)
	c.Run.Kept, c.Recording = true, &monitor.Recording{Monitor: gone.ID, At: start}
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := db.DeleteMonitor(t.Context(), gone.ID, "", start); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"recordings", "kept_details", "runs"} {
		if err := db.write.Exec(`CREATE TRIGGER stop BEFORE DELETE ON ` + table + ` BEGIN SELECT RAISE(ABORT, 'cut short'); END`).Error; err != nil {
			t.Fatal(err)
		}
		if _, err := db.Sweep(t.Context(), Retention{}, start.Add(time.Hour)); err == nil {
			t.Error("nothing was removed from", table)
		}
		if err := db.write.Exec(`DROP TRIGGER stop`).Error; err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Sweep(t.Context(), Retention{}, start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"recordings", "kept_details", "runs"} {
		if n := count(t, db, table); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
}

func TestSweep_LabelsKeepTheSpanOfTheirIncident(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	fire(t, db, m, "k", start)
	if _, err := db.SaveLabel(t.Context(), monitor.Label{Monitor: m.ID, Incident: 1, Verdict: monitor.LabelTrue, From: start, At: start}); err != nil {
		t.Fatal(err)
	}
	if err := db.SetActive(t.Context(), []int64{m.ID}, false, "ann", start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	got, err := db.Sweep(t.Context(), Retention{Incidents: time.Hour}, start.Add(24*time.Hour))
	if err != nil || got.Incidents != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if all, err := db.LabelsOf(t.Context(), m.ID); err != nil || len(all) != 1 || !all[0].Until.Equal(start.Add(time.Minute)) {
		t.Errorf("got %+v, %v, want it to end with its incident", all, err)
	}
}

func TestSweep_StatesThatAreWellAreForgotten(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	if err := db.Commit(t.Context(), commitOf(m, start, monitor.OK, 0)); err != nil {
		t.Fatal(err)
	}
	day := 24 * time.Hour
	for key, s := range map[string]monitor.State{
		"full/old":  {Level: monitor.OK, At: start},
		"full/new":  {Level: monitor.OK, At: start.Add(60 * day)},
		"full/bad":  {Level: monitor.Critical, At: start}, // nobody is told of it, and should be when it comes back
		"full/open": {Level: monitor.Unknown, At: start, Open: &monitor.Open{Key: "k", OpenedAt: start}},
	} {
		s.Subject = monitor.Subject{Kind: monitor.KindRule, Key: key}
		if err := db.Commit(t.Context(), monitor.Commit{State: s}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := db.Sweep(t.Context(), Retention{Runs: 30 * day}, start.Add(61*day))
	if err != nil || got.States != 1 || count(t, db, "states") != 4 {
		t.Errorf("got %+v, %v, %d left, want one to go", got, err, count(t, db, "states"))
	}
}

func TestSweep_ShadowsThatAreOverGoWithTheirRuns(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	for i := range 2 {
		begun := start.Add(time.Duration(i) * 1000 * time.Hour)
		s, err := db.StartShadow(t.Context(), monitor.Shadow{Monitor: m, Started: begun, Ends: begun.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.RecordShadow(t.Context(), s.ID, monitor.Outcome{At: begun, Level: monitor.OK}, 0); err != nil {
			t.Fatal(err)
		}
	}
	got, err := db.Sweep(t.Context(), Retention{Runs: 24 * time.Hour}, start.Add(1002*time.Hour))
	if err != nil || got.Shadows != 1 || count(t, db, "shadow_runs") != 1 {
		t.Errorf("got %+v, %v, %d runs left", got, err, count(t, db, "shadow_runs"))
	}
}

func TestRuleFiles_ABoundedNumberIsKept(t *testing.T) {
	db := openNew(t)
	for base := range keepRuleFiles + 3 {
		if _, err := db.SaveRuleFile(t.Context(), fmt.Sprint("text ", base), "ann", base, start); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, db, "rule_files"); n != keepRuleFiles {
		t.Errorf("%d versions are kept, want %d", n, keepRuleFiles)
	}
}

func TestSweepHistograms_RegressionsAndReceivedAlertsGoWithTheirTime(t *testing.T) {
	db := openNew(t)
	shape := distribution.Histogram{Edges: []float64{0, 1}, Counts: []float64{1}}
	for day := range 20 {
		at := may(1).AddDate(0, 0, day)
		if err := db.PutPeriods(t.Context(), "A", []monitor.HistogramPeriod{{At: at, Span: 24 * time.Hour, Histogram: shape}}, false, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, day := range []int{1, 12} {
		r := monitor.Regression{Name: "A", At: may(day), Span: 24 * time.Hour, Method: "default", Shape: monitor.StepChange, Before: shape, After: shape}
		if _, err := db.MergeRegressions(t.Context(), "A", []monitor.Regression{r}, 7, may(day)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.AddDetector(t.Context(), monitor.Detector{Name: "D"}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.AddDetectorMetric(t.Context(), monitor.DetectorMetric{Detector: 1, Name: "M"}); err != nil {
		t.Fatal(err)
	}
	for _, date := range []string{"2026-05-09", "2026-05-10"} {
		if _, err := db.AddDetectorAlert(t.Context(), monitor.DetectorAlert{Metric: 1, Date: date}, nil, start); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.SweepHistograms(t.Context(), may(10)); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int{"histogram_periods": 11, "histogram_regressions": 1, "medusa_alerts": 1, "medusa_metrics": 1, "histogram_layouts": 1} {
		if n := count(t, db, table); n != want {
			t.Errorf("%d rows of %s are left, want %d", n, table, want)
		}
	}
	if err := db.SweepHistograms(t.Context(), may(31)); err != nil || count(t, db, "histogram_layouts") != 0 {
		t.Errorf("%v, %d layouts that nothing uses are left", err, count(t, db, "histogram_layouts"))
	}
}

func TestOutbox_AttemptsOfOneNoticeAreBounded(t *testing.T) {
	db := openNew(t)
	fire(t, db, newMonitor(t, db, "a"), "k", start, "mailto:a@b.c")
	for i := range 100 {
		at := start.Add(time.Duration(i) * time.Minute)
		tried(t, db, monitor.Attempt{Notice: 1, At: at, Outcome: monitor.AttemptRetry, RetryAt: at.Add(time.Minute), Error: "451"})
	}
	n, attempts, err := db.Notice(t.Context(), 1)
	if err != nil || n.Attempts != 100 || len(attempts) != keepFirst+keepLast || attempts[0].ID != 1 || attempts[keepFirst].ID != 61 || attempts[49].ID != 100 {
		t.Errorf("got %d attempts, %d of them kept, %v", n.Attempts, len(attempts), err)
	}
}

func TestOutbox_ARepeatTakesThePlaceOfOneThatWaits(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	fire(t, db, m, "k", start, "mailto:a@b.c", "mailto:other@b.c")
	repeat := func(i int) {
		t.Helper()
		state, err := db.State(t.Context(), m.Subject())
		if err != nil {
			t.Fatal(err)
		}
		at := start.Add(time.Duration(i) * time.Hour)
		c := monitor.Commit{State: state, Incident: &monitor.Incident{Key: "k", Subject: m.Subject(), OpenedAt: start}}
		for _, to := range []monitor.Destination{"mailto:a@b.c", "mailto:other@b.c"} {
			c.Notices = append(c.Notices, monitor.Notice{
				Incident: "k", Destination: to, CreatedAt: at, NextAt: at,
				Message: monitor.Message{Kind: monitor.NoticeRepeat, Subject: m.Subject(), Text: fmt.Sprint("hour ", i), At: at},
			})
		}
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	repeat(1) // 3 and 4
	tried(t, db, monitor.Attempt{Notice: 2, At: start, Outcome: monitor.AttemptDelivered})
	tried(t, db, monitor.Attempt{Notice: 4, At: start.Add(time.Hour), Outcome: monitor.AttemptDelivered})
	repeat(2) // a new one for whom the last one reached
	all, err := db.Notices(t.Context(), NoticeFilter{})
	if err != nil || len(all) != 5 {
		t.Fatalf("got %d notices, %v, want 5", len(all), err)
	}
	if waiting := all[2]; waiting.ID != 3 || waiting.Message.Text != "hour 2" || !waiting.CreatedAt.Equal(start.Add(2*time.Hour)) || waiting.Status != monitor.NoticePending {
		t.Errorf("got %+v, want the one that waits to tell the newest", waiting)
	}
}

// oldRuns adds n copies of the last run of a monitor, a second apart, long ago.
func oldRuns(t testing.TB, db *DB, m monitor.Monitor, n int) {
	t.Helper()
	var columns []string
	if err := db.read.Raw(`SELECT name FROM pragma_table_info('runs') WHERE name <> 'scheduled_at'`).Scan(&columns).Error; err != nil {
		t.Fatal(err)
	}
	rest := strings.Join(columns, ", ")
	err := db.write.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO runs (scheduled_at, `+rest+`) SELECT 1000 * i, `+rest+` FROM n, (SELECT * FROM runs WHERE monitor_id = ? LIMIT 1)`, n, m.ID).Error
	if err != nil {
		t.Fatal(err)
	}
}

// A run that ends during a sweep waits for one of its short transactions, not for
// all of them.
func TestSweep_RunsAreStoredMeanwhile(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	if err := db.Commit(t.Context(), commitOf(m, start, monitor.OK, 0)); err != nil {
		t.Fatal(err)
	}
	const chunks = 40
	oldRuns(t, db, m, chunks*sweepChunk)
	done := make(chan error, 1)
	go func() {
		_, err := db.Sweep(t.Context(), Retention{Runs: time.Hour}, start)
		done <- err
	}()
	for stored := 0; ; stored++ {
		select {
		case err := <-done:
			if err != nil || stored < 5 || count(t, db, "runs") != stored+1 {
				t.Errorf("%v; %d runs were stored during %d transactions, %d are there", err, stored, chunks, count(t, db, "runs"))
			}
			return
		default:
		}
		if err := db.Commit(t.Context(), commitOf(m, start.Add(time.Duration(stored+1)*time.Minute), monitor.OK, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

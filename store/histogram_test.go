package store

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

func may(day int) time.Time { return time.Date(2026, 5, day, 0, 0, 0, 0, time.UTC) }

func period(day int, edges, counts []float64) monitor.HistogramPeriod {
	return monitor.HistogramPeriod{At: may(day), Span: 24 * time.Hour, Submissions: 2, Histogram: distribution.Histogram{Edges: edges, Counts: counts}}
}

func TestPeriods_AreReadAsTheyWereStored(t *testing.T) {
	db := openNew(t)
	inf := math.Inf(1)
	want := []monitor.HistogramPeriod{
		period(1, []float64{-inf, 0.1, 1e-9 + 1, inf}, []float64{1, 2.5, 1e15}),
		period(2, []float64{-inf, 0.1, 1e-9 + 1, inf}, []float64{0, 0, 1.0 / 3}),
		period(3, []float64{0, 1}, []float64{7}),
	}
	if err := db.PutPeriods(t.Context(), "A", []monitor.HistogramPeriod{want[2], want[0], want[1]}, false, may(4)); err != nil {
		t.Fatal(err)
	}
	got, err := db.Periods(t.Context(), "A", may(1))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: got %v, want %v", err, got, want)
	}
	if got, _ = db.Periods(t.Context(), "A", may(2)); len(got) != 2 {
		t.Errorf("since the second: %d periods", len(got))
	}
	if _, err := db.Probe(t.Context(), "A"); err != nil {
		t.Errorf("pushing makes no definition: %v", err)
	}
}

func TestPutPeriods_ReplacesOrAdds(t *testing.T) {
	db := openNew(t)
	put := func(add bool, p monitor.HistogramPeriod) error {
		return db.PutPeriods(t.Context(), "A", []monitor.HistogramPeriod{p}, add, may(4))
	}
	counts := func() []float64 {
		all, err := db.Periods(t.Context(), "A", may(1))
		if err != nil || len(all) != 1 {
			t.Fatalf("%v %v", err, all)
		}
		return all[0].Counts
	}
	edges := []float64{0, 1, 2}
	for _, step := range []struct {
		add  bool
		want []float64
	}{{false, []float64{1, 2}}, {false, []float64{1, 2}}, {true, []float64{2, 4}}} {
		if err := put(step.add, period(1, edges, []float64{1, 2})); err != nil || !reflect.DeepEqual(counts(), step.want) {
			t.Errorf("add %v: %v, %v", step.add, err, counts())
		}
	}
	if err := put(true, period(1, []float64{10, 20, 30, 40, 50}, []float64{1, 1, 1, 1})); !errors.Is(err, monitor.ErrInvalid) {
		t.Errorf("edges with nothing in common: %v", err)
	}
	if err := db.PutPeriods(t.Context(), "a/b", nil, false, may(1)); !errors.Is(err, monitor.ErrInvalid) {
		t.Errorf("a name with a slash: %v", err)
	}
}

func TestMergeRegressions_KeepsWhatPeopleSaid(t *testing.T) {
	db := openNew(t)
	step := monitor.Regression{
		Name: "A", At: may(10), Span: 24 * time.Hour, Seen: may(12), Method: "default", Shape: monitor.StepChange, Moved: monitor.MovedUp,
		Before: distribution.Histogram{Edges: []float64{0, 1}, Counts: []float64{1}}, After: distribution.Histogram{Edges: []float64{0, 1}, Counts: []float64{1}},
	}
	fresh, err := db.MergeRegressions(t.Context(), "A", []monitor.Regression{step}, 7, may(13))
	if err != nil || len(fresh) != 1 || fresh[0].ID == 0 {
		t.Fatalf("%v %v", err, fresh)
	}
	if _, err := db.Judge(t.Context(), fresh[0].ID, monitor.Noise, "a test", "ann", may(13)); err != nil {
		t.Fatal(err)
	}
	step.Recovered = may(20)
	if fresh, err = db.MergeRegressions(t.Context(), "A", []monitor.Regression{step}, 7, may(21)); err != nil || len(fresh) != 0 {
		t.Errorf("again: %v %v", err, fresh)
	}
	got, err := db.Regressions(t.Context(), RegressionFilter{Search: "a"})
	if err != nil || len(got) != 1 || got[0].Verdict != monitor.Noise || !got[0].FoundAt.Equal(may(13)) || !got[0].Recovered.Equal(may(20)) {
		t.Errorf("%v %+v", err, got)
	}
	if all, _ := db.Regressions(t.Context(), RegressionFilter{Verdict: "none"}); len(all) != 0 {
		t.Errorf("unjudged: %v", all)
	}
	if p, err := db.RegressionPrecision(t.Context()); err != nil || len(p) != 1 || p[0] != (Precision{"default", 0, 1, 0}) {
		t.Errorf("%v %v", err, p)
	}
	if _, err := db.Judge(t.Context(), 99, monitor.Noise, "", "ann", may(13)); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("judging nothing: %v", err)
	}
}

func TestDeleteProbe_TakesEverythingOfIt(t *testing.T) {
	db := openNew(t)
	if err := db.PutPeriods(t.Context(), "A", []monitor.HistogramPeriod{period(1, []float64{0, 1}, []float64{7})}, false, may(4)); err != nil {
		t.Fatal(err)
	}
	if err := db.DeleteProbe(t.Context(), "A"); err != nil {
		t.Fatal(err)
	}
	if left, _ := db.Periods(t.Context(), "A", may(1)); len(left) > 0 {
		t.Errorf("periods are left: %v", left)
	}
	if err := db.DeleteProbe(t.Context(), "A"); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
}

func TestReminders_StateAndMailsGoTogether(t *testing.T) {
	db := openNew(t)
	mail := monitor.Mail{Key: "k", To: "ann@example.com", Subject: "s", Body: "b"}
	for range 2 { // the second time queues nothing
		if err := db.CommitReminders(t.Context(), map[string]string{"last": "x"}, []monitor.Mail{mail}, may(1)); err != nil {
			t.Fatal(err)
		}
	}
	due, err := db.DueMails(t.Context(), may(1), 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("%v %v", err, due)
	}
	due[0].SentAt, due[0].NextAt, due[0].Attempts = may(2), time.Time{}, 1
	if err := db.MailTried(t.Context(), due[0]); err != nil {
		t.Fatal(err)
	}
	if due, _ = db.DueMails(t.Context(), may(9), 10); len(due) > 0 {
		t.Errorf("still due: %v", due)
	}
	state := map[string]string{}
	if err := db.ReadReminders(t.Context(), &state); err != nil || state["last"] != "x" {
		t.Errorf("%v %v", err, state)
	}
}

func TestReceived_DuplicatesAreConflicts(t *testing.T) {
	db := openNew(t)
	detector, err := db.AddDetector(t.Context(), monitor.Detector{Name: "D", URL: "u", Date: "2026-05-01"})
	if err != nil || detector != 1 {
		t.Fatalf("%v %v", detector, err)
	}
	if _, err := db.AddDetector(t.Context(), monitor.Detector{Name: "D"}); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("the same name: %v", err)
	}
	metric, err := db.AddDetectorMetric(t.Context(), monitor.DetectorMetric{Detector: 1, Name: "GC_MS", Date: "2026-05-01"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.AddDetectorMetric(t.Context(), monitor.DetectorMetric{Detector: 9, Name: "GC_MS"}); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("no such detector: %v", err)
	}
	for i, want := range []error{nil, monitor.ErrConflict} {
		_, err := db.AddDetectorAlert(t.Context(), monitor.DetectorAlert{Metric: metric, Date: "2026-05-02", Description: "{}"}, nil, may(2))
		if !errors.Is(err, want) {
			t.Errorf("alert %d: %v", i, err)
		}
	}
	alerts, err := db.DetectorAlerts(t.Context(), ReceivedFilter{Detector: 1, Name: "GC%", From: "2026-05-02", To: "2026-05-02"})
	if err != nil || len(alerts) != 1 || alerts[0].MetricName != "GC_MS" || alerts[0].Detector != 1 || alerts[0].Metric != metric {
		t.Errorf("%v %+v", err, alerts)
	}
}

func TestPutPeriods_MakesABoundedNumberOfHistograms(t *testing.T) {
	db := openNew(t)
	err := db.write.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO histograms (name, version, description, kind, unit, better, owners, expires, link, path, labels, ignored, updated_at, updated_by)
		SELECT 'h' || i, 1, '', '', '', '', '[]', '', '', '', '{}', 0, 0, '' FROM n`, maxHistograms).Error
	if err != nil {
		t.Fatal(err)
	}
	period := monitor.HistogramPeriod{At: time.Unix(0, 0).UTC(), Span: time.Hour, Histogram: distribution.Histogram{Edges: []float64{0, 1}, Counts: []float64{1}}}
	if err := db.PutPeriods(t.Context(), "one-more", []monitor.HistogramPeriod{period}, false, time.Unix(0, 0)); !errors.Is(err, monitor.ErrDenied) {
		t.Errorf("one more: %v", err)
	}
	if err := db.PutPeriods(t.Context(), "h7", []monitor.HistogramPeriod{period}, false, time.Unix(0, 0)); err != nil {
		t.Errorf("of one that is there: %v", err)
	}
}

func TestSweepHistograms_EmptiesOldMailsAndSendsNoneAgain(t *testing.T) {
	db := openNew(t)
	mail := monitor.Mail{Key: "k", To: "a@example.com", Subject: "s", Body: "long"}
	at := time.Unix(1000, 0)
	queue := func() {
		t.Helper()
		if err := db.CommitReminders(t.Context(), struct{}{}, []monitor.Mail{mail}, at); err != nil {
			t.Fatal(err)
		}
	}
	queue()
	sent, err := db.DueMails(t.Context(), at, 10)
	if err != nil || len(sent) != 1 {
		t.Fatalf("%v, %v", sent, err)
	}
	sent[0].SentAt, sent[0].NextAt = at, time.Time{}
	if err := db.MailTried(t.Context(), sent[0]); err != nil {
		t.Fatal(err)
	}
	if err := db.SweepHistograms(t.Context(), at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	queue()
	all, err := db.Mails(t.Context(), 10)
	if err != nil || len(all) != 1 || all[0].Body != "" || !all[0].NextAt.IsZero() {
		t.Errorf("%+v, %v", all, err)
	}
}

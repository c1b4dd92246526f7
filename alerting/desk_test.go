package alerting

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

func openStore(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "test.db"), Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newDesk(db *store.DB) *Desk {
	return NewDesk(DeskOptions{Ledger: db, Installation: db.Installation(), Now: afterAll})
}

// afterAll is a clock on which everything that tests record has happened.
func afterAll() time.Time { return noon.AddDate(10, 0, 0) }

func createMonitor(t testing.TB, db *store.DB, alerts ...string) monitor.Monitor {
	t.Helper()
	m, err := db.CreateMonitor(t.Context(), monitor.Monitor{Name: "Conversion rate", Group: "shop", Schedule: "* * * * *", Alerts: alerts, Active: true}, "ann", noon)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// finished is a run of m that saw something, i minutes after noon.
func finished(m monitor.Monitor, i int, sees string) Finished {
	o := outcome(noon.Add(time.Duration(i)*time.Minute), sees)
	o.Subject = m.Subject()
	return Finished{
		Monitor: m, Outcome: o, Run: monitor.Run{Started: o.At},
		Detail: &monitor.Detail{
			Message: o.Message, Output: "rate 9.5\n",
			Graph: []monitor.Line{{Label: "rate", Points: []monitor.GraphPoint{{Time: 1, Value: 9}, {Time: 2, Value: 9.5}}}},
		},
	}
}

func record(t testing.TB, d *Desk, f Finished) monitor.Change {
	t.Helper()
	change, err := d.Record(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

func TestDesk_CommitsRunStateIncidentAndNoticesTogether(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com", "pagerduty:0123456789abcdef0123456789abcdef")
	desk := newDesk(db)
	record(t, desk, finished(m, 0, "ok"))
	record(t, desk, finished(m, 1, "critical"))
	record(t, desk, finished(m, 2, "critical"))

	runs, err := db.Runs(t.Context(), m.ID, time.Time{}, 10)
	if err != nil || len(runs) != 3 {
		t.Fatalf("got %d runs, %v", len(runs), err)
	}
	if got := runs[1]; got.Decision.Reason != monitor.ReasonFired || got.Message != "it is critical" || !got.Kept || got.Incident == "" || got.Phase != monitor.Done {
		t.Errorf("got run %+v", got)
	}
	if got := runs[0]; got.Decision.Reason != monitor.ReasonRepeatLater || got.Incident != runs[1].Incident || got.Kept {
		t.Errorf("got run %+v", got)
	}
	state, err := db.State(t.Context(), m.Subject())
	if err != nil || state.Level != critical || state.Runs != 2 || state.Open == nil {
		t.Fatalf("got state %+v, %v", state, err)
	}
	incidents, err := db.Incidents(t.Context(), store.IncidentFilter{})
	if err != nil || len(incidents) != 1 || incidents[0].Name != "Conversion rate" || incidents[0].Key != state.Open.Key {
		t.Fatalf("got incidents %+v, %v", incidents, err)
	}
	notices, err := db.Notices(t.Context(), store.NoticeFilter{})
	if err != nil || len(notices) != 2 {
		t.Fatalf("got %d notices, %v", len(notices), err)
	}
	full, _, err := db.Notice(t.Context(), notices[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := full.Message; got.Name != m.Name || got.Level != critical || got.Was != ok || got.Text != "it is critical" ||
		len(got.Graph) != 1 || len(got.Values) != 1 || got.Values[0].Value != 9.5 || got.Output != "rate 9.5" || !got.At.Equal(noon.Add(time.Minute)) {
		t.Errorf("got message %+v", got)
	}
}

func TestDesk_SurvivesARestartWithoutTellingTwice(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	record(t, newDesk(db), finished(m, 0, "critical"))
	after := newDesk(db)
	if got := record(t, after, finished(m, 1, "critical")); got.Kind != none {
		t.Errorf("got a %s after a restart", got.Kind)
	}
	if got := record(t, after, finished(m, 2, "ok")); got.Kind != resolve {
		t.Errorf("got %q on recovery after a restart, want a resolve", got.Kind)
	}
}

func TestDesk_ReloadsAStateThatMovedOn(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	one, other := newDesk(db), newDesk(db)
	record(t, one, finished(m, 0, "ok"))
	record(t, other, finished(m, 1, "critical")) // one's memory is out of date now
	if got := record(t, one, finished(m, 2, "ok")); got.Kind != resolve {
		t.Errorf("got %q, want the resolve of an incident that another desk opened", got.Kind)
	}
}

func TestDesk_ConcurrentRunsFireOnce(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	desk := newDesk(db)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := desk.Record(context.Background(), finished(m, i, "critical")); err != nil && !errors.Is(err, monitor.ErrConflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	notices, err := db.Notices(t.Context(), store.NoticeFilter{})
	if err != nil || len(notices) != 1 {
		t.Errorf("got %d notices, %v, want 1", len(notices), err)
	}
}

func TestDesk_SwitchingOffOrDeletingResolvesWhatWasFired(t *testing.T) {
	ends := map[string]func(*store.DB, monitor.Monitor) error{
		"switch off": func(db *store.DB, m monitor.Monitor) error {
			return db.SetActive(t.Context(), []int64{m.ID}, false, "bob", noon.Add(time.Hour))
		},
		"delete": func(db *store.DB, m monitor.Monitor) error {
			return db.DeleteMonitor(t.Context(), m.ID, "bob", noon.Add(time.Hour))
		},
		"edit": func(db *store.DB, m monitor.Monitor) error {
			m.Active, m.Alerts = false, nil
			_, err := db.UpdateMonitor(t.Context(), m, "bob", noon.Add(time.Hour))
			return err
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			db := openStore(t)
			m := createMonitor(t, db, "mailto:ops@example.com")
			desk := newDesk(db)
			fired := record(t, desk, finished(m, 0, "critical"))
			if err := end(db, m); err != nil {
				t.Fatal(err)
			}
			if _, err := desk.Record(t.Context(), finished(m, 90, "critical")); !errors.Is(err, monitor.ErrNotFound) {
				t.Errorf("a run that ended too late was recorded: %v", err)
			}
			notices, err := db.Notices(t.Context(), store.NoticeFilter{})
			if err != nil || len(notices) != 2 {
				t.Fatalf("got %d notices, %v, want a fire and its resolve", len(notices), err)
			}
			last := notices[0]
			if last.Message.Kind != resolve || last.Incident != fired.State.Open.Key || last.Message.By != "bob" || last.Message.Decision.Reason != monitor.ReasonRetired {
				t.Errorf("got %+v", last)
			}
			open, err := db.Incidents(t.Context(), store.IncidentFilter{Open: true})
			if err != nil || len(open) != 0 {
				t.Errorf("got open incidents %v, %v", open, err)
			}
			if name == "delete" {
				return
			}
			if err := db.SetActive(t.Context(), []int64{m.ID}, true, "bob", noon.Add(2*time.Hour)); err != nil {
				t.Fatal(err)
			}
			m.Alerts = []string{"mailto:ops@example.com"}
			if got := record(t, desk, finished(m, 150, "critical")); got.Kind != fire {
				t.Errorf("got %q after it was switched on again, want a fire", got.Kind)
			}
		})
	}
}

func TestDesk_AcknowledgeTellsOnlyChannelsThatKnowIt(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com", "pagerduty:0123456789abcdef0123456789abcdef")
	desk := newDesk(db)
	record(t, desk, finished(m, 0, "critical"))
	change, err := desk.Acknowledge(t.Context(), m.Subject(), monitor.Message{Name: m.Name}, "ann", noon.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"pagerduty:0123456789abcdef0123456789abcdef"}; change.Kind != monitor.NoticeAck || !slices.Equal(change.To, want) {
		t.Errorf("got %q to %v", change.Kind, change.To)
	}
	if got := record(t, desk, finished(m, 90, "critical")); got.Decision.Reason != monitor.ReasonAcknowledged {
		t.Errorf("got %v after the acknowledgement", got.Decision)
	}
	incident, timeline, err := db.Incident(t.Context(), 1)
	if err != nil || incident.AckedBy != "ann" {
		t.Fatalf("got %+v, %v", incident, err)
	}
	var types []monitor.EventType
	for _, e := range timeline {
		types = append(types, e.Type)
	}
	want := []monitor.EventType{monitor.EventOpened, monitor.EventQueued, monitor.EventQueued, monitor.EventAcknowledged, monitor.EventQueued}
	if !slices.Equal(types, want) {
		t.Errorf("got timeline %v, want %v", types, want)
	}
}

func TestDesk_HearsAnAcknowledgementFromElsewhere(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "pagerduty:0123456789abcdef0123456789abcdef")
	desk := newDesk(db)
	key := record(t, desk, finished(m, 0, "critical")).Incident.Key
	at := noon.Add(time.Minute)
	if err := desk.Hear(t.Context(), key, HeardAcknowledged, "Ann (PagerDuty)", at); err != nil {
		t.Fatal(err)
	}
	if got := record(t, desk, finished(m, 90, "critical")); got.Decision.Reason != monitor.ReasonAcknowledged {
		t.Errorf("got %v", got.Decision)
	}
	if notices, err := db.Notices(t.Context(), store.NoticeFilter{}); err != nil || len(notices) != 1 {
		t.Errorf("got %d notices, %v: PagerDuty must not be told what it told us", len(notices), err)
	}
	if err := desk.Hear(t.Context(), key, HeardUnacknowledged, "Ann (PagerDuty)", at); err != nil {
		t.Fatal(err)
	}
	if got := record(t, desk, finished(m, 180, "critical")); got.Kind != repeat {
		t.Errorf("got %v after it was taken back", got.Decision)
	}
	record(t, desk, finished(m, 200, "ok"))
	for _, stale := range []string{key, "wingmirror-00000000/monitor/1/5", "nonsense", ""} {
		if err := desk.Hear(t.Context(), stale, HeardAcknowledged, "x", at); !errors.Is(err, monitor.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", stale, err)
		}
	}
}

func TestTest_SendsAtOnceAndResolvesWhatItOpened(t *testing.T) {
	for to, want := range map[monitor.Destination][]monitor.NoticeKind{
		"mailto:a@b.c": {monitor.NoticeTest}, "pagerduty:x": {monitor.NoticeTest, monitor.NoticeResolve},
	} {
		var got []monitor.NoticeKind
		channel := channelFunc(func(_ context.Context, n monitor.Notice) error { got = append(got, n.Message.Kind); return nil })
		receipt, err := Test(t.Context(), map[string]Channel{to.Scheme(): channel}, to, noon)
		if err != nil || receipt.Request != "asked" || !slices.Equal(got, want) {
			t.Errorf("%s: sent %v, %v, want %v", to, got, err, want)
		}
	}
	if _, err := Test(t.Context(), nil, "mailto:a@b.c", noon); !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("got %v without a channel", err)
	}
}

func TestDesk_ActsNeedAnOpenIncident(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db)
	if _, err := newDesk(db).Acknowledge(t.Context(), m.Subject(), monitor.Message{}, "ann", noon); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
}

func TestDesk_CloseByHandResolvesAndOpensAnewWhileBad(t *testing.T) {
	db := openStore(t)
	m := createMonitor(t, db, "mailto:ops@example.com")
	desk := newDesk(db)
	record(t, desk, finished(m, 0, "critical"))
	if _, err := desk.Note(t.Context(), m.Subject(), "looking", "ann", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	change, err := desk.CloseByHand(t.Context(), m.Subject(), monitor.Message{Name: m.Name}, "ann", noon.Add(time.Minute))
	if err != nil || change.Kind != resolve {
		t.Fatalf("got %q, %v", change.Kind, err)
	}
	again := record(t, desk, finished(m, 2, "critical"))
	if again.Kind != fire {
		t.Errorf("got %q, want a fire of a new incident", again.Kind)
	}
	incident, _, err := db.Incident(t.Context(), 1)
	if err != nil || incident.Closing != monitor.ReasonForced {
		t.Errorf("got %+v, %v", incident, err)
	}
}

func TestThin_KeepsSpikesAndGaps(t *testing.T) {
	points := make([]monitor.GraphPoint, 10_000)
	for i := range points {
		points[i] = monitor.GraphPoint{Time: float64(i), Value: 1}
	}
	points[5000].Value = 99
	kept := thin(points, 480)
	if len(kept) > 480 {
		t.Errorf("kept %d points, want at most 480", len(kept))
	}
	if !slices.ContainsFunc(kept, func(p monitor.GraphPoint) bool { return p.Value == 99 }) {
		t.Error("the spike was lost")
	}
	if !slices.IsSortedFunc(kept, func(a, b monitor.GraphPoint) int { return int(a.Time - b.Time) }) {
		t.Error("the points are out of order")
	}
}

func TestFirstLines_AreFew(t *testing.T) {
	rows := []struct{ output, want string }{
		{"", ""}, {"one\n", "one"}, {"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n…"},
	}
	for _, row := range rows {
		if got := firstLines(row.output); got != row.want {
			t.Errorf("firstLines(%q) = %q, want %q", row.output, got, row.want)
		}
	}
}

package store

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wingmirror/monitor"
)

// fire opens an incident about m and queues a notice to each destination.
func fire(t testing.TB, db *DB, m monitor.Monitor, key string, at time.Time, destinations ...monitor.Destination) {
	t.Helper()
	state, err := db.State(t.Context(), m.Subject())
	if err != nil {
		t.Fatal(err)
	}
	c := commitOf(m, at, monitor.Critical, state.Version)
	c.Steady = false
	c.State.Open = &monitor.Open{Key: key, OpenedAt: at, Level: monitor.Critical}
	c.Incident = &monitor.Incident{Key: key, Subject: m.Subject(), Name: m.Name, Level: monitor.Critical, Message: "low", OpenedAt: at}
	c.Events = []monitor.Event{{At: at, Type: monitor.EventOpened, Level: monitor.Critical, Text: "low"}}
	for _, d := range destinations {
		c.Notices = append(c.Notices, monitor.Notice{
			Incident: key, Destination: d, CreatedAt: at, NextAt: at,
			Message: monitor.Message{Kind: monitor.NoticeFire, Subject: m.Subject(), Name: m.Name, At: at},
		})
	}
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func due(t *testing.T, db *DB, scheme string, at time.Time) string {
	t.Helper()
	all, err := db.Due(t.Context(), scheme, at, 10)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, n := range all {
		ids = append(ids, fmt.Sprint(n.Incident, n.ID))
	}
	return strings.Join(ids, " ")
}

func TestDue_IsPerSchemeAndInOrder(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	select {
	case <-db.Queued():
	default:
	}
	fire(t, db, m, "k", start, "mailto:a@b.c", "mailto:d@e.f", "pagerduty:x")
	select {
	case <-db.Queued():
	default:
		t.Error("nobody was told that notices were queued")
	}
	fire(t, db, m, "k", start.Add(time.Minute), "mailto:a@b.c") // must wait for number 1
	if got := due(t, db, "mailto", start.Add(time.Hour)); got != "k1 k2" {
		t.Errorf("got %q, want k1 k2", got)
	}
	if got := due(t, db, "pagerduty", start.Add(time.Hour)); got != "k3" {
		t.Errorf("got %q, want k3", got)
	}
	retry := start.Add(10 * time.Minute)
	tried(t, db, monitor.Attempt{Notice: 1, At: start, Outcome: monitor.AttemptRetry, RetryAt: retry, Error: "451"})
	if got := due(t, db, "mailto", start.Add(5*time.Minute)); got != "k2" {
		t.Errorf("got %q: the second notice to a@b.c overtook the first", got)
	}
	if next, any, err := db.NextDue(t.Context(), "mailto", start.Add(5*time.Minute)); err != nil || !any || !next.Equal(retry) {
		t.Errorf("got next %v, %v, %v, want %v", next, any, err, retry)
	}
	tried(t, db, monitor.Attempt{Notice: 1, At: retry, Outcome: monitor.AttemptDelivered})
	if got := due(t, db, "mailto", retry); got != "k2 k4" {
		t.Errorf("got %q, want k2 k4", got)
	}
	if _, any, err := db.NextDue(t.Context(), "mailto", retry); any || err != nil {
		t.Errorf("got another due time: %v, %v", any, err)
	}
}

func tried(t *testing.T, db *DB, a monitor.Attempt) {
	t.Helper()
	if err := db.Tried(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func TestNotice_ShowsEveryAttempt(t *testing.T) {
	db := openNew(t)
	fire(t, db, newMonitor(t, db, "a"), "k", start, "mailto:a@b.c")
	first := monitor.Attempt{
		ID: 1, Notice: 1, At: start, Duration: 5 * time.Millisecond, Outcome: monitor.AttemptRetry, RetryAt: start.Add(time.Minute), Error: "451",
		Receipt: monitor.Receipt{Request: "mail", Answer: "451 later"},
	}
	second := monitor.Attempt{ID: 2, Notice: 1, At: start.Add(time.Minute), Duration: time.Second, Outcome: monitor.AttemptDelivered}
	tried(t, db, first)
	tried(t, db, second)
	n, attempts, err := db.Notice(t.Context(), 1)
	if err != nil || n.Status != monitor.NoticeDelivered || n.Attempts != 2 || n.Error != "" || !n.DeliveredAt.Equal(start.Add(61*time.Second)) {
		t.Errorf("got %+v, %v", n, err)
	}
	if diff := cmp.Diff([]monitor.Attempt{first, second}, attempts); diff != "" {
		t.Error(diff)
	}
	if err := db.Tried(t.Context(), monitor.Attempt{Notice: 99}); err == nil {
		t.Error("an attempt of no notice was stored")
	}
}

func TestRetry_BringsBackWhatWasRefused(t *testing.T) {
	db := openNew(t)
	fire(t, db, newMonitor(t, db, "a"), "k", start, "mailto:a@b.c")
	tried(t, db, monitor.Attempt{Notice: 1, At: start, Outcome: monitor.AttemptRefused, Error: "550"})
	if got := due(t, db, "mailto", start.Add(time.Hour)); got != "" {
		t.Errorf("got %q, although it was refused for good", got)
	}
	if err := db.Retry(t.Context(), 1, start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := due(t, db, "mailto", start.Add(time.Hour)); got != "k1" {
		t.Errorf("got %q, want k1", got)
	}
	tried(t, db, monitor.Attempt{Notice: 1, At: start, Outcome: monitor.AttemptDelivered})
	if err := db.Retry(t.Context(), 1, start); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("got %v for a delivered notice, want ErrConflict", err)
	}
	if err := db.Retry(t.Context(), 99, start); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestNotices_FilteredAPageAtATime(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	for i := range 5 {
		fire(t, db, m, fmt.Sprint("k", i), start.Add(time.Duration(i)*time.Minute), "mailto:a@b.c")
	}
	tried(t, db, monitor.Attempt{Notice: 2, At: start, Outcome: monitor.AttemptRefused, Error: "550"})
	rows := []struct {
		filter NoticeFilter
		want   []int64
	}{
		{NoticeFilter{}, []int64{5, 4, 3, 2, 1}},
		{NoticeFilter{Limit: 2}, []int64{5, 4}},
		{NoticeFilter{Limit: 2, Before: 4}, []int64{3, 2}},
		{NoticeFilter{Status: monitor.NoticeFailed}, []int64{2}},
		{NoticeFilter{Incident: 3}, []int64{3}},
	}
	for _, row := range rows {
		all, err := db.Notices(t.Context(), row.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, n := range all {
			got = append(got, n.ID)
			if n.Message.Name != "a" {
				t.Errorf("notice %d has message %+v", n.ID, n.Message)
			}
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%+v: %s", row.filter, diff)
		}
	}
	counts, err := db.NoticeCounts(t.Context())
	if diff := cmp.Diff(map[monitor.NoticeStatus]int64{monitor.NoticePending: 4, monitor.NoticeFailed: 1}, counts); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestMessage_ComesBackAsItWas(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	want := monitor.Message{
		Kind: monitor.NoticeFire, Subject: m.Subject(), Name: "n", Group: "g", Labels: map[string]string{"a": "b"}, Description: "d",
		Level: monitor.Critical, Was: monitor.OK, Fault: monitor.FaultScript, Text: "t", At: start, OpenedAt: start.Add(-time.Hour),
		Decision: monitor.Decision{Reason: monitor.ReasonFired, Until: start, Note: "x"}, RepeatAfter: -1, By: "ann",
		Values: []monitor.LastValue{{Label: "l", Time: 1, Value: 2.5}}, Output: "o",
		Graph: []monitor.Line{{Label: "l", Points: []monitor.GraphPoint{{Time: 1, Value: math.NaN()}, {Time: 2, Value: 2.5}}}},
	}
	c := commitOf(m, start, monitor.Critical, 0)
	c.Incident = &monitor.Incident{Key: "k", Subject: m.Subject(), OpenedAt: start}
	c.Notices = []monitor.Notice{{Incident: "k", Destination: "mailto:a@b.c", CreatedAt: start, NextAt: start, Message: want}}
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	all, err := db.Due(t.Context(), "mailto", start, 1)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if diff := cmp.Diff(want, all[0].Message, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

func TestIncidents_FilteredAPageAtATime(t *testing.T) {
	db := openNew(t)
	a, b := newMonitor(t, db, "a"), newMonitor(t, db, "b")
	for i := range 3 {
		fire(t, db, a, fmt.Sprint("a", i), start.Add(time.Duration(i)*time.Minute))
		fire(t, db, b, fmt.Sprint("b", i), start.Add(time.Duration(i)*time.Minute))
	}
	if err := db.DeleteMonitor(t.Context(), b.ID, "ann", start.Add(time.Hour)); err != nil { // closes b2, incident 6
		t.Fatal(err)
	}
	rows := []struct {
		filter IncidentFilter
		want   []int64
	}{
		{IncidentFilter{}, []int64{6, 5, 4, 3, 2, 1}},
		{IncidentFilter{Limit: 2, Before: 4}, []int64{3, 2}},
		{IncidentFilter{Subject: b.Subject()}, []int64{6, 4, 2}},
		{IncidentFilter{Subject: b.Subject(), Open: true}, []int64{4, 2}},
	}
	for _, row := range rows {
		all, err := db.Incidents(t.Context(), row.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, i := range all {
			got = append(got, i.ID)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%+v: %s", row.filter, diff)
		}
	}
	closed, timeline, err := db.Incident(t.Context(), 6)
	if err != nil || closed.Closing != monitor.ReasonRetired || !closed.ClosedAt.Equal(start.Add(time.Hour)) || closed.Message != "low" || closed.Name != "b" {
		t.Errorf("got %+v, %v", closed, err)
	}
	if last := timeline[len(timeline)-1]; last.Type != monitor.EventClosed || last.Author != "ann" {
		t.Errorf("got timeline %+v", timeline)
	}
}

func TestSweep_RemovesWhatIsOldAndWhatIsLeftOfDeletedMonitors(t *testing.T) {
	db := openNew(t)
	kept, gone := newMonitor(t, db, "kept"), newMonitor(t, db, "gone")
	for i := range 3 {
		for _, m := range []monitor.Monitor{kept, gone} {
			c := commitOf(m, start.Add(time.Duration(i)*24*time.Hour), monitor.OK, int64(min(i, 1)))
			c.Run.Kept = true
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.DeleteMonitor(t.Context(), gone.ID, "", start); err != nil {
		t.Fatal(err)
	}
	got, err := db.Sweep(t.Context(), Retention{Runs: 36 * time.Hour}, start.Add(3*24*time.Hour))
	if want := (Swept{Runs: 2 + 3, Details: 2 + 3}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if runs, err := db.Runs(t.Context(), kept.ID, time.Time{}, 10); err != nil || len(runs) != 1 {
		t.Errorf("got %d runs, %v, want the newest", len(runs), err)
	}
	if got, err := db.Sweep(t.Context(), Retention{}, start.Add(1000*24*time.Hour)); err != nil || got != (Swept{}) {
		t.Errorf("got %+v, %v: zero retention keeps for ever", got, err)
	}
}

func TestSweep_KeepsIncidentsThatAreOpenOrHaveNoticesToDeliver(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	for i, key := range []string{"delivered", "pending", "open"} {
		fire(t, db, m, key, start.Add(time.Duration(i)*time.Minute), "mailto:a@b.c")
	}
	for _, id := range []int64{1, 3} {
		tried(t, db, monitor.Attempt{Notice: id, At: start, Outcome: monitor.AttemptDelivered})
	}
	if err := db.write.Exec(`UPDATE incidents SET closed_at = ? WHERE id < 3`, millis(start)).Error; err != nil {
		t.Fatal(err)
	}
	got, err := db.Sweep(t.Context(), Retention{Incidents: time.Hour}, start.Add(24*time.Hour))
	if want := (Swept{Incidents: 1, Notices: 1}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	var messages, events int
	if err := db.read.Raw(`SELECT (SELECT COUNT(*) FROM messages), (SELECT COUNT(*) FROM events)`).Row().Scan(&messages, &events); err != nil || messages != 2 || events != 2 {
		t.Errorf("%d messages and %d events are left, %v, want 2 of each", messages, events, err)
	}
}

func TestSweep_RemovesSilencesThatAreOverAndOldAuditEntries(t *testing.T) {
	db := openNew(t)
	day := 24 * time.Hour
	silence := monitor.Silence{Matches: monitor.Match{Group: "shop"}, From: start, Until: start.Add(day), Reason: "x", Author: "ann"}
	long := silence
	long.Until = start.Add(300 * day)
	again := monitor.Silence{Matches: silence.Matches, Schedule: "0 22 * * *", Length: monitor.Span{Time: time.Hour}, Reason: "x", Author: "ann"}
	for _, s := range []monitor.Silence{silence, long, again, again} {
		if _, err := db.SaveSilence(t.Context(), s, start); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.EndSilence(t.Context(), 4, "ann", start.Add(day)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		err := db.write.Exec(`INSERT INTO audit (at, actor, user_id, token_id, action, subject, detail, address) VALUES (?, 'ann', 1, 0, 'x', 'y', '', '')`,
			millis(start.Add(time.Duration(i)*100*day))).Error
		if err != nil {
			t.Fatal(err)
		}
	}
	keep := Retention{Incidents: 100 * day, Audit: 150 * day}
	got, err := db.Sweep(t.Context(), keep, start.Add(260*day))
	if want := (Swept{Silences: 2, Audit: 2}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if err := db.write.Exec(`DELETE FROM audit`).Error; err == nil {
		t.Error("an entry was removed before its time")
	}
	if left, err := db.Silences(t.Context(), start.Add(260*day), 10); err != nil || len(left) != 2 {
		t.Errorf("%d silences are left, %v, want 2", len(left), err)
	}
}

func TestDue_AClockThatWasSetBackMakesNoticesDue(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	fire(t, db, m, "k", start, "mailto:a@b.c")
	if got := due(t, db, "mailto", start.Add(-time.Hour)); got != "k1" {
		t.Errorf("never tried, made at a time to come: %q, want it due", got)
	}
	try := monitor.Attempt{Notice: 1, At: start, Outcome: monitor.AttemptRetry, RetryAt: start.Add(5 * time.Minute)}
	if err := db.Tried(t.Context(), try); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]string{
		-time.Hour: "k1", -time.Second: "k1", 0: "", 4 * time.Minute: "", 5 * time.Minute: "k1", 24 * time.Hour: "k1",
	} {
		if got := due(t, db, "mailto", start.Add(after)); got != want {
			t.Errorf("%s after the try: %q, want %q", after, got, want)
		}
	}
	if err := db.Retry(t.Context(), 1, start.Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := due(t, db, "mailto", start.Add(-2*time.Hour)); got != "k1" {
		t.Errorf("asked for by hand: %q, want it due", got)
	}
}

// resolve ends the incident about m and queues a resolve to each destination.
func resolve(t *testing.T, db *DB, m monitor.Monitor, key string, at time.Time, destinations ...monitor.Destination) {
	t.Helper()
	state, err := db.State(t.Context(), m.Subject())
	if err != nil {
		t.Fatal(err)
	}
	c := commitOf(m, at, monitor.OK, state.Version)
	c.Steady = false
	c.Incident = &monitor.Incident{Key: key, Subject: m.Subject(), Name: m.Name, OpenedAt: start, ClosedAt: at}
	for _, d := range destinations {
		c.Notices = append(c.Notices, monitor.Notice{
			Incident: key, Destination: d, CreatedAt: at, NextAt: at,
			Message: monitor.Message{Kind: monitor.NoticeResolve, Subject: m.Subject(), Name: m.Name, At: at},
		})
	}
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func TestOutbox_WhoeverRefusedTheFireForGoodGetsNoResolve(t *testing.T) {
	const gone, there = monitor.Destination("mailto:gone@b.c"), monitor.Destination("mailto:there@b.c")
	refused := monitor.Attempt{At: start, Outcome: monitor.AttemptRefused, Error: "550 no such mailbox"}
	for name, resolveFirst := range map[string]bool{"queued after the refusal": false, "queued before the refusal": true} {
		t.Run(name, func(t *testing.T) {
			db := openNew(t)
			m := newMonitor(t, db, "a")
			fire(t, db, m, "k", start, gone, there)
			refusal := refused
			refusal.Notice = 1
			if !resolveFirst {
				tried(t, db, refusal)
			}
			resolve(t, db, m, "k", start.Add(time.Minute), gone, there)
			if resolveFirst {
				tried(t, db, refusal)
			}
			tried(t, db, monitor.Attempt{Notice: 2, At: start, Outcome: monitor.AttemptDelivered})
			later := start.Add(time.Hour)
			if got := due(t, db, "mailto", later); got != "k4" {
				t.Errorf("due is %q, want the resolve of whoever was told, k4", got)
			}
			if n, _, err := db.Notice(t.Context(), 3); err != nil || n.Status != monitor.NoticeFailed || !strings.Contains(n.Error, "refused for good") {
				t.Errorf("the other resolve is %s, %q, %v", n.Status, n.Error, err)
			}
			if err := db.Retry(t.Context(), 1, later); err != nil {
				t.Fatal(err)
			}
			tried(t, db, monitor.Attempt{Notice: 1, At: later, Outcome: monitor.AttemptDelivered})
			if got := due(t, db, "mailto", later); got != "k4 k3" {
				t.Errorf("after the fire was sent by hand %q is due, want both resolves", got)
			}
		})
	}
}

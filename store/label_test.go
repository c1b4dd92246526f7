package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/monitor"
)

func TestLabel_AnIncidentHasOne(t *testing.T) {
	db := openNew(t)
	first := monitor.Label{Monitor: 1, Incident: 7, Verdict: monitor.LabelTrue, From: start, Until: start.Add(time.Hour), Author: "ann", At: start}
	saved, err := db.SaveLabel(t.Context(), first)
	if err != nil || saved.ID == 0 {
		t.Fatal(saved, err)
	}
	second := first
	second.Verdict, second.Note = monitor.LabelNoise, "a deploy"
	if second, err = db.SaveLabel(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	missed, err := db.SaveLabel(t.Context(), monitor.Label{Monitor: 1, Verdict: monitor.LabelMissed, From: start.Add(-time.Hour), Until: start, At: start})
	if err != nil {
		t.Fatal(err)
	}
	all, err := db.LabelsOf(t.Context(), 1)
	if diff := cmp.Diff([]monitor.Label{missed, second}, all); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if err := db.DeleteLabel(t.Context(), missed.ID); err != nil {
		t.Error(err)
	}
	if err := db.DeleteLabel(t.Context(), missed.ID); !errors.Is(err, monitor.ErrNotFound) {
		t.Error("deleted twice:", err)
	}
}

func TestSeen_ListsEndedRunsOfASpan(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	recordRuns(t, db, m, 5)
	times, letters, err := db.Seen(t.Context(), m.ID, start.Add(time.Minute), start.Add(4*time.Minute))
	if err != nil || string(letters) != "ooo" || len(times) != 3 || times[0] != start.Add(time.Minute).Unix() {
		t.Errorf("%v %s %v", times, letters, err)
	}
	outcomes, err := db.Outcomes(t.Context(), m.ID, start, start.Add(time.Hour))
	if err != nil || len(outcomes) != 5 || outcomes[4].Level != monitor.OK || outcomes[4].Subject != m.Subject() {
		t.Errorf("%v %v", outcomes, err)
	}
}

func TestShadow_OneRunsAtATime(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	edited := m
	edited.Script = `throw "other"`
	first, err := db.StartShadow(t.Context(), monitor.Shadow{Monitor: edited, Author: "ann", Started: start, Ends: start.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	second, err := db.StartShadow(t.Context(), monitor.Shadow{Monitor: edited, Started: start.Add(time.Minute), Ends: start.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	running, err := db.Shadows(t.Context(), 0)
	if err != nil || len(running) != 1 || running[0].ID != second.ID || running[0].Monitor.Script != edited.Script {
		t.Errorf("%+v, %v", running, err)
	}
	o := monitor.Outcome{Subject: m.Subject(), At: start.Add(2 * time.Minute), Level: monitor.Critical, Message: "other"}
	for range 2 {
		if err := db.RecordShadow(t.Context(), second.ID, o, 3); err != nil {
			t.Fatal(err)
		}
	}
	outcomes, err := db.ShadowOutcomes(t.Context(), second)
	if diff := cmp.Diff([]monitor.Outcome{o}, outcomes); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if err := db.EndShadow(t.Context(), second.ID, start.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if err := db.EndShadow(t.Context(), first.ID, start.Add(time.Hour)); !errors.Is(err, monitor.ErrNotFound) {
		t.Error("ended twice:", err)
	}
	if got, err := db.Shadow(t.Context(), second.ID); err != nil || got.Missed != 6 || got.Ended.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
}

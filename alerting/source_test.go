package alerting

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

// tickAll records a run of each monitor, i half minutes after noon.
func tickAll(t *testing.T, d *Desk, monitors []monitor.Monitor, i int, status monitor.Status) {
	t.Helper()
	for _, m := range monitors {
		f := finished(m, 0, "ok")
		f.Outcome.At = noon.Add(time.Duration(i) * 30 * time.Second)
		f.Detail.Targets = []monitor.TargetCount{{Target: "a.b", Status: status}}
		if status == monitor.StatusFailed {
			f.Outcome.Level, f.Outcome.Fault, f.Outcome.Message = monitor.Unknown, monitor.FaultFetch, "target a.b: connection refused"
		}
		record(t, d, f)
	}
}

func sourceDesk(db *store.DB) *Desk {
	return NewDesk(DeskOptions{
		Now:    afterAll,
		Ledger: db, Installation: db.Installation(), Defaults: monitor.Policy{Faults: monitor.On, Failures: 5},
		Source: SourceOptions{Name: "graphite", Alerts: ops},
	})
}

func told(t *testing.T, db *store.DB) []string {
	t.Helper()
	all, err := db.Notices(t.Context(), store.NoticeFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for i := len(all) - 1; i >= 0; i-- {
		list = append(list, string(all[i].Message.Kind)+" "+all[i].Message.Subject.String())
	}
	return list
}

func TestSource_DownIsOneIncidentHoweverManyMonitorsItHas(t *testing.T) {
	db := openStore(t)
	var monitors []monitor.Monitor
	for range 30 {
		monitors = append(monitors, createMonitor(t, db, "mailto:ops@example.com"))
	}
	desk := sourceDesk(db)
	tickAll(t, desk, monitors, 0, monitor.StatusOK)
	for i := 1; i < 20; i++ {
		tickAll(t, desk, monitors, i, monitor.StatusFailed)
	}
	if got := told(t, db); len(got) != 1 || got[0] != "fire source/graphite" {
		t.Fatalf("got notices %v, want one fire about the source", got)
	}
	incident, _, err := db.Incident(t.Context(), 1)
	if err != nil || !strings.Contains(incident.Message, "connection refused") || !strings.Contains(incident.Message, "Conversion rate") {
		t.Errorf("got incident %+v, %v", incident, err)
	}
	runs, err := db.Runs(t.Context(), monitors[7].ID, time.Time{}, 1)
	if err != nil || runs[0].Decision.Reason != monitor.ReasonSource {
		t.Errorf("got %v, %v, want a run covered by the source's incident", runs[0].Decision, err)
	}
	tickAll(t, desk, monitors, 20, monitor.StatusOK)
	if got := told(t, db); fmt.Sprint(got) != "[fire source/graphite resolve source/graphite]" {
		t.Errorf("got notices %v", got)
	}
}

func TestSource_OneMonitorThatFailsIsNoOutage(t *testing.T) {
	db := openStore(t)
	good, bad := createMonitor(t, db), createMonitor(t, db)
	desk := sourceDesk(db)
	for i := range 20 {
		tickAll(t, desk, []monitor.Monitor{good}, i, monitor.StatusMissing)
		tickAll(t, desk, []monitor.Monitor{bad}, i, monitor.StatusFailed)
	}
	if state, err := db.State(t.Context(), monitor.Subject{Kind: monitor.KindSource, Key: "graphite"}); err != nil || state.Version != 0 {
		t.Errorf("got %+v, %v, want nothing known about the source", state, err)
	}
}

func TestSource_ShortTroubleIsNoOutage(t *testing.T) {
	db := openStore(t)
	m := []monitor.Monitor{createMonitor(t, db)}
	desk := sourceDesk(db)
	for i := range 20 {
		status := monitor.StatusFailed
		if i%3 == 2 { // a minute of trouble, then it is back
			status = monitor.StatusOK
		}
		tickAll(t, desk, m, i, status)
	}
	if got := told(t, db); len(got) != 0 {
		t.Errorf("got notices %v", got)
	}
}

func TestSource_IncidentOfAnEarlierProcessIsResolved(t *testing.T) {
	db := openStore(t)
	m := []monitor.Monitor{createMonitor(t, db)}
	first := sourceDesk(db)
	for i := range 5 {
		tickAll(t, first, m, i, monitor.StatusFailed)
	}
	tickAll(t, sourceDesk(db), m, 6, monitor.StatusOK)
	if got := told(t, db); fmt.Sprint(got) != "[fire source/graphite resolve source/graphite]" {
		t.Errorf("got notices %v", got)
	}
}

func TestSource_AnswersWithinTheTickThatFoundItDown(t *testing.T) {
	db := openStore(t)
	first, second := []monitor.Monitor{createMonitor(t, db)}, []monitor.Monitor{createMonitor(t, db)}
	desk := sourceDesk(db)
	for i := range 4 {
		tickAll(t, desk, first, i, monitor.StatusFailed)
	}
	tickAll(t, desk, second, 3, monitor.StatusOK) // of the same scheduled time
	if got := told(t, db); fmt.Sprint(got) != "[fire source/graphite resolve source/graphite]" {
		t.Errorf("got notices %v", got)
	}
}

// full is a ledger that stores nothing about the source while it is set.
type full struct {
	*store.DB
	set bool
}

func (f *full) Commit(ctx context.Context, c monitor.Commit) error {
	if f.set && c.State.Subject.Kind == monitor.KindSource {
		return monitor.ErrUnavailable
	}
	return f.DB.Commit(ctx, c)
}

func TestSource_AnAnswerThatCouldNotBeStoredIsNotForgotten(t *testing.T) {
	db := openStore(t)
	m := []monitor.Monitor{createMonitor(t, db)}
	ledger := &full{DB: db}
	desk := NewDesk(DeskOptions{
		Now: afterAll, Ledger: ledger, Installation: db.Installation(), Source: SourceOptions{Name: "graphite", Alerts: ops},
	})
	for i := range 5 {
		tickAll(t, desk, m, i, monitor.StatusFailed)
	}
	ledger.set = true
	tickAll(t, desk, m, 6, monitor.StatusOK)
	ledger.set = false
	tickAll(t, desk, m, 7, monitor.StatusOK)
	if got := told(t, db); fmt.Sprint(got) != "[fire source/graphite resolve source/graphite]" {
		t.Errorf("got notices %v", got)
	}
}

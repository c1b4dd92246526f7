package store

import (
	"maps"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestBoardFiles_OnlyTheNewestAreKept(t *testing.T) {
	db := openNew(t)
	for _, want := range []map[string]string{{"a.yaml": "x", "team/b.yaml": "y"}, {"a.yaml": "z"}, {}} {
		if err := db.SaveBoardFiles(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if got, err := db.BoardFiles(t.Context()); err != nil || !maps.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}

func TestBoardLevels_EmptyOnesAreNotKept(t *testing.T) {
	db, at := openNew(t), time.Unix(1_900_000_000, 0)
	levels := map[monitor.DC]monitor.DCInfo{monitor.DC1: {Name: "freeze"}, monitor.DC2: {}, monitor.DC5: {Effects: "Go."}}
	if err := db.SaveBoardLevels(t.Context(), levels, "ann", at); err != nil {
		t.Fatal(err)
	}
	delete(levels, monitor.DC2)
	if r, err := db.BoardRecords(t.Context(), at); err != nil || !maps.Equal(r.Levels, levels) {
		t.Errorf("got %v, %v", r.Levels, err)
	}
}

func TestAddBoardChanges_QueuesItsNoticesWithThem(t *testing.T) {
	db, at := openNew(t), time.Unix(1_900_000_000, 0)
	subject := monitor.Subject{Kind: monitor.KindComponent, Key: "shop"}
	var notices []monitor.Notice
	for _, to := range []monitor.Destination{"mailto:a@example.com", "mailto:b@example.com"} {
		notices = append(notices, monitor.Notice{
			Incident: "k", Destination: to, Status: monitor.NoticePending, CreatedAt: at, NextAt: at,
			Message: monitor.Message{Kind: monitor.NoticeLevel, Subject: subject, Level: monitor.Warning, Text: "for " + string(to), At: at},
		})
	}
	if err := db.AddBoardChanges(t.Context(), []monitor.BoardChange{{Component: "shop", At: at, To: monitor.DC3, Cause: "c"}}, notices); err != nil {
		t.Fatal(err)
	}
	due, err := db.Due(t.Context(), "mailto", at, 10)
	if err != nil || len(due) != 2 || due[1].Message.Text != "for mailto:b@example.com" || due[0].Message.Kind != monitor.NoticeLevel {
		t.Errorf("got %+v, %v", due, err)
	}
}

package store

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestBoard_RecordsComeBackAsTheyWereStored(t *testing.T) {
	db, ctx := openNew(t), t.Context()
	at := time.UnixMilli(1_800_000_000_000).UTC()
	component := monitor.Component{
		ID: "shop", Name: "Shop", Parent: "production", Counts: monitor.Counts{Rule: monitor.CountCapped, Cap: monitor.DC3},
		Effects: map[monitor.DC]string{monitor.DC1: "Nothing moves."}, Labels: map[string]string{"team": "web"},
		Alerts: []string{"mailto:a@example.com"}, SourcesText: "- type: failing\n",
	}
	component, err := db.SaveComponent(ctx, component, "ann", at)
	if err != nil {
		t.Fatal(err)
	}
	states, err := db.NumberSources(ctx, []monitor.SourceState{{Component: "shop", Name: "b"}, {Component: "shop", Name: "a"}}, at)
	if err != nil {
		t.Fatal(err)
	}
	state := states[0]
	state.SuccessAt, state.Successes = at, 3
	state.Rationales = []monitor.Rationale{{ID: "r", Component: "shop", Source: "b", Level: monitor.DC2, Title: "t", Start: at, Metadata: []byte(`{"a":1}`)}}
	override, errs := db.SaveOverride(ctx, monitor.Override{Component: "shop", Level: monitor.DC4, Reason: "known", Author: "ann", From: at, Until: at.Add(time.Hour), CreatedAt: at, UpdatedAt: at})
	push := monitor.Rationale{ID: "p", Component: "shop", Source: "push", Level: monitor.DC1, Title: "t", Start: at, End: at.Add(time.Hour), Author: "bob", Seen: at, Changed: at}
	instance, err := db.SaveBoardInstance(ctx, monitor.BoardInstance{Component: "shop", Name: "manual", Plugin: "static", Statuses: []string{"x"}, CreatedAt: at, UpdatedAt: at})
	subscription, err2 := db.AddSubscription(ctx, monitor.Subscription{Component: "shop", Destination: "mailto:b@example.com", From: monitor.DC4, Better: true, Author: "bob", CreatedAt: at})
	changes := []monitor.BoardChange{{Component: "shop", At: at, To: monitor.DC2, Cause: "one"}, {Component: "shop", At: at, From: monitor.DC2, To: monitor.DC5, Cause: "two", Author: "ann"}}
	if err := errors.Join(errs, err, err2, db.SaveSourceState(ctx, state), db.SavePush(ctx, push), db.AddBoardChanges(ctx, changes, nil)); err != nil {
		t.Fatal(err)
	}

	if err := db.SavePush(ctx, push); err != nil {
		t.Fatalf("pushed again: %v", err)
	}
	for range 2 { // one that belongs to no component, too
		if err := db.SavePush(ctx, monitor.Rationale{ID: "status", End: at}); err != nil {
			t.Fatalf("pushed again: %v", err)
		}
	}
	if err := db.DeletePush(ctx, "", "status"); err != nil {
		t.Fatal(err)
	}
	got, err := db.BoardRecords(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	changes[0].ID, changes[1].ID = 1, 2
	want := monitor.BoardRecords{
		Components: []monitor.Component{component}, Overrides: []monitor.Override{override}, Pushes: []monitor.Rationale{push},
		Instances: []monitor.BoardInstance{instance}, Sources: []monitor.SourceState{state, states[1]},
		Changes: []monitor.BoardChange{changes[1], changes[0]}, Subscriptions: []monitor.Subscription{subscription}, Levels: map[monitor.DC]monitor.DCInfo{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	again, err := db.NumberSources(ctx, []monitor.SourceState{{Component: "shop", Name: "a"}}, at.Add(time.Hour))
	if err != nil || again[0].Number != states[1].Number || !again[0].CreatedAt.Equal(at) {
		t.Errorf("the number of a source changed: %+v, %v", again, err)
	}
	if later, err := db.BoardRecords(ctx, at.Add(time.Hour)); err != nil || len(later.Overrides) != 0 || len(later.Pushes) != 0 {
		t.Errorf("what is over is still there: %+v, %v", later, err)
	}
}

func TestBoard_ComponentsAreSavedOverTheVersionThatWasSeen(t *testing.T) {
	db, ctx := openNew(t), t.Context()
	at := time.UnixMilli(1_800_000_000_000).UTC()
	first, err := db.SaveComponent(ctx, monitor.Component{ID: "shop"}, "ann", at)
	if err != nil || first.Version != 1 {
		t.Fatal(first, err)
	}
	if _, err := db.SaveComponent(ctx, monitor.Component{ID: "shop"}, "bob", at); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("a second component of the same ID: %v, want a conflict", err)
	}
	first.Name = "Shop"
	if _, err := db.SaveComponent(ctx, first, "ann", at); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SaveComponent(ctx, first, "bob", at); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("over an old version: %v, want a conflict", err)
	}
	if err := db.DeleteComponent(ctx, "shop"); err != nil {
		t.Fatal(err)
	}
	if err := db.DeleteComponent(ctx, "shop"); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestBoard_HistoryIsReadBackwardsAndSwept(t *testing.T) {
	db, ctx := openNew(t), t.Context()
	at := time.UnixMilli(1_800_000_000_000).UTC()
	var changes []monitor.BoardChange
	for i := range 30 {
		changes = append(changes, monitor.BoardChange{Component: "shop", At: at.Add(time.Duration(i) * time.Minute), To: monitor.DC(1 + i%5), Cause: "c"})
	}
	if err := db.AddBoardChanges(ctx, changes, nil); err != nil {
		t.Fatal(err)
	}
	records, err := db.BoardRecords(ctx, at)
	if err != nil || len(records.Changes) != recentChanges || records.Changes[0].ID != 30 {
		t.Fatalf("%d changes, %v", len(records.Changes), err)
	}
	older, err := db.BoardChanges(ctx, "shop", records.Changes[recentChanges-1].ID, 100)
	if err != nil || len(older) != 10 || older[0].ID != 10 {
		t.Fatalf("older: %+v, %v", older, err)
	}
	if err := db.SweepBoard(ctx, at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if left, err := db.BoardChanges(ctx, "shop", 0, 100); err != nil || len(left) != 1 || left[0].ID != 30 {
		t.Errorf("left after the sweep: %+v, %v; want the newest", left, err)
	}
}

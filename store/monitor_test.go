package store

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/monitor"
)

func TestMonitor_ComesBackAsItWasSaved(t *testing.T) {
	db := openNew(t)
	want := monitor.Monitor{
		Name: "Conversion", Description: "d", Group: "shop/checkout", Labels: map[string]string{"team": "x"},
		Schedule: "*/5 * * * *", Zone: "Europe/Berlin", CatchUp: monitor.CatchUpOnce, Targets: []string{"a", "# b", ""},
		Minutes: 90, Script: "throw 'x' // ü", Params: json.RawMessage(`{"limit":3}`), Alerts: []string{"mailto:a@b.com"},
		Policy: monitor.Policy{
			Repeat: -1, Failures: 3, Recheck: time.Minute, KeepFiring: time.Hour, Warnings: monitor.Off, Flapping: monitor.On, Faults: monitor.On,
		},
	}
	created, err := db.CreateMonitor(t.Context(), want, "ann", start)
	if err != nil {
		t.Fatal(err)
	}
	want.ID, want.Version, want.CreatedAt, want.UpdatedAt = created.ID, 1, start, start
	got, err := db.Monitor(t.Context(), created.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(created, got); diff != "" {
		t.Error(diff)
	}
}

func TestMonitor_EmptyFieldsStayEmpty(t *testing.T) {
	db := openNew(t)
	created, err := db.CreateMonitor(t.Context(), monitor.Monitor{Name: "n"}, "", start)
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.Monitor(t.Context(), created.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := monitor.Monitor{ID: created.ID, Version: 1, Name: "n", CreatedAt: start, UpdatedAt: start}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMonitor_UnknownIsNotFound(t *testing.T) {
	db := openNew(t)
	_, err := db.Monitor(t.Context(), 99)
	errs := []error{err}
	_, err = db.UpdateMonitor(t.Context(), monitor.Monitor{ID: 99, Version: 1}, "", start)
	errs = append(errs, err, db.DeleteMonitor(t.Context(), 99, "", start), db.SetActive(t.Context(), []int64{99}, true, "", start))
	for i, err := range errs {
		if !errors.Is(err, monitor.ErrNotFound) {
			t.Errorf("%d: got %v, want ErrNotFound", i, err)
		}
	}
}

func TestUpdateMonitor_RefusesAnOldVersion(t *testing.T) {
	db := openNew(t)
	first := newMonitor(t, db, "a")
	second := first
	second.Name = "b"
	second, err := db.UpdateMonitor(t.Context(), second, "bob", start.Add(time.Minute))
	if err != nil || second.Version != 2 || !second.CreatedAt.Equal(start) || !second.UpdatedAt.Equal(start.Add(time.Minute)) {
		t.Fatalf("got %+v, %v", second, err)
	}
	if _, err := db.UpdateMonitor(t.Context(), first, "eve", start); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	if got, err := db.Monitor(t.Context(), first.ID); err != nil || got.Name != "b" {
		t.Errorf("got %q, %v", got.Name, err)
	}
}

func TestVersions_EverySaveIsKept(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "one")
	m.Name = "two"
	m, err := db.UpdateMonitor(t.Context(), m, "bob", start.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetActive(t.Context(), []int64{m.ID}, false, "cid", start.Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := db.SetActive(t.Context(), []int64{m.ID}, false, "cid", start.Add(3*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := db.DeleteMonitor(t.Context(), m.ID, "dan", start.Add(4*time.Minute)); err != nil {
		t.Fatal(err)
	}
	all, err := db.Versions(t.Context(), m.ID, 0, 10)
	if err != nil || len(all) != 4 {
		t.Fatalf("got %d versions, %v, want 4: switching off twice is one", len(all), err)
	}
	for i, want := range []struct{ name, author string }{{"two", "dan"}, {"two", "cid"}, {"two", "bob"}, {"one", "ann"}} {
		if got := all[i]; got.Monitor.Name != want.name || got.Author != want.author || got.Monitor.Version != 4-i {
			t.Errorf("version %d: got %q by %q, number %d", 4-i, got.Monitor.Name, got.Author, got.Monitor.Version)
		}
	}
	page, err := db.Versions(t.Context(), m.ID, 3, 1)
	if err != nil || len(page) != 1 || page[0].Monitor.Version != 2 {
		t.Errorf("got %+v, %v, want version 2", page, err)
	}
	if v, err := db.Version(t.Context(), m.ID, 1); err != nil || v.Monitor.Name != "one" {
		t.Errorf("got %+v, %v", v, err)
	}
	if _, err := db.Version(t.Context(), m.ID, 9); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestSetActive_AllOrNone(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	if err := db.SetActive(t.Context(), []int64{m.ID, 99}, false, "", start); !errors.Is(err, monitor.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
	if got, _ := db.Monitor(t.Context(), m.ID); !got.Active || got.Version != 1 {
		t.Errorf("got %+v after a change that failed", got)
	}
}

func TestDeleteMonitor_IdsAreNeverUsedAgain(t *testing.T) {
	db := openNew(t)
	first := newMonitor(t, db, "a")
	if err := db.DeleteMonitor(t.Context(), first.ID, "", start); err != nil {
		t.Fatal(err)
	}
	if second := newMonitor(t, db, "b"); second.ID == first.ID {
		t.Errorf("id %d was given twice: its incidents and versions would be mixed up", first.ID)
	}
}

func TestGroupsAndLabels_AreThoseInUse(t *testing.T) {
	db := openNew(t)
	for _, m := range []monitor.Monitor{
		{Name: "a", Group: "x/y", Labels: map[string]string{"team": "one", "env": "prod"}},
		{Name: "b", Group: "x/y", Labels: map[string]string{"team": "two"}}, {Name: "c"},
	} {
		if _, err := db.CreateMonitor(t.Context(), m, "", start); err != nil {
			t.Fatal(err)
		}
	}
	groups, err := db.Groups(t.Context())
	if diff := cmp.Diff([]string{"x/y"}, groups); diff != "" || err != nil {
		t.Error(diff, err)
	}
	labels, err := db.Labels(t.Context())
	if diff := cmp.Diff(map[string][]string{"team": {"one", "two"}, "env": {"prod"}}, labels); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestVersion_KeepsThatTestsWereOverridden(t *testing.T) {
	db := openNew(t)
	m := newMonitor(t, db, "a")
	want := monitor.TestOverride{Failed: []string{"quiet", "loud"}, Reason: "known"}
	if err := db.SaveTestOverride(t.Context(), m.ID, 1, want); err != nil {
		t.Fatal(err)
	}
	if _, err := db.UpdateMonitor(t.Context(), m, "ann", start); err != nil {
		t.Fatal(err)
	}
	versions, err := db.Versions(t.Context(), m.ID, 0, 10)
	if err != nil || len(versions) != 2 || versions[0].Override != nil {
		t.Fatalf("%+v, %v", versions, err)
	}
	if diff := cmp.Diff(&want, versions[1].Override); diff != "" {
		t.Error(diff)
	}
	if err := db.SaveTestOverride(t.Context(), m.ID, 9, want); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
}

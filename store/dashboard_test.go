package store

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestDashboards_AreReadAsTheyWereSaved(t *testing.T) {
	db := openNew(t)
	d := monitor.Dashboard{Name: "Night shift", Text: "disk", Level: "critical", Group: "shop/web", Tiles: []int64{3, 1}}
	created, err := db.CreateDashboard(t.Context(), d, "ann", start)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.CreateDashboard(t.Context(), d, "bob", start); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("a name that is taken: %v", err)
	}
	d.Tiles, d.Text = nil, ""
	updated, err := db.UpdateDashboard(t.Context(), d, "bob", start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	read, err := db.Dashboard(t.Context(), d.Name)
	if err != nil || !reflect.DeepEqual(read, updated) || read.UpdatedBy != "bob" || read.Text != "" || reflect.DeepEqual(read, created) {
		t.Errorf("got %+v, %v, want %+v", read, err, updated)
	}
	d.Name = "Another"
	if _, err := db.UpdateDashboard(t.Context(), d, "bob", start); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("one that is not there was replaced: %v", err)
	}
	if _, err := db.CreateDashboard(t.Context(), monitor.Dashboard{Name: "a/b"}, "bob", start); !errors.Is(err, monitor.ErrInvalid) {
		t.Errorf("a bad name: %v", err)
	}
	if err := db.DeleteDashboard(t.Context(), "Night shift"); err != nil {
		t.Error(err)
	}
	if err := db.DeleteDashboard(t.Context(), "Night shift"); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if all, err := db.Dashboards(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("left: %v, %v", all, err)
	}
}

func TestPreferences_BelongToOneUser(t *testing.T) {
	db := openNew(t)
	mine := monitor.Preferences{Tiles: []int64{2, 1}, Alerts: []string{"mailto:a@example.com"}}
	for _, p := range []monitor.Preferences{{Tiles: []int64{9}}, mine} {
		if err := db.SavePreferences(t.Context(), 7, p); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := db.Preferences(t.Context(), 7); err != nil || !reflect.DeepEqual(got, mine) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := db.Preferences(t.Context(), 8); err != nil || !reflect.DeepEqual(got, monitor.Preferences{}) {
		t.Errorf("somebody else has %+v, %v", got, err)
	}
	if err := db.SavePreferences(t.Context(), 0, mine); err != nil {
		t.Error(err)
	}
}

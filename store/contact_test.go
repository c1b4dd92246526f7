package store

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func group(name string, members ...string) monitor.ContactGroup {
	return monitor.ContactGroup{Name: name, Members: members}
}

func TestContactGroups_AreReadAsTheyWereSaved(t *testing.T) {
	db := openNew(t)
	save := func(g monitor.ContactGroup) monitor.ContactGroup {
		t.Helper()
		saved, err := db.SaveContactGroup(t.Context(), g, "ann", start)
		if err != nil {
			t.Fatal(err)
		}
		return saved
	}
	managers := save(group("managers", "mailto:m@example.com"))
	hours, err := monitor.ParseHours("Mon-Fri 08:00-18:00")
	if err != nil {
		t.Fatal(err)
	}
	ops := monitor.ContactGroup{
		Name: "ops", Description: "whoever is on call", Members: []string{"mailto:a@example.com", "pagerduty:0123456789abcdef0123456789abcdef"},
		Hours: hours, Zone: "Europe/Berlin", Otherwise: "managers", Escalation: monitor.Escalation{After: 15 * time.Minute, To: "managers"},
	}
	first := save(ops)
	first.Description = "changed"
	second := save(first)
	all, err := db.ContactGroups(t.Context())
	if err != nil || len(all) != 2 || !reflect.DeepEqual(all[0], managers) || !reflect.DeepEqual(all[1], second) {
		t.Errorf("got %+v, %v\nwant %+v", all, err, second)
	}
	if second.Version != 2 || second.UpdatedBy != "ann" || !second.UpdatedAt.Equal(start) {
		t.Errorf("got %+v", second)
	}
	for name, g := range map[string]monitor.ContactGroup{"the name is taken": ops, "somebody has changed": first} {
		if _, err := db.SaveContactGroup(t.Context(), g, "bob", start); !errors.Is(err, monitor.ErrConflict) || !strings.Contains(err.Error(), strings.Fields(name)[len(strings.Fields(name))-1]) && !strings.Contains(err.Error(), "already") {
			t.Errorf("%s: got %v, want a conflict", name, err)
		}
	}
	gone := group("gone", "mailto:a@example.com")
	gone.Version = 3
	if _, err := db.SaveContactGroup(t.Context(), gone, "bob", start); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("a group that is not there: %v", err)
	}
	if _, err := db.SaveContactGroup(t.Context(), group("bad"), "bob", start); !errors.Is(err, monitor.ErrInvalid) {
		t.Errorf("a group without members: %v", err)
	}
}

func TestContactGroups_OnesInUseStay(t *testing.T) {
	db := openNew(t)
	for _, g := range []monitor.ContactGroup{
		group("a_b", "mailto:a@example.com"), group("axb", "mailto:a@example.com"), group("managers", "mailto:a@example.com"),
		{Name: "ops", Members: []string{"mailto:a@example.com"}, Escalation: monitor.Escalation{After: time.Hour, To: "managers"}},
	} {
		if _, err := db.SaveContactGroup(t.Context(), g, "ann", start); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.CreateMonitor(t.Context(), monitor.Monitor{Name: "Orders", Schedule: "* * * * *", Alerts: []string{"group:axb"}}, "ann", start); err != nil {
		t.Fatal(err)
	}
	for name, user := range map[string]string{"axb": "monitor Orders", "managers": "group ops"} {
		if err := db.DeleteContactGroup(t.Context(), name); !errors.Is(err, monitor.ErrConflict) || !strings.Contains(err.Error(), user) {
			t.Errorf("delete %s: %v, want a conflict with %s", name, err, user)
		}
	}
	for _, name := range []string{"a_b", "ops", "managers"} {
		if err := db.DeleteContactGroup(t.Context(), name); err != nil {
			t.Errorf("delete %s: %v", name, err)
		}
	}
	if err := db.DeleteContactGroup(t.Context(), "ops"); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("delete again: %v", err)
	}
}

func TestContactGroups_WhoNamesThemFollowsARename(t *testing.T) {
	db := openNew(t)
	save := func(g monitor.ContactGroup) {
		t.Helper()
		if _, err := db.SaveContactGroup(t.Context(), g, "ann", start); err != nil {
			t.Fatal(err)
		}
	}
	save(group("ops", "mailto:a@example.com"))
	save(monitor.ContactGroup{Name: "web", Members: []string{"mailto:w@example.com"}, Escalation: monitor.Escalation{After: time.Hour, To: "ops"}})
	m, err := db.CreateMonitor(t.Context(), monitor.Monitor{Name: "Orders", Schedule: "* * * * *", Alerts: []string{"group:ops", "group:ops-eu", "mailto:x@example.com"}}, "ann", start)
	if err != nil {
		t.Fatal(err)
	}
	later := start.Add(time.Hour)
	renamed, err := db.RenameContactGroup(t.Context(), "ops", "shop_ops", "bob", later)
	if err != nil || renamed.Name != "shop_ops" || !reflect.DeepEqual(renamed.Former, []string{"ops"}) || renamed.Version != 2 {
		t.Fatalf("got %+v, %v", renamed, err)
	}
	all, err := db.ContactGroups(t.Context())
	if err != nil || len(all) != 2 || !reflect.DeepEqual(all[0], renamed) || all[1].Escalation.To != "shop_ops" || all[1].Version != 2 {
		t.Errorf("got %+v, %v", all, err)
	}
	got, err := db.Monitor(t.Context(), m.ID)
	if err != nil || got.Version != 2 || !reflect.DeepEqual(got.Alerts, []string{"group:shop_ops", "group:ops-eu", "mailto:x@example.com"}) {
		t.Errorf("the monitor says %v in version %d, %v", got.Alerts, got.Version, err)
	}
	if versions, err := db.Versions(t.Context(), m.ID, 0, 10); err != nil || len(versions) != 2 || versions[0].Author != "bob" {
		t.Errorf("got versions %+v, %v", versions, err)
	}
	for to, want := range map[string]error{"web": monitor.ErrConflict, "Ops!": monitor.ErrInvalid} {
		if _, err := db.RenameContactGroup(t.Context(), "shop_ops", to, "bob", later); !errors.Is(err, want) {
			t.Errorf("to %s: %v, want %v", to, err, want)
		}
	}
	if _, err := db.SaveContactGroup(t.Context(), group("ops", "mailto:b@example.com"), "bob", later); !errors.Is(err, monitor.ErrConflict) || !strings.Contains(err.Error(), "shop_ops was called ops before") {
		t.Errorf("a new group of the old name: %v, want a conflict", err)
	}
	if _, err := db.RenameContactGroup(t.Context(), "ops", "x", "bob", later); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("by the old name: %v", err)
	}
	back, err := db.RenameContactGroup(t.Context(), "shop_ops", "ops", "bob", later)
	if err != nil || !reflect.DeepEqual(back.Former, []string{"shop_ops"}) {
		t.Errorf("back again: %+v, %v", back, err)
	}
}

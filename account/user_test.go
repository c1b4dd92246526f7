package account

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"wingmirror/monitor"
)

func TestCreateUser_TheFirstIsAnAdmin(t *testing.T) {
	f := newFixture(t)
	_, err := f.CreateUser(operator(t), NewUser{Name: "ann", Role: monitor.RoleEditor, Password: goodPassword})
	wantField(t, err, "role")
	ann, err := f.CreateUser(operator(t), NewUser{Name: " Ann ", Password: goodPassword})
	if err != nil || ann.Role != monitor.RoleAdmin || ann.Name != "ann" {
		t.Fatalf("got %+v, %v, want the admin ann", ann, err)
	}
	bob, err := f.CreateUser(operator(t), NewUser{Name: "bob", Password: goodPassword})
	if err != nil || bob.Role != monitor.RoleViewer {
		t.Errorf("got %+v, %v, want a viewer", bob, err)
	}
	_, err = f.CreateUser(operator(t), NewUser{Name: "ANN", Password: goodPassword})
	wantErr(t, err, monitor.ErrConflict)
	if err.Error() != "there is a user ann already" {
		t.Errorf("got %q", err)
	}
}

func TestCreateUser_NamesEverythingThatIsWrong(t *testing.T) {
	f := newFixture(t)
	_, err := f.CreateUser(operator(t), NewUser{Name: "a b", Email: "nowhere", Password: "short"})
	for _, field := range []string{"name", "email", "password"} {
		wantField(t, err, field)
	}
	_, err = f.CreateUser(operator(t), NewUser{Name: "ann"})
	wantField(t, err, "password")
	for _, name := range []string{"", "-x", "a/b", "ä", "a\x00", strings.Repeat("a", 65), "<b>"} {
		_, err := f.CreateUser(operator(t), NewUser{Name: name, Password: goodPassword})
		wantField(t, err, "name")
	}
	if len(f.actions()) != 0 {
		t.Errorf("something was done: %q", f.actions())
	}
}

func TestUsers_TheLastAdminStays(t *testing.T) {
	f := newFixture(t)
	ann, bob := f.user("ann", monitor.RoleAdmin), f.user("bob", monitor.RoleAdmin)
	disabled, viewer := true, monitor.RoleViewer
	if _, err := f.EditUser(operator(t), bob.ID, UserEdit{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	_, err := f.EditUser(operator(t), ann.ID, UserEdit{Role: &viewer})
	wantErr(t, err, monitor.ErrConflict)
	if err.Error() != "ann is the last admin: make somebody else an admin first" {
		t.Errorf("got %q", err)
	}
	_, err = f.EditUser(operator(t), ann.ID, UserEdit{Disabled: &disabled})
	wantErr(t, err, monitor.ErrConflict)
	wantErr(t, f.RemoveUser(operator(t), ann.ID), monitor.ErrConflict)
	if err := f.RemoveUser(operator(t), bob.ID); err != nil {
		t.Errorf("a disabled admin has to stay: %v", err)
	}
	wantErr(t, f.RemoveUser(operator(t), bob.ID), monitor.ErrNotFound)
}

func TestUsers_TheLastAdminStaysWhenAllGoAtOnce(t *testing.T) {
	f := newFixture(t)
	var ids []int64
	for _, name := range []string{"a1", "a2", "a3", "a4", "a5"} {
		ids = append(ids, f.user(name, monitor.RoleAdmin).ID)
	}
	var group sync.WaitGroup
	for _, id := range ids {
		group.Go(func() { _ = f.RemoveUser(operator(t), id) })
	}
	group.Wait()
	all, err := f.Users(operator(t))
	if err != nil || len(all) != 1 || all[0].Role != monitor.RoleAdmin {
		t.Errorf("got %+v, %v, want one admin", all, err)
	}
}

func TestEditUser_ChangesWhatIsSaidAndWritesItDown(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	ann := f.user("ann", monitor.RoleViewer)
	asRoot := f.as("root")
	name, email, role := "Anna", "anna@example.com", monitor.RoleEditor
	edited, err := f.EditUser(asRoot, ann.ID, UserEdit{Name: &name, Email: &email, Role: &role})
	if err != nil || edited.Name != "anna" || edited.Email != email || edited.Role != role || edited.PasswordHash != ann.PasswordHash {
		t.Fatalf("got %+v, %v", edited, err)
	}
	if _, err := f.EditUser(asRoot, ann.ID, UserEdit{Name: &name}); err != nil {
		t.Error(err)
	}
	entries, err := f.Audit(asRoot, monitor.AuditQuery{Action: "user.update"})
	if err != nil || len(entries) != 1 {
		t.Fatalf("got %v, %v, want one entry", entries, err)
	}
	if e := entries[0]; e.Actor != "root" || e.Subject != "user/ann" || e.Detail != "name ann → anna, email none → anna@example.com, role viewer → editor" {
		t.Errorf("got %+v", e)
	}
	taken := "root"
	_, err = f.EditUser(asRoot, ann.ID, UserEdit{Name: &taken})
	wantErr(t, err, monitor.ErrConflict)
	bad, none := "a b", monitor.NoRole
	_, err = f.EditUser(asRoot, ann.ID, UserEdit{Name: &bad, Email: &bad, Role: &none})
	for _, field := range []string{"name", "email", "role"} {
		wantField(t, err, field)
	}
	_, err = f.EditUser(asRoot, 999, UserEdit{Email: &email})
	wantErr(t, err, monitor.ErrNotFound)
}

func TestUsers_AreForAdminsOnly(t *testing.T) {
	f := newFixture(t)
	root := f.user("root", monitor.RoleAdmin)
	ed := f.user("ed", monitor.RoleEditor)
	asRoot := f.as("root")
	program := With(t.Context(), f.bearerIdentity(f.token(asRoot, monitor.ScopeWrite)))
	disabled := true
	for who, ctx := range map[string]context.Context{"nobody": t.Context(), "an editor": f.as("ed"), "a token to write": program} {
		for what, try := range map[string]func() error{
			"list":     func() error { _, err := f.Users(ctx); return err },
			"read":     func() error { _, err := f.User(ctx, monitor.UserKey{ID: root.ID + 100}); return err },
			"add":      func() error { _, err := f.CreateUser(ctx, NewUser{Name: "x", Password: goodPassword}); return err },
			"edit":     func() error { _, err := f.EditUser(ctx, ed.ID, UserEdit{Disabled: &disabled}); return err },
			"remove":   func() error { return f.RemoveUser(ctx, ed.ID) },
			"password": func() error { return f.SetPassword(ctx, root.ID, otherPassword) },
			"audit":    func() error { _, err := f.Audit(ctx, monitor.AuditQuery{}); return err },
		} {
			if err := try(); err == nil {
				t.Errorf("%s may %s", who, what)
			} else {
				wantErr(t, err, monitor.ErrDenied)
			}
		}
	}
	if u, err := f.User(f.as("ed"), monitor.UserKey{ID: ed.ID}); err != nil || u.Name != "ed" {
		t.Errorf("ed may not read ed: %+v, %v", u, err)
	}
	_, err := f.User(f.as("ed"), monitor.UserKey{Name: "root"})
	wantErr(t, err, monitor.ErrDenied)
}

func TestAudit_IsReadInPages(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	ctx := f.as("root")
	for _, action := range []string{"monitor.create", "monitor.update", "monitors.import"} {
		if err := f.Record(ctx, action, "monitor/7", "disk\x00 full "+strings.Repeat("x", 1000)); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for before := int64(0); ; {
		page, err := f.Audit(ctx, monitor.AuditQuery{Before: before, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			all = append(all, e.Action)
			if len(e.Detail) > 500 || strings.Contains(e.Detail, "\x00") {
				t.Errorf("detail %q", e.Detail)
			}
		}
		if len(page) < 2 {
			break
		}
		before = page[1].ID
	}
	if want := []string{"monitors.import", "monitor.update", "monitor.create", "user.login", "user.create"}; !slices.Equal(all, want) {
		t.Errorf("got %q, want %q", all, want)
	}
	for query, want := range map[monitor.AuditQuery]int{
		{Action: "monitor."}: 2, {Action: "monitor.update"}: 1, {Subject: "monitor/7"}: 3, {Actor: "root"}: 4, {Actor: "root", Action: "user."}: 1, {Actor: "eve"}: 0,
	} {
		got, err := f.Audit(ctx, query)
		if err != nil || len(got) != want {
			t.Errorf("%+v: got %d, %v, want %d", query, len(got), err, want)
		}
	}
	_, err := f.Audit(ctx, monitor.AuditQuery{Limit: maxAudit + 1})
	wantField(t, err, "limit")
}

func TestNew_NamesWhatIsWrongWithTheOptions(t *testing.T) {
	for field, o := range map[string]Options{
		"base-url": {BaseURL: "wing.example.com"},
		"session":  {Idle: 1},
	} {
		_, err := New(o)
		wantField(t, err, field)
	}
}

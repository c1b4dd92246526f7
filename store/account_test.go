package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"wingmirror/monitor"
)

func did(action string) monitor.AuditEntry {
	return monitor.AuditEntry{At: start, Actor: "ann", UserID: 1, TokenID: 2, Action: action, Subject: "user/bob", Detail: "detail", Address: "192.0.2.1"}
}

func newUser(t testing.TB, db *DB, u monitor.User) monitor.User {
	t.Helper()
	stored, err := db.CreateUser(t.Context(), func(fresh *monitor.User, _ int) (monitor.AuditEntry, error) {
		*fresh = u
		return did("user.create"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func auditLength(t testing.TB, db *DB) int {
	t.Helper()
	all, err := db.Audit(t.Context(), monitor.AuditQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestUser_IsReadBackWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := openAt(t, path)
	want := monitor.User{
		Name: "bob", Email: "bob@example.com", Role: monitor.RoleEditor, PasswordHash: "$argon2id$", Issuer: "https://id.example.com", Subject: "7",
		Disabled: true, Epoch: 3, CreatedAt: start, LoginAt: start.Add(time.Millisecond),
	}
	stored := newUser(t, db, want)
	want.ID = stored.ID
	again := openAt(t, path)
	for _, key := range []monitor.UserKey{{ID: want.ID}, {Name: "bob"}, {Issuer: want.Issuer, Subject: "7"}} {
		got, err := again.User(t.Context(), key)
		if err != nil || got != want {
			t.Errorf("%+v: got %+v, %v, want %+v", key, got, err, want)
		}
	}
	for _, key := range []monitor.UserKey{{}, {ID: 99}, {Name: "Bob"}, {Issuer: want.Issuer}, {Subject: "7"}} {
		if _, err := again.User(t.Context(), key); !errors.Is(err, monitor.ErrNotFound) {
			t.Errorf("%+v: got %v, want not found", key, err)
		}
	}
}

func TestUser_NameAndIdentityAreTakenOnce(t *testing.T) {
	db := openNew(t)
	newUser(t, db, monitor.User{Name: "ann"})
	bob := newUser(t, db, monitor.User{Name: "bob", Issuer: "i", Subject: "s"})
	for _, u := range []monitor.User{{Name: "ann"}, {Name: "eve", Issuer: "i", Subject: "s"}} {
		_, err := db.CreateUser(t.Context(), func(fresh *monitor.User, _ int) (monitor.AuditEntry, error) { *fresh = u; return did("x"), nil })
		if !errors.Is(err, monitor.ErrConflict) {
			t.Errorf("%+v: got %v, want a conflict", u, err)
		}
	}
	_, err := db.EditUser(t.Context(), bob.ID, func(u *monitor.User, _ int) (monitor.AuditEntry, error) { u.Name = "ann"; return did("x"), nil })
	if !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	newUser(t, db, monitor.User{Name: "without identity"})
	newUser(t, db, monitor.User{Name: "another without"})
	if n := auditLength(t, db); n != 4 {
		t.Errorf("%d entries, want those of what happened: 4", n)
	}
}

func TestUser_ARefusedChangeLeavesNoTrace(t *testing.T) {
	db := openNew(t)
	ann := newUser(t, db, monitor.User{Name: "ann", Role: monitor.RoleAdmin})
	no := errors.New("no")
	refuse := func(u *monitor.User, _ int) (monitor.AuditEntry, error) { u.Name = "changed"; return did("x"), no }
	if _, err := db.CreateUser(t.Context(), refuse); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if _, err := db.EditUser(t.Context(), ann.ID, refuse); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if err := db.RemoveUser(t.Context(), ann.ID, refuse); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	all, err := db.Users(t.Context())
	if err != nil || len(all) != 1 || all[0] != ann || auditLength(t, db) != 1 {
		t.Errorf("got %+v, %v, want ann as before", all, err)
	}
}

func TestUser_OtherAdminsAreThoseWhoCanAct(t *testing.T) {
	db := openNew(t)
	ann := newUser(t, db, monitor.User{Name: "ann", Role: monitor.RoleAdmin})
	newUser(t, db, monitor.User{Name: "bob", Role: monitor.RoleAdmin})
	newUser(t, db, monitor.User{Name: "eve", Role: monitor.RoleAdmin, Disabled: true})
	newUser(t, db, monitor.User{Name: "joe", Role: monitor.RoleEditor})
	counts := []int{}
	count := func(_ *monitor.User, others int) (monitor.AuditEntry, error) {
		counts = append(counts, others)
		return monitor.AuditEntry{}, errors.New("only counting")
	}
	_, _ = db.EditUser(t.Context(), ann.ID, count)
	_, _ = db.CreateUser(t.Context(), count)
	if want := []int{1, 2}; !reflect.DeepEqual(counts, want) {
		t.Errorf("got %v, want %v", counts, want)
	}
}

func TestUser_EditsDoNotOverwriteEachOther(t *testing.T) {
	db := openNew(t)
	ann := newUser(t, db, monitor.User{Name: "ann"})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, err := db.EditUser(t.Context(), ann.ID, func(u *monitor.User, _ int) (monitor.AuditEntry, error) {
				u.Epoch++
				return monitor.AuditEntry{}, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got, err := db.User(t.Context(), monitor.UserKey{ID: ann.ID}); err != nil || got.Epoch != 20 {
		t.Errorf("got epoch %d, %v, want 20", got.Epoch, err)
	}
}

func TestUser_ARoleOfTheFutureAllowsNothing(t *testing.T) {
	db := openNew(t)
	ann := newUser(t, db, monitor.User{Name: "ann", Role: monitor.RoleAdmin})
	if err := db.write.Exec(`UPDATE users SET role = 'emperor'`).Error; err != nil {
		t.Fatal(err)
	}
	if got, err := db.User(t.Context(), monitor.UserKey{ID: ann.ID}); err != nil || got.Role != monitor.NoRole {
		t.Errorf("got %s, %v, want none", got.Role, err)
	}
}

func newSession(t testing.TB, db *DB, user int64, hash string, seen time.Time) monitor.Session {
	t.Helper()
	s, err := db.CreateSession(t.Context(), monitor.Session{
		Hash: []byte(hash), UserID: user, Epoch: 2, CreatedAt: start, SeenAt: seen, Address: "192.0.2.1", Agent: "browser",
	}, did("user.login"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSession_IsFoundByItsHashWithItsUser(t *testing.T) {
	db := openNew(t)
	ann := newUser(t, db, monitor.User{Name: "ann"})
	want := newSession(t, db, ann.ID, "\x00h\xff", start)
	got, user, err := db.FindSession(t.Context(), []byte("\x00h\xff"))
	if err != nil || !reflect.DeepEqual(got, want) || user != ann || got.Epoch != 2 || got.Agent != "browser" || !got.CreatedAt.Equal(start) {
		t.Errorf("got %+v of %+v, %v", got, user, err)
	}
	if _, _, err := db.FindSession(t.Context(), []byte("\x00h")); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
	for _, at := range []time.Time{start.Add(time.Hour), start.Add(time.Minute)} {
		if err := db.TouchSession(t.Context(), want.ID, at); err != nil {
			t.Fatal(err)
		}
	}
	got, _, err = db.FindSession(t.Context(), want.Hash)
	if err != nil || !got.SeenAt.Equal(start.Add(time.Hour)) {
		t.Errorf("seen at %s, %v, want the later time", got.SeenAt, err)
	}
	_, err = db.CreateSession(t.Context(), monitor.Session{UserID: 99, Hash: []byte("x")}, did("user.login"))
	if !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("a session of nobody: got %v", err)
	}
}

func TestEndSessions_EndsThoseThatMatchEveryField(t *testing.T) {
	db := openNew(t)
	ann, bob := newUser(t, db, monitor.User{Name: "ann"}), newUser(t, db, monitor.User{Name: "bob"})
	ids := map[string]int64{}
	fill := func() {
		for i, of := range []monitor.User{ann, ann, bob, bob} {
			name := fmt.Sprintf("%s%d", of.Name, i)
			ids[name] = newSession(t, db, of.ID, name, start.Add(time.Duration(i)*time.Hour)).ID
		}
	}
	left := func() string {
		var names []string
		for _, u := range []monitor.User{ann, bob} {
			all, err := db.Sessions(t.Context(), u.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range all {
				names = append(names, string(s.Hash))
			}
		}
		return strings.Join(names, " ")
	}
	for _, row := range []struct {
		set   func() monitor.SessionSet
		ended int
		left  string
	}{
		{func() monitor.SessionSet { return monitor.SessionSet{} }, 0, "ann1 ann0 bob3 bob2"},
		{func() monitor.SessionSet { return monitor.SessionSet{ID: ids["ann0"]} }, 1, "ann1 bob3 bob2"},
		{func() monitor.SessionSet { return monitor.SessionSet{ID: ids["ann0"], UserID: bob.ID} }, 0, "ann1 ann0 bob3 bob2"},
		{func() monitor.SessionSet { return monitor.SessionSet{UserID: bob.ID, Except: ids["bob2"]} }, 1, "ann1 ann0 bob2"},
		{func() monitor.SessionSet { return monitor.SessionSet{UserID: bob.ID} }, 2, "ann1 ann0"},
		{func() monitor.SessionSet { return monitor.SessionSet{SeenBefore: start.Add(2 * time.Hour)} }, 2, "bob3 bob2"},
		{func() monitor.SessionSet { return monitor.SessionSet{CreatedBefore: start} }, 0, "ann1 ann0 bob3 bob2"},
		{func() monitor.SessionSet { return monitor.SessionSet{CreatedBefore: start.Add(time.Millisecond)} }, 4, ""},
	} {
		if err := db.write.Exec(`DELETE FROM sessions`).Error; err != nil {
			t.Fatal(err)
		}
		fill()
		before := auditLength(t, db)
		ended, err := db.EndSessions(t.Context(), row.set(), did("user.logout"))
		if err != nil || ended != row.ended || left() != row.left {
			t.Errorf("%+v: ended %d, %v, left %q; want %d, %q", row.set(), ended, err, left(), row.ended, row.left)
		}
		if wrote := auditLength(t, db) - before; (wrote == 1) != (row.ended > 0) {
			t.Errorf("%+v: %d audit entries", row.set(), wrote)
		}
	}
}

func TestToken_IsReadBackWholeAndGoesWithItsUser(t *testing.T) {
	db := openNew(t)
	ann := newUser(t, db, monitor.User{Name: "ann"})
	want := monitor.Token{
		UserID: ann.ID, Name: "ci", Hash: []byte("hash"), Hint: "wm_abcd", Scopes: []monitor.Scope{monitor.ScopeRead, monitor.ScopePing},
		CreatedAt: start, ExpiresAt: start.Add(time.Hour),
	}
	stored, err := db.CreateToken(t.Context(), want, did("token.create"))
	if err != nil {
		t.Fatal(err)
	}
	want.ID = stored.ID
	got, user, err := db.FindToken(t.Context(), []byte("hash"))
	if err != nil || !reflect.DeepEqual(got, want) || user != ann {
		t.Errorf("got %+v of %+v, %v, want %+v", got, user, err, want)
	}
	same := want
	same.Hash = []byte("another")
	if _, err := db.CreateToken(t.Context(), same, did("token.create")); !errors.Is(err, monitor.ErrConflict) {
		t.Errorf("a second of the name: got %v", err)
	}
	same.UserID = 99
	if _, err := db.CreateToken(t.Context(), same, did("token.create")); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("a token of nobody: got %v", err)
	}
	if err := db.TouchToken(t.Context(), want.ID, start.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	newSession(t, db, ann.ID, "session", start)
	for user, n := range map[int64]int{0: 1, ann.ID: 1, 99: 0} {
		all, err := db.Tokens(t.Context(), user)
		if err != nil || len(all) != n || (n > 0 && !all[0].UsedAt.Equal(start.Add(time.Second))) {
			t.Errorf("of user %d: got %+v, %v", user, all, err)
		}
	}
	if err := db.RemoveUser(t.Context(), ann.ID, func(*monitor.User, int) (monitor.AuditEntry, error) { return did("user.remove"), nil }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.FindToken(t.Context(), []byte("hash")); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("outlives its user: %v", err)
	}
	if _, _, err := db.FindSession(t.Context(), []byte("session")); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("a session outlives its user: %v", err)
	}
	if next := newUser(t, db, monitor.User{Name: "ann"}); next.ID == ann.ID {
		t.Error("the number of a removed user is given again, and with it what the audit log says")
	}
}

func TestToken_IsRemovedOnce(t *testing.T) {
	db := openNew(t)
	ann := newUser(t, db, monitor.User{Name: "ann"})
	token, err := db.CreateToken(t.Context(), monitor.Token{UserID: ann.ID, Name: "ci", Hash: []byte("h")}, did("token.create"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.RemoveToken(t.Context(), token.ID, did("token.revoke")); err != nil {
		t.Error(err)
	}
	before := auditLength(t, db)
	if err := db.RemoveToken(t.Context(), token.ID, did("token.revoke")); !errors.Is(err, monitor.ErrNotFound) || auditLength(t, db) != before {
		t.Errorf("a second time: got %v", err)
	}
}

func TestAudit_IsOnlyAddedTo(t *testing.T) {
	db := openNew(t)
	if err := db.Record(t.Context(), did("user.login")); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{`UPDATE audit SET actor = 'eve'`, `DELETE FROM audit`} {
		if err := db.write.Exec(statement).Error; err == nil || !strings.Contains(err.Error(), "only added to") {
			t.Errorf("%s: got %v", statement, err)
		}
	}
	all, err := db.Audit(t.Context(), monitor.AuditQuery{})
	want := did("user.login")
	want.ID = 1
	if err != nil || len(all) != 1 || all[0] != want {
		t.Errorf("got %+v, %v, want %+v", all, err, want)
	}
}

func TestAudit_AKindIsAPrefixUpToTheDot(t *testing.T) {
	db := openNew(t)
	for _, action := range []string{"user.login", "user.logout", "users.import", "user", "USER.login", "token.create"} {
		if err := db.Record(t.Context(), did(action)); err != nil {
			t.Fatal(err)
		}
	}
	for action, want := range map[string]int{"user.": 2, "user": 1, "user.login": 1, "%.": 0, "": 6} {
		if got, err := db.Audit(t.Context(), monitor.AuditQuery{Action: action}); err != nil || len(got) != want {
			t.Errorf("%q: got %d, %v, want %d", action, len(got), err, want)
		}
	}
	if page, err := db.Audit(t.Context(), monitor.AuditQuery{Before: 4, Limit: 2}); err != nil || len(page) != 2 || page[0].ID != 3 {
		t.Errorf("got %+v, %v", page, err)
	}
}

func BenchmarkFindSession(b *testing.B) {
	db := openNew(b)
	ann := newUser(b, db, monitor.User{Name: "ann", Role: monitor.RoleAdmin})
	newSession(b, db, ann.ID, "hash", start)
	for b.Loop() {
		if _, _, err := db.FindSession(b.Context(), []byte("hash")); err != nil {
			b.Fatal(err)
		}
	}
}

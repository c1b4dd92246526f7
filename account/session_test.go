package account

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

func form(name, password, next string) url.Values {
	return url.Values{"name": {name}, "password": {password}, "next": {next}}
}

func sessionOf(t testing.TB, r *http.Response, name string) *http.Cookie {
	t.Helper()
	for _, c := range r.Cookies() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no cookie %s in %v", name, r.Cookies())
	return nil
}

func TestSession_CookieIsForThisHostAndNotForScripts(t *testing.T) {
	for base, want := range map[string]http.Cookie{
		"":                         {Name: "wingmirror"},
		"http://wing.internal":     {Name: "wingmirror"},
		"https://wing.example.com": {Name: "__Host-wingmirror", Secure: true},
	} {
		f := newFixture(t, func(o *Options) { o.BaseURL = base })
		f.user("ann", monitor.RoleAdmin)
		answer, err := f.post(f.ServeLogin, form("ann", goodPassword, "/monitors/7?tab=runs"))
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/monitors/7?tab=runs" {
			t.Errorf("got %d to %q", answer.StatusCode, answer.Header.Get("Location"))
		}
		c := sessionOf(t, answer, want.Name)
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != want.Secure || c.MaxAge != 30*24*3600 {
			t.Errorf("%s: got %s", base, c)
		}
		if len(c.Value) != 43 {
			t.Errorf("got a secret of %d characters, want 43 for 256 bits", len(c.Value))
		}
	}
}

func TestSession_OnlyTheHashIsKept(t *testing.T) {
	f := newFixture(t)
	u := f.user("ann", monitor.RoleAdmin)
	secret, err := f.LogIn(t.Context(), "ann", goodPassword, Origin{Address: "192.0.2.1", Agent: "fire\x00fox " + strings.Repeat("ä", 200)})
	if err != nil {
		t.Fatal(err)
	}
	all, err := f.db.Sessions(t.Context(), u.ID)
	if err != nil || len(all) != 1 {
		t.Fatalf("got %v, %v", all, err)
	}
	if strings.Contains(string(all[0].Hash), secret) || len(all[0].Hash) != 32 {
		t.Errorf("kept %q", all[0].Hash)
	}
	if !strings.HasPrefix(all[0].Agent, "fire fox ä") || len(all[0].Agent) > maxAgent {
		t.Errorf("kept agent %q", all[0].Agent)
	}
	for _, wrong := range []string{"", "x", secret + "x", string(all[0].Hash)} {
		_, err := f.resume(t.Context(), wrong)
		wantErr(t, err, ErrLogin)
	}
}

// In a bubble the clock is the real one, and a month passes at once.
func TestSession_EndsWhenItIsIdleAndWhenItIsOld(t *testing.T) {
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "test.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	synctest.Test(t, func(t *testing.T) {
		a, err := New(Options{
			Ledger: db, Mode: ModeUsers, Argon: cheap, Idle: 24 * time.Hour, Lifetime: 7 * 24 * time.Hour,
			Now: time.Now, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		u, err := a.CreateUser(operator(t), NewUser{Name: "ann", Password: goodPassword})
		if err != nil {
			t.Fatal(err)
		}
		login := func() string {
			secret, err := a.LogIn(t.Context(), "ann", goodPassword, Origin{})
			if err != nil {
				t.Fatal(err)
			}
			return secret
		}
		unused := login()
		time.Sleep(24*time.Hour - time.Second)
		if _, err := a.resume(t.Context(), unused); err != nil {
			t.Errorf("over after a day less a second: %v", err)
		}
		time.Sleep(24 * time.Hour)
		_, err = a.resume(t.Context(), unused)
		wantErr(t, err, ErrLogin)

		used := login()
		for hour := range 7 * 24 {
			if _, err := a.resume(t.Context(), used); err != nil {
				t.Fatalf("over after %d hours in use: %v", hour, err)
			}
			time.Sleep(time.Hour)
		}
		_, err = a.resume(t.Context(), used)
		wantErr(t, err, ErrLogin)

		time.Sleep(time.Millisecond)
		login() // sweeps
		if all, err := db.Sessions(t.Context(), u.ID); err != nil || len(all) != 1 {
			t.Errorf("%d sessions are kept, %v, want the last alone", len(all), err)
		}
	})
}

func TestSession_EndsWithLogout(t *testing.T) {
	f := newFixture(t)
	f.user("ann", monitor.RoleAdmin)
	answer, err := f.post(f.ServeLogin, form("ann", goodPassword, ""))
	if err != nil {
		t.Fatal(err)
	}
	cookie := sessionOf(t, answer, "wingmirror")
	answer, err = f.post(f.ServeLogout, nil, cookie)
	if err != nil || answer.Header.Get("Location") != "/login" {
		t.Errorf("got %v, %v", answer, err)
	}
	if gone := sessionOf(t, answer, "wingmirror"); gone.MaxAge >= 0 || gone.Value != "" {
		t.Errorf("the cookie stays: %s", gone)
	}
	_, err = f.resume(t.Context(), cookie.Value)
	wantErr(t, err, ErrLogin)
	if _, err = f.post(f.ServeLogout, nil, cookie); err != nil {
		t.Errorf("a second logout: %v", err)
	}
}

func TestSession_ANewLoginReplacesTheOldOneOfTheBrowser(t *testing.T) {
	f := newFixture(t)
	f.user("ann", monitor.RoleAdmin)
	answer, err := f.post(f.ServeLogin, form("ann", goodPassword, ""))
	if err != nil {
		t.Fatal(err)
	}
	first := sessionOf(t, answer, "wingmirror")
	answer, err = f.post(f.ServeLogin, form("ann", goodPassword, ""), first)
	if err != nil {
		t.Fatal(err)
	}
	if second := sessionOf(t, answer, "wingmirror"); second.Value == first.Value {
		t.Error("the secret is the same")
	}
	_, err = f.resume(t.Context(), first.Value)
	wantErr(t, err, ErrLogin)
}

func TestSessions_AreListedAndEndedByTheirUserOnly(t *testing.T) {
	f := newFixture(t)
	f.user("ann", monitor.RoleAdmin)
	f.user("bob", monitor.RoleAdmin)
	here, there, bob := f.as("ann"), f.as("ann"), f.as("bob")
	all, err := f.OwnSessions(here)
	if err != nil || len(all) != 2 {
		t.Fatalf("got %v, %v, want 2", all, err)
	}
	wantErr(t, f.EndSession(bob, From(here).SessionID), monitor.ErrNotFound)
	wantErr(t, f.EndSession(bob, 0), monitor.ErrNotFound)
	if n, err := f.EndOtherSessions(here); n != 1 || err != nil {
		t.Errorf("ended %d, %v, want 1", n, err)
	}
	all, err = f.OwnSessions(here)
	if err != nil || len(all) != 1 || all[0].ID != From(here).SessionID {
		t.Errorf("got %v, %v, want the one here", all, err)
	}
	wantErr(t, f.EndSession(here, From(there).SessionID), monitor.ErrNotFound)
	if all, err = f.OwnSessions(bob); err != nil || len(all) != 1 {
		t.Errorf("bob has %d sessions, %v, want 1", len(all), err)
	}
	for _, ctx := range []context.Context{t.Context(), operator(t), With(t.Context(), f.bearerIdentity(f.token(here, monitor.ScopeAdmin)))} {
		_, err := f.OwnSessions(ctx)
		wantErr(t, err, monitor.ErrDenied)
	}
}

func TestChangePassword_EndsEverySessionButGivesANewOneHere(t *testing.T) {
	f := newFixture(t)
	f.user("ann", monitor.RoleAdmin)
	secrets := make([]string, 3)
	for i := range secrets {
		var err error
		if secrets[i], err = f.LogIn(t.Context(), "ann", goodPassword, Origin{}); err != nil {
			t.Fatal(err)
		}
	}
	here := With(t.Context(), f.sessionIdentity(secrets[0]))
	_, err := f.ChangePassword(here, "not it, not it, not it", otherPassword)
	wantField(t, err, "current")
	_, err = f.ChangePassword(here, goodPassword, "short")
	wantField(t, err, "password")
	for _, s := range secrets {
		f.sessionIdentity(s)
	}
	fresh, err := f.ChangePassword(here, goodPassword, otherPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		_, err := f.resume(t.Context(), s)
		wantErr(t, err, ErrLogin)
	}
	f.sessionIdentity(fresh)
	if all, err := f.OwnSessions(With(t.Context(), f.sessionIdentity(fresh))); err != nil || len(all) != 1 {
		t.Errorf("got %d sessions, %v, want 1", len(all), err)
	}
	_, err = f.LogIn(t.Context(), "ann", goodPassword, Origin{})
	wantErr(t, err, ErrCredentials)
	if _, err = f.LogIn(t.Context(), "ann", otherPassword, Origin{}); err != nil {
		t.Error(err)
	}
}

// Whoever edits the database by hand does not know of epochs.
func TestSession_OfADisabledUserIsOverWhateverItsEpoch(t *testing.T) {
	f := newFixture(t)
	u := f.user("ann", monitor.RoleAdmin)
	secret, err := f.LogIn(t.Context(), "ann", goodPassword, Origin{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.db.EditUser(t.Context(), u.ID, func(u *monitor.User, _ int) (monitor.AuditEntry, error) {
		u.Disabled = true
		return monitor.AuditEntry{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.resume(t.Context(), secret)
	wantErr(t, err, ErrLogin)
}

func TestTouches_KnowWhatWasWrittenBeforeARestart(t *testing.T) {
	var fresh touches
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if fresh.due(touchKey{ByLogin, 1}, at.Add(-59*time.Second), at) {
		t.Error("written twice within a minute")
	}
	if !fresh.due(touchKey{ByLogin, 1}, at.Add(-60*time.Second), at) || !fresh.due(touchKey{ByToken, 1}, time.Time{}, at) {
		t.Error("not written after a minute")
	}
	for i := range int64(3 * mostTouches) {
		fresh.due(touchKey{ByLogin, i}, time.Time{}, at)
	}
	if len(fresh.last) > mostTouches {
		t.Errorf("%d are remembered, at most %d should be", len(fresh.last), mostTouches)
	}
}

func TestDisable_EndsSessionsForGood(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	ann := f.user("ann", monitor.RoleViewer)
	secret, err := f.LogIn(t.Context(), "ann", goodPassword, Origin{})
	if err != nil {
		t.Fatal(err)
	}
	for _, disabled := range []bool{true, false} {
		if _, err := f.EditUser(operator(t), ann.ID, UserEdit{Disabled: &disabled}); err != nil {
			t.Fatal(err)
		}
		_, err = f.resume(t.Context(), secret)
		wantErr(t, err, ErrLogin)
		_, err = f.LogIn(t.Context(), "ann", goodPassword, Origin{})
		if disabled != (err == ErrCredentials) {
			t.Errorf("disabled %v: got %v", disabled, err)
		}
	}
}

func TestEditUser_ANewRoleHoldsAtOnce(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	ann := f.user("ann", monitor.RoleAdmin)
	secret, err := f.LogIn(t.Context(), "ann", goodPassword, Origin{})
	if err != nil {
		t.Fatal(err)
	}
	role := monitor.RoleViewer
	if _, err := f.EditUser(operator(t), ann.ID, UserEdit{Role: &role}); err != nil {
		t.Fatal(err)
	}
	if i := f.sessionIdentity(secret); i.Role != monitor.RoleViewer {
		t.Errorf("still %s", i.Role)
	}
}

package account

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestToken_IsReadBackAndMistypesAreFound(t *testing.T) {
	text := newToken()
	if len(text) != 49 || !strings.HasPrefix(text, "wm_") {
		t.Errorf("got %q", text)
	}
	if _, err := parseToken(text); err != nil {
		t.Fatal(err)
	}
	for i := len(TokenPrefix); i < len(text); i++ {
		wrong := []byte(text)
		wrong[i] = digits62[(strings.IndexByte(digits62, wrong[i])+1)%62]
		if _, err := parseToken(string(wrong)); err == nil {
			t.Errorf("a wrong character %d is not found", i)
		}
	}
	for _, wrong := range []string{"", "wm_", text[:48], text + "0", "WM_" + text[3:], " " + text, text[:20] + "é" + text[22:], strings.Repeat("wm_", 1000)} {
		_, err := parseToken(wrong)
		wantField(t, err, "token")
	}
}

func TestToken_NoTwoAreAlikeAndEveryDigitComes(t *testing.T) {
	seen, digits := map[string]bool{}, map[rune]bool{}
	for range 1000 {
		text := newToken()
		if seen[text] {
			t.Fatal("two tokens are alike")
		}
		seen[text] = true
		for _, r := range text[3:43] {
			digits[r] = true
		}
	}
	if len(digits) != 62 {
		t.Errorf("%d different digits in 40,000, want 62", len(digits))
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(newToken())
	f.Add("wm_")
	f.Add("wm_0000000000000000000000000000000000000000000000")
	f.Fuzz(func(t *testing.T, text string) {
		hash, err := parseToken(text)
		if (err == nil) != (len(hash) == 32) {
			t.Errorf("%q: hash of %d bytes, error %v", text, len(hash), err)
		}
		if err == nil && text != text[:43]+checksum(text[:43]) {
			t.Errorf("%q is accepted", text)
		}
	})
}

// token makes a token of the user who asks.
func (f *fixture) token(ctx context.Context, scopes ...monitor.Scope) string {
	f.t.Helper()
	_, text, err := f.CreateToken(ctx, NewToken{Name: "t" + newSecret()[:8], Scopes: scopes})
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

func (f *fixture) bearerIdentity(text string) Identity {
	i, _ := f.request(func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+text) })
	return i
}

func TestToken_MayWhatItsScopesAndItsUserMay(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	ed := f.user("ed", monitor.RoleEditor)
	write := f.token(f.as("ed"), monitor.ScopeWrite)
	ping := f.token(f.as("ed"), monitor.ScopePing, monitor.ScopeGate)

	i := f.bearerIdentity(write)
	if !i.May(monitor.RoleEditor, monitor.ScopeWrite) || !i.May(monitor.RoleViewer, monitor.ScopeRead) || !i.May(monitor.RoleEditor, monitor.ScopePing) {
		t.Errorf("%+v may not write", i)
	}
	if i.May(monitor.RoleAdmin, monitor.ScopeAdmin) || i.May(monitor.RoleEditor, monitor.ScopeAdmin) {
		t.Error("a token to write may manage")
	}
	if !strings.HasPrefix(i.Actor(), "ed by token t") {
		t.Errorf("acts as %q", i.Actor())
	}
	i = f.bearerIdentity(ping)
	if !i.May(monitor.RoleEditor, monitor.ScopePing) || !i.May(monitor.RoleViewer, monitor.ScopeGate) {
		t.Errorf("%+v may not ping", i)
	}
	if i.May(monitor.RoleViewer, monitor.ScopeRead) || i.May(monitor.RoleEditor, monitor.ScopeEvents) {
		t.Error("a token to ping may read or send events")
	}
	role := monitor.RoleViewer
	if _, err := f.EditUser(operator(t), ed.ID, UserEdit{Role: &role}); err != nil {
		t.Fatal(err)
	}
	if i = f.bearerIdentity(write); i.May(monitor.RoleEditor, monitor.ScopeWrite) || !i.May(monitor.RoleViewer, monitor.ScopeRead) {
		t.Error("the token of somebody who is a viewer now may more or less than read")
	}
}

func TestToken_EndsWithExpiryRevocationAndItsUser(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	ed := f.user("ed", monitor.RoleEditor)
	asEd := f.as("ed")
	short, text, err := f.CreateToken(asEd, NewToken{Name: "short", Scopes: []monitor.Scope{monitor.ScopeRead}, Expires: f.clock.now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if short.Hint != text[:7] {
		t.Errorf("got hint %q", short.Hint)
	}
	f.clock.pass(time.Hour - time.Second)
	if !f.bearerIdentity(text).May(monitor.RoleViewer, monitor.ScopeRead) {
		t.Error("over before its time")
	}
	f.clock.pass(time.Second)
	wantErr(t, f.bearerIdentity(text).Check(monitor.RoleViewer, monitor.ScopeRead), ErrLogin)

	lasting := f.token(asEd, monitor.ScopeRead)
	disabled := true
	if _, err := f.EditUser(operator(t), ed.ID, UserEdit{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	wantErr(t, f.bearerIdentity(lasting).Check(monitor.RoleViewer, monitor.ScopeRead), ErrLogin)
	disabled = false
	if _, err := f.EditUser(operator(t), ed.ID, UserEdit{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	i := f.bearerIdentity(lasting)
	if !i.May(monitor.RoleViewer, monitor.ScopeRead) {
		t.Error("does not work again after its user is enabled")
	}
	asEd = f.as("ed")
	if err := f.RevokeToken(asEd, i.Token.ID); err != nil {
		t.Fatal(err)
	}
	wantErr(t, f.bearerIdentity(lasting).Check(monitor.RoleViewer, monitor.ScopeRead), ErrLogin)
	wantErr(t, f.RevokeToken(asEd, i.Token.ID), monitor.ErrNotFound)

	last := f.token(asEd, monitor.ScopeRead)
	if err := f.RemoveUser(operator(t), ed.ID); err != nil {
		t.Fatal(err)
	}
	wantErr(t, f.bearerIdentity(last).Check(monitor.RoleViewer, monitor.ScopeRead), ErrLogin)
}

func TestToken_ABadOneIsNotMadeGoodByACookie(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	secret, err := f.LogIn(t.Context(), "root", goodPassword, Origin{})
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{"Bearer " + newToken(), "bearer nonsense", "Bearer"} {
		i, w := f.request(func(r *http.Request) {
			r.AddCookie(f.cookie(sessionCookie, secret, time.Hour))
			r.Header.Set("Authorization", header)
		})
		wantErr(t, i.Check(monitor.RoleViewer, monitor.ScopeRead), ErrLogin)
		if !strings.Contains(w.Header().Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("%s: got WWW-Authenticate %q", header, w.Header().Get("WWW-Authenticate"))
		}
	}
	i, _ := f.request(func(r *http.Request) {
		r.AddCookie(f.cookie(sessionCookie, secret, time.Hour))
		r.Header.Set("Authorization", "Basic cHJveHk6cGFzcw==") // meant for a proxy in front
	})
	if i.Name != "root" {
		t.Errorf("got %+v, want root", i)
	}
	i, _ = f.request(func(r *http.Request) {
		r.AddCookie(f.cookie(sessionCookie, secret, time.Hour))
		r.SetBasicAuth("", newToken()) // a token in an address, not a good one
	})
	wantErr(t, i.Check(monitor.RoleViewer, monitor.ScopeRead), ErrLogin)
}

func TestCreateToken_GivesNoMoreThanItsMakerHas(t *testing.T) {
	f := newFixture(t)
	root := f.user("root", monitor.RoleAdmin)
	f.user("ed", monitor.RoleEditor)
	asEd := f.as("ed")
	_, _, err := f.CreateToken(asEd, NewToken{Name: "rise", Scopes: []monitor.Scope{monitor.ScopeAdmin}})
	wantField(t, err, "scopes[0]")
	_, _, err = f.CreateToken(asEd, NewToken{UserID: root.ID, Name: "rise", Scopes: []monitor.Scope{monitor.ScopeRead}})
	wantErr(t, err, monitor.ErrDenied)
	for _, scope := range []monitor.Scope{monitor.ScopeRead, monitor.ScopeWrite, monitor.ScopePing} {
		program := With(t.Context(), f.bearerIdentity(f.token(asEd, scope)))
		_, _, err = f.CreateToken(program, NewToken{Name: "rise", Scopes: []monitor.Scope{monitor.ScopeWrite}})
		wantErr(t, err, monitor.ErrDenied)
	}
	_, _, err = f.CreateToken(asEd, NewToken{Scopes: []monitor.Scope{"fly", monitor.ScopeRead, monitor.ScopeRead}, Expires: f.clock.now()})
	for _, field := range []string{"name", "scopes[0]", "scopes[2]", "expires"} {
		wantField(t, err, field)
	}
	n := NewToken{Name: "twice", Scopes: []monitor.Scope{monitor.ScopeRead}}
	if _, _, err := f.CreateToken(asEd, n); err != nil {
		t.Fatal(err)
	}
	_, _, err = f.CreateToken(asEd, n)
	wantErr(t, err, monitor.ErrConflict)
	_, _, err = f.CreateToken(operator(t), n)
	wantErr(t, err, monitor.ErrDenied) // the command line is nobody in particular
}

func TestTokens_OthersAreForAdminsOnly(t *testing.T) {
	f := newFixture(t)
	root := f.user("root", monitor.RoleAdmin)
	f.user("ed", monitor.RoleEditor)
	asRoot, asEd := f.as("root"), f.as("ed")
	f.token(asRoot, monitor.ScopeAdmin)
	f.token(asEd, monitor.ScopeRead)
	_, err := f.Tokens(asEd, root.ID)
	wantErr(t, err, monitor.ErrDenied)
	_, err = f.AllTokens(asEd)
	wantErr(t, err, monitor.ErrDenied)
	all, err := f.AllTokens(asRoot)
	if err != nil || len(all) != 2 {
		t.Fatalf("got %d, %v, want 2", len(all), err)
	}
	own, err := f.Tokens(asEd, 0)
	if err != nil || len(own) != 1 || own[0].ID != all[1].ID {
		t.Errorf("got %v, %v, want ed's own", own, err)
	}
	wantErr(t, f.RevokeToken(asEd, all[0].ID), monitor.ErrNotFound)
	if err := f.RevokeToken(asRoot, all[1].ID); err != nil {
		t.Error(err)
	}
}

// counting counts what is written per request.
type counting struct {
	Ledger
	touches atomic.Int64
}

func (c *counting) TouchToken(ctx context.Context, id int64, at time.Time) error {
	c.touches.Add(1)
	return c.Ledger.TouchToken(ctx, id, at)
}

func TestToken_LastUseIsWrittenOnceAMinute(t *testing.T) {
	var ledger *counting
	f := newFixture(t, func(o *Options) { ledger = &counting{Ledger: o.Ledger}; o.Ledger = ledger })
	f.user("root", monitor.RoleAdmin)
	ctx := f.as("root")
	text := f.token(ctx, monitor.ScopeRead)
	crowd := func() {
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { f.bearerIdentity(text) })
		}
		group.Wait()
	}
	crowd()
	f.clock.pass(59 * time.Second)
	crowd()
	if n := ledger.touches.Load(); n != 1 {
		t.Errorf("%d writes within a minute, want 1", n)
	}
	f.clock.pass(time.Second)
	crowd()
	if n := ledger.touches.Load(); n != 2 {
		t.Errorf("%d writes after a minute, want 2", n)
	}
	all, err := f.Tokens(ctx, 0)
	if err != nil || len(all) != 1 || !all[0].UsedAt.Equal(f.clock.now()) {
		t.Errorf("got %+v, %v, want last use %s", all, err, f.clock.now())
	}
}

package account

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestLogIn_EveryFailureLooksTheSame(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	bob := f.user("bob", monitor.RoleViewer)
	disabled := true
	if _, err := f.EditUser(operator(t), bob.ID, UserEdit{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.CreateUser(operator(t), NewUser{Name: "sso@example.com", Role: monitor.RoleViewer}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"root", "nobody", "bob", "sso@example.com", "", "no such name", "ROOT'; --", strings.Repeat("x", 10_000)} {
		password := "wrong wrong wrong wrong"
		if name == "bob" {
			password = goodPassword
		}
		if _, err := f.LogIn(t.Context(), name, password, Origin{}); err != ErrCredentials {
			t.Errorf("%.20q: got %v, want ErrCredentials", name, err)
		}
	}
	if _, err := f.LogIn(t.Context(), "sso@example.com", "", Origin{}); err != ErrCredentials {
		t.Errorf("nothing as password of somebody without one: got %v", err)
	}
	if _, err := f.LogIn(t.Context(), " Root ", goodPassword, Origin{}); err != nil {
		t.Errorf("case and spaces of a name count: %v", err)
	}
}

// The same work is done for a name that nobody has: one password computation.
// The shortest of several times says what the work is, however busy the machine.
func TestLogIn_TakesAsLongForAnUnknownUser(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Argon = Argon{Memory: 16 << 10, Time: 4, Threads: 1} })
	f.user("root", monitor.RoleAdmin)
	shortest := map[string]time.Duration{"root": time.Hour, "nobody": time.Hour, "no such name": time.Hour}
	for range 7 {
		for name := range shortest {
			f.clock.pass(time.Minute) // past every limit
			begun := time.Now()
			if _, err := f.LogIn(t.Context(), name, "wrong wrong wrong wrong", Origin{}); err != ErrCredentials {
				t.Fatal(err)
			}
			shortest[name] = min(shortest[name], time.Since(begun))
		}
	}
	for name, took := range shortest {
		if took < shortest["root"]/3 || took > shortest["root"]*3 {
			t.Errorf("%s takes %s, a known user %s", name, took, shortest["root"])
		}
	}
}

// meanwhile does something once, right before the next edit of a user.
type meanwhile struct {
	Ledger
	do func()
}

func (m *meanwhile) EditUser(ctx context.Context, id int64, change Change) (monitor.User, error) {
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return m.Ledger.EditUser(ctx, id, change)
}

// A password is changed because somebody else knows it: a login with the old
// one that is under way meanwhile must not survive.
func TestLogIn_LosesToANewPasswordThatCameMeanwhile(t *testing.T) {
	var ledger *meanwhile
	f := newFixture(t, func(o *Options) { ledger = &meanwhile{Ledger: o.Ledger}; o.Ledger = ledger })
	u := f.user("ann", monitor.RoleAdmin)
	ledger.do = func() {
		if err := f.SetPassword(operator(t), u.ID, otherPassword); err != nil {
			t.Error(err)
		}
	}
	if _, err := f.LogIn(t.Context(), "ann", goodPassword, Origin{}); err != ErrCredentials {
		t.Errorf("got %v, want ErrCredentials", err)
	}
	secret, err := f.LogIn(t.Context(), "ann", otherPassword, Origin{})
	if err != nil {
		t.Fatal(err)
	}
	ledger.do = func() {
		if err := f.SetPassword(operator(t), u.ID, goodPassword); err != nil {
			t.Error(err)
		}
	}
	_, err = f.ChangePassword(With(t.Context(), f.sessionIdentity(secret)), otherPassword, "a third one, quite unlike")
	wantErr(t, err, monitor.ErrConflict)
}

func TestChangePassword_IsNoWayToGuess(t *testing.T) {
	f := newFixture(t)
	f.user("ann", monitor.RoleAdmin)
	ctx := f.as("ann")
	var err error
	for range 10 {
		_, err = f.ChangePassword(ctx, "wrong wrong wrong wrong", otherPassword)
	}
	if _, ok := errors.AsType[*LimitError](err); !ok {
		t.Errorf("got %v, want a limit", err)
	}
}

func TestLogIn_IsLimitedByAccountAndByAddress(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	f.user("ann", monitor.RoleViewer)
	guess := func(name, address string) error {
		_, err := f.LogIn(t.Context(), name, "wrong wrong wrong wrong", Origin{Address: address})
		return err
	}
	for i := range 10 {
		wantErr(t, guess("root", netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}).String()), ErrCredentials)
	}
	_, err := f.LogIn(t.Context(), "root", goodPassword, Origin{Address: "10.0.0.99"})
	limit, ok := errors.AsType[*LimitError](err)
	if !ok || limit.Seconds() != 6 {
		t.Fatalf("got %v, want to wait 6 s", err)
	}
	if _, err := f.LogIn(t.Context(), "ann", goodPassword, Origin{Address: "10.0.0.99"}); err != nil {
		t.Errorf("ann has to wait for root: %v", err)
	}
	f.clock.pass(6 * time.Second)
	if _, err := f.LogIn(t.Context(), "root", goodPassword, Origin{Address: "10.0.0.99"}); err != nil {
		t.Errorf("still refused after the wait: %v", err)
	}
	for range 20 {
		wantErr(t, guess("nobody"+newSecret()[:5], "2001:db8::1"), ErrCredentials)
	}
	_, err = f.LogIn(t.Context(), "ann", goodPassword, Origin{Address: "2001:db8::2"}) // the same network
	if _, ok := errors.AsType[*LimitError](err); !ok {
		t.Errorf("got %v, want a limit for the network", err)
	}
}

func TestServeLogin_SaysWhenToTryAgain(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	var answer *http.Response
	var err error
	for range 11 {
		answer, err = f.post(f.ServeLogin, form("root", "wrong wrong wrong wrong", ""))
	}
	if _, ok := errors.AsType[*LimitError](err); !ok || answer.Header.Get("Retry-After") != "6" {
		t.Errorf("got %v, Retry-After %q, want 6", err, answer.Header.Get("Retry-After"))
	}
	if len(answer.Cookies()) != 0 {
		t.Errorf("got cookies %v", answer.Cookies())
	}
}

func TestServeLogin_RefusesAFormThatIsTooLarge(t *testing.T) {
	f := newFixture(t)
	_, err := f.post(f.ServeLogin, form("root", strings.Repeat("x", maxForm), ""))
	wantErr(t, err, monitor.ErrInvalid)
}

func TestLogIn_RenewsAHashOfAnotherCostAndKeepsSessions(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	before, err := f.LogIn(t.Context(), "root", goodPassword, Origin{})
	if err != nil {
		t.Fatal(err)
	}
	f.hasher = newHasher(Argon{Memory: 128, Time: 2, Threads: 1})
	if _, err := f.LogIn(t.Context(), "root", goodPassword, Origin{}); err != nil {
		t.Fatal(err)
	}
	u, err := f.db.User(t.Context(), monitor.UserKey{Name: "root"})
	if err != nil || !strings.Contains(u.PasswordHash, "m=128,t=2,p=1") {
		t.Errorf("got %s, %v", u.PasswordHash, err)
	}
	f.sessionIdentity(before)
	if _, err := f.LogIn(t.Context(), "root", goodPassword, Origin{}); err != nil {
		t.Errorf("the renewed hash does not hold: %v", err)
	}
}

func TestLogIn_ABrokenHashLetsNobodyInAndTellsTheLog(t *testing.T) {
	f := newFixture(t)
	u := f.user("root", monitor.RoleAdmin)
	_, err := f.db.EditUser(t.Context(), u.ID, func(u *monitor.User, _ int) (monitor.AuditEntry, error) {
		u.PasswordHash = goodPassword
		return monitor.AuditEntry{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.LogIn(t.Context(), "root", goodPassword, Origin{}); err != ErrCredentials {
		t.Errorf("got %v", err)
	}
	if log := f.log.String(); !strings.Contains(log, "set a new one") || strings.Contains(log, goodPassword) {
		t.Errorf("the log says %q", log)
	}
}

func TestLogIn_IsInTheAuditLogWithoutSecrets(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	f.as("root")
	bob, disabled := f.user("bob", monitor.RoleViewer), true
	if _, err := f.EditUser(operator(t), bob.ID, UserEdit{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	for name, password := range map[string]string{"root": "wrong wrong wrong wrong", "bob": goodPassword, "my secret in the wrong field": ""} {
		if _, err := f.LogIn(t.Context(), name, password, Origin{Address: "192.0.2.1"}); err != ErrCredentials {
			t.Fatal(err)
		}
	}
	want := []string{
		"command line user.create user/bob", "command line user.create user/root", "command line user.update user/bob",
		"nobody user.login_failed user/(unknown)", "nobody user.login_failed user/bob", "nobody user.login_failed user/root",
		"root user.login user/root",
	}
	if got := slices.Sorted(slices.Values(f.actions())); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestLogIn_AFloodOfFailuresDoesNotFloodTheAuditLog(t *testing.T) {
	f := newFixture(t)
	for i := range 300 {
		address := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String()
		_, err := f.LogIn(t.Context(), "x"+newSecret()[:6], "wrong wrong wrong wrong", Origin{Address: address})
		wantErr(t, err, monitor.ErrDenied)
	}
	if n := len(f.actions()); n != 60 {
		t.Errorf("%d entries at once, want 60", n)
	}
}

func TestLocalPath_NeverLeavesTheServer(t *testing.T) {
	for next, want := range map[string]string{
		"/": "/", "/monitors/7": "/monitors/7", "/a?x=//b#c": "/a?x=//b#c", "/a%20b": "/a%20b",
		"": "/", "//": "/", "monitors": "/", "//evil.example.com": "/", "/\\evil.example.com": "/", "\\\\evil": "/", "https://evil.example.com": "/",
		"javascript:alert(1)": "/", "/\t/evil.example.com": "/", "/%2fevil.example.com": "/", "/%5cevil": "/%5cevil", " //evil": "/", "///evil": "/",
		"/login": "/", "/login?next=/login": "/", "/login/oidc": "/", "/%zz": "/", "/a\r\nSet-Cookie: x=y": "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("%q: got %q, want %q", next, got, want)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	f.Add("/a")
	f.Add("//evil")
	f.Add("/\\evil")
	f.Fuzz(func(t *testing.T, next string) {
		got := localPath(next)
		if got[0] != '/' || (len(got) > 1 && (got[1] == '/' || got[1] == '\\')) || strings.ContainsAny(got, "\r\n\t\\") {
			t.Errorf("%q gives %q", next, got)
		}
	})
}

func TestLoginPath_LeadsBackToWhereABrowserWantedToGo(t *testing.T) {
	for target, want := range map[string]string{
		"GET /": "/login", "GET /monitors/7?tab=a&b=c": "/login?next=%2Fmonitors%2F7%3Ftab%3Da%26b%3Dc", "POST /monitors": "/login",
	} {
		method, path, _ := strings.Cut(target, " ")
		r, err := http.NewRequest(method, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := LoginPath(r); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}

func TestAddress_BelievesOnlyOwnProxies(t *testing.T) {
	f := newFixture(t, func(o *Options) {
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	})
	for _, row := range []struct{ peer, forwarded, want string }{
		{"203.0.113.5:1", "", "203.0.113.5"},
		{"203.0.113.5:1", "198.51.100.1", "203.0.113.5"}, // a visitor's own invention
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "198.51.100.9, 198.51.100.1", "198.51.100.1"}, // only the last was seen by our proxy
		{"10.0.0.1:1", "198.51.100.1, 10.0.0.2", "198.51.100.1"},     // two proxies of ours
		{"[::1]:1", "2001:db8::7", "2001:db8::7"},
		{"10.0.0.1:1", "nonsense", "10.0.0.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"@", "198.51.100.1", ""}, // a Unix socket
		{"[fe80::1%eth0]:1", "", "fe80::1"},
	} {
		i, _ := f.request(func(r *http.Request) {
			r.RemoteAddr = row.peer
			if row.forwarded != "" {
				r.Header.Set("X-Forwarded-For", row.forwarded)
			}
		})
		if i.Address != row.want {
			t.Errorf("%s for %s: got %q, want %q", row.peer, row.forwarded, i.Address, row.want)
		}
	}
}

func TestCheck_NobodyMayAnythingAndErrorsSayWhatIsMissing(t *testing.T) {
	var nobody Identity
	for _, role := range monitor.Roles() {
		wantErr(t, nobody.Check(role, monitor.ScopeRead), ErrLogin)
	}
	if err := nobody.Check(monitor.NoRole, monitor.ScopeRead); err != nil {
		t.Errorf("what everybody may is refused: %v", err)
	}
	viewer := Identity{Kind: ByLogin, UserID: 1, Name: "ann", Role: monitor.RoleViewer}
	err := viewer.Check(monitor.RoleEditor, monitor.ScopeWrite)
	wantErr(t, err, monitor.ErrDenied)
	if errors.Is(err, ErrLogin) || !strings.Contains(err.Error(), "needs the role editor; ann has the role viewer") {
		t.Errorf("got %v", err)
	}
	if From(t.Context()).May(monitor.RoleViewer, monitor.ScopeRead) {
		t.Error("a context without an identity may read")
	}
}

// A database that does not answer must not look like a wrong cookie.
func TestAuthenticate_OwnFailuresAreNotTheUsers(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	secret, err := f.LogIn(t.Context(), "root", goodPassword, Origin{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.db.Close(); err != nil {
		t.Fatal(err)
	}
	i, _ := f.request(func(r *http.Request) { r.AddCookie(f.cookie(sessionCookie, secret, time.Hour)) })
	err = i.Check(monitor.RoleViewer, monitor.ScopeRead)
	if err == nil || errors.Is(err, monitor.ErrDenied) {
		t.Errorf("got %v, want a failure of ours", err)
	}
}

package account

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

const (
	goodPassword  = "a heron waits by the weir"
	otherPassword = "seven kettles, one spoon"
)

// cheap keeps tests quick; one test pays the real price.
var cheap = Argon{Memory: 64, Time: 1, Threads: 1}

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// fixture is an Access over a real database.
type fixture struct {
	*Access
	t     testing.TB
	clock *clock
	db    *store.DB
	log   *strings.Builder
}

func newFixture(t testing.TB, change ...func(*Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, log: &strings.Builder{}}
	var err error
	f.db, err = store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "test.db"), Now: f.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.db.Close() })
	o := Options{Ledger: f.db, Mode: ModeUsers, Argon: cheap, Now: f.clock.now, Log: slog.New(slog.NewTextHandler(f.log, nil))}
	for _, c := range change {
		c(&o)
	}
	if f.Access, err = New(o); err != nil {
		t.Fatal(err)
	}
	return f
}

func operator(t testing.TB) context.Context { return With(t.Context(), Operator()) }

// user adds a user with goodPassword.
func (f *fixture) user(name string, role monitor.Role) monitor.User {
	f.t.Helper()
	u, err := f.CreateUser(operator(f.t), NewUser{Name: name, Role: role, Password: goodPassword})
	if err != nil {
		f.t.Fatal(err)
	}
	return u
}

// as is a context in which the user is logged in.
func (f *fixture) as(name string) context.Context {
	f.t.Helper()
	secret, err := f.LogIn(f.t.Context(), name, goodPassword, Origin{Address: "192.0.2.1"})
	if err != nil {
		f.t.Fatal(err)
	}
	return With(f.t.Context(), f.sessionIdentity(secret))
}

func (f *fixture) sessionIdentity(secret string) Identity {
	f.t.Helper()
	i, err := f.resume(f.t.Context(), secret)
	if err != nil {
		f.t.Fatal(err)
	}
	return i
}

// request is what a browser or a program sends, through Authenticate.
func (f *fixture) request(change func(*http.Request)) (Identity, *httptest.ResponseRecorder) {
	f.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost:8470/api/v1/me", nil)
	r.RemoteAddr = "127.0.0.1:50000"
	if change != nil {
		change(r)
	}
	var seen Identity
	w := httptest.NewRecorder()
	f.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = From(r.Context()) })).ServeHTTP(w, r)
	return seen, w
}

// post sends the login form the way the pages do.
func (f *fixture) post(handler func(http.ResponseWriter, *http.Request) error, form url.Values, cookies ...*http.Cookie) (*http.Response, error) {
	f.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8470/login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "test browser")
	r.RemoteAddr = "192.0.2.9:50000"
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	var err error
	f.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { err = handler(w, r) })).ServeHTTP(w, r)
	return w.Result(), err
}

func (f *fixture) actions() []string {
	f.t.Helper()
	all, err := f.db.Audit(f.t.Context(), monitor.AuditQuery{})
	if err != nil {
		f.t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append([]string{e.Actor + " " + e.Action + " " + e.Subject}, out...)
	}
	return out
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want one that is %v", err, want)
	}
}

func wantField(t testing.TB, err error, field string) {
	t.Helper()
	for _, f := range monitor.AllFieldErrors(err) {
		if f.Field == field {
			return
		}
	}
	t.Errorf("got error %v, want one about %s", err, field)
}

package account

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"wingmirror/monitor"
)

// mount registers an operation with the statuses that a server would give errors.
func mount[I, O any](api huma.API, pattern string, handler func(context.Context, *I) (*O, error)) {
	method, path, _ := strings.Cut(pattern, " ")
	huma.Register(api, huma.Operation{Method: method, Path: path, OperationID: pattern}, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		for _, row := range []struct {
			err    error
			status int
		}{
			{ErrLogin, http.StatusUnauthorized}, {monitor.ErrDenied, http.StatusForbidden}, {monitor.ErrNotFound, http.StatusNotFound},
			{monitor.ErrConflict, http.StatusConflict}, {monitor.ErrInvalid, http.StatusUnprocessableEntity},
		} {
			if errors.Is(err, row.err) {
				return nil, huma.NewError(row.status, err.Error())
			}
		}
		return out, err
	})
}

func serveAPI(f *fixture) http.Handler {
	mux := http.NewServeMux()
	api, p := humago.New(mux, huma.DefaultConfig("test", "1")), NewAPI(f.Access)
	mount(api, "GET /api/v1/me", p.Me)
	mount(api, "PUT /api/v1/me/password", p.ChangePassword)
	mount(api, "GET /api/v1/me/sessions", p.Sessions)
	mount(api, "DELETE /api/v1/me/sessions", p.EndOtherSessions)
	mount(api, "DELETE /api/v1/me/sessions/{id}", p.EndSession)
	mount(api, "GET /api/v1/users", p.Users)
	mount(api, "POST /api/v1/users", p.CreateUser)
	mount(api, "GET /api/v1/users/{id}", p.User)
	mount(api, "PATCH /api/v1/users/{id}", p.EditUser)
	mount(api, "DELETE /api/v1/users/{id}", p.RemoveUser)
	mount(api, "PUT /api/v1/users/{id}/password", p.SetPassword)
	mount(api, "GET /api/v1/tokens", p.Tokens)
	mount(api, "POST /api/v1/tokens", p.CreateToken)
	mount(api, "DELETE /api/v1/tokens/{id}", p.RevokeToken)
	mount(api, "GET /api/v1/audit", p.Audit)
	return f.Authenticate(mux)
}

// caller sends requests to the API as somebody.
type caller struct {
	t       *testing.T
	handler http.Handler
	header  http.Header
}

func (f *fixture) caller(t *testing.T, handler http.Handler, name string) *caller {
	t.Helper()
	c := &caller{t, handler, http.Header{}}
	if name != "" {
		secret, err := f.LogIn(t.Context(), name, goodPassword, Origin{})
		if err != nil {
			t.Fatal(err)
		}
		c.header.Set("Cookie", f.cookie(sessionCookie, secret, f.lifetime).String())
	}
	return c
}

// call sends body, when it is not "", and decodes the answer into out, when it
// is not nil. It returns the status.
func (c *caller) call(pattern, body string, out any) (int, *httptest.ResponseRecorder) {
	c.t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for key, values := range c.header {
		r.Header[key] = values
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			c.t.Errorf("%s: %v in %s", pattern, err, w.Body)
		}
	}
	return w.Code, w
}

func TestAPI_UsersFromTheFirstToTheLast(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Mode = ModeLocal })
	handler := serveAPI(f)
	local := f.caller(t, handler, "")
	local.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { r.Host = "localhost"; handler.ServeHTTP(w, r) })
	var me MeBody
	if status, _ := local.call("GET /api/v1/me", "", &me); status != http.StatusOK || me.Kind != "local" || me.Role != "admin" || me.Mode != "local" || me.Notice == "" {
		t.Errorf("got %d %+v", status, me)
	}
	var ann UserBody
	if status, w := local.call("POST /api/v1/users", `{"name":"ann","password":"`+goodPassword+`"}`, &ann); status != http.StatusOK || ann.Role != "admin" || !ann.HasPassword || ann.LoginAt != nil {
		t.Fatalf("got %d %s", status, w.Body)
	}
	if status, _ := local.call("GET /api/v1/me", "", nil); status != http.StatusUnauthorized {
		t.Errorf("the door stays open: %d", status)
	}
	admin := f.caller(t, handler, "ann")
	if status, w := admin.call("POST /api/v1/users", `{"name":"bob","role":"editor","password":"short"}`, nil); status != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "password") {
		t.Errorf("got %d %s", status, w.Body)
	}
	var bob UserBody
	admin.call("POST /api/v1/users", `{"name":"bob","role":"editor","password":"`+goodPassword+`"}`, &bob)
	if status, w := admin.call("PATCH /api/v1/users/2", `{"name":"rob","role":"viewer"}`, &bob); status != http.StatusOK || bob.Name != "rob" || bob.Role != "viewer" || bob.Disabled {
		t.Errorf("got %d %s", status, w.Body)
	}
	var list Items[UserBody, string]
	if status, w := admin.call("GET /api/v1/users", "", &list); status != http.StatusOK || len(list.Items) != 2 || strings.Contains(w.Body.String(), "argon2") {
		t.Errorf("got %d %s", status, w.Body)
	}
	if status, _ := admin.call("PUT /api/v1/users/2/password", `{"password":"`+otherPassword+`"}`, nil); status != http.StatusNoContent {
		t.Errorf("got %d", status)
	}
	for pattern, want := range map[string]int{
		"DELETE /api/v1/users/1": http.StatusConflict, "DELETE /api/v1/users/99": http.StatusNotFound, "GET /api/v1/users/0": http.StatusUnprocessableEntity,
	} {
		if status, w := admin.call(pattern, "", nil); status != want {
			t.Errorf("%s: got %d %s, want %d", pattern, status, w.Body, want)
		}
	}
	if status, _ := admin.call("DELETE /api/v1/users/2", "", nil); status != http.StatusNoContent {
		t.Errorf("got %d", status)
	}
}

func TestAPI_TokenIsShownOnceAndWorks(t *testing.T) {
	f := newFixture(t)
	f.user("ann", monitor.RoleAdmin)
	handler := serveAPI(f)
	ann := f.caller(t, handler, "ann")
	var made NewTokenBody
	if status, w := ann.call("POST /api/v1/tokens", `{"name":"ci","scopes":["read"],"expires_at":"2026-04-01T00:00:00+02:00"}`, &made); status != http.StatusOK || made.ID == 0 {
		t.Fatalf("got %d %s", status, w.Body)
	}
	var list Items[TokenBody, int64]
	_, w := ann.call("GET /api/v1/tokens", "", &list)
	if strings.Contains(w.Body.String(), made.Text) || len(list.Items) != 1 || list.Items[0].Hint != made.Text[:7]+"…" || list.Items[0].ExpiresAt == nil || list.Items[0].UsedAt != nil {
		t.Errorf("got %s", w.Body)
	}
	program := &caller{t, handler, http.Header{"Authorization": {"Bearer " + made.Text}}}
	var me MeBody
	if status, _ := program.call("GET /api/v1/me", "", &me); status != http.StatusOK || me.Actor != "ann by token ci" || len(me.Scopes) != 1 || me.Scopes[0] != "read" {
		t.Errorf("got %d %+v", status, me)
	}
	if status, _ := program.call("GET /api/v1/users", "", nil); status != http.StatusForbidden {
		t.Errorf("a token to read lists users: %d", status)
	}
	if status, _ := ann.call("DELETE /api/v1/tokens/1", "", nil); status != http.StatusNoContent {
		t.Errorf("got %d", status)
	}
	if status, _ := program.call("GET /api/v1/me", "", nil); status != http.StatusUnauthorized {
		t.Errorf("a revoked token gives %d", status)
	}
}

func TestAPI_ChangingThePasswordKeepsThisBrowserLoggedIn(t *testing.T) {
	f := newFixture(t)
	f.user("ann", monitor.RoleAdmin)
	handler := serveAPI(f)
	here, there := f.caller(t, handler, "ann"), f.caller(t, handler, "ann")
	var list Items[SessionBody, string]
	here.call("GET /api/v1/me/sessions", "", &list)
	if len(list.Items) != 2 || list.Items[0].Current == list.Items[1].Current || list.Items[0].ExpiresAt.IsZero() {
		t.Errorf("got %+v", list)
	}
	status, w := here.call("PUT /api/v1/me/password", `{"current":"`+goodPassword+`","password":"`+otherPassword+`"}`, nil)
	if status != http.StatusNoContent || !strings.HasPrefix(w.Header().Get("Set-Cookie"), "wingmirror=") || !strings.Contains(w.Header().Get("Set-Cookie"), "HttpOnly") {
		t.Fatalf("got %d %s %v", status, w.Body, w.Header())
	}
	for _, c := range []*caller{here, there} {
		if status, _ := c.call("GET /api/v1/me", "", nil); status != http.StatusUnauthorized {
			t.Errorf("an old session gives %d", status)
		}
	}
	here.header.Set("Cookie", w.Header().Get("Set-Cookie"))
	if status, _ := here.call("GET /api/v1/me", "", nil); status != http.StatusOK {
		t.Errorf("the new session gives %d", status)
	}
	if status, _ := here.call("DELETE /api/v1/me/sessions", "", nil); status != http.StatusNoContent {
		t.Errorf("got %d", status)
	}
}

func TestAPI_AuditTellsHowToReadOn(t *testing.T) {
	f := newFixture(t)
	f.user("ann", monitor.RoleAdmin)
	ann := f.caller(t, serveAPI(f), "ann")
	var page AuditBody
	if status, w := ann.call("GET /api/v1/audit?limit=1", "", &page); status != http.StatusOK || len(page.Items) != 1 || page.Items[0].Action != "user.login" || page.Next != 2 {
		t.Fatalf("got %d %s", status, w.Body)
	}
	page = AuditBody{}
	if status, w := ann.call("GET /api/v1/audit?before=2", "", &page); status != http.StatusOK || len(page.Items) != 1 || page.Items[0].Action != "user.create" || page.Next != 0 {
		t.Errorf("got %d %s", status, w.Body)
	}
}

func TestAPI_NobodyAndEverybodyBelowAdminStaysOut(t *testing.T) {
	f := newFixture(t)
	f.user("root", monitor.RoleAdmin)
	f.user("ed", monitor.RoleEditor)
	handler := serveAPI(f)
	const body = `{"name":"x","password":"` + goodPassword + `"}`
	for pattern, body := range map[string]string{
		"GET /api/v1/users": "", "POST /api/v1/users": body, "PATCH /api/v1/users/1": `{"role":"viewer"}`, "DELETE /api/v1/users/1": "",
		"GET /api/v1/users/1": "", "PUT /api/v1/users/1/password": `{"password":"` + otherPassword + `"}`, "GET /api/v1/audit": "", "GET /api/v1/tokens?all=true": "", "GET /api/v1/tokens?user=1": "",
	} {
		if status, _ := f.caller(t, handler, "ed").call(pattern, body, nil); status != http.StatusForbidden {
			t.Errorf("%s as an editor: %d", pattern, status)
		}
		if status, _ := f.caller(t, handler, "").call(pattern, body, nil); status != http.StatusUnauthorized {
			t.Errorf("%s as nobody: %d", pattern, status)
		}
		f.clock.pass(attemptLife) // past the limit of logins
	}
	for _, pattern := range []string{"GET /api/v1/me", "GET /api/v1/me/sessions", "DELETE /api/v1/me/sessions", "DELETE /api/v1/me/sessions/1", "GET /api/v1/tokens", "DELETE /api/v1/tokens/1"} {
		if status, _ := f.caller(t, handler, "").call(pattern, "", nil); status != http.StatusUnauthorized {
			t.Errorf("%s as nobody: %d", pattern, status)
		}
	}
}

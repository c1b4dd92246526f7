package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wingmirror/account"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
)

const password = "plain mirrors hum at seven in the rain"

// guarded is a world behind a login, with a user of each role.
func guarded(t *testing.T) (*world, web.Options, map[string]string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "web.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	access, err := account.New(account.Options{
		Ledger: db, Mode: account.ModeUsers, Argon: account.Argon{Memory: 8, Time: 1, Threads: 1}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	operator := account.With(context.Background(), account.Operator())
	tokens := map[string]string{"anonymous": ""}
	scopes := map[monitor.Role]monitor.Scope{monitor.RoleAdmin: monitor.ScopeAdmin, monitor.RoleEditor: monitor.ScopeWrite, monitor.RoleViewer: monitor.ScopeRead}
	for _, role := range []monitor.Role{monitor.RoleAdmin, monitor.RoleEditor, monitor.RoleViewer} {
		u, err := access.CreateUser(operator, account.NewUser{Name: role.String(), Role: role, Password: password})
		if err != nil {
			t.Fatal(err)
		}
		_, text, err := access.CreateToken(operator, account.NewToken{UserID: u.ID, Name: "test", Scopes: []monitor.Scope{scopes[role]}})
		if err != nil {
			t.Fatal(err)
		}
		tokens[role.String()] = text
	}
	w := newWorld(t, time.Now)
	w.fill()
	o := w.options()
	o.Access, o.Desk, o.Outbox, o.Trial = access, w, w, w
	return w, o, tokens
}

var wildcard = regexp.MustCompile(`\{[a-z$]+\}`)

// TestRoutes_AskForTheirRole walks the table of routes as everybody. Whoever has
// the role gets past the guard, whatever the handler says then; whoever has not
// is refused, and nothing of the handler happens.
func TestRoutes_AskForTheirRole(t *testing.T) {
	_, o, tokens := guarded(t)
	h := handler(t, o)
	ranks := map[string]monitor.Role{"anonymous": monitor.NoRole, "viewer": monitor.RoleViewer, "editor": monitor.RoleEditor, "admin": monitor.RoleAdmin}
	routes, err := web.Routes(o)
	if err != nil {
		t.Fatal(err)
	}
	if len(routes) < 55 {
		t.Fatalf("only %d routes: the table is not whole", len(routes))
	}
	for _, route := range routes {
		if route.Pattern == "/events" {
			continue // it never ends; its guard is that of every page
		}
		path := wildcard.ReplaceAllString(strings.TrimSuffix(route.Pattern, "{$}"), "987654")
		for who, rank := range ranks {
			r := httptest.NewRequest(route.Method, "http://127.0.0.1"+path, strings.NewReader("{}"))
			r.Header.Set("Accept", "application/json")
			if tokens[who] != "" {
				r.Header.Set("Authorization", "Bearer "+tokens[who])
			}
			out := httptest.NewRecorder()
			h.ServeHTTP(out, r)
			refused := out.Code == http.StatusForbidden || out.Code == http.StatusUnauthorized
			loginForm := route.Pattern == "/login" || strings.HasPrefix(route.Pattern, "/login/")
			ownOnly := strings.HasPrefix(route.Pattern, "/api/v1/sessions") || strings.HasPrefix(route.Pattern, "/api/v1/me/") || strings.HasPrefix(route.Pattern, "/api/v1/tokens")
			switch {
			case rank < route.Need && !refused:
				t.Errorf("%s %s as %s: %d, want a refusal: it needs %s", route.Method, route.Pattern, who, out.Code, route.Need)
			case rank >= route.Need && refused && !loginForm && !ownOnly:
				t.Errorf("%s %s as %s: %d, want to be let in\n%s", route.Method, route.Pattern, who, out.Code, out.Body)
			}
		}
	}
}

func TestRoutes_UnknownPathsTellStrangersNothing(t *testing.T) {
	_, o, _ := guarded(t)
	h := handler(t, o)
	if out := get(h, "/monitors/1"); out.Code != http.StatusSeeOther || out.Header().Get("Location") != "/login?next=%2Fmonitors%2F1" {
		t.Errorf("a stranger's browser gets %d %s, want the way to the login", out.Code, out.Header().Get("Location"))
	}
	if out := get(h, "/api/v1/monitors", "Accept", "application/json"); out.Code != http.StatusUnauthorized {
		t.Errorf("a stranger's program gets %d, want 401", out.Code)
	}
}

func TestLogin_ByForm(t *testing.T) {
	_, o, _ := guarded(t)
	h := handler(t, o)
	post := func(form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/login", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html")
		out := httptest.NewRecorder()
		h.ServeHTTP(out, r)
		return out
	}
	refused := post(url.Values{"name": {"viewer"}, "password": {"wrong"}, "next": {"/incidents"}})
	if body := refused.Body.String(); refused.Code != http.StatusUnauthorized || !strings.Contains(body, "is wrong") || !strings.Contains(body, `value="viewer"`) || !strings.Contains(body, `value="/incidents"`) {
		t.Errorf("a wrong password: %d, want the form again with the reason and what was typed\n%.1500s", refused.Code, body)
	}
	in := post(url.Values{"name": {"viewer"}, "password": {password}, "next": {"/incidents"}})
	if in.Code != http.StatusSeeOther || in.Header().Get("Location") != "/incidents" {
		t.Fatalf("the right password: %d to %q", in.Code, in.Header().Get("Location"))
	}
	cookie := in.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %v is not HttpOnly and SameSite=Lax", cookie)
	}
	home := get(h, "/", "Cookie", cookie.Name+"="+cookie.Value)
	if home.Code != 200 || !strings.Contains(home.Body.String(), "Signed in as viewer") || strings.Contains(home.Body.String(), "New monitor") {
		t.Errorf("the viewer's home page: %d", home.Code)
	}
}

func TestPages_ShowKeysOnlyToEditors(t *testing.T) {
	_, o, tokens := guarded(t)
	h := handler(t, o)
	const key = "0123456789abcdef0123456789abcdef"
	for _, path := range []string{"/monitors/1", "/monitors/1/versions", "/api/v1/monitors/1", "/api/v1/monitors/1/versions", "/deliveries"} {
		if body := get(h, path, "Authorization", "Bearer "+tokens["viewer"]).Body.String(); strings.Contains(body, key) {
			t.Errorf("GET %s shows a viewer a PagerDuty key", path)
		}
	}
	if body := get(h, "/api/v1/monitors/1", "Authorization", "Bearer "+tokens["editor"]).Body.String(); !strings.Contains(body, key) {
		t.Error("an editor does not see the key that is to be edited")
	}
}

func TestAPI_ActsAreRecorded(t *testing.T) {
	w, o, tokens := guarded(t)
	h := handler(t, o)
	editor := map[string]string{"Authorization": "Bearer " + tokens["editor"]}
	for _, sc := range []scenario{
		{name: "acknowledge", method: "POST", path: "/api/v1/incidents/2/acknowledge", header: editor, status: 200, contains: []string{`"acked_by":"editor by token test"`}},
		{name: "note", method: "POST", path: "/api/v1/incidents/2/notes", body: `{"text": "the queue's consumer hangs"}`, header: editor, status: 200},
		{name: "empty note", method: "POST", path: "/api/v1/incidents/2/notes", body: `{"text": "  "}`, header: editor, status: 422},
		{name: "an incident that is over", method: "POST", path: "/api/v1/incidents/1/close", header: editor, status: 409},
		{name: "retry", method: "POST", path: "/api/v1/deliveries/3/retry", header: editor, status: 200},
		{name: "try a destination", method: "POST", path: "/api/v1/destinations/test", body: `{"to": "mailto:a@example.com"}`, header: editor, status: 200, contains: []string{"250 ok"}},
		{name: "try one that refuses", method: "POST", path: "/api/v1/destinations/test", body: `{"to": "mailto:nobody@example.com"}`, header: editor, status: 503, contains: []string{"550"}},
		{name: "try nonsense", method: "POST", path: "/api/v1/destinations/test", body: `{"to": "x"}`, header: editor, status: 422, contains: []string{"body.alerts"}},
		{name: "pause", method: "POST", path: "/api/v1/monitors/5/disable", header: editor, status: 200},
		{name: "log", method: "GET", path: "/api/v1/audit", header: map[string]string{"Authorization": "Bearer " + tokens["admin"]}, status: 200,
			contains: []string{"incident.acknowledge", "incident.note", "delivery.retry", `"action":"monitor.disable"`, `"subject":"monitor/5"`}},
	} {
		sc.run(t, h)
	}
	if len(w.retried) != 1 || w.retried[0] != 3 {
		t.Errorf("tried again: %v, want [3]", w.retried)
	}
}

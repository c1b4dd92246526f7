package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wingmirror/account"
	"wingmirror/monitor"
	"wingmirror/web"
)

var wildcards = regexp.MustCompile(`\{[a-z$.]+\}`)

// TestRoutes_OfAllRoomsAskForTheirRole walks the table of the whole server as
// everybody: with too small a role every route refuses, whichever room it is of,
// and with the right one none does.
func TestRoutes_OfAllRoomsAskForTheirRole(t *testing.T) {
	s := serverWithUsers(t)
	routes, err := web.Routes(s.pages(realServer))
	if err != nil {
		t.Fatal(err)
	}
	rooms := map[string]int{"heartbeats": 0, "rules": 0, "histograms": 0, "backtest": 0, "shadow": 0, "board": 0, "expiring": 0, "sessions": 0, "contacts": 0, "silences": 0}
	tokens := tokensByRole(t, s)
	for _, route := range routes {
		for room := range rooms {
			if strings.Contains(route.Pattern, room) {
				rooms[room]++
			}
		}
		if route.Pattern == "/events" || strings.HasSuffix(route.Pattern, "/stream") {
			continue // they never end; their guard is that of every page
		}
		for role := monitor.NoRole; role <= monitor.RoleAdmin; role++ {
			code := ask(s.handler, route, tokens[role])
			refused := code == http.StatusForbidden || code == http.StatusUnauthorized
			if refused != (role < least(route)) && !answersForItself(route) {
				t.Errorf("%s %s as %s: %d; it needs %s", route.Method, route.Pattern, role, code, route.Need)
			}
		}
	}
	for room, n := range rooms {
		if n == 0 {
			t.Errorf("the table has no route of %s: it is not whole", room)
		}
	}
}

// least is the role that a route needs: of the older board's API, which has words
// of its own for a refusal and so none in the table, what it asks for itself.
func least(r web.Route) monitor.Role {
	_, rest, older := strings.Cut(r.Pattern, "/api/")
	if !older || strings.HasPrefix(rest, "v1/") {
		return r.Need
	}
	if r.Method == http.MethodGet || r.Method == http.MethodOptions {
		return monitor.RoleViewer
	}
	return monitor.RoleEditor
}

// answersForItself reports whether a refusal may also be the handler's own
// answer: a login that failed, or a session that a token does not have.
func answersForItself(r web.Route) bool {
	return r.Pattern == "/login" || strings.HasPrefix(r.Pattern, "/login/") ||
		strings.HasPrefix(r.Pattern, "/api/v1/sessions") || strings.HasPrefix(r.Pattern, "/api/v1/me/") || strings.HasPrefix(r.Pattern, "/api/v1/tokens")
}

func ask(h http.Handler, route web.Route, token string) int {
	path := wildcards.ReplaceAllString(strings.TrimSuffix(route.Pattern, "{$}"), "987654")
	r := httptest.NewRequest(route.Method, "http://127.0.0.1"+path, strings.NewReader("{}"))
	r.RemoteAddr = "127.0.0.1:9"
	r.Header.Set("Accept", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return out.Code
}

func serverWithUsers(t *testing.T) *server {
	t.Helper()
	s, err := newServer(t.Context(), config{
		DB: filepath.Join(t.TempDir(), "test.db"), Listen: "127.0.0.1:0",
		Graphite: graphiteConfig{URL: "http://127.0.0.1:1", Timeout: time.Second, Step: time.Minute, Concurrency: 1},
		Schedule: scheduleConfig{MaxRuns: 1, MinInterval: time.Second, StopTimeout: time.Second},
	}, slog.New(slog.DiscardHandler), realServer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// tokensByRole makes a user of each role and a token with all that the role may.
func tokensByRole(t *testing.T, s *server) map[monitor.Role]string {
	t.Helper()
	operator := account.With(context.Background(), account.Operator())
	tokens := map[monitor.Role]string{}
	scopes := map[monitor.Role]monitor.Scope{monitor.RoleAdmin: monitor.ScopeAdmin, monitor.RoleEditor: monitor.ScopeWrite, monitor.RoleViewer: monitor.ScopeRead}
	for _, role := range []monitor.Role{monitor.RoleAdmin, monitor.RoleEditor, monitor.RoleViewer} {
		u, err := s.access.CreateUser(operator, account.NewUser{Name: role.String(), Role: role, Password: "plain mirrors hum at seven"})
		if err != nil {
			t.Fatal(err)
		}
		if _, tokens[role], err = s.access.CreateToken(operator, account.NewToken{UserID: u.ID, Name: "walk", Scopes: []monitor.Scope{scopes[role]}}); err != nil {
			t.Fatal(err)
		}
	}
	return tokens
}

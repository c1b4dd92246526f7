package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"wingmirror/account"
	"wingmirror/monitor"
)

// guard lets only those through who have the role and, of a token, its scope,
// and does not wait for ever for what they send.
func (s *server) guard(route Route, next http.Handler) http.Handler {
	scope := cmp.Or(route.Scope, account.ScopeFor(route.Need))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := account.From(r.Context()).Check(route.Need, scope); err != nil {
			s.refuse(w, r, err)
			return
		}
		TimedBody(w, r)
		next.ServeHTTP(w, r)
	})
}

// refuse sends a browser that only has to log in to where it can.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if wantsPage(r) && errors.Is(err, account.ErrLogin) && s.Access != nil {
		if mode, modeErr := s.Access.Mode(r.Context()); modeErr == nil && mode == account.ModeUsers {
			http.Redirect(w, r, account.LoginPath(r), http.StatusSeeOther)
			return
		}
	}
	s.fail(w, r, err)
}

// authenticated finds out who asks. Without an Access everybody is an admin,
// which is for tests of everything else.
func (s *server) authenticated(next http.Handler) http.Handler {
	if s.Access != nil {
		return s.Access.Authenticate(next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := account.Identity{Kind: account.ByPlace, Role: monitor.RoleAdmin}
		next.ServeHTTP(w, r.WithContext(account.With(r.Context(), who)))
	})
}

// may reports whether whoever asks has the role; pages use it to leave out what
// would be refused.
func may(ctx context.Context, need monitor.Role) bool {
	return account.From(ctx).May(need, account.ScopeFor(need))
}

func author(ctx context.Context) string { return account.From(ctx).Actor() }

// shown is the monitor as whoever asks may see it: the keys in its alert
// destinations are for those who may change them.
func shown(ctx context.Context, m monitor.Monitor) monitor.Monitor {
	m.Alerts = shownAlerts(ctx, m.Alerts)
	return m
}

// shownAlerts is what shown does, for destinations that stand alone.
func shownAlerts(ctx context.Context, alerts []string) []string {
	if may(ctx, monitor.RoleEditor) {
		return alerts
	}
	return redacted(alerts)
}

// redacted returns destinations without their keys.
func redacted(alerts []string) []string {
	all := make([]string, len(alerts))
	for i, text := range alerts {
		all[i] = monitor.Destination(text).Redacted()
	}
	return all
}

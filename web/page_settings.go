package web

import (
	"net/http"

	"wingmirror/account"
	"wingmirror/monitor"
)

type settingsData struct {
	Who      account.Identity
	Actor    string
	Mode     account.Mode
	Admin    bool
	Sessions []monitor.Session
	Tokens   []monitor.Token
	Scopes   []monitor.ScopeInfo // that whoever looks may hand out
	Users    []monitor.User
	Roles    []monitor.Role
	Audit    []monitor.AuditEntry
	Chosen   *monitor.Preferences // nil: they cannot be chosen
}

// settingsPage shows what is one's own, and to admins also users and the audit log.
func (s *server) settingsPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	who := account.From(ctx)
	data := settingsData{Who: who, Actor: who.Actor(), Admin: may(ctx, monitor.RoleAdmin), Roles: monitor.Roles()}
	var err error
	if data.Mode, err = s.Access.Mode(ctx); err != nil {
		return err
	}
	if who.Kind == account.ByLogin {
		if data.Sessions, err = s.Access.OwnSessions(ctx); err != nil {
			return err
		}
		if data.Tokens, err = s.Access.Tokens(ctx, 0); err != nil {
			return err
		}
	}
	if s.Preferences != nil && may(ctx, monitor.RoleEditor) {
		chosen, err := s.preferences(ctx)
		if err != nil {
			return err
		}
		data.Chosen = &chosen
	}
	for _, scope := range monitor.Scopes() {
		if scope.Role <= who.Role {
			data.Scopes = append(data.Scopes, scope)
		}
	}
	if data.Admin {
		if data.Users, err = s.Access.Users(ctx); err != nil {
			return err
		}
		if data.Audit, err = s.Access.Audit(ctx, monitor.AuditQuery{Limit: 50}); err != nil {
			return err
		}
	}
	return s.render(w, r, View{Page: "settings", Title: "Settings", Nav: "Settings", Data: data})
}

package web

import (
	"errors"
	"net/http"

	"wingmirror/account"
)

type loginData struct {
	account.LoginPage
	Name  string
	Error string
}

// loginPage shows the form; the provider's way in when there is one.
func (s *server) loginPage(w http.ResponseWriter, r *http.Request) error {
	if account.From(r.Context()).Kind == account.ByLogin {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	return s.showLogin(w, r, nil)
}

// showLogin shows the form, after a refusal with the reason and the name still in it.
func (s *server) showLogin(w http.ResponseWriter, r *http.Request, refusal error) error {
	page, err := s.Access.LoginPage(r)
	if err != nil {
		return err
	}
	data := loginData{LoginPage: page, Name: r.PostFormValue("name")}
	status := http.StatusOK
	if refusal != nil {
		p := s.problem("log in", refusal, inBody)
		data.Error, status = p.Detail, p.Status
	}
	return s.render(w, r, View{Page: "login", Title: "Log in", Status: status, Data: data})
}

func (s *server) logIn(w http.ResponseWriter, r *http.Request) error {
	return s.orForm(w, r, s.Access.ServeLogin(w, r))
}

func (s *server) oidcCallback(w http.ResponseWriter, r *http.Request) error {
	return s.orForm(w, r, s.Access.ServeOIDCCallback(w, r))
}

// orForm shows the login form again when a login was refused.
func (s *server) orForm(w http.ResponseWriter, r *http.Request, err error) error {
	_, limited := errors.AsType[*account.LimitError](err)
	if limited || errors.Is(err, account.ErrLogin) {
		return s.showLogin(w, r, err)
	}
	return err
}

// accessRoutes are those that make sense only where somebody can log in.
func (s *server) accessRoutes() []Route {
	if s.Access == nil {
		return nil
	}
	const get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
	api := account.NewAPI(s.Access)
	return []Route{
		route(get, "/login", anyone, Page(s.loginPage)),
		route(post, "/login", anyone, Page(s.logIn)),
		route(post, "/logout", anyone, Page(s.Access.ServeLogout)),
		route(get, "/login/oidc", anyone, Page(s.Access.ServeOIDC)),
		route(get, "/login/oidc/callback", anyone, Page(s.oidcCallback)),
		route(get, "/settings", viewer, Page(s.settingsPage)),

		route(get, "/api/v1/me", viewer, Op(api.Me, "Say who asks and what they may")),
		route(put, "/api/v1/me/password", viewer, Op(api.ChangePassword, "Change your own password", http.StatusNoContent)),
		route(get, "/api/v1/sessions", viewer, Op(api.Sessions, "List your own sessions")),
		route(del, "/api/v1/sessions/{id}", viewer, Op(api.EndSession, "End one of your sessions", http.StatusNoContent)),
		route(del, "/api/v1/sessions", viewer, Op(api.EndOtherSessions, "End all your sessions but this one", http.StatusNoContent)),
		route(get, "/api/v1/tokens", viewer, Op(api.Tokens, "List API tokens")),
		route(post, "/api/v1/tokens", viewer, Op(api.CreateToken, "Make an API token", http.StatusCreated)),
		route(del, "/api/v1/tokens/{id}", viewer, Op(api.RevokeToken, "Revoke an API token", http.StatusNoContent)),
		route(get, "/api/v1/users", admin, Op(api.Users, "List users")),
		route(post, "/api/v1/users", admin, Op(api.CreateUser, "Add a user", http.StatusCreated)),
		route(get, "/api/v1/users/{id}", admin, Op(api.User, "Get a user")),
		route(patch, "/api/v1/users/{id}", admin, Op(api.EditUser, "Change a user")),
		route(del, "/api/v1/users/{id}", admin, Op(api.RemoveUser, "Remove a user", http.StatusNoContent)),
		route(put, "/api/v1/users/{id}/password", admin, Op(api.SetPassword, "Give a user a password", http.StatusNoContent)),
		route(get, "/api/v1/audit", admin, Op(api.Audit, "Read the audit log, newest first")),
	}
}

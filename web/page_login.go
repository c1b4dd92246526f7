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
		p := s.problem("log in", refusal)
		data.Error, status = p.Detail, p.Status
	}
	return s.render(w, r, view{Page: "login", Title: "Log in", Status: status, Data: data})
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
func (s *server) accessRoutes() []route {
	if s.Access == nil {
		return nil
	}
	const get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
	api := account.NewAPI(s.Access)
	return []route{
		{get, "/login", anyone, page(s.loginPage)},
		{post, "/login", anyone, page(s.logIn)},
		{post, "/logout", anyone, page(s.Access.ServeLogout)},
		{get, "/login/oidc", anyone, page(s.Access.ServeOIDC)},
		{get, "/login/oidc/callback", anyone, page(s.oidcCallback)},
		{get, "/settings", viewer, page(s.settingsPage)},

		{get, "/api/v1/me", viewer, op(api.Me, "Say who asks and what they may")},
		{put, "/api/v1/me/password", viewer, op(api.ChangePassword, "Change your own password", http.StatusNoContent)},
		{get, "/api/v1/sessions", viewer, op(api.Sessions, "List your own sessions")},
		{del, "/api/v1/sessions/{id}", viewer, op(api.EndSession, "End one of your sessions", http.StatusNoContent)},
		{del, "/api/v1/sessions", viewer, op(api.EndOtherSessions, "End all your sessions but this one", http.StatusNoContent)},
		{get, "/api/v1/tokens", viewer, op(api.Tokens, "List API tokens")},
		{post, "/api/v1/tokens", viewer, op(api.CreateToken, "Make an API token", http.StatusCreated)},
		{del, "/api/v1/tokens/{id}", viewer, op(api.RevokeToken, "Revoke an API token", http.StatusNoContent)},
		{get, "/api/v1/users", admin, op(api.Users, "List users")},
		{post, "/api/v1/users", admin, op(api.CreateUser, "Add a user", http.StatusCreated)},
		{get, "/api/v1/users/{id}", admin, op(api.User, "Get a user")},
		{patch, "/api/v1/users/{id}", admin, op(api.EditUser, "Change a user")},
		{del, "/api/v1/users/{id}", admin, op(api.RemoveUser, "Remove a user", http.StatusNoContent)},
		{put, "/api/v1/users/{id}/password", admin, op(api.SetPassword, "Give a user a password", http.StatusNoContent)},
		{get, "/api/v1/audit", admin, op(api.Audit, "Read the audit log, newest first")},
	}
}

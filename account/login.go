package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"wingmirror/monitor"
)

// Origin is where a login comes from.
type Origin struct {
	Address string // of the browser
	Agent   string // the browser's own name for itself
	Way     string // "password" or "openid", for the audit log
}

// LogIn checks a name and a password and returns the secret of a new session.
// Errors are ErrCredentials, whatever was wrong; a *LimitError; or our own failure.
func (a *Access) LogIn(ctx context.Context, name, password string, from Origin) (secret string, err error) {
	name = strings.ToLower(strings.TrimSpace(name))
	valid := checkName(name) == nil
	bucket := name
	if !valid {
		bucket = "" // all names that nobody can have share one
	}
	if err := a.limits.take(from.Address, bucket, a.now()); err != nil {
		return "", err
	}
	var u monitor.User
	if valid {
		u, err = a.ledger.User(ctx, monitor.UserKey{Name: name})
		if err != nil && !notFound(err) {
			return "", fmt.Errorf("look up a user: %w", err)
		}
	}
	v, err := a.hasher.verify(ctx, u.PasswordHash, password)
	if err != nil {
		return "", err
	}
	if v.broken != nil {
		a.log.Error("stored password cannot be read; set a new one", "user", u.Name, "error", v.broken)
	}
	if !v.ok || u.Disabled {
		return "", a.failed(ctx, u.Name, from)
	}
	if u, err = a.settle(ctx, u, v, password); err != nil {
		return "", err
	}
	from.Way = "password"
	return a.begin(ctx, u, from)
}

// failed writes a failed login down and returns ErrCredentials. It does the
// same for names that nobody has, so that the time tells them not apart; such a
// name is not kept, since it may be a password in the wrong field.
func (a *Access) failed(ctx context.Context, name string, from Origin) error {
	if name == "" {
		name = "(unknown)"
	}
	if a.limits.failures.AllowN(a.now(), 1) {
		entry := Identity{Address: from.Address}.entry(a.now(), "user.login_failed", userSubject(name), "")
		if err := a.ledger.Record(ctx, entry); err != nil {
			return fmt.Errorf("record a failed login: %w", err)
		}
	}
	return ErrCredentials
}

// settle notes the login, and renews a hash that was made at another cost. What
// was checked may have changed meanwhile: then the login does not count.
func (a *Access) settle(ctx context.Context, checked monitor.User, v verdict, password string) (monitor.User, error) {
	renewed := checked.PasswordHash
	if v.stale {
		var err error
		if renewed, err = a.hasher.hash(ctx, password); err != nil {
			return monitor.User{}, err
		}
	}
	u, err := a.ledger.EditUser(ctx, checked.ID, func(u *monitor.User, _ int) (monitor.AuditEntry, error) {
		if u.Disabled || u.PasswordHash != checked.PasswordHash {
			return monitor.AuditEntry{}, ErrCredentials
		}
		u.PasswordHash, u.LoginAt = renewed, a.now()
		return monitor.AuditEntry{}, nil
	})
	if notFound(err) {
		return monitor.User{}, ErrCredentials
	}
	if err != nil {
		return monitor.User{}, plainly(fmt.Errorf("note the login of %q: %w", checked.Name, err), "")
	}
	return u, nil
}

const maxForm = 64 << 10

// ServeLogin handles POST /login: the form fields name, password and next. On
// success it sets the cookie and sends the browser on to next, or to the home
// page. Otherwise it returns the error to show in the form: ErrCredentials, or
// a *LimitError, for which Retry-After is set already.
func (a *Access) ServeLogin(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return monitor.Invalid("", "the login form cannot be read: %v", err)
	}
	secret, err := a.LogIn(r.Context(), r.PostFormValue("name"), r.PostFormValue("password"), a.origin(r))
	if err != nil {
		return retryAfter(w, err)
	}
	return a.welcome(w, r, secret, r.PostFormValue("next"))
}

// retryAfter sets the header of that name when err is a *LimitError, and
// returns err.
func retryAfter(w http.ResponseWriter, err error) error {
	if limit, ok := errors.AsType[*LimitError](err); ok {
		w.Header().Set("Retry-After", strconv.Itoa(limit.Seconds()))
	}
	return err
}

// welcome replaces whatever session the browser had by the new one.
func (a *Access) welcome(w http.ResponseWriter, r *http.Request, secret, next string) error {
	if old := From(r.Context()); old.SessionID != 0 {
		if err := a.endCurrent(r.Context(), old); err != nil {
			return err
		}
	}
	a.setCookie(w, sessionCookie, secret, a.lifetime)
	http.Redirect(w, r, localPath(next), http.StatusSeeOther)
	return nil
}

// ServeLogout handles POST /logout: the session is over, and the browser is
// sent to the login page.
func (a *Access) ServeLogout(w http.ResponseWriter, r *http.Request) error {
	if who := From(r.Context()); who.SessionID != 0 {
		if err := a.endCurrent(r.Context(), who); err != nil {
			return err
		}
	}
	a.setCookie(w, sessionCookie, "", 0)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
	return nil
}

func (a *Access) endCurrent(ctx context.Context, who Identity) error {
	_, err := a.ledger.EndSessions(ctx, monitor.SessionSet{ID: who.SessionID, UserID: who.UserID},
		who.entry(a.now(), "user.logout", userSubject(who.Name), ""))
	if err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return nil
}

// LoginPage is what the login page shows besides the form.
type LoginPage struct {
	Next     string // local path to go on to, for a hidden field
	Provider string // label of the OpenID button, "" for no button
	Mode     Mode
}

// LoginPage returns the data for GET /login, or for showing the form again.
func (a *Access) LoginPage(r *http.Request) (LoginPage, error) {
	mode, err := a.Mode(r.Context())
	if err != nil {
		return LoginPage{}, err
	}
	page := LoginPage{Next: localPath(r.FormValue("next")), Mode: mode}
	if a.provider != nil {
		page.Provider = a.provider.options.Name
	}
	return page, nil
}

// LoginPath returns where to send a browser that must log in, so that it comes
// back to where it wanted to go.
func LoginPath(r *http.Request) string {
	if r.Method != http.MethodGet || r.URL.RequestURI() == "/" {
		return "/login"
	}
	return "/login?next=" + url.QueryEscape(r.URL.RequestURI())
}

// localPath returns next when it is a path on this very server, else "/". A
// browser takes //host and /\host, and either behind a tab, for another server.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || u.Scheme != "" || u.Host != "" ||
		strings.HasPrefix(u.Path, "//") || strings.ContainsAny(next, "\\\t\r\n") ||
		u.Path == "/login" || strings.HasPrefix(u.Path, "/login/") {
		return "/"
	}
	return next
}

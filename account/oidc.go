package account

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"wingmirror/monitor"
)

// OIDC says how to log in by an OpenID provider. Issuer and ClientID are required.
type OIDC struct {
	Issuer       string                  // URL, as the provider itself writes it
	ClientID     string                  //
	ClientSecret string                  // "" for a public client; PKCE is used either way
	Name         string                  // on the login page's button; "" is the issuer's host
	Scopes       []string                // besides openid, email and profile
	Domains      []string                // who has no verified address in one of them stays out; none: no such rule
	TrustEmail   bool                    // take addresses for verified when the provider does not say so
	RoleClaim    string                  // claim with a text or a list of texts, dots lead into objects: "groups", "realm_access.roles"
	Roles        map[string]monitor.Role // role for a text in the claim; the highest counts
	DefaultRole  monitor.Role            // without a text that is in Roles; NoRole: such people stay out
	Provision    bool                    // make a user for whoever logs in for the first time
	Client       *http.Client            // nil: one with a timeout of 10 s
}

func (o OIDC) validate(base *url.URL) error {
	var errs monitor.FieldErrors
	check := func(ok bool, field, format string, args ...any) {
		if !ok {
			errs = append(errs, monitor.Invalid(field, format, args...))
		}
	}
	issuer, err := url.Parse(o.Issuer)
	check(err == nil && issuer.Host != "" && (issuer.Scheme == "https" || loopbackHost(issuer.Hostname())), "oidc-issuer", "%q is not an https URL", o.Issuer)
	check(o.ClientID != "", "oidc-client-id", "the provider gave you a client id with the registration; it is missing")
	check(base.Host != "", "base-url", "to come back from the provider, browsers need the address of these pages")
	check(o.RoleClaim == "" || len(o.Roles) > 0, "oidc-role", "with a role claim, say which of its values means which role")
	check(o.RoleClaim != "" || len(o.Roles) == 0, "oidc-role-claim", "say which claim holds the names that are mapped to roles")
	check(o.RoleClaim != "" || o.DefaultRole != monitor.NoRole || !o.Provision, "oidc-default-role", "new users need a role: give a default, or a role claim")
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// provider is one OpenID provider. It is asked about itself at the first login,
// so that the server starts while the provider is down.
type provider struct {
	options  OIDC
	redirect string
	now      func() time.Time

	mu       sync.Mutex
	config   *oauth2.Config // nil until the provider was asked
	verifier *oidc.IDTokenVerifier
}

// CallbackPath is where the provider sends browsers back to; registrations with
// the provider name it below the base URL.
const CallbackPath = "/login/oidc/callback"

func newProvider(o OIDC, base *url.URL, now func() time.Time) (*provider, error) {
	if err := o.validate(base); err != nil {
		return nil, err
	}
	if o.Name == "" {
		issuer, err := url.Parse(o.Issuer)
		if err != nil {
			return nil, monitor.Invalid("oidc-issuer", "%q is not a URL", o.Issuer)
		}
		o.Name = issuer.Host
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Second}
	}
	return &provider{options: o, redirect: base.JoinPath(CallbackPath).String(), now: now}, nil
}

func (p *provider) discover(ctx context.Context) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.config != nil {
		return p.config, p.verifier, nil
	}
	// The keys are fetched by this context's client for as long as the server runs.
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.options.Client), p.options.Issuer)
	if err != nil {
		return nil, nil, fmt.Errorf("ask %s about itself: %w", p.options.Issuer, err)
	}
	scopes := []string{oidc.ScopeOpenID, "email", "profile"}
	for _, scope := range p.options.Scopes {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	p.config = &oauth2.Config{
		ClientID: p.options.ClientID, ClientSecret: p.options.ClientSecret,
		Endpoint: found.Endpoint(), RedirectURL: p.redirect, Scopes: scopes,
	}
	p.verifier = found.Verifier(&oidc.Config{ClientID: p.options.ClientID, Now: p.now})
	return p.config, p.verifier, nil
}

// attempt is what the browser keeps in a cookie between going to the provider
// and coming back, so that only the browser that left can come back, once.
type attempt struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Next     string `json:"to"`
	At       int64  `json:"at"` // seconds since the epoch
}

const attemptLife = 10 * time.Minute

func (t attempt) encode() (string, error) {
	data, err := json.Marshal(t)
	return base64.RawURLEncoding.EncodeToString(data), err
}

func decodeAttempt(text string) (attempt, error) {
	var t attempt
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err == nil && (t.State == "" || t.Nonce == "" || t.Verifier == "") {
		err = errors.New("incomplete")
	}
	return t, err
}

// errNoProvider answers routes of a provider when there is none.
var errNoProvider error = &denied{"login by a provider is not set up", monitor.ErrNotFound}

// ServeOIDC handles GET /login/oidc: it sends the browser to the provider. The
// query's next is where to go in the end.
func (a *Access) ServeOIDC(w http.ResponseWriter, r *http.Request) error {
	if a.provider == nil {
		return errNoProvider
	}
	if wait := a.limits.address.take(addressKey(a.Address(r)), a.now()); wait > 0 {
		return retryAfter(w, &LimitError{After: wait})
	}
	config, _, err := a.provider.discover(r.Context())
	if err != nil {
		a.log.Warn("openid provider does not answer", "error", err)
		return &denied{"the login provider " + a.provider.options.Name + " does not answer; try again later", monitor.ErrUnavailable}
	}
	try := attempt{newSecret(), newSecret(), oauth2.GenerateVerifier(), localPath(r.FormValue("next")), a.now().Unix()}
	kept, err := try.encode()
	if err != nil {
		return fmt.Errorf("remember the login: %w", err)
	}
	if len(kept) > 3000 { // browsers drop cookies of more than 4096 bytes
		try.Next = "/"
		if kept, err = try.encode(); err != nil {
			return fmt.Errorf("remember the login: %w", err)
		}
	}
	a.setCookie(w, oidcCookie, kept, attemptLife)
	http.Redirect(w, r, config.AuthCodeURL(try.State, oidc.Nonce(try.Nonce), oauth2.S256ChallengeOption(try.Verifier)), http.StatusSeeOther)
	return nil
}

// ServeOIDCCallback handles GET /login/oidc/callback: it takes what the provider
// sent along and logs the user in. Whatever is refused gives an error that wraps
// ErrLogin and is to be shown on the login page.
func (a *Access) ServeOIDCCallback(w http.ResponseWriter, r *http.Request) error {
	if a.provider == nil {
		return errNoProvider
	}
	cookie, err := r.Cookie(a.cookieName(oidcCookie))
	a.setCookie(w, oidcCookie, "", 0)
	if err != nil {
		return stranger()
	}
	try, err := decodeAttempt(cookie.Value)
	if err != nil {
		return stranger()
	}
	age := a.now().Sub(time.Unix(try.At, 0))
	query := r.URL.Query()
	if age < 0 || age > attemptLife || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(try.State)) != 1 {
		return stranger()
	}
	u, err := a.vouched(r.Context(), query, try, a.origin(r))
	if err != nil {
		return err
	}
	from := a.origin(r)
	from.Way = "openid"
	secret, err := a.begin(r.Context(), u, from)
	if err != nil {
		return err
	}
	return a.welcome(w, r, secret, try.Next)
}

func stranger() error {
	return &denied{"this login was not begun in this browser, or too long ago; begin again", ErrLogin}
}

// vouched returns the user that the provider vouches for.
func (a *Access) vouched(ctx context.Context, query url.Values, try attempt, from Origin) (monitor.User, error) {
	c, err := a.provider.claims(ctx, query, try)
	if err == nil {
		var u monitor.User
		if u, err = a.admit(ctx, c, from); err == nil {
			return u, nil
		}
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		a.log.Warn("openid login refused", "error", refused.cause)
		return monitor.User{}, &denied{refused.public, ErrLogin}
	}
	return monitor.User{}, plainly(fmt.Errorf("log in by %s: %w", a.provider.options.Name, err), "")
}

// refusal is an answer of the provider that we do not take: public is for the
// person, cause for the log.
type refusal struct {
	public string
	cause  error
}

func (r *refusal) Error() string { return r.cause.Error() }

// claims trades the code for an ID token and returns what it says, once its
// signature, issuer, audience, times and nonce are right.
func (p *provider) claims(ctx context.Context, query url.Values, try attempt) (claims, error) {
	config, verifier, err := p.discover(ctx)
	if err != nil {
		return nil, &refusal{"the login provider does not answer; try again later", err}
	}
	// RFC 9207: a provider that says who it is says it truly, or it is another one.
	if issuer := query.Get("iss"); issuer != "" && issuer != p.options.Issuer {
		return nil, &refusal{"the answer came from another login provider; begin again", fmt.Errorf("issuer %q", cutText(issuer, 200))}
	}
	if code := query.Get("error"); code != "" {
		said := cutText(code+" "+query.Get("error_description"), 200)
		return nil, &refusal{"the login provider refused: " + said, errors.New(said)}
	}
	const unverified = "the answer of the login provider could not be verified; the server's log has the details"
	client := context.WithValue(ctx, oauth2.HTTPClient, p.options.Client)
	tokens, err := config.Exchange(client, query.Get("code"), oauth2.VerifierOption(try.Verifier))
	if err != nil {
		return nil, &refusal{"the login provider did not take its own code back; begin again", err}
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, &refusal{unverified, err}
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(try.Nonce)) != 1 {
		return nil, &refusal{unverified, errors.New("the nonce is not the one that was sent")}
	}
	all := claims{}
	if err := id.Claims(&all); err != nil {
		return nil, &refusal{unverified, err}
	}
	// OpenID Connect Core 3.1.3.7: with several audiences, azp says whose the token is.
	if azp := all.text("azp"); (azp != "" || len(id.Audience) > 1) && azp != p.options.ClientID {
		return nil, &refusal{unverified, fmt.Errorf("the token was made for the client %q", cutText(azp, 200))}
	}
	all["iss"], all["sub"] = id.Issuer, id.Subject
	if strings.TrimSpace(id.Subject) == "" {
		return nil, &refusal{unverified, errors.New("the token names nobody")}
	}
	return all, nil
}

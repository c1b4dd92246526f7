package web_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/go-jose/go-jose/v4"

	"wingmirror/account"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web/browsertest"
)

// provider is an OpenID provider with a page on which a person agrees or not.
// What it must refuse is tested where tokens are checked, in account.
type provider struct {
	*httptest.Server
	t      *testing.T
	key    *ecdsa.PrivateKey
	nonces sync.Map // of logins, by code
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/ask", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /ask", p.ask)
	mux.HandleFunc("GET /favicon.ico", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		p.t.Error(err)
	}
}

// ask shows the person's page, with a link for each answer.
func (p *provider) ask(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	code := rand.Text()
	p.nonces.Store(code, q.Get("nonce"))
	link := func(id string, back url.Values) string {
		back.Set("state", q.Get("state"))
		back.Set("iss", p.URL)
		return fmt.Sprintf(`<a id="%s" href="%s">%s</a> `, id, html.EscapeString(q.Get("redirect_uri")+"?"+back.Encode()), id)
	}
	fmt.Fprintf(w, "<!doctype html><html lang=en><title>Provider</title><p>%s%s", link("agree", url.Values{"code": {code}}), link("refuse", url.Values{"error": {"access_denied"}}))
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	nonce, _ := p.nonces.Load(r.PostFormValue("code"))
	claims, err := json.Marshal(map[string]any{
		"iss": p.URL, "aud": "wingmirror", "sub": "1", "nonce": nonce, "iat": time.Now().Unix(), "exp": time.Now().Unix() + 300,
		"email": "ann@example.com", "email_verified": true, "groups": []string{"oncall"},
	})
	if err != nil {
		p.t.Error(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		p.t.Error(err)
		return
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		p.t.Error(err)
		return
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		p.t.Error(err)
	}
	p.answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": text})
}

func TestBrowser_LogsInThroughAProvider(t *testing.T) {
	browsertest.Require(t)
	p := newProvider(t)
	var h http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "oidc.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	access, err := account.New(account.Options{
		Ledger: db, Mode: account.ModeUsers, BaseURL: server.URL, Argon: account.Argon{Memory: 8, Time: 1, Threads: 1}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		OIDC: &account.OIDC{Issuer: p.URL, ClientID: "wingmirror", ClientSecret: "hush", Name: "Mirror House", RoleClaim: "groups", Roles: map[string]monitor.Role{"oncall": monitor.RoleEditor}, Provision: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, time.Now)
	w.fill()
	o := w.options()
	o.Access = access
	h = handler(t, o)

	b := browsertest.Start(t, server.URL)
	b.Open("/incidents")
	b.Wait("location.pathname === '/login'")
	b.Picture("oidc-login")
	b.Do(chromedp.Click(chromedp.CSS(`a[href^="/login/oidc"]`)))
	b.Wait("document.querySelector('#refuse')")
	b.Expect("401")
	b.Do(chromedp.Click(chromedp.CSS("#refuse")))
	b.Wait("location.pathname !== '/ask' && document.querySelector('[role=alert]')?.textContent !== ''")
	b.Picture("oidc-refused")
	b.Do(chromedp.Click(chromedp.CSS(`a[href^="/login/oidc"]`)))
	b.Wait("document.querySelector('#agree')")
	b.Do(chromedp.Click(chromedp.CSS("#agree")))
	b.Wait("location.origin === '" + server.URL + "' && document.querySelector('form[action=\"/logout\"] button')")
	if title := browsertest.Eval[string](b, "document.querySelector('form[action=\"/logout\"] button').title"); title != "Signed in as ann@example.com" {
		t.Errorf("after the login: %q", title)
	}
	b.Open("/")
	b.Wait("document.querySelector('#new-monitor')") // which is for editors: the claim gave the role
	b.Do(chromedp.Click(chromedp.CSS(`form[action="/logout"] button`)))
	b.Wait("location.pathname === '/login'")
}

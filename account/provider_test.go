package account

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// idp is a small OpenID provider over HTTP: discovery, keys, authorization with
// PKCE, and tokens with real signatures. Its fields bend what it answers.
type idp struct {
	*httptest.Server
	t   testing.TB
	now *clock
	key *ecdsa.PrivateKey

	mu     sync.Mutex
	codes  map[string]url.Values // what each code was asked for with
	claims map[string]any        // of the person who logs in; they come over the usual ones
	signer *ecdsa.PrivateKey     // nil: key
	raw    string                // answered as the ID token, whatever it is
	down   bool
}

const (
	clientID     = "wingmirror"
	clientSecret = "hush"
)

func newIDP(t testing.TB, now *clock) *idp {
	t.Helper()
	p := &idp{t: t, now: now, key: newKey(t), codes: map[string]url.Values{}, claims: map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.down {
			http.Error(w, "out of order", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (p *idp) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		p.t.Error(err)
	}
}

func (p *idp) discovery(w http.ResponseWriter, _ *http.Request) {
	p.answer(w, http.StatusOK, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"ES256", "none", "HS256"},
	})
}

func (p *idp) keys(w http.ResponseWriter, _ *http.Request) {
	p.answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
}

func (p *idp) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != clientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" {
		http.Error(w, "bad request: "+r.URL.RawQuery, http.StatusBadRequest)
		return
	}
	code := newSecret()
	p.codes[code] = q
	back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	asked, ok := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	user, password, basic := r.BasicAuth()
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case !basic || user != clientID || password != clientSecret:
		p.answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
	case !ok || base64.RawURLEncoding.EncodeToString(proof[:]) != asked.Get("code_challenge") || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri"):
		p.answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
	default:
		p.answer(w, http.StatusOK, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": p.idToken(asked.Get("nonce"))})
	}
}

func (p *idp) idToken(nonce string) string {
	if p.raw != "" {
		return p.raw
	}
	all := map[string]any{
		"iss": p.URL, "aud": clientID, "sub": "1234", "nonce": nonce,
		"iat": p.now.now().Unix(), "exp": p.now.now().Unix() + 300,
		"email": "Ann@Example.com", "email_verified": true,
	}
	maps.Copy(all, p.claims)
	for name, value := range all {
		if value == nil {
			delete(all, name)
		}
	}
	key := p.signer
	if key == nil {
		key = p.key
	}
	return p.sign(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, all)
}

func (p *idp) sign(key jose.SigningKey, all map[string]any) string {
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		p.t.Error(err)
		return ""
	}
	payload, err := json.Marshal(all)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		p.t.Error(err)
	}
	return text
}

// bend changes what the provider does from now on.
func (p *idp) bend(change func(*idp)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

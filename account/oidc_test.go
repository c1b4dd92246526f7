package account

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"wingmirror/monitor"
)

// site is Wingmirror with a provider, and a browser in front of both.
type site struct {
	*fixture
	idp     *idp
	server  *httptest.Server
	browser *http.Client
	failure error // of the last handler
}

func newSite(t *testing.T, change func(*OIDC)) *site {
	t.Helper()
	s := &site{}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r) }))
	t.Cleanup(s.server.Close)
	s.fixture = newFixture(t, func(o *Options) {
		s.idp = newIDP(t, &clock{at: o.Now()})
		provider := OIDC{
			Issuer: s.idp.URL, ClientID: clientID, ClientSecret: clientSecret,
			DefaultRole: monitor.RoleViewer, Provision: true,
		}
		if change != nil {
			change(&provider)
		}
		o.OIDC, o.BaseURL = &provider, s.server.URL
	})
	s.idp.bend(func(p *idp) { p.now = s.clock })
	s.newBrowser()
	return s
}

func (s *site) newBrowser() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.browser = &http.Client{Jar: jar}
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	handlers := map[string]func(http.ResponseWriter, *http.Request) error{
		"/login/oidc": s.ServeOIDC, CallbackPath: s.ServeOIDCCallback,
		"/": func(w http.ResponseWriter, r *http.Request) error {
			_, err := w.Write([]byte(From(r.Context()).Actor() + " " + From(r.Context()).Role.String()))
			return err
		},
	}
	handler, ok := handlers[r.URL.Path]
	if !ok {
		handler = handlers["/"]
	}
	s.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.failure = handler(w, r); s.failure != nil {
			http.Error(w, s.failure.Error(), http.StatusUnauthorized)
		}
	})).ServeHTTP(w, r)
}

// login clicks on the provider's button and returns the page that it ends at.
func (s *site) login() (path, text string) {
	s.t.Helper()
	return s.get("/login/oidc?next=/monitors/7")
}

func (s *site) get(target string) (path, text string) {
	s.t.Helper()
	answer, err := s.browser.Get(s.server.URL + target)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var body strings.Builder
	if err := answer.Write(&body); err != nil {
		s.t.Fatal(err)
	}
	_, text, _ = strings.Cut(body.String(), "\r\n\r\n")
	return answer.Request.URL.Path, text
}

func (s *site) wantRefused(reason string) {
	s.t.Helper()
	_, text := s.login()
	if !errors.Is(s.failure, ErrLogin) || !strings.Contains(text, reason) {
		s.t.Errorf("got %v %q, want a refusal with %q", s.failure, text, reason)
	}
	if _, text := s.get("/"); !strings.Contains(text, "nobody none") {
		s.t.Errorf("refused, and yet logged in as %q", text)
	}
}

func TestOIDC_LogsInByCodeStateNonceAndPKCE(t *testing.T) {
	s := newSite(t, nil)
	path, text := s.login()
	if path != "/monitors/7" || !strings.Contains(text, "ann@example.com viewer") {
		t.Fatalf("got %s %q, %v, log %s", path, text, s.failure, s.log)
	}
	u, err := s.db.User(t.Context(), monitor.UserKey{Name: "ann@example.com"})
	if err != nil || u.Issuer != s.idp.URL || u.Subject != "1234" || u.PasswordHash != "" || u.LoginAt.IsZero() {
		t.Errorf("got %+v, %v", u, err)
	}
	s.newBrowser()
	s.idp.bend(func(p *idp) { p.claims["email"] = "married@example.com" })
	if _, text = s.login(); !strings.Contains(text, "ann@example.com viewer") {
		t.Errorf("with another address the same person is %q", text)
	}
	if all, err := s.Users(operator(t)); err != nil || len(all) != 1 || all[0].Email != "married@example.com" {
		t.Errorf("got %+v, %v", all, err)
	}
	if _, err := s.LogIn(t.Context(), "ann@example.com", "", Origin{}); err != ErrCredentials {
		t.Errorf("a login without a password: %v", err)
	}
}

func TestOIDC_RefusesTokensThatAreNotForThisLogin(t *testing.T) {
	for name, row := range map[string]struct {
		bend func(*idp)
		log  string
	}{
		"wrong nonce":       {func(p *idp) { p.claims["nonce"] = "another login's" }, "nonce"},
		"no nonce":          {func(p *idp) { p.claims["nonce"] = nil }, "nonce"},
		"wrong audience":    {func(p *idp) { p.claims["aud"] = "another client" }, "audience"},
		"no audience":       {func(p *idp) { p.claims["aud"] = nil }, "audience"},
		"another's token":   {func(p *idp) { p.claims["aud"] = []string{clientID, "other"}; p.claims["azp"] = "other" }, "made for the client"},
		"shared, no owner":  {func(p *idp) { p.claims["aud"] = []string{clientID, "other"} }, "made for the client"},
		"expired":           {func(p *idp) { p.claims["exp"] = p.now.now().Unix() - 1 }, "expired"},
		"not yet valid":     {func(p *idp) { p.claims["nbf"] = p.now.now().Unix() + 3600 }, "nbf"},
		"wrong signature":   {func(p *idp) { p.signer = newKey(p.t) }, "verify signature"},
		"wrong issuer":      {func(p *idp) { p.claims["iss"] = "https://evil.example.com" }, "different provider"},
		"nobody":            {func(p *idp) { p.claims["sub"] = " " }, "names nobody"},
		"no token":          {func(p *idp) { p.raw = "." }, "malformed"},
		"unsigned":          {func(p *idp) { p.raw = unsigned(p) }, "malformed"},
		"signed by a guess": {func(p *idp) { p.raw = symmetric(p) }, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			s.idp.bend(row.bend)
			s.wantRefused("could not be verified")
			if !strings.Contains(s.log.String(), row.log) {
				t.Errorf("the log does not say %q: %s", row.log, s.log)
			}
			if all, err := s.Users(operator(t)); err != nil || len(all) != 0 {
				t.Errorf("made users %+v, %v", all, err)
			}
		})
	}
}

// unsigned is a token with the algorithm "none", which discovery offers.
func unsigned(p *idp) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims, _ := json.Marshal(map[string]any{"iss": p.URL, "aud": clientID, "sub": "1234", "exp": p.now.now().Unix() + 300})
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(claims) + "."
}

// symmetric is signed with the provider's public key as if it were a secret.
func symmetric(p *idp) string {
	public, err := p.key.PublicKey.Bytes()
	if err != nil {
		p.t.Fatal(err)
	}
	return p.sign(jose.SigningKey{Algorithm: jose.HS256, Key: public}, map[string]any{"iss": p.URL, "aud": clientID, "sub": "1234", "exp": p.now.now().Unix() + 300})
}

// callback sends the browser straight to where the provider would send it.
func (s *site) callback(q url.Values) string {
	_, text := s.get(CallbackPath + "?" + q.Encode())
	return text
}

// begin goes to the provider with the browser, and returns what it would come
// back with.
func (s *site) begin() url.Values {
	s.t.Helper()
	s.browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == CallbackPath {
			return http.ErrUseLastResponse
		}
		return nil
	}
	defer func() { s.browser.CheckRedirect = nil }()
	answer, err := s.browser.Get(s.server.URL + "/login/oidc")
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	back, err := answer.Location()
	if err != nil {
		s.t.Fatal(err)
	}
	return back.Query()
}

func TestOIDC_OnlyTheBrowserThatLeftComesBackAndOnce(t *testing.T) {
	s := newSite(t, nil)
	back := s.begin()
	left := s.browser
	s.newBrowser()
	if text := s.callback(back); !strings.Contains(text, "not begun in this browser") {
		t.Errorf("another browser got %q", text)
	}
	s.begin()
	if text := s.callback(back); !strings.Contains(text, "not begun in this browser") {
		t.Errorf("the state of another login got %q", text)
	}
	s.browser = left
	if text := s.callback(back); !strings.Contains(text, "ann@example.com") {
		t.Fatalf("the browser that left got %q", text)
	}
	if text := s.callback(back); !strings.Contains(text, "not begun in this browser") {
		t.Errorf("a second time got %q", text)
	}
}

func TestOIDC_AnAttemptThatTookTooLongIsOver(t *testing.T) {
	s := newSite(t, nil)
	back := s.begin()
	s.clock.pass(attemptLife + time.Second)
	if text := s.callback(back); !strings.Contains(text, "too long ago") {
		t.Errorf("got %q", text)
	}
}

func TestOIDC_ACodeIsWorthNothingWithoutTheVerifier(t *testing.T) {
	s := newSite(t, nil)
	stolen := s.begin().Get("code")
	s.newBrowser()
	own := s.begin()
	own.Set("code", stolen)
	if text := s.callback(own); !strings.Contains(text, "did not take its own code back") {
		t.Errorf("got %q", text)
	}
}

func TestOIDC_TellsWhatTheProviderSays(t *testing.T) {
	s := newSite(t, nil)
	back := s.begin()
	text := s.callback(url.Values{"state": back["state"], "error": {"access_denied"}, "error_description": {"not\ntoday"}})
	if !strings.Contains(text, "refused: access_denied not today") {
		t.Errorf("got %q", text)
	}
	back = s.begin()
	back.Set("iss", "https://evil.example.com")
	if text := s.callback(back); !strings.Contains(text, "another login provider") {
		t.Errorf("got %q", text)
	}
}

func TestOIDC_AProviderThatIsDownIsAskedAgainLater(t *testing.T) {
	s := newSite(t, nil)
	s.idp.bend(func(p *idp) { p.down = true })
	if _, text := s.login(); !strings.Contains(text, "does not answer") || !errors.Is(s.failure, monitor.ErrUnavailable) {
		t.Errorf("got %q, %v", text, s.failure)
	}
	s.idp.bend(func(p *idp) { p.down = false })
	if _, text := s.login(); !strings.Contains(text, "ann@example.com") {
		t.Errorf("got %q, %v", text, s.failure)
	}
}

func TestOIDC_LetsInOnlyVerifiedAddressesOfItsDomains(t *testing.T) {
	domains := func(o *OIDC) { o.Domains = []string{"Example.com", "example.org"} }
	for name, row := range map[string]struct {
		email, verified any
		trust, ok       bool
	}{
		"allowed":             {"ann@example.com", true, false, true},
		"allowed, as text":    {"ann@example.org", "true", false, true},
		"another domain":      {"ann@evil.com", true, false, false},
		"a domain below":      {"ann@sub.example.com", true, false, false},
		"two at signs":        {"ann@evil.com@example.com", true, false, false},
		"not verified":        {"ann@example.com", false, false, false},
		"not said":            {"ann@example.com", nil, false, false},
		"not said, trusted":   {"ann@example.com", nil, true, true},
		"denied, yet trusted": {"ann@example.com", false, true, false},
		"no address":          {nil, true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(o *OIDC) { domains(o); o.TrustEmail = row.trust })
			s.idp.bend(func(p *idp) { p.claims["email"], p.claims["email_verified"] = row.email, row.verified })
			if !row.ok {
				s.wantRefused("only people with a verified e-mail address in Example.com, example.org")
				return
			}
			if _, text := s.login(); !strings.Contains(text, " viewer") {
				t.Errorf("got %q, %v", text, s.failure)
			}
		})
	}
}

func TestOIDC_TheClaimGivesTheRoleAtEveryLogin(t *testing.T) {
	s := newSite(t, func(o *OIDC) {
		o.RoleClaim, o.DefaultRole = "realm.roles", monitor.NoRole
		o.Roles = map[string]monitor.Role{"ops": monitor.RoleEditor, "chiefs": monitor.RoleAdmin, "staff": monitor.RoleViewer}
	})
	for _, row := range []struct {
		claims map[string]any
		want   string
	}{
		{map[string]any{"realm": map[string]any{"roles": []any{"staff", "chiefs", "ops", 7}}}, "admin"},
		{map[string]any{"realm": map[string]any{"roles": "ops"}}, "editor"},
		{map[string]any{"realm.roles": []any{"staff"}}, "viewer"},
	} {
		s.newBrowser()
		s.idp.bend(func(p *idp) { p.claims = row.claims })
		if _, text := s.login(); !strings.Contains(text, "ann@example.com "+row.want) {
			t.Errorf("%v: got %q, want %s", row.claims, text, row.want)
		}
	}
	for _, claims := range []map[string]any{{}, {"realm": "chiefs"}, {"realm": map[string]any{"roles": []any{"Chiefs", ""}}}} {
		s.newBrowser()
		s.idp.bend(func(p *idp) { p.claims = claims })
		s.wantRefused("names no role for you here")
	}
	if got := strings.Join(s.actions(), "\n"); !strings.Contains(got, "openid user.update user/ann@example.com") {
		t.Errorf("the change of role is not in the audit log:\n%s", got)
	}
}

func TestOIDC_IsNoWayIntoAnAccountItWasNotMeantFor(t *testing.T) {
	s := newSite(t, func(o *OIDC) { o.Provision = false })
	s.wantRefused("there is no user ann@example.com here")
	if _, err := s.CreateUser(operator(t), NewUser{Name: "ann@example.com", Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	s.wantRefused("a login of their own") // she has a password
	bob, err := s.CreateUser(operator(t), NewUser{Name: "bob@example.com", Role: monitor.RoleEditor})
	if err != nil {
		t.Fatal(err)
	}
	s.idp.bend(func(p *idp) { p.claims["email"], p.claims["sub"] = "bob@example.com", "bob" })
	if _, text := s.login(); !strings.Contains(text, "bob@example.com editor") {
		t.Fatalf("an invited user got %q", text)
	}
	s.newBrowser()
	s.idp.bend(func(p *idp) { p.claims["sub"] = "another bob" })
	s.wantRefused("a login of their own") // the address went to somebody else
	s.idp.bend(func(p *idp) { p.claims["sub"] = "bob" })
	disabled := true
	if _, err := s.EditUser(operator(t), bob.ID, UserEdit{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	s.wantRefused("is disabled")
}

func TestOIDC_NewUsersNeedAnAddressThatFitsAsAName(t *testing.T) {
	for _, email := range []any{nil, "", "nowhere", "ä@example.com", "a b@example.com", strings.Repeat("a", 60) + "@example.com"} {
		s := newSite(t, nil)
		s.idp.bend(func(p *idp) { p.claims["email"] = email })
		s.wantRefused("did not say a verified e-mail address")
	}
}

func TestOIDC_OptionsAreCheckedAtStart(t *testing.T) {
	good := OIDC{Issuer: "https://id.example.com", ClientID: "x"}
	for field, change := range map[string]func(*OIDC){
		"oidc-issuer":       func(o *OIDC) { o.Issuer = "http://id.example.com" },
		"oidc-client-id":    func(o *OIDC) { o.ClientID = "" },
		"oidc-role":         func(o *OIDC) { o.RoleClaim = "groups" },
		"oidc-role-claim":   func(o *OIDC) { o.Roles = map[string]monitor.Role{"x": monitor.RoleAdmin} },
		"oidc-default-role": func(o *OIDC) { o.Provision = true },
	} {
		o := good
		change(&o)
		_, err := New(Options{OIDC: &o, BaseURL: "https://wing.example.com"})
		wantField(t, err, field)
	}
	_, err := New(Options{OIDC: &good})
	wantField(t, err, "base-url")
	if _, err := New(Options{OIDC: &good, BaseURL: "https://wing.example.com/"}); err != nil {
		t.Error(err)
	}
}

func TestOIDC_WithoutAProviderThereIsNone(t *testing.T) {
	f := newFixture(t)
	for _, handler := range []func(http.ResponseWriter, *http.Request) error{f.ServeOIDC, f.ServeOIDCCallback} {
		_, err := f.post(handler, nil)
		wantErr(t, err, monitor.ErrNotFound)
	}
	r := httptest.NewRequest(http.MethodGet, "/login?next=//evil", nil)
	if page, err := f.LoginPage(r); err != nil || page != (LoginPage{Next: "/", Mode: ModeUsers}) {
		t.Errorf("got %+v, %v", page, err)
	}
}

func FuzzDecodeAttempt(f *testing.F) {
	text, err := attempt{"s", "n", "v", "/", 1}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("e30")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := decodeAttempt(text); err == nil && (got.State == "" || got.Nonce == "" || got.Verifier == "") {
			t.Errorf("%q gives %+v", text, got)
		}
	})
}

package account

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"wingmirror/monitor"
)

// Authenticate finds out who sends each request and puts their Identity into
// its context, see From. It refuses nobody: a request that is not let in carries
// an identity whose Check says why. A token in the Authorization header counts
// more than a cookie, and a bad token is not made good by one.
func (a *Access) Authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i, err := a.identify(r)
		if err != nil {
			i = Identity{refusal: err}
		}
		i.Address, i.Agent = a.Address(r), r.UserAgent()
		if i.refusal != nil && hasBearer(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="wingmirror", error="invalid_token"`)
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), i)))
	})
}

func (a *Access) identify(r *http.Request) (Identity, error) {
	mode, err := a.Mode(r.Context())
	if err != nil {
		return Identity{}, err
	}
	if mode == ModeLocal {
		if err := a.ownHost(r); err != nil {
			return Identity{}, err
		}
	}
	if hasBearer(r) {
		return a.bearer(r.Context(), r.Header.Get("Authorization"))
	}
	// Some programs can only put a token into an address. Other passwords are
	// meant for a proxy in front.
	if _, token, ok := r.BasicAuth(); ok && strings.HasPrefix(token, TokenPrefix) {
		return a.FromToken(r.Context(), token)
	}
	place := Identity{Kind: ByPlace, Role: monitor.RoleAdmin}
	cookie, err := r.Cookie(a.cookieName(sessionCookie))
	if err == nil && mode != ModeLocal {
		i, err := a.resume(r.Context(), cookie.Value)
		if mode == ModeOpen && errors.Is(err, ErrLogin) {
			return place, nil
		}
		return i, err
	}
	if mode == ModeUsers {
		return Identity{}, nil
	}
	return place, nil
}

func hasBearer(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer")
}

// errToken is the answer to every token that does not hold.
var errToken error = &denied{"the token is not valid: it may be mistyped, expired or revoked", ErrLogin}

func (a *Access) bearer(ctx context.Context, header string) (Identity, error) {
	_, text, _ := strings.Cut(header, " ")
	return a.FromToken(ctx, strings.TrimSpace(text))
}

// Address returns where a request came from: the peer's address, or, when the
// peer is one of our own proxies, the last address that a proxy of ours was
// spoken to by. "" when it is not known.
func (a *Access) Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && a.isProxy(peer); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = hop
	}
	return peer.Unmap().WithZone("").String()
}

func (a *Access) isProxy(ip netip.Addr) bool {
	for _, prefix := range a.proxies {
		if prefix.Contains(ip.Unmap().WithZone("")) {
			return true
		}
	}
	return false
}

func (a *Access) origin(r *http.Request) Origin {
	return Origin{Address: a.Address(r), Agent: r.UserAgent()}
}

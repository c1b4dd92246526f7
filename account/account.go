// Package account says who may do what: users with roles, sessions, API tokens
// with scopes, login by password or by an OpenID provider, and the audit log.
//
// Authenticate puts an Identity into each request's context and never refuses a
// request by itself; whatever is worth guarding asks the Identity, which knows
// why it was not let in. The methods of Access check the Identity once more, so
// that a route that forgets to ask gives nothing away.
//
// Of every secret only a hash is kept: argon2id of passwords, SHA-256 of session
// ids and tokens, which are random and long. An unknown user, a disabled one and
// a wrong password take the same way to the same answer.
//
// The package renders no pages and stores nothing: see Ledger for what it needs.
package account

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"wingmirror/monitor"
)

// Options says how an Access works. Ledger, Mode, Now and Log are required.
type Options struct {
	Ledger   Ledger
	Mode     Mode           // from ModeFor
	BaseURL  string         // of the pages as people reach them; with https, cookies are for https only
	Proxies  []netip.Prefix // reverse proxies whose X-Forwarded-For is believed
	Idle     time.Duration  // a session that is not used for so long is over; 0 is 7 days
	Lifetime time.Duration  // a session is over so long after login; 0 is 30 days
	Argon    Argon          // cost of passwords; zero is DefaultArgon
	OIDC     *OIDC          // nil: passwords only
	Now      func() time.Time
	Log      *slog.Logger
}

const (
	defaultIdle     = 7 * 24 * time.Hour
	defaultLifetime = 30 * 24 * time.Hour
	shortestSession = 5 * touchEvery // as their last use is only known to a minute
)

// Access answers every question about who may do what. It is safe for
// concurrent use and owns no goroutines.
type Access struct {
	ledger   Ledger
	mode     Mode
	closed   atomic.Bool  // ModeLocal no longer holds: there are users now
	local    atomic.Bool  // it did hold when the ledger was asked last
	asked    atomic.Int64 // when that was, in milliseconds since the epoch
	base     *url.URL
	proxies  []netip.Prefix
	idle     time.Duration
	lifetime time.Duration
	hasher   *hasher
	provider *provider // nil without OIDC
	limits   loginLimits
	touches  touches
	known    known
	now      func() time.Time
	log      *slog.Logger
}

// New returns an Access. Errors are about the options and name the setting.
func New(o Options) (*Access, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || (o.BaseURL != "" && base.Host == "") {
		return nil, monitor.Invalid("base-url", "%q is not a URL such as https://wingmirror.example.com", o.BaseURL)
	}
	if (o.Idle != 0 && o.Idle < shortestSession) || (o.Lifetime != 0 && o.Lifetime < shortestSession) {
		return nil, monitor.Invalid("session", "sessions shorter than %s would end while they are used", shortestSession)
	}
	a := &Access{
		ledger:   o.Ledger,
		mode:     o.Mode,
		base:     base,
		proxies:  o.Proxies,
		idle:     orElse(o.Idle, defaultIdle),
		lifetime: orElse(o.Lifetime, defaultLifetime),
		hasher:   newHasher(orElse(o.Argon, DefaultArgon())),
		limits:   newLoginLimits(),
		now:      o.Now,
		log:      o.Log,
	}
	if o.OIDC != nil {
		if a.provider, err = newProvider(*o.OIDC, base, o.Now); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func orElse[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// localFresh is how long nobody asks again whether there are users, whom only
// another process can have added meanwhile.
const localFresh = time.Second

// Mode returns how requests without a login are treated just now: ModeLocal
// turns into ModeUsers as soon as there is a user, and never back.
func (a *Access) Mode(ctx context.Context) (Mode, error) {
	if a.mode != ModeLocal {
		return a.mode, nil
	}
	if a.closed.Load() {
		return ModeUsers, nil
	}
	now := a.now().UnixMilli()
	if since := now - a.asked.Load(); a.local.Load() && since >= 0 && since < localFresh.Milliseconds() {
		return ModeLocal, nil
	}
	users, err := a.ledger.Users(ctx)
	if err != nil && a.local.Load() {
		return ModeLocal, nil // nobody can have been added while the ledger is down
	}
	if err != nil {
		return "", fmt.Errorf("look for users: %w", err)
	}
	if len(users) > 0 {
		a.closed.Store(true)
		return ModeUsers, nil
	}
	a.asked.Store(now)
	a.local.Store(true)
	return ModeLocal, nil
}

// secure reports whether people reach the pages by https.
func (a *Access) secure() bool { return a.base.Scheme == "https" }

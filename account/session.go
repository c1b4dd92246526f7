package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wingmirror/monitor"
)

const (
	secretBytes = 32 // 256 bits
	maxAgent    = 200
)

// newSecret returns a random text for a cookie.
func newSecret() string {
	data := make([]byte, secretBytes)
	rand.Read(data)
	return base64.RawURLEncoding.EncodeToString(data)
}

func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// cookieName returns the name of a cookie of ours. Browsers take the prefix
// only over https, for the whole host, and from no other host.
func (a *Access) cookieName(name string) string {
	if a.secure() {
		return "__Host-" + name
	}
	return name
}

const (
	sessionCookie = "wingmirror"
	oidcCookie    = "wingmirror-oidc"
)

// cookie makes a cookie of ours; one that lasts no time removes it.
func (a *Access) cookie(name, value string, age time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: a.cookieName(name), Value: value, Path: "/",
		MaxAge: int(age / time.Second), HttpOnly: true, Secure: a.secure(), SameSite: http.SameSiteLaxMode,
	}
	if age <= 0 {
		c.MaxAge = -1
	}
	return c
}

func (a *Access) setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	http.SetCookie(w, a.cookie(name, value, age))
}

// begin makes a session for the user and returns the secret for its cookie.
// Sessions that are over are swept out on the way.
func (a *Access) begin(ctx context.Context, u monitor.User, from Origin) (string, error) {
	at := a.now()
	if err := a.sweep(ctx, at); err != nil {
		return "", err
	}
	secret := newSecret()
	who := Identity{Kind: ByLogin, UserID: u.ID, Name: u.Name, Role: u.Role, Address: from.Address}
	_, err := a.ledger.CreateSession(ctx, monitor.Session{
		Hash: hashSecret(secret), UserID: u.ID, Epoch: u.Epoch, CreatedAt: at, SeenAt: at,
		Address: from.Address, Agent: cutText(from.Agent, maxAgent),
	}, who.entry(at, "user.login", userSubject(u.Name), from.Way))
	if err != nil {
		return "", fmt.Errorf("begin a session: %w", err)
	}
	return secret, nil
}

// sweep forgets sessions that are over. It changes nothing for anybody, so it
// is not worth an audit entry.
func (a *Access) sweep(ctx context.Context, at time.Time) error {
	for _, set := range []monitor.SessionSet{{SeenBefore: at.Add(-a.idle)}, {CreatedBefore: at.Add(-a.lifetime)}} {
		if _, err := a.ledger.EndSessions(ctx, set, monitor.AuditEntry{}); err != nil {
			return fmt.Errorf("forget old sessions: %w", err)
		}
	}
	return nil
}

// resume returns the identity behind a cookie's secret. A session that is
// unknown or over gives an error that wraps ErrLogin.
func (a *Access) resume(ctx context.Context, secret string) (Identity, error) {
	hash := hashSecret(secret)
	s, u, err := a.ledger.FindSession(ctx, hash)
	at := a.now()
	if notFound(err) {
		a.known.forget(string(hash))
		return Identity{}, ErrLogin
	}
	if err != nil {
		known, ok := a.known.recall(string(hash), at)
		if !ok {
			return Identity{}, fmt.Errorf("look up a session: %w", err)
		}
		return known, nil
	}
	switch {
	case u.Disabled || s.Epoch != u.Epoch:
		return Identity{}, ErrLogin
	case !at.Before(a.endOf(s)):
		return Identity{}, &denied{"your session is over; log in again", ErrLogin}
	}
	if a.touches.due(touchKey{ByLogin, s.ID}, s.SeenAt, at) {
		if err := a.ledger.TouchSession(ctx, s.ID, at); err != nil {
			a.log.Warn("last use of a session not written", "session", s.ID, "error", err)
		}
	}
	i := Identity{Kind: ByLogin, UserID: u.ID, Name: u.Name, Role: u.Role, SessionID: s.ID}
	a.known.remember(string(hash), i, a.endOf(s), at)
	return i, nil
}

// endOf returns when a session is over if it is not used again.
func (a *Access) endOf(s monitor.Session) time.Time {
	idle, last := s.SeenAt.Add(a.idle), s.CreatedAt.Add(a.lifetime)
	if idle.Before(last) {
		return idle
	}
	return last
}

// OwnSessions lists the sessions of the user who asks that are not over, the
// latest seen first.
func (a *Access) OwnSessions(ctx context.Context) ([]monitor.Session, error) {
	who := From(ctx)
	if err := who.self(); err != nil {
		return nil, err
	}
	all, err := a.ledger.Sessions(ctx, who.UserID)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	u, err := a.ledger.User(ctx, monitor.UserKey{ID: who.UserID})
	if err != nil {
		return nil, fmt.Errorf("read user %q: %w", who.Name, err)
	}
	at, live := a.now(), []monitor.Session{}
	for _, s := range all {
		if s.Epoch == u.Epoch && at.Before(a.endOf(s)) {
			live = append(live, s)
		}
	}
	return live, nil
}

// EndSession logs one of the asking user's own sessions out; a session of
// somebody else is not found.
func (a *Access) EndSession(ctx context.Context, id int64) error {
	who := From(ctx)
	if err := who.self(); err != nil {
		return err
	}
	if id <= 0 {
		return fmt.Errorf("session %d: %w", id, monitor.ErrNotFound)
	}
	n, err := a.ledger.EndSessions(ctx, monitor.SessionSet{ID: id, UserID: who.UserID},
		who.entry(a.now(), "user.logout", userSubject(who.Name), "session "+strconv.FormatInt(id, 10)))
	if err == nil && n == 0 {
		err = monitor.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("end session %d: %w", id, err)
	}
	return nil
}

// EndOtherSessions logs the asking user out everywhere but here, and returns
// how many sessions that were.
func (a *Access) EndOtherSessions(ctx context.Context) (int, error) {
	who := From(ctx)
	if err := who.self(); err != nil {
		return 0, err
	}
	n, err := a.ledger.EndSessions(ctx, monitor.SessionSet{UserID: who.UserID, Except: who.SessionID},
		who.entry(a.now(), "user.logout", userSubject(who.Name), "everywhere else"))
	if err != nil {
		return 0, fmt.Errorf("end the other sessions: %w", err)
	}
	return n, nil
}

func userSubject(name string) string { return "user/" + name }

// cutText makes text from outside fit to be stored and shown: valid, without
// control characters, at most so many bytes long.
func cutText(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

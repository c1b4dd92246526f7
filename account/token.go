package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"wingmirror/monitor"
)

// A token is TokenPrefix, 40 random letters and digits (238 bits), and six more
// that are a checksum: a token that was mistyped or cut off is told from one
// that was revoked, and programs that look for leaked secrets find few that are none.
const (
	TokenPrefix = "wm_"

	tokenRandom = 40
	tokenSum    = 6
	tokenHint   = len(TokenPrefix) + 4
	digits62    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func newToken() string {
	var out strings.Builder
	out.WriteString(TokenPrefix)
	for pool := make([]byte, 64); out.Len() < len(TokenPrefix)+tokenRandom; {
		rand.Read(pool)
		for _, b := range pool {
			// 248 is the largest multiple of 62 in a byte: no digit is likelier than another.
			if b < 248 && out.Len() < len(TokenPrefix)+tokenRandom {
				out.WriteByte(digits62[b%62])
			}
		}
	}
	return out.String() + checksum(out.String())
}

func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	out := make([]byte, tokenSum)
	for i := range out {
		out[tokenSum-1-i] = digits62[sum%62]
		sum /= 62
	}
	return string(out)
}

// parseToken returns the hash that a token is stored by, or a FieldError about
// what is not a token at all.
func parseToken(text string) ([]byte, error) {
	body, ok := strings.CutPrefix(text, TokenPrefix)
	if !ok {
		return nil, monitor.Invalid("token", "a token starts with %s", TokenPrefix)
	}
	if len(body) != tokenRandom+tokenSum {
		return nil, monitor.Invalid("token", "a token has %d characters after %s, this one has %d", tokenRandom+tokenSum, TokenPrefix, len(body))
	}
	for _, b := range []byte(body) {
		if strings.IndexByte(digits62, b) < 0 {
			return nil, monitor.Invalid("token", "a token has letters and digits only")
		}
	}
	if text[len(TokenPrefix)+tokenRandom:] != checksum(text[:len(TokenPrefix)+tokenRandom]) {
		return nil, monitor.Invalid("token", "the token is mistyped")
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:], nil
}

// FromToken returns the identity that a token stands for. Every token that does
// not hold gives the same error, which wraps ErrLogin.
func (a *Access) FromToken(ctx context.Context, text string) (Identity, error) {
	hash, err := parseToken(text)
	if err != nil {
		return Identity{}, errToken
	}
	if i, ok := a.known.fresh(string(hash), a.now()); ok {
		return i, nil
	}
	t, u, err := a.ledger.FindToken(ctx, hash)
	if notFound(err) {
		a.known.forget(string(hash))
		return Identity{}, errToken
	}
	at := a.now()
	if err != nil {
		known, ok := a.known.recall(string(hash), at)
		if !ok {
			return Identity{}, fmt.Errorf("look up a token: %w", err)
		}
		return known, nil
	}
	if u.Disabled || (!t.ExpiresAt.IsZero() && !at.Before(t.ExpiresAt)) {
		a.known.forget(string(hash))
		return Identity{}, errToken
	}
	if a.touches.due(touchKey{ByToken, t.ID}, t.UsedAt, at) {
		if err := a.ledger.TouchToken(ctx, t.ID, at); err != nil {
			a.log.Warn("last use of a token not written", "token", t.ID, "error", err)
		}
	}
	i := Identity{Kind: ByToken, UserID: u.ID, Name: u.Name, Role: u.Role, Token: t}
	a.known.remember(string(hash), i, t.ExpiresAt, at)
	return i, nil
}

// NewToken is what a token is made from.
type NewToken struct {
	UserID  int64 // whose it is; 0: of the user who asks
	Name    string
	Scopes  []monitor.Scope
	Expires time.Time // zero: never
}

const maxTokenName = 100

// CreateToken makes a token and returns it with its text, which nobody can
// learn again. Users make tokens for themselves, admins for everybody. A
// program needs the scope admin for it, or it could rise above its own token.
func (a *Access) CreateToken(ctx context.Context, n NewToken) (monitor.Token, string, error) {
	who := From(ctx)
	owner, err := a.tokenOwner(ctx, who, n.UserID)
	if err != nil {
		return monitor.Token{}, "", err
	}
	n.Name = strings.TrimSpace(n.Name)
	if err := n.check(owner, a.now()); err != nil {
		return monitor.Token{}, "", err
	}
	text := newToken()
	hash := sha256.Sum256([]byte(text))
	t := monitor.Token{
		UserID: owner.ID, Name: n.Name, Hash: hash[:], Hint: text[:tokenHint],
		Scopes: n.Scopes, CreatedAt: a.now(), ExpiresAt: n.Expires,
	}
	detail := fmt.Sprintf("%s, scopes %v", t.Name, t.Scopes)
	t, err = a.ledger.CreateToken(ctx, t, who.entry(a.now(), "token.create", userSubject(owner.Name), detail))
	if err != nil {
		return monitor.Token{}, "", plainly(fmt.Errorf("create token %q of %s: %w", n.Name, owner.Name, err), owner.Name+" has a token "+n.Name+" already")
	}
	return t, text, nil
}

// tokenOwner returns the user whose tokens are asked for, if who may manage them.
func (a *Access) tokenOwner(ctx context.Context, who Identity, id int64) (monitor.User, error) {
	role := monitor.RoleAdmin
	if id == 0 || id == who.UserID {
		id, role = who.UserID, monitor.RoleViewer
	}
	if err := who.Check(role, monitor.ScopeAdmin); err != nil {
		return monitor.User{}, err
	}
	if id == 0 {
		return monitor.User{}, &denied{"a token belongs to a user, and " + who.Actor() + " is none: add a user first, then log in", monitor.ErrDenied}
	}
	u, err := a.ledger.User(ctx, monitor.UserKey{ID: id})
	if err != nil {
		return monitor.User{}, fmt.Errorf("user %d: %w", id, err)
	}
	return u, nil
}

func (n NewToken) check(owner monitor.User, at time.Time) error {
	var errs monitor.FieldErrors
	if length := utf8.RuneCountInString(n.Name); length == 0 || length > maxTokenName || n.Name != cutText(n.Name, len(n.Name)) {
		errs = append(errs, monitor.Invalid("name", "say in 1 to %d characters of plain text what the token is for", maxTokenName))
	}
	if len(n.Scopes) == 0 {
		errs = append(errs, monitor.Invalid("scopes", "choose what the token may do: %s", scopeNames(owner.Role)))
	}
	for i, scope := range n.Scopes {
		info, ok := scope.Info()
		switch field := fmt.Sprintf("scopes[%d]", i); {
		case !ok:
			errs = append(errs, monitor.Invalid(field, "%q is no scope; choose of %s", scope, scopeNames(owner.Role)))
		case info.Role > owner.Role:
			errs = append(errs, monitor.Invalid(field, "%s needs the role %s, and %s has the role %s; choose of %s", scope, info.Role, owner.Name, owner.Role, scopeNames(owner.Role)))
		case slices.Contains(n.Scopes[:i], scope):
			errs = append(errs, monitor.Invalid(field, "%s is there twice", scope))
		}
	}
	if !n.Expires.IsZero() && !n.Expires.After(at) {
		errs = append(errs, monitor.Invalid("expires", "the token would be expired from the start; give a time to come, or none"))
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

func scopeNames(role monitor.Role) string {
	var names []string
	for _, info := range monitor.Scopes() {
		if info.Role <= role {
			names = append(names, string(info.Scope))
		}
	}
	return strings.Join(names, ", ")
}

// Tokens lists the tokens of a user (0: of the one who asks), by id. Admins may
// ask for everybody's.
func (a *Access) Tokens(ctx context.Context, userID int64) ([]monitor.Token, error) {
	owner, err := a.tokenOwner(ctx, From(ctx), userID)
	if err != nil {
		return nil, err
	}
	return a.listTokens(ctx, owner.ID)
}

// AllTokens lists everybody's tokens, by id. Only admins may.
func (a *Access) AllTokens(ctx context.Context) ([]monitor.Token, error) {
	if err := From(ctx).Check(monitor.RoleAdmin, monitor.ScopeAdmin); err != nil {
		return nil, err
	}
	return a.listTokens(ctx, 0)
}

func (a *Access) listTokens(ctx context.Context, userID int64) ([]monitor.Token, error) {
	all, err := a.ledger.Tokens(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return all, nil
}

// RevokeToken makes a token worthless at once. Users revoke their own, admins
// everybody's; to others it is not found.
func (a *Access) RevokeToken(ctx context.Context, id int64) error {
	defer a.known.clear()
	who := From(ctx)
	if err := who.Check(monitor.RoleViewer, monitor.ScopeAdmin); err != nil {
		return err
	}
	owned := who.UserID
	if who.May(monitor.RoleAdmin, monitor.ScopeAdmin) {
		owned = 0
	}
	all, err := a.listTokens(ctx, owned)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(t monitor.Token) bool { return t.ID == id })
	if at < 0 {
		return fmt.Errorf("token %d: %w", id, monitor.ErrNotFound)
	}
	owner, err := a.ledger.User(ctx, monitor.UserKey{ID: all[at].UserID})
	if err == nil {
		err = a.ledger.RemoveToken(ctx, id, who.entry(a.now(), "token.revoke", userSubject(owner.Name), all[at].Name))
	}
	if err != nil {
		return fmt.Errorf("revoke token %d: %w", id, err)
	}
	return nil
}

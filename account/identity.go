package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wingmirror/monitor"
)

// ErrLogin says that a request needs a login, or that the login it came with
// does not hold. It wraps monitor.ErrDenied; answers to it are 401, or the way
// to the login page.
var ErrLogin error = &denied{"log in first", monitor.ErrDenied}

// denied is an error whose text is all that people see of it.
type denied struct {
	text string
	kind error // ErrLogin or monitor.ErrDenied
}

func (d *denied) Error() string { return d.text }
func (d *denied) Unwrap() error { return d.kind }

// ErrCredentials is the one answer to every login that fails. It wraps ErrLogin.
var ErrCredentials error = &denied{"the user name or the password is wrong", ErrLogin}

// LimitError says that there were too many attempts to log in; answers to it are 429.
type LimitError struct {
	After time.Duration // wait so long before the next attempt
}

// Error tells the wait in whole seconds.
func (e *LimitError) Error() string {
	return fmt.Sprintf("too many attempts to log in; try again in %d s", e.Seconds())
}

// Seconds returns After, rounded up, for a Retry-After header.
func (e *LimitError) Seconds() int { return int((e.After + time.Second - 1) / time.Second) }

// Unwrap returns monitor.ErrUnavailable.
func (e *LimitError) Unwrap() error { return monitor.ErrUnavailable }

// Kind says how a request's sender is known.
type Kind string

// The kinds of identity.
const (
	Nobody  Kind = ""        // not known, and may do nothing
	ByLogin Kind = "user"    // a user with a session
	ByToken Kind = "token"   // a program with a user's token
	ByPlace Kind = "local"   // everybody is admin here: ModeLocal or ModeOpen
	ByShell Kind = "command" // the command line, on the machine itself
)

// Identity is who sent a request. The zero value is nobody.
type Identity struct {
	Kind      Kind
	UserID    int64         // 0 unless a user or a user's token
	Name      string        // of the user
	Role      monitor.Role  // of the user, whatever the token's scopes
	SessionID int64         // 0 without a session
	Token     monitor.Token // zero without a token
	Address   string        // where the request came from, "" if it is not known
	Agent     string        // the browser as it names itself

	refusal error // why this is nobody, when there is more to say than ErrLogin
}

// Operator returns the identity of whoever has a shell on the machine and so
// the database at hand.
func Operator() Identity { return Identity{Kind: ByShell, Role: monitor.RoleAdmin} }

// ScopeFor returns the scope that a token needs for what needs the role, unless
// a narrower one is named: read, write and admin for viewer, editor and admin.
func ScopeFor(role monitor.Role) monitor.Scope {
	switch role {
	case monitor.NoRole, monitor.RoleViewer:
		return monitor.ScopeRead
	case monitor.RoleEditor:
		return monitor.ScopeWrite
	}
	return monitor.ScopeAdmin
}

// May reports whether i may do what needs the role and, of a token, the scope.
func (i Identity) May(role monitor.Role, scope monitor.Scope) bool {
	return i.Check(role, scope) == nil
}

// Check is May with the reason: nil, an error that wraps ErrLogin, or one that
// wraps monitor.ErrDenied. With monitor.NoRole everybody may.
func (i Identity) Check(role monitor.Role, scope monitor.Scope) error {
	switch {
	case role == monitor.NoRole:
		return nil
	case i.refusal != nil:
		return i.refusal
	case i.Kind == Nobody:
		return ErrLogin
	case i.Role < role:
		return &denied{fmt.Sprintf("this needs the role %s; %s has the role %s", role, i.Actor(), i.Role), monitor.ErrDenied}
	case i.Kind == ByToken && !i.Token.Covers(scope):
		return &denied{fmt.Sprintf("this needs a token with the scope %s; the token %s has only %v", scope, i.Token.Name, i.Token.Scopes), monitor.ErrDenied}
	}
	return nil
}

// Actor names who acts, for audit entries and authors of versions.
func (i Identity) Actor() string {
	switch i.Kind {
	case ByLogin:
		return i.Name
	case ByToken:
		return i.Name + " by token " + i.Token.Name
	case ByPlace:
		return "local"
	case ByShell:
		return "command line"
	}
	return "nobody"
}

// entry returns an audit entry of something that i does.
func (i Identity) entry(at time.Time, action, subject, detail string) monitor.AuditEntry {
	return monitor.AuditEntry{
		At: at, Actor: i.Actor(), UserID: i.UserID, TokenID: i.Token.ID,
		Action: action, Subject: subject, Detail: detail, Address: i.Address,
	}
}

// self refuses everybody who does not act as a user with a login of their own.
func (i Identity) self() error {
	if err := i.Check(monitor.RoleViewer, monitor.ScopeRead); err != nil {
		return err
	}
	if i.Kind != ByLogin {
		return &denied{"this is only for a user who is logged in, not for " + i.Actor(), monitor.ErrDenied}
	}
	return nil
}

type contextKey struct{}

// With returns a context that carries the identity.
func With(ctx context.Context, i Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, i)
}

// From returns the identity that Authenticate put into ctx; without one, nobody.
func From(ctx context.Context) Identity {
	i, _ := ctx.Value(contextKey{}).(Identity)
	return i
}

// notFound reports whether err says that something is not there, which for a
// credential means that it is not valid.
func notFound(err error) bool { return errors.Is(err, monitor.ErrNotFound) }

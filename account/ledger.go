package account

import (
	"context"
	"time"

	"wingmirror/monitor"
)

// Ledger is what an Access needs to remember. Errors wrap monitor's sentinels:
// ErrNotFound for what is not there, ErrConflict for a name that is taken.
// Whatever takes an entry or a Change stores the change and its audit entry
// together or not at all.
type Ledger interface {
	Directory
	Roster
	Credentials
	Sessions
	Tokens
	Trail
}

// Directory reads users.
type Directory interface {
	Users(ctx context.Context) ([]monitor.User, error) // by name
	User(ctx context.Context, key monitor.UserKey) (monitor.User, error)
}

// Change edits u in place and returns what to write into the audit log; an
// entry without Action is not written. otherAdmins counts the enabled admins
// besides u. When it returns an error nothing changes and the caller gets that
// error. It runs inside a transaction, perhaps more than once.
type Change = func(u *monitor.User, otherAdmins int) (monitor.AuditEntry, error)

// Roster changes users.
type Roster interface {
	CreateUser(ctx context.Context, change Change) (monitor.User, error) // change starts from a zero user
	EditUser(ctx context.Context, id int64, change Change) (monitor.User, error)
	RemoveUser(ctx context.Context, id int64, change Change) error // with their sessions and tokens
}

// Credentials resolves what a request brings along. Times of last use that are
// not newer than the stored one are ignored, as is an id that is gone.
type Credentials interface {
	FindSession(ctx context.Context, hash []byte) (monitor.Session, monitor.User, error)
	TouchSession(ctx context.Context, id int64, at time.Time) error
	FindToken(ctx context.Context, hash []byte) (monitor.Token, monitor.User, error)
	TouchToken(ctx context.Context, id int64, at time.Time) error
}

// Sessions keeps sessions.
type Sessions interface {
	CreateSession(ctx context.Context, s monitor.Session, entry monitor.AuditEntry) (monitor.Session, error)
	Sessions(ctx context.Context, userID int64) ([]monitor.Session, error) // the latest seen first
	EndSessions(ctx context.Context, set monitor.SessionSet, entry monitor.AuditEntry) (int, error)
}

// Tokens keeps API tokens.
type Tokens interface {
	CreateToken(ctx context.Context, t monitor.Token, entry monitor.AuditEntry) (monitor.Token, error) // ErrConflict: the user has one of that name
	Tokens(ctx context.Context, userID int64) ([]monitor.Token, error)                                 // by id; userID 0: everybody's
	RemoveToken(ctx context.Context, id int64, entry monitor.AuditEntry) error
}

// Trail is the audit log. There is no way to change or remove an entry.
type Trail interface {
	Record(ctx context.Context, entry monitor.AuditEntry) error
	Audit(ctx context.Context, query monitor.AuditQuery) ([]monitor.AuditEntry, error) // newest first
}

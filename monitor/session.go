package monitor

import "time"

// Session is one browser that is logged in. The secret in its cookie is known
// to that browser only; what is kept is the secret's hash.
type Session struct {
	ID        int64
	Hash      []byte    // SHA-256 of the cookie's secret
	UserID    int64     //
	Epoch     int       // the user's epoch at login
	CreatedAt time.Time //
	SeenAt    time.Time // last request, true to a minute
	Address   string    // where the login came from
	Agent     string    // the browser as it names itself, cut
}

// SessionSet selects sessions to end: those that match every field that is set.
// The empty set matches none.
type SessionSet struct {
	ID            int64     // this one
	Except        int64     // all but this one
	UserID        int64     // of this user
	SeenBefore    time.Time // not seen since
	CreatedBefore time.Time // begun before
}

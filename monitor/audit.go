package monitor

import "time"

// AuditEntry is one thing that somebody did. Entries are added and read, never
// changed.
type AuditEntry struct {
	ID      int64     // grows with time
	At      time.Time //
	Actor   string    // who, as they were called then: "alice", "alice by token ci", "local"
	UserID  int64     // 0 when the actor was no user
	TokenID int64     // 0 when it was no token
	Action  string    // noun and verb: "user.create", "monitor.update"
	Subject string    // kind/key of what it was done to: "user/bob", "monitor/12"
	Detail  string    // one line more, "" for none; never a secret
	Address string    // where the request came from; "" for the command line
}

// AuditQuery selects entries, newest first. Empty fields select all.
type AuditQuery struct {
	Before  int64  // only entries with a smaller ID; 0 starts with the newest
	Limit   int    // at most so many; 0 is 100
	Actor   string // exactly so
	Action  string // exactly so, or, when it ends in a dot, what begins so
	Subject string // exactly so
}

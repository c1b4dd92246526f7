package monitor

import (
	"slices"
	"time"
)

// Scope is one thing that an API token may do. A token never may more than the
// user it belongs to.
type Scope string

// The scopes.
const (
	ScopeRead       Scope = "read"       // read everything that a viewer sees
	ScopeWrite      Scope = "write"      // read, and change what an editor changes
	ScopeAdmin      Scope = "admin"      // everything
	ScopePing       Scope = "ping"       // send heartbeats
	ScopeEvents     Scope = "events"     // send events
	ScopeGate       Scope = "gate"       // ask whether a deploy may go ahead
	ScopeHistograms Scope = "histograms" // send histograms
)

// ScopeInfo pairs a Scope with the lowest role whose users may hand it out,
// the scopes that it includes, and a description.
type ScopeInfo struct {
	Scope       Scope
	Role        Role
	Includes    []Scope
	Description string
}

// Scopes lists every scope, in a stable order, for pages and documentation.
func Scopes() []ScopeInfo {
	return []ScopeInfo{
		{ScopeRead, RoleViewer, []Scope{ScopeGate}, "read monitors, runs, and incidents"},
		{ScopeWrite, RoleEditor, []Scope{ScopeRead, ScopePing, ScopeEvents, ScopeGate, ScopeHistograms}, "read, and change monitors and silences"},
		{ScopeAdmin, RoleAdmin, []Scope{ScopeRead, ScopeWrite, ScopePing, ScopeEvents, ScopeGate, ScopeHistograms}, "everything, users and the audit log included"},
		{ScopePing, RoleEditor, nil, "send heartbeats"},
		{ScopeEvents, RoleEditor, nil, "send events"},
		{ScopeGate, RoleViewer, nil, "read the board and ask its gate whether a deploy may go ahead"},
		{ScopeHistograms, RoleEditor, nil, "send histograms, and alerts of other detectors"},
	}
}

// Info returns the scope's entry in Scopes, and whether it has one.
func (s Scope) Info() (ScopeInfo, bool) {
	for _, info := range Scopes() {
		if info.Scope == s {
			return info, true
		}
	}
	return ScopeInfo{}, false
}

// Covers reports whether holding s allows what needs wanted.
func (s Scope) Covers(wanted Scope) bool {
	info, ok := s.Info()
	return ok && (s == wanted || slices.Contains(info.Includes, wanted))
}

// Token is a program's way in: a secret of which only the hash is kept.
type Token struct {
	ID        int64
	UserID    int64     //
	Name      string    // what it is for
	Hash      []byte    // SHA-256 of the whole text, prefix included
	Hint      string    // the text's beginning, to tell tokens apart
	Scopes    []Scope   // at least one
	CreatedAt time.Time //
	ExpiresAt time.Time // zero: never
	UsedAt    time.Time // last use, true to a minute; zero for never
}

// Covers reports whether one of the token's scopes covers wanted.
func (t Token) Covers(wanted Scope) bool {
	return slices.ContainsFunc(t.Scopes, func(s Scope) bool { return s.Covers(wanted) })
}

package monitor

import (
	"fmt"
	"time"
)

// Role says how much a person may do. A higher role may do all that a lower one may.
type Role uint8

// The roles, in rising order.
const (
	NoRole     Role = iota // nobody has said who this is
	RoleViewer             // reads everything but secrets
	RoleEditor             // changes monitors, silences, acknowledges
	RoleAdmin              // manages users and reads the audit log
)

var roleNames = [...]string{"none", "viewer", "editor", "admin"}

// Roles lists the roles that a user can have, lowest first.
func Roles() []Role { return []Role{RoleViewer, RoleEditor, RoleAdmin} }

// String returns the lower-case name used in files, JSON and pages.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("Role(%d)", uint8(r))
}

// ParseRole reads the name of a role that a user can have; any other text is ErrInvalid.
func ParseRole(text string) (Role, error) {
	for _, role := range Roles() {
		if text == role.String() {
			return role, nil
		}
	}
	return NoRole, Invalid("role", "%q is none of viewer, editor, admin", text)
}

// User is a person who can log in.
type User struct {
	ID           int64
	Name         string    // how they log in: lower case, unique
	Email        string    // "" if it is not known
	Role         Role      //
	PasswordHash string    // PHC string; "" when there is no password to log in with
	Issuer       string    // URL of the OpenID provider that vouches for them; "" for none
	Subject      string    // the provider's own name for them, unique together with Issuer
	Disabled     bool      // cannot log in, and neither sessions nor tokens work
	Epoch        int       // sessions of an earlier epoch are over: a new password begins a new one
	CreatedAt    time.Time //
	LoginAt      time.Time // the last login; zero for never
}

// UserKey names a user in one of three ways; the first that is not empty counts.
type UserKey struct {
	ID      int64
	Name    string
	Issuer  string // with Subject
	Subject string
}

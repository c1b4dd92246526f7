package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"wingmirror/monitor"
)

// maxUserName is the most characters of a user's name.
const maxUserName = 64

// isUserName reports whether a name has only a to z, digits and ._@+'-, and begins
// with a letter or a digit.
func isUserName(name string) bool {
	first := strings.Trim(name[:min(1, len(name))], letters) == ""
	return name != "" && len(name) <= maxUserName && first && strings.Trim(name, letters+"._@+'-") == ""
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

func checkName(name string) error {
	if !isUserName(name) {
		return monitor.Invalid("name", "a user's name has 1 to 64 letters, digits and any of . _ @ + ' - and begins with a letter or digit; an e-mail address will do")
	}
	return nil
}

func checkEmail(email string) error {
	local, domain, ok := strings.Cut(email, "@")
	if email != "" && (!ok || local == "" || domain == "" || len(email) > 254 || email != cutText(email, 254) || strings.ContainsAny(email, " <>,")) {
		return monitor.Invalid("email", "%q is not an e-mail address", email)
	}
	return nil
}

func manages(who Identity) error { return who.Check(monitor.RoleAdmin, monitor.ScopeAdmin) }

// Users lists all users by name. Only admins may.
func (a *Access) Users(ctx context.Context) ([]monitor.User, error) {
	if err := manages(From(ctx)); err != nil {
		return nil, err
	}
	all, err := a.ledger.Users(ctx)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return all, nil
}

// User returns one user. Admins may ask for everybody, others for themselves.
func (a *Access) User(ctx context.Context, key monitor.UserKey) (monitor.User, error) {
	who := From(ctx)
	if who.UserID == 0 || key.ID != who.UserID {
		if err := manages(who); err != nil {
			return monitor.User{}, err
		}
	}
	u, err := a.ledger.User(ctx, key)
	if notFound(err) {
		return monitor.User{}, fmt.Errorf("there is no such user: %w", monitor.ErrNotFound)
	}
	if err != nil {
		return monitor.User{}, fmt.Errorf("read a user: %w", err)
	}
	return u, nil
}

// NewUser is what a user is made from.
type NewUser struct {
	Name     string       // case does not count
	Email    string       // "" if it is not known
	Role     monitor.Role // NoRole: admin for the very first user, then viewer
	Password string       // "": they log in by the OpenID provider, which knows them by Name, an e-mail address
}

// CreateUser adds a user. Only admins may. The first user must be an admin, or
// there would never be one.
func (a *Access) CreateUser(ctx context.Context, n NewUser) (monitor.User, error) {
	who := From(ctx)
	if err := manages(who); err != nil {
		return monitor.User{}, err
	}
	n.Name = strings.ToLower(strings.TrimSpace(n.Name))
	if err := n.check(); err != nil {
		return monitor.User{}, err
	}
	u := monitor.User{Name: n.Name, Email: n.Email, Role: n.Role, Epoch: 1, CreatedAt: a.now()}
	if n.Password != "" {
		hash, err := a.hasher.hash(ctx, n.Password)
		if err != nil {
			return monitor.User{}, err
		}
		u.PasswordHash = hash
	}
	u, err := a.ledger.CreateUser(ctx, func(stored *monitor.User, otherAdmins int) (monitor.AuditEntry, error) {
		*stored = u
		if stored.Role == monitor.NoRole {
			stored.Role = monitor.RoleViewer
			if otherAdmins == 0 {
				stored.Role = monitor.RoleAdmin
			}
		}
		if otherAdmins == 0 && stored.Role != monitor.RoleAdmin {
			return monitor.AuditEntry{}, monitor.Invalid("role", "there is no admin yet, so this user must be one")
		}
		return who.entry(a.now(), "user.create", userSubject(stored.Name), stored.Role.String()), nil
	})
	if err != nil {
		return monitor.User{}, plainly(fmt.Errorf("add user %q: %w", n.Name, err), "there is a user "+n.Name+" already")
	}
	a.closed.Store(true)
	return u, nil
}

func (n NewUser) check() error {
	var errs monitor.FieldErrors
	nameErr := checkName(n.Name)
	errs = append(errs, monitor.AllFieldErrors(nameErr)...)
	errs = append(errs, monitor.AllFieldErrors(checkEmail(n.Email))...)
	switch {
	case n.Password != "":
		errs = append(errs, monitor.AllFieldErrors(CheckPassword(n.Name, n.Password))...)
	case nameErr == nil && !strings.Contains(n.Name, "@"):
		errs = append(errs, monitor.Invalid("password", "give a password; only a user whose name is an e-mail address can do without, by logging in through an OpenID provider"))
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// plainly returns what people should read of an error that came through the
// ledger: a refusal of ours without what the ledger put in front, and of a
// conflict what is there already.
func plainly(err error, conflict string) error {
	if told, ok := errors.AsType[*denied](err); ok {
		return told
	}
	if fields := monitor.AllFieldErrors(err); fields != nil {
		return fields
	}
	if conflict != "" && errors.Is(err, monitor.ErrConflict) {
		return &denied{conflict, monitor.ErrConflict}
	}
	return err
}

// UserEdit says what to change of a user; nil leaves a field as it is.
type UserEdit struct {
	Name     *string
	Email    *string
	Role     *monitor.Role
	Disabled *bool
}

// EditUser changes a user. Only admins may. Disabling logs the user out
// everywhere and stops their tokens until they are enabled again. The last
// enabled admin stays one.
func (a *Access) EditUser(ctx context.Context, id int64, edit UserEdit) (monitor.User, error) {
	defer a.known.clear()
	who := From(ctx)
	if err := manages(who); err != nil {
		return monitor.User{}, err
	}
	if edit.Name != nil {
		lower := strings.ToLower(strings.TrimSpace(*edit.Name))
		edit.Name = &lower
	}
	if err := edit.check(); err != nil {
		return monitor.User{}, err
	}
	u, err := a.ledger.EditUser(ctx, id, func(u *monitor.User, otherAdmins int) (monitor.AuditEntry, error) {
		before := *u
		changes := edit.apply(u)
		if err := keepAdmin(before, *u, otherAdmins); err != nil {
			return monitor.AuditEntry{}, err
		}
		if len(changes) == 0 {
			return monitor.AuditEntry{}, nil
		}
		return who.entry(a.now(), "user.update", userSubject(before.Name), strings.Join(changes, ", ")), nil
	})
	if err != nil {
		return monitor.User{}, plainly(fmt.Errorf("change user %d: %w", id, err), "there is a user of that name already")
	}
	return u, nil
}

func (e UserEdit) check() error {
	var errs monitor.FieldErrors
	if e.Name != nil {
		errs = append(errs, monitor.AllFieldErrors(checkName(*e.Name))...)
	}
	if e.Email != nil {
		errs = append(errs, monitor.AllFieldErrors(checkEmail(*e.Email))...)
	}
	if e.Role != nil && (*e.Role < monitor.RoleViewer || *e.Role > monitor.RoleAdmin) {
		errs = append(errs, monitor.Invalid("role", "%s is none of viewer, editor, admin", *e.Role))
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// apply makes the changes and lists them.
func (e UserEdit) apply(u *monitor.User) []string {
	var changes []string
	note := func(what, before, after string) {
		changes = append(changes, fmt.Sprintf("%s %s → %s", what, before, after))
	}
	if e.Name != nil && *e.Name != u.Name {
		note("name", u.Name, *e.Name)
		u.Name = *e.Name
	}
	if e.Email != nil && *e.Email != u.Email {
		note("email", orElse(u.Email, "none"), orElse(*e.Email, "none"))
		u.Email = *e.Email
	}
	if e.Role != nil && *e.Role != u.Role {
		note("role", u.Role.String(), e.Role.String())
		u.Role = *e.Role
	}
	if e.Disabled != nil && *e.Disabled != u.Disabled {
		u.Disabled = *e.Disabled
		word := "enabled"
		if u.Disabled {
			u.Epoch++
			word = "disabled"
		}
		changes = append(changes, word)
	}
	return changes
}

// keepAdmin refuses what would leave nobody to manage users. Pass the zero user
// as after for one who goes.
func keepAdmin(before, after monitor.User, otherAdmins int) error {
	rules := func(u monitor.User) bool { return u.Role == monitor.RoleAdmin && !u.Disabled }
	if otherAdmins == 0 && rules(before) && !rules(after) {
		return &denied{before.Name + " is the last admin: make somebody else an admin first", monitor.ErrConflict}
	}
	return nil
}

// RemoveUser removes a user with their sessions and tokens; what they did stays
// in the audit log. Only admins may, and the last admin stays.
func (a *Access) RemoveUser(ctx context.Context, id int64) error {
	defer a.known.clear()
	who := From(ctx)
	if err := manages(who); err != nil {
		return err
	}
	err := a.ledger.RemoveUser(ctx, id, func(u *monitor.User, otherAdmins int) (monitor.AuditEntry, error) {
		return who.entry(a.now(), "user.remove", userSubject(u.Name), u.Role.String()), keepAdmin(*u, monitor.User{}, otherAdmins)
	})
	if err != nil {
		return plainly(fmt.Errorf("remove user %d: %w", id, err), "")
	}
	return nil
}

// SetPassword gives a user a password, and logs them out everywhere. Only
// admins may.
func (a *Access) SetPassword(ctx context.Context, id int64, password string) error {
	defer a.known.clear()
	who := From(ctx)
	if err := manages(who); err != nil {
		return err
	}
	u, err := a.User(ctx, monitor.UserKey{ID: id})
	if err != nil {
		return err
	}
	_, err = a.setPassword(ctx, who, u, password)
	return err
}

func (a *Access) setPassword(ctx context.Context, who Identity, u monitor.User, password string) (monitor.User, error) {
	if err := CheckPassword(u.Name, password); err != nil {
		return monitor.User{}, err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return monitor.User{}, err
	}
	changed, err := a.ledger.EditUser(ctx, u.ID, func(stored *monitor.User, _ int) (monitor.AuditEntry, error) {
		if stored.PasswordHash != u.PasswordHash {
			return monitor.AuditEntry{}, &denied{"the password was changed by somebody else meanwhile", monitor.ErrConflict}
		}
		stored.PasswordHash = hash
		stored.Epoch++
		return who.entry(a.now(), "user.password", userSubject(stored.Name), ""), nil
	})
	if err != nil {
		return monitor.User{}, plainly(fmt.Errorf("set the password of %q: %w", u.Name, err), "")
	}
	return changed, nil
}

// ChangePassword gives the user who asks a new password, logs them out
// everywhere, and returns the secret of a new session for where they are. The
// current password is guarded like a login.
func (a *Access) ChangePassword(ctx context.Context, current, password string) (secret string, err error) {
	defer a.known.clear()
	who := From(ctx)
	if err := who.self(); err != nil {
		return "", err
	}
	u, err := a.User(ctx, monitor.UserKey{ID: who.UserID})
	if err != nil {
		return "", err
	}
	if u.PasswordHash == "" {
		return "", &denied{"you log in through a provider and have no password here; an admin can give you one", monitor.ErrDenied}
	}
	if err := a.limits.take(who.Address, u.Name, a.now()); err != nil {
		return "", err
	}
	v, err := a.hasher.verify(ctx, u.PasswordHash, current)
	if err != nil {
		return "", err
	}
	if !v.ok {
		return "", monitor.Invalid("current", "this is not your password")
	}
	if u, err = a.setPassword(ctx, who, u, password); err != nil {
		return "", err
	}
	return a.begin(ctx, u, Origin{Address: who.Address, Agent: who.Agent, Way: "new password"})
}

// HasUsers reports whether anybody can log in with what is stored, for ModeFor.
func HasUsers(ctx context.Context, d Directory) (bool, error) {
	all, err := d.Users(ctx)
	if err != nil {
		return false, fmt.Errorf("look for users: %w", err)
	}
	return len(all) > 0, nil
}

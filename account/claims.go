package account

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wingmirror/monitor"
)

// claims is what a verified ID token says.
type claims map[string]any

func (c claims) text(name string) string {
	text, _ := c[name].(string)
	return text
}

// texts returns the texts at a path: one text, or a list of them. A claim whose
// very name has dots comes before one inside an object.
func (c claims) texts(path string) []string {
	value, ok := c[path]
	if !ok {
		var at any = map[string]any(c)
		for step := range strings.SplitSeq(path, ".") {
			object, _ := at.(map[string]any)
			at = object[step]
		}
		value = at
	}
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, item := range value {
			if text, ok := item.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

// email returns the address in lower case, and whether the provider verified it.
func (c claims) email(trust bool) (address string, verified bool) {
	address = strings.ToLower(c.text("email"))
	switch said := c["email_verified"].(type) {
	case bool:
		verified = said
	case string: // some providers write it so
		verified = said == "true"
	case nil:
		verified = trust
	}
	return address, verified && checkEmail(address) == nil && address != ""
}

// role returns the highest role that the claims give.
func (o OIDC) role(c claims) monitor.Role {
	highest := o.DefaultRole
	if o.RoleClaim == "" {
		return highest
	}
	for _, text := range c.texts(o.RoleClaim) {
		highest = max(highest, o.Roles[text])
	}
	return highest
}

func (o OIDC) domainAllowed(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(o.Domains, func(d string) bool { return strings.EqualFold(d, domain) })
}

func refuse(format string, args ...any) error { return &denied{fmt.Sprintf(format, args...), ErrLogin} }

// admit returns the user for the claims. Known is who logged in with the same
// issuer and subject before. Somebody new becomes the user whom an admin added
// under their verified address and without a password, or, if that is allowed,
// a new user. Nobody becomes a user who has a password or another identity: a
// provider must not be a way into an account that it was not meant for.
func (a *Access) admit(ctx context.Context, c claims, from Origin) (monitor.User, error) {
	o := a.provider.options
	address, verified := c.email(o.TrustEmail)
	if len(o.Domains) > 0 && !(verified && o.domainAllowed(address)) {
		return monitor.User{}, refuse("only people with a verified e-mail address in %s may log in", strings.Join(o.Domains, ", "))
	}
	role := o.role(c)
	if o.RoleClaim != "" && role == monitor.NoRole {
		return monitor.User{}, refuse("the login provider names no role for you here (claim %s); ask whoever manages it", o.RoleClaim)
	}
	who := Identity{Kind: ByLogin, Name: "openid", Address: from.Address}
	u, err := a.ledger.User(ctx, monitor.UserKey{Issuer: c.text("iss"), Subject: c.text("sub")})
	if err == nil {
		return a.follow(ctx, u, c, who)
	}
	if !notFound(err) {
		return monitor.User{}, fmt.Errorf("look up a user: %w", err)
	}
	if !verified || checkName(address) != nil {
		return monitor.User{}, refuse("the login provider did not say a verified e-mail address that can be a name here")
	}
	u, err = a.ledger.User(ctx, monitor.UserKey{Name: address})
	if err == nil {
		return a.follow(ctx, u, c, who)
	}
	if !notFound(err) {
		return monitor.User{}, fmt.Errorf("look up a user: %w", err)
	}
	if !o.Provision {
		return monitor.User{}, refuse("there is no user %s here; ask an admin to add one", address)
	}
	return a.provision(ctx, c, address, role, who)
}

// follow takes over what the provider says of a user, the role included when a
// claim gives it: then the provider has the last word, even about the last admin.
func (a *Access) follow(ctx context.Context, known monitor.User, c claims, who Identity) (monitor.User, error) {
	o := a.provider.options
	u, err := a.ledger.EditUser(ctx, known.ID, func(u *monitor.User, _ int) (monitor.AuditEntry, error) {
		var changes []string
		switch {
		case u.Disabled:
			return monitor.AuditEntry{}, refuse("the user %s is disabled", u.Name)
		case u.Issuer == "" && u.PasswordHash == "":
			u.Issuer, u.Subject = c.text("iss"), c.text("sub")
			changes = append(changes, "linked with "+u.Issuer)
		case u.Issuer != c.text("iss") || u.Subject != c.text("sub"):
			return monitor.AuditEntry{}, refuse("there is a user %s with a login of their own; ask an admin", u.Name)
		}
		if o.RoleClaim != "" && u.Role != o.role(c) {
			changes = append(changes, fmt.Sprintf("role %s → %s", u.Role, o.role(c)))
			u.Role = o.role(c)
		}
		if address, verified := c.email(o.TrustEmail); verified {
			u.Email = address
		}
		u.LoginAt = a.now()
		if len(changes) == 0 {
			return monitor.AuditEntry{}, nil
		}
		return who.entry(a.now(), "user.update", userSubject(u.Name), strings.Join(changes, ", ")), nil
	})
	if err != nil {
		return monitor.User{}, fmt.Errorf("note the login of %q: %w", known.Name, err)
	}
	return u, nil
}

func (a *Access) provision(ctx context.Context, c claims, address string, role monitor.Role, who Identity) (monitor.User, error) {
	at := a.now()
	u, err := a.ledger.CreateUser(ctx, func(u *monitor.User, _ int) (monitor.AuditEntry, error) {
		*u = monitor.User{
			Name: address, Email: address, Role: role, Epoch: 1,
			Issuer: c.text("iss"), Subject: c.text("sub"), CreatedAt: at, LoginAt: at,
		}
		return who.entry(at, "user.create", userSubject(address), role.String()+", vouched for by "+c.text("iss")), nil
	})
	if err != nil {
		return monitor.User{}, fmt.Errorf("add user %q: %w", address, err)
	}
	return u, nil
}

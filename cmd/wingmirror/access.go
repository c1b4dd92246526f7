package main

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"wingmirror/account"
	"wingmirror/monitor"
)

// accessConfig is what is to be said about logins, besides whether they are needed.
type accessConfig struct {
	Proxies  []string
	Idle     time.Duration
	Lifetime time.Duration
	OIDC     oidcConfig
}

type oidcConfig struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	Name         string
	Scopes       []string
	Domains      []string
	TrustEmail   bool
	RoleClaim    string
	Roles        []string
	DefaultRole  roleFlag
	Provision    bool
}

func (c *accessConfig) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&c.Proxies, "proxy", nil, "address or network of a reverse proxy whose X-Forwarded-For is believed, such as 10.0.0.0/8; may be repeated")
	f.DurationVar(&c.Idle, "session-idle", 7*24*time.Hour, "a login that is not used for so long is over")
	f.DurationVar(&c.Lifetime, "session-lifetime", 30*24*time.Hour, "a login is over after so long in any case")
	c.OIDC.flags(f)
}

func (c *oidcConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.Issuer, "oidc-issuer", "", "URL of an OpenID provider to log in by; register BASE-URL/login/oidc/callback there")
	f.StringVar(&c.ClientID, "oidc-client-id", "", "client id that the provider gave you")
	f.StringVar(&c.ClientSecret, "oidc-client-secret", "", "client secret, if the provider gave you one")
	f.StringVar(&c.Name, "oidc-name", "", "what the login button calls the provider (default its host)")
	f.StringArrayVar(&c.Scopes, "oidc-scope", nil, "scope to ask for besides openid, email and profile; may be repeated")
	f.StringArrayVar(&c.Domains, "oidc-domain", nil, "let in only people with a verified e-mail address in this domain; may be repeated")
	f.BoolVar(&c.TrustEmail, "oidc-trust-email", false, "take e-mail addresses for verified when the provider does not say so")
	f.StringVar(&c.RoleClaim, "oidc-role-claim", "", "claim of the ID token that names groups, such as groups or realm_access.roles")
	f.StringArrayVar(&c.Roles, "oidc-role", nil, "role for a group in the claim, as GROUP=ROLE; may be repeated, the highest counts")
	f.Var(&c.DefaultRole, "oidc-default-role", "role of people whom no group gives one (default: they stay out, if there is a claim)")
	f.BoolVar(&c.Provision, "oidc-provision", false, "make a user for whoever logs in for the first time")
}

// provisions reports whether people can log in before there are users.
func (c oidcConfig) provisions() bool { return c.Issuer != "" && c.Provision }

// options returns what package account wants to know; nil without a provider.
func (c oidcConfig) options() (*account.OIDC, error) {
	if c.Issuer == "" {
		return nil, nil
	}
	o := &account.OIDC{
		Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: c.ClientSecret, Name: c.Name, Scopes: c.Scopes,
		Domains: c.Domains, TrustEmail: c.TrustEmail, RoleClaim: c.RoleClaim, DefaultRole: c.DefaultRole.role, Provision: c.Provision,
	}
	for _, text := range c.Roles {
		// A group may have an equals sign in its name, a role has none.
		at := strings.LastIndex(text, "=")
		if at <= 0 {
			return nil, monitor.Invalid("oidc-role", "%q is not of the form GROUP=ROLE", text)
		}
		role, err := monitor.ParseRole(text[at+1:])
		if err != nil {
			return nil, monitor.Invalid("oidc-role", "%q: %v", text, err)
		}
		if o.Roles == nil {
			o.Roles = map[string]monitor.Role{}
		}
		o.Roles[text[:at]] = role
	}
	return o, nil
}

// proxies reads the networks of our own proxies.
func (c accessConfig) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range c.Proxies {
		prefix, err := netip.ParsePrefix(text)
		if ip, ipErr := netip.ParseAddr(text); ipErr == nil {
			prefix, err = ip.Prefix(ip.BitLen())
		}
		if err != nil {
			return nil, monitor.Invalid("proxy", "%q is neither an address nor a network such as 10.0.0.0/8", text)
		}
		all = append(all, prefix)
	}
	return all, nil
}

// newAccess finds out who asks, as the configuration says.
func newAccess(c config, ledger account.Ledger, mode account.Mode, log *slog.Logger) (*account.Access, error) {
	provider, err := c.Access.OIDC.options()
	if err != nil {
		return nil, err
	}
	proxies, err := c.Access.proxies()
	if err != nil {
		return nil, err
	}
	return account.New(account.Options{
		Ledger: ledger, Mode: mode, BaseURL: c.BaseURL, Proxies: proxies,
		Idle: c.Access.Idle, Lifetime: c.Access.Lifetime, OIDC: provider, Now: time.Now, Log: log,
	})
}

package main

import (
	"strings"
	"testing"

	"wingmirror/monitor"
)

func TestAccess_RolesAndProxiesAreReadFromTheCommandLine(t *testing.T) {
	o, err := oidcConfig{Issuer: "https://id", Roles: []string{"chiefs=admin", "cn=ops,dc=x=editor"}}.options()
	if err != nil || o.Roles["chiefs"] != monitor.RoleAdmin || o.Roles["cn=ops,dc=x"] != monitor.RoleEditor {
		t.Errorf("got %+v, %v", o, err)
	}
	for _, wrong := range []string{"chiefs", "=admin", "chiefs=emperor", ""} {
		if _, err := (oidcConfig{Issuer: "https://id", Roles: []string{wrong}}).options(); err == nil || !strings.Contains(err.Error(), "oidc-role") {
			t.Errorf("%q: got %v", wrong, err)
		}
	}
	proxies, err := accessConfig{Proxies: []string{"10.0.0.0/8", "192.0.2.1", "::1"}}.proxies()
	if err != nil || len(proxies) != 3 || proxies[1].String() != "192.0.2.1/32" || proxies[2].String() != "::1/128" {
		t.Errorf("got %v, %v", proxies, err)
	}
	if _, err := (accessConfig{Proxies: []string{"proxy.example.com"}}).proxies(); err == nil {
		t.Error("a name is taken for an address")
	}
}

func TestAccess_OpenIDSettingsAreCheckedAtStart(t *testing.T) {
	db := t.TempDir() + "/w.db"
	code, _, errs := invoke(t, map[string]string{"WINGMIRROR_OIDC_ISSUER": "https://id.example.com"}, "serve", "--graphite", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--db", db)
	for _, want := range []string{"oidc-client-id: ", "base-url: "} {
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("exit %d without %q: %s", code, want, errs)
		}
	}
	secret := writeFile(t, "secret", "hush")
	code, out, errs := invoke(t, map[string]string{"WINGMIRROR_OIDC_CLIENT_SECRET_FILE": secret}, "config")
	if code != exitOK || strings.Contains(out, "hush") || !strings.Contains(out, "oidc-client-secret: (secret)") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

package graphite_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/graphite"
	"wingmirror/graphite/graphitetest"
	"wingmirror/monitor"
)

func TestNew_NamesEveryWrongOption(t *testing.T) {
	const good = "http://graphite.test"
	for _, row := range []struct {
		options graphite.Options
		fields  string
	}{
		{graphite.Options{}, "graphite"},
		{graphite.Options{URL: "graphite.test:8080"}, "graphite"},
		{graphite.Options{URL: "http://"}, "graphite"},
		{graphite.Options{URL: "http://x\x7f"}, "graphite"},
		{graphite.Options{URL: good + "/?x=1"}, "graphite"},
		{graphite.Options{URL: good, User: "u", Token: "t"}, "graphite-token"},
		{graphite.Options{URL: good, Headers: map[string]string{"X Y": "z"}}, "graphite-header"},
		{graphite.Options{URL: good, Headers: map[string]string{"X": "a\nb"}}, "graphite-header"},
		{graphite.Options{URL: good, CertFile: "x"}, "graphite-cert"},
		{graphite.Options{URL: good, CertFile: "/no/such", KeyFile: "/no/such"}, "graphite-cert"},
		{graphite.Options{URL: good, CAFile: "/no/such"}, "graphite-ca"},
		{graphite.Options{URL: good, Step: 1500 * time.Millisecond}, "graphite-step"},
		{graphite.Options{URL: good, Timeout: -1}, "graphite-timeout graphite-deadline"},
		{graphite.Options{URL: good, Deadline: -1}, "graphite-deadline"},
		{graphite.Options{URL: good, Concurrency: -1}, "graphite-concurrency"},
		{graphite.Options{URL: good, Batch: 901}, "graphite-batch"},
		{graphite.Options{URL: good, BreakerPause: -1}, "graphite-breaker-pause"},
		{graphite.Options{URL: good, Limits: graphite.Limits{Points: -1}}, "graphite-max-points"},
		{graphite.Options{URL: "x", Batch: -1, Concurrency: -1}, "graphite graphite-concurrency graphite-batch"},
	} {
		_, err := graphite.New(row.options)
		var fields []string
		for _, f := range monitor.AllFieldErrors(err) {
			fields = append(fields, f.Field)
		}
		if got := strings.Join(fields, " "); got != row.fields {
			t.Errorf("%+v: errors for %q, want %q", row.options, got, row.fields)
		}
	}
}

func TestNew_Authentication(t *testing.T) {
	for name, row := range map[string]struct {
		options graphite.Options
		header  string
		want    string
	}{
		"basic":         {graphite.Options{User: "u", Password: "p"}, "Authorization", "Basic dTpw"},
		"in the URL":    {graphite.Options{URL: "http://u:p@graphite.test"}, "Authorization", "Basic dTpw"},
		"both":          {graphite.Options{URL: "http://x:y@graphite.test", User: "u", Password: "p"}, "Authorization", "Basic dTpw"},
		"bearer":        {graphite.Options{Token: "abc"}, "Authorization", "Bearer abc"},
		"custom":        {graphite.Options{Headers: map[string]string{"x-scope-orgid": "42"}}, "X-Scope-OrgID", "42"},
		"host":          {graphite.Options{Headers: map[string]string{"Host": "inner.test"}}, "Host", "inner.test"},
		"none":          {graphite.Options{}, "Authorization", ""},
		"custom scheme": {graphite.Options{Headers: map[string]string{"Authorization": "Key k"}}, "Authorization", "Key k"},
	} {
		got := ""
		fake := &graphitetest.Fake{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
			got = r.Header.Get(row.header)
			if row.header == "Host" {
				got = r.Host
			}
			return false
		}}
		newClient(t, fake, row.options).Fetch(t.Context(), hour, []string{"a.b"})
		if got != row.want {
			t.Errorf("%s: %s is %q, want %q", name, row.header, got, row.want)
		}
	}
}

func TestNew_ClientCertificateAndOwnAuthority(t *testing.T) {
	dir := t.TempDir()
	authority, key := certificate(t, nil, nil)
	server, serverKey := certificate(t, authority, key)
	client, clientKey := certificate(t, authority, key)
	caFile := writePEM(t, dir, "ca.pem", "CERTIFICATE", authority.Raw)
	certFile := writePEM(t, dir, "cert.pem", "CERTIFICATE", client.Raw)
	keyFile := writePEM(t, dir, "key.pem", "PRIVATE KEY", pkcs8(t, clientKey))

	pool := x509.NewCertPool()
	pool.AddCert(authority)
	backend := httptest.NewUnstartedServer(&graphitetest.Fake{})
	backend.TLS = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{server.Raw}, PrivateKey: serverKey}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}
	backend.Config.ErrorLog = log.New(io.Discard, "", 0)
	backend.StartTLS()
	defer backend.Close()
	fetch := func(options graphite.Options) monitor.Fetched {
		options.URL, options.Retries = backend.URL, -1
		c, err := graphite.New(options)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.Fetch(t.Context(), hour, []string{"a.b"})[0]
	}
	if f := fetch(graphite.Options{CAFile: caFile, CertFile: certFile, KeyFile: keyFile}); f.Status != monitor.StatusOK {
		t.Errorf("with both: %s %s", f.Status, f.Reason)
	}
	if f := fetch(graphite.Options{CertFile: certFile, KeyFile: keyFile}); f.Status != monitor.StatusFailed || !strings.Contains(f.Reason, "certificate") {
		t.Errorf("without the authority: %s %s", f.Status, f.Reason)
	}
	if f := fetch(graphite.Options{CAFile: caFile}); f.Status != monitor.StatusFailed || f.Reason == "" {
		t.Errorf("without a client certificate: %s %s", f.Status, f.Reason)
	}
	if _, err := graphite.New(graphite.Options{URL: backend.URL, CAFile: keyFile}); err == nil {
		t.Error("a key was taken for an authority")
	}
}

func certificate(t *testing.T, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, BasicConstraintsValid: true, IsCA: parent == nil,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed, key
}

func pkcs8(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func writePEM(t *testing.T, dir, name, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

package email

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailServer is a real SMTP server on loopback.
type mailServer struct {
	addr  string
	roots *x509.CertPool

	// What it says, by step; nil means yes. hang holds the mail's end until it is closed.
	refuseMail, refuseRcpt, refuseData error
	hang                               chan struct{}
	closeInData                        bool

	mu     sync.Mutex
	mails  []received
	logins []string
}

type received struct {
	from, to, data string
	tls            bool
}

type serverKind int

const (
	plain    serverKind = iota // no TLS, no AUTH
	starttls                   // STARTTLS, and AUTH after it only
	implicit                   // TLS from the first byte
)

func newServer(t *testing.T, kind serverKind) *mailServer {
	t.Helper()
	s := &mailServer{}
	cert, roots := certificate(t)
	s.roots = roots
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c, auth: kind != plain}, nil
	}))
	server.Domain = "localhost"
	server.ErrorLog = quiet{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	switch kind {
	case starttls:
		server.TLSConfig = config
	case implicit:
		listener = tls.NewListener(listener, config)
	}
	s.addr = listener.Addr().String()
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// certificate is a fresh one for localhost and 127.0.0.1, and its authority.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, pool
}

type session struct {
	server   *mailServer
	conn     *smtp.Conn
	auth     bool
	from, to string
}

func (s *session) AuthMechanisms() []string {
	if _, encrypted := s.conn.TLSConnectionState(); s.auth && encrypted {
		return []string{sasl.Plain, sasl.Login}
	}
	return nil
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "wing" || password != "p@ss/word" {
			return smtp.ErrAuthFailed
		}
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.server.logins = append(s.server.logins, user)
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return s.server.refuseMail
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.server.refuseRcpt
}

func (s *session) Data(r io.Reader) error {
	if s.server.closeInData {
		s.conn.Conn().Close()
		return errors.New("closed")
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.server.hang != nil {
		<-s.server.hang
	}
	if s.server.refuseData != nil {
		return s.server.refuseData
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, received{from: s.from, to: s.to, data: string(data), tls: encrypted})
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

package email

import (
	"crypto/tls"
	"net"
	"net/url"
	"strconv"

	gomail "github.com/wneessen/go-mail"

	"wingmirror/monitor"
)

// Server is a mail server, as its address says it. It holds a password: print
// Address, not the struct.
type Server struct {
	host     string
	port     int
	user     string
	password string
	implicit bool // TLS from the first byte
	starttls gomail.TLSPolicy
}

// ParseServer reads the address of a mail server:
//
//	smtp://host                         port 25, STARTTLS when the server offers it
//	smtp://user:password@host:587       STARTTLS is a must, so that no password goes in the clear
//	smtps://user:password@host          port 465, TLS from the first byte
//	smtp://host?starttls=never          or: opportunistic, required
//
// Characters like @ and / in a password are written as %40 and %2F. Errors never
// repeat a password.
func ParseServer(text string) (Server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return Server{}, monitor.Invalid("smtp", "write smtp://user:password@host:587 or smtps://host; characters like @ or / in a password as %%40 and %%2F")
	}
	if u.Path != "" && u.Path != "/" {
		return Server{}, monitor.Invalid("smtp", "nothing may follow the host and port")
	}
	s := Server{host: u.Hostname(), user: u.User.Username(), implicit: u.Scheme == "smtps"}
	s.password, _ = u.User.Password()
	if (s.user == "") != (s.password == "") {
		return Server{}, monitor.Invalid("smtp", "give both a user and a password, or neither")
	}
	if s.port, err = port(u, s); err != nil {
		return Server{}, err
	}
	s.starttls, err = policy(u, s)
	return s, err
}

func port(u *url.URL, s Server) (int, error) {
	switch {
	case u.Port() != "":
		n, err := strconv.Atoi(u.Port())
		if err != nil || n < 1 || n > 65535 {
			return 0, monitor.Invalid("smtp", "the port is not between 1 and 65535")
		}
		return n, nil
	case s.implicit:
		return 465, nil
	case s.user != "":
		return 587, nil
	}
	return 25, nil
}

func policy(u *url.URL, s Server) (gomail.TLSPolicy, error) {
	query := u.Query()
	for key := range query {
		if key != "starttls" {
			return 0, monitor.Invalid("smtp", "%q is not a parameter; the only one is starttls", key)
		}
	}
	switch value := query.Get("starttls"); value {
	case "required":
		return gomail.TLSMandatory, nil
	case "opportunistic":
		return gomail.TLSOpportunistic, nil
	case "never":
		return gomail.NoTLS, nil
	case "":
	default:
		return 0, monitor.Invalid("smtp", "starttls is required, opportunistic or never, not %q", value)
	}
	if s.user != "" {
		return gomail.TLSMandatory, nil
	}
	return gomail.TLSOpportunistic, nil
}

// Address returns host and port, without user and password.
func (s Server) Address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// String returns Address, so that no password is printed by mistake.
func (s Server) String() string { return s.Address() }

// client returns a client for one mail.
func (s Server) client(o Options) (*gomail.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = s.host
	}
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(o.Timeout), gomail.WithHELO(o.HELO),
		gomail.WithTLSPolicy(s.starttls), gomail.WithTLSConfig(config), gomail.WithoutNoop(),
	}
	if s.implicit {
		options = append(options, gomail.WithSSL())
	}
	if s.user != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if !s.implicit && s.starttls == gomail.NoTLS {
			auth = gomail.SMTPAuthPlainNoEnc // asked for by starttls=never
		}
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(s.user), gomail.WithPassword(s.password))
	}
	return gomail.NewClient(s.host, options...)
}

package account

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"wingmirror/monitor"
)

// Mode says how a request without a login is treated.
type Mode string

// The modes.
const (
	ModeUsers Mode = "users" // it may do nothing but log in
	ModeLocal Mode = "local" // it is an admin's, since it comes from this machine and there are no users yet
	ModeOpen  Mode = "open"  // it is an admin's, since the operator said so
)

// ModeFor decides the mode at start. hasUsers says whether anybody can log in,
// authNone whether the operator asked for no authentication at all. Off the
// loopback addresses one of the two is needed: the error says how.
func ModeFor(listenAddr string, hasUsers, authNone bool) (Mode, error) {
	switch {
	case authNone:
		return ModeOpen, nil
	case hasUsers:
		return ModeUsers, nil
	case loopback(listenAddr):
		return ModeLocal, nil
	}
	return "", monitor.Invalid("listen", "%s can be reached from other machines, and there are no users: "+
		"add one with `wingmirror user add NAME`, or listen on 127.0.0.1, "+
		"or let everybody in with --auth none", describeAddr(listenAddr))
}

// Notice returns the sentence that pages show about the mode, "" for ModeUsers.
func (m Mode) Notice() string {
	switch m {
	case ModeLocal:
		return "There are no users yet, so everybody on this machine is an administrator. The first user that you add closes this door."
	case ModeOpen:
		return "Authentication is switched off (--auth none): everybody who can reach this address is an administrator."
	}
	return ""
}

func describeAddr(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err == nil && host == "" {
		return addr + " (every address of this machine)"
	}
	return addr
}

// loopback reports whether a server that listens on addr hears this machine
// only. What it cannot be sure of it denies: an empty host is every address, a
// Unix socket usually has a proxy in front.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// ownHost guards ModeLocal. A page on the web can point its own name at
// 127.0.0.1 and so send requests that this machine's browser takes for its own;
// their Host header still bears that name. And a proxy on this machine would
// make the whole world local.
func (a *Access) ownHost(r *http.Request) error {
	for _, header := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded"} {
		if r.Header.Get(header) != "" {
			return &denied{"this request came through a proxy, and there are no users: add one with `wingmirror user add NAME`, or start with --auth none", monitor.ErrDenied}
		}
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if loopbackHost(host) || (a.base.Hostname() != "" && strings.EqualFold(host, a.base.Hostname())) {
		return nil
	}
	return &denied{"while there are no users, Wingmirror answers only as localhost; open it by that name, or add a user with `wingmirror user add NAME`", monitor.ErrDenied}
}

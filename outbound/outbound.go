// Package outbound bounds where requests go that somebody other than the
// operator has chosen: a webhook's address, a source of the board.
//
// It looks at the address that is connected to, so a name that leads elsewhere
// the second time it is asked for gains nothing, and neither does a redirect.
package outbound

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Reach is how far requests may go. The zero value is the strictest.
type Reach int

// The reaches.
const (
	Public  Reach = iota // addresses of the public internet only
	Private              // private networks and this machine, too, but no link-local address
)

// RefusedError says that an address may not be connected to.
type RefusedError struct {
	Address netip.Addr
	Flag    string // of the program, that forbids it; "" when none allows it
}

// Error implements error.
func (e *RefusedError) Error() string {
	if e.Flag == "" {
		return fmt.Sprintf("%s is a link-local address, where clouds tell secrets to their own machines: nothing may be fetched from it", e.Address)
	}
	return fmt.Sprintf("%s is an address of a private network, which %s forbids", e.Address, e.Flag)
}

// Transport returns one that connects to what the reach allows and to nothing
// else. flag is named where a private address is refused. With the reach Public
// it uses no proxy, whose address would be the one seen.
func Transport(reach Reach, flag string) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if reach == Public {
		transport.Proxy = nil
	}
	transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return reach.Check(to.Addr(), flag)
	}}).DialContext
	return transport
}

// Check returns a RefusedError when an address is out of reach.
func (r Reach) Check(ip netip.Addr, flag string) error {
	ip = ip.Unmap()
	switch {
	case r == Public && private(ip):
		return &RefusedError{Address: ip, Flag: flag}
	case ip.IsLinkLocalUnicast(), ip.IsLinkLocalMulticast(), ip == netip.MustParseAddr("fd00:ec2::254"):
		return &RefusedError{Address: ip}
	}
	return nil
}

// private reports whether an address is not one of the public internet: besides
// what net/netip knows, shared address space (RFC 6598) and IPv4 in IPv6 (RFC 6052).
func private(ip netip.Addr) bool {
	return !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsLoopback() ||
		netip.MustParsePrefix("100.64.0.0/10").Contains(ip) || netip.MustParsePrefix("64:ff9b::/96").Contains(ip) || netip.MustParsePrefix("0.0.0.0/8").Contains(ip)
}

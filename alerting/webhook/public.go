package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"wingmirror/alerting"
)

// privateError says that an address may not be posted to.
type privateError struct{ address netip.Addr }

func (e *privateError) Error() string {
	return fmt.Sprintf("%s is an address of a private network, which --webhook-private=false forbids", e.address)
}

// publicTransport connects to public addresses only. It looks at the address
// that is connected to, so a name that leads elsewhere the second time it is
// asked for gains nothing. It uses no proxy, whose address would be the one seen.
func publicTransport() http.RoundTripper {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if ip := to.Addr().Unmap(); private(ip) {
			return &privateError{ip}
		}
		return nil
	}}).DialContext
	return transport
}

// private reports whether an address is not one of the public internet: besides
// what net/netip knows, shared address space (RFC 6598) and IPv4 in IPv6 (RFC 6052).
func private(ip netip.Addr) bool {
	return !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsLoopback() ||
		netip.MustParsePrefix("100.64.0.0/10").Contains(ip) || netip.MustParsePrefix("64:ff9b::/96").Contains(ip) || netip.MustParsePrefix("0.0.0.0/8").Contains(ip)
}

// post is alerting.Post, for which a forbidden address is a refusal.
func post(ctx context.Context, client *http.Client, address string, header http.Header, body []byte) (string, error) {
	answer, err := alerting.Post(ctx, client, address, header, body)
	if forbidden, ok := errors.AsType[*privateError](err); ok {
		return answer, alerting.Permanent(forbidden)
	}
	return answer, err
}

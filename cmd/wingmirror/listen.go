package main

import (
	"errors"
	"net"
	"syscall"

	"wingmirror/monitor"
)

// checkAddress wants an address as --listen takes it.
func checkAddress(address string) error {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return monitor.Invalid("listen", "%q is not an address with a port; write for example 127.0.0.1:8470", address)
	}
	return nil
}

// listen opens the port for pages and API, or says why it cannot.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, monitor.Invalid("listen", "another program listens on %s already; end it, or give another address, such as --listen 127.0.0.1:0 for a free port", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, monitor.Invalid("listen", "this machine does not have the address %s", address)
	case errors.Is(err, syscall.EACCES):
		return nil, monitor.Invalid("listen", "this user may not listen on %s; take a port above 1023", address)
	case err != nil:
		return nil, monitor.Invalid("listen", "%v", err)
	}
	return listener, nil
}

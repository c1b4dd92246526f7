package outbound

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestCheck_KnowsTheAddressesOfNetworksAtHome(t *testing.T) {
	for text, want := range map[string]bool{
		"127.0.0.1": true, "10.1.2.3": true, "172.16.0.1": true, "192.168.1.1": true, "169.254.169.254": true, "100.64.0.1": true, "0.0.0.0": true, "0.1.2.3": true,
		"::1": true, "fe80::1": true, "fc00::1": true, "64:ff9b::a00:1": true, "224.0.0.1": true, "::ffff:10.0.0.1": true,
		"93.184.216.34": false, "100.128.0.1": false, "2606:2800:220:1::1": false,
	} {
		if got := Public.Check(netip.MustParseAddr(text), "--private=false") != nil; got != want {
			t.Errorf("%s: refused %v, want %v", text, got, want)
		}
	}
}

func TestCheck_NobodyReachesWhereCloudsTellSecrets(t *testing.T) {
	for text, want := range map[string]bool{
		"169.254.169.254": true, "::ffff:169.254.169.254": true, "fe80::1": true, "fd00:ec2::254": true,
		"127.0.0.1": false, "10.1.2.3": false, "fd00::1": false, "93.184.216.34": false,
	} {
		if got := Private.Check(netip.MustParseAddr(text), "") != nil; got != want {
			t.Errorf("%s: refused %v, want %v", text, got, want)
		}
	}
}

func TestTransport_LooksAtTheAddressThatIsConnectedTo(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	byName := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for _, address := range []string{server.URL, byName} {
		_, err := (&http.Client{Transport: Transport(Public, "--private=false")}).Get(address)
		if refused, ok := errors.AsType[*RefusedError](err); !ok || !strings.Contains(refused.Error(), "--private=false") || asked {
			t.Errorf("%s: got %v, asked %v", address, err, asked)
		}
	}
	response, err := (&http.Client{Transport: Transport(Private, "")}).Get(byName)
	if err != nil || !asked {
		t.Fatalf("got %v", err)
	}
	response.Body.Close()
}

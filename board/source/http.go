package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"wingmirror/monitor"
	"wingmirror/outbound"
)

// maxAnswer is the largest answer that is read, in bytes.
const maxAnswer = 8 << 20

// server is where a source asks, and how.
type server struct {
	client  *http.Client
	base    *url.URL
	user    string
	pass    string
	token   string
	headers map[string]string
}

// server reads the settings that all sources over HTTP share; the address is
// that of key.
func (k Kinds) server(s *settings, key string) server {
	address := s.need(key, "give the address to ask, such as https://status.example.com")
	out := server{client: k.client(s.text("proxy"), s), user: s.text("user"), pass: s.secret("password"), token: s.secret("token"), headers: s.texts("headers")}
	out.client = keepingToHost(out.client, out.headers)
	base, err := url.Parse(address)
	if err != nil || address != "" && (base.Scheme != "http" && base.Scheme != "https" || base.Host == "") {
		s.wrong(key, "%q is no address of the web; write for example https://status.example.com", monitor.Cut(address, 100))
		base = &url.URL{}
	}
	if base.User != nil {
		if out.user == "" {
			out.user = base.User.Username()
			out.pass, _ = base.User.Password()
		}
		base.User = nil
	}
	out.base = base
	return out
}

// privateFlag is what forbids sources of the pages the addresses of private networks.
const privateFlag = "--board-private=false"

// client is the one that is given, or one with the proxy. Where a source of the
// pages may ask is bounded: its answers are shown to whoever wrote it.
func (k Kinds) client(proxy string, s *settings) *http.Client {
	if k.Client != nil && proxy == "" {
		return k.Client
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if !s.trusted {
		reach := outbound.Private
		if k.Public {
			reach = outbound.Public
		}
		transport = outbound.Transport(reach, privateFlag)
	}
	transport.MaxIdleConnsPerHost, transport.ResponseHeaderTimeout = 4, time.Minute
	if proxy != "" {
		if !s.trusted && k.Public {
			s.wrong("proxy", "a proxy could lead into the private network, which %s forbids; move the component into a file", privateFlag)
		}
		address, err := url.Parse(proxy)
		if err != nil || address.Host == "" {
			s.wrong("proxy", "this is no address of a proxy; write for example http://proxy.example.com:3128")
		}
		transport.Proxy = http.ProxyURL(address)
	}
	return &http.Client{Transport: transport}
}

const maxRedirects = 10

// keepingToHost returns the client with redirects that take the headers to no
// other host, and nothing from https to where others can read it. What proves us
// in Authorization the client itself keeps from other hosts.
func keepingToHost(client *http.Client, headers map[string]string) *http.Client {
	own := *client
	own.CheckRedirect = func(next *http.Request, before []*http.Request) error {
		first := before[0].URL
		switch {
		case len(before) >= maxRedirects:
			return fmt.Errorf("more than %d redirects", maxRedirects)
		case first.Scheme == "https" && next.URL.Scheme != "https":
			return fmt.Errorf("it leads from https to %s://%s, which others can read", next.URL.Scheme, next.URL.Host)
		case next.URL.Host != first.Host:
			for name := range headers {
				next.Header.Del(name)
			}
		}
		return nil
	}
	return &own
}

// url is the server's address with a path below it.
func (s server) url(path string, query url.Values) string {
	u := *s.base
	if path != "" {
		u.Path = strings.TrimSuffix(u.Path, "/") + path
	}
	if query != nil {
		u.RawQuery = query.Encode()
	}
	return u.String()
}

// get decodes the JSON at an address. Any status but 200 is an error.
func (s server) get(ctx context.Context, address string, to any) error {
	body, err := s.fetch(ctx, address, "application/json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, to); err != nil {
		return fmt.Errorf("the answer of %s is no JSON that this source understands: %w", s.base.Host, err)
	}
	return nil
}

// fetch returns what is at an address.
func (s server) fetch(ctx context.Context, address, accept string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("User-Agent", "wingmirror")
	for name, value := range s.headers {
		request.Header.Set(name, value)
	}
	switch {
	case s.token != "":
		request.Header.Set("Authorization", "Bearer "+s.token)
	case s.user != "" || s.pass != "":
		request.SetBasicAuth(s.user, s.pass)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", s.base.Host, bare(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answered %s: %s", s.base.Host, response.Status, monitor.Cut(strings.Join(strings.Fields(string(body)), " "), 150))
	case err != nil:
		return nil, fmt.Errorf("read the answer of %s: %w", s.base.Host, bare(err))
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("the answer of %s has more than %d bytes", s.base.Host, maxAnswer)
	}
	return body, nil
}

// bare takes the address off an error of the client, since its query may hold
// what is not to be shown.
func bare(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

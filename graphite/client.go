package graphite

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"wingmirror/monitor"
)

// Client asks one Graphite server. It is safe for concurrent use.
type Client struct {
	options Options
	base    string // without user, password and slash at the end
	header  http.Header
	http    *http.Client
	breaker *gobreaker.CircuitBreaker[*answer]
	slots   chan struct{} // one for each request under way

	life     context.Context // ends when the client is closed
	end      context.CancelFunc
	stats    stats
	server   server
	memory   *memory
	share    sharing
	decoders sync.Pool
}

// server is what the client has learnt of the server from its answers.
type server struct {
	kind     atomic.Value // Kind
	useGET   lapse        // POST is refused
	useRaw   lapse        // format=json is ignored
	noTags   lapse        // the tagging alias is refused
	tagsFine atomic.Bool  // the tagging alias has worked
	paused   lapse        // the server asked to be left alone
}

// lapse is a finding that holds until a time, so that no passing trouble is
// believed forever.
type lapse struct{ until atomic.Int64 }

func (l *lapse) set(until time.Time)      { l.until.Store(until.UnixMilli()) }
func (l *lapse) holds(now time.Time) bool { return now.UnixMilli() < l.until.Load() }
func (l *lapse) end() time.Time           { return time.UnixMilli(l.until.Load()) }

// findingHolds is how long a finding about the server or a target is believed.
const findingHolds = 10 * time.Minute

// New returns a client. It sends nothing: see Probe. An error is
// monitor.FieldErrors with the names of the settings.
func New(options Options) (*Client, error) {
	o := options.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	c := &Client{options: o, slots: make(chan struct{}, o.Concurrency), memory: newMemory(), header: http.Header{}}
	c.decoders.New = func() any { return new(decoder) }
	c.server.kind.Store(KindUnknown)
	c.share.rounds = map[monitor.Window]*round{}
	c.authorize()
	transport, err := o.transport()
	if err != nil {
		return nil, err
	}
	c.http = &http.Client{
		Transport: transport,
		// A redirect would turn POST into GET and lose the targets; servers
		// answer that with an empty list.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.breaker = c.newBreaker()
	c.life, c.end = context.WithCancel(context.Background())
	return c, nil
}

// authorize splits the URL into the base and what goes into headers.
func (c *Client) authorize() {
	o := c.options
	u, _ := url.Parse(o.URL) // validated
	if u.User != nil && o.User == "" && o.Token == "" {
		o.User = u.User.Username()
		o.Password, _ = u.User.Password()
	}
	u.User = nil
	c.base = strings.TrimRight(u.String(), "/")
	c.header.Set("Accept", "application/json")
	c.header.Set("User-Agent", "wingmirror")
	for name, value := range o.Headers {
		c.header.Set(name, value)
	}
	switch {
	case o.Token != "":
		c.header.Set("Authorization", "Bearer "+o.Token)
	case o.User != "":
		request := http.Request{Header: c.header}
		request.SetBasicAuth(o.User, o.Password)
	}
}

func (o Options) transport() (http.RoundTripper, error) {
	if o.Transport != nil {
		return o.Transport, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, monitor.FieldErrors{monitor.Invalid("graphite-ca", "%v", err)}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, monitor.FieldErrors{monitor.Invalid("graphite-ca", "%s holds no certificate in PEM form", o.CAFile)}
		}
	}
	if o.CertFile != "" {
		load := func() (*tls.Certificate, error) {
			certificate, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
			return &certificate, err
		}
		if _, err := load(); err != nil {
			return nil, monitor.FieldErrors{monitor.Invalid("graphite-cert", "%v", err)}
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: 5 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        o.Concurrency,
		MaxIdleConnsPerHost: o.Concurrency,
		IdleConnTimeout:     90 * time.Second,
	}, nil
}

func (c *Client) newBreaker() *gobreaker.CircuitBreaker[*answer] {
	return gobreaker.NewCircuitBreaker[*answer](gobreaker.Settings{
		Timeout: c.options.BreakerPause,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			most := c.options.BreakerFailures
			return most > 0 && counts.ConsecutiveFailures >= uint32(most)
		},
		// A refused target says nothing about the server's health.
		IsSuccessful: func(err error) bool { return err == nil || !unhealthy(err) },
		IsExcluded:   cancelled,
	})
}

// Window returns the span that a run at at with the given minutes looks at. It
// ends the configured lag before at, and both ends lie on whole steps, so that
// runs at the same tick share their answers.
func (c *Client) Window(at time.Time, minutes int) monitor.Window {
	step := int64(c.options.Step / time.Second)
	until := at.Add(-max(c.options.Lag, 0)).Unix()
	until -= ((until % step) + step) % step
	span := max(int64(minutes)*60, 1)
	span = (span + step - 1) / step * step
	return monitor.Window{From: until - span, Until: until}
}

// Close ends all requests and closes idle connections.
func (c *Client) Close() error {
	c.end()
	c.http.CloseIdleConnections()
	return nil
}

// String names the server without secrets, not even those in a path.
func (c *Client) String() string {
	u, err := url.Parse(c.base)
	if err != nil {
		return "graphite"
	}
	return fmt.Sprintf("%s://%s", u.Scheme, u.Host)
}

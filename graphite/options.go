package graphite

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"wingmirror/monitor"
)

// Options say where a Graphite server is and how it may be asked. Only URL must
// be set. In most numbers zero means the default and a negative value none.
type Options struct {
	URL       string            // http or https, may hold a path and user:password@
	User      string            // basic authentication; wins over the URL's
	Password  string            //
	Token     string            // bearer authentication; excludes User
	Headers   map[string]string // sent with every request, such as X-Scope-OrgID
	CAFile    string            // PEM file of the authorities to trust, instead of the system's
	CertFile  string            // PEM file of a client certificate; read again for each new connection
	KeyFile   string            // PEM file of its key
	Transport http.RoundTripper // instead of one made of the certificates above; nil otherwise

	Step       time.Duration // to which windows are aligned, default 1 min
	Lag        time.Duration // from now to the end of windows, default one Step; negative: none
	StaleAfter time.Duration // how much older than the window's end the newest point may be, default 5 min, and always three of the series' own steps; negative: never stale
	NoCache    bool          // ask the server not to answer from its cache

	Timeout     time.Duration // of one request, default 15 s
	Deadline    time.Duration // of one batch with all its retries, default 3 Timeouts
	Concurrency int           // requests at once, default 8
	Batch       int           // targets in one request, default 100; 1 turns batching off; at most 900, because graphite-web takes 1000 fields
	Gather      time.Duration // how long a target waits for others to share its request, default 5 ms; negative: not at all
	Keep        time.Duration // how long an answer serves others who ask the same, default 10 s; negative: not at all
	Retries     int           // after 5xx and broken connections, default 2; negative: none

	BreakerFailures int           // failures in a row that stop all requests, default 5; negative: no breaker
	BreakerPause    time.Duration // before one request tries again, default 15 s

	Limits Limits
	Now    func() time.Time // nil is time.Now
}

func (o Options) withDefaults() Options {
	set := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
	}
	count := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	set(&o.Step, time.Minute)
	set(&o.Lag, o.Step)
	set(&o.StaleAfter, 5*time.Minute)
	set(&o.Timeout, 15*time.Second)
	set(&o.Deadline, 3*o.Timeout)
	count(&o.Concurrency, 8)
	count(&o.Batch, 100)
	set(&o.Gather, 5*time.Millisecond)
	set(&o.Keep, 10*time.Second)
	count(&o.Retries, 2)
	count(&o.BreakerFailures, 5)
	set(&o.BreakerPause, 15*time.Second)
	o.Limits = o.Limits.withDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// mostBatch leaves room for the other fields of a form under graphite-web's
// DATA_UPLOAD_MAX_NUMBER_FIELDS.
const mostBatch = 900

// validate returns everything that is wrong, each with the name of its setting.
func (o Options) validate() error {
	var errs monitor.FieldErrors
	wrong := func(key, format string, args ...any) {
		errs = append(errs, monitor.Invalid(key, format, args...))
	}
	if u, err := url.Parse(o.URL); err != nil {
		wrong("graphite", "this is no URL: write one such as http://graphite.example.com")
	} else if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		wrong("graphite", "%q must start with http:// or https:// and a host", u.Redacted())
	} else if u.RawQuery != "" || u.Fragment != "" {
		wrong("graphite", "leave out what follows ? or #")
	}
	if o.Token != "" && o.User != "" {
		wrong("graphite-token", "give either a token or a user, not both")
	}
	for name, value := range o.Headers {
		if name == "" || strings.ContainsAny(name, " :\r\n\t") || strings.ContainsAny(value, "\r\n") {
			wrong("graphite-header", "%q is not a header: names hold no spaces or colons, values no line ends", name)
		}
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		wrong("graphite-cert", "a client certificate needs both graphite-cert and graphite-key")
	}
	if o.Step < time.Second || o.Step%time.Second != 0 {
		wrong("graphite-step", "%s is not a whole number of seconds", o.Step)
	}
	if o.Timeout <= 0 {
		wrong("graphite-timeout", "%s is not a positive time such as 15s", o.Timeout)
	}
	if o.Deadline <= 0 {
		wrong("graphite-deadline", "%s is not a positive time such as 45s", o.Deadline)
	}
	if o.Concurrency < 1 {
		wrong("graphite-concurrency", "at least 1 request must be allowed at once")
	}
	if o.Batch < 1 || o.Batch > mostBatch {
		wrong("graphite-batch", "%d is not between 1 and %d", o.Batch, mostBatch)
	}
	if o.BreakerPause <= 0 {
		wrong("graphite-breaker-pause", "%s is not a positive time such as 15s", o.BreakerPause)
	}
	limit := func(what string, most int64) {
		if most < 0 {
			wrong("graphite-max-"+what, "%d is negative; leave it out for the default", most)
		}
	}
	limit("bytes", o.Limits.Bytes)
	limit("series", int64(o.Limits.Series))
	limit("points", int64(o.Limits.Points))
	if len(errs) > 0 {
		return errs
	}
	return nil
}

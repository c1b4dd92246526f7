package graphite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/sony/gobreaker/v2"

	"wingmirror/monitor"
)

// answer is what one request brought.
type answer struct {
	series  []monitor.Series
	lossy   bool   // the server leaves out failed targets without a word
	shifted bool   // it was asked with VictoriaMetrics' window
	body    []byte // of requests other than render
}

// query is one render request.
type query struct {
	window  monitor.Window
	targets []string // as they are sent
	fresh   bool     // past the server's cache
	way     way      // in which it is asked
}

// render sends a query up to tries times.
func (c *Client) render(ctx context.Context, q query, tries int) (*answer, error) {
	a, err := c.retry(ctx, tries, func() (*answer, error) { return c.renderOnce(ctx, q) })
	if err == nil && !a.shifted && c.kind() == KindVictoriaMetrics {
		return c.renderOnce(ctx, q) // it has just turned out which window to ask for
	}
	return a, err
}

func (c *Client) retry(ctx context.Context, tries int, once func() (*answer, error)) (*answer, error) {
	var last error
	pace := backoff.NewExponentialBackOff()
	pace.InitialInterval, pace.MaxInterval = 200*time.Millisecond, 5*time.Second
	a, err := backoff.Retry(ctx, func() (*answer, error) {
		a, err := once()
		last = err
		if err != nil && (!worthRetrying(err) || tooLate(ctx, err, c.options.Now())) {
			return nil, backoff.Permanent(err)
		}
		return a, err
	}, backoff.WithBackOff(pace), backoff.WithMaxTries(uint(tries)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(error, time.Duration) { c.stats.change(func(s *Stats) { s.Retries++ }) }))
	if err != nil {
		return nil, last
	}
	return a, nil
}

// tooLate reports whether the server wants to be asked again only when nobody
// waits any more.
func tooLate(ctx context.Context, err error, now time.Time) bool {
	wish, ok := errors.AsType[*backoff.RetryAfterError](err)
	deadline, limited := ctx.Deadline()
	return ok && limited && now.Add(wish.Duration).After(deadline)
}

func (c *Client) renderOnce(ctx context.Context, q query) (*answer, error) {
	shifted := c.kind() == KindVictoriaMetrics
	form := q.form(shifted, c.options.NoCache)
	return c.send(ctx, func(ctx context.Context) (*http.Request, error) {
		if q.way.get {
			return http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/render?"+form, nil)
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/render", strings.NewReader(form))
		if err == nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return request, err
	}, func(response *http.Response) (*answer, error) {
		series, err := c.decode(response.Body, q.way.raw)
		return &answer{series: series, lossy: response.Header.Get(carbonAPIHeader) != "", shifted: shifted}, err
	})
}

// form encodes the query. graphite-web and carbonapi return the points after
// from and up to until; VictoriaMetrics those from from and before until, so it
// is asked one second later.
func (q query) form(shifted, noCache bool) string {
	values := url.Values{"target": q.targets, "format": {"json"}}
	if q.way.raw {
		values.Set("format", "raw")
		values.Set("rawData", "true") // how versions before 0.9.9 call it
	}
	window := q.window
	if shifted {
		window.From++
		window.Until++
	}
	values.Set("from", strconv.FormatInt(window.From, 10))
	values.Set("until", strconv.FormatInt(window.Until, 10))
	if q.fresh || noCache {
		values.Set("noCache", "1")
	}
	return values.Encode()
}

func (c *Client) decode(body io.Reader, raw bool) ([]monitor.Series, error) {
	var series []monitor.Series
	var err error
	if raw {
		series, err = DecodeRaw(body, c.options.Limits)
	} else {
		d := c.decoders.Get().(*decoder)
		series, err = d.json(body, c.options.Limits)
		d.series = nil
		c.decoders.Put(d)
	}
	points := 0
	for _, s := range series {
		points += len(s.Values)
	}
	c.stats.change(func(s *Stats) { s.Points += uint64(points) })
	return series, err
}

// send makes one request: it waits for a slot, asks the breaker, and counts. read
// gets the body of an answer with status 200.
func (c *Client) send(ctx context.Context, build func(context.Context) (*http.Request, error), read func(*http.Response) (*answer, error)) (*answer, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, transportError(ctx, ctx.Err(), 0)
	}
	if c.server.paused.holds(c.options.Now()) {
		until := c.server.paused.end().UTC().Format(time.TimeOnly)
		return nil, &Error{Reason: "not asked, because the server wants to be left alone until " + until + " UTC", cause: errPaused}
	}
	a, err := c.breaker.Execute(func() (*answer, error) {
		began := c.options.Now()
		a, err := c.exchange(ctx, build, read)
		c.count(began, err)
		return a, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, breakerError(err, c.Stats().LastError)
	}
	return a, err
}

func (c *Client) count(began time.Time, err error) {
	now := c.options.Now()
	c.stats.change(func(s *Stats) {
		s.Requests++
		s.Latency.add(now.Sub(began))
		if err == nil {
			s.LastOK = now
			return
		}
		if !cancelled(err) {
			s.Errors++
			s.LastError, s.LastErrorAt = err.Error(), now
		}
	})
}

// exchange sends one request and reads its answer, within the timeout.
func (c *Client) exchange(ctx context.Context, build func(context.Context) (*http.Request, error), read func(*http.Response) (*answer, error)) (*answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.options.Timeout, errTimeout)
	defer cancel()
	request, err := build(ctx)
	if err != nil {
		return nil, &Error{Reason: "the request cannot be made", cause: err}
	}
	for name, values := range c.header {
		request.Header[name] = values
	}
	if host := c.header.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, transportError(ctx, err, c.options.Timeout)
	}
	defer drain(response.Body)
	c.learn(response)
	if response.StatusCode != http.StatusOK {
		return nil, c.refusal(response)
	}
	a, err := read(response)
	if err == nil {
		return a, nil
	}
	if spoilt(err) {
		return nil, &Error{Status: http.StatusOK, Reason: err.Error(), cause: err}
	}
	return nil, transportError(ctx, err, c.options.Timeout)
}

// drain reads what little may be left, so that the connection can be used again.
func drain(body io.ReadCloser) {
	io.Copy(io.Discard, io.LimitReader(body, 4096)) // only a kindness to the connection
	body.Close()
}

// refusal turns an answer with another status than 200 into an error.
func (c *Client) refusal(response *http.Response) *Error {
	page, _ := io.ReadAll(io.LimitReader(response.Body, 256<<10)) // half a page still explains something
	e := &Error{Status: response.StatusCode, Reason: Reason(page)}
	switch {
	case e.Status >= 300 && e.Status < 400:
		e.Reason = "the server sends to another address: put that into the setting graphite"
		if where, err := response.Location(); err == nil {
			e.Reason = fmt.Sprintf("the server sends to another address at %s://%s: put that into the setting graphite", where.Scheme, where.Host)
		}
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || e.Status == http.StatusProxyAuthRequired:
		e.Reason = withAdvice(e.Reason, "check the user, the token or the certificate")
	case e.Status == http.StatusNotFound:
		e.Reason = withAdvice(e.Reason, "check the path in the setting graphite")
	case e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable:
		now := c.options.Now()
		if e.retryAfter = retryAfter(response.Header.Get("Retry-After"), now); e.retryAfter > 0 {
			c.server.paused.set(now.Add(e.retryAfter))
		}
	}
	return e
}

func withAdvice(reason, advice string) string {
	return strings.TrimPrefix(strings.TrimSuffix(reason, ".")+"; "+advice, "; ")
}

// longestPause bounds what a server may wish.
const longestPause = 5 * time.Minute

// retryAfter reads the header in both its forms (RFC 9110, section 10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(min(seconds, int(longestPause/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, longestPause))
}

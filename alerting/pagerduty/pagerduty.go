// Package pagerduty delivers notices to PagerDuty by its Events API v2: fires,
// escalations and repeats are triggers, and the incident's key is the dedup key
// of all of them, so that PagerDuty sees one incident however often it is told.
//
// Rate limits and server errors are tried again; a refusal is final, and its
// reason is shown to people. The routing key goes over the wire and nowhere else.
// The package opens no incidents by PagerDuty's REST API and needs no API token.
package pagerduty

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	pd "github.com/PagerDuty/go-pagerduty"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

// DefaultEndpoint is PagerDuty's own.
const DefaultEndpoint = "https://events.pagerduty.com"

// Options are what New needs. All of them may be zero.
type Options struct {
	Endpoint string           // base URL, default DefaultEndpoint
	Client   *http.Client     // default: one of its own, with a limit of 30 s
	Links    alerting.Links   // into our own pages
	Now      func() time.Time // to read Retry-After dates by, default time.Now
}

// Channel delivers to PagerDuty.
type Channel struct{ o Options }

// New returns a channel.
func New(o Options) *Channel {
	o.Endpoint = strings.TrimRight(cmp.Or(o.Endpoint, DefaultEndpoint), "/")
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 30 * time.Second}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Channel{o: o}
}

// Deliver sends one event.
func (c *Channel) Deliver(ctx context.Context, n monitor.Notice) (monitor.Receipt, error) {
	var receipt monitor.Receipt
	var err error
	if receipt.Request, err = c.Render(n); err != nil {
		return receipt, alerting.Permanent(err)
	}
	wire := &exchange{client: c.o.Client}
	client := pd.NewClient("", pd.WithV2EventsAPIEndpoint(c.o.Endpoint))
	client.HTTPClient = wire
	event := c.event(n)
	_, err = client.ManageEventWithContext(ctx, &event)
	receipt.Answer = wire.answer()
	return receipt, c.judge(wire, err)
}

// Render returns the event as it goes over the wire, without the routing key.
func (c *Channel) Render(n monitor.Notice) (string, error) {
	event := c.event(n)
	event.RoutingKey = strings.TrimPrefix(n.Destination.Redacted(), "pagerduty:")
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(event)
	return out.String(), err
}

// judge turns what came back into the dispatcher's terms.
func (c *Channel) judge(wire *exchange, err error) error {
	switch {
	case wire.failed != nil:
		return fmt.Errorf("reach PagerDuty: %w", wire.failed)
	case wire.status == http.StatusAccepted:
		return nil // taken, even if what it says besides cannot be read
	case wire.status == http.StatusTooManyRequests || wire.status == http.StatusRequestTimeout || wire.status >= 500:
		said := fmt.Errorf("PagerDuty answered %d: %s", wire.status, wire.reason())
		if after := alerting.ParseRetryAfter(wire.retryAfter, c.o.Now()); after > 0 {
			return alerting.RetryAfter(after, said)
		}
		return said
	case wire.status >= 400:
		return alerting.Permanent(fmt.Errorf("PagerDuty refused the event (%d): %s", wire.status, wire.reason()))
	case wire.status == 0: // it never came to a request
		return fmt.Errorf("send to PagerDuty: %w", err)
	}
	return fmt.Errorf("PagerDuty answered %d, which is not 202: is the endpoint right? %s", wire.status, wire.reason())
}

// exchange is an HTTP client for one request that remembers the answer, which
// the library's errors hold only in part.
type exchange struct {
	client     *http.Client
	status     int
	retryAfter string
	body       []byte
	failed     error
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// Do implements the library's HTTPClient.
func (e *exchange) Do(r *http.Request) (*http.Response, error) {
	resp, err := e.client.Do(r)
	if err != nil {
		e.failed = err
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil && resp.StatusCode != http.StatusAccepted {
		e.failed = err
		return nil, err
	}
	e.status, e.body, e.retryAfter = resp.StatusCode, body, resp.Header.Get("Retry-After")
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

func (e *exchange) answer() string {
	if e.status == 0 {
		return ""
	}
	return strconv.Itoa(e.status) + " " + http.StatusText(e.status) + "\n" + string(e.body)
}

// reason is what PagerDuty says is wrong, or the beginning of what it answered.
func (e *exchange) reason() string {
	var said struct {
		Message string   `json:"message"`
		Errors  []string `json:"errors"`
	}
	if json.Unmarshal(e.body, &said) == nil && (said.Message != "" || len(said.Errors) > 0) {
		return strings.Join(append([]string{said.Message}, said.Errors...), "; ")
	}
	return cmp.Or(monitor.Cut(alerting.FirstLine(string(e.body)), 200), "no reason given")
}

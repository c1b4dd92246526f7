// Package webhook delivers notices by HTTP POST: as documented JSON, signed, to
// any address, and as messages to Slack's incoming webhooks.
//
// The address of a destination is its own, with webhook+ or slack+ in front. The
// JSON and the signature are described in docs/alerting.md; fields are only ever
// added. Redirects are not followed, so that what is signed for one host never
// goes to another.
package webhook

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
	"wingmirror/outbound"
)

// The headers of a webhook.
const (
	SignatureHeader = "Wingmirror-Signature" // t=SECONDS,v1=HEX
	KeyHeader       = "Idempotency-Key"      // the same whenever the same notice is sent again
)

// Options are what New needs. All of them may be zero.
type Options struct {
	Secret string           // for webhooks whose address has none; "": those are not signed
	Public bool             // refuse addresses of private networks and of this machine
	Client *http.Client     // default: one of its own; redirects are never followed
	Links  alerting.Links   // into our own pages
	Now    func() time.Time // for signatures, default time.Now
}

func (o Options) withDefaults() Options {
	client := http.Client{Timeout: 30 * time.Second}
	if o.Public {
		client.Transport = outbound.Transport(outbound.Public, privateFlag)
	}
	if o.Client != nil {
		client = *o.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.Client = &client
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Channel posts documented JSON.
type Channel struct{ o Options }

// New returns a channel for webhook+https and webhook+http.
func New(o Options) *Channel { return &Channel{o: o.withDefaults()} }

// Deliver posts one notice.
func (c *Channel) Deliver(ctx context.Context, n monitor.Notice) (monitor.Receipt, error) {
	address, secret, err := address(n.Destination)
	if err != nil {
		return monitor.Receipt{}, alerting.Permanent(err)
	}
	body, err := json.Marshal(c.body(n))
	if err != nil {
		return monitor.Receipt{}, alerting.Permanent(fmt.Errorf("write JSON: %w", err))
	}
	header := http.Header{
		"User-Agent": {"Wingmirror"},
		KeyHeader:    {n.Incident + "/" + strconv.FormatInt(n.ID, 10)},
	}
	if secret = cmp.Or(secret, c.o.Secret); secret != "" {
		header.Set(SignatureHeader, Sign(secret, c.o.Now(), body))
	}
	receipt := monitor.Receipt{Request: string(body)}
	receipt.Answer, err = post(ctx, c.o.Client, address, header, body)
	return receipt, err
}

// Render returns the JSON, indented.
func (c *Channel) Render(n monitor.Notice) (string, error) {
	text, err := json.MarshalIndent(c.body(n), "", "  ")
	return string(text), err
}

// Sign returns the signature of a body at a time: an HMAC-SHA256, under the
// secret, of the time in seconds, a full stop and the body.
func Sign(secret string, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// address splits a destination into where to post and the secret to sign with.
func address(d monitor.Destination) (address, secret string, err error) {
	u, err := url.Parse(string(d))
	if err != nil {
		return "", "", fmt.Errorf("the destination is not an address")
	}
	secret, _ = u.User.Password()
	u.User = nil
	_, u.Scheme, _ = strings.Cut(u.Scheme, "+")
	return u.String(), secret, nil
}

// payload is the documented JSON.
type payload struct {
	Version  int               `json:"version"`
	ID       int64             `json:"id"`
	Kind     string            `json:"kind"`
	Incident incident          `json:"incident"`
	Subject  string            `json:"subject"`
	Name     string            `json:"name"`
	Group    string            `json:"group,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Level    monitor.Level     `json:"level"`
	Was      monitor.Level     `json:"was"`
	Fault    string            `json:"fault,omitempty"`
	Message  string            `json:"message"`
	Why      string            `json:"why"`
	At       time.Time         `json:"at"`
	By       string            `json:"by,omitempty"`
	Values   []value           `json:"values,omitempty"`
	Output   string            `json:"output,omitempty"`
	URL      string            `json:"url,omitempty"`
	Silence  string            `json:"silence_url,omitempty"` // the page that silences it, filled in
}

type incident struct {
	Key      string    `json:"key"`
	OpenedAt time.Time `json:"opened_at"`
	URL      string    `json:"url,omitempty"`
}

type value struct {
	Label string  `json:"label"`
	Time  float64 `json:"time"`
	Value float64 `json:"value"`
}

func (c *Channel) body(n monitor.Notice) payload {
	m := n.Message
	p := payload{
		Version: 1, ID: n.ID, Kind: string(m.Kind),
		Incident: incident{Key: n.Incident, OpenedAt: m.OpenedAt.UTC(), URL: c.o.Links.Incident(n.IncidentID)},
		Subject:  m.Subject.String(), Name: m.Name, Group: m.Group, Labels: m.Labels, Level: m.Level, Was: m.Was,
		Fault: string(m.Fault), Message: m.Text, Why: alerting.Why(m), At: m.At.UTC(), By: m.By, Output: m.Output,
		URL: c.o.Links.Subject(m.Subject), Silence: c.o.Links.Silence(m),
	}
	for _, v := range m.Values {
		p.Values = append(p.Values, value(v))
	}
	return p
}

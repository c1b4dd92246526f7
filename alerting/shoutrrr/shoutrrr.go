// Package shoutrrr delivers notices as plain text to the services of the library
// of that name: Discord, Telegram, Teams, ntfy, Gotify and others.
//
// The address of a destination is the library's, with shoutrrr+ in front. What
// Wingmirror delivers itself (mail, PagerDuty, Slack, webhooks) does not come
// here. The library knows neither deadlines nor dedup keys: a send that outlasts
// its deadline counts as failed and is tried again, so it may arrive twice. Its
// errors may hold addresses, which are keys; they are masked.
package shoutrrr

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

// maxText is what a message is cut to, in bytes: Discord takes 2,000 characters,
// which is the least among the services.
const maxText = 1900

// Channel delivers through the library.
type Channel struct{ links alerting.Links }

// New returns a channel whose messages link to our own pages.
func New(links alerting.Links) *Channel { return &Channel{links} }

// Deliver sends one message. The library says nothing about what it got for an
// answer, so the receipt has none.
func (c *Channel) Deliver(ctx context.Context, n monitor.Notice) (monitor.Receipt, error) {
	text, _ := c.Render(n)
	address := strings.TrimPrefix(string(n.Destination), monitor.SchemeShoutrrr+"+")
	receipt := monitor.Receipt{Request: text}
	sent := make(chan error, 1)
	go func() { sent <- send(address, text) }()
	select {
	case err := <-sent:
		return receipt, judge(address, err)
	case <-ctx.Done():
		return receipt, context.Cause(ctx)
	}
}

// send opens one service and uses it once.
func send(address, text string) error {
	service, err := open(address)
	if err != nil {
		return err
	}
	return service.Send(text, &types.Params{})
}

// open returns the service that an address names. Of Matrix with a password, that
// logs in.
func open(address string) (types.Service, error) {
	var r router.ServiceRouter
	u, err := url.Parse(address)
	if err != nil {
		return nil, router.ErrParseURLFailed // the error itself repeats the address
	}
	service, err := r.NewService(u.Scheme)
	if err != nil {
		return nil, err
	}
	if err := service.Initialize(u, nil); err != nil {
		return nil, &addressError{err}
	}
	return service, nil
}

// addressError is an address that its service cannot be made from.
type addressError struct{ error }

func (e *addressError) Unwrap() error { return e.error }

// Check returns ErrInvalid for an address that its service does not take, with the
// service's reason. It asks nobody, so Matrix, whose service would log in, is left
// for the first notice.
func Check(d monitor.Destination) error {
	address := strings.TrimPrefix(string(d), monitor.SchemeShoutrrr+"+")
	if d.Scheme() != monitor.SchemeShoutrrr || strings.HasPrefix(address, "matrix:") {
		return nil
	}
	if _, err := open(address); err != nil {
		service, _, _ := strings.Cut(address, ":")
		return monitor.Invalid("alerts", "%s does not take this address: %s; write it as shoutrrr documents it", service, mask(address, err.Error()))
	}
	return nil
}

// Render returns the message's text.
func (c *Channel) Render(n monitor.Notice) (string, error) {
	m := n.Message
	lines := []string{alerting.Headline(m)}
	if rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(m.Text), alerting.FirstLine(m.Text))); rest != "" && m.Kind != monitor.NoticeResolve {
		lines = append(lines, rest)
	}
	for _, v := range m.Values {
		lines = append(lines, v.Label+": "+alerting.Number(v.Value))
	}
	lines = append(lines, alerting.Why(m))
	link := cmp.Or(c.links.Incident(n.IncidentID), c.links.Subject(m.Subject))
	return strings.TrimSpace(monitor.Cut(strings.Join(lines, "\n"), maxText-len(link)) + "\n" + link), nil
}

// leastKey is the length from which a part of an address is taken for a key.
const leastKey = 3

// mask hides every part of the address, but the name of the service, in a text.
func mask(address, text string) string {
	service, rest, _ := strings.Cut(address, "://")
	plain, err := url.PathUnescape(rest)
	if err != nil {
		plain = rest
	}
	parts := strings.FieldsFunc(rest+" "+plain, func(r rune) bool { return strings.ContainsRune("/?&=:@, ", r) })
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) }) // so that no part is cut by a shorter one
	for _, part := range parts {
		if len(part) >= leastKey && !strings.Contains(service, part) {
			text = strings.ReplaceAll(text, part, "…")
		}
	}
	return text
}

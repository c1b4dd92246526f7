package email

import (
	"context"
	"fmt"
	"time"

	gomail "github.com/wneessen/go-mail"

	"wingmirror/alerting"
)

// Send sends a mail that belongs to no incident, as plain text. The error is
// alerting.Permanent when trying again cannot help.
func (c *Channel) Send(ctx context.Context, to, subject, body string, at time.Time) error {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&c.from)
	if err := msg.To(to); err != nil {
		return alerting.Permanent(fmt.Errorf("address %s: %w", to, err))
	}
	msg.Subject(oneLine(subject))
	msg.SetDateWithValue(at)
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, body)
	client, err := c.o.Server.client(c.o)
	if err != nil {
		return alerting.Permanent(err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() {
		return nil
	}
	return judge(c.o.Server, err)
}

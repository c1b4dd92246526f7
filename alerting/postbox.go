package alerting

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"wingmirror/monitor"
)

// Mails keeps mails that belong to no incident.
type Mails interface {
	DueMails(ctx context.Context, at time.Time, most int) ([]monitor.Mail, error)
	MailTried(ctx context.Context, m monitor.Mail) error
}

// MailSender sends one plain mail.
type MailSender interface {
	Send(ctx context.Context, to, subject, body string, at time.Time) error
}

// Postbox sends mails that belong to no incident. Each is tried until it leaves,
// at growing intervals, for a week; one that is refused for good is tried once.
type Postbox struct {
	Mails  Mails
	Sender MailSender
	Now    func() time.Time
	Log    *slog.Logger
}

const (
	postboxEvery = 15 * time.Second
	postboxBatch = 50
	firstWait    = time.Minute
	longestWait  = 6 * time.Hour
	mailLife     = 7 * 24 * time.Hour
)

// Run sends until ctx ends.
func (p Postbox) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := p.Empty(ctx); err != nil && ctx.Err() == nil {
			p.Log.Error("send mails that wait", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(postboxEvery):
		}
	}
}

// Empty tries every mail that is due, once. The error is our own failure; what a
// mail server says is stored with the mail.
func (p Postbox) Empty(ctx context.Context) error {
	due, err := p.Mails.DueMails(ctx, p.Now(), postboxBatch)
	if err != nil {
		return err
	}
	for _, m := range due {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.Mails.MailTried(ctx, p.try(ctx, m)); err != nil {
			return err
		}
	}
	return nil
}

func (p Postbox) try(ctx context.Context, m monitor.Mail) monitor.Mail {
	err := p.Sender.Send(ctx, m.To, m.Subject, m.Body, m.CreatedAt)
	now := p.Now()
	m.Attempts++
	if err == nil {
		m.SentAt, m.NextAt, m.Problem = now, time.Time{}, ""
		return m
	}
	m.Problem = err.Error()
	_, final := errors.AsType[*PermanentError](err)
	m.NextAt = now.Add(min(longestWait, firstWait<<min(m.Attempts-1, 20)))
	if final || m.NextAt.After(m.CreatedAt.Add(mailLife)) {
		m.NextAt = time.Time{}
		p.Log.Error("a mail was not sent, and is not tried again", "to", m.To, "subject", m.Subject, "error", err)
	}
	return m
}

package alerting_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

// oneMail is a store of one mail, and a server that answers as told.
type oneMail struct {
	mail  monitor.Mail
	err   error
	tries int
}

func (m *oneMail) DueMails(_ context.Context, at time.Time, _ int) ([]monitor.Mail, error) {
	if m.mail.NextAt.IsZero() || m.mail.NextAt.After(at) {
		return nil, nil
	}
	return []monitor.Mail{m.mail}, nil
}

func (m *oneMail) MailTried(_ context.Context, tried monitor.Mail) error { m.mail = tried; return nil }

func (m *oneMail) Send(context.Context, string, string, string, time.Time) error {
	m.tries++
	return m.err
}

func TestPostbox_TriesUntilTheMailLeaves(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	m := &oneMail{mail: monitor.Mail{CreatedAt: now, NextAt: now}, err: errors.New("busy")}
	box := alerting.Postbox{Mails: m, Sender: m, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
	for range 5 {
		if err := box.Empty(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(2 * time.Minute)
	}
	if m.tries != 4 || m.mail.Problem != "busy" { // at 0, 2, 4 and 8 minutes
		t.Errorf("%d tries, %+v", m.tries, m.mail)
	}
	m.err = nil
	now = now.Add(time.Hour)
	if err := box.Empty(t.Context()); err != nil || m.mail.SentAt.IsZero() || !m.mail.NextAt.IsZero() || m.mail.Problem != "" {
		t.Errorf("%v %+v", err, m.mail)
	}
}

func TestPostbox_ARefusalIsFinal(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	m := &oneMail{mail: monitor.Mail{CreatedAt: now, NextAt: now}, err: alerting.Permanent(errors.New("no such user"))}
	box := alerting.Postbox{Mails: m, Sender: m, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
	if err := box.Empty(t.Context()); err != nil || !m.mail.NextAt.IsZero() || m.mail.Problem != "no such user" {
		t.Errorf("%v %+v", err, m.mail)
	}
}

package main

import (
	"context"
	"fmt"
	"time"

	"wingmirror/alerting"
	"wingmirror/alerting/chart"
	"wingmirror/alerting/email"
	"wingmirror/alerting/pagerduty"
	"wingmirror/alerting/shoutrrr"
	"wingmirror/alerting/webhook"
	"wingmirror/monitor"
)

// newChannels returns how notices leave, by the scheme of their destination. In
// a demo each shows what it would send.
func newChannels(c alertingConfig, links alerting.Links, kind serverKind) (map[string]alerting.Channel, error) {
	pages := pagerduty.New(pagerduty.Options{Endpoint: c.PagerDutyEndpoint, Links: links})
	hooks := webhook.New(webhook.Options{Links: links, Secret: c.WebhookSecret, Public: !c.WebhookPrivate})
	slack := webhook.NewSlack(webhook.Options{Links: links, Public: !c.WebhookPrivate})
	others := shoutrrr.New(links)
	if kind == demoServer {
		mail, err := email.New(email.Options{From: "wingmirror@localhost", Links: links, Picture: chart.PNG})
		if err != nil {
			return nil, err
		}
		return map[string]alerting.Channel{
			"mailto": alerting.Caught(mail), "pagerduty": alerting.Caught(pages),
			"webhook+https": alerting.Caught(hooks), "webhook+http": alerting.Caught(hooks), "slack+https": alerting.Caught(slack),
			monitor.SchemeShoutrrr: alerting.Caught(others),
		}, nil
	}
	mail, err := newMail(c, links)
	if err != nil {
		return nil, err
	}
	return map[string]alerting.Channel{
		"mailto": mail, "pagerduty": pages, "webhook+https": hooks, "webhook+http": hooks, "slack+https": slack,
		monitor.SchemeShoutrrr: others,
	}, nil
}

func newMail(c alertingConfig, links alerting.Links) (alerting.Channel, error) {
	if c.SMTP == "" {
		return alerting.Unconfigured("no mail server is configured: give --smtp smtp://host:port; mails that wait can then be tried again under Deliveries"), nil
	}
	return openMail(c, links)
}

// openMail makes the channel of a mail server that is configured.
func openMail(c alertingConfig, links alerting.Links) (*email.Channel, error) {
	mailServer, err := email.ParseServer(c.SMTP)
	if err != nil {
		return nil, err
	}
	return email.New(email.Options{
		Server: mailServer, From: c.MailFrom, SubjectPrefix: c.SubjectPrefix, Links: links, Picture: chart.PNG,
	})
}

// trial sends test notices past the outbox.
type trial struct{ channels map[string]alerting.Channel }

func (t trial) Test(ctx context.Context, to monitor.Destination) (monitor.Receipt, error) {
	return alerting.Test(ctx, t.channels, to, time.Now())
}

// checkAddresses asks the services themselves whether they take the addresses that
// are theirs. What is no destination at all is found elsewhere.
func checkAddresses(field string, alerts []string) error {
	var errs monitor.FieldErrors
	for i, text := range alerts {
		d, err := monitor.ParseDestination(text)
		if err != nil {
			continue
		}
		for _, wrong := range monitor.AllFieldErrors(shoutrrr.Check(d)) {
			wrong.Field = fmt.Sprintf("%s[%d]", field, i)
			errs = append(errs, wrong)
		}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

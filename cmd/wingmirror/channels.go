package main

import (
	"wingmirror/alerting"
	"wingmirror/alerting/email"
	"wingmirror/alerting/pagerduty"
)

// newChannels returns how notices leave, by the scheme of their destination.
func newChannels(c alertingConfig, links alerting.Links, kind serverKind) (map[string]alerting.Channel, error) {
	pages := pagerduty.New(pagerduty.Options{Endpoint: c.PagerDutyEndpoint, Links: links})
	if kind == demoServer {
		mail, err := email.New(email.Options{From: "wingmirror@localhost", Links: links})
		if err != nil {
			return nil, err
		}
		return map[string]alerting.Channel{"mailto": alerting.Caught(mail), "pagerduty": alerting.Caught(pages)}, nil
	}
	mail, err := newMail(c, links)
	if err != nil {
		return nil, err
	}
	return map[string]alerting.Channel{"mailto": mail, "pagerduty": pages}, nil
}

func newMail(c alertingConfig, links alerting.Links) (alerting.Channel, error) {
	if c.SMTP == "" {
		return alerting.Unconfigured("no mail server is configured: start Wingmirror with --smtp smtp://host:port, then press Retry"), nil
	}
	mailServer, err := email.ParseServer(c.SMTP)
	if err != nil {
		return nil, err
	}
	return email.New(email.Options{Server: mailServer, From: c.MailFrom, SubjectPrefix: c.SubjectPrefix, Links: links})
}

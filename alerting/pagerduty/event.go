package pagerduty

import (
	"time"

	pd "github.com/PagerDuty/go-pagerduty"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

// The limits of the Events API v2, see
// https://developer.pagerduty.com/docs/send-alert-event: fields in characters
// (we count bytes, which are no fewer), and the whole event in bytes.
const (
	maxSummary = 1024
	maxDedup   = 255
	maxField   = 1024
	maxDetail  = 32 << 10 // of one custom detail; the event may have 512 KB
)

// event is the notice as PagerDuty takes it.
func (c *Channel) event(n monitor.Notice) pd.V2Event {
	m := n.Message
	event := pd.V2Event{
		RoutingKey: n.Destination.Rest(),
		Action:     action(m),
		DedupKey:   monitor.Cut(n.Incident, maxDedup),
	}
	if event.Action != "trigger" {
		return event
	}
	event.Client = "Wingmirror"
	event.ClientURL = c.o.Links.Subject(m.Subject)
	event.Payload = &pd.V2Payload{
		Summary:   monitor.Cut(summary(m), maxSummary),
		Source:    monitor.Cut(m.Subject.String(), maxField),
		Severity:  severity(m),
		Timestamp: m.At.UTC().Format(time.RFC3339),
		Component: monitor.Cut(m.Name, maxField),
		Group:     monitor.Cut(m.Group, maxField),
		Class:     string(m.Subject.Kind),
		Details:   details(m),
	}
	if m.Fault != monitor.NoFault {
		event.Payload.Class = string(m.Fault)
	}
	if address := c.o.Links.Incident(n.IncidentID); address != "" {
		event.Links = append(event.Links, link(address, "Incident"))
	}
	if address := c.o.Links.Run(m.Subject, m.RunAt); address != "" {
		event.Links = append(event.Links, link(address, "Run"))
	}
	if event.ClientURL != "" {
		event.Links = append(event.Links, link(event.ClientURL, alerting.Thing(m.Subject)))
	}
	if address := c.o.Links.Silence(m); address != "" {
		event.Links = append(event.Links, link(address, "Silence"))
	}
	if picture := c.o.Links.Graph(n.ID); picture != "" && len(m.Graph) > 0 {
		event.Images = append(event.Images, map[string]string{"src": picture, "href": c.o.Links.Run(m.Subject, m.RunAt), "alt": "Graph of the run"})
	}
	return event
}

func link(href, text string) map[string]string {
	return map[string]string{"href": href, "text": text}
}

func action(m monitor.Message) string {
	switch {
	case m.Kind == monitor.NoticeResolve, m.Kind == monitor.NoticeLevel && m.Level == monitor.OK:
		return "resolve"
	case m.Kind == monitor.NoticeAck:
		return "acknowledge"
	}
	return "trigger"
}

func summary(m monitor.Message) string {
	if text := alerting.FirstLine(m.Text); text != "" {
		return m.Name + ": " + text
	}
	return m.Name + " is " + m.Level.String()
}

// severity is one of PagerDuty's four: info, warning, error, critical.
func severity(m monitor.Message) string {
	switch {
	case m.Kind == monitor.NoticeTest:
		return "info"
	case m.Level == monitor.Critical:
		return "critical"
	case m.Level == monitor.Warning:
		return "warning"
	}
	return "error" // a fault: we cannot tell
}

func details(m monitor.Message) map[string]any {
	all := map[string]any{
		"message": monitor.Cut(m.Text, maxDetail),
		"why":     alerting.Why(m),
		"since":   m.OpenedAt.UTC().Format(time.RFC3339),
	}
	if m.Description != "" {
		all["description"] = monitor.Cut(m.Description, maxDetail)
	}
	if m.Output != "" {
		all["output"] = monitor.Cut(m.Output, maxDetail)
	}
	if len(m.Labels) > 0 {
		all["labels"] = m.Labels
	}
	if len(m.Values) > 0 {
		values := map[string]float64{}
		for _, v := range m.Values {
			values[v.Label] = v.Value
		}
		all["values"] = values
	}
	return all
}

package email

import (
	_ "embed"
	htmltemplate "html/template"
	"sync"
	texttemplate "text/template"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

//go:embed mail.txt.tmpl
var textSource string

//go:embed mail.html.tmpl
var htmlSource string

var (
	// Parsed for the first mail: worker processes start without.
	textTemplate = sync.OnceValue(func() *texttemplate.Template { return texttemplate.Must(texttemplate.New("text").Parse(textSource)) })
	htmlTemplate = sync.OnceValue(func() *htmltemplate.Template { return htmltemplate.Must(htmltemplate.New("html").Parse(htmlSource)) })
)

// view is what the templates show.
type view struct {
	Verb, Colour string
	Name         string
	Message      string
	Description  string
	Rows         []row // facts, in order
	Values       []row
	Output       string
	Picture      string // content id, "" for none
	Why, Next    string
	Incident     string // addresses, "" for none
	Subject      string
	Silence      string
	Thing        string // what Subject is
}

type row struct{ Name, Value string }

func (c *Channel) view(n monitor.Notice) view {
	m := n.Message
	v := view{
		Verb: alerting.Verb(m), Colour: colour(m), Name: m.Name, Message: m.Text,
		Description: m.Description, Output: m.Output, Why: alerting.Why(m), Next: alerting.Next(m),
		Incident: c.o.Links.Incident(n.IncidentID), Subject: c.o.Links.Subject(m.Subject), Silence: c.o.Links.Silence(m), Thing: alerting.Thing(m.Subject),
	}
	if v.Message == "" {
		v.Message = noMessage(m)
	}
	v.Rows = append(v.Rows, row{"Time", monitor.Moment(m.At.UTC())})
	if !m.OpenedAt.IsZero() {
		v.Rows = append(v.Rows, row{"Since", monitor.Moment(m.OpenedAt.UTC())})
	}
	if m.Group != "" {
		v.Rows = append(v.Rows, row{"Group", m.Group})
	}
	for _, value := range m.Values {
		v.Values = append(v.Values, row{value.Label, alerting.Number(value.Value)})
	}
	return v
}

func noMessage(m monitor.Message) string {
	switch {
	case m.Kind == monitor.NoticeResolve:
		return "All is well again."
	case m.Kind == monitor.NoticeTest:
		return "This is a test."
	case m.Fault != monitor.NoFault:
		return m.Fault.Description()
	}
	return "The monitor gave no message."
}

// colour is that of the bar beside the message; it is readable on white and on
// black.
func colour(m monitor.Message) string {
	switch {
	case m.Kind == monitor.NoticeResolve, m.Level == monitor.OK:
		return "#2e9e5b"
	case m.Kind == monitor.NoticeAck, m.Kind == monitor.NoticeTest:
		return "#4a7fd0"
	case m.Level == monitor.Critical:
		return "#d64545"
	case m.Level == monitor.Warning:
		return "#d08a1d"
	}
	return "#8a8f98"
}

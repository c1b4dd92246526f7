package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

// Slack posts to Slack's incoming webhooks.
type Slack struct{ o Options }

// NewSlack returns a channel for slack+https.
func NewSlack(o Options) *Slack { return &Slack{o: o.withDefaults()} }

// Deliver posts one message.
func (s *Slack) Deliver(ctx context.Context, n monitor.Notice) (monitor.Receipt, error) {
	address, _, err := address(n.Destination)
	if err != nil {
		return monitor.Receipt{}, alerting.Permanent(err)
	}
	body, err := json.Marshal(s.body(n))
	if err != nil {
		return monitor.Receipt{}, alerting.Permanent(fmt.Errorf("write JSON: %w", err))
	}
	receipt := monitor.Receipt{Request: string(body)}
	receipt.Answer, err = post(ctx, s.o.Client, address, nil, body)
	return receipt, err
}

// Render returns the JSON, indented.
func (s *Slack) Render(n monitor.Notice) (string, error) {
	text, err := json.MarshalIndent(s.body(n), "", "  ")
	return string(text), err
}

// Slack's limits, see https://docs.slack.dev/reference/block-kit/blocks. They
// count characters, and these count bytes, so text in other scripts ends early.
const (
	maxHeader  = 150
	maxSection = 3000
	maxField   = 2000
	maxFields  = 10
)

// slackMessage is what an incoming webhook takes, see
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
type slackMessage struct {
	Text   string       `json:"text"` // what a notification shows
	Blocks []slackBlock `json:"blocks"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Fields   []slackText `json:"fields,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func markdown(text string, limit int) slackText {
	return slackText{"mrkdwn", monitor.Cut(text, limit)}
}

func (s *Slack) body(n monitor.Notice) slackMessage {
	m := n.Message
	headline := alerting.Headline(m)
	blocks := []slackBlock{{Type: "header", Text: &slackText{"plain_text", monitor.Cut("["+alerting.Verb(m)+"] "+m.Name, maxHeader)}}}
	if text := strings.TrimSpace(m.Text); text != "" && m.Kind != monitor.NoticeResolve {
		section := markdown(escape(text), maxSection)
		blocks = append(blocks, slackBlock{Type: "section", Text: &section})
	}
	var fields []slackText
	for _, v := range m.Values[:min(maxFields, len(m.Values))] {
		fields = append(fields, markdown("*"+escape(v.Label)+"*\n"+alerting.Number(v.Value), maxField))
	}
	if len(fields) > 0 {
		blocks = append(blocks, slackBlock{Type: "section", Fields: fields})
	}
	why := escape(alerting.Why(m))
	if address := cmp.Or(s.o.Links.Incident(n.IncidentID), s.o.Links.Subject(m.Subject)); address != "" {
		why += " <" + address + "|Open in Wingmirror>"
	}
	if address := s.o.Links.Silence(m); address != "" {
		if silence := " · <" + escape(address) + "|Silence>"; len(why)+len(silence) <= maxField { // a link that is cut is none
			why += silence
		}
	}
	blocks = append(blocks, slackBlock{Type: "context", Elements: []slackText{markdown(why, maxField)}})
	return slackMessage{Text: monitor.Cut(escape(headline), maxSection), Blocks: blocks}
}

// escape writes the three characters that mean something to Slack as it asks.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

package store

import (
	"database/sql/driver"
	"time"

	"wingmirror/monitor"
)

// storedMessage is a monitor.Message as its JSON column holds it, without the
// graph.
type storedMessage struct {
	Kind        string            `json:"kind"`
	Subject     string            `json:"subject"`
	Name        string            `json:"name"`
	Group       string            `json:"group,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Description string            `json:"description,omitempty"`
	Level       monitor.Level     `json:"level"`
	Was         monitor.Level     `json:"was"`
	Fault       string            `json:"fault,omitempty"`
	Text        string            `json:"text,omitempty"`
	At          int64             `json:"at"`
	RunAt       int64             `json:"run_at,omitempty"`
	OpenedAt    int64             `json:"opened_at"`
	Reason      string            `json:"reason,omitempty"`
	Until       int64             `json:"until,omitempty"`
	Note        string            `json:"note,omitempty"`
	RepeatAfter time.Duration     `json:"repeat_after,omitempty"`
	By          string            `json:"by,omitempty"`
	Values      []storedValue     `json:"values,omitempty"`
	Output      string            `json:"output,omitempty"`
}

type storedValue struct {
	Label string  `json:"label"`
	Time  float64 `json:"time"`
	Value float64 `json:"value"`
}

func storeMessage(m monitor.Message) storedMessage {
	s := storedMessage{
		Kind: string(m.Kind), Subject: m.Subject.String(), Name: m.Name, Group: m.Group, Labels: m.Labels,
		Description: m.Description, Level: m.Level, Was: m.Was, Fault: string(m.Fault), Text: m.Text,
		At: millis(m.At), RunAt: millis(m.RunAt), OpenedAt: millis(m.OpenedAt),
		Reason: string(m.Decision.Reason), Until: millis(m.Decision.Until), Note: m.Decision.Note,
		RepeatAfter: m.RepeatAfter, By: m.By, Output: m.Output,
	}
	for _, v := range m.Values {
		s.Values = append(s.Values, storedValue(v))
	}
	return s
}

func (s storedMessage) message() monitor.Message {
	m := monitor.Message{
		Kind: monitor.NoticeKind(s.Kind), Name: s.Name, Group: s.Group, Labels: s.Labels,
		Description: s.Description, Level: s.Level, Was: s.Was, Fault: monitor.Fault(s.Fault), Text: s.Text,
		At: fromMillis(s.At), RunAt: fromMillis(s.RunAt), OpenedAt: fromMillis(s.OpenedAt),
		Decision:    monitor.Decision{Reason: monitor.Reason(s.Reason), Until: fromMillis(s.Until), Note: s.Note},
		RepeatAfter: s.RepeatAfter, By: s.By, Output: s.Output,
	}
	m.Subject, _ = monitor.ParseSubject(s.Subject) // written by us; a subject that is not one stays empty
	for _, v := range s.Values {
		m.Values = append(m.Values, monitor.LastValue(v))
	}
	return m
}

// Value implements driver.Valuer.
func (s storedMessage) Value() (driver.Value, error) { return jsonColumn(s) }

// Scan implements sql.Scanner.
func (s *storedMessage) Scan(src any) error { return scanJSON(src, s) }

package board

import (
	"fmt"
	"strings"

	"wingmirror/monitor"
)

// newsOf says what a change is to those who subscribe to its component and want
// to hear of it. The lock is held.
func (b *Board) newsOf(n *Node, c monitor.BoardChange) []monitor.BoardNews {
	var all []monitor.BoardNews
	for _, s := range b.subscriptions {
		if s.Component == n.ID && s.Wants(c) {
			all = append(all, monitor.BoardNews{Subscription: s, Message: b.message(n, c, s.From)})
		}
	}
	return all
}

// message tells a change to somebody who wants to hear of a level and worse.
func (b *Board) message(n *Node, c monitor.BoardChange, from monitor.DC) monitor.Message {
	names := b.names()
	text := fmt.Sprintf("%s %s", c.To, names[c.To].Name)
	if c.From != monitor.NoDC {
		text += fmt.Sprintf(", was %s %s", c.From, names[c.From].Name)
	}
	if c.Cause != "" {
		text += ": " + c.Cause
	}
	lines := []string{text}
	if effects := (&Look{Levels: names}).Info(n, c.To).Effects; effects != "" {
		lines = append(lines, effects)
	}
	reasons, all := n.Reasons(maxCauses)
	for _, r := range reasons {
		lines = append(lines, line(n, r))
	}
	if all > len(reasons) {
		lines = append(lines, fmt.Sprintf("and %d more", all-len(reasons)))
	}
	return monitor.Message{
		Kind: monitor.NoticeLevel, Subject: n.Subject(), Name: n.Title(), Group: n.Parent, Labels: n.Labels, Description: n.Description,
		Level: weight(c.To, from), Was: weight(c.From, from), Text: strings.Join(lines, "\n"), At: c.At, OpenedAt: c.At,
	}
}

// weight is how a level weighs for somebody who wants to hear of one and worse.
func weight(level, from monitor.DC) monitor.Level {
	switch {
	case level == monitor.NoDC:
		return monitor.Unknown
	case level > from:
		return monitor.OK
	case level > monitor.DC2:
		return monitor.Warning
	}
	return monitor.Critical
}

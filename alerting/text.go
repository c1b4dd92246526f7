package alerting

import (
	"strconv"
	"strings"
	"time"

	"wingmirror/monitor"
)

// What all channels say in the same words stands here.

// Headline is the news on one line: "[CRITICAL] name: message".
func Headline(m monitor.Message) string {
	line := "[" + Verb(m) + "] " + m.Name
	if m.Kind == monitor.NoticeResolve || m.Kind == monitor.NoticeAck {
		return line
	}
	if text := FirstLine(m.Text); text != "" {
		line += ": " + text
	}
	return line
}

// Verb is the one word that stands for the news: RESOLVED, ACKNOWLEDGED, TEST,
// or the level.
func Verb(m monitor.Message) string {
	switch m.Kind {
	case monitor.NoticeResolve:
		return "RESOLVED"
	case monitor.NoticeAck:
		return "ACKNOWLEDGED"
	case monitor.NoticeTest:
		return "TEST"
	}
	return strings.ToUpper(m.Level.String())
}

// FirstLine returns the first line of text that is not blank.
func FirstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

// Thing is what kind of subject a notice is about, with a capital: Monitor, Heartbeat.
func Thing(s monitor.Subject) string {
	kind := string(s.Kind)
	return strings.ToUpper(kind[:min(1, len(kind))]) + kind[min(1, len(kind)):]
}

// Why says why a notice is sent, as a sentence.
func Why(m monitor.Message) string {
	switch m.Kind {
	case monitor.NoticeFire:
		if m.Fault != monitor.NoFault {
			return "An incident began: " + m.Fault.Description() + "."
		}
		if m.Was == m.Level {
			return "An incident that began " + Lasted(m) + " ago goes on at level " + m.Level.String() + ", and nobody could be told before."
		}
		if m.Was == monitor.Unknown {
			return "An incident began: the level is " + m.Level.String() + "."
		}
		return "An incident began: the level went from " + m.Was.String() + " to " + m.Level.String() + "."
	case monitor.NoticeEscalate:
		if m.Decision.Reason == monitor.ReasonUnanswered {
			return "Nobody has acknowledged the incident: " + m.Decision.Note + "."
		}
		if m.Was == m.Level {
			return "The incident became worse, to " + m.Level.String() + ", while notices were held back."
		}
		return "The incident became worse: from " + m.Was.String() + " to " + m.Level.String() + "."
	case monitor.NoticeRepeat:
		return "The incident goes on, and nobody has acknowledged it."
	case monitor.NoticeHandOver:
		return "The incident is still open, and you are on duty now."
	case monitor.NoticeAck:
		return m.By + " acknowledged the incident."
	case monitor.NoticeLevel:
		return "The level of the component changed, and you subscribe to its changes."
	case monitor.NoticeTest:
		return "Somebody asked whether this destination works. Nothing is wrong."
	case monitor.NoticeResolve:
		if m.Decision.Reason.Closes() {
			return "The incident is closed: " + m.Decision.Reason.Sentence() + by(m.By) + "."
		}
		return "The incident is over after " + Lasted(m) + "."
	}
	return ""
}

func by(author string) string {
	if author == "" {
		return ""
	}
	return " (" + author + ")"
}

// Next says when the next notice of the incident is due, or "".
func Next(m monitor.Message) string {
	switch {
	case m.Kind == monitor.NoticeResolve, m.Kind == monitor.NoticeTest, m.Kind == monitor.NoticeAck, m.Kind == monitor.NoticeLevel:
		return ""
	case m.RepeatAfter < 0:
		return "This monitor does not repeat its notices."
	}
	return "It will be repeated every " + Duration(m.RepeatAfter) + " until it is acknowledged or over."
}

// Lasted is how long the incident has lasted.
func Lasted(m monitor.Message) string { return Duration(m.At.Sub(m.OpenedAt)) }

// Duration writes a duration for people: "45s", "1h 30m", "2d 4h".
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	if d <= 0 {
		return "0s"
	}
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}
	var parts []string
	for _, unit := range units {
		if n := d / unit.size; n > 0 {
			parts = append(parts, strconv.FormatInt(int64(n), 10)+unit.name)
			d -= n * unit.size
		}
		if len(parts) == 2 {
			break
		}
	}
	return strings.Join(parts, " ")
}

// Number writes a value as short as it stays true to six digits.
func Number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

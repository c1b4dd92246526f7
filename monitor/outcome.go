package monitor

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Kind is a kind of signal.
type Kind string

// The kinds of subject.
const (
	KindMonitor   Kind = "monitor"
	KindHeartbeat Kind = "heartbeat"
	KindRule      Kind = "rule"
	KindHistogram Kind = "histogram"
	KindSource    Kind = "source"    // a metrics source that monitors depend on
	KindComponent Kind = "component" // of the board
)

// Subject is what an outcome is about, such as monitor/12 or
// heartbeat/foo.com. Alerting, history and the board know subjects, not kinds.
type Subject struct {
	Kind Kind
	Key  string
}

// MonitorSubject returns the subject of the monitor with the given id.
func MonitorSubject(id int64) Subject {
	return Subject{Kind: KindMonitor, Key: strconv.FormatInt(id, 10)}
}

// String returns kind/key.
func (s Subject) String() string { return string(s.Kind) + "/" + s.Key }

// Path is the page of the subject, such as /monitors/12 or /rules/disk-full/web1;
// "" for a kind that has none. Parts of the key are escaped.
func (s Subject) Path() string {
	switch s.Kind {
	case KindMonitor:
		return "/monitors/" + url.PathEscape(s.Key)
	case KindHeartbeat:
		return "/heartbeats/" + url.PathEscape(s.Key)
	case KindHistogram:
		return "/histograms/" + url.PathEscape(s.Key)
	case KindComponent:
		return "/board/" + url.PathEscape(s.Key)
	case KindSource:
		return "/sources"
	case KindRule: // a rule and the key that it fired for
		rule, key, found := strings.Cut(s.Key, "/")
		if !found {
			return "/rules/" + url.PathEscape(rule)
		}
		return "/rules/" + url.PathEscape(rule) + "/" + url.PathEscape(key)
	}
	return ""
}

// ParseSubject reads kind/key.
func ParseSubject(text string) (Subject, error) {
	kind, key, ok := strings.Cut(text, "/")
	if !ok || kind == "" || key == "" {
		return Subject{}, Invalid("subject", "%q is not of the form kind/key", text)
	}
	return Subject{Kind: Kind(kind), Key: key}, nil
}

// Outcome is the end of every kind of check: what is now known about a subject.
type Outcome struct {
	Subject Subject
	At      time.Time // the scheduled time
	Level   Level     // Unknown when Fault is set
	Fault   Fault     //
	Message string    // one line or a few; "" when all is well
}

package monitor

import (
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
	KindSource    Kind = "source" // a metrics source that monitors depend on
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

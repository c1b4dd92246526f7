package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wingmirror/condition"
	"wingmirror/monitor"
)

// File is a rules file that has been read and checked.
type File struct {
	Severities map[string]Severity
	Rules      []*Rule
	Tests      []Test
}

// Rule returns the rule of a name, or nil.
func (f *File) Rule(name string) *Rule {
	for _, r := range f.Rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Severity says how bad it is when a rule fires.
type Severity struct {
	Name        string
	Description string
	Color       string        // of lines on a terminal; see docs/rules.md
	Level       monitor.Level // Warning or Critical
}

// Rule is one rule of the file. It is immutable.
type Rule struct {
	Name        string
	Description string
	Severity    Severity
	Threshold   string // as written; for the text of alerts only

	Condition *condition.Condition   // as written; nil where the steps of a sequence say it all
	Where     *condition.Condition   // which events the rule looks at; nil: all
	selects   []*condition.Condition // what an event must match for the rule to see it
	test      *condition.Condition   // what Condition asks beyond that; nil: nothing
	Clear     *condition.Condition   // what ends an alert; nil: that the test fails
	GroupBy   []string               // fields whose values tell one key from the next

	What       measure       //
	For        time.Duration // how long it must hold before it fires
	KeepFiring time.Duration // how long it fires on after it has ended; of what only happens, from when it did
	Lateness   time.Duration // how long to wait for events that come late
	NoData     NoData        //
	NoDataFor  time.Duration // how long a key must be silent; 0: no policy
	Forget     time.Duration // how long a key must be silent to be forgotten; its alert ends
	MaxKeys    int           //

	Alerts []string          // destinations
	Group  string            //
	Labels map[string]string //
	Policy monitor.Policy    //

	Line        int  // in the file
	Plain       bool // has nothing beyond what Sereno knows: one line of Check for each event
	fingerprint string
}

// NoData says what becomes of a key that sends no events any more.
type NoData string

// The policies. Keep is the default.
const (
	NoDataKeep  NoData = "keep"  // what was, stays
	NoDataOK    NoData = "ok"    // its alert ends
	NoDataAlert NoData = "alert" // it fires
)

// Fingerprint tells whether two rules read the same.
func (r *Rule) Fingerprint() string { return r.fingerprint }

// component returns the only component that the rule looks at, if there is one.
func (r *Rule) component() (string, bool) {
	for _, c := range r.selects {
		if part, ok := c.Pinned()["component"]; ok {
			return part, true
		}
	}
	return "", false
}

// ordered reports whether an event that is older than the newest of its key
// says nothing any more.
func (r *Rule) ordered() bool {
	switch r.What.(type) {
	case threshold, change:
		return r.Lateness == 0
	}
	return false
}

// Memory returns how far back the rule looks.
func (r *Rule) Memory() time.Duration {
	return max(r.For, r.KeepFiring, r.NoDataFor, r.What.memory()) + r.Lateness
}

// Subject returns what alerts about a key of the rule are about: rule/NAME/KEY,
// or rule/NAME when the rule tells no keys apart.
func (r *Rule) Subject(key string) monitor.Subject {
	if key != "" {
		key = "/" + key
	}
	return monitor.Subject{Kind: monitor.KindRule, Key: r.Name + key}
}

// Watched returns what alerting, silences and pages know of a key. Its labels
// are the rule's, and the group's fields.
func (r *Rule) Watched(key string) monitor.Watched {
	labels := map[string]string{"rule": r.Name, "severity": r.Severity.Name}
	values := SplitKey(key)
	for i, field := range r.GroupBy {
		if i < len(values) {
			labels[field] = values[i]
		}
	}
	for name, value := range r.Labels {
		labels[name] = value
	}
	name := r.Name
	if key != "" {
		name += ": " + strings.Join(values, ", ")
	}
	return monitor.Watched{
		Subject: r.Subject(key), Name: name, Group: r.Group, Description: r.Description, Labels: labels, Alerts: r.Alerts,
		Policy: r.Policy, Active: true,
	}
}

// Find returns the rule and the key that a subject is about; nil when no rule of
// the file has such a name.
func (f *File) Find(subject monitor.Subject) (*Rule, string) {
	if subject.Kind != monitor.KindRule {
		return nil, ""
	}
	var best *Rule
	for _, r := range f.Rules {
		rest, ok := strings.CutPrefix(subject.Key, r.Name)
		if ok && (rest == "" || rest[0] == '/') && (best == nil || len(r.Name) > len(best.Name)) {
			best = r
		}
	}
	if best == nil {
		return nil, ""
	}
	return best, strings.TrimPrefix(strings.TrimPrefix(subject.Key, best.Name), "/")
}

var (
	keyEscapes   = strings.NewReplacer("%", "%25", "/", "%2F")
	keyUnescapes = strings.NewReplacer("%2F", "/", "%25", "%")
)

// longestPart is how many bytes of a value a key shows.
const longestPart = 200

// JoinKey makes one key of the values of a group's fields: a slash between them,
// and those within escaped, so that no two groups share one. A long value is cut,
// and told from others by a number at its end.
func JoinKey(values []string) string {
	parts := make([]string, len(values))
	for i, value := range values {
		if len(value) > longestPart {
			sum := sha256.Sum256([]byte(value))
			value = monitor.Cut(value, longestPart/2) + " " + hex.EncodeToString(sum[:4])
		}
		parts[i] = keyEscapes.Replace(value)
	}
	return strings.Join(parts, "/")
}

// SplitKey is the opposite of JoinKey.
func SplitKey(key string) []string {
	parts := strings.Split(key, "/")
	for i, part := range parts {
		parts[i] = keyUnescapes.Replace(part)
	}
	return parts
}

// limit is a bound on a number.
type limit struct {
	op    string // above, at_least, below or at_most; "" is none
	bound float64
	clear *float64 // while firing, the bound that counts instead; nil: the same
}

// holds reports whether a number is beyond the limit.
func (l limit) holds(v float64, firing bool) bool {
	bound := l.bound
	if firing && l.clear != nil {
		bound = *l.clear
	}
	switch l.op {
	case "above":
		return v > bound
	case "at_least":
		return v >= bound
	case "below":
		return v < bound
	}
	return v <= bound
}

// fallsInto reports whether it matters that a number becomes smaller: one that is
// not beyond an upper limit will not be so by that.
func (l limit) fallsInto(holds, firing bool) bool {
	return holds || firing || l.op == "below" || l.op == "at_most"
}

var limitWords = map[string]string{"above": "more than", "at_least": "at least", "below": "less than", "at_most": "at most"}

func (l limit) String() string { return limitWords[l.op] + " " + figure(l.bound) }

// figure writes a number for people.
func figure(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// span writes a duration for people: 90s, 5m, 1h30m, 7d.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d == 0 {
		return "0s"
	}
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return monitor.FormatRepeat(d)
}

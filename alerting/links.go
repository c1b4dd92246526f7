package alerting

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wingmirror/monitor"
)

// Links builds the addresses of pages for notices.
type Links struct {
	Base   string // the server's address as people reach it, without a slash at the end; "" makes no links
	Secret string // signs addresses that need no login; "" makes none of those
}

// Subject is the page of what the notice is about, or "".
func (l Links) Subject(s monitor.Subject) string {
	if l.Base == "" {
		return ""
	}
	return l.Base + s.Path()
}

// Run is the page of the run that a notice tells of, or "".
func (l Links) Run(s monitor.Subject, at time.Time) string {
	if l.Base == "" || s.Kind != monitor.KindMonitor || at.IsZero() {
		return ""
	}
	return l.Subject(s) + "/runs/" + at.UTC().Format(time.RFC3339Nano)
}

// Incident is the page of the incident, or "".
func (l Links) Incident(id int64) string {
	if l.Base == "" || id == 0 {
		return ""
	}
	return l.Base + "/incidents/" + strconv.FormatInt(id, 10)
}

// Silence is the page that silences what the notice is about, filled in; "" when
// there is nothing to silence (any more).
func (l Links) Silence(m monitor.Message) string {
	if l.Base == "" || m.Kind == monitor.NoticeResolve || m.Kind == monitor.NoticeTest {
		return ""
	}
	query := url.Values{"subject": {m.Subject.String()}}
	if m.Subject.Kind == monitor.KindMonitor {
		query = url.Values{"monitor": {m.Subject.Key}}
	}
	return l.Base + "/silences?" + query.Encode()
}

// GraphPath is where pictures of notices are served, in front of their names.
const GraphPath = "/graphs/"

// Graph is the address of the picture of a notice's graph, or "". Whoever knows
// it sees the picture without a login, as services that show it in their own
// pages must; nobody can guess it.
func (l Links) Graph(notice int64) string {
	if l.Base == "" || l.Secret == "" || notice == 0 {
		return ""
	}
	return l.Base + GraphPath + strconv.FormatInt(notice, 10) + "-" + l.sign(notice) + ".png"
}

// GraphNotice returns the notice whose picture has the name, the last part of an
// address that Graph made; false for any other name.
func (l Links) GraphNotice(name string) (int64, bool) {
	id, signature, ok := strings.Cut(strings.TrimSuffix(name, ".png"), "-")
	notice, err := strconv.ParseInt(id, 10, 64)
	if !ok || err != nil || l.Secret == "" {
		return 0, false
	}
	return notice, hmac.Equal([]byte(signature), []byte(l.sign(notice)))
}

// sign is the first half of an HMAC-SHA256, in hexadecimal.
func (l Links) sign(notice int64) string {
	mac := hmac.New(sha256.New, []byte(l.Secret))
	mac.Write([]byte("graph " + strconv.FormatInt(notice, 10)))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

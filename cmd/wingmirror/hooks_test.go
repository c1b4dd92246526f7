package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

// listener is a desk that knows one incident.
type listener struct {
	heard alerting.Heard
	by    string
	fails error
}

func (l *listener) Hear(_ context.Context, key string, heard alerting.Heard, by string, _ time.Time) error {
	if key != "wingmirror-1/monitor/7/1" {
		return monitor.ErrNotFound
	}
	l.heard, l.by = heard, by
	return l.fails
}

func post(t *testing.T, l *listener, body, secret string) (code int, changed bool) {
	t.Helper()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	r := httptest.NewRequest("POST", "/hooks/pagerduty", strings.NewReader(body))
	r.Header.Set("X-PagerDuty-Signature", "v1="+hex.EncodeToString(mac.Sum(nil)))
	w := httptest.NewRecorder()
	pagerDutyHook{secret: "s3cret", desk: l, changed: func() { changed = true }, log: slog.New(slog.DiscardHandler)}.ServeHTTP(w, r)
	return w.Code, changed
}

func TestPagerDutyHook_TakesSignedNewsOnly(t *testing.T) {
	news := func(event, key string) string {
		return `{"event":{"event_type":"` + event + `","agent":{"summary":"Ada"},"data":{"type":"incident","incident_key":"` + key + `"}}}`
	}
	const ours = "wingmirror-1/monitor/7/1"
	for name, c := range map[string]struct {
		body, secret string
		code         int
		heard        alerting.Heard
	}{
		"acknowledged":    {news("incident.acknowledged", ours), "s3cret", 204, alerting.HeardAcknowledged},
		"taken back":      {news("incident.unacknowledged", ours), "s3cret", 204, alerting.HeardUnacknowledged},
		"resolved":        {news("incident.resolved", ours), "s3cret", 204, alerting.HeardResolved},
		"other event":     {news("incident.priority_updated", ours), "s3cret", 204, 0},
		"not ours":        {news("incident.acknowledged", "x"), "s3cret", 204, 0},
		"wrong signature": {news("incident.acknowledged", ours), "guess", 403, 0},
		"no JSON":         {"<html>", "s3cret", 400, 0},
	} {
		l := &listener{}
		code, changed := post(t, l, c.body, c.secret)
		if code != c.code || l.heard != c.heard || changed != (c.heard != 0) {
			t.Errorf("%s: %d, heard %v, changed %v", name, code, l.heard, changed)
		}
		if c.heard != 0 && l.by != "Ada (PagerDuty)" {
			t.Errorf("%s: by %q", name, l.by)
		}
	}
}

func TestPagerDutyHook_AsksToComeBackWhenItCannotStore(t *testing.T) {
	body := `{"event":{"event_type":"incident.acknowledged","data":{"type":"incident","incident_key":"wingmirror-1/monitor/7/1"}}}`
	if code, _ := post(t, &listener{fails: errors.New("disk full")}, body, "s3cret"); code != 503 {
		t.Errorf("answered %d, want 503 so that PagerDuty tries again", code)
	}
}

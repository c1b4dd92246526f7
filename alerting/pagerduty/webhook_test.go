package pagerduty

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wingmirror/monitor"
)

const acknowledged = `{"event":{"id":"01","event_type":"incident.acknowledged","resource_type":"incident","occurred_at":"2026-03-01T12:00:00Z",
	"agent":{"id":"PLH1HKV","summary":"Ann Example","type":"user_reference"},
	"data":{"id":"PGR0VU2","type":"incident","number":2,"status":"acknowledged","incident_key":"wingmirror-1a2b3c4d/monitor/7/1772366400000","title":"x"}}}`

// signed is a request as PagerDuty makes it: an HMAC of the body, in a header
// that may hold those of several secrets.
func signed(body, secret string) *http.Request {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	r := httptest.NewRequest(http.MethodPost, "/hooks/pagerduty", strings.NewReader(body))
	r.Header.Set("X-PagerDuty-Signature", "v1="+strings.Repeat("0", 64)+",v1="+hex.EncodeToString(mac.Sum(nil)))
	return r
}

func TestReadWebhook_TakesWhatPagerDutySigned(t *testing.T) {
	news, err := ReadWebhook(signed(acknowledged, "s3cret"), "s3cret")
	want := News{Key: "wingmirror-1a2b3c4d/monitor/7/1772366400000", Event: "incident.acknowledged", By: "Ann Example (PagerDuty)"}
	if err != nil || news != want {
		t.Errorf("got %+v, %v, want %+v", news, err, want)
	}
}

func TestReadWebhook_RefusesWhatItDidNot(t *testing.T) {
	unsigned := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(acknowledged))
	tampered := signed(acknowledged, "s3cret")
	tampered.Body = http.NoBody
	rows := map[string]struct {
		r      *http.Request
		secret string
		want   error
	}{
		"other secret":  {signed(acknowledged, "other"), "s3cret", monitor.ErrDenied},
		"no signature":  {unsigned, "s3cret", monitor.ErrDenied},
		"no secret set": {signed(acknowledged, ""), "", monitor.ErrDenied},
		"no body":       {tampered, "s3cret", monitor.ErrInvalid},
		"not JSON":      {signed("hello", "s3cret"), "s3cret", monitor.ErrInvalid},
	}
	for name, row := range rows {
		if news, err := ReadWebhook(row.r, row.secret); !errors.Is(err, row.want) || news != (News{}) {
			t.Errorf("%s: got %+v, %v, want %v", name, news, err, row.want)
		}
	}
}

func TestReadWebhook_OtherEventsHaveNoKey(t *testing.T) {
	news, err := ReadWebhook(signed(`{"event":{"event_type":"service.updated","data":{"type":"service","incident_key":"k"}}}`, "s"), "s")
	if err != nil || news.Key != "" || news.By != "PagerDuty" {
		t.Errorf("got %+v, %v", news, err)
	}
}

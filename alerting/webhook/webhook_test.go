package webhook

import (
	"crypto/hmac"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func notice(kind monitor.NoticeKind, destination string) monitor.Notice {
	return monitor.Notice{
		ID: 5, Incident: "wingmirror-1a2b3c4d/monitor/7/1772366400000", IncidentID: 3, Destination: monitor.Destination(destination),
		Message: monitor.Message{
			Kind: kind, Subject: monitor.MonitorSubject(7), Name: "Conversion <rate>", Level: monitor.Critical, Was: monitor.OK,
			Text: "dropped below 10%\nsecond line", At: at, OpenedAt: at, Values: []monitor.LastValue{{Label: "rate", Time: 1, Value: 9.5}},
		},
	}
}

// receiver is somebody's endpoint.
type receiver struct {
	*httptest.Server
	header http.Header
	path   string
	body   []byte
	answer func(http.ResponseWriter)
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{answer: func(http.ResponseWriter) {}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.header, r.path = req.Header, req.URL.RequestURI()
		r.body, _ = io.ReadAll(req.Body)
		r.answer(w)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) destination(secret, path string) string {
	return "webhook+http://" + secret + strings.TrimPrefix(r.URL, "http://") + path
}

func TestDeliver_PostsDocumentedSignedJSON(t *testing.T) {
	r := newReceiver(t)
	c := New(Options{Links: alerting.Links{Base: "https://wm.example.com"}, Now: func() time.Time { return at }})
	receipt, err := c.Deliver(t.Context(), notice(monitor.NoticeFire, r.destination(":s3cret@", "/hook?a=b")))
	if err != nil {
		t.Fatal(err)
	}
	if r.path != "/hook?a=b" || r.header.Get("Content-Type") != "application/json" || r.header.Get("Authorization") != "" {
		t.Errorf("got path %q, header %v", r.path, r.header)
	}
	if got, want := r.header.Get(SignatureHeader), Sign("s3cret", at, r.body); !hmac.Equal([]byte(got), []byte(want)) {
		t.Errorf("got signature %q, want %q", got, want)
	}
	if got := r.header.Get(KeyHeader); got != "wingmirror-1a2b3c4d/monitor/7/1772366400000/5" {
		t.Errorf("got key %q", got)
	}
	var got map[string]any
	if err := json.Unmarshal(r.body, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"version": 1.0, "id": 5.0, "kind": "fire", "subject": "monitor/7", "name": "Conversion <rate>", "level": "critical", "was": "ok",
		"message": "dropped below 10%\nsecond line", "at": "2026-03-01T12:00:00Z", "url": "https://wm.example.com/monitors/7", "silence_url": "https://wm.example.com/silences?monitor=7",
	} {
		if got[name] != want {
			t.Errorf("got %s = %v, want %v", name, got[name], want)
		}
	}
	if in := got["incident"].(map[string]any); in["key"] != "wingmirror-1a2b3c4d/monitor/7/1772366400000" || in["url"] != "https://wm.example.com/incidents/3" {
		t.Errorf("got incident %v", in)
	}
	if strings.Contains(receipt.Request, "s3cret") || !strings.HasPrefix(receipt.Answer, "200 OK") {
		t.Errorf("got receipt %+v", receipt)
	}
}

func TestDeliver_WithoutASecretIsNotSigned(t *testing.T) {
	r := newReceiver(t)
	if _, err := New(Options{}).Deliver(t.Context(), notice(monitor.NoticeFire, r.destination("", "/"))); err != nil || r.header.Get(SignatureHeader) != "" {
		t.Errorf("got %v, signature %q", err, r.header.Get(SignatureHeader))
	}
}

func TestDeliver_JudgesAnswersAndFollowsNoRedirect(t *testing.T) {
	rows := []struct {
		code      int
		retry     string
		permanent bool
		after     time.Duration
		fails     bool
	}{
		{200, "", false, 0, false}, {204, "", false, 0, false}, {302, "", true, 0, true}, {400, "", true, 0, true}, {410, "", true, 0, true},
		{408, "", false, 0, true}, {429, "9", false, 9 * time.Second, true}, {500, "", false, 0, true}, {503, "60", false, time.Minute, true},
	}
	for _, row := range rows {
		r := newReceiver(t)
		r.answer = func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
			if row.retry != "" {
				w.Header().Set("Retry-After", row.retry)
			}
			w.WriteHeader(row.code)
		}
		_, err := New(Options{}).Deliver(t.Context(), notice(monitor.NoticeFire, r.destination(":s3cret@", "/token/abc")))
		_, permanent := errors.AsType[*alerting.PermanentError](err)
		after, _ := errors.AsType[*alerting.RetryAfterError](err)
		if (err != nil) != row.fails || permanent != row.permanent || (after != nil) != (row.after > 0) || after != nil && after.After != row.after {
			t.Errorf("%d: got %v, permanent %v, after %+v", row.code, err, permanent, after)
		}
		if err != nil && (strings.Contains(err.Error(), "abc") || strings.Contains(err.Error(), "s3cret")) {
			t.Errorf("the error tells the address: %v", err)
		}
	}
}

func TestDeliver_CannotReachTellsNoAddress(t *testing.T) {
	r := newReceiver(t)
	r.Close()
	_, err := New(Options{}).Deliver(t.Context(), notice(monitor.NoticeFire, r.destination(":s3cret@", "/token/abc")))
	if _, permanent := errors.AsType[*alerting.PermanentError](err); err == nil || permanent || strings.Contains(err.Error(), "abc") {
		t.Errorf("got %v, want an error that is tried again and tells no address", err)
	}
}

func TestDeliver_SignsWithTheSettingWhereTheAddressHasNoSecret(t *testing.T) {
	r := newReceiver(t)
	c := New(Options{Secret: "of all", Now: func() time.Time { return at }})
	for secret, want := range map[string]string{"": "of all", ":own@": "own"} {
		if _, err := c.Deliver(t.Context(), notice(monitor.NoticeFire, r.destination(secret, "/"))); err != nil {
			t.Fatal(err)
		}
		if got := r.header.Get(SignatureHeader); got != Sign(want, at, r.body) {
			t.Errorf("with %q in the address: got %q, want the signature by %q", secret, got, want)
		}
	}
}

func TestDeliver_PublicOnlyRefusesThisMachine(t *testing.T) {
	r := newReceiver(t)
	for name, channel := range map[string]alerting.Channel{"webhook": New(Options{Public: true}), "slack": NewSlack(Options{Public: true})} {
		_, err := channel.Deliver(t.Context(), notice(monitor.NoticeFire, r.destination("", "/")))
		if _, permanent := errors.AsType[*alerting.PermanentError](err); !permanent || !strings.Contains(err.Error(), "webhook-private") || r.path != "" {
			t.Errorf("%s: got %v, the receiver saw %q", name, err, r.path)
		}
	}
}

func TestSlack_WritesBlocksThatSlackTakes(t *testing.T) {
	n := notice(monitor.NoticeFire, "slack+https://hooks.slack.com/x")
	got := NewSlack(Options{Links: alerting.Links{Base: "https://wm.example.com"}}).body(n)
	text := "dropped below 10%\nsecond line"
	want := slackMessage{
		Text: "[CRITICAL] Conversion &lt;rate&gt;: dropped below 10%",
		Blocks: []slackBlock{
			{Type: "header", Text: &slackText{"plain_text", "[CRITICAL] Conversion <rate>"}},
			{Type: "section", Text: &slackText{"mrkdwn", text}},
			{Type: "section", Fields: []slackText{{"mrkdwn", "*rate*\n9.5"}}},
			{Type: "context", Elements: []slackText{{"mrkdwn", "An incident began: the level went from ok to critical. <https://wm.example.com/incidents/3|Open in Wingmirror> · <https://wm.example.com/silences?monitor=7|Silence>"}}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestSlack_StaysWithinSlacksLimits(t *testing.T) {
	n := notice(monitor.NoticeFire, "slack+https://hooks.slack.com/x")
	n.Message.Name, n.Message.Text = strings.Repeat("n", 200), strings.Repeat("<", 5000)
	for range 20 {
		n.Message.Values = append(n.Message.Values, monitor.LastValue{Label: strings.Repeat("l", 3000), Value: 1})
	}
	for _, b := range NewSlack(Options{}).body(n).Blocks {
		if b.Type == "header" && len(b.Text.Text) > maxHeader || b.Text != nil && len(b.Text.Text) > maxSection || len(b.Fields) > maxFields {
			t.Errorf("%s is too long", b.Type)
		}
		for _, f := range b.Fields {
			if len(f.Text) > maxField {
				t.Errorf("a field has %d bytes", len(f.Text))
			}
		}
	}
}

func TestSlack_PostsToTheAddressItself(t *testing.T) {
	r := newReceiver(t)
	destination := "slack+" + r.URL + "/services/T/B/x"
	if _, err := NewSlack(Options{}).Deliver(t.Context(), notice(monitor.NoticeResolve, destination)); err != nil {
		t.Fatal(err)
	}
	if r.path != "/services/T/B/x" || !strings.Contains(string(r.body), "[RESOLVED]") {
		t.Errorf("got %s %s", r.path, r.body)
	}
}

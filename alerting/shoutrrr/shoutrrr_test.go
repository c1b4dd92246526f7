package shoutrrr

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func notice(destination string) monitor.Notice {
	return monitor.Notice{
		ID: 5, Incident: "k", IncidentID: 3, Destination: monitor.Destination(destination),
		Message: monitor.Message{
			Kind: monitor.NoticeFire, Subject: monitor.MonitorSubject(7), Name: "Conversion rate", Level: monitor.Critical, Was: monitor.OK,
			Text: "dropped below 10%\nsecond line", At: at, OpenedAt: at, Values: []monitor.LastValue{{Label: "rate", Time: 1, Value: 9.5}},
		},
	}
}

// service is an ntfy server that answers as it is told; it returns the
// destination that leads to it, and what it was sent.
func service(t *testing.T, answer http.HandlerFunc) (string, *string) {
	t.Helper()
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.URL.Path + " " + string(body)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return "shoutrrr+ntfy://user:s3cretpass@" + strings.TrimPrefix(server.URL, "http://") + "/topsecret?scheme=http", &got
}

func TestDeliver_SendsText(t *testing.T) {
	to, got := service(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) })
	receipt, err := New(alerting.Links{Base: "https://wm.example.com"}).Deliver(t.Context(), notice(to))
	if err != nil {
		t.Fatal(err)
	}
	want := "[CRITICAL] Conversion rate: dropped below 10%\nsecond line\nrate: 9.5\n" +
		"An incident began: the level went from ok to critical.\nhttps://wm.example.com/incidents/3"
	if *got != "/topsecret "+want || receipt.Request != want {
		t.Errorf("got %q\nwant %q\nreceipt %+v", *got, want, receipt)
	}
}

func TestDeliver_FailuresAreTriedAgainAndTellNoKey(t *testing.T) {
	for _, code := range []int{400, 403, 429, 500, 503} {
		to, _ := service(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = w.Write([]byte(`{"code": 1, "error": "no access to topsecret"}`))
		})
		_, err := New(alerting.Links{}).Deliver(t.Context(), notice(to))
		if _, permanent := errors.AsType[*alerting.PermanentError](err); err == nil || permanent {
			t.Errorf("%d: got %v, permanent %v", code, err, permanent)
		}
		if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "topsecret")) {
			t.Errorf("%d: the error tells the address: %v", code, err)
		}
	}
}

func TestDeliver_AnswersThatTheLibraryPassesOnAreJudged(t *testing.T) {
	for code, permanent := range map[int]bool{400: true, 401: true, 429: false, 500: false} {
		to, _ := service(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		host, _, _ := strings.Cut(to[strings.IndexByte(to, '@')+1:], "/")
		_, err := New(alerting.Links{}).Deliver(t.Context(), notice("shoutrrr+gotify://"+host+"/AzyoeNS.D4iJLVa?disabletls=yes"))
		if _, got := errors.AsType[*alerting.PermanentError](err); err == nil || got != permanent {
			t.Errorf("%d: got %v, permanent %v, want %v", code, err, got, permanent)
		}
	}
}

func TestDeliver_AnAddressThatIsNoneIsRefused(t *testing.T) {
	_, err := New(alerting.Links{}).Deliver(t.Context(), notice("shoutrrr+nosuch://host/topic"))
	if _, permanent := errors.AsType[*alerting.PermanentError](err); !permanent {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestDeliver_CannotReachIsTriedAgainAndTellsNoKey(t *testing.T) {
	_, err := New(alerting.Links{}).Deliver(t.Context(), notice("shoutrrr+gotify://127.0.0.1:1/AzyoeNS.D4iJLVa?disabletls=yes"))
	if _, permanent := errors.AsType[*alerting.PermanentError](err); err == nil || permanent || strings.Contains(err.Error(), "AzyoeNS") {
		t.Errorf("got %v", err)
	}
}

func TestDeliver_EndsWithItsDeadline(t *testing.T) {
	release := make(chan struct{})
	to, _ := service(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	late := errors.New("no answer within 20ms")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, late)
	defer cancel()
	if _, err := New(alerting.Links{}).Deliver(ctx, notice(to)); !errors.Is(err, late) {
		t.Errorf("got %v, want %v", err, late)
	}
}

func TestRender_IsCutToWhatEveryServiceTakes(t *testing.T) {
	n := notice("shoutrrr+ntfy://host/topic")
	n.Message.Text = strings.Repeat("ä", 3000)
	text, err := New(alerting.Links{Base: "https://wm.example.com"}).Render(n)
	if err != nil || len(text) > maxText+1 || !strings.HasSuffix(text, "/incidents/3") {
		t.Errorf("got %d bytes, %v: …%s", len(text), err, text[max(0, len(text)-60):])
	}
}

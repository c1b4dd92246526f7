package pagerduty

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

const key = "0123456789abcdef0123456789abcdef"

func notice(kind monitor.NoticeKind) monitor.Notice {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return monitor.Notice{
		ID: 5, Incident: "wingmirror-1a2b3c4d/monitor/7/1772366400000", IncidentID: 3, Destination: "pagerduty:" + key,
		Message: monitor.Message{
			Kind: kind, Subject: monitor.MonitorSubject(7), Name: "Conversion rate", Group: "shop/checkout",
			Level: monitor.Critical, Was: monitor.OK, Text: "The conversion rate has dropped below 10%\nsecond line",
			At: at, OpenedAt: at, Values: []monitor.LastValue{{Label: "rate", Value: 9.5}}, Output: "9.5",
			Labels: map[string]string{"team": "checkout"},
		},
	}
}

// endpoint is a PagerDuty that answers as told and keeps what it was asked.
type endpoint struct {
	*httptest.Server
	path  string
	event map[string]any
}

func newEndpoint(t *testing.T, answer http.HandlerFunc) *endpoint {
	t.Helper()
	e := &endpoint{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		e.path, e.event = r.URL.Path, nil
		if err := json.Unmarshal(body, &e.event); err != nil {
			t.Errorf("the event is not JSON: %v", err)
		}
		answer(w, r)
	}))
	t.Cleanup(e.Close)
	return e
}

func accept(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"success","message":"Event processed","dedup_key":"x"}`)
}

func (e *endpoint) channel() *Channel {
	return New(Options{Endpoint: e.URL + "/", Links: alerting.Links{Base: "https://wm.example.com"}})
}

func TestDeliver_TriggersWithEverythingPagerDutyShows(t *testing.T) {
	e := newEndpoint(t, accept)
	receipt, err := e.channel().Deliver(t.Context(), notice(monitor.NoticeFire))
	if err != nil {
		t.Fatal(err)
	}
	if e.path != "/v2/enqueue" {
		t.Errorf("got path %q", e.path)
	}
	payload := e.event["payload"].(map[string]any)
	wants := map[string]any{
		"routing_key": e.event["routing_key"], "event_action": "trigger",
		"dedup_key": "wingmirror-1a2b3c4d/monitor/7/1772366400000", "client": "Wingmirror", "client_url": "https://wm.example.com/monitors/7",
	}
	for name, want := range wants {
		if e.event[name] != want {
			t.Errorf("got %s = %v, want %v", name, e.event[name], want)
		}
	}
	for name, want := range map[string]any{
		"summary": "Conversion rate: The conversion rate has dropped below 10%", "severity": "critical", "source": "monitor/7",
		"component": "Conversion rate", "group": "shop/checkout", "class": "monitor", "timestamp": "2026-03-01T12:00:00Z",
	} {
		if payload[name] != want {
			t.Errorf("got payload %s = %v, want %v", name, payload[name], want)
		}
	}
	details := payload["custom_details"].(map[string]any)
	if details["message"] != "The conversion rate has dropped below 10%\nsecond line" || details["output"] != "9.5" ||
		details["values"].(map[string]any)["rate"] != 9.5 {
		t.Errorf("got details %v", details)
	}
	if e.event["routing_key"] != key {
		t.Errorf("got routing key %v", e.event["routing_key"])
	}
	if strings.Contains(receipt.Request, key) || !strings.Contains(receipt.Request, "…cdef") {
		t.Errorf("the receipt must hide the key and end with its last digits: %s", receipt.Request)
	}
	if !strings.HasPrefix(receipt.Answer, "202 Accepted\n") || !strings.Contains(receipt.Answer, "Event processed") {
		t.Errorf("got answer %q", receipt.Answer)
	}
}

func TestDeliver_AllNoticesOfAnIncidentShareItsKey(t *testing.T) {
	e := newEndpoint(t, accept)
	for kind, action := range map[monitor.NoticeKind]string{
		monitor.NoticeFire: "trigger", monitor.NoticeRepeat: "trigger", monitor.NoticeEscalate: "trigger",
		monitor.NoticeAck: "acknowledge", monitor.NoticeResolve: "resolve",
	} {
		if _, err := e.channel().Deliver(t.Context(), notice(kind)); err != nil {
			t.Fatal(err)
		}
		if e.event["event_action"] != action || e.event["dedup_key"] != notice(kind).Incident {
			t.Errorf("%s: got %v under %v", kind, e.event["event_action"], e.event["dedup_key"])
		}
	}
}

func TestDeliver_CutsAtRuneBordersWithinTheLimits(t *testing.T) {
	e := newEndpoint(t, accept)
	n := notice(monitor.NoticeFire)
	n.Message.Text = strings.Repeat("é", 100_000)
	n.Message.Name = strings.Repeat("名", 200)
	n.Message.Output = strings.Repeat("ü\n", 100_000)
	n.Incident = strings.Repeat("k", 400)
	if _, err := e.channel().Deliver(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	payload := e.event["payload"].(map[string]any)
	for name, limit := range map[string]int{"summary": 1024, "component": 1024} {
		if got := payload[name].(string); len(got) > limit || !utf8.ValidString(got) || strings.ContainsRune(got, utf8.RuneError) {
			t.Errorf("%s has %d bytes, valid %v", name, len(got), utf8.ValidString(got))
		}
	}
	if got := e.event["dedup_key"].(string); len(got) > 255 {
		t.Errorf("the dedup key has %d bytes", len(got))
	}
	whole, _ := json.Marshal(e.event)
	if len(whole) > 512<<10 {
		t.Errorf("the event has %d bytes, PagerDuty takes 512 KB", len(whole))
	}
}

func TestDeliver_JudgesAnswers(t *testing.T) {
	rows := []struct {
		name      string
		answer    http.HandlerFunc
		permanent bool
		after     time.Duration
		part      string // of the error, "" for none
	}{
		{"accepted", accept, false, 0, ""},
		{"accepted with garbage", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(202)
			io.WriteString(w, "<html>")
		}, false, 0, ""},
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			io.WriteString(w, `{"status":"invalid event","message":"Event object is invalid","errors":["'routing_key' is invalid"]}`)
		}, true, 0, "Event object is invalid; 'routing_key' is invalid"},
		{"no such path", http.NotFound, true, 0, "404 page not found"},
		{"limited", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "17")
			w.WriteHeader(429)
		}, false, 17 * time.Second, "answered 429"},
		{"limited without a word", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, false, 0, "answered 429"},
		{"broken", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			io.WriteString(w, "<html><body>oops</body></html>")
		}, false, 0, "answered 500"},
		{"maintenance", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "Sun, 01 Mar 2026 12:01:30 GMT")
			w.WriteHeader(503)
		}, false, 90 * time.Second, "answered 503"},
		{"garbage", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }, false, 0, "not 202"},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, 0, "reach PagerDuty"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			e := newEndpoint(t, row.answer)
			channel := New(Options{Endpoint: e.URL, Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }})
			_, err := channel.Deliver(t.Context(), notice(monitor.NoticeFire))
			if (err == nil) != (row.part == "") || err != nil && !strings.Contains(err.Error(), row.part) {
				t.Fatalf("got %v, want an error with %q", err, row.part)
			}
			if _, permanent := errors.AsType[*alerting.PermanentError](err); permanent != row.permanent {
				t.Errorf("got permanent %v, want %v: %v", permanent, row.permanent, err)
			}
			after, _ := errors.AsType[*alerting.RetryAfterError](err)
			if (after != nil) != (row.after > 0) || after != nil && after.After != row.after {
				t.Errorf("got %+v, want to come back after %v", after, row.after)
			}
			if err != nil && strings.Contains(err.Error(), key) {
				t.Errorf("the error holds the key: %v", err)
			}
		})
	}
}

func TestDeliver_GivesUpOnAServerThatHangs(t *testing.T) {
	e := newEndpoint(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := e.channel().Deliver(ctx, notice(monitor.NoticeFire))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}

func TestDeliver_CannotReachIsTriedAgain(t *testing.T) {
	e := newEndpoint(t, accept)
	e.Close()
	_, err := e.channel().Deliver(t.Context(), notice(monitor.NoticeFire))
	if _, permanent := errors.AsType[*alerting.PermanentError](err); err == nil || permanent {
		t.Errorf("got %v, want an error that is tried again", err)
	}
}

func TestDeliver_ShowsTheGraphByAnAddressThatOnlyTheServerCanMake(t *testing.T) {
	e := newEndpoint(t, accept)
	links := alerting.Links{Base: "https://wm.example.com", Secret: "s3cret"}
	channel := New(Options{Endpoint: e.URL, Links: links})
	n := notice(monitor.NoticeFire)
	n.Message.RunAt = n.Message.At
	n.Message.Graph = []monitor.Line{{Label: "rate", Points: []monitor.GraphPoint{{Time: 1, Value: 9.5}}}}
	if _, err := channel.Deliver(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	images, _ := e.event["images"].([]any)
	if len(images) != 1 {
		t.Fatalf("got images %v, want one", e.event["images"])
	}
	image := images[0].(map[string]any)
	name, ok := strings.CutPrefix(image["src"].(string), "https://wm.example.com/graphs/")
	if id, genuine := links.GraphNotice(name); !ok || !genuine || id != n.ID {
		t.Errorf("the image is at %v", image["src"])
	}
	if want := links.Run(n.Message.Subject, n.Message.RunAt); image["href"] != want || image["alt"] == "" {
		t.Errorf("it leads to %v, want %s; it is called %q", image["href"], want, image["alt"])
	}
	n.Message.Graph = nil
	if _, err := channel.Deliver(t.Context(), n); err != nil || e.event["images"] != nil {
		t.Errorf("without a graph: images %v, %v", e.event["images"], err)
	}
	n.Message.Graph, n.Message.Kind = []monitor.Line{{Label: "rate"}}, monitor.NoticeResolve
	if _, err := channel.Deliver(t.Context(), n); err != nil || e.event["images"] != nil {
		t.Errorf("of a resolve: images %v, %v", e.event["images"], err)
	}
}

// Case 25 of Rearview's own tests: what an event has, and what it is called when the
// script said nothing.
func TestRearview_Case25EventHasKeyDescriptionAndDetails(t *testing.T) {
	e := newEndpoint(t, accept)
	n := notice(monitor.NoticeFire)
	for message, want := range map[string]string{"dropped": "Conversion rate: dropped", "": "Conversion rate is critical"} {
		n.Message.Text = message
		if _, err := e.channel().Deliver(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		payload := e.event["payload"].(map[string]any)
		if e.event["event_action"] != "trigger" || e.event["routing_key"] != key || e.event["dedup_key"] != n.Incident || payload["summary"] != want || payload["custom_details"] == nil {
			t.Errorf("message %q: got %v", message, e.event)
		}
	}
}

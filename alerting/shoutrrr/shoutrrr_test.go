package shoutrrr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/googlechat"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/lark"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/signal"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/wecom"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/opsgenie"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushbullet"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushover"
	"github.com/nicholas-fedor/shoutrrr/pkg/util/jsonclient"

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

func TestDeliver_NtfySaysTheStatusInItsJSON(t *testing.T) {
	for code, permanent := range map[int]bool{40301: true, 40001: true, 42901: false, 50001: false} {
		to, _ := service(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code / 100)
			_, _ = fmt.Fprintf(w, `{"code": %d, "http": %d, "error": "no"}`, code, code/100)
		})
		_, err := New(alerting.Links{}).Deliver(t.Context(), notice(to))
		if _, got := errors.AsType[*alerting.PermanentError](err); err == nil || got != permanent {
			t.Errorf("%d: got %v, permanent %v, want %v", code, err, got, permanent)
		}
	}
}

func TestDeliver_MatrixSaysInAWordWhatItRefuses(t *testing.T) {
	for word, permanent := range map[string]bool{"M_FORBIDDEN": true, "M_UNKNOWN_TOKEN": true, "M_LIMIT_EXCEEDED": false, "M_UNKNOWN": false, "": false} {
		to, _ := service(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, `{"errcode": %q, "error": "no access with s3crettoken"}`, word)
		})
		host, _, _ := strings.Cut(to[strings.IndexByte(to, '@')+1:], "/")
		_, err := New(alerting.Links{}).Deliver(t.Context(), notice("shoutrrr+matrix://:s3crettoken@"+host+"/?rooms=ops:example.com&disableTLS=yes"))
		if _, got := errors.AsType[*alerting.PermanentError](err); err == nil || got != permanent {
			t.Errorf("%s: got %v, permanent %v, want %v", word, err, got, permanent)
		}
		if err != nil && strings.Contains(err.Error(), "s3crettoken") {
			t.Errorf("%s: the error tells the token: %v", word, err)
		}
	}
}

func TestStatus_OfPushbulletIsItsWord(t *testing.T) {
	for word, want := range map[string]int{"invalid_request": 400, "invalid_access_token": 400, "server": 0, "ratelimited": 0} {
		said := &pushbullet.ResponseError{}
		said.ErrorData.Type, said.ErrorData.Message = word, "no"
		if got := status(fmt.Errorf("API error: %w", said)); got != want {
			t.Errorf("%s: got %d, want %d", word, got, want)
		}
	}
}

func TestStatus_IsReadWhereEachServiceWritesIt(t *testing.T) {
	for _, row := range []struct {
		err  error
		want int
	}{
		{fmt.Errorf("send: %w", fmt.Errorf("%w: %s", discord.ErrUnexpectedStatus, "404 Not Found")), 404},
		{fmt.Errorf("%w: %d", googlechat.ErrUnexpectedStatus, 403), 403},
		{fmt.Errorf("%w: unexpected status %s", lark.ErrSendFailed, "401 Unauthorized"), 401},
		{fmt.Errorf("%w: server returned status %d", signal.ErrSendFailed, 400), 400},
		{fmt.Errorf("%w: %q, response status %q", pushover.ErrSendFailed, "my 404 phone", "503 Service Unavailable"), 503},
		{fmt.Errorf("%w: making HTTP request: %w", wecom.ErrSendFailed, errors.New("dial 127.0.0.1:404")), 0},
		{fmt.Errorf("%w: %d - %s", opsgenie.ErrUnexpectedStatus, 429, "wait 404 s"), 429},
		{&jsonclient.Error{StatusCode: 410}, 410},
		{errors.New("dial tcp: 404"), 0},
	} {
		if got := status(row.err); got != row.want {
			t.Errorf("%v: got %d, want %d", row.err, got, row.want)
		}
	}
}

func TestCheck_TakesWhatTheServiceTakes(t *testing.T) {
	for address, ok := range map[string]bool{
		"ntfy://ntfy.sh/topic": true, "ntfy://ntfy.sh/topic?priority=sometimes": false, "ntfy://ntfy.sh/topic?colour=red": false,
		"discord://token@123456": true, "discord://123456": false,
		"gotify://host/AzyoeNS.D4iJLVa": true, "discord://s3cretkey": false,
		"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@wm": true, "telegram://token@telegram": false,
		"pushover://shoutrrr:token@user": true, "pushover://user": false,
		"matrix://user:s3cretpass@127.0.0.1:1": true, // would log in
	} {
		err := Check(monitor.Destination("shoutrrr+" + address))
		if (err == nil) != ok || err != nil && (!errors.Is(err, monitor.ErrInvalid) || strings.Contains(err.Error(), "s3cretkey")) {
			t.Errorf("%s: got %v, want ok %v", address, err, ok)
		}
	}
	if err := Check("mailto:a@b.c"); err != nil {
		t.Errorf("what is none of the library's: %v", err)
	}
}

func TestDeliver_AnAddressThatItsServiceDoesNotTakeIsRefused(t *testing.T) {
	_, err := New(alerting.Links{}).Deliver(t.Context(), notice("shoutrrr+discord://123456"))
	if _, permanent := errors.AsType[*alerting.PermanentError](err); !permanent {
		t.Errorf("got %v, want a refusal", err)
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

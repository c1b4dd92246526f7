package heartbeats

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestPacemaker_AnswersItsClients(t *testing.T) {
	w := newWorld(t)
	w.want("GET", "/", "", 200, "OK")
	w.want("GET", "/pacemaker", "", 200, "OK")
	w.want("POST", "/pacemaker/echo", "x", 200, "ok")
	w.want("GET", "/heartbeats?api_key=12", "", 200, "[]")
	w.want("POST", "/", `{"api_key":"12","check":"foo.com","state":"OK","ttl":300,"tags":["a"],"summary":"fine","elapsed":40}`, 200, `{"status":"OK"}`)
	w.want("POST", "/pacemaker/", `{"api_key":"13","check":"foo.com","state":"CRITICAL","metric":1,"ttl":300,"tags":["a"]}`, 200, `{"status":"CRITICAL"}`)
	w.want("POST", "/http", `{"api_key":"12","check":"page","metric":42,"ttl":-1}`, 200, `{"status":"OK"}`)
	at := w.at.Unix()
	var list []map[string]any
	_, text := w.ask("GET", "/heartbeats?api_key=13", "")
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	row, beat := list[0], list[0]["heartBeat"].(map[string]any)
	if row["expires"] != float64(at+300) || row["lastSeen"] != float64(at) || row["calculatedState"] != "CRITICAL" {
		t.Errorf("listed as %v", row)
	}
	if len(beat) != 10 || beat["check"] != "foo.com" || beat["api_key"] != nil || beat["summary"] != nil || beat["heartbeat_type"] != "heartbeat" || beat["ttl"] != 300.0 {
		t.Errorf("the beat is listed as %v", beat)
	}
	w.want("GET", "/heartbeats?api_key=12&type=http", "", 200, `"check":"page"`)
	w.want("GET", "/history?api_key=12&check=foo.com", "", 200, `[{"current":1,"predicted":null,"timestamp":`)
	w.want("GET", "/history?api_key=12&check=nothing", "", 200, `[]`)
	w.want("GET", "/heartbeats?api_key=99", "", 200, "[]")
	w.want("POST", "/vote", `{"api_key":"12","check":"foo.com","vote":"up"}`, 200, "[]")
	w.want("POST", "/vote", `{"api_key":"12","check":"unknown","vote":"down"}`, 200, "[]")
	w.want("DELETE", "/heartbeats?api_key=12&check=foo.com", "", 200, "OK")
	w.want("DELETE", "/heartbeats?api_key=12&check=foo.com", "", 200, "OK")
	w.want("GET", "/heartbeats?api_key=12", "", 200, "[]")
	w.want("GET", "/history?api_key=12&check=foo.com", "", 200, `[]`)
}

func TestPacemaker_SaysWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		body   string
		status int
		text   string
	}{
		{`{"api_key":"12","check":"foo.com"}`, 400, "not a valid state value"},
		{`{"api_key":"zz","check":"foo.com","state":"BAD"}`, 400, "not a valid state value"},
		{`{"api_key":"zz","check":"foo.com","state":"OK"}`, 401, "key is not known"},
		{`{"check":"foo.com","state":"OK"}`, 400, "api_key"},
		{`{"api_key":"12","state":"OK"}`, 400, "check"},
		{`{"api_key":"12","check":"foo.com","metric":NaN}`, 400, "not a JSON object"},
		{`{"api_key":"12","check":"foo.com","metric":1e999}`, 400, "metric"},
		{`{"api_key":"12","check":"foo.com","metric":"high"}`, 400, "metric: a string is not understood there; a number is wanted"},
		{`{"api_key":"12","check":["x"],"state":"OK"}`, 400, "check: a array is not understood there; a text is wanted"},
		{`{"api_key":"12","check":"foo.com","state":"OK","ttl":"5m"}`, 400, "ttl: a string is not understood there; a whole number is wanted"},
		{`{"api_key":"12","check":"foo.com","state":"OK","ttl":999999999999}`, 400, "ttl"},
		{`{"api_key":"12","check":"` + strings.Repeat("x", 300) + `","state":"OK"}`, 400, "name"},
		{`{"api_key":"12","check":"a\u0000b","state":"OK"}`, 400, "name"},
		{`[1]`, 400, "JSON object"},
		{`null`, 400, "api_key"},
		{``, 400, "not a JSON object"},
		{`{"api_key":"12","check":"x","state":"OK"}{}`, 400, "more behind"},
		{`{"api_key":"12","summary":"` + strings.Repeat("x", 10<<20) + `"}`, http.StatusRequestEntityTooLarge, "more than"},
	} {
		w.want("POST", "/", c.body, c.status, c.text)
	}
	w.want("POST", "/vote", `{"api_key":"12","check":"x","vote":"sideways"}`, 400, "'up' or 'down'")
	w.want("POST", "/vote", `{"api_key":"zz","check":"x","vote":"up"}`, 401, "key")
	w.want("GET", "/heartbeats", "", 400, "api_key")
	w.want("GET", "/heartbeats?api_key=zz", "", 401, "key")
	w.want("DELETE", "/heartbeats?api_key=zz&check=x", "", 401, "key")
	w.want("DELETE", "/heartbeats?api_key=12", "", 400, "check")
}

func TestPacemaker_OneKeyCannotFillTheDatabase(t *testing.T) {
	w := newWorld(t)
	refused := 0
	for i := range 60 {
		body := fmt.Sprintf(`{"api_key":"99","check":"c%d","state":"OK"}`, i)
		if code, text := w.ask("POST", "/", body); code == http.StatusTooManyRequests && strings.Contains(text, "50 heartbeats") {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d of 60 new checks were refused, want the last 10", refused)
	}
	w.want("POST", "/", `{"api_key":"99","check":"c0","state":"OK"}`, 200, "OK")
}

// The recorded cases; the one answer that differs is in docs/heartbeats.md: a
// request without a key is the sender's mistake, not ours.
func TestPacemaker_RecordedRequests(t *testing.T) {
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("WINGMIRROR_CASES names no directory of test cases")
	}
	data, err := os.ReadFile(filepath.Join(dir, "pacemaker", "inbound_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Post   json.RawMessage
		HTTP   int
		Status *string
	}
	if err := json.Unmarshal(data, &all); err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	w := newWorld(t)
	for _, c := range all {
		status, answer := c.HTTP, ""
		if status == http.StatusInternalServerError {
			status = http.StatusBadRequest
		}
		if c.Status != nil && !strings.HasPrefix(*c.Status, "<") {
			answer = `{"status":"` + *c.Status + `"}`
		}
		w.want("POST", "/", string(c.Post), status, answer)
	}
}

func TestPacemaker_AMissingBeatTurnsToWhatItAskedFor(t *testing.T) {
	w := newWorld(t)
	w.want("POST", "/", `{"api_key":"12","check":"a","state":"OK","ttl":60,"transition_to":"CRITICAL"}`, 200, "OK")
	w.want("POST", "/", `{"api_key":"12","check":"b","state":"OK","ttl":60}`, 200, "OK")
	w.want("POST", "/", `{"api_key":"12","check":"c","state":"OK","ttl":-1}`, 200, "OK")
	w.at = w.at.Add(61 * time.Second)
	w.book.Look(t.Context())
	w.want("GET", "/history?api_key=12&check=a", "", 200, `"state":"CRITICAL"`)
	w.want("GET", "/history?api_key=12&check=b", "", 200, `"state":"UNKNOWN"`)
	for name, want := range map[string]monitor.Level{"a": monitor.Critical, "b": monitor.Critical, "c": monitor.OK} {
		v, err := w.book.Get(monitor.HeartbeatRef{Space: "myentity", Name: name})
		if err != nil || v.State.Level != want {
			t.Errorf("%s is %s, %v, want %s", name, v.State.Level, err, want)
		}
	}
}

func FuzzPacemaker(f *testing.F) {
	f.Add(`{"api_key":"12","check":"foo.com","state":"OK","ttl":300,"tags":["a"],"summary":"fine","elapsed":40}`)
	f.Add(`{"api_key":"12","check":"foo.com","metric":-0.5e3,"transition_to":""}`)
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		w.t = t
		w.at = w.at.Add(time.Second)
		code, text := w.ask("POST", "/", body)
		if code >= 500 || code == 200 && !strings.Contains(text, `"status"`) {
			t.Fatalf("%q: %d %s", body, code, text)
		}
		if code, text := w.ask("GET", "/heartbeats?api_key=12", ""); code != 200 || !json.Valid([]byte(text)) {
			t.Fatalf("after %q the list is %d %s", body, code, text)
		}
	})
}

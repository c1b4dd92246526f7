package source

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestProgram_RunsForNoComponentOfThePages(t *testing.T) {
	k := Kinds{Programs: []string{"/bin/true"}}
	config := monitor.BoardSource{Name: "s", Type: "program", Settings: json.RawMessage(`{"run":"/bin/true"}`)}
	if _, err := k.Open(config, true); err != nil {
		t.Errorf("of a file: %v", err)
	}
	if _, err := k.Open(config, false); !errors.Is(err, monitor.ErrInvalid) {
		t.Errorf("of the pages: got %v, want it refused", err)
	}
}

func TestServer_RedirectsTakeHeadersToNoOtherHost(t *testing.T) {
	var seen http.Header
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		_, _ = w.Write([]byte(`[]`))
	}))
	defer other.Close()
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) }))
	defer first.Close()
	elsewhere := strings.Replace(first.URL, "127.0.0.1", "localhost", 1)
	if _, err := readOf(t, Kinds{}, "json", map[string]any{"url": elsewhere, "token": "hidden", "headers": map[string]string{"X-Api-Key": "hidden"}}); err != nil {
		t.Fatal(err)
	}
	if seen.Get("X-Api-Key") != "" || seen.Get("Authorization") != "" {
		t.Errorf("the other host got %v", seen)
	}
}

func TestServer_DoesNotFollowFromHTTPSToHTTP(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`[]`)) }))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, http.StatusFound) }))
	defer secure.Close()
	_, err := readOf(t, Kinds{Client: secure.Client()}, "json", map[string]any{"url": secure.URL, "token": "hidden"})
	if err == nil || !strings.Contains(err.Error(), "from https to http") {
		t.Errorf("got %v", err)
	}
}

func recurring(start, rule string) []byte {
	return []byte(strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:a", "DTSTAMP:20200101T000000Z",
		"DTSTART:" + start, "RRULE:" + rule, "END:VEVENT", "END:VCALENDAR", "",
	}, "\r\n"))
}

func TestParseEvents_RefusesRecurrencesThatNeverEndToBeCounted(t *testing.T) {
	for _, row := range []struct{ start, rule string }{
		{"20200101T000000Z", "FREQ=DAILY;INTERVAL=-1"}, {"20200101T000000Z", "FREQ=YEARLY;INTERVAL=-1"},
		{"20200101T000000Z", "FREQ=HOURLY;INTERVAL=24;BYHOUR=23"}, {"00010101T000000Z", "FREQ=HOURLY"}, {"20200101T000000Z", "FREQ=DAILY;INTERVAL=9000000000"},
	} {
		if _, err := parseEvents(recurring(row.start, row.rule), time.UTC); err == nil {
			t.Errorf("%s from %s was let in", row.rule, row.start)
		}
	}
	if events, err := parseEvents(recurring("20200101T000000Z", "FREQ=WEEKLY;INTERVAL=2"), time.UTC); err != nil || len(events) != 1 {
		t.Errorf("every other week: %v, %v", events, err)
	}
}

func TestCalendar_EndsWhenItsTimeIsOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (calendar{zone: time.UTC}).rationales(ctx, recurring("20200101T000000Z", "FREQ=DAILY"), now()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestServer_SourcesOfThePagesReachWhatTheyMay(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`[]`)) }))
	defer inside.Close()
	read := func(k Kinds, trusted bool, address string) error {
		raw, err := json.Marshal(map[string]string{"url": address})
		if err != nil {
			t.Fatal(err)
		}
		s, err := k.Open(monitor.BoardSource{Name: "s", Type: "json", Settings: raw}, trusted)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Read(t.Context(), now())
		return err
	}
	byName := strings.Replace(inside.URL, "127.0.0.1", "localhost", 1)
	const metadata = "http://169.254.169.254/latest/meta-data/"
	for _, row := range []struct {
		name    string
		public  bool
		trusted bool
		address string
		says    string // "" when it may
	}{
		{"a private network", false, false, inside.URL, ""},
		{"a private network, forbidden", true, false, inside.URL, "--board-private=false"},
		{"by a name, forbidden", true, false, byName, "--board-private=false"},
		{"a file of the board", true, true, inside.URL, ""},
		{"what clouds tell their machines", false, false, metadata, "link-local"},
	} {
		err := read(Kinds{Public: row.public}, row.trusted, row.address)
		if (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.says)
		}
	}
	redirect := httptest.NewServer(http.RedirectHandler(metadata, http.StatusFound))
	defer redirect.Close()
	if err := read(Kinds{}, false, redirect.URL); err == nil || !strings.Contains(err.Error(), "link-local") {
		t.Errorf("a redirect leads around it: %v", err)
	}
	if err := (Kinds{Public: true}).CheckSource(monitor.BoardSource{Type: "json", Settings: json.RawMessage(`{"url":"https://x.example.com","proxy":"http://proxy.example.com:3128"}`)}, false); err == nil {
		t.Error("a proxy leads around it")
	}
}

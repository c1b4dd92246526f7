package rules_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/event"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
	"wingmirror/web/rules"
)

// nothing stands in for the parts of the house that this room does not use.
type nothing struct {
	web.Monitors
	web.Library
	web.History
	web.Tester
	web.ScriptChecker
	web.Fetcher
	web.Source
}

// noIncidents has another name than its method, so that the method is promoted.
type noIncidents interface{ web.Incidents }

// quietDesk takes reports and keeps none.
type quietDesk struct{}

func (quietDesk) Report(context.Context, monitor.Watched, monitor.Outcome, *monitor.Detail) (monitor.Change, error) {
	return monitor.Change{}, nil
}

func (quietDesk) Retire(context.Context, monitor.Watched, monitor.Reason, string, time.Time) error {
	return nil
}

func (quietDesk) OpenStates(context.Context) ([]monitor.State, error) { return nil, nil }

// house is the room over a real store and stream, at one moment.
type house struct {
	http.Handler
	db   *store.DB
	live *event.Live
	book *event.Book
}

func now() time.Time { return time.Date(2026, 5, 30, 12, 0, 0, 0, time.UTC) }

func newHouse(t *testing.T, file string) *house {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "w.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	log := slog.New(slog.DiscardHandler)
	h := &house{db: db, live: event.NewLive(event.LiveOptions{Events: db, Windows: db, Desk: quietDesk{}, Log: log, Now: now, Keep: 7 * 24 * time.Hour})}
	h.book = event.NewBook(h.live, db, now, log)
	if err := h.book.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n nothing
	h.Handler, err = web.New(web.Options{
		Monitors: n, Library: n, History: n, Incidents: struct{ noIncidents }{}, Tester: n, Scripts: n, Fetcher: n, Source: n,
		Rooms: []web.Room{rules.Room{Book: h.book, Live: h.live, Store: db, File: file, Base: "http://wingmirror.example.com"}}, Now: now, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// want asks, with headers as pairs of name and value in the method after spaces.
func (h *house) want(t *testing.T, method, path, body string, status int, parts ...string) string {
	t.Helper()
	words := strings.Fields(method)
	r := httptest.NewRequest(words[0], path, strings.NewReader(body))
	if strings.HasPrefix(path, "/api/") {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 1; i+1 < len(words); i += 2 {
		r.Header.Set(words[i], words[i+1])
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	if out.Code != status {
		t.Errorf("%s %s %.200s: %d, want %d: %.500s", method, path, body, out.Code, status, out.Body)
	}
	for _, part := range parts {
		if !strings.Contains(out.Body.String(), part) {
			t.Errorf("%s %s: %q is not in %.800s", method, path, part, out.Body)
		}
	}
	return out.Body.String()
}

// disk is an event of a minute ago, with further JSON fields.
func disk(server string, value float64, more string) string {
	return fmt.Sprintf(`{"service": "Shop", "server": %q, "component": "Disk", "value": %g, "timestamp": %d, "active": true%s}`, server, value, now().Unix()-60, more)
}

// put saves a rules file over a version.
func put(text string, version int) string {
	body, _ := json.Marshal(map[string]any{"text": text, "version": version})
	return string(body)
}

const diskRules = "severities:\n  page: {level: critical}\nrules:\n  - {name: Disk, severity: page, description: Make room., condition: component == \"Disk\" and value > 0.9, threshold: 90%}\n"

func TestPush_TakesEventsInEveryForm(t *testing.T) {
	h := newHouse(t, "")
	one := disk("a", 0.5, "")
	for name, body := range map[string]string{"one": one, "array": "[" + one + "," + one + "]", "lines": one + "\r\n" + one + "\n\n", "byte order mark": "\ufeff" + one} {
		for _, path := range []string{"/events", "/api/v1/events"} {
			n := strings.Count(body, "Shop")
			h.want(t, "POST", path, body, 200, fmt.Sprintf(`"accepted":%d`, n), `"set_aside":[]`)
			_ = name
		}
	}
	for _, kind := range []string{"text/plain", "application/x-ndjson", "application/x-www-form-urlencoded", "application/octet-stream"} {
		h.want(t, "POST Content-Type "+kind, "/events", one, 200, `"accepted":1`)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, one+"\n"+one)
	_ = z.Close()
	for _, path := range []string{"/events", "/api/v1/events"} {
		h.want(t, "POST Content-Encoding gzip", path, packed.String(), 200, `"accepted":2`)
		h.want(t, "POST Content-Encoding gzip", path, one, 422, "not packed with gzip")
		h.want(t, "POST Content-Encoding gzip", path, packed.String()[:packed.Len()-9], 422, "cut off")
		h.want(t, "POST Content-Encoding br", path, one, 415, "gzip")
	}
}

func TestPush_NamesWhatIsWrongAndTakesTheRest(t *testing.T) {
	h := newHouse(t, "")
	good := disk("a", 0.5, "")
	for name, c := range map[string]struct {
		body   string
		status int
		parts  []string
	}{
		"a wrong line":          {good + "\nnonsense\n" + good, 200, []string{`"accepted":2`, `"index":1,"line":2,"reason":"this is not JSON`}},
		"a wrong item":          {"[" + good + ",\n" + strings.Replace(good, "0.5", "NaN", 1) + ",\n" + good + "]", 200, []string{`"accepted":2`, `"line":2`, "not JSON"}},
		"a missing field":       {good + "\n" + strings.Replace(good, `"component"`, `"componet"`, 1), 200, []string{`"accepted":1`, "component: it is missing; is componet meant to be it?"}},
		"a text for a number":   {good + "\n" + strings.Replace(good, "0.5", `"0.5"`, 1), 200, []string{`value: it must be a number, not the text \"0.5\"`}},
		"milliseconds":          {good + "\n" + strings.Replace(good, fmt.Sprint(now().Unix()-60), fmt.Sprint(now().UnixMilli()), 1), 200, []string{"milliseconds"}},
		"an hour ahead":         {good + "\n" + strings.Replace(good, fmt.Sprint(now().Unix()-60), fmt.Sprint(now().Unix()+3600), 1), 200, []string{"is 1h ahead; set the sender"}},
		"a year ago":            {good + "\n" + strings.Replace(good, fmt.Sprint(now().Unix()-60), fmt.Sprint(now().Unix()-366*86400), 1), 200, []string{"longer ago than the 7d"}},
		"nothing right":         {`{"service": 5}` + "\n" + `[`, 422, []string{"events[0]", "service: it must be a text"}},
		"an array that is open": {"[" + good, 422, []string{"a ] is missing"}},
		"nothing":               {"", 422, []string{"the body holds no event; send for example"}},
		"an empty array":        {"[]", 422, []string{"the body holds no event"}},
		"in their order":        {strings.Replace(good, fmt.Sprint(now().Unix()-60), "1", 1) + "\nx\n" + good, 200, []string{`"set_aside":[{"index":0,`, `},{"index":1,`}},
	} {
		t.Run(name, func(t *testing.T) {
			h.want(t, "POST", "/events", c.body, c.status, c.parts...)
			if c.body != "" { // of which the API's description says that it is required
				h.want(t, "POST", "/api/v1/events", c.body, c.status, c.parts...)
			}
		})
	}
	h.want(t, "POST", "/events", "["+strings.Repeat(" ", 17<<20)+"]", 413, "16 MB")
}

func TestPush_CountsAnIdOnce(t *testing.T) {
	h := newHouse(t, "")
	body := disk("a", 1, `, "id": "x"`) + "\n" + disk("b", 1, `, "id": 7`)
	h.want(t, "POST", "/events", body, 200, `"accepted":2,"duplicates":0`)
	h.want(t, "POST", "/events", body, 200, `"accepted":0,"duplicates":2`)
}

func TestRules_AreSavedFireAndAreShown(t *testing.T) {
	h := newHouse(t, "")
	h.want(t, "GET", "/rules", "", 200, "Rules", "Most servers loaded") // what a file may begin with
	h.want(t, "PUT", "/api/v1/rules", put(diskRules, 0), 200, `"version":1`)
	h.want(t, "POST", "/events", disk("a<b>", 0.95, "")+"\n"+disk("c", 0.5, ""), 200)
	h.want(t, "GET", "/api/v1/rules", "", 200, `"version":1`, `"rules":1`, `"keys":2`, `"subject":"rule/Disk/Shop/a<b>"`, `"level":"critical"`, "threshold 90%")
	page := h.want(t, "GET", "/rules", "", 200, "Make room.", "a&lt;b&gt;")
	if strings.Contains(page, "a<b>") {
		t.Error("what was sent is not escaped")
	}
	h.want(t, "POST", "/events", disk("a<b>", 0.1, ""), 200)
	h.want(t, "GET", "/api/v1/rules", "", 200, `"firing":[]`)
}

func TestRules_WhatIsWrongStaysOut(t *testing.T) {
	h := newHouse(t, "")
	h.want(t, "PUT", "/api/v1/rules", put(diskRules, 0), 200)
	h.want(t, "PUT", "/api/v1/rules", put(diskRules+"# other\n", 0), 409)
	h.want(t, "PUT", "/api/v1/rules", put(strings.Replace(diskRules, "value > 0.9", "vlaue > 0.9", 1), 1), 422, "did you mean value?")
	check := func(text string) string {
		body, _ := json.Marshal(map[string]string{"text": text})
		return string(body)
	}
	h.want(t, "POST", "/api/v1/rules/check", check("rules: [{name: a, severity: x}]\nrule: 5"), 200, `"line":1,"column"`, `there is no severity`, "did you mean rules?", "rules[0].severity")
	h.want(t, "POST", "/api/v1/rules/check", check(diskRules), 200, `"problems":[]`)
	h.want(t, "GET", "/api/v1/rules", "", 200, `"version":1`)
	followed := newHouse(t, "/etc/rules.yaml")
	followed.want(t, "PUT", "/api/v1/rules", put(diskRules, 0), 403, "followed from /etc/rules.yaml")
	followed.want(t, "GET", "/rules", "", 200, "/etc/rules.yaml")
}

func TestRules_VersionsAreKept(t *testing.T) {
	h := newHouse(t, "")
	for i := range 3 {
		h.want(t, "PUT", "/api/v1/rules", put(fmt.Sprintf("%s# %d\n", diskRules, i), i), 200)
	}
	h.want(t, "GET", "/api/v1/rules/versions?limit=2", "", 200, `"version":3`, `"version":2`)
	h.want(t, "GET", "/api/v1/rules/versions?before=2", "", 200, `"version":1`)
	h.want(t, "GET", "/api/v1/rules/versions/2", "", 200, `# 1\n`)
	h.want(t, "GET", "/api/v1/rules/versions/9", "", 404)
}

func TestPreview_SaysWhatWouldHaveFired(t *testing.T) {
	h := newHouse(t, "")
	h.want(t, "POST", "/events", disk("a", 0.95, "")+"\n"+disk("b", 0.95, "")+"\n"+disk("b", 0.1, "")+"\n"+disk("c", 0.85, ""), 200)
	body := func(text string) string {
		data, _ := json.Marshal(map[string]any{"text": text})
		return string(data)
	}
	h.want(t, "POST", "/api/v1/rules/preview", body(diskRules), 200, `"events":4`, `"all":true`, `"fired":2,"firing":1`, `"key":"Shop/a"`)
	h.want(t, "POST", "/api/v1/rules/preview", body(strings.Replace(diskRules, "0.9,", "0.8,", 1)), 200, `"fired":3,"firing":2`)
	h.want(t, "POST", "/api/v1/rules/preview", body("rules: 5"), 200, `"problems":[{"line":1`, `"rules":[]`)
	h.want(t, "POST", "/api/v1/rules/preview", body(diskRules+"tests:\n  - {name: t, rule: Disk, events: [{service: S, server: w, component: Disk, value: 1}], alerts: []}\n"), 200,
		`"tests":[{"name":"t","line":`, "fired, but was not asked for")
	h.want(t, "GET", "/api/v1/rules", "", 200, `"version":0`, `"firing":[]`)
}

func TestEvents_AreSearchedAndDrawn(t *testing.T) {
	h := newHouse(t, "")
	h.want(t, "POST", "/events", disk("a", 0.25, `, "region": "eu_100%"`)+"\n"+disk("b", 0.75, "")+"\n"+`{"service": "Shop", "component": "Disk", "value": 1, "timestamp": `+fmt.Sprint(now().Unix()-30)+`, "active": false}`, 200)
	h.want(t, "GET", "/api/v1/events?server=a", "", 200, `"region":"eu_100%"`)
	if got := h.want(t, "GET", "/api/v1/events?q=u_1__%25", "", 200); strings.Contains(got, "eu_100") {
		t.Errorf("_ and %% are no wildcards: %s", got)
	}
	h.want(t, "GET", "/api/v1/events?q=EU_100%25", "", 200, "eu_100%")
	h.want(t, "GET", "/api/v1/events?limit=1", "", 200, `"seq":3`)
	h.want(t, "GET", "/api/v1/events?before=3&limit=1", "", 200, `"seq":2`)
	h.want(t, "GET", "/api/v1/events?limit=5000", "", 422, "limit")
	h.want(t, "GET", "/api/v1/events/series?service=Shop&component=Disk", "", 200, `"label":"Shop"`, `"label":"a"`, `0.25]`, `"step":2`)
	h.want(t, "GET", "/api/v1/events/series?service=Shop", "", 422, "component")
	h.want(t, "GET", "/api/v1/events/series?service=Shop&component=Disk&from=2026-05-30T12:00:00Z&until=2026-05-30T11:00:00Z", "", 422, "from")
	h.want(t, "GET", "/rules/events", "", 200, "region", "Shop")
	h.want(t, "GET", "/rules/events?service=Shop&component=Disk&hours=NaN", "", 200, "Shop")
	h.want(t, "GET", "/api/v1/rules/words", "", 200, "keep_firing_for", `"region"`, "Shop")
}

func TestEvents_TheEmptyPageSaysWhatToDo(t *testing.T) {
	newHouse(t, "").want(t, "GET", "/rules/events", "", 200, "http://wingmirror.example.com/events", "curl")
}

package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

// scenario is one request and what must come of it.
type scenario struct {
	name     string
	method   string
	path     string
	body     string
	header   map[string]string
	status   int
	contains []string
	lacks    []string
}

func (sc scenario) run(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(sc.method, "http://127.0.0.1"+sc.path, strings.NewReader(sc.body))
	if sc.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range sc.header {
		r.Header.Set(k, v)
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	body := out.Body.String()
	if out.Code != sc.status {
		t.Errorf("%s: %d, want %d\n%s", sc.name, out.Code, sc.status, body)
	}
	for _, part := range sc.contains {
		if !strings.Contains(body, part) {
			t.Errorf("%s: the answer lacks %q\n%.600s", sc.name, part, body)
		}
	}
	for _, part := range sc.lacks {
		if strings.Contains(body, part) {
			t.Errorf("%s: the answer holds %q\n%.600s", sc.name, part, body)
		}
	}
	return out
}

const valid = `{"name": "Orders", "schedule": "* * * * *", "targets": ["shop.checkout.conversions"], "script": "puts(1)", "alerts": ["mailto:a@example.com"],
	"repeat": "90m", "failures": 3, "recheck": "20s", "keep_firing": "5m", "warnings": "off", "faults": "on", "params": {"limit": 3}, "active": true}`

func TestAPI_MonitorsLive(t *testing.T) {
	w := newWorld(t, time.Now)
	h := handler(t, w.options())
	for _, sc := range []scenario{
		{name: "empty list", method: "GET", path: "/api/v1/monitors", status: 200, contains: []string{`"monitors":[]`}},
		{name: "create", method: "POST", path: "/api/v1/monitors", body: valid, status: 201, contains: []string{`"id":1`, `"version":1`, `"repeat":"1h30m"`, `"params":{"limit":3}`, `"recheck":"20s"`}},
		{name: "list", method: "GET", path: "/api/v1/monitors?q=ord", status: 200, contains: []string{`"name":"Orders"`, `"matches":1`}},
		{name: "list without match", method: "GET", path: "/api/v1/monitors?q=nothing", status: 200, contains: []string{`"monitors":[]`}},
		{name: "all wrong fields at once", method: "POST", path: "/api/v1/monitors", status: 422,
			body:     `{"name": "", "schedule": "61 * * * *", "targets": ["sum(a"], "minutes": -1, "alerts": ["x"], "repeat": "soon", "recheck": "y", "warnings": "maybe"}`,
			contains: []string{"body.name", "body.schedule", "body.targets[0]", "body.minutes", "body.alerts[0]", "body.repeat", "body.recheck", "body.warnings", "application", "Mend"}[:8]},
		{name: "a script that does not parse, beside other errors", method: "POST", path: "/api/v1/monitors", status: 422,
			body: `{"name": "", "schedule": "* * * * *", "script": "puts(1)\nx((("}`, contains: []string{"body.name", "body.script", "line 2, column 2"}},
		{name: "unknown field", method: "POST", path: "/api/v1/monitors", status: 422, body: `{"name": "x", "shedule": "* * * * *"}`, contains: []string{"body.shedule", "did you mean schedule?"}},
		{name: "unknown and wrong fields together, without an echo", method: "POST", path: "/api/v1/monitors", status: 422,
			body:     `{"shedule": "* * * * *", "zzz": 1, "minutes": "x", "alerts": ["secret:key"], "repeat": "soon", "script": "((("}`,
			contains: []string{"did you mean schedule?", "body.zzz", "the keys are active, alerts", "body.name", "body.minutes", "body.alerts[0]", "body.repeat", "body.script", "Cannot be used as it is", "Mend what errors lists"}, lacks: []string{`"script":"((("`, "* * * * *", `"value":{"shedule`}},
		{name: "an unknown field deep inside", method: "POST", path: "/api/v1/test-run", status: 422, body: `{"monitor": {"target": ["a"]}}`, contains: []string{"body.monitor.target", "did you mean targets?"}},
		{name: "no JSON", method: "POST", path: "/api/v1/monitors", status: 400, body: `{`, contains: []string{"Cannot be read", "this is no JSON"}},
		{name: "no body", method: "POST", path: "/api/v1/monitors", status: 400, contains: []string{"Send one JSON object"}},
		{name: "another form", method: "POST", path: "/api/v1/monitors", status: 415, body: `name=x`, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, contains: []string{"Content-Type: application/json"}},
		{name: "replace with If-Match", method: "PUT", path: "/api/v1/monitors/1", body: valid, header: map[string]string{"If-Match": `"1"`}, status: 200, contains: []string{`"version":2`}},
		{name: "replace an old version", method: "PUT", path: "/api/v1/monitors/1", body: valid, header: map[string]string{"If-Match": `"1"`}, status: 412, contains: []string{"GET it"}},
		{name: "replace with the body's old version", method: "PUT", path: "/api/v1/monitors/1", body: strings.Replace(valid, "{", `{"version": 1, `, 1), status: 409},
		{name: "replace without a version", method: "PUT", path: "/api/v1/monitors/1", body: valid, status: 422, contains: []string{"If-Match"}},
		{name: "nonsense in If-Match", method: "PUT", path: "/api/v1/monitors/1", body: valid, header: map[string]string{"If-Match": `"abc"`}, status: 422},
		{name: "pause", method: "POST", path: "/api/v1/monitors/1/disable", status: 200, contains: []string{`"active":false`}},
		{name: "enable", method: "POST", path: "/api/v1/monitors/1/enable", status: 200, contains: []string{`"active":true`}},
		{name: "pause many, all or none", method: "POST", path: "/api/v1/monitors/active", body: `{"ids": [1, 99], "active": false}`, status: 404},
		{name: "still active", method: "GET", path: "/api/v1/monitors/1", status: 200, contains: []string{`"active":true`}},
		{name: "pause many", method: "POST", path: "/api/v1/monitors/active", body: `{"ids": [1], "active": false}`, status: 204},
		{name: "versions", method: "GET", path: "/api/v1/monitors/1/versions", status: 200, contains: []string{`"author":"local"`}},
		{name: "one version, and where the next page begins", method: "GET", path: "/api/v1/monitors/1/versions?limit=1", status: 200, contains: []string{`"version":5`, `"next":5`}},
		{name: "the last page of versions", method: "GET", path: "/api/v1/monitors/1/versions?limit=1&before=2", status: 200, contains: []string{`"versions":[{"version":1`}, lacks: []string{`"next"`}},
		{name: "a save that does not say active leaves it alone", method: "PUT", path: "/api/v1/monitors/1", body: strings.Replace(valid, `, "active": true`, "", 1), header: map[string]string{"If-Match": `"5"`}, status: 200, contains: []string{`"active":false`}},
		{name: "a new monitor runs unless it is told not to", method: "POST", path: "/api/v1/monitors", body: strings.Replace(valid, `, "active": true`, "", 1), status: 201, contains: []string{`"active":true`}},
		{name: "a new monitor that is told not to", method: "POST", path: "/api/v1/monitors", body: strings.Replace(valid, `"active": true`, `"active": false`, 1), status: 201, contains: []string{`"active":false`}},
		{name: "delete an old version", method: "DELETE", path: "/api/v1/monitors/1", header: map[string]string{"If-Match": `"1"`}, status: 412},
		{name: "delete", method: "DELETE", path: "/api/v1/monitors/1", status: 204},
		{name: "gone", method: "GET", path: "/api/v1/monitors/1", status: 404, contains: []string{`"status":404`}},
		{name: "no such route", method: "GET", path: "/api/v1/nothing", status: 404, contains: []string{`"title":"Not found"`}},
	} {
		sc.run(t, h)
	}
}

func TestAPI_StoredPolicySurvivesASaveFromThePage(t *testing.T) {
	w := newWorld(t, time.Now)
	h := handler(t, w.options())
	scenario{name: "create", method: "POST", path: "/api/v1/monitors", body: valid, status: 201}.run(t, h)
	before := w.monitors[1]
	out := scenario{name: "get", method: "GET", path: "/api/v1/monitors/1", status: 200}.run(t, h)
	scenario{name: "put back", method: "PUT", path: "/api/v1/monitors/1", body: out.Body.String(), status: 200}.run(t, h)
	after := w.monitors[1]
	want := monitor.Policy{Repeat: 90 * time.Minute, Failures: 3, Recheck: 20 * time.Second, KeepFiring: 5 * time.Minute, Warnings: monitor.Off, Faults: monitor.On}
	if before.Policy != want || after.Policy != want {
		t.Errorf("policy %+v, then %+v, want %+v", before.Policy, after.Policy, want)
	}
}

func TestAPI_TestRunStoresNothing(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	runs := len(w.runs[1])
	for _, sc := range []scenario{
		{name: "critical", method: "POST", path: "/api/v1/test-run", status: 200,
			body:     `{"monitor": {"name": "", "targets": ["a.b", "missing.c"], "script": "puts(1)\nthrow \"bad\"", "alerts": ["mailto:a@example.com"]}}`,
			contains: []string{`"level":"critical"`, `"message":"bad"`, `"line":2`, `"status":"missing"`, `"letter":"b"`, `"to":"mailto:a@example.com","what":"fire"`, `"decision":"sent: an incident began"`}},
		{name: "default graph has gaps", method: "POST", path: "/api/v1/test-run", status: 200, body: `{"monitor": {"name": "", "targets": ["a.b"]}}`, contains: []string{`"label":"a.b"`, `,null]`}},
		{name: "a saved monitor that is critical already", method: "POST", path: "/api/v1/test-run", status: 200,
			body: `{"monitor": {"id": 1, "name": "x", "targets": ["a.b"], "script": "throw \"bad\""}, "at": "2026-01-02T03:04:05Z"}`, contains: []string{`"at":"2026-01-02T03:04:05Z"`}},
		{name: "a target that does not parse", method: "POST", path: "/api/v1/test-run", status: 422, body: `{"monitor": {"name": "", "targets": ["sum(a"]}}`, contains: []string{"body.targets[0]"}},
		{name: "preview", method: "POST", path: "/api/v1/preview", status: 200, body: `{"targets": ["a.b", "# no", "", "x.failed"], "minutes": 60}`, contains: []string{`"status":"ok"`, `"spark":[`, "unknown function"}},
		{name: "syntax error", method: "POST", path: "/api/v1/check-script", status: 200, body: `{"script": "let a\n b((( "}`, contains: []string{`"line":2`, `"column":3`}},
		{name: "no syntax error", method: "POST", path: "/api/v1/check-script", status: 200, body: `{"script": "1"}`, lacks: []string{"error"}},
		{name: "our own failure stays in the log", method: "POST", path: "/api/v1/check-script", status: 500, body: `{"script": "our fault"}`, contains: []string{"log has the cause"}, lacks: []string{"secret"}},
	} {
		sc.run(t, h)
	}
	if len(w.runs[1]) != runs {
		t.Error("a test run was stored")
	}
}

func TestAPI_Schedule(t *testing.T) {
	at := time.Date(2026, 10, 24, 21, 0, 0, 0, time.UTC)
	h := handler(t, newWorld(t, func() time.Time { return at }).options())
	for _, sc := range []scenario{
		{name: "daily over the change of clocks", method: "GET", path: "/api/v1/schedule?spec=30+2+*+*+*&zone=Europe/Berlin", status: 200, contains: []string{`"next":["2026-10-25T02:30:00+02:00"`, `"2026-10-26T02:30:00+01:00"`, "Clocks go back by 1 h before"}},
		{name: "both wrong", method: "GET", path: "/api/v1/schedule?spec=99+*+*+*+*&zone=Mars", status: 422, contains: []string{"body.schedule", "body.timezone"}},
		{name: "the machine's own zone is nobody's business", method: "GET", path: "/api/v1/schedule?spec=@daily&zone=Local", status: 422},
	} {
		sc.run(t, h)
	}
}

func TestAPI_History(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	at := w.runs[1][40].At.UTC().Format(time.RFC3339)
	for _, sc := range []scenario{
		{name: "runs", method: "GET", path: "/api/v1/monitors/1/runs?limit=2", status: 200, contains: []string{at, `"next":`}},
		{name: "run", method: "GET", path: "/api/v1/monitors/1/runs/" + at, status: 200, contains: []string{`"kept":true`, `"label":"limit"`}},
		{name: "no such run", method: "GET", path: "/api/v1/monitors/1/runs/2001-01-01T00:00:00Z", status: 404},
		{name: "incidents", method: "GET", path: "/api/v1/incidents?limit=2", status: 200, contains: []string{`"id":3`, `"next":2`}},
		{name: "deliveries", method: "GET", path: "/api/v1/deliveries", status: 200, contains: []string{"event_action", "pagerduty:…cdef"}, lacks: []string{"pagerduty:0123"}},
		{name: "find", method: "GET", path: "/api/v1/source/find?query=shop.*", status: 200, contains: []string{`"path":"shop.checkout"`}},
		{name: "functions", method: "GET", path: "/api/v1/source/functions", status: 200, contains: []string{"sumSeries"}},
		{name: "stdlib", method: "GET", path: "/api/v1/stdlib", status: 200, contains: []string{"with_metrics"}},
	} {
		sc.run(t, h)
	}
}

func TestAPI_DocumentDescribesEveryOperation(t *testing.T) {
	h := handler(t, newWorld(t, time.Now).options())
	out := scenario{name: "document", method: "GET", path: "/api/v1/openapi.json", status: 200}.run(t, h)
	var document struct {
		Paths map[string]map[string]struct {
			Summary string `json:"summary"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(out.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Paths) < 15 {
		t.Errorf("only %d paths", len(document.Paths))
	}
	for path, methods := range document.Paths {
		for method, o := range methods {
			if o.Summary == "" {
				t.Errorf("%s %s has no summary", method, path)
			}
		}
	}
}

func TestServer_RefusesChangesFromOtherSites(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	for _, header := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}} {
		scenario{name: "from elsewhere", method: "POST", path: "/api/v1/monitors/1/disable", header: header, status: 403, contains: []string{"another site"}}.run(t, h)
	}
	if m := w.monitors[1]; !m.Active {
		t.Error("the change was made")
	}
}

func TestServer_AssetsAreCachedForEverByTheirContent(t *testing.T) {
	h := handler(t, newWorld(t, time.Now).options())
	body := get(h, "/").Body.String()
	start := strings.Index(body, "/assets/site-")
	path := body[start : start+strings.IndexByte(body[start:], '"')]
	out := get(h, path, "Accept-Encoding", "gzip")
	if out.Code != 200 || out.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(out.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("GET %s: %d %v", path, out.Code, out.Header())
	}
	again := get(h, path, "Accept-Encoding", "gzip", "If-None-Match", out.Header().Get("ETag"))
	if again.Code != http.StatusNotModified {
		t.Errorf("asked again with the ETag: %d, want 304", again.Code)
	}
	if plain := get(h, "/assets/site.css"); strings.Contains(plain.Header().Get("Cache-Control"), "immutable") {
		t.Error("the name without a hash is cached for ever")
	}
}

package histograms_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/distribution"
	"wingmirror/histogram/expiry"
	"wingmirror/histogram/medusa"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
	"wingmirror/web/histograms"
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

type house struct {
	http.Handler
	db      *store.DB
	touched []string
}

func now() time.Time { return time.Date(2026, 5, 30, 12, 0, 0, 0, time.UTC) }

// fakeBuilds knows one day.
type fakeBuilds struct{}

func (fakeBuilds) Of(_ context.Context, date string) (medusa.Changes, error) {
	if date != "2026-05-20" {
		return medusa.Changes{}, monitor.ErrUnavailable
	}
	return medusa.Changes{First: "20260520100000", Last: "20260520100000", Link: "https://hg.example.com/log"}, nil
}

func newHouse(t *testing.T) *house {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "w.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h := &house{db: db}
	room := histograms.Room{
		Probes: db, Periods: db, Regressions: db, Received: db, Touch: func(name string) { h.touched = append(h.touched, name) },
		Retire: func(context.Context, monitor.Probe, string) error { return nil },
		Calendar: func() (expiry.Calendar, error) {
			return expiry.Calendar{"50.0a1": "2026-06-20", "40.0a1": "2026-01-01"}, nil
		},
		Alerts: []string{"list@example.com"}, Builds: fakeBuilds{}, Base: "http://wingmirror.example.com",
	}
	var n nothing
	h.Handler, err = web.New(web.Options{
		Monitors: n, Library: n, History: n, Incidents: struct{ noIncidents }{}, Tester: n, Scripts: n, Fetcher: n, Source: n,
		Rooms: []web.Room{room}, Now: now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) ask(method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if strings.HasPrefix(path, "/api/") {
		r.Header.Set("Content-Type", "application/json")
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return out
}

func (h *house) want(t *testing.T, method, path, body string, status int, parts ...string) *httptest.ResponseRecorder {
	t.Helper()
	out := h.ask(method, path, body)
	if out.Code != status {
		t.Errorf("%s %s %s: %d, want %d: %s", method, path, body, out.Code, status, out.Body)
	}
	for _, part := range parts {
		if !strings.Contains(out.Body.String(), part) {
			t.Errorf("%s %s: %q is not in %s", method, path, part, out.Body)
		}
	}
	return out
}

func TestPush_StoresEveryFormAndHasItLookedAt(t *testing.T) {
	h := newHouse(t)
	h.want(t, "POST", "/histograms/A", `{"at": "2026-05-29", "edges": [0, 1, 2], "counts": [3, 4]}`, 200, `"values":7`)
	h.want(t, "POST", "/histograms/A", `[{"cumulative": {"1": 5, "+Inf": 7}}, {"at": "2026-05-28", "sparse": {"0": 2, "1": 4}}]`, 200)
	h.want(t, "POST", "/histograms/A", `{"at": "2026-05-29", "edges": [0, 1, 2], "counts": [1, 1], "add": true}`, 200)
	periods, err := h.db.Periods(t.Context(), "A", time.Time{})
	if err != nil || len(periods) != 3 || periods[1].Total() != 9 {
		t.Errorf("%v %v", err, periods)
	}
	if len(h.touched) != 3 {
		t.Errorf("touched %v", h.touched)
	}
	h.want(t, "GET", "/api/v1/histograms/A?since=2026-05-30", "", 200, `"edges":[0,1,null]`)
	h.want(t, "GET", "/api/v1/histograms/A?since=2026-05-30", "", 200, `"period":"1d"`)
}

func TestPush_BadInputNamesTheFieldAndStoresNothing(t *testing.T) {
	h := newHouse(t)
	for body, want := range map[string]string{
		`{"edges": [0, 1], "counts": [-1]}`:                                 `"location":"body.counts[0]"`,
		`[{"edges": [0, 1], "counts": [1]}, {"edges": [0], "counts": [1]}]`: `"location":"body.[1].edges"`,
		`[]`: "send between 1 and 1000 histograms",
		`{"at": "soon", "edges": [0, 1], "counts": [1]}`: `\"soon\" is no time`,
	} {
		h.want(t, "POST", "/histograms/A", body, 422, want)
	}
	h.want(t, "POST", "/histograms/A", `{"edges": [0, 1], "counts": [NaN]}`, 400, "is no valid JSON at byte")
	h.want(t, "POST", "/histograms/A", `{"edges": [0, 1], "cou`, 400, "the JSON ends in the middle")
	h.want(t, "POST", "/histograms/A%20B", `{"edges": [0, 1], "counts": [1]}`, 422, "is not a name for a histogram")
	if probes, _ := h.db.Probes(t.Context()); len(probes) > 0 {
		t.Errorf("stored %v", probes)
	}
}

// withRegression stores a histogram with a name that is markup, and a regression of it.
func withRegression(t *testing.T, h *house) {
	t.Helper()
	h.want(t, "PUT", "/api/v1/histograms/GC_MS", `{"description": "<b>time</b>", "unit": "ms", "better": "lower", "owners": ["ann@example.com"], "expires": "50"}`, 200)
	d := distribution.Histogram{Edges: []float64{0, 1, 2, 4}, Counts: []float64{.5, .3, .2}}
	after := distribution.Histogram{Edges: d.Edges, Counts: []float64{.2, .3, .5}}
	at := time.Date(2026, 5, 20, 0, 0, 0, 0, time.UTC)
	for i := range 20 {
		p := monitor.HistogramPeriod{At: at.AddDate(0, 0, i-10), Span: 24 * time.Hour, Histogram: d}
		if i >= 10 {
			p.Histogram = after
		}
		if err := h.db.PutPeriods(t.Context(), "GC_MS", []monitor.HistogramPeriod{p}, false, now()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := h.db.MergeRegressions(t.Context(), "GC_MS", []monitor.Regression{{
		Name: "GC_MS", At: at, Span: 24 * time.Hour, Seen: at.AddDate(0, 0, 2), Method: "default", Shape: monitor.StepChange, Moved: monitor.MovedUp,
		Welcome: monitor.Off, Size: .8, Relative: .5, KS: .3, JS: .2, Votes: []string{"wasserstein"}, Before: d, After: after, Samples: [2]float64{1000, 300},
	}}, 7, now())
	if err != nil {
		t.Fatal(err)
	}
}

func TestPages_ShowARegressionFromEverySide(t *testing.T) {
	h := newHouse(t)
	h.want(t, "GET", "/histograms", "", 200, "No histogram yet")
	withRegression(t, h)
	sentence := "p50 rose from 1 to 2 ms since 2026-05-20; values are 0.8 ms higher on average (worse)"
	h.want(t, "GET", "/histograms", "", 200, `id="2026-05-20"`, `href="/regressions/1"`, sentence, "<svg class=\"h-chart\"", "&lt;b&gt;time&lt;/b&gt;")
	h.want(t, "GET", "/histograms?q=gc&from=2026-05-20&to=2026-05-20", "", 200, sentence)
	h.want(t, "GET", "/histograms?q=other", "", 200, "No regression matches")
	h.want(t, "GET", "/histograms?to=2026-05-19", "", 200, "No regression yet")
	h.want(t, "GET", "/histograms?from=x", "", 422, "is no date")
	h.want(t, "GET", "/regressions/1", "", 200, sentence, "Over time", "p95", "wasserstein", "Nobody has judged it yet")
	h.want(t, "GET", "/regressions/1?scale=log", "", 200, `href="/regressions/1?scale=log" aria-current="true"`)
	h.want(t, "GET", "/regressions/9", "", 404)
	h.want(t, "GET", "/regressions/x", "", 404)
	h.want(t, "GET", "/histograms/GC_MS", "", 200, "Definition", `value="50"`, "released on 2026-06-20", `href="/regressions/1"`)
	h.want(t, "GET", "/histograms/NONE", "", 404)
}

func TestJudge_FeedsTheReportOfPrecision(t *testing.T) {
	h := newHouse(t)
	withRegression(t, h)
	h.want(t, "POST", "/api/v1/regressions/1/judge", `{"verdict": "noise", "note": "a test"}`, 200, `"verdict":"noise"`)
	h.want(t, "POST", "/api/v1/regressions/1/judge", `{"verdict": "perhaps"}`, 422)
	h.want(t, "GET", "/api/v1/regressions/precision", "", 200, `"noise":1`, `"precision":0`)
	h.want(t, "GET", "/histograms", "", 200, "Precision", "0 %")
	h.want(t, "GET", "/api/v1/regressions?verdict=none", "", 200, `"regressions":[]`)
	h.want(t, "GET", "/api/v1/regressions/1", "", 200, `"before":{"edges":[0,1,2,4]`)
}

func TestExpiring_IsAPageAndAnOperation(t *testing.T) {
	h := newHouse(t)
	withRegression(t, h)
	h.want(t, "PUT", "/api/v1/histograms/OLD", `{"expires": "40"}`, 200)
	h.want(t, "GET", "/expiring", "", 200, "GC_MS", "2026-06-20", "OLD", "nobody")
	h.want(t, "GET", "/api/v1/expiring", "", 200, `"upcoming":[{"histogram":"GC_MS","version":"50.0a1","date":"2026-06-20"`, `"expired":[{"histogram":"OLD"`)
	h.want(t, "GET", "/api/v1/expiring?limit=1", "", 200, `"expired":[]`, `"next":"1 2026-06-20 GC_MS"`)
	h.want(t, "GET", "/api/v1/expiring?limit=1&after=1+2026-06-20+GC_MS", "", 200, `"upcoming":[]`, `"expired":[{"histogram":"OLD"`)
	h.want(t, "GET", "/api/v1/regressions?before=yesterday", "", 422, `"location":"query.before"`)
}

func TestDefinitions_AreReadFromTheOlderFile(t *testing.T) {
	h := newHouse(t)
	h.want(t, "PUT", "/api/v1/histograms/A", `{"unit": "ms", "ignored": "yes"}`, 200)
	h.want(t, "POST", "/api/v1/histograms/definitions", `{"A": {"alert_emails": ["a@example.com"], "description": "d", "expires_in_version": "50"}, "tabs": {"count": {"description": "s"}}}`, 200, `"saved":["A","SCALARS_TABS.COUNT"]`)
	if p, err := h.db.Probe(t.Context(), "A"); err != nil || p.Unit != "ms" || !p.Ignored || p.Expires != "50" || len(p.Owners) != 1 {
		t.Errorf("%v %+v", err, p)
	}
	h.want(t, "POST", "/api/v1/histograms/definitions", `{"A": {"alert_emails": ["not an address"]}}`, 422)
	h.want(t, "POST", "/api/v1/histograms/definitions", `[1]`, 422)
	h.want(t, "POST", "/api/v1/histograms/definitions", `{"A":`, 400, "the JSON ends in the middle")
	h.want(t, "DELETE", "/api/v1/histograms/A", "", 204)
	h.want(t, "DELETE", "/api/v1/histograms/A", "", 404)
}

func TestReceiver_AnswersAsMedusaDid(t *testing.T) {
	h := newHouse(t)
	h.want(t, "GET", "/medusa/detectors/", "", 404)
	h.want(t, "POST", "/medusa/detectors/", `{"name": "D"}`, 422)
	h.want(t, "POST", "/medusa/detectors/", `{"name": "D", "url": "u", "more": "x"}`, 422)
	if out := h.want(t, "POST", "/medusa/detectors/", `{"name": "D", "url": "u"}`, 201); strings.TrimSpace(out.Body.String()) != `{"id":1}` {
		t.Errorf("got %s", out.Body)
	}
	h.want(t, "POST", "/medusa/detectors/", `{"name": "D", "url": "u"}`, 422)
	h.want(t, "GET", "/medusa/detectors/?name=D", "", 200, `"id":1`, `"url":"u"`)
	h.want(t, "POST", "/medusa/detectors/1/metrics/", `{"name": "GC_MS", "description": "d"}`, 201)
	h.want(t, "POST", "/medusa/detectors/1/metrics/", `{"name": "GC_MS", "description": "d"}`, 422)
	h.want(t, "POST", "/medusa/detectors/9/metrics/", `{"name": "GC_MS", "description": "d"}`, 404)
	h.want(t, "POST", "/medusa/subscriptions", `{"op": "subscribe", "email": "sub@example.com", "detector-id": 1, "metrics-filter": "^GC"}`, 200)
	h.want(t, "POST", "/medusa/subscriptions", `{"op": "subscribe", "email": "sub@example.com", "detector-id": 1, "metrics-filter": "("}`, 422)
	alerts := "/medusa/detectors/1/metrics/1/alerts/"
	graph, _ := json.Marshal(`{"type": "graph", "title": "GC_MS", "buckets": [0, 1, 2], "series": [0.2, 0.3, 0.5], "reference_series": [0.5, 0.3, 0.2], "link": "http://t.example.com/"}`)
	h.want(t, "POST", alerts, `{"date": "2026-05-20", "description": "x"}`, 422)
	h.want(t, "POST", alerts, `{"date": "2026-05-20", "emails": "own@example.com", "description": `+string(graph)+`}`, 201, `{"id":1}`)
	h.want(t, "POST", alerts, `{"date": "2026-05-20", "emails": "", "description": "again"}`, 422)
	h.want(t, "POST", alerts, `{"date": "2026-05-21", "emails": "", "description": "<script>alert(1)</script>"}`, 201)
	h.want(t, "GET", alerts+"?from=2026-05-21&to=2026-05-21", "", 200, `"id":2`, `"metric_name":"GC_MS"`)
	h.want(t, "GET", "/medusa/detectors/1/alerts/?date=2026-05-19", "", 404)
	h.want(t, "GET", "/medusa/status", "", 200, "ok")
	if out := h.want(t, "GET", "/medusa/", "", 302); out.Header().Get("Location") != "index.html" {
		t.Errorf("leads to %s", out.Header().Get("Location"))
	}
	h.want(t, "GET", "/medusa/nope", "", 404, "Page not found")
	due, err := h.db.DueMails(t.Context(), now(), 10)
	var to []string
	for _, m := range due {
		to = append(to, m.To)
	}
	if err != nil || strings.Join(to, " ") != "list@example.com own@example.com sub@example.com list@example.com sub@example.com" {
		t.Fatalf("%v, mails to %v", err, to)
	}
	if with, without := due[0].Body, due[3].Body; !strings.Contains(with, "(20260520100000)") || !strings.Contains(with, "https://hg.example.com/log") || strings.Contains(without, "hg.example.com") {
		t.Errorf("with builds:\n%s\nwithout:\n%s", with, without)
	}
	h.want(t, "GET", "/received", "", 200, "<svg", "http://t.example.com/", "&lt;script&gt;", "sub@example.com")
}

func TestForwarder_PostsWhatIsNewToAnother(t *testing.T) {
	here, there := newHouse(t), newHouse(t)
	posts, broken := 0, false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if posts++; broken {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		there.ServeHTTP(w, r)
	}))
	defer server.Close()
	f := medusa.Forwarder{Findings: here.db, Poster: medusa.Poster{Base: server.URL + "/medusa"}, Base: "http://here.example.com/", Now: now, Log: slog.New(slog.DiscardHandler)}
	forward := func() {
		t.Helper()
		if err := f.Forward(t.Context()); err != nil {
			t.Error(err)
		}
	}
	withRegression(t, here)
	broken = true
	if err := f.Forward(t.Context()); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("got %v", err)
	}
	broken = false
	forward()
	there.want(t, "GET", "/medusa/detectors/1/alerts/", "", 200, `"date":"2026-05-20"`, `"metric_name":"GC_MS"`, `http://here.example.com/regressions/1`)
	due, err := there.db.DueMails(t.Context(), now(), 10)
	if err != nil || len(due) != 2 || due[0].To != "ann@example.com" {
		t.Errorf("%v, mails: %+v", err, due)
	}
	before := posts
	if forward(); posts != before {
		t.Errorf("with nothing new there were %d requests", posts-before)
	}
	f = medusa.Forwarder{Findings: here.db, Poster: f.Poster, Now: now, Log: f.Log} // as after a start
	forward()
	if due, _ := there.db.DueMails(t.Context(), now(), 10); len(due) != 2 {
		t.Errorf("after a start there are %d mails", len(due))
	}

	silent := newHouse(t) // what nobody is to be told of is not posted
	withRegression(t, silent)
	silent.want(t, "PUT", "/api/v1/histograms/GC_MS", `{"ignored": "yes"}`, 200)
	judged := newHouse(t)
	withRegression(t, judged)
	judged.want(t, "POST", "/api/v1/regressions/1/judge", `{"verdict": "noise"}`, 200)
	there = newHouse(t)
	for _, h := range []*house{silent, judged} {
		f = medusa.Forwarder{Findings: h.db, Poster: f.Poster, Now: now, Log: f.Log}
		forward()
	}
	there.want(t, "GET", "/medusa/detectors/1/metrics/", "", 200, "GC_MS")
	there.want(t, "GET", "/medusa/detectors/1/alerts/", "", 404)
}

func TestReceiver_EndsSubscriptionsAndDetectors(t *testing.T) {
	h := newHouse(t)
	h.want(t, "POST", "/medusa/detectors/", `{"name": "D", "url": "u"}`, 201)
	h.want(t, "POST", "/medusa/detectors/1/metrics/", `{"name": "GC_MS", "description": "d"}`, 201)
	const one, all = `"email": "sub@example.com", "detector-id": 1, "metric-id": 1}`, `"email": "sub@example.com", "detector-id": 1, "metrics-filter": ".*"}`
	for _, what := range []string{one, all} {
		h.want(t, "POST", "/medusa/subscriptions", `{"op": "subscribe", `+what, 200)
	}
	h.want(t, "POST", "/medusa/subscriptions", `{"op": "unsubscribe", `+one, 200)
	h.want(t, "POST", "/medusa/subscriptions", `{"op": "unsubscribe", `+one, 404)
	if out := h.want(t, "GET", "/medusa/subscriptions?email=sub@example.com", "", 200, `"metrics-filter":".*"`); strings.Contains(out.Body.String(), `"metric-id":1`) {
		t.Errorf("still there: %s", out.Body)
	}
	h.want(t, "DELETE", "/medusa/detectors/1", "", 204)
	h.want(t, "DELETE", "/medusa/detectors/1", "", 404)
	for _, list := range []string{"detectors/", "detectors/1/metrics/", "subscriptions"} {
		h.want(t, "GET", "/medusa/"+list, "", 404)
	}
}

func TestCases_MedusaContract(t *testing.T) {
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("WINGMIRROR_CASES names no directory of recorded cases")
	}
	data, err := os.ReadFile(filepath.Join(dir, "medusa", "http_contract.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Request, Body, Location string
		Status                  int
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	const detector, metric, alert = `{"name":"a","url":"b"}`, `{"name":"m","description":"d"}`, `{"description":"{}","date":"2015-05-25","emails":""}`
	bodies := map[string][3]string{ // what the case's words stand for
		"POST /detectors/ {name,url}":                                   {"POST", "/detectors/", detector},
		"POST /detectors/ {name} (a key missing or extra)":              {"POST", "/detectors/", `{"name":"c"}`},
		"POST /detectors/ same name again":                              {"POST", "/detectors/", detector},
		"POST /detectors/1/metrics/ {name,description}":                 {"POST", "/detectors/1/metrics/", metric},
		"POST /detectors/1/metrics/ same name again":                    {"POST", "/detectors/1/metrics/", metric},
		"POST /detectors/1/metrics/1/alerts/ {description,date,emails}": {"POST", "/detectors/1/metrics/1/alerts/", alert},
		"same metric and date again":                                    {"POST", "/detectors/1/metrics/1/alerts/", alert},
		"POST alerts without emails key":                                {"POST", "/detectors/1/metrics/1/alerts/", `{"description":"{}","date":"2015-05-26"}`},
	}
	h := newHouse(t)
	for _, row := range rows {
		ask, ok := bodies[row.Request]
		if !ok {
			method, path, _ := strings.Cut(row.Request, " ")
			ask = [3]string{method, path, ""}
		}
		out := h.ask(ask[0], "/medusa"+ask[1], ask[2])
		if out.Code != row.Status || row.Body != "" && strings.TrimSpace(out.Body.String()) != row.Body || out.Header().Get("Location") != row.Location {
			t.Errorf("%s: %d %s %s, want %+v", row.Request, out.Code, out.Body, out.Header().Get("Location"), row)
		}
	}
}

func TestReceiver_IsBounded(t *testing.T) {
	h := newHouse(t)
	h.want(t, "POST", "/medusa/detectors/", `{"url": "u", "name": "`+strings.Repeat("x", 1001)+`"}`, 422)
	h.want(t, "POST", "/medusa/detectors/", `{"name": "D", "url": "u"}`, 201)
	h.want(t, "POST", "/medusa/detectors/1/metrics/", `{"name": "M", "description": "d"}`, 201)
	many := make([]string, 501)
	for i := range many {
		many[i] = fmt.Sprintf("a%d@example.com", i)
	}
	h.want(t, "POST", "/medusa/detectors/1/metrics/1/alerts/", `{"date": "2026-05-20", "description": "x", "emails": "`+strings.Join(many, ",")+`"}`, 422)
	h.want(t, "POST", "/medusa/detectors/1/metrics/1/alerts/", `{"date": "2026-05-20", "description": "`+strings.Repeat("x", 1<<20)+`", "emails": ""}`, 422)
}

func TestRoutes_WhatOnlySendsTakesNothingAway(t *testing.T) {
	for _, r := range (histograms.Room{}).Routes(web.Host{}) {
		if r.Method == http.MethodDelete && (r.Need != monitor.RoleEditor || r.Scope != "") {
			t.Errorf("%s %s needs %q with the scope %q", r.Method, r.Pattern, r.Need, r.Scope)
		}
		if r.Method != http.MethodGet && r.Need != monitor.RoleEditor {
			t.Errorf("%s %s needs %q", r.Method, r.Pattern, r.Need)
		}
	}
}

package boards_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/web/boards"
)

// given reads a file of the cases, and skips without them.
func given(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("WINGMIRROR_CASES names no directory of cases")
	}
	data, err := os.ReadFile(filepath.Join(dir, "defcon", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// olderWorld is the configuration of the cases as a board's file, with the
// answers that its sources got.
func olderWorld(t *testing.T) *world {
	t.Helper()
	mock := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v2/alerts/groups":
			w.Write(given(t, "alertmanager_groups_run.json"))
		case "/api/simple/production/":
			fmt.Fprint(w, `{"name":"Production","contact":"p@x","link":"https://wiki.example/production","defcon":2,"description":"d"}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(mock.Close)
	var config struct {
		Components map[string]struct {
			Name, Description, Link, Contact string
			Plugins                          []struct {
				Plugin, Name string
				Config       map[string]any
			}
		}
	}
	if err := json.Unmarshal(given(t, "run_config.json"), &config); err != nil {
		t.Fatal(err)
	}
	var components []map[string]any
	for _, id := range slices.Sorted(maps.Keys(config.Components)) {
		c := config.Components[id]
		var sources []map[string]any
		for _, p := range c.Plugins {
			s := map[string]any{"type": p.Plugin, "name": p.Name}
			for key, value := range p.Config {
				switch key {
				case "statuses":
					s["rationales"] = rationales(value.([]any))
				case "api", "url":
					s["url"] = strings.Replace(value.(string), "http://127.0.0.1:9393", mock.URL, 1)
				case "defcon":
					s["level"] = value
				default:
					s[key] = value
				}
			}
			sources = append(sources, s)
		}
		components = append(components, map[string]any{"id": id, "name": c.Name, "description": c.Description, "link": c.Link, "contact": c.Contact, "sources": sources})
	}
	text, err := json.Marshal(map[string]any{"components": components}) // which is YAML, too
	if err != nil {
		t.Fatal(err)
	}
	return newWorld(t, string(text), func(r *boards.Room) { r.Open = true })
}

func rationales(statuses []any) []any {
	for _, one := range statuses {
		s := one.(map[string]any)
		s["level"] = s["defcon"]
		delete(s, "defcon")
	}
	return statuses
}

// volatile are the parts of an answer that differ from run to run, or by design:
// hosts, times, counters of a run, and what docs/board.md lists.
func same(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, one := range v {
			switch key {
			case "time_start", "time_end", "created_on", "modified_on", "success_on", "failure_on":
				out[key] = one != nil
			case "success", "failure":
				out[key] = one.(float64) > 0
			case "config", "statuses":
				out[key] = "differs"
			default:
				out[key] = same(one)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = same(one)
		}
		return out
	case string:
		return regexp.MustCompile(`^http://127\.0\.0\.1:\d+/api/`).ReplaceAllString(v, "/api/")
	}
	return value
}

func TestOlderAPI_GivenAnswers(t *testing.T) {
	w := olderWorld(t)
	rows := map[string]string{
		"/api/": "get_api.json", "/api/simple/": "get_api_simple.json", "/api/simple/chained/": "get_api_simple_chained.json",
		"/api/simple/overridden/": "get_api_simple_overridden.json", "/api/simple/production/": "get_api_simple_production.json",
		"/api/components/production/": "get_api_components_production.json", "/api/defcon/": "get_api_defcon.json",
		"/api/defcon/broken/": "get_api_defcon_broken.json", "/api/defcon/nope/": "get_api_defcon_nope.json",
		"/api/defcon/observability/": "get_api_defcon_observability.json", "/api/defcon/overridden/": "get_api_defcon_overridden.json",
		"/api/defcon/production/": "get_api_defcon_production.json", "/api/plugin_instance/": "get_api_plugin_instance.json",
	}
	for path, file := range rows {
		a := w.ask("GET", path, "", "")
		var got, want any
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Errorf("%s: %s", path, a.body)
			continue
		}
		if err := json.Unmarshal(given(t, file), &want); err != nil {
			t.Fatal(err)
		}
		g, _ := json.MarshalIndent(same(got), "", " ")
		e, _ := json.MarshalIndent(same(want), "", " ")
		if string(g) != string(e) {
			t.Errorf("%s:\ngot  %s\nwant %s", path, g, e)
		}
	}
}

func TestOlderAPI_StatusesOfSourcesHaveTheSameUUIDs(t *testing.T) {
	w := olderWorld(t)
	body := w.ask("GET", "/api/defcon/overridden/", "", "").json(t)
	statuses := body["statuses"].([]any)
	if len(statuses) != 1 {
		t.Fatalf("statuses: %v", statuses)
	}
	s := statuses[0].(map[string]any)
	if s["title"] != "We know" || s["override"] != true || !strings.HasSuffix(s["url"].(string), "/api/status/27faface-d5db-5726-b2e2-1c4884586ff3/") || s["metadata"].(map[string]any)["foo"] != "bar" {
		t.Errorf("got %v", s)
	}
	all := w.ask("GET", "/api/status/?limit=100", "", "").json(t)
	var urls []string
	for _, one := range all["results"].([]any) {
		urls = append(urls, one.(map[string]any)["url"].(string))
	}
	for _, want := range []string{"baa158db-8bf5-52bb-b414-f62b6776b6a6", "209b4bd2-f6d8-5e32-a985-6b0ffc4653ea", "db8d20c3-4f02-5b82-bf25-abd5ba81b428", "320da202-fda7-5e69-b145-6ae81e3d3211"} {
		if !slices.ContainsFunc(urls, func(u string) bool { return strings.Contains(u, want) }) {
			t.Errorf("no status %s in %v", want, urls)
		}
		if a := w.ask("GET", "/api/status/"+want+"/", "", ""); a.status != 200 {
			t.Errorf("%s: %d", want, a.status)
		}
	}
}

func TestOlderAPI_Transcript(t *testing.T) {
	w := olderWorld(t)
	id := func(a answer) string { return a.json(t)["url"].(string) }
	steps := []struct {
		method, path, as, body string
		status                 int
		want                   string
	}{
		{"POST", "/api/status/", "", `{"title":"Freeze","link":"http://x/f","defcon":1,"override":true}`, 403, `{"detail":"Authentication credentials were not provided."}`},
		{"POST", "/api/status/", "basic:wrong", `{}`, 403, `{"detail":"Invalid username/password."}`},
		{"POST", "/api/status/", w.token, `{"title":"Freeze","link":"http://x/f","defcon":1,"override":true}`, 400, `{"link":["Enter a valid URL."]}`},
		{"POST", "/api/status/", w.token, `{"title":"bad","link":"nolink","defcon":7}`, 400, `{"defcon":["Ensure this value is less than or equal to 5."],"link":["Enter a valid URL."]}`},
		{"POST", "/api/status/", w.token, `{}`, 400, `{"link":["This field is required."],"title":["This field is required."]}`},
		{"POST", "/api/status/", w.token, `{"title":"` + strings.Repeat("x", 61) + `","link":"http://x/","defcon":0}`, 400,
			`{"defcon":["Ensure this value is greater than or equal to 1."],"link":["Enter a valid URL."],"title":["Ensure this field has no more than 60 characters."]}`},
		{"POST", "/api/plugin_instance/", w.token, `{"name":"manual","plugin":"http://h/api/plugin/static/","statuses":[""]}`, 400, `{"statuses":["Invalid hyperlink - No URL match."]}`},
		{"PATCH", "/api/components/observability/", w.token, `{"plugins":[""]}`, 400, `{"plugins":["Invalid hyperlink - No URL match."]}`},
		{"GET", "/api/simple/observability/", "", "", 200, `{"name":"Observability","contact":"obs@example.net","link":"https://wiki.example/obs","defcon":5,"description":""}`},
		{"PUT", "/api/defcon/observability/", w.token, `{}`, 405, `{"detail":"Method \"PUT\" not allowed."}`},
		{"PUT", "/api/simple/observability/", w.token, `{}`, 405, `{"detail":"Method \"PUT\" not allowed."}`},
		{"POST", "/api/components/", w.token, `{"id":"bad-id","name":"n","link":"http://x/","contact":"notmail"}`, 400, `{"contact":["Enter a valid email address."],"link":["Enter a valid URL."]}`},
		{"POST", "/api/components/", w.token, `{"name":"n","link":"http://x/","contact":"a@b.co","plugins":[]}`, 400, `{"link":["Enter a valid URL."]}`},
		{"GET", "/api/components/newone/", "", "", 404, `{"detail":"Not found."}`},
		{"GET", "/api/simple/production/?format=yaml", "", "", 404, `{"detail":"Not found."}`},
		{"GET", "/api/simple/production.json", "", "", 200, ""},
		{"GET", "/api/simple.json", "", "", 200, `"count":5`},
		{"GET", "/api/simple/?limit=2&offset=2", "", "", 200, `"next":"` + w.URL + `/api/simple/?limit=2&offset=4"`},
		{"OPTIONS", "/api/simple/observability/", "", "", 200, `"name":"Simple Instance"`},
	}
	for _, step := range steps {
		a := w.ask(step.method, step.path, step.as, step.body)
		body := strings.ReplaceAll(a.body, `\u0026`, "&")
		if a.status != step.status || !strings.Contains(body, step.want) {
			t.Errorf("%s %s %s: got %d %s, want %d %s", step.method, step.path, step.body, a.status, body, step.status, step.want)
		}
	}

	created := w.ask("POST", "/api/status/", "basic:"+w.token, `{"title":"Freeze","link":"http://x.example/f","defcon":1,"override":true}`)
	if created.status != 201 || created.json(t)["description"] != nil || created.json(t)["metadata"] != nil {
		t.Fatalf("create a status: %d %s", created.status, created.body)
	}
	statusURL := id(created)
	window := w.ask("POST", "/api/status/", w.token, `{"title":"Window","link":"http://x.example/w","defcon":2,"time_start":"2030-01-01T00:00:00Z","time_end":"2030-01-02T00:00:00Z"}`).json(t)
	if window["time_start"] != "2030-01-01T00:00:00Z" || window["time_end"] != "2030-01-02T00:00:00Z" {
		t.Errorf("a planned window: %v", window)
	}
	instance := w.ask("POST", "/api/plugin_instance/", w.token, `{"name":"manual","plugin":"`+w.URL+`/api/plugin/static/","statuses":["`+statusURL+`"]}`)
	if instance.status != 201 || instance.json(t)["statuses"].([]any)[0] != statusURL {
		t.Fatalf("create an instance: %d %s", instance.status, instance.body)
	}
	bound := w.ask("PATCH", "/api/components/observability/", w.token, `{"plugins":["`+id(instance)+`"]}`)
	if bound.status != 200 || bound.json(t)["plugins"].([]any)[0] != id(instance) {
		t.Fatalf("bind it: %d %s", bound.status, bound.body)
	}
	level := func(want string) {
		t.Helper()
		if body := w.ask("GET", "/api/simple/observability/", "", "").body; !strings.Contains(body, `"defcon":`+want) {
			t.Errorf("got %s, want level %s", body, want)
		}
	}
	level("1")
	path := strings.TrimPrefix(statusURL, w.URL)
	if a := w.ask("PATCH", path, w.token, `{"defcon":4}`); a.status != 200 {
		t.Errorf("change the status: %d %s", a.status, a.body)
	}
	level("4")
	if body := w.ask("GET", "/api/defcon/observability/", "", "").body; !strings.Contains(body, statusURL) {
		t.Errorf("the status is not among those of the component: %s", body)
	}
	if a := w.ask("PATCH", "/api/components/observability/", w.token, `{"plugins":[]}`); a.status != 200 {
		t.Errorf("unbind: %d %s", a.status, a.body)
	}
	level("5")
	if a := w.ask("DELETE", path, w.token, ""); a.status != 204 {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	if a := w.ask("GET", path, "", ""); a.status != 404 {
		t.Errorf("after it was deleted: %d %s", a.status, a.body)
	}
	if a := w.ask("POST", "/api/components/", w.token, `{"id":"newone","name":"New one","link":"http://x.example/","contact":"a@b.co"}`); a.status != 201 || w.board.Look().Node("newone") == nil {
		t.Errorf("make a component: %d %s", a.status, a.body)
	}
	if a := w.ask("PATCH", "/api/components/production/", w.token, `{"name":"Other"}`); a.status != 400 {
		t.Errorf("change one of a file: %d %s", a.status, a.body)
	}
}

func TestOlderAPI_WhatIsPushedOutlivesTheRunsOfSources(t *testing.T) {
	w := olderWorld(t)
	created := w.ask("POST", "/api/status/", w.token, `{"title":"Freeze","link":"http://x.example/f","defcon":1,"override":true}`)
	instance := w.ask("POST", "/api/plugin_instance/", w.token, `{"name":"manual","plugin":"/api/plugin/static/","statuses":["`+created.json(t)["url"].(string)+`"]}`)
	if a := w.ask("PATCH", "/api/components/production/", w.token, `{"plugins":["`+instance.json(t)["url"].(string)+`"]}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if err := w.board.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := w.board.Look().Node("production")
	if n.Level != monitor.DC1 || !n.Rationales[0].Active(time.Now()) || len(n.Sources) != 3 {
		t.Errorf("production is %v with %d sources", n.Level, len(n.Sources))
	}
}

func TestOlder_HEADReadsAndNeverWrites(t *testing.T) {
	w := newWorld(t, files, nil)
	for _, path := range []string{"/api/status/", "/api/components/production/", "/api/simple/production/"} {
		if got := w.ask("HEAD", path, w.gate, ""); got.status != http.StatusOK {
			t.Errorf("HEAD %s with a token that may read: %d", path, got.status)
		}
	}
}

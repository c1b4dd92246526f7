package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

// wholeLists are the operations that answer with a list, or with one thing that
// has lists at its top, and know no parts; each with the reason.
func wholeLists() map[string]string {
	const one = "it is one thing, and a save bounds what it holds"
	const run = "it is one run, and its limits bound what it holds"
	return map[string]string{
		"/api/v1/board/{component}": one, "/api/v1/components/{id}": one, "/api/v1/dashboards/{name}": one, "/api/v1/heartbeats/{key}": one,
		"/api/v1/monitors/{id}": one, "/api/v1/regressions/{id}": one, "/api/v1/silences/{id}": one, "/api/v1/me": one, "/api/v1/me/preferences": one,
		"/api/v1/monitors/{id}/runs/{at}": run, "/api/v1/monitors/{id}/runs/{at}/recording": run,
		"/api/v1/deliveries/{id}":         "attempts end after some hours",
		"/api/v1/board":                   "it is a tree, parents before their children: a look at one moment",
		"/api/v1/costs":                   "it is a ranking of a moment; limit says how far down",
		"/api/v1/events/series":           "its span is a parameter",
		"/api/v1/histograms/{name}":       "its span is a parameter, since",
		"/api/v1/monitors/{id}/timeline":  "its span is a parameter",
		"/api/v1/heartbeats/{key}/beats":  "1000 are kept of each heartbeat, as many as limit can ask for",
		"/api/v1/heartbeats/{key}/events": "500 are kept of each heartbeat, as many as limit can ask for",
		"/api/v1/levels":                  "there are five levels",
		"/api/v1/regressions/precision":   "there is one for each method of detection",
		"/api/v1/rules":                   "it is one file, with what its rules fire for",
		"/api/v1/rules/words":             "the words are the program's; names that were seen are for completion only",
		"/api/v1/schedule":                "it says the next ten times",
		"/api/v1/source/find":             "it is one level of the metrics source's tree, which knows no parts",
		"/api/v1/source/functions":        "they are the metrics source's own",
		"/api/v1/stdlib":                  "what scripts can call is a part of the program",
	}
}

type documentSchema struct {
	Ref        string                    `json:"$ref"`
	Type       any                       `json:"type"`
	Properties map[string]documentSchema `json:"properties"`
}

type documentParameter struct{ Name, In string }

type apiDocument struct {
	Paths map[string]struct {
		Get *struct {
			Parameters []documentParameter `json:"parameters"`
			Responses  map[string]struct {
				Content map[string]struct {
					Schema documentSchema `json:"schema"`
				} `json:"content"`
			} `json:"responses"`
		} `json:"get"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]documentSchema `json:"schemas"`
	} `json:"components"`
}

// object follows a reference.
func (d apiDocument) object(s documentSchema) documentSchema {
	if s.Ref == "" {
		return s
	}
	return d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
}

// lists says which arrays an answer has at its top.
func (d apiDocument) lists(s documentSchema) (names []string) {
	s = d.object(s)
	if strings.Contains(fmt.Sprint(s.Type), "array") {
		return []string{"it"}
	}
	for name, p := range s.Properties {
		if strings.Contains(fmt.Sprint(p.Type), "array") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// reply sends a request of this machine to a server's handler.
func reply(s *server, path string) *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr, r.Host = "127.0.0.1:9", "127.0.0.1"
	s.handler.ServeHTTP(out, r)
	return out
}

func TestTree_EveryListOfTheAPIIsReadInParts(t *testing.T) {
	s := allRooms(t)
	var d apiDocument
	if err := json.Unmarshal(reply(s, "/api/v1/openapi.json").Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	whole, parts := wholeLists(), 0
	for path, item := range d.Paths {
		if item.Get == nil {
			continue
		}
		answer := item.Get.Responses["200"].Content["application/json"].Schema
		lists := d.lists(answer)
		if len(lists) == 0 {
			continue
		}
		if whole[path] != "" {
			delete(whole, path)
			continue
		}
		parts++
		has := func(name string) bool {
			return slices.ContainsFunc(item.Get.Parameters, func(p documentParameter) bool { return p.In == "query" && p.Name == name })
		}
		_, next := d.object(answer).Properties["next"]
		if !has("limit") || !has("offset") && !((has("before") || has("after")) && next) {
			t.Errorf("%s answers with %v: it needs limit, a cursor and next (or a reason in wholeLists)", path, lists)
		}
		if out := reply(s, strings.NewReplacer("{id}", "1", "{component}", "x").Replace(path)+"?limit=1000000"); out.Code != http.StatusUnprocessableEntity || !strings.Contains(out.Body.String(), `"query.limit"`) {
			t.Errorf("%s with a limit beyond its own: %d %s", path, out.Code, out.Body)
		}
	}
	for path := range whole {
		t.Errorf("%s has a reason to know no parts, and is no list that lacks them", path)
	}
	if parts < 20 {
		t.Errorf("only %d lists were found", parts)
	}
}

func TestTree_AListIsReadToItsEndWhileItsThingsGo(t *testing.T) {
	s := allRooms(t)
	const path = "/api/v1/dashboards"
	for _, name := range []string{"d", "a", "c", "b"} {
		if _, err := s.db.CreateDashboard(t.Context(), monitor.Dashboard{Name: name}, "ann", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for after := ""; len(names) < 10; {
		var page struct {
			Dashboards []struct{ Name string }
			Next       string
		}
		out := reply(s, path+"?limit=1&after="+after)
		if err := json.Unmarshal(out.Body.Bytes(), &page); err != nil || len(page.Dashboards) != 1 {
			t.Fatal(err, out.Body)
		}
		names = append(names, page.Dashboards[0].Name)
		if page.Next == "" {
			break
		}
		after = page.Next
		if err := s.db.DeleteDashboard(t.Context(), after); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(names, ""); got != "abcd" {
		t.Errorf("read %q", got)
	}
}

func TestRemote_SilencesAreReadPageForPage(t *testing.T) {
	pages := map[string]string{"0": `{"silences":[{"id":9},{"id":8}],"next":8}`, "8": `{"silences":[{"id":3}]}`}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, pages[r.URL.Query().Get("before")])
	}))
	defer s.Close()
	got, err := (&remote{server: s.URL}).silences(t.Context())
	if err != nil || fmt.Sprintf("%s", got) != `[{"id":9} {"id":8} {"id":3}]` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestTree_PartsTogetherAreTheWholeList(t *testing.T) {
	s := allRooms(t)
	for _, c := range []struct{ path, field, cursor, body string }{
		{"/api/v1/heartbeats", "heartbeats", "after", `{"space": "ops-%d", "name": "a/b %d", "schedule": "never"}`},
		{"/api/v1/heartbeat-keys", "keys", "after", `{"space": "ops", "name": "same"}`},
		{"/api/v1/contacts", "contacts", "after", `{"name": "ops-%d", "members": ["mailto:ann@example.com"]}`},
		{"/api/v1/silences", "silences", "before", `{"subjects": ["heartbeat/ops/%d"], "until": "` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `", "reason": "x"}`},
	} {
		for i := range 3 {
			body := strings.NewReader(strings.ReplaceAll(c.body, "%d", fmt.Sprint(i)))
			r := httptest.NewRequest(http.MethodPost, c.path, body)
			r.RemoteAddr, r.Host = "127.0.0.1:9", "127.0.0.1"
			r.Header.Set("Content-Type", "application/json")
			out := httptest.NewRecorder()
			if s.handler.ServeHTTP(out, r); out.Code != http.StatusCreated {
				t.Fatalf("%s: %d %s", c.path, out.Code, out.Body)
			}
		}
		read := func(query string) (items []string, next string) {
			var page map[string]json.RawMessage
			var list []json.RawMessage
			out := reply(s, c.path+query)
			if err := errors.Join(json.Unmarshal(out.Body.Bytes(), &page), json.Unmarshal(page[c.field], &list)); err != nil {
				t.Fatal(c.path, query, err, out.Body)
			}
			for _, one := range list {
				var key struct{ Key string }
				if json.Unmarshal(one, &key) == nil && key.Key != "" && c.field == "keys" && strings.Contains(string(page["next"]), key.Key) {
					t.Errorf("%s: the cursor shows a key: %s", c.path, page["next"])
				}
				items = append(items, string(one))
			}
			return items, strings.Trim(string(page["next"]), `"`)
		}
		whole, next := read("")
		if len(whole) != 3 || next != "" {
			t.Errorf("%s: %d at once, next %q", c.path, len(whole), next)
		}
		var parts []string
		for query := "?limit=1"; len(parts) < 9; {
			part, next := read(query)
			if parts = append(parts, part...); next == "" {
				break
			}
			query = "?" + url.Values{"limit": {"1"}, c.cursor: {next}}.Encode()
		}
		if !slices.Equal(parts, whole) {
			t.Errorf("%s: the parts are\n%s\nthe whole list is\n%s", c.path, parts, whole)
		}
	}
}

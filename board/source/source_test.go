package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

// now is a time at which the alerts of the cases are active.
func now() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// casesDir returns where cases with known answers are, and skips without them.
func casesDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("WINGMIRROR_CASES names no directory of cases")
	}
	return filepath.Join(dir, "defcon")
}

// answers serves fixed bodies by path.
func answers(t *testing.T, bodies map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// readOf opens a source and reads it once.
func readOf(t *testing.T, k Kinds, kind string, settings map[string]any) ([]monitor.Rationale, error) {
	t.Helper()
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Open(monitor.BoardSource{Name: kind, Type: kind, Settings: raw}, true)
	if err != nil {
		t.Fatalf("open %s: %v", kind, err)
	}
	return s.Read(t.Context(), now())
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(casesDir(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAlertmanager_GivenAnswers(t *testing.T) {
	url := answers(t, map[string]string{"/api/v2/alerts/groups": fixture(t, "alertmanager_groups_run.json")})
	rows := []struct {
		name     string
		settings map[string]any
		level    monitor.DC
		dc       string
	}{
		{"by receiver, fixed level", map[string]any{"url": url, "receiver": "default", "level": 3}, monitor.DC3, "dc=dc1"},
		{"by label, level of a label", map[string]any{"url": url, "labels": map[string]any{"dc": "dc2"}, "level": "level_n"}, monitor.DC4, "dc=dc2"},
		{"by pattern, level of a table", map[string]any{"url": url, "labels": map[string]any{"dc": "~.*2"}, "level": map[string]any{"field": "severity", "page": "DC2"}}, monitor.DC2, "dc=dc2"},
	}
	for _, row := range rows {
		all, err := readOf(t, Kinds{}, "alertmanager", row.settings)
		if err != nil || len(all) != 1 {
			t.Errorf("%s: %v, %v; want one rationale", row.name, all, err)
			continue
		}
		r := all[0]
		if r.Level != row.level || r.Title != "ExampleAlertAlwaysFiring" || !strings.Contains(r.Description, row.dc) || !strings.HasPrefix(r.Link, "http://demo.robustperception.io:9090/graph") {
			t.Errorf("%s: %+v", row.name, r)
		}
		if r.End.Year() != 2099 || r.Start.Year() != 2019 {
			t.Errorf("%s: from %v until %v", row.name, r.Start, r.End)
		}
	}
	if all, err := readOf(t, Kinds{}, "alertmanager", map[string]any{"url": url}); err != nil || len(all) != 2 {
		t.Errorf("the silenced alert counts, or a rule's two alerts became one: %v, %v", all, err)
	}
}

func TestAlertmanager_OlderAnswers(t *testing.T) {
	rows := []struct {
		file string
		want int
	}{{"spec_alertmanager_v1_0.14.json", 4}, {"spec_alertmanager_v1_older.json", 3}, {"spec_alertmanager.json", 0}}
	for _, row := range rows {
		url := answers(t, map[string]string{"/api/v2/alerts/groups": fixture(t, row.file)})
		all, err := readOf(t, Kinds{}, "alertmanager", map[string]any{"url": url, "receiver": "default", "level": "DC2"})
		if err != nil || len(all) != row.want {
			t.Errorf("%s: %d rationales, %v; want %d", row.file, len(all), err, row.want)
		}
		ids := map[string]bool{}
		for _, r := range all {
			ids[r.ID] = true
		}
		if len(ids) != row.want {
			t.Errorf("%s: %d IDs for %d alerts of one rule", row.file, len(ids), row.want)
		}
	}
}

func TestJira_GivenAnswer(t *testing.T) {
	url := answers(t, map[string]string{"/rest/api/2/search": fixture(t, "spec_jira_search.json")})
	all, err := readOf(t, Kinds{}, "jira", map[string]any{"url": url, "jql": "project = FOO", "level": "DC2"})
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	if r := all[0]; r.ID != "FOO-1" || r.Title != "FOO-1 - Test" || r.Link != url+"/browse/FOO-1" || r.Level != monitor.DC2 {
		t.Errorf("got %+v", r)
	}
}

func TestEndpoint_GivenAnswers(t *testing.T) {
	url := answers(t, map[string]string{
		"/good": fixture(t, "spec_endpoint_fields.json"), "/bad": fixture(t, "spec_endpoint_err.json"),
		"/ours": `{"status":{"component":"shop","code":2,"start_date":"2026-01-01T00:00:00Z"},"stale":true,"DC2":[]}`,
	})
	all, err := readOf(t, Kinds{}, "endpoint", map[string]any{"url": url + "/good"})
	if err != nil || len(all) != 1 || all[0].Title != "Test" || all[0].Level != monitor.DC5 || all[0].Link != "https://confluence/test+foo" || all[0].Description != "foo" {
		t.Errorf("good: %+v, %v", all, err)
	}
	if all, err := readOf(t, Kinds{}, "endpoint", map[string]any{"url": url + "/bad"}); err == nil {
		t.Errorf("an answer without a level was taken for %v", all)
	}
	all, err = readOf(t, Kinds{}, "endpoint", map[string]any{"url": url + "/ours"})
	if err != nil || len(all) != 1 || all[0].Title != "shop" || all[0].Level != monitor.DC2 || !strings.Contains(all[0].Description, "out of date") {
		t.Errorf("ours: %+v, %v", all, err)
	}
}

func TestStoredID_GivenCases(t *testing.T) {
	var cases struct {
		Links   map[string]string `json:"status_id_from_link_uuid5_url_namespace"`
		Strings map[string]string `json:"status_id_from_string_id_uuid5_defcon_namespace"`
		Stored  []struct {
			Link   string `json:"status_link"`
			Number int    `json:"plugin_instance_id"`
			ID     string `json:"stored_id"`
		} `json:"stored_id_for_instance"`
	}
	if err := json.Unmarshal([]byte(fixture(t, "uuid_cases.json")), &cases); err != nil {
		t.Fatal(err)
	}
	for link, want := range cases.Links {
		if got := LinkID(link); got != want {
			t.Errorf("link %q: got %s, want %s", link, got, want)
		}
	}
	for id, want := range cases.Strings {
		if got := StatusID(id).String(); got != want {
			t.Errorf("id %q: got %s, want %s", id, got, want)
		}
	}
	for _, c := range cases.Stored {
		if got := StoredID(LinkID(c.Link), fmt.Sprint(c.Number)); got != c.ID {
			t.Errorf("%q of instance %d: got %s, want %s", c.Link, c.Number, got, c.ID)
		}
	}
}

func TestSources_GarbageIsAnErrorAndNeverGoodNews(t *testing.T) {
	bodies := map[string]string{"html": "<html>sign in</html>", "empty": "", "object": "{}", "null": "null", "list of nonsense": `[{"x":1}]`, "number": "7", "cut off": `{"status":"success","data":{"resu`}
	settings := map[string]map[string]any{
		"alertmanager": {}, "prometheus": {"query": "up", "level": "DC1"}, "jira": {"jql": "x"}, "endpoint": {}, "json": {},
		"calendar": {},
	}
	for name, body := range bodies {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
		for kind, set := range settings {
			if name == "list of nonsense" && kind == "alertmanager" {
				continue // groups that have no alerts
			}
			set["url"] = server.URL
			if all, err := readOf(t, Kinds{}, kind, set); err == nil {
				t.Errorf("%s took %s for %v", kind, name, all)
			}
		}
		server.Close()
	}
}

func TestSources_StatusOtherThan200IsAnErrorWithoutSecrets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "down for maintenance", http.StatusInternalServerError)
	}))
	defer server.Close()
	address := strings.Replace(server.URL, "http://", "http://bob:s3cret@", 1)
	_, err := readOf(t, Kinds{}, "endpoint", map[string]any{"url": address + "/?key=s3cret"})
	if err == nil || !strings.Contains(err.Error(), "500") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
	server.Close()
	if _, err = readOf(t, Kinds{}, "endpoint", map[string]any{"url": address + "/?key=s3cret"}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestOpen_NamesTheSettingAndTheFix(t *testing.T) {
	rows := []struct{ kind, settings, field, want string }{
		{"alertmanger", `{}`, "type", "did you mean alertmanager?"},
		{"", `{}`, "type", "say which type"},
		{"alertmanager", `{}`, "url", "give the address"},
		{"alertmanager", `{"url":"nowhere"}`, "url", "no address of the web"},
		{"alertmanager", `{"url":"http://a","reciever":"x"}`, "reciever", "did you mean receiver?"},
		{"alertmanager", `{"url":"http://a","level":7}`, "level", "1 (the most critical) to 5"},
		{"alertmanager", `{"url":"http://a","title":"{{ x | upper }}"}`, "title", "no place"},
		{"prometheus", `{"url":"http://a","query":"up"}`, "level", "levels"},
		{"prometheus", `{"url":"http://a","query":"up","levels":{"DC2":"100"}}`, "levels", `DC2: "> 100"`},
		{"calendar", `{}`, "begins", "iCalendar"},
		{"calendar", `{"begins":"0 18 * * 5","lasts":"long"}`, "lasts", "2d12h"},
		{"program", `{"run":"rm"}`, "run", "--board-program"},
		{"static", `{"rationales":[{"title":"x","level":9}]}`, "rationales", "DC1"},
		{"subjects", `{}`, "labels", "say which subjects"},
		{"graphite", `{"target":"a"}`, "levels", "DC3"},
		{"json", `{"url":"http://a","title":"x"}`, "title", "both"},
	}
	for _, row := range rows {
		_, err := Kinds{}.Open(monitor.BoardSource{Name: "s", Type: row.kind, Settings: json.RawMessage(row.settings)}, true)
		found := false
		for _, wrong := range monitor.AllFieldErrors(err) {
			found = found || wrong.Field == row.field && strings.Contains(wrong.Message, row.want)
		}
		if !found {
			t.Errorf("%s %s: got %v, want %s: …%s…", row.kind, row.settings, err, row.field, row.want)
		}
	}
}

func TestOpen_OnlyTheOperatorsFilesNameFiles(t *testing.T) {
	for _, settings := range []string{`{"url":"http://a","password_file":"/etc/hostname"}`, `{"url":"http://a","token_file":"/etc/hostname"}`} {
		_, err := Kinds{}.Open(monitor.BoardSource{Type: "endpoint", Settings: json.RawMessage(settings)}, false)
		if !errors.Is(err, monitor.ErrInvalid) {
			t.Errorf("%s: got %v, want it refused", settings, err)
		}
	}
	if _, err := (Kinds{}).Open(monitor.BoardSource{Type: "calendar", Settings: json.RawMessage(`{"file":"/etc/hostname"}`)}, false); !errors.Is(err, monitor.ErrInvalid) {
		t.Errorf("calendar: got %v, want it refused", err)
	}
}

func TestJSON_AnyShape(t *testing.T) {
	url := answers(t, map[string]string{
		"/list":  `{"data":{"incidents":[{"key":"I-1","name":"Disk","sev":"1","open":true,"url":"https://x.example.com/1"},{"key":"I-2","name":"Old","sev":"2","open":false}]}}`,
		"/board": `{"DC1":[{"id":"a","title":"Freeze","end_date":"2030-01-01"}],"DC4":[{"title":"small","link":"http://x/1"},{"title":"smaller","link":"http://x/1"}]}`,
	})
	all, err := readOf(t, Kinds{}, "json", map[string]any{
		"url": url + "/list", "items": "data.incidents", "where": map[string]any{"open": true}, "id": "{{ key }}", "title": "{{ key }}: {{ name }}",
		"link": "{{ url }}", "level": map[string]any{"field": "sev", "1": "DC1", "else": "DC4"},
	})
	if err != nil || len(all) != 1 || all[0].ID != "I-1" || all[0].Title != "I-1: Disk" || all[0].Level != monitor.DC1 || all[0].Link != "https://x.example.com/1" {
		t.Errorf("list: %+v, %v", all, err)
	}
	all, err = readOf(t, Kinds{}, "json", map[string]any{"url": url + "/board"})
	if err != nil || len(all) != 3 || all[0].Level != monitor.DC1 || all[1].ID == all[2].ID || all[0].End.Year() != 2030 {
		t.Errorf("board: %+v, %v", all, err)
	}
}

func TestPrometheus_ValuesAndExpressions(t *testing.T) {
	url := answers(t, map[string]string{"/api/v1/query": `{"status":"success","data":{"resultType":"vector","result":[
		{"metric":{"__name__":"up","job":"a"},"value":[1,"120"]},{"metric":{"job":"b"},"value":[1,"3"]}]}}`})
	all, err := readOf(t, Kinds{}, "prometheus", map[string]any{"url": url, "query": "x", "levels": map[string]any{"DC3": "> 10", "DC1": "> 100"}, "title": "{{ labels.job }} at {{ value }}"})
	if err != nil || len(all) != 1 || all[0].Level != monitor.DC1 || all[0].Title != "a at 120" || all[0].ID != `up{job="a"}` {
		t.Errorf("levels: %+v, %v", all, err)
	}
	if all, err = readOf(t, Kinds{}, "prometheus", map[string]any{"url": url, "query": "x", "level": "DC2"}); err != nil || len(all) != 2 {
		t.Errorf("level: %+v, %v", all, err)
	}
	empty := answers(t, map[string]string{"/api/v1/query": `{"status":"success","data":{"resultType":"vector","result":[]}}`})
	if all, err = readOf(t, Kinds{}, "prometheus", map[string]any{"url": empty, "query": "x", "level": "DC2"}); err != nil || len(all) != 0 {
		t.Errorf("an expression that finds nothing: %+v, %v", all, err)
	}
	if _, err = readOf(t, Kinds{}, "prometheus", map[string]any{"url": empty, "query": "x", "levels": map[string]any{"DC2": "> 1"}}); err == nil {
		t.Error("a value that is not there was taken for a good one")
	}
}

// graphite answers every target with the same series.
type graphite struct{ fetched monitor.Fetched }

func (g graphite) Fetch(context.Context, monitor.Window, []string) []monitor.Fetched {
	return []monitor.Fetched{g.fetched}
}
func (g graphite) Window(at time.Time, minutes int) monitor.Window {
	return monitor.Window{From: at.Unix() - int64(minutes)*60, Until: at.Unix()}
}

func TestGraphite_NewestValueDecides(t *testing.T) {
	settings := map[string]any{"target": "a.*", "levels": map[string]any{"DC2": ">= 5"}}
	good := graphite{monitor.Fetched{Status: monitor.StatusOK, Series: []monitor.Series{{Label: "a.b", Values: []float64{1, 5}, Step: 60}, {Label: "a.c", Values: []float64{9, 4}, Step: 60}}}}
	all, err := readOf(t, Kinds{Graphite: good}, "graphite", settings)
	if err != nil || len(all) != 1 || all[0].ID != "a.b" || all[0].Title != "a.b is 5" {
		t.Errorf("got %+v, %v", all, err)
	}
	for _, status := range []monitor.Status{monitor.StatusFailed, monitor.StatusMissing} {
		if _, err := readOf(t, Kinds{Graphite: graphite{monitor.Fetched{Status: status}}}, "graphite", settings); err == nil {
			t.Errorf("%s was taken for good", status)
		}
	}
}

// subjectList is some subjects.
type subjectList []Subject

func (s subjectList) Standings(context.Context) ([]Subject, error) { return s, nil }

func TestSubjects_ByLabelAndLevel(t *testing.T) {
	subject := func(key, team string, level monitor.Level) Subject {
		return Subject{
			Watched: monitor.Watched{Subject: monitor.Subject{Kind: monitor.KindMonitor, Key: key}, Name: "m" + key, Labels: map[string]string{"team": team}, Active: true},
			State:   monitor.State{Level: level, Message: "too slow\nby far", Since: now()}, Link: "http://wm.example.com/monitors/" + key,
		}
	}
	k := Kinds{Subjects: subjectList{subject("1", "shop", monitor.Critical), subject("2", "shop", monitor.OK), subject("3", "shop", monitor.Warning), subject("4", "other", monitor.Critical)}}
	all, err := readOf(t, k, "subjects", map[string]any{"labels": map[string]any{"team": "shop"}, "levels": map[string]any{"critical": 1}})
	if err != nil || len(all) != 2 || all[0].Level != monitor.DC1 || all[1].Level != monitor.DC3 || all[0].Title != "m1 is critical: too slow" {
		t.Errorf("got %+v, %v", all, err)
	}
	if _, err := readOf(t, k, "subjects", map[string]any{"labels": map[string]any{"team": "shpo"}}); err == nil {
		t.Error("labels that choose nothing look like a board on which all is well")
	}
}

func TestProgram_RunsOnlyWhatTheOperatorNames(t *testing.T) {
	dir := t.TempDir()
	write := func(name, script string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good", `echo "[{\"level\":2,\"title\":\"$1 ${SECRET:-none}\"}]"`)
	rows := map[string]string{"fails": "echo broken >&2; exit 3", "silent": "exit 0", "garbage": "echo hello", "noisy": "yes | head -c 3000000"}
	t.Setenv("SECRET", "leak")
	all, err := readOf(t, Kinds{Programs: []string{good}}, "program", map[string]any{"run": "good", "args": []string{"; rm -rf /"}})
	if err != nil || len(all) != 1 || all[0].Title != "; rm -rf / none" {
		t.Errorf("good: %+v, %v", all, err)
	}
	for name, script := range rows {
		if all, err := readOf(t, Kinds{Programs: []string{write(name, script)}}, "program", map[string]any{"run": name}); err == nil {
			t.Errorf("%s: %v", name, all)
		}
	}
	s, err := Kinds{Programs: []string{write("hangs", "sleep 60 & sleep 60")}}.Open(monitor.BoardSource{Type: "program", Settings: json.RawMessage(`{"run":"hangs"}`)}, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("out of time"))
	defer cancel()
	if _, err := s.Read(ctx, now()); err == nil || !strings.Contains(err.Error(), "out of time") {
		t.Errorf("a program that hangs: %v", err)
	}
}

// Every kind that asks a server, and what it needs to be told.
func askers() map[string]map[string]any {
	return map[string]map[string]any{
		"alertmanager": {}, "prometheus": {"query": "up", "level": "DC1"}, "jira": {"jql": "x"}, "endpoint": {}, "json": {}, "calendar": {},
	}
}

func TestSources_AServerThatFailsIsAnErrorForEveryKind(t *testing.T) {
	failures := map[string]http.HandlerFunc{
		"500":        func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "[]", http.StatusInternalServerError) },
		"redirected": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `[{"a":`)
		},
		"hangs":       func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"slow drip":   func(w http.ResponseWriter, r *http.Request) { drip(w, r) },
		"hangs up":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"204":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"far too big": func(w http.ResponseWriter, r *http.Request) { flood(w) },
	}
	for name, fail := range failures {
		server := httptest.NewServer(fail)
		for kind, settings := range askers() {
			settings["url"] = server.URL
			raw, err := json.Marshal(settings)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Kinds{}.Open(monitor.BoardSource{Name: kind, Type: kind, Settings: raw}, true)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			if name == "far too big" {
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 30*time.Second)
			}
			if all, err := s.Read(ctx, now()); err == nil {
				t.Errorf("%s, %s: got %v and no error", kind, name, all)
			}
			cancel()
		}
		server.CloseClientConnections()
		server.Close()
	}
}

// drip sends a byte of a list now and then, for ever.
func drip(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, "[")
	for {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(10 * time.Millisecond):
			fmt.Fprint(w, " ")
			w.(http.Flusher).Flush()
		}
	}
}

// flood sends a list of more bytes than any source reads.
func flood(w http.ResponseWriter) {
	space := []byte(strings.Repeat(" ", 1<<20))
	fmt.Fprint(w, "[")
	for range maxAnswer/len(space) + 1 {
		if _, err := w.Write(space); err != nil {
			return
		}
	}
	fmt.Fprint(w, "]")
}

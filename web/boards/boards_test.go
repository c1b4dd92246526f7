package boards_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"wingmirror/account"
	"wingmirror/board"
	"wingmirror/board/source"
	"wingmirror/monitor"
	"wingmirror/store"
	"wingmirror/web"
	"wingmirror/web/boards"
)

// world is a server with a board over a real database.
type world struct {
	*httptest.Server
	t      testing.TB
	board  *board.Board
	db     *store.DB
	access *account.Access
	token  string // of an editor
	gate   string // of a viewer, with the scope gate only
}

const files = `
components:
  - id: production
    name: Production
    description: All the production perimeter.
    link: https://wiki.example/production
    contact: escalation@example.net
    children:
      - id: shop
        sources:
          - type: static
            rationales:
              - {title: Other test, level: 2, link: "http://bar/#1"}
              - {title: Test status, level: 5, link: "http://foo/#5"}
  - id: observability
    name: Observability
    link: https://wiki.example/obs
    contact: obs@example.net
  - id: overridden
    sources:
      - name: mix
        type: static
        rationales:
          - {title: Panic, level: 1, link: "http://x/1", description: real}
          - {title: We know, level: 4, link: "http://x/2", description: override, override: true, metadata: {foo: bar}}
  - id: broken
    sources: [{type: failing}]
`

// journal tells nobody the news.
type journal struct{ *store.DB }

func (j journal) AddBoardChanges(ctx context.Context, changes []monitor.BoardChange, _ []monitor.BoardNews) error {
	return j.DB.AddBoardChanges(ctx, changes, nil)
}

// noIncidents is never asked; it cannot be embedded as the others, since it is
// named like one of its methods.
type noIncidents struct{ incidents }

type incidents = web.Incidents

func newWorld(t testing.TB, text string, change func(*boards.Room)) *world {
	t.Helper()
	w := &world{t: t}
	log := slog.New(slog.DiscardHandler)
	ctx := t.Context()
	var err error
	if w.db, err = store.Open(ctx, store.Options{Path: filepath.Join(t.TempDir(), "test.db"), Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	kinds := source.Kinds{}
	config, err := board.Load(fstest.MapFS{"board.yaml": {Data: []byte(text)}}, kinds)
	if err != nil {
		t.Fatal(err)
	}
	w.board, err = board.New(ctx, board.Options{Opener: kinds, Checker: kinds, Records: w.db, Journal: journal{w.db}, Acts: w.db, Config: config, Now: time.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); w.board.Run(running) }()
	t.Cleanup(func() { stop(); <-done })
	if w.access, err = account.New(account.Options{Ledger: w.db, Mode: account.ModeUsers, Argon: account.Argon{Memory: 64, Time: 1, Threads: 1}, Now: time.Now, Log: log}); err != nil {
		t.Fatal(err)
	}
	w.newToken("root", monitor.RoleAdmin, monitor.ScopeAdmin) // the first user must be an admin
	w.token, w.gate = w.newToken("ann", monitor.RoleEditor, monitor.ScopeWrite), w.newToken("vic", monitor.RoleViewer, monitor.ScopeGate)
	room := boards.Room{Board: w.board, Records: w.db, Components: w.db, Checker: kinds, Tokens: w.access}
	if change != nil {
		change(&room)
	}
	handler, err := web.New(web.Options{
		Monitors: struct{ web.Monitors }{}, Library: struct{ web.Library }{}, History: struct{ web.History }{}, Incidents: noIncidents{},
		Tester: struct{ web.Tester }{}, Scripts: struct{ web.ScriptChecker }{}, Fetcher: struct{ web.Fetcher }{}, Source: struct{ web.Source }{},
		Access: w.access, Rooms: []web.Room{room}, Now: time.Now, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Server = httptest.NewServer(handler)
	t.Cleanup(w.Close)
	w.settle()
	return w
}

// settle waits until every source has been heard.
func (w *world) settle() {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		waiting := false
		for _, n := range w.board.Look().Nodes() {
			for _, s := range n.Sources {
				waiting = waiting || s.Pending
			}
		}
		if !waiting {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatal("a source was never heard")
		}
	}
}

func (w *world) newToken(name string, role monitor.Role, scope monitor.Scope) string {
	w.t.Helper()
	ctx := account.With(w.t.Context(), account.Operator())
	user, err := w.access.CreateUser(ctx, account.NewUser{Name: name, Role: role, Password: "a heron waits by the weir"})
	if err != nil {
		w.t.Fatal(err)
	}
	_, token, err := w.access.CreateToken(ctx, account.NewToken{UserID: user.ID, Name: "test", Scopes: []monitor.Scope{scope}})
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

// json decodes the body.
func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return out
}

// ask sends a request; as is a token, "" for nobody, "basic:…" for a password.
func (w *world) ask(method, path, as, body string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if strings.HasPrefix(path, "http") {
		w.t.Fatal("give a path")
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if password, basic := strings.CutPrefix(as, "basic:"); basic {
		r.SetBasicAuth("ann", password)
	} else if as != "" {
		r.Header.Set("Authorization", "Bearer "+as)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp.StatusCode, string(text), resp.Header}
}

func TestComponent_IsTheDesignDocumentsJSON(t *testing.T) {
	w := newWorld(t, files, nil)
	got := w.ask("GET", "/api/v1/board/production", w.gate, "").json(t)
	status := got["status"].(map[string]any)
	if status["component"] != "production" || status["code"] != 2.0 || status["start_date"] == nil {
		t.Errorf("status: %v", status)
	}
	two := got["DC2"].([]any)
	if len(two) != 1 || len(got["DC5"].([]any)) != 1 || len(got["DC1"].([]any)) != 0 {
		t.Fatalf("lists: %v", got)
	}
	for key, want := range map[string]any{"title": "Other test", "source": "static", "component": "shop", "link": "http://bar/#1", "end_date": nil} {
		if r := two[0].(map[string]any); r[key] != want {
			t.Errorf("%s: got %v, want %v", key, r[key], want)
		}
	}
	if a := w.ask("GET", "/api/v1/board/prodution", w.gate, ""); a.status != 404 || !strings.Contains(a.body, "did you mean production?") {
		t.Errorf("a misspelt component: %d %s", a.status, a.body)
	}
}

func TestGate_OpenClosedAndRefused(t *testing.T) {
	w := newWorld(t, files, nil)
	rows := []struct {
		path, as string
		status   int
		want     string
	}{
		{"/gate/production?min=4", w.gate, 423, `"ask":"escalation@example.net"`},
		{"/gate/production?min=2", w.gate, 200, `"allowed":true`},
		{"/gate/production?min=DC2&on_unknown=deny", w.gate, 200, `"stale":false`},
		{"/gate/observability", w.gate, 200, `"min":4`},
		{"/gate/broken?min=4", w.gate, 423, `"stale":true`},
		{"/gate/broken?min=3", w.gate, 200, ""},
		{"/gate/broken?min=3&on_unknown=deny", w.gate, 423, "not known now"},
		{"/gate/broken?min=5&on_unknown=allow", w.gate, 200, `"code":5`},
		{"/gate/overridden?min=4", w.gate, 200, `"code":4`},
		{"/gate/nothing", w.gate, 404, "there is no component"},
		{"/gate/production?min=9", w.gate, 422, "query.min"},
		{"/gate/production?on_unknown=maybe", w.gate, 422, "allow nor deny"},
		{"/gate/production", "", 401, ""},
	}
	for _, row := range rows {
		if a := w.ask("GET", row.path, row.as, ""); a.status != row.status || !strings.Contains(strings.ToLower(a.body), strings.ToLower(row.want)) {
			t.Errorf("%s: got %d %s, want %d with %s", row.path, a.status, a.body, row.status, row.want)
		}
	}
}

func TestOverride_WorksAtOnceAndEndsByHand(t *testing.T) {
	w := newWorld(t, files, nil)
	rows := map[string]string{
		`{"level":"DC4","reason":"known"}`:                        "body.until",
		`{"level":"DC4","duration":"1h"}`:                         "body.reason",
		`{"level":7,"reason":"known","duration":"1h"}`:            "body.level",
		`{"level":"DC4","reason":"known","duration":"-1h"}`:       "duration",
		`{"level":4,"reason":"x","until":"2020-01-01T00:00:00Z"}`: "over already",
	}
	for body, want := range rows {
		if a := w.ask("POST", "/api/v1/board/production/overrides", w.token, body); a.status != 422 || !strings.Contains(a.body, want) {
			t.Errorf("%s: got %d %s, want %s", body, a.status, a.body, want)
		}
	}
	const good = `{"level":4,"reason":"the alert is about the old cluster","duration":"1h","link":"https://wiki.example/1"}`
	if a := w.ask("POST", "/api/v1/board/production/overrides", w.gate, good); a.status != 403 {
		t.Errorf("with the scope gate: %d", a.status)
	}
	created := w.ask("POST", "/api/v1/board/production/overrides", w.token, good)
	if created.status != 201 || created.json(t)["author"] != "ann by token test" {
		t.Fatalf("%d %s", created.status, created.body)
	}
	if a := w.ask("GET", "/gate/production?min=4", w.gate, ""); a.status != 200 || !strings.Contains(a.body, "the old cluster") {
		t.Errorf("the gate: %d %s", a.status, a.body)
	}
	if body := w.ask("GET", "/api/v1/board/production", w.gate, "").body; !strings.Contains(body, `"outranked":true`) || !strings.Contains(body, "Other test") {
		t.Errorf("what is outranked is hidden: %s", body)
	}
	if a := w.ask("PUT", "/api/v1/board/production/overrides/1", w.token, `{"duration":"2h"}`); a.status != 200 || a.json(t)["extended_by"] != "ann by token test" {
		t.Errorf("extend: %d %s", a.status, a.body)
	}
	if a := w.ask("POST", "/api/v1/board/production/overrides/1/end", w.token, ""); a.status != 200 {
		t.Errorf("end: %d %s", a.status, a.body)
	}
	if a := w.ask("GET", "/gate/production?min=4", w.gate, ""); a.status != 423 {
		t.Errorf("the gate after the end: %d %s", a.status, a.body)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		history := w.ask("GET", "/api/v1/board/production/history", w.gate, "").body
		if strings.Contains(history, "is over; Other test") && strings.Contains(history, `"author":"ann by token test"`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("history: %s", history)
		}
	}
}

func TestPush_AndWithdraw(t *testing.T) {
	w := newWorld(t, files, nil)
	const path = "/api/v1/board/observability/rationales/deploy-7"
	if a := w.ask("PUT", path, w.token, `{"level":"DC1","title":"Rolling back","duration":"30m"}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := w.ask("GET", "/gate/observability", w.gate, ""); a.status != 423 || a.header.Get("Retry-After") == "" || !strings.Contains(a.body, "Rolling back") {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if a := w.ask("DELETE", path, w.token, ""); a.status != 204 {
		t.Errorf("withdraw: %d %s", a.status, a.body)
	}
	if a := w.ask("GET", "/gate/observability", w.gate, ""); a.status != 200 {
		t.Errorf("after it was withdrawn: %d", a.status)
	}
}

func TestComponents_MadeInThePages(t *testing.T) {
	w := newWorld(t, files, nil)
	bad := `{"id":"api","parent":"nothing","counts":"often","alerts":["gopher:x"],"sources":"- {type: alertmanger}","effects":{"DC9":"x"}}`
	a := w.ask("POST", "/api/v1/components", w.token, bad)
	for _, want := range []string{"body.parent", "body.counts", "body.alerts", "body.sources", "did you mean alertmanager?", "body.effects"} {
		if a.status != 422 || !strings.Contains(a.body, want) {
			t.Errorf("got %d %s, want %s", a.status, a.body, want)
		}
	}
	made := w.ask("POST", "/api/v1/components", w.token, `{"id":"api","parent":"production","counts":"capped DC1","sources":"- type: static\n  rationales: [{title: down, level: 1}]\n","effects":{"DC1":"Call the API team."}}`)
	if made.status != 201 {
		t.Fatalf("%d %s", made.status, made.body)
	}
	w.settle()
	if got := w.ask("GET", "/api/v1/board/production", w.gate, "").json(t); got["level"] != "DC1" {
		t.Errorf("production is %v", got["level"])
	}
	if got := w.ask("GET", "/api/v1/board/api", w.gate, "").json(t); got["effects"] != "Call the API team." {
		t.Errorf("effects: %v", got["effects"])
	}
	if a := w.ask("PUT", "/api/v1/components/api", w.token, `{"version":7,"name":"API"}`); a.status != 409 {
		t.Errorf("over a version that is not there: %d %s", a.status, a.body)
	}
	if a := w.ask("PUT", "/api/v1/components/api", w.token, `{"version":1,"name":"API","parent":"production"}`); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := w.ask("PUT", "/api/v1/components/shop", w.token, `{"name":"x"}`); a.status != 422 || !strings.Contains(a.body, "board.yaml") {
		t.Errorf("one of a file: %d %s", a.status, a.body)
	}
	if a := w.ask("DELETE", "/api/v1/components/api", w.token, ""); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if got := w.ask("GET", "/api/v1/board/production", w.gate, "").json(t); got["level"] != "DC2" {
		t.Errorf("production is %v", got["level"])
	}
}

func TestSubscriptions_KeysStaySecret(t *testing.T) {
	w := newWorld(t, files, nil)
	const path = "/api/v1/board/shop/subscriptions"
	if a := w.ask("POST", path, w.token, `{"destination":"gopher:x"}`); a.status != 422 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := w.ask("POST", path, w.token, `{"destination":"mailto:you@example.com"}`); a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := w.ask("POST", path, w.token, `{"destination":"mailto:you@example.com"}`); a.status != 409 {
		t.Errorf("twice: %d", a.status)
	}
	if all := w.board.Subscriptions("shop"); len(all) != 1 || all[0].Destination != "mailto:you@example.com" || all[0].From != monitor.DC3 || all[0].Better {
		t.Errorf("subscriptions: %+v", all)
	}
	if a := w.ask("GET", path, w.gate, ""); a.status != 403 {
		t.Errorf("a viewer reads subscriptions: %d", a.status)
	}
	if a := w.ask("DELETE", path+"/1", w.token, ""); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestPages_ShowTheTreeAndItsReasons(t *testing.T) {
	w := newWorld(t, files, func(r *boards.Room) { r.Open = true })
	rows := map[string][]string{
		"/board":                     {"Production", "Other test", "DC2", "stale"},
		"/board?wall":                {"Production"},
		"/board/production":          {"Deploy fixes only.", "escalation@example.net", "Other test", "static", "/badge/production.svg"},
		"/board/overridden":          {"outranked", "We know"},
		"/board/production/feed.xml": {"<rss", "Production is DC2 danger", "Other test (shop, static)"},
		"/badge/production.svg":      {"<svg", "danger", "#fe7d37"},
	}
	for path, wants := range rows {
		a := w.ask("GET", path, "", "")
		for _, want := range wants {
			if a.status != 200 || !strings.Contains(a.body, want) {
				t.Errorf("%s: %d, without %q", path, a.status, want)
			}
		}
	}
	if body := w.ask("GET", "/board/production", "", "").body; strings.Contains(body, "data-api") {
		t.Error("somebody who may not act is shown forms")
	}
	if a := w.ask("GET", "/status/production/", "", ""); a.status != 301 || a.header.Get("Location") != "/board/production" {
		t.Errorf("the older tool's page: %d %s", a.status, a.header.Get("Location"))
	}
	if a := w.ask("GET", "/badge/nothing.svg", "", ""); a.status != 404 {
		t.Errorf("a badge of nothing: %d", a.status)
	}
}

func TestReads_GoOnWithoutTheDatabase(t *testing.T) {
	w := newWorld(t, files, nil)
	if a := w.ask("GET", "/gate/observability", w.gate, ""); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	w.db.Close()
	for _, path := range []string{"/gate/observability", "/api/v1/board", "/api/v1/board/production", "/api/simple/production/", "/api/defcon/production/", "/badge/production.svg"} {
		if a := w.ask("GET", path, w.gate, ""); a.status != 200 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := w.ask("POST", "/api/v1/board/production/overrides", w.token, `{"level":4,"reason":"x","duration":"1h"}`); a.status < 400 {
		t.Errorf("an override that cannot be stored: %d %s", a.status, a.body)
	}
	if a := w.ask("GET", "/gate/production?min=4", w.gate, ""); a.status != 423 {
		t.Errorf("an override that was refused works: %d", a.status)
	}
}

func TestLevels_ChosenInThePages(t *testing.T) {
	w := newWorld(t, "levels: {DC2: {name: mind}}\n"+files, nil)
	if a := w.ask("PUT", "/api/v1/levels", w.gate, `{"levels":[]}`); a.status != 403 {
		t.Errorf("a reader changed them: %d", a.status)
	}
	if a := w.ask("PUT", "/api/v1/levels", w.token, `{"levels":[{"level":"DC9"},{"level":"DC1","name":"`+strings.Repeat("x", 40)+`"}]}`); a.status != 422 || !strings.Contains(a.body, "DC1-name") {
		t.Errorf("%d %s", a.status, a.body)
	}
	a := w.ask("PUT", "/api/v1/levels", w.token, `{"levels":[{"level":"DC1","name":"freeze","effects":"Go home."},{"level":"DC2","name":"lost"},{"level":"DC5","name":"good"}]}`)
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for _, want := range []string{`{"level":"DC1","name":"freeze","effects":"Go home."}`, `"name":"mind","effects":"","kept_in_file":true`, `{"level":"DC5","name":"good","effects":"Everything is fine."}`} {
		if got := strings.ReplaceAll(w.ask("GET", "/api/v1/levels", w.gate, "").body, `"name":"mind","kept`, `"name":"mind","effects":"","kept`); !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	if a := w.ask("GET", "/board/overridden", w.token, ""); !strings.Contains(a.body, "Go home.") {
		t.Error("the page does not have the new words")
	}
	if a := w.ask("GET", "/board-levels", w.token, ""); a.status != 200 || !strings.Contains(a.body, `value="freeze"`) || !strings.Contains(a.body, "disabled") {
		t.Errorf("the form: %d", a.status)
	}
}

func TestComponents_SecretsAreWriteOnly(t *testing.T) {
	w := newWorld(t, files, nil)
	made := w.ask("POST", "/api/v1/components", w.token, `{"id":"api","sources":"- {type: json, url: 'https://x.example.com/a', token: s3cr3t, schedule: 1h}\n"}`)
	if made.status != 201 || strings.Contains(made.body, "s3cr3t") || !strings.Contains(made.body, "(set)") {
		t.Fatalf("%d %s", made.status, made.body)
	}
	for _, path := range []string{"/api/v1/components/api", "/board/api/edit", "/api/v1/board/api", "/board/api"} {
		if a := w.ask("GET", path, w.token, ""); a.status != 200 || strings.Contains(a.body, "s3cr3t") {
			t.Errorf("%s tells the secret: %d", path, a.status)
		}
	}
	if a := w.ask("PUT", "/api/v1/components/api", w.token, `{"version":1,"sources":"- {type: json, url: 'https://evil.example.com/a', token: (set), schedule: 1h}\n"}`); a.status != 422 || !strings.Contains(a.body, "address has changed") {
		t.Errorf("the secret goes elsewhere: %d %s", a.status, a.body)
	}
	if a := w.ask("PUT", "/api/v1/components/api", w.token, `{"version":1,"sources":"- {type: json, url: 'https://x.example.com/b', token: (set), schedule: 1h}\n"}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if text := w.board.Look().Node("api").SourcesText; !strings.Contains(text, "s3cr3t") || !strings.Contains(text, "/b") {
		t.Errorf("kept: %s", text)
	}
}

func TestSubscriptions_FromALevelOnAndBack(t *testing.T) {
	w := newWorld(t, files, nil)
	const path = "/api/v1/board/shop/subscriptions"
	if a := w.ask("POST", path, w.token, `{"destination":"mailto:a@example.com","from":"DC5"}`); a.status != 422 || !strings.Contains(a.body, "body.from") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := w.ask("POST", path, w.token, `{"destination":"mailto:a@example.com","from":4,"better":true}`); a.status != 201 || !strings.Contains(a.body, `"from":"DC4","better":true`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := w.ask("GET", "/board/shop", w.token, ""); !strings.Contains(a.body, "DC4 and worse, and better") {
		t.Error("the page does not tell it")
	}
}

func TestSubscriptions_AreChangedAndKeepTheKeyThatTheyDoNotShow(t *testing.T) {
	w := newWorld(t, files, nil)
	const path = "/api/v1/board/shop/subscriptions"
	const hook = "webhook+https://hooks.example.com/s3cret"
	for _, to := range []string{hook, "mailto:b@example.com"} {
		if a := w.ask("POST", path, w.token, `{"destination":"`+to+`"}`); a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	shown := monitor.Destination(hook).Redacted()
	if a := w.ask("PUT", path+"/1", w.token, `{"destination":"`+shown+`","from":"DC2","better":true}`); a.status != 200 || strings.Contains(a.body, "s3cret") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if s := w.board.Subscriptions("shop")[0]; s.Destination != hook || s.From != monitor.DC2 || !s.Better {
		t.Errorf("%+v", s)
	}
	for body, status := range map[string]int{`{"destination":"mailto:b@example.com"}`: 409, `{"from":"DC5"}`: 422, `{"destination":"gopher:x"}`: 422} {
		if a := w.ask("PUT", path+"/1", w.token, body); a.status != status {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := w.ask("PUT", path+"/1", w.token, `{"destination":"mailto:c@example.com"}`); a.status != 200 || !strings.Contains(a.body, `"from":"DC3","better":false`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := w.ask("PUT", "/api/v1/board/production/subscriptions/1", w.token, `{"from":"DC2"}`); a.status != 404 {
		t.Errorf("that of another component: %d", a.status)
	}
}

func TestFeed_FromALevelOnTellsWhatASubscriberIsTold(t *testing.T) {
	w := newWorld(t, files, nil)
	const page = "/board/observability"
	for _, level := range []string{"DC2", "DC1"} {
		if a := w.ask("POST", "/api/v1"+page+"/overrides", w.token, `{"level":"`+level+`","reason":"x","duration":"1h"}`); a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		w.board.Look() // two acts that nobody has looked between are one change
	}
	if a := w.ask("POST", "/api/v1"+page+"/overrides/2/end", w.token, ""); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	all := strings.Count(w.ask("GET", page+"/feed.xml", w.gate, "").body, "<item>")
	for query, want := range map[string]int{"": all, "?from=3": all - 2, "?from=DC3&better": all - 1} {
		if got := strings.Count(w.ask("GET", page+"/feed.xml"+query, w.gate, "").body, "<item>"); got != want || got < 1 {
			t.Errorf("%q: %d changes, want %d", query, got, want)
		}
	}
	if a := w.ask("GET", page+"/feed.xml?from=9", w.gate, ""); a.status != 422 && a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAddresses_NeverFollowTheHostHeader(t *testing.T) {
	w := newWorld(t, files, func(r *boards.Room) { r.Open = true })
	for _, path := range []string{"/board/shop", "/board/shop/feed.xml", "/api/components/shop/", "/api/", "/api/simple/"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "evil.example.com"
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || strings.Contains(string(body), "evil") {
			t.Errorf("%s: %s, %v\n%s", path, response.Status, err, body)
		}
	}
}

func TestGate_AnswersAnewWhenTheBoardChanges(t *testing.T) {
	w := newWorld(t, files, nil)
	for range 3 {
		if a := w.ask("GET", "/gate/observability", w.gate, ""); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if a := w.ask("POST", "/api/v1/board/observability/overrides", w.token, `{"level":"DC1","reason":"x","duration":"1h"}`); a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := w.ask("GET", "/gate/observability", w.gate, ""); a.status != 423 || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %v", a.status, a.header)
	}
	if a := w.ask("GET", "/gate/observability?min=1&on_unknown=deny", w.gate, ""); a.status != 200 {
		t.Errorf("another question got the same answer: %d %s", a.status, a.body)
	}
}

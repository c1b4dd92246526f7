package heartbeats

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/heartbeat"
	"wingmirror/store"
)

// world is everything behind the handlers, with a real database and a clock that
// a test sets.
type world struct {
	t    testing.TB
	db   *store.DB
	book *heartbeat.Book
	keys *heartbeat.Keys
	at   time.Time
	mux  *http.ServeMux
}

const importedKeys = `{"api_keys":{"12":"myentity","13":"myentity","99":"other"},
	"webhook_config":{"myentity":{"alert_endpoint":"http://127.0.0.1:9999/hook","seconds_failing":60}}}`

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, at: time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC), mux: http.NewServeMux()}
	now := func() time.Time { return w.at }
	var err error
	if w.db, err = store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "test.db"), Now: now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.db.Close() })
	if w.book, err = heartbeat.Open(t.Context(), heartbeat.Options{Store: w.db, Now: now, Quota: 50}); err != nil {
		t.Fatal(err)
	}
	if w.keys, err = heartbeat.OpenKeys(t.Context(), w.db, now); err != nil {
		t.Fatal(err)
	}
	if err := w.keys.Import(t.Context(), []byte(importedKeys)); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	Ping{Book: w.book, Keys: w.keys, Log: log}.Routes(w.mux)
	below := Pacemaker{Book: w.book, Keys: w.keys, Beat: w.db, Log: log}.Handler("/pacemaker")
	w.mux.Handle("/pacemaker", below)
	w.mux.Handle("/pacemaker/", below)
	w.mux.Handle("/", Pacemaker{Book: w.book, Keys: w.keys, Beat: w.db, Log: log}.Handler(""))
	return w
}

// ask sends a request and returns its status and the answer.
func (w *world) ask(method, path, body string) (int, string) {
	w.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	out := httptest.NewRecorder()
	w.mux.ServeHTTP(out, r)
	text, err := io.ReadAll(out.Result().Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Code, string(text)
}

func (w *world) want(method, path, body string, status int, answer string) {
	w.t.Helper()
	if code, text := w.ask(method, path, body); code != status || !strings.Contains(text, answer) {
		w.t.Errorf("%s %s %s\n  got  %d %s\n  want %d %s", method, path, body[:min(len(body), 200)], code, text[:min(len(text), 500)], status, answer)
	}
}

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fetch returns what is at a path, with the status; token may be "".
func (r *running) fetch(path, token string) (int, string) {
	r.T.Helper()
	request, err := http.NewRequest(http.MethodGet, r.Base+path, nil)
	if err != nil {
		r.T.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return r.Text(request)
}

func TestBoard_ABrokenFileStopsNeitherTheStartNorTheOthers(t *testing.T) {
	dir := t.TempDir()
	files := filepath.Join(dir, "board")
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(files, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start := func() *running {
		return launch(t, "serve", "--graphite", "http://127.0.0.1:1", "--db", filepath.Join(dir, "w.db"), "--auth", "none", "--board", files)
	}
	closed := func(r *running, component string, fragments ...string) {
		t.Helper()
		r.Await(component+" is closed", func() error {
			status, body := r.fetch("/gate/"+component+"?min=2", "")
			for _, part := range fragments {
				if status != http.StatusLocked || !strings.Contains(body, part) {
					return fmt.Errorf("%d %s, want %s", status, body, part)
				}
			}
			return nil
		})
	}
	put("production.yaml", "components: [{id: production}]\n")
	put("shop/board.yaml", "components: [{id: shop, parent: production, sources: [{type: static, rationales: [{level: 1, title: Stock is counted}]}]}]\n")
	r := start()
	closed(r, "production", "Stock is counted")
	put("shop/board.yaml", "components: [{id: shop, parent: prod")
	put("api/board.yaml", "components: [{id: api, parent: production, counts: sometimes}]\n")
	r.Await("the error is told", func() error {
		if _, text := r.fetch("/metrics", ""); !strings.Contains(text, "wingmirror_board_file_errors 2\n") {
			return fmt.Errorf("the metrics know of no two errors")
		}
		return nil
	})
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := r.fetch(path, ""); status != http.StatusOK || !strings.Contains(body, "\nwarning: errors in the board's files: 2;") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	closed(r, "production", "Stock is counted")
	if _, page := r.fetch("/board", ""); !strings.Contains(page, "shop/board.yaml") || !strings.Contains(page, "api/board.yaml") {
		t.Error("the page does not tell the errors")
	}
	r.stop()

	r = start()
	closed(r, "production", "Stock is counted")
	if status, body := r.fetch("/gate/api?min=4", ""); status != http.StatusLocked || !strings.Contains(body, "api/board.yaml") || !strings.Contains(body, `"stale":true`) {
		t.Errorf("a component whose file never worked: %d %s", status, body)
	}
	if !strings.Contains(r.Log.String(), "a file of the board has an error") {
		t.Error("the log does not tell the errors")
	}
	r.stop()
}

func TestMetrics_TellComponentsOnlyToWhoMayReadTheBoard(t *testing.T) {
	dir := t.TempDir()
	files := filepath.Dir(writeFile(t, "board.yaml", "components: [{id: secretive}]\n"))
	db := filepath.Join(dir, "w.db")
	if code, _, errs := typed(t, "a heron waits by the weir", "user", "add", "ann", "--db", db); code != exitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, row := range []struct {
		flags []string
		told  bool
	}{{[]string{"--auth", "users"}, false}, {[]string{"--auth", "users", "--board-open"}, true}, {[]string{"--auth", "none"}, true}} {
		r := launch(t, append([]string{"serve", "--graphite", "http://127.0.0.1:1", "--db", db, "--board", files}, row.flags...)...)
		_, text := r.fetch("/metrics", "")
		if strings.Contains(text, "secretive") != row.told || !strings.Contains(text, `wingmirror_board_components{level="DC5"} 1`) {
			t.Errorf("%v: components are told: %v, want %v", row.flags, !row.told, row.told)
		}
		r.stop()
	}
}

package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func get(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil)
	r.Header.Set("Accept", "text/html")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return out
}

func TestPages_AllAnswerUnderAStrictPolicy(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, furnished(t, w))
	for name, path := range allPages(w) {
		out := get(h, path)
		want := http.StatusOK
		if name == "nowhere" {
			want = http.StatusNotFound
		}
		body := out.Body.String()
		if out.Code != want || !strings.Contains(body, "</html>") {
			t.Errorf("GET %s: %d, want %d and a whole page", path, out.Code, want)
		}
		csp := out.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("GET %s has the policy %q", path, csp)
		}
		for _, inline := range []string{" style=", "onclick=", "<style", "javascript:"} {
			if strings.Contains(body, inline) {
				t.Errorf("GET %s holds %q, which the policy forbids", path, inline)
			}
		}
	}
}

package medusa_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"wingmirror/histogram/cerberus"
	"wingmirror/histogram/medusa"
)

// caseFile returns a file of the recorded cases, or skips.
func caseFile(t *testing.T, parts ...string) string {
	t.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("WINGMIRROR_CASES names no directory of recorded cases")
	}
	return filepath.Join(append([]string{dir}, parts...)...)
}

type exchange struct {
	Method, Path string
	Query        map[string]string
	Body         map[string]string
	Status       int
	Response     json.RawMessage
	used         bool
}

// transcript answers each request as the first unused exchange of the same
// method, path, query and body did.
type transcript struct {
	t   *testing.T
	all []*exchange
}

func (s *transcript) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	var body map[string]string
	if len(text) > 0 && json.Unmarshal(text, &body) != nil {
		s.t.Errorf("%s %s: the body is no JSON: %s", r.Method, r.URL, text)
	}
	for _, e := range s.all {
		if !e.used && e.Method == r.Method && e.Path == r.URL.Path && sameQuery(e.Query, r.URL.Query()) && sameBody(e.Body, body) {
			e.used = true
			w.WriteHeader(e.Status)
			_, _ = w.Write(e.Response)
			return
		}
	}
	s.t.Errorf("not in the transcript: %s %s %s", r.Method, r.URL, text)
	w.WriteHeader(http.StatusTeapot)
}

func sameQuery(want map[string]string, got url.Values) bool {
	for key, value := range want {
		if got.Get(key) != value {
			return false
		}
	}
	return len(want) == len(got)
}

// sameBody compares descriptions as the JSON that they hold.
func sameBody(want, got map[string]string) bool {
	if len(want) != len(got) {
		return false
	}
	for key, value := range want {
		var a, b any
		if key == "description" && strings.HasPrefix(value, "{") {
			if json.Unmarshal([]byte(value), &a) != nil || json.Unmarshal([]byte(got[key]), &b) != nil || !reflect.DeepEqual(a, b) {
				return false
			}
		} else if got[key] != value {
			return false
		}
	}
	return true
}

func TestCases_TranscriptOfTwoRuns(t *testing.T) {
	data, err := os.ReadFile(caseFile(t, "cerberus", "post_requests.json"))
	if err != nil {
		t.Fatal(err)
	}
	script := &transcript{t: t}
	if err := json.Unmarshal(data, &script.all); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(script)
	defer server.Close()
	definitions, err := cerberus.ReadDefinitions(caseFile(t, "cerberus", "Histograms.json"), caseFile(t, "cerberus", "Scalars.json"))
	if err != nil {
		t.Fatal(err)
	}
	regressions, err := cerberus.ReadRegressions(caseFile(t, "cerberus", "regressions_after.json"))
	if err != nil {
		t.Fatal(err)
	}
	poster := medusa.Poster{Base: server.URL, Ignored: []string{"UPDATE_PREF_UPDATE_CANCELATIONS_NOTIFY"}}
	for range 2 {
		if err := poster.Post(t.Context(), definitions, regressions); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range script.all {
		if !e.used {
			t.Errorf("never asked: %s %s %v", e.Method, e.Path, e.Query)
		}
	}
}

func TestPost_StopsWithWhatTheOtherSideSaid(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "database is gone", http.StatusInternalServerError)
	}))
	defer server.Close()
	err := medusa.Poster{Base: server.URL}.Post(t.Context(), nil, nil)
	if err == nil || !strings.Contains(err.Error(), "it answered 500 Internal Server Error: database is gone") {
		t.Errorf("got %v", err)
	}
}

package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// deadlines is a connection that remembers the deadlines it is given.
type deadlines struct {
	*httptest.ResponseRecorder
	all []time.Time
}

// SetReadDeadline implements what http.ResponseController looks for.
func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.all = append(d.all, at)
	return nil
}

func TestTimedBody_HasADeadlineUntilItIsThere(t *testing.T) {
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("body"))
	TimedBody(w, r)
	if len(w.all) != 1 || w.all[0].IsZero() {
		t.Fatalf("while the body is read: %v", w.all)
	}
	if text, err := io.ReadAll(r.Body); string(text) != "body" || err != nil {
		t.Fatalf("%s, %v", text, err)
	}
	if last := w.all[len(w.all)-1]; !last.IsZero() {
		t.Errorf("once it is there: %v", last)
	}
}

func TestGuard_EveryBodyHasADeadline(t *testing.T) {
	s := &server{}
	var read bool
	h := s.guard(Route{Need: anyone}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, read = r.Body.(*timedBody)
	}))
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("body")))
	if !read {
		t.Errorf("the body of a page or operation has no deadline")
	}
}

package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/web"
)

// pantry is a room with a page and an operation.
type pantry struct{}

func (pantry) Nav() []web.NavEntry { return []web.NavEntry{{Label: "Pantry", Href: "/pantry"}} }

func (pantry) Routes(h web.Host) []web.Route {
	type jam struct{ Body struct{ Jars int } }
	return []web.Route{
		{Method: "GET", Pattern: "/pantry", Need: monitor.RoleViewer, Serve: web.Page(func(w http.ResponseWriter, r *http.Request) error {
			return monitor.Invalid("shelf", "%s asked", h.Author(r.Context()))
		})},
		{Method: "POST", Pattern: "/jam", Need: monitor.RoleEditor, Scope: monitor.ScopePing, Serve: web.Op(func(context.Context, *struct{}) (*jam, error) {
			var j jam
			j.Body.Jars = 3
			return &j, nil
		}, "Count jars")},
	}
}

func TestRoom_IsPartOfTheTableTheNavigationAndTheDocument(t *testing.T) {
	o := newWorld(t, time.Now).options()
	o.Rooms = []web.Room{pantry{}}
	h := handler(t, o)
	ask := func(method, path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("Accept", accept)
		out := httptest.NewRecorder()
		h.ServeHTTP(out, r)
		return out
	}
	if out := ask("GET", "/pantry", "text/html"); out.Code != http.StatusUnprocessableEntity || !strings.Contains(out.Body.String(), `<a href="/pantry" aria-current="page">Pantry</a>`) {
		t.Errorf("the page: %d %s", out.Code, out.Body)
	} else if !strings.Contains(out.Body.String(), `<a class="button" href="/pantry">Back to Pantry</a>`) || !strings.Contains(out.Body.String(), "<p>shelf: local asked</p>") {
		t.Errorf("the error does not lead back to its room: %s", out.Body)
	}
	if out := ask("POST", "/jam", ""); out.Code != http.StatusOK || !strings.Contains(out.Body.String(), `"Jars":3`) {
		t.Errorf("the operation: %d %s", out.Code, out.Body)
	}
	if out := ask("GET", "/api/v1/openapi.json", ""); !strings.Contains(out.Body.String(), "Count jars") {
		t.Error("the document does not name the operation")
	}
}

package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestPages_LeadFromTroubleToItsIncident(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	for _, path := range []string{"/", "/tiles", "/monitors/1", "/monitors/1/runs"} {
		if body := get(h, path).Body.String(); !strings.Contains(body, `href="/incidents/wm-7f3a-1-3"`) {
			t.Errorf("%s does not lead to the incident under way", path)
		}
	}
	if out := get(h, "/incidents/wm-7f3a-1-3"); out.Code != http.StatusSeeOther || out.Header().Get("Location") != "/incidents/3" {
		t.Errorf("the key leads to %d %q", out.Code, out.Header().Get("Location"))
	}
	if out := get(h, "/incidents/wm-none"); out.Code != http.StatusNotFound {
		t.Errorf("a key of nothing: %d", out.Code)
	}
}

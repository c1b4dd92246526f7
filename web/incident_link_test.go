package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestIncidents_OfOneSubjectOrOpenOnes(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	for _, sc := range []scenario{
		{name: "of one", method: "GET", path: "/incidents?subject=monitor/1", status: 200, contains: []string{"of Conversion rate", `href="/incidents?open=1&amp;subject=monitor%2F1"`}, lacks: []string{"Queue depth"}},
		{name: "open", method: "GET", path: "/incidents?open=1", status: 200, contains: []string{"Queue depth"}, lacks: []string{">closed<"}},
		{name: "of nothing", method: "GET", path: "/incidents?subject=monitor/99", status: 200, contains: []string{"No incident here"}},
		{name: "nonsense", method: "GET", path: "/incidents?subject=x", status: 404},
		{name: "API: of one", method: "GET", path: "/api/v1/incidents?subject=monitor/3&limit=1", status: 200, contains: []string{"Queue depth"}, lacks: []string{"Conversion rate"}},
		{name: "API: open", method: "GET", path: "/api/v1/incidents?open=true", status: 200, contains: []string{"Queue depth"}, lacks: []string{`"id":1,`}},
		{name: "API: nonsense", method: "GET", path: "/api/v1/incidents?subject=x", status: 422, contains: []string{"monitor/12"}},
	} {
		sc.run(t, h)
	}
}

func TestBrowser_AKeyAcknowledges(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	o := w.options()
	o.Desk = w
	b := startBrowserOn(t, handler(t, o))
	b.Open("/incidents/2")
	b.Do(chromedp.KeyEvent("a"))
	b.Wait("document.querySelector('main').textContent.includes('Take acknowledgement back')")
}

func TestPages_LeadFromTroubleToItsIncident(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	w.rename(3, "wingmirror-0e3d5e5b/rule/Disk nearly full/1795")
	h := handler(t, w.options())
	for _, path := range []string{"/", "/tiles", "/monitors/1", "/monitors/1/runs"} {
		if body := get(h, path).Body.String(); !strings.Contains(body, `href="/incidents?key=wingmirror-0e3d5e5b%2frule%2fDisk%20nearly%20full%2f1795"`) {
			t.Errorf("%s does not lead to the incident under way", path)
		}
	}
	if out := get(h, "/incidents?key=wingmirror-0e3d5e5b%2frule%2fDisk%20nearly%20full%2f1795"); out.Code != http.StatusSeeOther || out.Header().Get("Location") != "/incidents/3" {
		t.Errorf("the key leads to %d %q", out.Code, out.Header().Get("Location"))
	}
	if out := get(h, "/incidents?key=wm-none"); out.Code != http.StatusNotFound {
		t.Errorf("a key of nothing: %d", out.Code)
	}
}

// rename gives an incident another key, wherever it is named.
func (w *world) rename(incident int64, key string) {
	was := w.incidents[incident-1].Key
	w.incidents[incident-1].Key = key
	for id, state := range w.states {
		if state.Open != nil && state.Open.Key == was {
			state.Open.Key = key
			w.states[id] = state
		}
	}
	for _, runs := range w.runs {
		for i := range runs {
			if runs[i].Incident == was {
				runs[i].Incident = key
			}
		}
	}
}

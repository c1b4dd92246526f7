package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"wingmirror/monitor"
	"wingmirror/web"
	"wingmirror/web/browsertest"
)

// wing is a room that only has a page per entry, which shows the incidents.
type wing []string

func (w wing) Nav() []web.NavEntry {
	var all []web.NavEntry
	for _, label := range w {
		all = append(all, web.NavEntry{Label: label, Href: "/" + strings.ToLower(label)})
	}
	return all
}

func (w wing) Routes(h web.Host) []web.Route {
	var all []web.Route
	for _, e := range w.Nav() {
		all = append(all, web.Route{Method: http.MethodGet, Pattern: e.Href, Need: monitor.RoleViewer, Serve: web.Page(func(rw http.ResponseWriter, r *http.Request) error {
			problem := map[string]any{"Problem": map[string]any{"Title": e.Label, "Detail": "", "Status": 200, "Errors": nil}}
			return h.Render(rw, r, web.View{Page: "error", Title: e.Label, Nav: e.Label, Data: problem})
		})})
	}
	return all
}

func fullHouse(t *testing.T) (*world, web.Options) {
	w := newWorld(t, time.Now)
	w.fill()
	o := w.options()
	o.Rooms = []web.Room{wing{"Attic", "Histograms"}, wing{"Rules"}, wing{"Board"}, wing{"Heartbeats"}}
	return w, o
}

func TestNavigation_HasOneOrderWhoeverBringsTheEntries(t *testing.T) {
	_, o := fullHouse(t)
	body := get(handler(t, o), "/").Body.String()
	_, menu, _ := strings.Cut(body, `<div id="menu" popover>`)
	menu, _, _ = strings.Cut(menu, "</nav>")
	var got []string
	for _, part := range strings.Split(menu, "<a ")[1:] {
		_, label, _ := strings.Cut(part, ">")
		label, _, _ = strings.Cut(label, "<")
		got = append(got, label)
	}
	want := []string{"Board", "Monitors", "Heartbeats", "Rules", "Histograms", "Incidents", "Deliveries", "Sources", "Costs", "Reference", "Attic"}
	if !slices.Equal(got, want) {
		t.Errorf("the menu has %q, want %q", got, want)
	}
}

func TestBrowser_MoreOpensByKeyboardAndShowsWhereOneIs(t *testing.T) {
	_, o := fullHouse(t)
	b := startBrowserOn(t, handler(t, o))
	b.Size(1280, 800)
	b.Open("/deliveries")
	if text := b.Text(".top nav [aria-current]"); text != "Deliveries" {
		t.Errorf("the row shows %q as current", text)
	}
	b.TabTo("document.activeElement.matches('.more-button')")
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.Wait("document.querySelector('#menu').matches(':popover-open')")
	b.Picture("nav-more")
	b.Do(chromedp.KeyEvent(kb.Escape))
	b.Wait("!document.querySelector('#menu').matches(':popover-open') && document.activeElement.matches('.more-button')")
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.TabTo("document.activeElement.textContent === 'Sources'")
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.Wait("location.pathname === '/sources'")
	for key, path := range map[string]string{"b": "/board", "h": "/heartbeats", "r": "/rules", "m": "/", "f": "/reference"} {
		b.Do(chromedp.KeyEvent("g"), chromedp.KeyEvent(key))
		b.Wait("location.pathname === '" + path + "'")
	}
}

func TestBrowser_OneMenuButtonOnAPhone(t *testing.T) {
	_, o := fullHouse(t)
	b := startBrowserOn(t, handler(t, o))
	for _, width := range []int64{320, 390, 768} {
		b.Size(width, 844)
		b.Open("/deliveries")
		if text := b.Text(".top .here"); text != "Deliveries" {
			t.Errorf("at %d px the head says %q", width, text)
		}
		b.Do(chromedp.Click(chromedp.CSS(".more-button")))
		b.Wait("[...document.querySelectorAll('#menu a')].filter(a => a.checkVisibility()).length === 11")
		if right := browsertest.Eval[float64](b, "document.querySelector('#menu').getBoundingClientRect().right"); right > float64(width) {
			t.Errorf("at %d px the menu ends at %v", width, right)
		}
		if wide := browsertest.Eval[int64](b, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("at %d px the page is %d px wide", width, wide)
		}
		b.Picture("nav-phone")
	}
}

func TestPage_SaysWhatItIsBelow(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	for path, want := range map[string]string{
		"/monitors/1":          `<a class="clip" href="/">Monitors</a>`,
		"/monitors/1/versions": `<a class="clip" href="/monitors/1">`,
		"/incidents/1":         `<a class="clip" href="/incidents">Incidents</a>`,
		"/docs/api":            `<a class="clip" href="/reference">Reference</a>`,
	} {
		if out := get(h, path).Body.String(); !strings.Contains(out, `aria-label="Above this page"`) || !strings.Contains(out, want) {
			t.Errorf("%s has no %s", path, want)
		}
	}
	if out := get(h, "/").Body.String(); strings.Contains(out, "Above this page") {
		t.Error("a place of the navigation stands below something")
	}
}

func TestError_LeadsBackToTheRoomThatItHappenedIn(t *testing.T) {
	w := newWorld(t, time.Now)
	h := handler(t, w.options())
	for path, want := range map[string]string{
		"/incidents/99": `href="/incidents">Back to Incidents`, "/monitors/99": `href="/">Back to Monitors`, "/nowhere": `href="/">Back to Monitors`, "/dashboards/x": `href="/">Back to Monitors`,
	} {
		if out := get(h, path, "Accept", "text/html"); out.Code != http.StatusNotFound || !strings.Contains(out.Body.String(), want) {
			t.Errorf("%s: %d without %s", path, out.Code, want)
		}
	}
}

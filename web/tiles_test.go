package web_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"wingmirror/web/browsertest"
)

var tileID = regexp.MustCompile(`data-tile="(\d+)"`)

func TestTiles_AreInTheReadersOrder(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	ids := func(cookie string) string {
		var all []string
		for _, m := range tileID.FindAllStringSubmatch(get(h, "/tiles", "Cookie", cookie).Body.String(), -1) {
			all = append(all, m[1])
		}
		return strings.Join(all, ".")
	}
	usual := strings.Split(ids("a=b"), ".")
	if len(usual) < 3 {
		t.Fatalf("only %q", usual)
	}
	last, first := usual[len(usual)-1], usual[0]
	if got, want := ids("tiles="+last+".x.99999."+first), last+"."+strings.Join(usual[:len(usual)-1], "."); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBrowser_TilesAreMovedByKeys(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	const order = "[...document.querySelectorAll('[data-tile]')].map(t => t.dataset.tile).join('.')"
	b.Open("/tiles")
	before := browsertest.Eval[string](b, order)
	b.TabTo("document.activeElement.matches('[data-move=\"1\"]')")
	b.Do(chromedp.KeyEvent(kb.Enter))
	after := browsertest.Eval[string](b, order)
	if after == before {
		t.Error("the tile did not move")
	}
	b.Open("/tiles?kiosk=1")
	if kept := browsertest.Eval[string](b, order); kept != after {
		t.Errorf("on the wall the order is %s, want %s", kept, after)
	}
}

func TestBrowser_AWallSaysWhenItsNewsAreOld(t *testing.T) {
	browsertest.Require(t)
	w := newWorld(t, time.Now)
	w.fill()
	server := httptest.NewUnstartedServer(handler(t, w.options()))
	server.Config.SetKeepAlivesEnabled(false)
	server.Start()
	t.Cleanup(server.Close)
	b := browsertest.Start(t, server.URL)
	b.Expect("ERR_")
	b.Open("/tiles?kiosk=1")
	b.Wait("document.readyState === 'complete' && document.querySelector('.stale')")
	server.CloseClientConnections()
	server.Listener.Close()
	server.CloseClientConnections()
	b.WaitFor(40*time.Second, "!document.querySelector('.stale').hidden")
	b.Picture("flow-stale")
}

func TestGraphs_KnowTheTroubleOfTheirWindow(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	h := handler(t, w.options())
	bad := w.incidents[len(w.incidents)-1].Subject.Key
	if out := get(h, "/monitors/"+bad); out.Code != http.StatusOK || !strings.Contains(out.Body.String(), `"trouble":[{"from":`) {
		t.Errorf("%d: the editor of a monitor in trouble knows of none", out.Code)
	}
}

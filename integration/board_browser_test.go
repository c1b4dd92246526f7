package integration

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"wingmirror/cmd/wingmirror/servertest"
	"wingmirror/web/browsertest"
)

// gateOf returns the status of a component's gate.
func gateOf(t *testing.T, s *server, component string) int {
	t.Helper()
	resp, err := http.Get(s.Base + "/gate/" + component + "?min=5")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// What somebody on duty does: freeze a component by hand, with the keyboard, see
// it on a page that another has open, and end it; then make a component.
func TestDemo_AnOverrideAndAComponentByHand(t *testing.T) {
	t.Parallel()
	demo := startDemo(t)
	servertest.Await(t, "the board has its example", patience, func() error { return demo.Call(http.MethodGet, "/api/v1/board/office", nil, &struct{}{}) })
	watcher := browsertest.Start(t, demo.Base)
	watcher.Open("/board")
	watcher.Wait("document.querySelector('#live')?.textContent.includes('Office')")

	b := browsertest.Start(t, demo.Base)
	b.Size(390, 844)
	b.Open("/board/office")
	if wide := browsertest.Eval[int64](b, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("the page is %d px wide on a screen of 390", wide)
	}
	b.TabTo("document.activeElement.id === 'o-level'")
	b.Do(chromedp.KeyEvent(kb.End)) // DC1
	b.TabTo("document.activeElement.id === 'o-duration'")
	b.Do(chromedp.KeyEvent("\b\b20m"))
	b.TabTo("document.activeElement.id === 'o-reason'")
	b.Do(chromedp.KeyEvent("Nobody prints today"))
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.Wait("document.querySelector('.standing')?.textContent.includes('Override by')")
	b.Wait("document.querySelector('.standing .big .dc.dc1')")
	b.Wait("document.querySelector('tr.outranked')")
	b.Picture("board-override-phone")
	watcher.Wait("document.querySelector('#live')?.textContent.includes('Nobody prints today')")
	if got := gateOf(t, demo, "office"); got != http.StatusLocked {
		t.Errorf("the gate answers %d, want 423", got)
	}
	const end = "form[data-api$='/end'] button"
	b.Do(chromedp.Click(chromedp.CSS(end)))
	b.Wait("document.querySelector(\"" + end + "\").classList.contains('armed')")
	b.Do(chromedp.Click(chromedp.CSS(end)))
	b.Wait("!document.querySelector('.standing').textContent.includes('Override by')")
	b.Wait("document.querySelector('#h-history').closest('section').textContent.includes('is over')")

	b.Size(1280, 900)
	b.Expect("422") // the first try is refused
	b.Open("/board-new?parent=office")
	b.SetField("id", "printer")
	b.SetField("name", "Printer")
	b.SetField("sources", "- {type: sttaic}")
	b.Do(chromedp.Click(chromedp.CSS("#component button.primary")))
	b.Wait("document.querySelector('[data-error-for=sources]').textContent.includes('did you mean static?')")
	b.SetField("sources", "- type: static\n  rationales: [{title: Out of paper, level: DC3}]")
	b.SetField("counts", "ignored")
	b.Do(chromedp.Click(chromedp.CSS("#component button.primary")))
	b.Wait("location.pathname === '/board/printer'")
	b.Wait("document.querySelector('#live')?.textContent.includes('Out of paper')")
	watcher.Wait("document.querySelector('.board-tree')?.closest('main').textContent.includes('Printer')")
	watcher.Picture("board-wide")
}

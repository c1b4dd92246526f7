package integration

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"wingmirror/cmd/wingmirror/servertest"
	"wingmirror/web/browsertest"
)

// patience is how long a page may take, of a program that starts beside other
// tests. How long it took is in the log.
const patience = 30 * time.Second

// startDemo starts the demo and returns once its list shows monitors.
func startDemo(t *testing.T) *server {
	t.Helper()
	browsertest.Require(t)
	program := buildProgram(t)
	begun := time.Now()
	demo := start(t, program, "demo", "--listen", "127.0.0.1:0")
	var list struct{ Monitors []struct{ ID int64 } }
	servertest.Await(t, "the demo lists its monitors", patience, func() error {
		if err := demo.Call(http.MethodGet, "/api/v1/monitors", nil, &list); err != nil {
			return err
		}
		if len(list.Monitors) == 0 {
			return fmt.Errorf("the list is empty")
		}
		return nil
	})
	t.Logf("first useful page %v after the start", time.Since(begun).Round(10*time.Millisecond))
	t.Cleanup(demo.stop)
	return demo
}

// What a newcomer does: write a monitor from nothing, try it, save it, see it
// run by itself, and find the alert where the demo catches it.
func TestDemo_AMonitorFromNothingToItsAlert(t *testing.T) {
	t.Parallel()
	demo := startDemo(t)
	b := browsertest.Start(t, demo.Base)
	b.Size(1400, 900)
	b.Open("/")
	b.Wait("document.querySelectorAll('tr[data-row]').length > 3")
	b.Do(chromedp.Click(chromedp.CSS("#new-monitor")))
	b.Wait("document.querySelector('#script .cm-content')")
	b.SetField("name", "Conversions by hand")

	// The metric is found by completion, from the first letters on.
	b.TypeInto("#targets", "shop.ch")
	b.Wait("document.querySelector('.cm-tooltip-autocomplete [aria-selected]')?.textContent.includes('checkout')")
	b.Picture("demo-completion")
	// For its first 75 ms the editor takes no key as a choice, so that nobody chooses unseen.
	browsertest.Eval[bool](b, "new Promise(done => setTimeout(() => done(true), 200))")
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.Wait("document.querySelector('#targets .cm-content').innerText.includes('shop.checkout')")
	setCode(b, "#targets", "sumSeries(shop.checkout.*)")
	b.Wait("document.querySelector('.target-row .tag')?.textContent === 'ok'")
	b.Do(chromedp.KeyEvent(kb.Escape))

	setCode(b, "#script", `puts("points: " + @a.values.length)
graph_value("limit", @a.entries[0].timestamp, 1)
with_metrics(a => graph_value("seen", a.timestamp, a.value))
throw "too few conversions"`)
	b.SetField("schedule", "* * * * * *")
	b.Wait("document.querySelector('#schedule-preview strong')?.textContent.includes('second')")
	b.SetField("alerts", "mailto:oncall@example.com")
	b.Do(chromedp.Click(chromedp.CSS("#test-run")))
	b.Wait("document.querySelector('.outcome.critical .jump')")
	result := b.Text("#result")
	for _, want := range []string{"too few conversions", "line 4", "points: ", "mailto:oncall@example.com", "points in"} {
		if !strings.Contains(result, want) {
			t.Errorf("the result of the test run has no %q:\n%s", want, result)
		}
	}
	b.Wait("document.querySelector('#result canvas') && [...document.querySelectorAll('.graph-legend .label')].some(e => e.textContent === 'seen')")
	b.Wait("document.querySelector('#script .cm-errorLine')?.textContent.includes('too few conversions')")
	b.Picture("demo-test-run")
	if deliveries := deliveriesTo(t, demo, "Conversions by hand"); deliveries != 0 {
		t.Errorf("a test run sent %d notices", deliveries)
	}

	b.Do(chromedp.Click(chromedp.CSS("#save")))
	b.Wait("/^\\/monitors\\/\\d+$/.test(location.pathname)")
	b.WaitFor(20*time.Second, "document.querySelectorAll('#history tbody tr').length >= 3 && document.querySelector('#level .level.critical')")
	b.Wait("document.querySelector('#history').textContent.includes('too few conversions')")
	b.Picture("demo-ran")
	b.Do(chromedp.Click(chromedp.CSS("#history tbody tr:nth-child(2) a")))
	b.Wait("document.querySelector('main').textContent.includes('Decision')")

	b.Open("/deliveries")
	b.WaitFor(20*time.Second, "[...document.querySelectorAll('.delivery')].some(d => d.textContent.includes('Conversions by hand') && d.querySelector('.tag').textContent === 'caught')")
	browsertest.Eval[bool](b, "[...document.querySelectorAll('.delivery')].find(d => d.textContent.includes('Conversions by hand')).open = true")
	b.Picture("demo-delivery")
	if text := b.Text("details[open] .mail"); !strings.Contains(text, "oncall@example.com") || !strings.Contains(text, "too few conversions") {
		t.Errorf("the mail says\n%s", text)
	}
}

// setCode replaces the text of a code editor. The text is inserted at once, as
// pasting does, so that the editor does not close brackets and indent by itself.
func setCode(b *browsertest.Browser, selector, text string) {
	b.Do(chromedp.Click(chromedp.CSS(selector+" .cm-content")), chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.Do(chromedp.KeyEvent(kb.Backspace))
	paste(b, text)
}

func paste(b *browsertest.Browser, text string) {
	browsertest.Eval[bool](b, fmt.Sprintf("document.execCommand('insertText', false, %q)", text))
}

// deliveriesTo counts the notices about a monitor.
func deliveriesTo(t *testing.T, s *server, name string) int {
	t.Helper()
	var list struct{ Deliveries []struct{ Name string } }
	s.Must(http.MethodGet, "/api/v1/deliveries", nil, &list)
	count := 0
	for _, d := range list.Deliveries {
		if d.Name == name {
			count++
		}
	}
	return count
}

// The same on a phone at night, and without ever touching it.
func TestDemo_ByKeyboardAloneOnAPhone(t *testing.T) {
	t.Parallel()
	demo := startDemo(t)
	b := browsertest.Start(t, demo.Base)
	b.Size(390, 844)
	b.Dark(true)
	b.Open("/")
	b.Wait("document.querySelector('tr[data-row]')")
	b.Do(chromedp.KeyEvent("n"))
	b.Wait("document.activeElement?.id === 'name' && document.querySelector('#script .cm-content')")
	b.Do(chromedp.KeyEvent("Traffic by keys"))
	b.TabTo("document.activeElement.closest('#targets')")
	paste(b, "shop.checkout.conversions")
	b.Wait("document.querySelector('.target-row .tag')?.textContent === 'ok'")
	b.Do(chromedp.KeyEvent(kb.Escape))
	b.TabTo("document.activeElement.closest('#script')")
	paste(b, "puts(@a.label)\nthrow \"by keys\"")
	b.Do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.Wait("document.querySelector('.outcome.critical') && document.querySelector('#result').textContent.includes('shop.checkout.conversions')")
	b.Do(chromedp.KeyEvent(kb.Escape)) // out of the script, in which Tab indents
	b.TabTo("document.activeElement.id === 'schedule'")
	b.Do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent("*/2 * * * * *"))
	b.TabTo("document.activeElement.id === 'alerts'")
	b.Do(chromedp.KeyEvent("mailto:night@example.com"))
	b.Picture("demo-phone")
	b.Do(chromedp.KeyEvent("s", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.Wait("/^\\/monitors\\/\\d+$/.test(location.pathname)")
	b.WaitFor(20*time.Second, "document.querySelector('#level .level.critical')")
	b.Do(chromedp.KeyEvent("g"), chromedp.KeyEvent("d"))
	b.Wait("location.pathname === '/deliveries'")
	b.WaitFor(20*time.Second, "[...document.querySelectorAll('.delivery')].some(d => d.textContent.includes('Traffic by keys'))")
	b.TabTo("document.activeElement.matches('.delivery summary') && document.activeElement.textContent.includes('Traffic by keys')")
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.Wait("document.querySelector('.delivery[open]').textContent.includes('night@example.com')")
	b.Picture("demo-phone-delivery")
	if wide := browsertest.Eval[int64](b, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("the page is %d px wide on a screen of 390", wide)
	}
}

func TestDemo_EveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	axe := browsertest.Axe(t)
	demo := startDemo(t)
	var incidents struct{ Incidents []struct{ ID int64 } }
	servertest.Await(t, "an incident opened", 30*time.Second, func() error {
		if err := demo.Call(http.MethodGet, "/api/v1/incidents", nil, &incidents); err != nil || len(incidents.Incidents) == 0 {
			return fmt.Errorf("no incident: %v", err)
		}
		return nil
	})
	b := browsertest.Start(t, demo.Base)
	b.Size(1400, 900)
	b.Open("/monitors/1/runs")
	run := browsertest.Eval[string](b, "document.querySelector('table.runs tbody a').getAttribute('href')")
	pages := map[string]string{
		"editor": "/monitors/1", "versions": "/monitors/1/versions", "runs": "/monitors/1/runs", "run": run,
		"heartbeat": "/heartbeats/shop%2Forders-import", "new monitor": "/monitors/new", "wall": "/tiles?kiosk=1", "incident": fmt.Sprint("/incidents/", incidents.Incidents[0].ID),
		"histograms": "/histograms", "histogram": "/histograms/CHECKOUT_MS", "regression": "/regressions/1", "expiring": "/expiring", "received": "/received",
	}
	for _, path := range []string{"/", "/tiles", "/incidents", "/deliveries", "/sources", "/costs", "/reference", "/docs/api", "/settings", "/silences", "/announcements", "/contacts", "/heartbeats", "/dashboards", "/board", "/board?wall", "/board/production", "/board/machines", "/board/machines/edit", "/board-new", "/board-levels"} {
		if demo.has(path) {
			pages[path] = path
		}
	}
	if len(pages) < 15 {
		t.Errorf("only %d pages were found", len(pages))
	}
	b.Examine(axe, pages)
}

// has reports whether there is such a page.
func (s *server) has(path string) bool {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.Base+path, nil)
	if err != nil {
		s.T.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.T.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

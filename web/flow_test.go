package web_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"wingmirror/monitor"
)

// typeInto puts text into a code editor as a keyboard would.
func (b *browser) typeInto(selector, text string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector+" .cm-content")), chromedp.KeyEvent(text))
}

func (b *browser) setField(name, value string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(`[name="`+name+`"]`)), chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(value))
}

func TestBrowser_WriteTestSaveAndDeleteAMonitor(t *testing.T) {
	w := newWorld(t, time.Now)
	b := startBrowser(t, w)
	b.size(1400, 900)
	b.open("/")
	if text := b.text("main"); !strings.Contains(text, "Write the first monitor") {
		t.Errorf("the empty list says %q", text)
	}
	b.do(chromedp.Click(chromedp.CSS("#new-monitor")))
	b.wait("document.querySelector('#script .cm-content')")
	b.wait("document.querySelector('#schedule-preview strong')")
	b.setField("name", "Orders")
	b.typeInto("#targets", "shop.checkout.conversions")
	b.wait("document.querySelector('.target-row .tag')?.textContent === 'ok'")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.typeInto("#script", " ")
	eval[bool](b, `document.execCommand("insertText", false, "puts(1)\nbroken(")`)
	b.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait("document.querySelector('.outcome.unknown .jump')")
	if text := b.text("#result"); !strings.Contains(text, "broken is not defined") || !strings.Contains(text, "line 2") {
		t.Errorf("after a run with an error the result says %q", text)
	}
	b.wait("document.querySelector('.cm-lintRange-error')")
	b.wait("document.querySelector('.cm-errorLine')?.textContent.includes('broken')")
	b.picture("flow-error")

	eval[bool](b, "document.querySelector('#script .cm-content').focus() ?? true")
	b.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent("throw \"too few orders\""))
	b.do(chromedp.Click(chromedp.CSS("#test-run")))
	b.wait("document.querySelector('.outcome.critical')")
	if text := b.text("#result"); !strings.Contains(text, "too few orders") || !strings.Contains(text, "conversion rate 9.4") {
		t.Errorf("the result says %q, want the thrown text and the output", text)
	}
	b.wait("document.querySelector('#result canvas')")
	b.picture("flow-result")

	b.setField("schedule", "99 * * * *")
	b.setField("alerts", "oncall@example.com")
	b.expect("422")
	b.do(chromedp.Click(chromedp.CSS("#save")))
	b.wait("!document.querySelector('#form-problem').hidden")
	for _, field := range []string{"schedule", "alerts"} {
		if text := b.text(`[data-error-for="` + field + `"]`); text == "" {
			t.Errorf("no error at the field %s", field)
		}
	}
	b.picture("flow-refused")
	if got := eval[string](b, "document.querySelector('#script .cm-content').innerText"); !strings.Contains(got, "too few orders") {
		t.Errorf("a refused save lost the script: %q", got)
	}

	b.setField("schedule", "*/5 * * * *")
	b.setField("alerts", "mailto:oncall@example.com")
	b.do(chromedp.Click(chromedp.CSS("#save")))
	b.wait("location.pathname === '/monitors/1' && document.querySelector('#history')")
	m, err := w.Monitor(context.Background(), 1)
	if err != nil || m.Name != "Orders" || m.Schedule != "*/5 * * * *" || m.Script != "throw \"too few orders\"" || len(m.Targets) != 1 {
		t.Errorf("stored %+v, %v", m, err)
	}
	b.do(chromedp.Click(chromedp.CSS("#delete")))
	b.wait("document.querySelector('#delete.armed')")
	b.do(chromedp.Click(chromedp.CSS("#delete")))
	b.wait("location.pathname === '/'")
	if _, err := w.Monitor(context.Background(), 1); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("the deleted monitor is still there: %v", err)
	}
}

func TestBrowser_CancelsARunThatHangs(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.open("/monitors/2")
	b.wait("document.querySelector('.target-row')")
	b.typeInto("#script", "for (;;) {} ")
	b.do(chromedp.Click(chromedp.CSS("#test-run")))
	b.wait("document.querySelector('#test-run .label').textContent === 'Cancel'")
	b.do(chromedp.Click(chromedp.CSS("#test-run")))
	b.wait("document.querySelector('#result').textContent.includes('Cancelled')")
}

func TestBrowser_KeepsEditsAndShowsConflicts(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.open("/monitors/2")
	b.wait("document.querySelector('.target-row')")
	b.setField("description", "mine")
	b.wait("!document.querySelector('#unsaved').hidden && localStorage.getItem('wingmirror.draft.2')")
	b.do(chromedp.Reload())
	b.wait("document.querySelector('#draft') && !document.querySelector('#draft').hidden")
	if got := eval[string](b, "document.querySelector('#description').value"); got != "mine" {
		t.Errorf("after a reload the description is %q, want the edit", got)
	}
	m, _ := w.Monitor(context.Background(), 2)
	m.Description = "theirs"
	if _, err := w.UpdateMonitor(context.Background(), m, "grace", time.Now()); err != nil {
		t.Fatal(err)
	}
	b.expect("412")
	b.do(chromedp.Click(chromedp.CSS("#save")))
	b.wait("!document.querySelector('#conflict').hidden")
	b.picture("flow-conflict")
	if stored, _ := w.Monitor(context.Background(), 2); stored.Description != "theirs" {
		t.Errorf("the other save was overwritten: %q", stored.Description)
	}
	b.do(chromedp.Click(chromedp.CSS("#conflict .danger")))
	b.wait("document.querySelector('#conflict').hidden")
	if stored, _ := w.Monitor(context.Background(), 2); stored.Description != "mine" {
		t.Errorf("saving over it stored %q", stored.Description)
	}
}

func TestBrowser_ListFiltersAndSwitchesByKeyboard(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.open("/")
	if title := eval[string](b, "document.title"); !strings.HasPrefix(title, "(2) ") {
		t.Errorf("title %q, want the number in trouble first", title)
	}
	b.do(chromedp.KeyEvent("/"))
	b.wait("document.activeElement.id === 'q'")
	b.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent("queue"))
	b.wait("document.querySelectorAll('tr[data-row]').length === 1 && location.search === '?q=queue'")
	eval[bool](b, "(document.activeElement.blur(), true)")
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("p"))
	b.wait("document.querySelector('tr.is-paused')")
	if m, _ := w.Monitor(context.Background(), 3); m.Active {
		t.Error("p did not pause the monitor")
	}
	b.do(chromedp.KeyEvent("?"))
	b.wait("document.querySelector('#help').open")
	b.picture("flow-help")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.do(chromedp.KeyEvent("g"), chromedp.KeyEvent("i"))
	b.wait("location.pathname === '/incidents'")
}

func TestBrowser_ListUpdatesByItself(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.open("/")
	b.wait("document.querySelector('.live-dot.on')")
	if err := w.SetActive(context.Background(), []int64{3}, false, "grace", time.Now()); err != nil {
		t.Fatal(err)
	}
	w.bell.Ring()
	b.wait("document.querySelector('tr[data-row=\"3\"].is-paused')")
}

func readAxe(t *testing.T) string {
	t.Helper()
	const path = "../ui/node_modules/axe-core/axe.min.js"
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no axe-core: run npm ci in ui (%v)", err)
	}
	return string(axe)
}

func TestBrowser_AxeFindsNothing(t *testing.T) {
	axe := readAxe(t)
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.expect("404")
	b.examine(axe, allPages(w))
}

func TestBrowser_AxeFindsNothingBehindTheLogin(t *testing.T) {
	axe := readAxe(t)
	_, o, _ := guarded(t)
	b := startBrowserOn(t, handler(t, o))
	b.examine(axe, map[string]string{"login": "/login"})
	b.open("/login?next=/settings")
	b.setField("name", "admin")
	b.setField("password", password+"\r")
	b.wait("location.pathname === '/settings'")
	b.size(1400, 900)
	b.picture("flow-settings-admin")
	b.examine(axe, map[string]string{"settings": "/settings", "incident": "/incidents/2"})
}

// examine has axe-core look at pages in both themes.
func (b *browser) examine(axe string, pages map[string]string) {
	b.t.Helper()
	for name, path := range pages {
		for _, dark := range []bool{false, true} {
			b.dark(dark)
			b.open(path)
			b.wait("document.readyState === 'complete'")
			eval[bool](b, axe+";true")
			found := eval[[]string](b, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary).join(" | ")))`)
			for _, violation := range found {
				b.t.Errorf("%s (dark %v): %s", name, dark, violation)
			}
		}
	}
}

// A phone at night: narrow, dark, and by keys alone, as a screen reader would.
func TestBrowser_NarrowDarkAndByKeyboardAlone(t *testing.T) {
	w := newWorld(t, time.Now)
	b := startBrowser(t, w)
	b.size(390, 844)
	b.dark(true)
	b.open("/monitors/new")
	b.wait("document.activeElement?.id === 'name'")
	b.do(chromedp.KeyEvent("Orders"))
	b.tabTo("document.activeElement.closest('#targets')")
	b.do(chromedp.KeyEvent("shop.checkout.conversions"))
	b.wait("document.querySelector('.target-row .tag')?.textContent === 'ok'")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.tabTo("document.activeElement.closest('#script')")
	b.do(chromedp.KeyEvent("throw \"too few\""))
	b.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait("document.querySelector('.outcome.critical')")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.tabTo("document.activeElement.id === 'alerts'") // out of the script, in which Tab indents
	b.do(chromedp.KeyEvent("mailto:oncall@example.com"))
	b.picture("flow-phone")
	b.do(chromedp.KeyEvent("s", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait("location.pathname === '/monitors/1'")
	if m, err := w.Monitor(context.Background(), 1); err != nil || m.Name != "Orders" || m.Script != "throw \"too few\"" || len(m.Alerts) != 1 {
		t.Errorf("stored %+v, %v", m, err)
	}
}

// tabTo presses Tab until a JavaScript expression is true.
func (b *browser) tabTo(expression string) {
	b.t.Helper()
	for range 40 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if eval[bool](b, "!!("+expression+")") {
			return
		}
	}
	b.t.Fatalf("forty times Tab did not lead to %s but to %s", expression, eval[string](b, "document.activeElement.outerHTML.slice(0, 200)"))
}

func TestBrowser_NothingStandsOutOnAPhone(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.expect("404")
	for name, path := range allPages(w) {
		for _, width := range []int64{320, 390} {
			b.size(width, 844)
			b.open(path)
			b.wait("document.readyState === 'complete'")
			if got := eval[int64](b, "document.documentElement.scrollWidth"); got > width {
				wide := eval[[]string](b, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== "absolute").slice(0, 4).map(e => e.outerHTML.slice(0, 120))`)
				t.Errorf("%s is %d px wide on a screen of %d: %q", name, got, width, wide)
			}
		}
	}
}

package web_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"wingmirror/monitor"
	"wingmirror/web/browsertest"
)

func TestBrowser_WriteTestSaveAndDeleteAMonitor(t *testing.T) {
	w := newWorld(t, time.Now)
	b := startBrowser(t, w)
	b.Size(1400, 900)
	b.Open("/")
	if text := b.Text("main"); !strings.Contains(text, "Write the first monitor") {
		t.Errorf("the empty list says %q", text)
	}
	b.Do(chromedp.Click(chromedp.CSS("#new-monitor")))
	b.Wait("document.querySelector('#script .cm-content')")
	b.Wait("document.querySelector('#schedule-preview strong')")
	b.SetField("name", "Orders")
	b.TypeInto("#targets", "shop.checkout.conversions")
	b.Wait("document.querySelector('.target-row .tag')?.textContent === 'ok'")
	b.Do(chromedp.KeyEvent(kb.Escape))
	b.TypeInto("#script", " ")
	browsertest.Eval[bool](b, `document.execCommand("insertText", false, "puts(1)\nbroken(")`)
	b.Do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.Wait("document.querySelector('.outcome.unknown .jump')")
	if text := b.Text("#result"); !strings.Contains(text, "broken is not defined") || !strings.Contains(text, "line 2") {
		t.Errorf("after a run with an error the result says %q", text)
	}
	b.Wait("document.querySelector('.cm-lintRange-error')")
	b.Wait("document.querySelector('.cm-errorLine')?.textContent.includes('broken')")
	b.Picture("flow-error")

	browsertest.Eval[bool](b, "document.querySelector('#script .cm-content').focus() ?? true")
	b.Do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent("throw \"too few orders\""))
	b.Do(chromedp.Click(chromedp.CSS("#test-run")))
	b.Wait("document.querySelector('.outcome.critical')")
	if text := b.Text("#result"); !strings.Contains(text, "too few orders") || !strings.Contains(text, "conversion rate 9.4") {
		t.Errorf("the result says %q, want the thrown text and the output", text)
	}
	b.Wait("document.querySelector('#result canvas')")
	b.Picture("flow-result")

	b.SetField("schedule", "99 * * * *")
	b.SetField("alerts", "oncall@example.com")
	b.Expect("422")
	b.Do(chromedp.Click(chromedp.CSS("#save")))
	b.Wait("!document.querySelector('#form-problem').hidden")
	for _, field := range []string{"schedule", "alerts"} {
		if text := b.Text(`[data-error-for="` + field + `"]`); text == "" {
			t.Errorf("no error at the field %s", field)
		}
	}
	b.Picture("flow-refused")
	if got := browsertest.Eval[string](b, "document.querySelector('#script .cm-content').innerText"); !strings.Contains(got, "too few orders") {
		t.Errorf("a refused save lost the script: %q", got)
	}

	b.SetField("schedule", "*/5 * * * *")
	b.SetField("alerts", "mailto:oncall@example.com")
	b.Do(chromedp.Click(chromedp.CSS("#save")))
	b.Wait("location.pathname === '/monitors/1' && document.querySelector('#history')")
	m, err := w.Monitor(context.Background(), 1)
	if err != nil || m.Name != "Orders" || m.Schedule != "*/5 * * * *" || m.Script != "throw \"too few orders\"" || len(m.Targets) != 1 {
		t.Errorf("stored %+v, %v", m, err)
	}
	b.Do(chromedp.Click(chromedp.CSS("#delete")))
	b.Wait("document.querySelector('#delete.armed')")
	b.Do(chromedp.Click(chromedp.CSS("#delete")))
	b.Wait("location.pathname === '/'")
	if _, err := w.Monitor(context.Background(), 1); !errors.Is(err, monitor.ErrNotFound) {
		t.Errorf("the deleted monitor is still there: %v", err)
	}
}

func TestBrowser_CancelsARunThatHangs(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.Open("/monitors/2")
	b.Wait("document.querySelector('.target-row')")
	b.TypeInto("#script", "for (;;) {} ")
	b.Do(chromedp.Click(chromedp.CSS("#test-run")))
	b.Wait("document.querySelector('#test-run .label').textContent === 'Cancel'")
	b.Do(chromedp.Click(chromedp.CSS("#test-run")))
	b.Wait("document.querySelector('#result').textContent.includes('Cancelled')")
}

func TestBrowser_KeepsEditsAndShowsConflicts(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.Open("/monitors/2")
	b.Wait("document.querySelector('.target-row')")
	b.SetField("description", "mine")
	b.Wait("!document.querySelector('#unsaved').hidden && localStorage.getItem('wingmirror.draft.2')")
	b.Do(chromedp.Reload())
	b.Wait("document.querySelector('#draft') && !document.querySelector('#draft').hidden")
	if got := browsertest.Eval[string](b, "document.querySelector('#description').value"); got != "mine" {
		t.Errorf("after a reload the description is %q, want the edit", got)
	}
	m, _ := w.Monitor(context.Background(), 2)
	m.Description = "theirs"
	m.Group = "moved"
	if _, err := w.UpdateMonitor(context.Background(), m, "grace", time.Now()); err != nil {
		t.Fatal(err)
	}
	b.Expect("412")
	b.Do(chromedp.Click(chromedp.CSS("#save")))
	b.Wait("!document.querySelector('#conflict').hidden")
	b.Picture("flow-conflict")
	if text := b.Text("#conflict"); !strings.Contains(text, "grace saved version") || !strings.Contains(text, "From them: group") || !strings.Contains(text, "1 to choose") {
		t.Errorf("the conflict says %q", text)
	}
	if stored, _ := w.Monitor(context.Background(), 2); stored.Description != "theirs" {
		t.Errorf("the other save was overwritten: %q", stored.Description)
	}
	b.Do(chromedp.Click(chromedp.CSS("#conflict [value=mine]")))
	b.Do(chromedp.Click(chromedp.CSS("#conflict [data-merge=save]")))
	b.Wait("document.querySelector('#conflict').hidden")
	b.Wait("document.querySelector('.toast')?.textContent.includes('Saved as version')")
	if stored, _ := w.Monitor(context.Background(), 2); stored.Description != "mine" || stored.Group != "moved" {
		t.Errorf("stored description %q and group %q, want mine and theirs", stored.Description, stored.Group)
	}
}

func TestBrowser_EditsThatDoNotTouchMergeByThemselves(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	m, _ := w.Monitor(context.Background(), 2)
	m.Script = "puts(1)\nputs(2)\nputs(3)"
	m, err := w.UpdateMonitor(context.Background(), m, "grace", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b := startBrowser(t, w)
	b.Open("/monitors/2")
	b.Wait("document.querySelector('.target-row')")
	b.Do(chromedp.Click(chromedp.CSS("#script .cm-content")), chromedp.KeyEvent(kb.End, chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(" // mine"))
	b.Wait("localStorage.getItem('wingmirror.draft.2')")
	m.Script = "puts(0)\nputs(2)\nputs(3)"
	if m, err = w.UpdateMonitor(context.Background(), m, "grace", time.Now()); err != nil {
		t.Fatal(err)
	}
	b.Expect("412")
	b.Do(chromedp.Click(chromedp.CSS("#save")))
	b.Wait("document.querySelector('#conflict [data-merge=theirs]')")
	b.Do(chromedp.Click(chromedp.CSS("#conflict [data-merge=theirs]")))
	b.Wait("document.querySelector('#unsaved').hidden && !document.querySelector('#script .cm-content').innerText.includes('mine')")
	b.Do(chromedp.Click(chromedp.CSS(".toast button")))
	b.Wait("document.querySelector('#script .cm-content').innerText.includes('mine') && !document.querySelector('#conflict').hidden")
	b.Do(chromedp.Click(chromedp.CSS("#conflict [data-merge=save]")))
	b.Wait("document.querySelector('.toast')?.parentElement.textContent.includes('Saved as version')")
	if stored, _ := w.Monitor(context.Background(), 2); stored.Script != "puts(0)\nputs(2)\nputs(3) // mine" {
		t.Errorf("stored %q", stored.Script)
	}

	// The same, found after a reload: the edits come back on top of the newer version.
	b.Do(chromedp.Click(chromedp.CSS("#script .cm-content")), chromedp.KeyEvent(kb.End, chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(" again"))
	b.Wait("localStorage.getItem('wingmirror.draft.2')")
	m, _ = w.Monitor(context.Background(), 2)
	m.Script = strings.Replace(m.Script, "puts(0)", "puts(9)", 1)
	if _, err = w.UpdateMonitor(context.Background(), m, "grace", time.Now()); err != nil {
		t.Fatal(err)
	}
	b.Do(chromedp.Reload())
	b.Wait("document.querySelector('#draft') && !document.querySelector('#draft').hidden")
	if text := browsertest.Eval[string](b, "document.querySelector('#script .cm-content').innerText"); !strings.Contains(text, "puts(9)") || !strings.Contains(text, "mine again") {
		t.Errorf("after the reload the script is %q", text)
	}
}

func TestBrowser_ListFiltersAndSwitchesByKeyboard(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.Open("/")
	if title := browsertest.Eval[string](b, "document.title"); !strings.HasPrefix(title, "(2) ") {
		t.Errorf("title %q, want the number in trouble first", title)
	}
	b.Do(chromedp.KeyEvent("/"))
	b.Wait("document.activeElement.id === 'q'")
	b.Do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent("queue"))
	b.Wait("document.querySelectorAll('tr[data-row]').length === 1 && location.search === '?q=queue'")
	browsertest.Eval[bool](b, "(document.activeElement.blur(), true)")
	b.Do(chromedp.KeyEvent("j"), chromedp.KeyEvent("p"))
	b.Wait("document.querySelector('tr.is-paused')")
	if m, _ := w.Monitor(context.Background(), 3); m.Active {
		t.Error("p did not pause the monitor")
	}
	b.Do(chromedp.KeyEvent("?"))
	b.Wait("document.querySelector('#help').open")
	b.Picture("flow-help")
	b.Do(chromedp.KeyEvent(kb.Escape))
	b.Do(chromedp.KeyEvent("g"), chromedp.KeyEvent("i"))
	b.Wait("location.pathname === '/incidents'")
}

func TestBrowser_ListUpdatesByItself(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.Open("/")
	b.Wait("document.querySelector('.live-dot.on')")
	if err := w.SetActive(context.Background(), []int64{3}, false, "grace", time.Now()); err != nil {
		t.Fatal(err)
	}
	w.bell.Ring()
	b.Wait("document.querySelector('tr[data-row=\"3\"].is-paused')")
}

func TestBrowser_AxeFindsNothing(t *testing.T) {
	axe := browsertest.Axe(t)
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowserOn(t, handler(t, furnished(t, w)))
	b.Expect("404")
	b.Examine(axe, allPages(w))
}

func TestBrowser_AxeFindsNothingBehindTheLogin(t *testing.T) {
	axe := browsertest.Axe(t)
	_, o, _ := guarded(t)
	b := startBrowserOn(t, handler(t, o))
	b.Examine(axe, map[string]string{"login": "/login"})
	b.Open("/login?next=/settings")
	b.SetField("name", "admin")
	b.SetField("password", password+"\r")
	b.Wait("location.pathname === '/settings'")
	b.Size(1400, 900)
	b.Picture("flow-settings-admin")
	b.Examine(axe, map[string]string{"settings": "/settings", "incident": "/incidents/2"})
}

// A phone at night: narrow, dark, and by keys alone, as a screen reader would.
func TestBrowser_NarrowDarkAndByKeyboardAlone(t *testing.T) {
	w := newWorld(t, time.Now)
	b := startBrowser(t, w)
	b.Size(390, 844)
	b.Dark(true)
	b.Open("/monitors/new")
	b.Wait("document.activeElement?.id === 'name'")
	b.Do(chromedp.KeyEvent("Orders"))
	b.TabTo("document.activeElement.closest('#targets')")
	b.Do(chromedp.KeyEvent("shop.checkout.conversions"))
	b.Wait("document.querySelector('.target-row .tag')?.textContent === 'ok'")
	b.Do(chromedp.KeyEvent(kb.Escape))
	b.TabTo("document.activeElement.closest('#script')")
	b.Do(chromedp.KeyEvent("throw \"too few\""))
	b.Do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.Wait("document.querySelector('.outcome.critical')")
	b.Do(chromedp.KeyEvent(kb.Escape))
	b.TabTo("document.activeElement.id === 'alerts'") // out of the script, in which Tab indents
	b.Do(chromedp.KeyEvent("mailto:oncall@example.com"))
	b.Picture("flow-phone")
	b.Do(chromedp.KeyEvent("s", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.Wait("location.pathname === '/monitors/1'")
	if m, err := w.Monitor(context.Background(), 1); err != nil || m.Name != "Orders" || m.Script != "throw \"too few\"" || len(m.Alerts) != 1 {
		t.Errorf("stored %+v, %v", m, err)
	}
}

func TestBrowser_NothingStandsOutOnAPhone(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowserOn(t, handler(t, furnished(t, w)))
	b.Expect("404")
	for name, path := range allPages(w) {
		for _, width := range []int64{320, 390} {
			b.Size(width, 844)
			b.Open(path)
			b.Wait("document.readyState === 'complete'")
			if got := browsertest.Eval[int64](b, "document.documentElement.scrollWidth"); got > width {
				wide := browsertest.Eval[[]string](b, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== "absolute").slice(0, 4).map(e => e.outerHTML.slice(0, 120))`)
				t.Errorf("%s is %d px wide on a screen of %d: %q", name, got, width, wide)
			}
		}
	}
}

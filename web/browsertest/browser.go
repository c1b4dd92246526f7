// Package browsertest drives a real Chromium through pages under test. Whatever
// the browser complains about fails the test: an error in a script, a breach of
// the Content-Security-Policy, an answer of 400 or more. axe-core looks for what
// keeps people with other senses and hands out.
//
// Tests skip, and say why, without Chromium or axe-core and in short mode. The
// package knows nothing of what the pages are about.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Browser is a real Chromium with one tab.
type Browser struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu         sync.Mutex
	complaints []string
	expected   []string
}

// chromium is where Debian puts it.
const chromium = "/usr/bin/chromium"

// Require skips the test where no browser can be driven, or in short mode.
func Require(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is too slow for -short")
	}
	if _, err := os.Stat(chromium); err != nil {
		t.Skip("no browser: " + chromium + " is missing (Debian package chromium)")
	}
}

// Start opens a browser for the pages under base, an address without a slash at
// the end. It lives as long as the test, five minutes at most.
func Start(t *testing.T, base string) *Browser {
	t.Helper()
	Require(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancelTab := chromedp.NewContext(ctx)
	t.Cleanup(cancelTab)
	ctx, cancelTime := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancelTime)
	b := &Browser{t: t, ctx: ctx, base: base}
	b.Do(chromedp.Navigate("about:blank"))
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.checkComplaints)
	return b
}

func (b *Browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.complaints = append(b.complaints, fmt.Sprint(e.Entry.Text, " ", e.Entry.URL, " ", e.Entry.LineNumber, " ", e.Entry.StackTrace))
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text+" "+exceptionText(e))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.complaints = append(b.complaints, "console: "+string(e.Args[0].Value))
		}
	}
}

// Expect names a part of a complaint that the test provokes on purpose.
func (b *Browser) Expect(part string) { b.expected = append(b.expected, part) }

func (b *Browser) checkComplaints() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		known := false
		for _, part := range b.expected {
			known = known || strings.Contains(c, part)
		}
		if !known {
			b.t.Errorf("the browser complained: %s", c)
		}
	}
}

// Do performs steps, one after the other.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// Open goes to a path and waits until it is loaded.
func (b *Browser) Open(path string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(b.base + path))
}

// Text returns the visible text of an element.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(selector))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

// Eval returns the value of a JavaScript expression, or of the promise that it is.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Wait polls for ten seconds until a JavaScript expression is true, also over a
// change of page.
func (b *Browser) Wait(expression string) {
	b.t.Helper()
	b.WaitFor(30*time.Second, expression)
}

// WaitFor is Wait with another patience.
func (b *Browser) WaitFor(patience time.Duration, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool]("!!("+expression+")"))
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			b.t.Fatalf("waited in vain for %s: %v\n%s", expression, err, Eval[string](b, "document.body.innerText.slice(0, 1500)"))
		}
	}
}

// Size makes the window as large, in CSS pixels.
func (b *Browser) Size(width, height int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height))
}

// Dark chooses between the dark and the light theme, as a system setting does.
func (b *Browser) Dark(on bool) {
	b.t.Helper()
	value := "light"
	if on {
		value = "dark"
	}
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}})
		return err
	}))
}

// Picture keeps a screenshot for somebody to look at, where WINGMIRROR_PICTURES names a directory.
func (b *Browser) Picture(name string) {
	b.t.Helper()
	dir := os.Getenv("WINGMIRROR_PICTURES")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func exceptionText(e *runtime.EventExceptionThrown) string {
	if e.ExceptionDetails.Exception == nil {
		return ""
	}
	return e.ExceptionDetails.Exception.Description
}

// TypeInto puts text into a code editor as a keyboard would.
func (b *Browser) TypeInto(selector, text string) {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS(selector+" .cm-content")), chromedp.KeyEvent(text))
}

// SetField replaces what a field of a form holds.
func (b *Browser) SetField(name, value string) {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS(`[name="`+name+`"]`)), chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(value))
}

// TabTo presses Tab until a JavaScript expression is true.
func (b *Browser) TabTo(expression string) {
	b.t.Helper()
	for range 40 {
		b.Do(chromedp.KeyEvent(kb.Tab))
		if Eval[bool](b, "!!("+expression+")") {
			return
		}
	}
	b.t.Fatalf("forty times Tab did not lead to %s but to %s", expression, Eval[string](b, "document.activeElement.outerHTML.slice(0, 200)"))
}

// Axe returns the text of axe-core for Examine, or skips the test.
func Axe(t *testing.T) string {
	t.Helper()
	const path = "../ui/node_modules/axe-core/axe.min.js"
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no axe-core: run npm ci in ui (%v)", err)
	}
	return string(axe)
}

// Examine has axe-core look at pages, by name and path, in both themes.
func (b *Browser) Examine(axe string, pages map[string]string) {
	b.t.Helper()
	for name, path := range pages {
		b.Open(path)
		b.Wait("document.readyState === 'complete'")
		Eval[bool](b, axe+";true")
		for _, dark := range []bool{false, true} {
			b.Dark(dark)
			found := Eval[[]string](b, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary).join(" | ")))`)
			for _, violation := range found {
				b.t.Errorf("%s (dark %v): %s", name, dark, violation)
			}
		}
	}
}

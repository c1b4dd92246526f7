package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
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

// What somebody does who wants to be paged at another level: edit the threshold,
// see over a week what that changes, and save. The counts stand beside the Save button.
func TestDemo_AThresholdIsEditedBacktestedAndSaved(t *testing.T) {
	t.Parallel()
	demo := startDemo(t)
	page := pageOf(t, demo, "Conversion rate")
	b := browsertest.Start(t, demo.Base)
	b.Size(1400, 1000)
	b.Open(page)
	b.Wait("document.querySelector('#timeline-body .lane svg')")
	script := browsertest.Eval[string](b, "JSON.parse(document.querySelector('#boot').textContent).monitor.script")
	edited := strings.Replace(script, "rate < 10", "rate < 15", 1)
	if edited == script {
		t.Fatalf("the demo's script has another threshold:\n%s", script)
	}
	setCode(b, "#script", edited)
	b.Do(chromedp.Click(chromedp.CSS("#past-run")))
	b.WaitFor(2*time.Minute, "document.querySelector('#past-counts:not([hidden])')?.textContent.includes('removed')")
	b.Wait("document.querySelectorAll('#past-result .lane svg').length === 2")
	counts := b.Text("#past-counts")
	if !strings.Contains(counts, "added") || strings.HasPrefix(strings.TrimSpace(counts), "0 added") && !strings.Contains(counts, "moved") {
		t.Errorf("another threshold changes incidents, but the counts are %q", counts)
	}
	if text := b.Text("#past-result"); !strings.Contains(text, "Saved 10080 runs") || !strings.Contains(text, "Edited 10080 runs") || !strings.Contains(text, "removed") {
		t.Errorf("the result says\n%s", text)
	}
	b.Picture("demo-backtest")

	// Typing on says that the counts are about an older text.
	setCode(b, "#script", edited+"\n// more")
	b.Wait("document.querySelector('#past-counts').classList.contains('old')")
	setCode(b, "#script", edited)
	b.Wait("!document.querySelector('#past-counts').classList.contains('old')")
	b.Do(chromedp.Click(chromedp.CSS("#save")))
	b.Wait("document.querySelector('.toasts')?.textContent.includes('Saved as version 2')")

	b.Examine(browsertest.Axe(t), map[string]string{"monitor with its past": page, "incident": "/incidents/1"})
	b.Size(390, 844)
	b.Open(page)
	b.Wait("document.querySelector('#timeline-body .lane svg')")
	if wide := browsertest.Eval[bool](b, "document.documentElement.scrollWidth > innerWidth"); wide {
		t.Error("the page is wider than a phone")
	}
	b.Picture("demo-past-phone")
}

// pageOf returns the address of the page of a monitor.
func pageOf(t *testing.T, s *server, name string) string {
	t.Helper()
	var list struct {
		Monitors []struct {
			ID   int64
			Name string
		}
	}
	if err := s.Call(http.MethodGet, "/api/v1/monitors", nil, &list); err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Monitors {
		if m.Name == name {
			return fmt.Sprintf("/monitors/%d", m.ID)
		}
	}
	t.Fatalf("there is no monitor %q", name)
	return ""
}

// What somebody meets who breaks a monitor: the backtest counts what goes, saving
// names the labelled incidents that are no longer caught, then the tests refuse,
// and a reason is asked for and kept.
func TestDemo_ASaveThatLosesIncidentsAsksTwice(t *testing.T) {
	demo := startDemo(t)
	page := pageOf(t, demo, "Conversion rate")
	b := browsertest.Start(t, demo.Base)
	b.Expect("422") // what the tests refuse
	b.Size(1400, 1000)
	b.Open(page)
	b.Wait("document.querySelector('#timeline-body .lane svg')")
	script := browsertest.Eval[string](b, "JSON.parse(document.querySelector('#boot').textContent).monitor.script")
	setCode(b, "#script", strings.Replace(script, "rate < 10", "rate < 0", 1))
	browsertest.Eval[bool](b, "(() => { const s = document.querySelector('#past-range'); s.value = '1'; s.dispatchEvent(new Event('change')); return true })()")
	b.Do(chromedp.Click(chromedp.CSS("#past-run")))
	b.WaitFor(2*time.Minute, "document.querySelector('#past-counts:not([hidden])')")
	if counts := b.Text("#past-counts"); !strings.Contains(counts, "0 added") || strings.Contains(counts, " 0 removed") || !strings.Contains(counts, "recall 0 %") {
		t.Errorf("beside Save stands %q", counts)
	}
	b.Wait("document.querySelector('#past-counts').classList.contains('bad')")
	b.Do(chromedp.Click(chromedp.CSS("#save")))
	b.Wait("/No longer catches incident #\\d+/.test(document.querySelector('#form-problem').textContent)")
	b.Picture("demo-losses")
	if version := browsertest.Eval[string](b, "document.querySelector('[data-version]').textContent"); version != "1" {
		t.Errorf("it was saved as version %s before the question was answered", version)
	}
	b.Do(chromedp.Click(chromedp.CSS("#save")))
	b.Wait("document.querySelector('#tests-override input')")
	b.Do(chromedp.Click(chromedp.CSS("#override-save")))
	b.Wait("document.activeElement.id === 'override-reason'")
	b.Do(chromedp.KeyEvent("the shop is closed"), chromedp.KeyEvent(kb.Enter))
	b.Wait("document.querySelector('.toasts')?.textContent.includes('Saved as version 2')")
	b.Open(page + "/versions")
	if text := b.Text("main"); !strings.Contains(text, "although 1 of its tests failed") || !strings.Contains(text, "the shop is closed") {
		t.Errorf("the versions page says\n%s", text)
	}
	b.Examine(browsertest.Axe(t), map[string]string{"versions": page + "/versions"})
}

// What stands in the panels of the past once they are used: a backtest with its
// lists, a sweep, a shadow and its comparison, which is then promoted.
func TestDemo_AShadowIsComparedAndPromoted(t *testing.T) {
	demo := startDemo(t)
	page := pageOf(t, demo, "Conversion rate")
	b := browsertest.Start(t, demo.Base)
	b.Size(1280, 900)
	open := func() {
		t.Helper()
		b.Open(page)
		b.Wait("document.querySelector('#timeline-body .lane svg')")
	}
	press := func(selector string) {
		t.Helper()
		browsertest.Eval[bool](b, fmt.Sprintf("(document.querySelector(%q).click(), true)", selector))
	}
	open()
	const boot = "JSON.parse(document.querySelector('#boot').textContent).monitor.script"
	script := browsertest.Eval[string](b, boot)
	edited := strings.Replace(script, "rate < 10", "rate < 15", 1)
	setCode(b, "#script", edited)
	press("#shadow summary")
	b.Wait("document.querySelector('#shadow-result').textContent !== ''")
	press("#shadow-start")
	b.Wait("[...document.querySelectorAll('#shadow-result button')].some(x => x.textContent === 'End')")

	// The one who comes back days later finds the saved text.
	open()
	b.Wait("document.querySelector('#draft:not([hidden]) button')")
	press("#draft button")
	b.Wait("document.querySelector('#draft').hidden")
	if text := browsertest.Eval[string](b, "document.querySelector('#script .cm-content').innerText"); strings.Contains(text, "rate < 15") {
		t.Fatal("starting a shadow changed what is saved")
	}
	press("#shadow summary")
	b.Wait("document.querySelector('#shadow-result .past-summary button')")
	press("#shadow-result .past-summary button")
	b.Wait("/\\d+ runs; \\d+ incidents added|No run yet/.test(document.querySelector('#shadow-result').textContent)")
	browsertest.Eval[bool](b, "(() => { const s = document.querySelector('#past-range'); s.value = '1'; s.dispatchEvent(new Event('change')); return true })()")
	press("#past-run")
	b.WaitFor(60*time.Second, "document.querySelectorAll('#past-result details').length > 0 && document.querySelector('#past-progress').hidden")
	browsertest.Eval[bool](b, "(document.querySelectorAll('#past-result details, #draw').forEach(d => { d.open = true }), true)")
	press("#sweep summary")
	b.Wait("document.querySelector('#sweep-place').selectedOptions[0]?.textContent.startsWith('10 ')")
	press("#sweep-run")
	b.WaitFor(60*time.Second, "document.querySelectorAll('#sweep-result tbody tr').length === 11 && document.querySelector('#sweep-run').textContent !== 'Cancel'")
	press("#run-tests")
	b.Wait("document.querySelector('#tests-result').textContent.includes('2 passed')")
	if text := b.Text("#shadow-result"); !strings.Contains(text, "incidents added") && !strings.Contains(text, "No run yet") {
		t.Errorf("the comparison is gone:\n%s", text)
	}
	browsertest.Eval[bool](b, browsertest.Axe(t)+";true")
	for _, dark := range []bool{false, true} {
		b.Dark(dark)
		found := browsertest.Eval[[]string](b, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary).join(" | ")))`)
		if len(found) > 0 {
			t.Errorf("dark %v: axe found %q", dark, found)
		}
	}
	b.Dark(false)
	b.Picture("demo-panels")

	browsertest.Eval[bool](b, "([...document.querySelectorAll('#shadow-result button')].find(x => x.textContent === 'Promote').click(), true)")
	b.Wait("document.querySelector('#script .cm-content').innerText.includes('rate < 15')")
	if browsertest.Eval[string](b, "document.querySelector('[data-version]').textContent") != "1" {
		t.Error("it is saved before anybody said so")
	}
	b.Do(chromedp.Click(chromedp.CSS("#save")))
	b.Wait("document.querySelector('.toasts')?.textContent.includes('Saved as version 2')")
	if got := browsertest.Eval[string](b, "fetch('/api/v1'+location.pathname).then(r => r.json()).then(m => m.script)"); got != edited {
		t.Errorf("saved is\n%s", got)
	}
}

// A series is drawn with the mouse, with a finger and with keys, and stands in the
// text as it would have been typed.
func TestDemo_ASeriesOfATestIsDrawn(t *testing.T) {
	demo := startDemo(t)
	page := pageOf(t, demo, "Conversion rate")
	b := browsertest.Start(t, demo.Base)
	b.Size(1400, 1000)
	b.Open(page)
	b.Wait("document.querySelector('#timeline-body .lane svg')")
	b.Do(chromedp.Click(chromedp.CSS("#draw summary")))
	b.Do(chromedp.Click(chromedp.CSS("#draw-new")))
	b.Wait("document.querySelector('#draw-series').selectedOptions[0].textContent === 'drawn: shop.checkout.impressions'")
	drawn := func() string {
		return browsertest.Eval[string](b, `/name: drawn\n  series:\n    "shop.checkout.impressions": (.*)/.exec(document.querySelector('#tests').value)[1]`)
	}
	if got := drawn(); got != "50x60" {
		t.Fatalf("a new test begins with %q", got)
	}
	// pointer sends what a mouse or a finger does at parts of the pad's width and height.
	pointer := func(kind string, places ...[2]float64) {
		browsertest.Eval[bool](b, fmt.Sprintf(`(() => {
			const pad = document.querySelector('#draw-pad'), box = pad.getBoundingClientRect();
			pad.setPointerCapture = (id) => { pad.held = id; };
			pad.hasPointerCapture = (id) => pad.held === id;
			%s.forEach(([x, y], i) => pad.dispatchEvent(new PointerEvent(i ? 'pointermove' : 'pointerdown',
				{ pointerId: 7, pointerType: %q, bubbles: true, cancelable: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height })));
			pad.held = null;
			return true;
		})()`, jsonText(t, places), kind))
	}
	b.Do(chromedp.SetValue(chromedp.CSS("#draw-points"), "10"))
	browsertest.Eval[bool](b, "(document.querySelector('#draw-points').dispatchEvent(new Event('change')), true)")
	pointer("mouse", [2]float64{0.01, 0.999}, [2]float64{0.99, 0.999})
	if got := drawn(); got != "0x10" {
		t.Errorf("a line along the bottom is %q", got)
	}
	pointer("touch", [2]float64{0.51, 0.001}, [2]float64{0.99, 0.001})
	if got := drawn(); got != "0x5 100x5" {
		t.Errorf("a finger along the top of the right half gives %q", got)
	}
	b.Do(chromedp.Click(chromedp.CSS("#draw-gaps")))
	pointer("mouse", [2]float64{0.25, 0.5}, [2]float64{0.35, 0.5})
	b.Do(chromedp.Click(chromedp.CSS("#draw-gaps")))
	if got := drawn(); got != "0x2 _x2 0 100x5" {
		t.Errorf("with gaps it is %q", got)
	}
	browsertest.Eval[bool](b, "(document.querySelector('#draw-pad').focus(), true)")
	b.Do(chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.Delete))
	if got := drawn(); got != "2 0 _x2 0 100x4 _" {
		t.Errorf("after keys it is %q", got)
	}
	if said := browsertest.Eval[string](b, "document.querySelector('#draw-pad').getAttribute('aria-valuetext')"); said != "point 10 of 10, the run itself: no value" {
		t.Errorf("it says %q", said)
	}
	b.Do(chromedp.Click(chromedp.CSS("#run-tests")))
	b.Wait("document.querySelector('#tests-result').textContent.includes('drawn')")
	b.Picture("demo-draw")
	found := browsertest.Eval[[]string](b, browsertest.Axe(t)+`;axe.run(document.querySelector('#unit-tests'), {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" | ")))`)
	if len(found) > 0 {
		t.Errorf("axe found %q", found)
	}
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A backtest of the seconds in which a real server ran gives what its runs gave.
func TestDemo_BacktestReproducesWhatTheServerDid(t *testing.T) {
	t.Parallel()
	program := buildProgram(t)
	demo := start(t, program, "demo", "--listen", "127.0.0.1:0")
	t.Cleanup(demo.stop)
	m := map[string]any{
		"name": "every second", "schedule": "* * * * * *", "targets": []string{"shop.checkout.conversions"}, "minutes": 1, "active": true,
		"script": "if (Math.random() < 0.4) throw 'chance ' + @now", "alerts": []string{"mailto:ops@example.com"}, "repeat": "2s",
	}
	var saved struct{ ID int64 }
	if err := demo.Call(http.MethodPost, "/api/v1/monitors", m, &saved); err != nil {
		t.Fatal(err)
	}
	type run struct {
		At                    time.Time
		Phase, Level, Message string
		Decision              string
	}
	var runs struct{ Runs []run }
	servertest.Await(t, "twenty runs", 60*time.Second, func() error {
		err := demo.Call(http.MethodGet, fmt.Sprintf("/api/v1/monitors/%d/runs", saved.ID), nil, &runs)
		if err == nil && len(runs.Runs) < 20 {
			err = fmt.Errorf("%d runs", len(runs.Runs))
		}
		return err
	})
	last, first := runs.Runs[0].At, runs.Runs[len(runs.Runs)-1].At
	var whole map[string]any
	if err := demo.Call(http.MethodGet, fmt.Sprintf("/api/v1/monitors/%d", saved.ID), nil, &whole); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Results []struct {
			Runs    int
			Notices []struct {
				At         time.Time
				Kind, Text string
			}
		}
	}
	body := map[string]any{"monitor": whole, "from": first, "until": last}
	line := lastLine(t, demo, "/api/v1/backtests", body)
	if err := json.Unmarshal(line, &report); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for i := len(runs.Runs) - 1; i >= 0; i-- {
		r := runs.Runs[i]
		if r.At.Before(last) && strings.HasPrefix(r.Decision, "sent: ") {
			want = append(want, fmt.Sprint(r.At.UTC(), r.Message))
		}
	}
	for _, n := range report.Results[0].Notices {
		got = append(got, fmt.Sprint(n.At.UTC(), n.Text))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || len(want) == 0 {
		t.Errorf("live:\n%s\nbacktest:\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
	if report.Results[0].Runs != len(runs.Runs)-1 {
		t.Errorf("%d runs, live %d", report.Results[0].Runs, len(runs.Runs)-1)
	}
}

// lastLine posts to an operation that streams, and returns the last line of its
// answer.
func lastLine(t *testing.T, s *server, path string, in any) []byte {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(s.Base+path, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var last []byte
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		last = bytes.Clone(lines.Bytes())
	}
	if response.StatusCode != http.StatusOK || lines.Err() != nil {
		t.Fatalf("%s: %s, %v: %s", path, response.Status, lines.Err(), last)
	}
	return last
}

package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"wingmirror/monitor"
	"wingmirror/web/browsertest"
)

func TestBrowser_ErrorsStandAtTheLinesThatTheReaderSees(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.Size(1400, 900)
	b.Open("/monitors/2")
	b.Wait("document.querySelector('.target-row')")
	browsertest.Eval[bool](b, `(() => { const a = document.querySelector('#alerts'); a.value = "\n\nmailto:a@example.com, nonsense\n\nmailto:b@example.com\nrubbish"; a.dispatchEvent(new Event('input', {bubbles: true})); return true; })()`)
	b.Expect("422")
	b.SetField("schedule", "99 * * * *")
	b.Wait("document.querySelector('[data-error-for=schedule]').textContent !== ''")
	once := "document.body.innerText.split(document.querySelector('[data-error-for=schedule]').innerText).length - 1"
	if n := browsertest.Eval[int64](b, once); n != 1 {
		t.Errorf("the message about the schedule is shown %d times", n)
	}
	b.Do(chromedp.Click(chromedp.CSS("#test-run")))
	b.Wait("document.querySelector('#unsavable')")
	if text := b.Text("#unsavable"); !strings.Contains(text, "schedule") || !strings.Contains(text, "alerts") {
		t.Errorf("the test run says %q, want the fields that keep it from being saved", text)
	}
	b.Do(chromedp.Click(chromedp.CSS("#save")))
	b.Wait("!document.querySelector('#form-problem').hidden")
	if text := b.Text("[data-error-for=alerts]"); !strings.Contains(text, "line 3: ") || !strings.Contains(text, "line 6: ") || strings.Contains(text, "line 2: ") {
		t.Errorf("the errors of the alerts are %q, want lines 3 and 6", text)
	}
	if n := browsertest.Eval[int64](b, once); n != 1 {
		t.Errorf("after a save the message about the schedule is shown %d times", n)
	}
	b.SetField("schedule", "*/5 * * * *")
	b.Wait("document.querySelector('[data-error-for=schedule]').textContent === '' && document.querySelector('#schedule-preview strong')")
}

func TestBrowser_TheResultFollowsRunsThatHappen(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	m, err := w.CreateMonitor(context.Background(), monitor.Monitor{Name: "Fresh", Schedule: "* * * * *", Active: true, Targets: []string{"shop.web1"}}, "grace", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b := startBrowser(t, w)
	b.Open(fmt.Sprint("/monitors/", m.ID))
	b.Wait("document.querySelector('#result').textContent.includes('Not run yet') && document.querySelector('.live-dot.on')")
	w.ran(m, "first output", time.Now().Add(-time.Minute))
	w.bell.Ring()
	b.Wait("document.querySelector('#result .output').textContent === 'first output' && document.querySelector('#result canvas')")
	b.Do(chromedp.Click(chromedp.CSS("#test-run")))
	b.Wait("document.querySelector('#result .output').textContent.includes('conversion rate')")
	w.ran(m, "second output", time.Now())
	w.bell.Ring()
	b.Wait("document.querySelectorAll('#history tbody tr').length === 2")
	if text := b.Text("#result .output"); !strings.Contains(text, "conversion rate") {
		t.Errorf("a live run took the place of a test run: %q", text)
	}
}

// ran adds a run of a monitor that printed something.
func (w *world) ran(m monitor.Monitor, output string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at = at.Truncate(time.Second)
	w.runs[m.ID] = append(w.runs[m.ID], monitor.Run{Monitor: m.ID, At: at, Started: at, Phase: monitor.Done, Version: m.Version, Level: monitor.OK})
	if w.details[m.ID] == nil {
		w.details[m.ID] = map[int64]*monitor.Detail{}
	}
	w.details[m.ID][at.UnixMilli()] = &monitor.Detail{Output: output, Graph: rateGraph(at), Window: w.Window(at, 60)}
}

func TestBrowser_AGraphIsCopiedAsAPictureOrSaved(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.Open("/monitors/1")
	b.Wait("document.querySelector('#result canvas')")
	browsertest.Eval[bool](b, `(navigator.clipboard.write = async (items) => { window.copied = await items[0].getType("image/png"); }, true)`)
	b.Do(chromedp.Click(chromedp.CSS("#copy-png")))
	b.Wait("window.copied?.size > 1000 && document.querySelector('.toast').textContent.includes('Copied')")
	browsertest.Eval[bool](b, `(navigator.clipboard.write = async () => { throw new Error("not allowed"); },
		HTMLAnchorElement.prototype.click = function () { window.saved = this.download; }, true)`)
	b.Do(chromedp.Click(chromedp.CSS("#copy-png")))
	b.Wait("window.saved === 'Conversion rate.png'")
}

func TestBrowser_TwoFingersZoomAGraphAndTwoTapsShowAll(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	b := startBrowser(t, w)
	b.Size(390, 844)
	b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 2})
		return err
	}))
	b.Open("/monitors/1")
	b.Wait("document.querySelector('#result canvas')")
	browsertest.Eval[bool](b, "(document.querySelector('.u-over').scrollIntoView({block: 'center'}), true)")
	box := browsertest.Eval[[]float64](b, "(r => [r.left, r.top + r.height / 2, r.width])(document.querySelector('.u-over').getBoundingClientRect())")
	left, y, width := box[0], box[1], box[2]
	touch := func(kind input.DispatchTouchEventType, xs ...float64) {
		points := []*input.TouchPoint{}
		for i, x := range xs {
			points = append(points, &input.TouchPoint{X: left + x*width, Y: y, ID: new(float64(i))})
		}
		b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
			return err
		}))
	}
	const touched = "Date.parse(document.querySelector('.graph-at').textContent)"
	// tapped is the time that the graph shows after a tap at a fifth of its width.
	tapped := func() float64 {
		touch(input.DispatchTouchEventTypeTouchStart, 0.2)
		touch(input.DispatchTouchEventTypeTouchEnd)
		b.Wait(touched)
		return browsertest.Eval[float64](b, touched)
	}
	all := tapped()
	touch(input.DispatchTouchEventTypeTouchStart, 0.45, 0.55)
	touch(input.DispatchTouchEventTypeTouchMove, 0.3, 0.7)
	touch(input.DispatchTouchEventTypeTouchMove, 0.15, 0.85)
	touch(input.DispatchTouchEventTypeTouchEnd)
	zoomed := tapped()
	if zoomed <= all {
		t.Errorf("two fingers moved apart show %v where %v was", zoomed, all)
	}
	touch(input.DispatchTouchEventTypeTouchStart, 0.4)
	touch(input.DispatchTouchEventTypeTouchMove, 0.5)
	touch(input.DispatchTouchEventTypeTouchMove, 0.9)
	touch(input.DispatchTouchEventTypeTouchEnd)
	if panned := tapped(); panned >= zoomed {
		t.Errorf("one finger moved to the right shows %v where %v was", panned, zoomed)
	}
	tapped()
	if again := tapped(); again != all {
		t.Errorf("two quick taps show %v where %v was at first", again, all)
	}
	if at := browsertest.Eval[float64](b, "scrollX"); at != 0 {
		t.Errorf("the page moved sideways by %v px", at)
	}
}

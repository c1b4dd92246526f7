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

	"wingmirror/web/browsertest"
)

// What somebody does who wants to be paged at another level: edit the threshold,
// see over a week what that changes, and save. The counts stand beside the Save button.
func TestDemo_AThresholdIsEditedBacktestedAndSaved(t *testing.T) {
	t.Parallel()
	demo := startDemo(t)
	var list struct {
		Monitors []struct {
			ID   int64
			Name string
		}
	}
	if err := demo.call(http.MethodGet, "/api/v1/monitors", nil, &list); err != nil {
		t.Fatal(err)
	}
	page := ""
	for _, m := range list.Monitors {
		if m.Name == "Conversion rate" {
			page = fmt.Sprintf("/monitors/%d", m.ID)
		}
	}
	b := browsertest.Start(t, demo.base)
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
	b.WaitFor(60*time.Second, "document.querySelector('#past-counts:not([hidden])')?.textContent.includes('removed')")
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
	if err := demo.call(http.MethodPost, "/api/v1/monitors", m, &saved); err != nil {
		t.Fatal(err)
	}
	type run struct {
		At                    time.Time
		Phase, Level, Message string
		Decision              string
	}
	var runs struct{ Runs []run }
	poll(t, "twenty runs", 60*time.Second, func() error {
		err := demo.call(http.MethodGet, fmt.Sprintf("/api/v1/monitors/%d/runs", saved.ID), nil, &runs)
		if err == nil && len(runs.Runs) < 20 {
			err = fmt.Errorf("%d runs", len(runs.Runs))
		}
		return err
	})
	last, first := runs.Runs[0].At, runs.Runs[len(runs.Runs)-1].At
	var whole map[string]any
	if err := demo.call(http.MethodGet, fmt.Sprintf("/api/v1/monitors/%d", saved.ID), nil, &whole); err != nil {
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
	response, err := http.Post(s.base+path, "application/json", bytes.NewReader(body))
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

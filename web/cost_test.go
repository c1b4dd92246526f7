package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

func (w *world) Costs(_ context.Context, since time.Time) ([]store.Cost, error) {
	var all []store.Cost
	for id, runs := range w.runs {
		c := store.Cost{Monitor: id}
		for _, r := range runs {
			if _, known := w.monitors[id]; !known || r.At.Before(since) {
				continue
			}
			c.Runs++
			c.Fetch += r.Fetch
			c.Peak = max(c.Peak, r.Cost.Memory)
			c.Total.CPU += r.Cost.CPU
			c.Total.Wall += r.Cost.Wall
		}
		if c.Runs > 0 {
			all = append(all, c)
		}
	}
	return all, nil
}

func (w *world) CostSteps(_ context.Context, id int64, since time.Time, step time.Duration) ([]store.CostStep, error) {
	var steps []store.CostStep
	for _, r := range slices.Backward(w.runs[id]) {
		if !r.At.Before(since) {
			steps = append(steps, store.CostStep{From: r.At.Truncate(step), Cost: store.Cost{Runs: 2, Total: monitor.Cost{CPU: 2 * r.Cost.CPU}}})
		}
	}
	return steps, nil
}

func TestRuns_TrendsGoOverTheTimeThatIsAskedFor(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	runs := w.runs[1]
	for i := range runs {
		runs[i].Cost.CPU = 7 * time.Millisecond
	}
	h := handler(t, w.options())
	for path, want := range map[string]string{
		"": "runs, in their order", "?over=runs": "runs, in their order", "?over=day": "each 10 minutes of the last day",
		"?over=week": "each hour of the last week", "?over=all": "all that is stored",
	} {
		out := get(h, "/monitors/1/runs"+path)
		if body := out.Body.String(); out.Code != http.StatusOK || !strings.Contains(body, want) || !strings.Contains(body, "7 ms") {
			t.Errorf("%q has no %q: %d", path, want, out.Code)
		}
	}
	if out := get(h, "/monitors/1/runs?over=ever"); out.Code != http.StatusNotFound {
		t.Errorf("over ever: %d", out.Code)
	}
}

func TestCosts_TheMostExpensiveComesFirst(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	for id, runs := range w.runs {
		for i := range runs {
			runs[i].Cost.CPU, runs[i].Cost.Memory = time.Duration(id)*time.Millisecond, 1<<20/id
		}
	}
	h := handler(t, w.options())
	var answer struct {
		Costs []struct {
			Monitor int64
			CPUMS   float64 `json:"cpu_ms"`
			Peak    int64   `json:"peak_memory"`
		}
	}
	for by, sorted := range map[string]func(i int) bool{
		"cpu":    func(i int) bool { return answer.Costs[i-1].CPUMS >= answer.Costs[i].CPUMS },
		"memory": func(i int) bool { return answer.Costs[i-1].Peak >= answer.Costs[i].Peak },
	} {
		out := get(h, "/api/v1/costs?by="+by)
		if err := json.Unmarshal(out.Body.Bytes(), &answer); err != nil || len(answer.Costs) < 2 {
			t.Fatalf("%d %s, %v", out.Code, out.Body, err)
		}
		for i := 1; i < len(answer.Costs); i++ {
			if !sorted(i) {
				t.Errorf("by %s: %+v", by, answer.Costs)
			}
		}
	}
	if out := get(h, "/costs?by=beauty"); out.Code != http.StatusNotFound {
		t.Errorf("ranked by beauty: %d", out.Code)
	}
	if out := get(h, "/costs?over=ever"); out.Code != http.StatusNotFound {
		t.Errorf("over ever: %d", out.Code)
	}
	for path, want := range map[string]string{"/costs": "1.0 MiB", "/costs?over=week": "monitors of the last week", "/api/v1/costs?over=day": `"costs":[{`, "/costs?by=memory": "aria-current", "/monitors/1/runs": "1 ms"} {
		if out := get(h, path); out.Code != http.StatusOK || !strings.Contains(out.Body.String(), want) {
			t.Errorf("%s has no %q: %d", path, want, out.Code)
		}
	}
}

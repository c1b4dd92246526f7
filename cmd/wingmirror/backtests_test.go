package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/scheduler/backtest"
)

// streamed posts and returns every line of the answer.
func (r *running) streamed(ctx context.Context, path string, in any) (lines []backtest.Report, status int) {
	r.T.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		r.T.Fatal(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Base+path, bytes.NewReader(body))
	if err != nil {
		r.T.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.T.Fatal(err)
	}
	defer response.Body.Close()
	scanner := bufio.NewScanner(response.Body)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		var report backtest.Report
		if err := json.Unmarshal(scanner.Bytes(), &report); err != nil {
			r.T.Fatalf("%v: %s", err, scanner.Text())
		}
		lines = append(lines, report)
	}
	return lines, response.StatusCode
}

type anything = map[string]any

// remove deletes, and fails the test when that is refused.
func (r *running) remove(path string) {
	r.T.Helper()
	request, err := http.NewRequest(http.MethodDelete, r.Base+path, nil)
	if err != nil {
		r.T.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.T.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		r.T.Errorf("DELETE %s: %s", path, response.Status)
	}
}

// page returns the HTML of a page.
func (r *running) page(path string) string {
	r.T.Helper()
	status, text := r.fetch(path, "")
	if status != http.StatusOK {
		r.T.Errorf("%s: status %d", path, status)
	}
	return text
}

// monitorNamed returns the demo's monitor of that name, as the API has it.
func (r *running) monitorNamed(name string) anything {
	r.T.Helper()
	var list struct {
		Monitors []struct {
			ID   int64
			Name string
		}
	}
	if err := r.Call("GET", "/api/v1/monitors", nil, &list); err != nil {
		r.T.Fatal(err)
	}
	for _, m := range list.Monitors {
		if m.Name == name {
			var whole anything
			if err := r.Call("GET", fmt.Sprint("/api/v1/monitors/", m.ID), nil, &whole); err != nil {
				r.T.Fatal(err)
			}
			return whole
		}
	}
	r.T.Fatalf("there is no monitor %q", name)
	return nil
}

func TestServer_BacktestsSweepsLabelsAndShadows(t *testing.T) {
	r := launch(t, "demo")
	m := r.monitorNamed("Conversion rate")
	id := int64(m["id"].(float64))
	now := time.Now().UTC().Truncate(time.Minute)
	edited := anything{}
	for k, v := range m {
		edited[k] = v
	}
	edited["script"] = "throw 'always'"
	lines, status := r.streamed(t.Context(), "/api/v1/backtests", anything{"monitor": edited, "saved": true, "from": now.Add(-6 * time.Hour), "until": now})
	if status != 200 || len(lines) == 0 {
		t.Fatalf("status %d, %d lines", status, len(lines))
	}
	last := lines[len(lines)-1]
	if last.Partial || last.Error != "" || last.Done != 720 || last.Diff == nil || len(last.Results) != 2 || last.Results[1].Opened != 1 {
		t.Errorf("%d of %d, %q, %+v", last.Done, last.Total, last.Error, last.Diff)
	}
	for _, wrong := range []anything{
		{"monitor": edited, "from": now.Add(time.Hour), "until": now.Add(2 * time.Hour)},
		{"monitor": edited, "from": now, "until": now.Add(-time.Hour)},
	} {
		if _, status := r.streamed(t.Context(), "/api/v1/backtests", wrong); status != http.StatusUnprocessableEntity {
			t.Errorf("%v: status %d", wrong["from"], status)
		}
	}

	lines, status = r.streamed(t.Context(), "/api/v1/sweeps", anything{
		"monitor": anything{"name": "s", "schedule": "*/5 * * * *", "targets": m["targets"], "script": "if (mean(@a.values) > 10) throw 1", "minutes": 5},
		"place":   anything{"line": 1, "column": 23, "text": "10"}, "first": 0, "last": 1000, "steps": 5, "from": now.Add(-6 * time.Hour), "until": now,
	})
	if status != 200 || len(lines[len(lines)-1].Sweep) != 5 || lines[len(lines)-1].Sweep[0].Pages == 0 || lines[len(lines)-1].Sweep[4].Pages != 0 {
		t.Errorf("status %d, %+v", status, lines)
	}

	var label anything
	err := r.Call("POST", "/api/v1/labels", anything{"monitor": id, "verdict": "missed", "from": now.Add(-2 * time.Hour), "until": now.Add(-time.Hour)}, &label)
	if err != nil || label["id"] == nil {
		t.Fatal(label, err)
	}
	lines, _ = r.streamed(t.Context(), "/api/v1/backtests", anything{"monitor": edited, "saved": true, "from": now.Add(-6 * time.Hour), "until": now})
	if score := lines[len(lines)-1].Results[1].Score; score == nil || score.Wanted < 2 || score.Caught != score.Wanted {
		t.Errorf("score %+v", score)
	}
	var timeline struct {
		Runs   int
		Lane   []backtest.SpanReport
		Labels []anything
	}
	if err := r.Call("GET", fmt.Sprintf("/api/v1/monitors/%d/timeline", id), nil, &timeline); err != nil || timeline.Runs == 0 || len(timeline.Lane) == 0 || !slices.ContainsFunc(timeline.Labels, func(l anything) bool { return l["verdict"] == "missed" }) {
		t.Errorf("%+v, %v", timeline, err)
	}
	r.remove(fmt.Sprint("/api/v1/labels/", label["id"]))

	var shadow anything
	if err := r.Call("POST", "/api/v1/shadows", anything{"monitor": edited, "days": 1}, &shadow); err != nil {
		t.Fatal(err)
	}
	edited["targets"] = []string{"another"}
	if err := r.Call("POST", "/api/v1/shadows", anything{"monitor": edited, "days": 1}, nil); err == nil || !strings.Contains(err.Error(), "leave the targets as they are") {
		t.Errorf("other targets: %v", err)
	}
	if err := r.Call("GET", fmt.Sprint("/api/v1/shadows/", shadow["id"]), nil, &anything{}); err != nil {
		t.Error(err)
	}
	r.remove(fmt.Sprint("/api/v1/shadows/", shadow["id"]))
}

func TestServer_ACancelledBacktestLeavesNothingRunning(t *testing.T) {
	r := launch(t, "demo")
	m := r.monitorNamed("Conversion rate")
	now := time.Now().UTC()
	for range 2 * backtestsAtOnce { // were one left, the later ones would be refused
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		body, _ := json.Marshal(anything{"monitor": m, "from": now.Add(-30 * 24 * time.Hour), "until": now})
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Base+"/api/v1/backtests", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
		cancel()
	}
	r.Await("the places of cancelled backtests are free", func() error {
		lines, status := r.streamed(t.Context(), "/api/v1/backtests", anything{"monitor": m, "from": now.Add(-time.Hour), "until": now})
		if status != 200 || lines[len(lines)-1].Partial {
			return fmt.Errorf("status %d: a cancelled backtest still holds its place", status)
		}
		return nil
	})
}

func TestServer_RecordedRunsAreMadeAgain(t *testing.T) {
	r := launch(t, "demo")
	m := r.monitorNamed("Conversion rate")
	id := int64(m["id"].(float64))
	var runs struct {
		Runs []struct {
			At    time.Time
			Phase string
		}
	}
	r.Await("a run", func() error {
		err := r.Call("GET", fmt.Sprintf("/api/v1/monitors/%d/runs", id), nil, &runs)
		if err == nil && (len(runs.Runs) == 0 || runs.Runs[0].Phase != "done") {
			err = errors.New("none is done")
		}
		return err
	})
	at := runs.Runs[0].At
	var recording struct {
		Targets []struct{ Series []struct{ Values []any } }
	}
	if err := r.Call("GET", fmt.Sprintf("/api/v1/monitors/%d/runs/%s/recording", id, at.Format(time.RFC3339)), nil, &recording); err != nil || len(recording.Targets) != 2 || len(recording.Targets[0].Series[0].Values) == 0 {
		t.Errorf("%+v, %v", recording, err)
	}
	var out struct {
		Replay struct {
			Verdict     string
			Differences []anything
		}
	}
	if err := r.Call("POST", "/api/v1/test-run", anything{"monitor": m, "recorded": at}, &out); err != nil || out.Replay.Verdict != "same" {
		t.Errorf("%+v, %v", out, err)
	}
	if code, out, errs := invoke(t, nil, "replay", "--all", "--server", r.Base); code != 0 || !strings.Contains(out, " 0 different") || strings.HasPrefix(out, "0 runs") {
		t.Errorf("replay by the server: exit %d\n%s%s", code, out, errs)
	}
	if page := r.page(fmt.Sprintf("/monitors/%d/runs/%s", id, at.Format(time.RFC3339))); !strings.Contains(page, "/export\" download") || !strings.Contains(page, "Run again in the editor") {
		t.Error("the run's page does not offer to export it")
	}
	exported := r.page(fmt.Sprintf("/api/v1/monitors/%d/runs/%s/export", id, at.Format(time.RFC3339)))
	if code, out, errs := invoke(t, nil, "replay", writeFile(t, "run.json", exported)); code != 0 || !strings.Contains(out, "1 run: 1 the same") {
		t.Errorf("exported by the page: exit %d\n%s%s", code, out, errs)
	}
	m["script"] = "throw 'other'"
	if err := r.Call("POST", "/api/v1/test-run", anything{"monitor": m, "recorded": at}, &out); err != nil || out.Replay.Verdict != "different" || len(out.Replay.Differences) == 0 {
		t.Errorf("%+v, %v", out, err)
	}
}

package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// post sends a body as it is and returns status and answer.
func (r *running) post(path, body string) (int, string) {
	r.T.Helper()
	request, err := http.NewRequest(http.MethodPost, r.Base+path, strings.NewReader(body))
	if err != nil {
		r.T.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded") // as curl -d does
	return r.Text(request)
}

// until waits until ok, and fails the test when that takes too long.
func (r *running) until(what string, ok func() bool) {
	r.T.Helper()
	r.Await(what, func() error {
		if !ok() {
			return errors.New("it did not come to that")
		}
		return nil
	})
}

func pushed(more string, value float64) string {
	return fmt.Sprintf(`{"service": "Shop", "server": "web1", "component": "Disk", "value": %g, "timestamp": %d, "active": true%s}`, value, time.Now().Unix(), more)
}

const diskRules = `severities: {page: {level: critical}}
rules:
  - {name: Disk/full, severity: page, condition: component == "Disk" and value > 0.9 and active, alerts: ["mailto:ops@example.com"]}
`

type rulesAnswer struct {
	Version int
	Problem string
	Firing  []struct{ Subject, Text string }
}

func (r *running) rules() (a rulesAnswer) {
	r.T.Helper()
	if err := r.Call("GET", "/api/v1/rules", nil, &a); err != nil {
		r.T.Fatal(err)
	}
	return a
}

func TestServer_EventsBecomeIncidentsThatEnd(t *testing.T) {
	dir := t.TempDir()
	r := launch(t, "serve", "--graphite", "http://127.0.0.1:1", "--db", filepath.Join(dir, "w.db"), "--auth", "none")
	if err := r.Call("PUT", "/api/v1/rules", map[string]any{"text": diskRules, "version": 0}, &anything{}); err != nil {
		t.Fatal(err)
	}
	status, answer := r.post("/events", pushed(`, "id": 1`, 0.95)+"\n"+pushed(`, "id": 1`, 0.95)+"\nnonsense\n"+`{"service": "Shop"}`)
	if status != http.StatusOK || !strings.Contains(answer, `"accepted":1,"duplicates":1`) || !strings.Contains(answer, `{"index":3,"line":4,"reason":"component: it is missing"}`) {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer = r.post("/events", `[{"service": "Shop"}]`); status != http.StatusUnprocessableEntity || !strings.Contains(answer, "events[0]") {
		t.Errorf("%d %s", status, answer)
	}
	var list struct {
		Incidents []struct {
			Name, Subject, Message string
			ClosedAt               *time.Time `json:"closed_at"`
		}
	}
	incidents := func() int {
		if err := r.Call("GET", "/api/v1/incidents", nil, &list); err != nil {
			t.Fatal(err)
		}
		return len(list.Incidents)
	}
	r.until("an incident opens", func() bool { return incidents() == 1 })
	if got := list.Incidents[0]; got.Name != "Disk/full: Shop, web1" || !strings.Contains(got.Message, "Disk 0.95 on web1 (Shop)") {
		t.Errorf("incident %+v", got)
	}
	if firing := r.rules().Firing; len(firing) != 1 || firing[0].Subject != "rule/Disk/full/Shop/web1" {
		t.Errorf("firing %+v", firing)
	}
	var found struct{ Events []struct{ Seq int64 } }
	if err := r.Call("GET", "/api/v1/events?service=Shop&q=0.95", nil, &found); err != nil || len(found.Events) != 1 {
		t.Errorf("found %+v, %v", found, err)
	}
	r.post("/api/v1/events", pushed("", 0.5))
	if status, answer := r.post("/events", "["+pushed("", 0.5)+"]"); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
	r.until("the incident closes", func() bool { incidents(); return list.Incidents[0].ClosedAt != nil })
}

func TestServer_FollowsARulesFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rules.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(diskRules)
	r := launch(t, "serve", "--graphite", "http://127.0.0.1:1", "--db", filepath.Join(dir, "w.db"), "--auth", "none", "--rules", path)
	if a := r.rules(); a.Version != 1 || a.Problem != "" {
		t.Fatalf("%+v", a)
	}
	write(strings.Replace(diskRules, "value", "valeu", 1))
	r.until("the mistake is told", func() bool { return strings.Contains(r.rules().Problem, "did you mean value?") })
	r.post("/events", pushed("", 0.95))
	r.until("the old rules are in force", func() bool { return len(r.rules().Firing) == 1 })
	write(strings.Replace(diskRules, "0.9", "0.99", 1))
	r.until("the new rules are in force", func() bool { a := r.rules(); return a.Version == 2 && a.Problem == "" && len(a.Firing) == 0 })
	if err := r.Call("PUT", "/api/v1/rules", map[string]any{"text": diskRules, "version": 2}, &anything{}); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("rules that are followed were changed: %v", err)
	}
}

func TestServer_EventsAreTargets(t *testing.T) {
	r := launch(t, "serve", "--graphite", "http://127.0.0.1:1", "--db", filepath.Join(t.TempDir(), "w.db"), "--auth", "none")
	old := strings.Replace(pushed("", 3), fmt.Sprint(time.Now().Unix()), fmt.Sprint(time.Now().Unix()-120), 1)
	r.post("/events", old)
	var out struct {
		Output  string
		Targets []struct{ Status string }
	}
	script := `puts(@a.label, @a.values.filter(v => v !== null).join())`
	err := r.Call("POST", "/api/v1/test-run", map[string]any{"monitor": map[string]any{
		"name": "m", "schedule": "@hourly", "targets": []string{`events("Shop", "Disk")`}, "script": script,
	}}, &out)
	if err != nil || !strings.Contains(out.Output, "web1\n3") || out.Targets[0].Status != "ok" {
		t.Errorf("%+v, %v", out, err)
	}
	script = `for (const s of events("Shop", "Disk")) puts(s.label, s.last_value())`
	err = r.Call("POST", "/api/v1/test-run", map[string]any{"monitor": map[string]any{"name": "m", "schedule": "@hourly", "script": script}}, &out)
	if err != nil || !strings.Contains(out.Output, "web1\n3") {
		t.Errorf("without a target: %+v, %v", out, err)
	}
}

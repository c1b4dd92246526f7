package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// beating is a server with a key for its space ops.
func beating(t *testing.T, args ...string) (r *running, key string) {
	t.Helper()
	r = launch(t, append([]string{"serve", "--graphite", "http://127.0.0.1:1", "--workers", "1", "--db", filepath.Join(t.TempDir(), "test.db")}, args...)...)
	var made struct{ Key string }
	if err := r.Call(http.MethodPost, "/api/v1/heartbeat-keys", map[string]string{"space": "ops", "name": "test"}, &made); err != nil {
		t.Fatal(err)
	}
	return r, made.Key
}

type listedBeat struct {
	Level, Why, Message string
	Beats               int
}

func (r *running) heartbeat(name string) (h listedBeat, err error) {
	return h, r.Call(http.MethodGet, "/api/v1/heartbeats/ops%2F"+name, nil, &h)
}

func (r *running) incidents() (list struct {
	Incidents []struct{ Subject, Message string }
}, err error) {
	return list, r.Call(http.MethodGet, "/api/v1/incidents", nil, &list)
}

func TestHeartbeats_AJobThatFailsOpensAnIncidentThatItsNextRunCloses(t *testing.T) {
	r, key := beating(t)
	env := map[string]string{serverVariable: r.Base, pingKeyVariable: key}
	code, out, errs := invoke(t, env, "ping", "--name", "backup", "--", "sh", "-c", "echo copying; sleep 0.3; echo disk full >&2; exit 3")
	if code != 3 || out != "copying\n" || errs != "disk full\n" {
		t.Fatalf("exit %d, %q, %q: want the job's own", code, out, errs)
	}
	h, err := r.heartbeat("backup")
	if err != nil || h.Level != "critical" || !strings.Contains(h.Message, "exit status 3: disk full") || h.Beats != 2 {
		t.Fatalf("%+v, %v", h, err)
	}
	r.Await("an incident", func() error {
		list, err := r.incidents()
		if err != nil || len(list.Incidents) != 1 || list.Incidents[0].Subject != "heartbeat/ops/backup" {
			return fmt.Errorf("%+v, %v", list, err)
		}
		return nil
	})
	if code, _, errs := invoke(t, env, "ping", "--name", "backup", "--", "true"); code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	r.Await("the end of the incident", func() error {
		var open struct{ Incidents []struct{ ID int64 } }
		if err := r.Call(http.MethodGet, "/api/v1/incidents?open=true", nil, &open); err != nil || len(open.Incidents) > 0 {
			return fmt.Errorf("%+v, %v", open, err)
		}
		return nil
	})
}

func TestHeartbeats_HaveThePolicyOfMonitors(t *testing.T) {
	r, key := beating(t)
	if answer, err := http.Get(r.Base + "/ping/" + key + "/job?period=1h"); err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("%v, %v", answer, err)
	}
	const path = "/api/v1/heartbeats/ops%2Fjob"
	change := map[string]any{"repeat": "30m", "keep_firing": "5m", "warnings": "off", "flapping": "on", "failures": "3 of 5", "odd_size": "off"}
	var got map[string]any
	if err := r.Call(http.MethodPatch, path, change, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"repeat": "30m", "keep_firing": "5m", "warnings": "off", "flapping": "on", "failures": "3 of 5", "odd_size": false}
	for field, value := range want {
		if got[field] != value {
			t.Errorf("%s is %v, want %v", field, got[field], value)
		}
	}
	if err := r.Call(http.MethodPatch, path, map[string]any{"flapping": "maybe"}, nil); err == nil || !strings.Contains(err.Error(), "flapping") {
		t.Errorf("flapping: maybe is %v", err)
	}
	var events struct{ Events []struct{ What string } }
	if err := r.Call(http.MethodGet, path+"/events?what=flip&from=2020-01-01T00:00:00Z", nil, &events); err != nil || len(events.Events) != 1 || events.Events[0].What != "flip" {
		t.Errorf("flips are %+v, %v", events, err)
	}
	if err := r.Call(http.MethodGet, path+"/events?until=2020-01-01T00:00:00Z", nil, &events); err != nil || len(events.Events) != 0 {
		t.Errorf("what happened before it was made is %+v, %v", events, err)
	}
}

func TestPing_AServerThatIsAwayKeepsNoJobFromRunning(t *testing.T) {
	env := map[string]string{serverVariable: "http://127.0.0.1:1", pingKeyVariable: "secretsecret"}
	code, out, errs := invoke(t, env, "ping", "--", "echo", "done")
	if code != 0 || out != "done\n" || !strings.Contains(errs, "the beat was not sent") || strings.Contains(errs, "secretsecret") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if code, _, errs := invoke(t, env, "ping"); code != exitUsage || !strings.Contains(errs, "behind two dashes") {
		t.Errorf("without a command: exit %d, %s", code, errs)
	}
	delete(env, pingKeyVariable)
	for name, env := range map[string]map[string]string{
		pingKeyVariable: env, "no address": {serverVariable: "nowhere", pingKeyVariable: "secretsecret"}, "WINGMIRROR_PING": {"WINGMIRROR_PING_KYE": "x"},
	} {
		code, out, errs := invoke(t, env, "ping", "--", "sh", "-c", "echo ran; exit 7")
		if code != 7 || out != "ran\n" || !strings.Contains(errs, name) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit %d, %q, %q", name, code, out, errs)
		}
	}
}

func TestPing_SignalsAreTheJobs(t *testing.T) {
	job := `trap "echo told; exit 5" USR1; kill -USR1 $PPID; i=0; while [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done`
	if code, out, _ := invoke(t, nil, "ping", "--", "sh", "-c", job); code != 5 || out != "told\n" {
		t.Errorf("exit %d, %q", code, out)
	}
}

func TestPing_WhatAJobLeavesRunningHoldsUpNobody(t *testing.T) {
	ended := filepath.Join(t.TempDir(), "ended")
	code, out, _ := invoke(t, nil, "ping", "--", "sh", "-c", "(sleep 20; touch "+ended+") & echo done")
	if _, err := os.Stat(ended); err == nil || code != 0 || out != "done\n" {
		t.Errorf("exit %d, %q, and what was left has ended: %v", code, out, err == nil)
	}
}

func TestTailWriter_KeepsWholeLinesOfTheEnd(t *testing.T) {
	var w tailWriter
	for i := range 9000 {
		fmt.Fprintf(&w, "line %d\n", i)
	}
	end := string(w.bytes())
	if len(end) > keptOutput || !strings.HasPrefix(end, "line ") || !strings.HasSuffix(end, "line 8999\n") {
		t.Errorf("kept %d bytes, from %q", len(end), end[:20])
	}
}

func TestPacemaker_HasItsOwnPortAndItsKeysAndWebhooksAreFollowed(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "api_keys.json")
	if err := os.WriteFile(keys, []byte(`{"api_keys":{"12":"ops"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	r, _ := beating(t, "--pacemaker-listen", port, "--pacemaker-keys", keys, "--pacemaker-expiry", "pacemaker")
	for _, base := range []string{"http://" + port, r.Base + "/pacemaker"} {
		r.Await("Pacemaker's API at "+base, func() error {
			answer, err := http.Post(base+"/", "application/json", strings.NewReader(`{"api_key":"12","check":"foo","state":"OK"}`))
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return fmt.Errorf("answered %s", answer.Status)
			}
			return nil
		})
	}
	var h struct{ Schedule string }
	if err := r.Call(http.MethodGet, "/api/v1/heartbeats/ops%2Ffoo", nil, &h); err != nil || h.Schedule != "pacemaker" {
		t.Errorf("%+v, %v", h, err)
	}
	if code, _, errs := invoke(t, nil, "serve", "--graphite", "http://127.0.0.1:1", "--db", filepath.Join(t.TempDir(), "x.db"), "--listen", "127.0.0.1:0", "--pacemaker-path", "pace/"); code != exitUsage || !strings.Contains(errs, "pacemaker-path") {
		t.Errorf("a path without a slash: exit %d, %s", code, errs)
	}
}

// freePort is an address that nobody listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	probe := httptest.NewServer(http.NotFoundHandler())
	defer probe.Close()
	u, err := url.Parse(probe.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestPing_ReportsWhatAShellWould(t *testing.T) {
	said := make(chan string, 8)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		said <- path.Base(r.URL.Path) + " " + string(body)
	}))
	defer server.Close()
	env := map[string]string{serverVariable: server.URL, pingKeyVariable: "key"}
	for _, row := range []struct {
		job    []string
		code   int
		output string
	}{
		{[]string{"sh", "-c", "kill -9 $$"}, 137, ""},
		{[]string{"/no/such/job"}, 127, "wingmirror: cannot run \"/no/such/job\": no such file or directory\n"},
		{[]string{"no-such-job"}, 127, "wingmirror: cannot run \"no-such-job\": executable file not found in $PATH\n"},
	} {
		code, _, errs := invoke(t, env, append([]string{"ping", "--"}, row.job...)...)
		if code != row.code || errs != row.output {
			t.Errorf("%q: exit %d, %q", row.job, code, errs)
		}
		if start, end := <-said, <-said; start != "start " || end != strconv.Itoa(row.code)+" "+row.output {
			t.Errorf("%q: said %q and %q", row.job, start, end)
		}
	}
}

func TestPing_AServerThatHangsHoldsUpNoJob(t *testing.T) {
	made := filepath.Join(t.TempDir(), "made")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for { // the answer to the start waits for what the job does
			if _, err := os.Stat(made); err == nil || r.Context().Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}))
	defer server.Close()
	env := map[string]string{serverVariable: server.URL, pingKeyVariable: "key"}
	if code, _, errs := invoke(t, env, "ping", "--", "touch", made); code != 0 || errs != "" {
		t.Errorf("exit %d, %q", code, errs)
	}
}

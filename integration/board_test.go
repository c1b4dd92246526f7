package integration

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/cmd/wingmirror/servertest"
)

// freePort returns a port that nobody listens on at the moment.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// daemon runs a program of the system until stop, or until the test is over.
func daemon(t *testing.T, ready, program string, args ...string) (stop func()) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed: apt-get install %s", program, program)
	}
	command := exec.Command(path, args...)
	output := &servertest.Buffer{}
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = command.Process.Kill()
			_ = command.Wait()
		}
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", program, output)
		}
	})
	servertest.Await(t, program+" answers", 30*time.Second, func() error {
		resp, err := http.Get(ready)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", resp.Status)
		}
		return nil
	})
	return stop
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A real Prometheus fires an alert to a real Alertmanager, and the board goes by
// both: through the alert, its silence, and the Alertmanager's end.
func TestBoard_RealAlertmanagerAndPrometheus(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	t.Parallel()
	dir := t.TempDir()
	am, prom := freePort(t), freePort(t)
	amURL, promURL := fmt.Sprintf("http://127.0.0.1:%d", am), fmt.Sprintf("http://127.0.0.1:%d", prom)
	config := write(t, filepath.Join(dir, "am.yml"), "route: {receiver: ops, group_by: [alertname], group_wait: 1s}\nreceivers: [{name: ops}]\n")
	stopAM := daemon(t, amURL+"/-/ready", "prometheus-alertmanager", "--config.file="+config, "--storage.path="+filepath.Join(dir, "am"),
		fmt.Sprintf("--web.listen-address=127.0.0.1:%d", am), "--cluster.listen-address=")
	write(t, filepath.Join(dir, "rules.yml"), `groups:
- name: test
  interval: 1s
  rules:
  - {alert: OnFire, expr: vector(1), labels: {severity: page, dc: dc1}, annotations: {summary: The house is on fire}}
  - {alert: OnFire, expr: vector(1), labels: {severity: info, dc: dc2}}
`)
	config = write(t, filepath.Join(dir, "prom.yml"), fmt.Sprintf(`global: {evaluation_interval: 1s, scrape_interval: 1s}
rule_files: [%s]
alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:%d']}]}]}
scrape_configs: [{job_name: self, static_configs: [{targets: ['127.0.0.1:%d']}]}]
`, filepath.Join(dir, "rules.yml"), am, prom))
	daemon(t, promURL+"/-/ready", "prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "prom"), fmt.Sprintf("--web.listen-address=127.0.0.1:%d", prom))
	write(t, filepath.Join(dir, "board", "team", "board.yaml"), fmt.Sprintf(`components:
- id: production
  contact: duty@example.com
  children:
  - id: alerts
    sources:
    - {type: alertmanager, schedule: 1s, url: %q, receiver: ops, level: {field: severity, page: DC1, else: DC4}}
  - id: metrics
    sources:
    - {name: firing, type: prometheus, schedule: 1s, url: %[2]q, query: 'ALERTS{alertstate="firing", dc="dc1"}', level: DC3, title: '{{ labels.alertname }} in {{ labels.dc }}'}
    - {name: targets, type: prometheus, schedule: 1s, url: %[2]q, query: 'up', levels: {DC2: '== 0'}}
`, amURL, promURL))
	s := start(t, buildProgram(t), "serve", "--graphite", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--db", filepath.Join(dir, "wm.db"), "--board", filepath.Join(dir, "board"))
	defer s.stop()

	gate := func(path string) (int, string) {
		resp, err := http.Get(s.Base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	until := func(what, path string, status int, wants ...string) {
		t.Helper()
		servertest.Await(t, what, 90*time.Second, func() error {
			got, body := gate(path)
			for _, want := range wants {
				if !strings.Contains(body, want) {
					return fmt.Errorf("%d %s, without %s", got, body, want)
				}
			}
			if got != status {
				return fmt.Errorf("%d %s, want %d", got, body, status)
			}
			return nil
		})
	}
	until("the alert closes the gate", "/gate/production?min=4", http.StatusLocked, `"code":1`, `"title":"OnFire"`, "The house is on fire", "duty@example.com")
	until("two alerts of one rule are two", "/api/v1/board/alerts", http.StatusOK, "severity=info", "dc=dc2")
	until("Prometheus says it, too", "/gate/metrics?min=4", http.StatusLocked, `"code":3`, "OnFire in dc1")

	silence := fmt.Sprintf(`{"matchers":[{"name":"dc","value":"dc1","isRegex":false,"isEqual":true}],"startsAt":%q,"endsAt":%q,"createdBy":"test","comment":"known"}`,
		time.Now().UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	resp, err := http.Post(amURL+"/api/v2/silences", "application/json", strings.NewReader(silence))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("silence: %v, %v", resp, err)
	}
	resp.Body.Close()
	until("the silenced alert does not count", "/gate/alerts?min=4", http.StatusOK, `"code":4`)

	stopAM()
	until("the Alertmanager is gone: its last word stays, and that it fails counts", "/gate/alerts?min=4", http.StatusLocked, `"code":3`, `"stale":true`, "No answer from alertmanager")
	until("what it said last is still there", "/api/v1/board/alerts", http.StatusOK, "dc=dc2", `"stale":true`)
	until("unless the caller allows it", "/gate/alerts?min=4&on_unknown=allow", http.StatusOK, `"code":4`)
}

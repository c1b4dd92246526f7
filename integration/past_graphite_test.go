package integration

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wingmirror/graphite/graphitetest"
	"wingmirror/scheduler/backtest"
)

// A real Graphite that keeps points of ten seconds for an hour, and averages of a
// minute after that: the backtest says so, and goes on over the step.
func TestBacktest_RealGraphiteWithARetentionStep(t *testing.T) {
	t.Parallel()
	backend := graphitetest.StartGraphiteWeb(t)
	now := time.Now().Unix() / 60 * 60
	for at := now - 3*3600; at < now-3600; at += 60 {
		backend.Feed("stepped.load", at, 1)
	}
	for at := now - 3600 + 60; at <= now; at += 10 {
		v := 1.0
		if at > now-1800 && at <= now-1200 {
			v = 9
		}
		backend.Feed("stepped.load", at, v)
	}
	backend.Await("stepped.load", now)
	file := filepath.Join(t.TempDir(), "stepped.js")
	text := `/* wingmirror
name: stepped
schedule: "* * * * *"
targets: [stepped.load]
minutes: 5
alerts: ["mailto:ops@example.com"]
*/
if (@a.last_value() > 5) throw "too much"
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), buildProgram(t), "backtest", file, "--graphite", backend.URL, "--graphite-step", "10s", "--from", "-170m", "--json")
	command.Stderr = os.Stderr
	out, err := command.Output()
	var report backtest.Report
	if err != nil || json.Unmarshal(out, &report) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r := report.Results[0]
	if r.Runs < 169 || r.Runs > 171 || r.Opened != 1 || len(r.Faults) != 0 {
		t.Errorf("%d runs, %d incidents, faults %v", r.Runs, r.Opened, r.Faults)
	}
	if len(r.Incidents) == 1 && (r.Incidents[0].Seconds < 540 || r.Incidents[0].Seconds > 660) {
		t.Errorf("the incident lasts %d s, want ten minutes", r.Incidents[0].Seconds)
	}
	if !strings.Contains(strings.Join(r.Warnings, "\n"), "as 60 s averages, where live runs see them every 10 s") {
		t.Errorf("nothing is said of the step: %q", r.Warnings)
	}
}

package event_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wingmirror/event"
)

// cases returns the directory of recorded cases.
func cases(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("set WINGMIRROR_CASES to the directory of recorded cases")
	}
	return filepath.Join(dir, "sereno")
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decoderOf(asCoded bool) func([]byte) (event.Batch, error) {
	if asCoded {
		return event.DecodeOriginal
	}
	return event.Decode
}

// check returns the lines, sorted; with the severity in front when asked.
func check(t *testing.T, rules, events []byte, asCoded, severity bool) []string {
	t.Helper()
	file, err := event.Load(string(rules), event.LoadOptions{Strict: asCoded})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := decoderOf(asCoded)(events)
	if err != nil {
		t.Fatal(err)
	}
	found, troubles := event.Check(file, batch.Events, event.CheckOptions{AsCoded: asCoded, Now: time.Unix(1800000000, 0)})
	if len(troubles) > 0 {
		t.Errorf("troubles: %+v", troubles)
	}
	var lines []string
	for _, line := range found {
		text := line.String()
		if severity {
			text = line.Rule.Severity.Name + " " + text
		}
		lines = append(lines, text)
	}
	slices.Sort(lines)
	return lines
}

func wantLines(t *testing.T, got []string, want string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(want), "\n")
	if want == "" {
		lines = nil
	}
	slices.Sort(lines)
	if !slices.Equal(got, lines) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

func TestCheck_PrintsWhatTheProgramPrints(t *testing.T) {
	dir := cases(t)
	rules, sample := read(t, filepath.Join(dir, "rules.yaml")), read(t, filepath.Join(dir, "sample.json"))
	wantLines(t, check(t, rules, sample, true, false), string(read(t, filepath.Join(dir, "expected_as_coded_sorted.txt"))))
	wantLines(t, check(t, rules, sample, true, true), string(read(t, filepath.Join(dir, "expected_as_coded_severity_sorted.txt"))))
}

func TestCheck_PrintsWhatIsDocumented(t *testing.T) {
	dir := cases(t)
	rules := strings.ReplaceAll(string(read(t, filepath.Join(dir, "rules.yaml"))), ">=", ">")
	got := check(t, []byte(rules), read(t, filepath.Join(dir, "sample.json")), false, false)
	wantLines(t, got, string(read(t, filepath.Join(dir, "expected_as_documented_sorted.txt"))))
}

// recorded is one entry of the files of expected results.
type recorded struct {
	Exit  int
	Lines []string
	Error string
}

func recordings(t *testing.T, name string) map[string]recorded {
	t.Helper()
	var all map[string]recorded
	if err := json.Unmarshal(read(t, name), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCheck_EdgesAsCoded(t *testing.T) {
	dir := cases(t)
	rules := read(t, filepath.Join(dir, "rules.yaml"))
	for name, want := range recordings(t, filepath.Join(dir, "edge_expected.json")) {
		t.Run(name, func(t *testing.T) {
			events := read(t, filepath.Join(dir, "edge", name+".json"))
			batch, err := event.DecodeOriginal(events)
			if bad := err != nil || len(batch.Bad) > 0; bad != (want.Exit != 0) {
				t.Errorf("bad: %v (%v, %v), want exit %d", bad, err, batch.Bad, want.Exit)
			}
			if want.Exit == 0 {
				wantLines(t, check(t, rules, events, true, true), strings.Join(want.Lines, "\n"))
			}
		})
	}
}

func TestCheck_OtherRuleFiles(t *testing.T) {
	dir := cases(t)
	sample := read(t, filepath.Join(dir, "sample.json"))
	for name, want := range recordings(t, filepath.Join(dir, "rules_expected.json")) {
		t.Run(name, func(t *testing.T) {
			rules := read(t, filepath.Join(dir, "rules", name+".yaml"))
			if _, err := event.Load(string(rules), event.LoadOptions{Strict: true}); (err != nil) != (want.Exit != 0) {
				t.Fatalf("got %v, want exit %d", err, want.Exit)
			}
			if want.Exit == 0 {
				wantLines(t, check(t, rules, sample, true, true), strings.Join(want.Lines, "\n"))
			}
		})
	}
}

const majorityRules = `
severities: {HIGH: {color: magenta}}
rules:
  - {name: load, severity: HIGH, condition: 'component == "Load" and value > 4 and active', threshold: 4.0, majority: true}
`

func TestCheck_CountsActiveServersOfThatTimeOnce(t *testing.T) {
	for name, c := range map[string]struct {
		events string
		want   string
	}{
		"inactive servers do not count": {
			`[{"server": "a", "service": "S", "component": "Load", "value": 5, "timestamp": 60, "active": true},
			{"server": "b", "service": "S", "component": "Load", "value": 1, "timestamp": 60, "active": false}]`,
			"ALERT timestamp: 60, component: Load, value: 5, service: S, threshold: 4.0",
		},
		"half is no majority": {
			`[{"server": "a", "service": "S", "component": "Load", "value": 5, "timestamp": 60, "active": true},
			{"server": "b", "service": "S", "component": "Disk", "value": 1, "timestamp": 60, "active": true}]`, "",
		},
		"a server counts once": {
			`[{"server": "a", "service": "S", "component": "Load", "value": 5, "timestamp": 60, "active": true},
			{"server": "a", "service": "S", "component": "Load", "value": 6, "timestamp": 60, "active": true},
			{"server": "b", "service": "S", "component": "Load", "value": 1, "timestamp": 60, "active": true},
			{"server": "c", "service": "S", "component": "Load", "value": 1, "timestamp": 60, "active": true}]`, "",
		},
		"servers of other times do not count": {
			`[{"server": "a", "service": "S", "component": "Load", "value": 5, "timestamp": 60, "active": true},
			{"server": "b", "service": "S", "component": "Load", "value": 1, "timestamp": 0, "active": true}]`,
			"ALERT timestamp: 60, component: Load, value: 5, service: S, threshold: 4.0",
		},
		"a cluster is one": {
			`{"service": "S", "component": "Load", "value": 4.50, "timestamp": 60.5, "active": true}`,
			"ALERT timestamp: 60.5, component: Load, value: 4.5, service: S, threshold: 4.0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			wantLines(t, check(t, []byte(majorityRules), []byte(c.events), false, false), c.want)
		})
	}
}

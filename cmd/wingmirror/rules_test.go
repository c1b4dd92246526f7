package main

import (
	"encoding/json"
	"strings"
	"testing"

	"wingmirror/event"
)

const loadedEvents = `{"server": "a", "service": "S", "component": "Load5mAvg", "value": 4.5, "timestamp": 60, "active": true}
{"server": "b", "service": "S", "component": "Load5mAvg", "value": 4.0, "timestamp": 60, "active": false}
`

func TestRulesCheck_TellsByItsExitCode(t *testing.T) {
	fires, quiet := writeFile(t, "fires.json", loadedEvents), writeFile(t, "quiet.json", "[]")
	wrong := writeFile(t, "wrong.json", loadedEvents+`{"service": "S"}`)
	broken := writeFile(t, "broken.json", "[{]")
	listed := writeFile(t, "listed.json", "["+strings.Join(strings.Split(strings.TrimSpace(loadedEvents), "\n"), ",")+"]")
	badRules := writeFile(t, "rules.yaml", "rules: [{name: x, severity: HIHG, conditon: value > 1}]")
	for name, c := range map[string]struct {
		args []string
		code int
		out  string
		errs string
	}{
		"fired":          {[]string{fires}, exitCritical, "ALERT timestamp: 60, component: Load5mAvg, value: 4.5, service: S, threshold: 4.0\n", ""},
		"severity":       {[]string{"-s", fires}, exitCritical, "HIGH ALERT timestamp: 60", ""},
		"quiet":          {[]string{quiet}, exitOK, "", ""},
		"old habit":      {[]string{"--exit-zero", fires}, exitOK, "ALERT", ""},
		"as coded":       {[]string{"--as-coded", listed}, exitOK, "", ""}, // one of two is no majority
		"lines as coded": {[]string{"--as-coded", fires}, exitUnknown, "", "takes an array of events"},
		"one is wrong":   {[]string{wrong}, exitUnknown, "ALERT", "event 3 (line 3): component: it is missing"},
		"no JSON":        {[]string{broken}, exitUnknown, "", "not JSON"},
		"not there":      {[]string{"nowhere.json"}, exitUnknown, "", "nowhere.json"},
		"bad rules":      {[]string{"-r", badRules, quiet}, exitUnknown, "", `did you mean condition?`},
		"no file":        {nil, exitUsage, "", "give one file of events"},
		"unknown format": {[]string{"--format", "xml", fires}, exitUsage, "", "neither text nor json"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := invoke(t, nil, append([]string{"rules", "check"}, c.args...)...)
			if c.errs == "" && c.code != exitUnknown && errs != "" {
				t.Errorf("standard error: %s", errs)
			}
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) || c.out == "" && out != "" {
				t.Errorf("exit %d, want %d\n%s\n%s", code, c.code, out, errs)
			}
		})
	}
}

func TestRulesCheck_PrintsJSON(t *testing.T) {
	code, out, errs := invoke(t, nil, "rules", "check", "--format", "json", writeFile(t, "e.json", loadedEvents))
	var got checkRulesJSON
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitCritical {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
	}
	if len(got.Alerts) != 1 || got.Alerts[0].Rule != "Most servers loaded" || got.Alerts[0].Timestamp != 60 || len(got.SetAside) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestRulesTest_RunsTheTestsOfAFile(t *testing.T) {
	code, out, errs := invoke(t, nil, "rules", "test", writeFile(t, "rules.yaml", event.ExampleRules))
	if code != exitOK || !strings.Contains(out, " 0 failed") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	wrong := strings.Replace(event.ExampleRules, "value > 0.9 and active", "value > 0.7 and active", 1)
	code, out, _ = invoke(t, nil, "rules", "test", writeFile(t, "rules.yaml", wrong))
	if code != exitCritical || !strings.Contains(out, "FAIL  a disk fills up") || !strings.Contains(out, "fired, but was not asked for: Disk full for Shop/web1 at 0s") {
		t.Errorf("exit %d\n%s", code, out)
	}
	code, out, _ = invoke(t, nil, "rules", "example")
	if code != exitOK || out != event.ExampleRules {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestColorCode_KnowsWhatTerminalsKnow(t *testing.T) {
	for name, want := range map[string]string{
		"red": "31", "White": "37", "bright_red": "91", "color(208)": "38;5;208", "#ff8000": "38;2;255;128;0", "no such": "", "": "",
	} {
		if got := colorCode(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

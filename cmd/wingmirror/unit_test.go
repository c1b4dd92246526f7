package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

const testedMonitor = `/* wingmirror
name: Conversion rate
schedule: "* * * * *"
targets:
  - stats.impressions
  - stats.conversions
tests:
  # nobody buys
  - name: a low rate pages
    series:
      stats.impressions: 100x5
      stats.conversions: 5x5
    expect:
      level: critical
      message: too low
      graph: {rate: 5 5}
  - name: a good rate is quiet
    series:
      stats.impressions: 100x5
      stats.conversions: 50x5
    expect: {level: ok}
  - name: no data is a fault
    expect: {level: fault, fault: no_data}
*/
with_metrics((a, b) => graph_value("rate", a.timestamp, b.value / a.value * 100))
if (sum(@b) / sum(@a) < LIMIT) throw "too low"
if (@a.values.length === 0) nosuchname()
`

func TestUnit_TestsPassAndFailWithReadableDifferences(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.js"), filepath.Join(dir, "deep", "bad.js")
	if err := os.Mkdir(filepath.Dir(bad), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		good: strings.Replace(testedMonitor, "LIMIT", "0.1", 1), bad: strings.Replace(testedMonitor, "LIMIT", "0.01", 1), filepath.Join(dir, "none.js"): "puts(1)",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := invoke(t, nil, "test", good)
	if code != 0 || !strings.Contains(out, "3 of 3 tests passed") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	report := filepath.Join(dir, "report.xml")
	code, out, errs = invoke(t, nil, "test", dir, "--junit", report)
	for _, want := range []string{"FAIL  " + bad + "  2 of 3 tests passed", "--- a low rate pages", "    level\n      - critical\n      + ok", "message\n      - \"too low\"\n      + \"\"", "5 passed, 1 failed"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if code != 1 {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	text, err := os.ReadFile(report)
	var suites junitSuites
	if err != nil || xml.Unmarshal(text, &suites) != nil || suites.Tests != 6 || suites.Failed != 1 || len(suites.Suites) != 2 || suites.Suites[0].Cases[0].Failure == nil {
		t.Errorf("%v\n%s", err, text)
	}
	broken := writeFile(t, "broken.js", strings.Replace(testedMonitor, "level: ok", "level: fine", 1))
	if code, _, errs := invoke(t, nil, "test", broken); code != exitUsage || !strings.Contains(errs, `tests[1].expect: level "fine" is none of`) {
		t.Errorf("exit %d\n%s", code, errs)
	}
	if code, out, _ := invoke(t, nil, "test", filepath.Join(dir, "none.js")); code != exitUnknown || !strings.Contains(out, "There are no tests here") || !strings.Contains(out, "expect:") {
		t.Errorf("without tests: exit %d\n%s", code, out)
	}
	if code, _, errs := invoke(t, nil, "test", filepath.Join(dir, "nowhere")); code != exitUsage || errs == "" {
		t.Errorf("exit %d\n%s", code, errs)
	}
}

// Build servers read the report with parsers that refuse what XML cannot hold.
func TestUnit_ReportsAreXMLWhateverScriptsPrint(t *testing.T) {
	odd := "a\x00b\x1b[31m\ufffe\xff<&\"'>]]>\r\n\té𝒳"
	suites := []suite{
		{"a<b>&\".js", []unitTest{
			{Name: "passes " + odd, Passed: true, Seconds: 0.25, Output: odd},
			{Name: "fails", Seconds: 1.5, Output: odd, Diff: []string{"message: want " + odd, "level: want ok"}, Error: &checkError{Line: 7, Column: 2}},
		}},
		{"none.js", nil},
	}
	var out bytes.Buffer
	if err := writeJUnit(&out, suites); err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(out.Bytes()) || strings.ContainsAny(out.String(), "\x00\x1b\ufffe") {
		t.Errorf("XML cannot hold\n%q", out.String())
	}
	type attributes = map[string]string
	var elements []string
	found := map[string]attributes{}
	for decoder := xml.NewDecoder(bytes.NewReader(out.Bytes())); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			elements = append(elements, start.Name.Local)
			if found[start.Name.Local] == nil { // the first of its kind
				found[start.Name.Local] = attributes{}
				for _, a := range start.Attr {
					found[start.Name.Local][a.Name.Local] = a.Value
				}
			}
		}
	}
	if want := "testsuites testsuite testcase system-out testcase failure system-out testsuite"; strings.Join(elements, " ") != want {
		t.Errorf("got %q, want %q", elements, want)
	}
	shown := strings.NewReplacer("\x00", "\ufffd", "\x1b", "\ufffd", "\ufffe", "\ufffd", "\xff", "\ufffd").Replace(odd)
	for name, want := range map[string]attributes{
		"testsuites": {"name": "wingmirror", "tests": "2", "failures": "1", "errors": "0", "time": "1.7500"},
		"testsuite":  {"name": "a<b>&\".js", "tests": "2", "failures": "1", "errors": "0", "skipped": "0", "time": "1.7500"},
		"testcase":   {"name": "passes " + shown, "classname": "a<b>&\".js", "file": "a<b>&\".js", "time": "0.2500"},
		"failure":    {"message": "message: want " + shown, "type": "mismatch"},
	} {
		if diff := cmp.Diff(want, found[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if !strings.Contains(out.String(), "at a&lt;b&gt;&amp;&#34;.js:7:2") {
		t.Errorf("no place in\n%s", out.String())
	}
}

func TestServer_FailingTestsRefuseASaveUnlessOverridden(t *testing.T) {
	r := launch(t, "demo")
	m := anything{"name": "tested", "schedule": "@daily", "script": "throw 1", "tests": "- name: quiet\n  expect: {level: ok}", "active": true}
	var problem anything
	err := r.Call("POST", "/api/v1/monitors", m, &problem)
	if err == nil || !strings.Contains(err.Error(), `the test \"quiet\" fails: level: want ok, got critical`) {
		t.Errorf("saved: %v", err)
	}
	var saved anything
	if err := r.Call("POST", "/api/v1/monitors?override_tests=true", m, &saved); err != nil || saved["tests"] != m["tests"] {
		t.Errorf("%v, %v", saved["tests"], err)
	}
	id := fmt.Sprint(saved["id"])
	saved["script"] = "throw 2"
	if err := r.Call("PUT", "/api/v1/monitors/"+id+"?override_tests=true&override_reason=on+call+%3Cnow%3E", saved, &saved); err != nil {
		t.Fatal(err)
	}
	var past struct {
		Versions []struct {
			Version  int
			Override *struct {
				Failed []string
				Reason string
			}
		}
	}
	if err := r.Call("GET", "/api/v1/monitors/"+id+"/versions", nil, &past); err != nil || len(past.Versions) != 2 || past.Versions[0].Override == nil ||
		past.Versions[0].Override.Reason != "on call <now>" || past.Versions[1].Override == nil || !slices.Equal(past.Versions[1].Override.Failed, []string{"quiet"}) {
		t.Errorf("%+v, %v", past, err)
	}
	page := r.page("/monitors/" + id + "/versions")
	for _, want := range []string{"although 1 of its tests failed: <strong>quiet</strong>", "<q>on call &lt;now&gt;</q>", "No reason was given."} {
		if !strings.Contains(page, want) {
			t.Errorf("the versions page does not say %q", want)
		}
	}
	saved["script"] = "puts(1)"
	if err := r.Call("PUT", "/api/v1/monitors/"+id+"?override_tests=true", saved, &saved); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(r.page("/monitors/"+id+"/versions"), "of its tests failed"); n != 2 {
		t.Errorf("%d versions are said to be overridden, want two: the third passes", n)
	}
	var ran struct{ Passed, Failed int }
	if err := r.Call("POST", "/api/v1/run-tests", anything{"monitor": m}, &ran); err != nil || ran.Failed != 1 {
		t.Errorf("%+v, %v", ran, err)
	}
	file := writeFile(t, "good.js", strings.Replace(testedMonitor, "LIMIT", "0.1", 1))
	if code, out, errs := invoke(t, nil, "test", file, "--server", r.Base); code != 0 || !strings.Contains(out, "3 passed, 0 failed") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	one := writeFile(t, "one.js", "/* wingmirror\ntargets: [shop.web1.cpu]\n*/\nputs('cpu', @a.length)\nthrow 'too much'")
	if code, out, errs := invoke(t, nil, "check", one, "--server", r.Base); code != exitCritical || !strings.Contains(out, "CRITICAL: too much\n  at "+one+":5:1") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if code, out, errs := invoke(t, nil, "backtest", file, "--server", r.Base, "--from", "-2h"); code != exitUnknown || !strings.Contains(out, "no target had a point") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

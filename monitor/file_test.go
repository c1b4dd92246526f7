package monitor_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/monitor"
)

const conversionFile = `/* wingmirror
name: Conversion rate
description: Percent of visitors who buy.
group: shop/checkout
labels:
  team: checkout
schedule: "*/5 * * * *"
timezone: Europe/Berlin
targets:
  - sumSeries(shop.*.impressions)   # all shops
  - '# the next one is new'
  - shop.conversions
minutes: 90
params: {limit: 10, unit: "%"}
alerts: |
  mailto:ops@example.com
  pagerduty:0123456789abcdef0123456789abcdef
repeat: 4h
failures: 3
recheck: 20s
keep_firing: 5m
warnings: off
faults: on
*/
if (mean(@a.values) < @params.limit) throw "low"
`

func TestParseFile_ReadsHeadAndScript(t *testing.T) {
	file, err := monitor.ParseFile("checks/conversion.js", []byte(conversionFile))
	if err != nil {
		t.Fatal(err)
	}
	want := monitor.Monitor{
		Name: "Conversion rate", Description: "Percent of visitors who buy.", Group: "shop/checkout",
		Labels: map[string]string{"team": "checkout"}, Schedule: "*/5 * * * *", Zone: "Europe/Berlin",
		Targets: []string{"sumSeries(shop.*.impressions)", "# the next one is new", "shop.conversions"},
		Minutes: 90, Params: json.RawMessage(`{"limit":10,"unit":"%"}`),
		Alerts: []string{"mailto:ops@example.com", "pagerduty:0123456789abcdef0123456789abcdef"},
		Policy: monitor.Policy{Repeat: 4 * time.Hour, Failures: 3, Recheck: 20 * time.Second, KeepFiring: 5 * time.Minute, Warnings: monitor.Off, Faults: monitor.On}, Active: true,
		Script: "if (mean(@a.values) < @params.limit) throw \"low\"\n",
	}
	if diff := cmp.Diff(want, file.Monitor); diff != "" {
		t.Error(diff)
	}
	if file.ScriptLine != 24 {
		t.Errorf("ScriptLine = %d, want 24", file.ScriptLine)
	}
}

func TestParseFile_WithoutHeadIsAScript(t *testing.T) {
	file, err := monitor.ParseFile("/checks/free disk.js", []byte("puts(1)\n"))
	if err != nil {
		t.Fatal(err)
	}
	if file.Monitor.Name != "free disk" || file.Monitor.Script != "puts(1)\n" || file.ScriptLine != 0 {
		t.Errorf("got %+v", file)
	}
}

func TestParseFile_FindsAllErrorsWithTheirLines(t *testing.T) {
	_, err := monitor.ParseFile("x.js", []byte("/* wingmirror\nname: x\nshedule: daily\nminutes: many\nrepeat: 3 days\n*/\n"))
	if !errors.Is(err, monitor.ErrInvalid) {
		t.Fatalf("err = %v", err)
	}
	got := map[string]int{}
	for _, e := range monitor.AllFieldErrors(err) {
		got[e.Field] = e.Line
	}
	want := map[string]int{"shedule": 3, "minutes": 4, "repeat": 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(err.Error(), "did you mean schedule?") {
		t.Errorf("no hint at the nearest key in %q", err)
	}
}

func TestParseFile_HeadMayStandBelowLineComments(t *testing.T) {
	file, err := monitor.ParseFile("x.js", []byte("#!/usr/bin/env -S wingmirror check\n// Licence: ours\n\n/** wingmirror\nname: y\n*/\nputs(1)"))
	if err != nil || file.Monitor.Name != "y" || file.Monitor.Script != "puts(1)" || file.ScriptLine != 6 {
		t.Errorf("got %+v, %v", file, err)
	}
}

func TestParseFile_RefusesAHeadThatIsNotTheFirstThing(t *testing.T) {
	_, err := monitor.ParseFile("x.js", []byte("puts(1)\n/* wingmirror\nname: y\n*/\n"))
	errs := monitor.AllFieldErrors(err)
	if len(errs) != 1 || errs[0].Line != 2 {
		t.Errorf("got %v", err)
	}
}

func TestParseFile_RefusesNegativeFailures(t *testing.T) {
	_, err := monitor.ParseFile("x.js", []byte("/* wingmirror\nfailures: -2\n*/\n"))
	errs := monitor.AllFieldErrors(err)
	if len(errs) != 1 || errs[0].Field != "failures" || errs[0].Line != 2 {
		t.Errorf("got %v", err)
	}
}

func TestParseFile_UnclosedHead(t *testing.T) {
	_, err := monitor.ParseFile("x.js", []byte("\n/* wingmirror\nname: x\nthrow 1\n"))
	errs := monitor.AllFieldErrors(err)
	if len(errs) != 1 || errs[0].Line != 2 {
		t.Errorf("got %v", err)
	}
}

func TestParseFile_SaysWhatAValueMustBe(t *testing.T) {
	for head, want := range map[string]string{
		"schedule: */5 * * * *": "needs quotes",
		"schedule: @hourly":     "needs quotes",
		"targets:\n  - *.count": "needs quotes",
		"active: yes":           "true or false",
		"minutes: many":         "a whole number",
		"labels: x":             "mapping is expected",
		"name: [x]":             "one text",
		"targets: {a: b}":       "sequence is expected",
	} {
		_, err := monitor.ParseFile("x.js", []byte("/* wingmirror\n"+head+"\n*/\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", head, err)
		}
	}
}

func TestNearest_FindsSlipsAndNeedlessEnds(t *testing.T) {
	known := []string{"graphite-ca", "graphite", "graphite-password", "listen"}
	for name, want := range map[string]string{"graphite-url": "graphite", "graphite-passwrd": "graphite-password", "lisen": "listen", "frobnicate": ""} {
		if got := monitor.Nearest(name, known); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestFormatFile_KeepsTheCommentOpen(t *testing.T) {
	file, err := monitor.ParseFile("x.js", []byte(conversionFile))
	if err != nil {
		t.Fatal(err)
	}
	text := string(monitor.FormatFile(file.Monitor))
	if strings.Count(text, "*/") != 1 {
		t.Errorf("the head is closed too early:\n%s", text)
	}
	again, err := monitor.ParseFile("x.js", []byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if diff := cmp.Diff(file.Monitor, again.Monitor); diff != "" {
		t.Error(diff)
	}
}

func TestFormatRepeat_IsReadBack(t *testing.T) {
	for _, d := range []time.Duration{0, -1, time.Second, 10 * time.Second, 90 * time.Second, time.Minute, 10 * time.Minute, 100 * time.Minute, time.Hour, 20 * time.Hour, 1500 * time.Millisecond} {
		got, err := monitor.ParseRepeat(monitor.FormatRepeat(d))
		if err != nil || got != d {
			t.Errorf("%v is written %q and read %v, %v", d, monitor.FormatRepeat(d), got, err)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add("x.js", conversionFile)
	f.Add("x.js", "/* wingmirror\nname: [1\n*/")
	f.Add("x.js", "/* wingmirror\ntargets: {a: b}\nlabels: 3\n*/\nputs(1)")
	f.Fuzz(func(t *testing.T, name, text string) {
		file, err := monitor.ParseFile(name, []byte(text))
		if err != nil {
			if !errors.Is(err, monitor.ErrInvalid) {
				t.Fatalf("not an invalid-input error: %v", err)
			}
			return
		}
		written := monitor.FormatFile(file.Monitor)
		again, err := monitor.ParseFile(name, written)
		if err != nil {
			t.Fatalf("own output is refused: %v\n%s", err, written)
		}
		again.Monitor.Script, file.Monitor.Script = "", ""
		if diff := cmp.Diff(file.Monitor, again.Monitor); diff != "" {
			t.Fatalf("not read back:\n%s\n%s", diff, written)
		}
	})
}

package event_test

import (
	"fmt"
	"strings"
	"testing"

	"wingmirror/event"
	"wingmirror/monitor"
)

// The rules of the original program, one by one, on data that is not its own.

// pushed writes an event of service S as JSON.
func pushed(server, component, value, timestamp string, active bool) string {
	return fmt.Sprintf(`{"server": %q, "service": "S", "component": %q, "value": %s, "timestamp": %s, "active": %v}`, server, component, value, timestamp, active)
}

func array(events ...string) []byte { return []byte("[" + strings.Join(events, ",\r\n") + "]") }

const bothKinds = `
severities: {HIGH: {color: magenta}, LOW: {color: white}}
rules:
  - {name: load, severity: HIGH, condition: 'component == "Load" and value >= 4 and active', threshold: 4.0, majority: true}
  - {name: disk, severity: LOW, condition: 'component == "Disk" and value > 0.5', majority: false}
`

func TestCheck_AsCodedCountsAllServersOfTheFile(t *testing.T) {
	for name, c := range map[string]struct{ events, want string }{
		"half is not more than half": {
			pushed("a", "Load", "5", "60", true) + "," + pushed("b", "Load", "1", "60", true), "",
		},
		"an inactive server of another component and time counts": {
			pushed("a", "Load", "5", "60", true) + "," + pushed("b", "Disk", "0", "7200", false), "",
		},
		"times differ by a fraction": {
			pushed("a", "Load", "5", "60", true) + "," + pushed("b", "Load", "5", "60.5", true), "",
		},
		"a number is the same time however it is written": {
			pushed("a", "Load", "5", "60", true) + "," + pushed("b", "Load", "6", "6e1", true),
			"HIGH ALERT timestamp: 60, component: Load, value: 5, service: S, threshold: 4.0\nHIGH ALERT timestamp: 60.0, component: Load, value: 6, service: S, threshold: 4.0",
		},
		"one server twice is two of three": {
			pushed("a", "Load", "5", "60", true) + "," + pushed("a", "Load", "5", "60", true) + "," + pushed("b", "Load", "1", "0", true) + "," + pushed("c", "Load", "1", "0", true),
			"HIGH ALERT timestamp: 60, component: Load, value: 5, service: S, threshold: 4.0\nHIGH ALERT timestamp: 60, component: Load, value: 5, service: S, threshold: 4.0",
		},
		"without a majority the condition alone decides": {
			pushed("a", "Disk", "0.90", "60", false),
			"LOW ALERT timestamp: 60, component: Disk, value: 0.9, server: a, service: S",
		},
		"numbers print as Python prints them": {
			pushed("a", "Disk", "1E3", "1e16", true) + "," + pushed("b", "Disk", "12345678901234567890", "60", true) + "," + pushed("c", "Disk", "1.50", "0.00001", true),
			"LOW ALERT timestamp: 1e+16, component: Disk, value: 1000.0, server: a, service: S\nLOW ALERT timestamp: 60, component: Disk, value: 12345678901234567890, server: b, service: S\nLOW ALERT timestamp: 1e-05, component: Disk, value: 1.5, server: c, service: S",
		},
		"a field of nearly the same name is another field": {
			`{"server": "a", "service": "S", "component": "Disk", "value": 1, "Value": 7, "VALUE": "x", "timestamp": 60, "Timestamp": 5, "active": true}`,
			"LOW ALERT timestamp: 60, component: Disk, value: 1, server: a, service: S",
		},
		"names may hold anything": {
			`{"server": "wéb\"1\u001b[31m", "service": "日本", "component": "Disk", "value": 1, "timestamp": 60, "active": true}`,
			`LOW ALERT timestamp: 60, component: Disk, value: 1, server: wéb"1\x1b[31m, service: 日本`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			wantLines(t, check(t, []byte(bothKinds), []byte("["+c.events+"]"), true, true), c.want)
		})
	}
}

func TestCheck_ActiveServersOfTheTimeMakeTheMajority(t *testing.T) {
	for name, c := range map[string]struct {
		events []string
		lines  int
	}{
		"one of one":                          {[]string{pushed("a", "Load", "5", "60", true)}, 1},
		"one of two":                          {[]string{pushed("a", "Load", "5", "60", true), pushed("b", "Load", "1", "60", true)}, 0},
		"one of one active":                   {[]string{pushed("a", "Load", "5", "60", true), pushed("b", "Load", "9", "60", false)}, 1},
		"two of three":                        {[]string{pushed("a", "Load", "5", "60", true), pushed("b", "Load", "4", "60", true), pushed("c", "Load", "1", "60", true)}, 2},
		"a server of another component there": {[]string{pushed("a", "Load", "5", "60", true), pushed("b", "Disk", "0", "60", true)}, 0},
		"the other at another time":           {[]string{pushed("a", "Load", "5", "60", true), pushed("b", "Load", "1", "61", true)}, 1},
		"a server active and not":             {[]string{pushed("a", "Load", "5", "60", true), pushed("b", "Load", "1", "60", false), pushed("b", "Disk", "0", "60", true)}, 0},
		"in any order": {[]string{pushed("c", "Load", "1", "120", true), pushed("a", "Load", "5", "60", true), pushed("c", "Load", "1", "60", true),
			pushed("b", "Load", "4.1", "60", true), pushed("c", "Load", "9", "0", true)}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := check(t, []byte(bothKinds), array(c.events...), false, false); len(got) != c.lines {
				t.Errorf("got %q, want %d lines", got, c.lines)
			}
		})
	}
}

func TestLoad_StrictWantsWhatTheOriginalWants(t *testing.T) {
	for rule, want := range map[string]string{
		`{name: a, severity: LOW, condition: value > 1}`:                                "majority: it is missing",
		`{name: a, severity: LOW, condition: value > 1, majority: true}`:                "threshold: it is missing",
		`{name: a, severity: LOW, majority: false}`:                                     "condition: it is missing",
		`{name: a, condition: value > 1, majority: false}`:                              "severity: it is missing",
		`{name: a, severity: HIGH, condition: value > 1, majority: false}`:              `there is no severity "HIGH"`,
		`{name: a, severity: LOW, condition: 'value = 1', majority: false}`:             "single =",
		`{name: a, severity: LOW, condition: value > 1, majority: maybe}`:               "true or false",
		`{severity: LOW, condition: value > 1, majority: false}`:                        "", // a name is never shown
		`{severity: LOW, condition: value > 1, majority: no}`:                           "",
		`{severity: LOW, condition: value > 1, majority: true, threshold: [1, 2]}`:      "",
		`{severity: LOW, condition: value > 1, majority: true, threshold: null}`:        "",
		`{severity: LOW, condition: region > 1 or region == null, majority: false}`:     "",
		`{severity: LOW, condition: active > 1, majority: false}`:                       "cannot compare",
		`{severity: LOW, condition: component + "x" == "Diskx", majority: false}`:       "takes numbers",
		`{severity: LOW, condition: "component == 'Disk' # disks", majority: false}`:    "no comments",
		`{severity: LOW, condition: value > 1, majority: false, conditions: value > 2}`: "unknown key; did you mean condition?",
	} {
		_, err := event.Load("severities: {LOW: {color: white}}\nrules: ["+rule+"]", event.LoadOptions{Strict: true})
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", rule, err, want)
		}
	}
}

func TestLoad_ReadsFilesAsPeopleWriteThem(t *testing.T) {
	const text = `# what is wrong
severities:
  LOW: &low {description: l, color: white}
  HIGH:
    <<: *low
    color: red
rules:
  - &base
    name: a
    severity: LOW
    condition: >-
      component == "Disk"
      and value > 0.9
    majority: false
  - <<: *base
    name: b
    severity: HIGH
  - <<: [{name: c, threshold: 5}, *base]
...
`
	for name, form := range map[string]string{"plain": text, "windows": "\ufeff" + strings.ReplaceAll(text, "\n", "\r\n"), "document": "---\n" + text} {
		file, err := event.Load(form, event.LoadOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		a, b, c := file.Rules[0], file.Rules[1], file.Rules[2]
		if a.Name != "a" || b.Name != "b" || b.Severity.Name != "HIGH" || b.Severity.Color != "red" || c.Name != "c" || c.Threshold != "5" {
			t.Errorf("%s: got %+v, %+v, %+v", name, a, b, c)
		}
		if c.Condition.String() != `component == "Disk" and value > 0.9` {
			t.Errorf("%s: condition %q", name, c.Condition)
		}
	}
	_, err := event.Load("severities: {LOW: {}}\r\nrules:\r\n  - {name: a, severity: LOW, condition: vlaue > 1}\r\n", event.LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "did you mean value?") {
		t.Errorf("got %v", err)
	}
}

func TestLoad_EndsMergesOfMerges(t *testing.T) {
	for _, text := range []string{"rules: &a\n  - &b {<<: *b, name: x}", "a: &a {<<: *a}\nrules: [{<<: *a}]"} {
		if _, err := event.Load(text, event.LoadOptions{}); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestDecode_OneBadItemSpoilsItselfOnly(t *testing.T) {
	good := pushed("a", "Disk", "1", "60", true)
	for name, c := range map[string]struct {
		text   string
		events int
		bad    string
	}{
		"NaN":               {"[" + good + ",\n" + pushed("b", "Disk", "NaN", "60", true) + "," + good + "]", 2, "event 2 (line 2): not JSON: invalid character 'N'"},
		"text as a number":  {"[" + pushed("b", "Disk", `"5"`, "60", true) + "," + good + "]", 1, `event 1 (line 1): value: it must be a number, not the text "5"`},
		"missing comma":     {"[" + good + good + "," + good + "]", 1, "something follows the event"},
		"a number":          {"[5," + good + ",null,[]]", 1, "an event is a JSON object"},
		"truth as a number": {"[" + pushed("b", "Disk", "true", "60", true) + "," + good + "]", 1, "it must be a number, not a truth value"},
		"no active":         {`[{"service": "S", "component": "c", "value": 1, "timestamp": 1, "actve": true}, ` + good + "]", 1, "active: it is missing; is actve meant to be it?"},
		"milliseconds":      {"[" + pushed("b", "Disk", "1", "1700000000000", true) + "," + good + "]", 1, "looks like milliseconds"},
		"brackets in texts": {`[` + strings.Replace(good, `"a"`, `"a]},[{\"\\"`, 1) + "," + good + "]", 2, ""},
		"nested fields":     {`[` + strings.Replace(good, `{`, `{"meta": {"tags": [1, {"x": "]"}]}, `, 1) + "," + good + "]", 2, ""},
		"lines":             {good + "\r\n\r\n" + good[:20] + "\r\n" + good + "\n", 2, "event 2 (line 3): not JSON: it ends too early, after 20 bytes"},
		"lines and NaN":     {good + "\n" + pushed("b", "Disk", "NaN", "60", true) + "\n" + good, 2, "event 2 (line 2): not JSON: invalid character 'N' looking for beginning of value, at byte 63 of it"},
		"byte order mark":   {"\ufeff" + good, 1, ""},
		"empty":             {"", 0, ""},
		"space":             {" \r\n\t", 0, ""},
		"empty array":       {" [ ] \n", 0, ""},
		"twice the field":   {strings.Replace(good, `{`, `{"value": 7, `, 1), 1, ""},
	} {
		batch, err := event.Decode([]byte(c.text))
		var bad []string
		for _, one := range batch.Bad {
			bad = append(bad, one.String())
		}
		if err != nil || len(batch.Events) != c.events || c.bad == "" && bad != nil || !strings.Contains(strings.Join(bad, "; "), c.bad) {
			t.Errorf("%s: got %d events, %q, %v", name, len(batch.Events), bad, err)
		}
	}
}

func TestDecode_SaysWhereAnArrayBreaks(t *testing.T) {
	good := pushed("a", "Disk", "1", "60", true)
	for text, want := range map[string]string{
		"[" + good + ",\n" + good:         fmt.Sprintf("2:%d ", len(good)+1) + "it ends too early: a ] is missing",
		"[" + good + ",\n é " + good[:30]: "it ends too early",
		"[" + good + ",]":                 "nothing beside a comma",
		"[," + good + "]":                 "1:2 there is nothing beside a comma",
		"[" + good + "}]":                 "unexpected }",
		"[" + good + "]\n\n  x":           "3:3 something follows the closing ]",
		"[":                               "a ] is missing",
	} {
		batch, err := event.Decode([]byte(text))
		wrong := monitor.AllFieldErrors(err)
		if len(wrong) != 1 || len(batch.Events) > 0 {
			t.Errorf("%q: got %v, %d events", text, err, len(batch.Events))
			continue
		}
		got := strings.Replace(fmt.Sprintf("%d:%d %s", wrong[0].Line, wrong[0].Column, wrong[0].Message), "not JSON: ", "", 1)
		if !strings.Contains(got, want) {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestDecodeOriginal_TakesWhatTheOriginalTakes(t *testing.T) {
	good := pushed("a", "Disk", "1", "60", true)
	for text, want := range map[string]int{ // events, or -1 for none at all
		"[" + good + "]": 1, " [ ] ": 0, "": -1, good: -1, good + "\n" + good: -1, "null": -1,
		"[" + pushed("", "", "-0.5", "-60", false) + "," + pushed("a", "Disk", "1", "1476057600000", true) + "]": 2,
		"[" + strings.Replace(good, `"server": "a", `, "", 1) + "]":                                              -1,
		"[" + strings.Replace(good, `"a"`, "null", 1) + "]":                                                      -1,
		"[" + strings.Replace(good, `true`, "1", 1) + "]":                                                        -1,
		"[" + strings.Replace(good, `60`, `"60"`, 1) + "]":                                                       -1,
		"[" + strings.Replace(good, `60`, `false`, 1) + "]":                                                      -1,
		"[" + strings.Replace(good, `"service"`, `"Service"`, 1) + "]":                                           -1,
		"[" + good + ", 5]": -1,
	} {
		batch, err := event.DecodeOriginal([]byte(text))
		got := len(batch.Events)
		if err != nil || len(batch.Bad) > 0 {
			got = -1
		}
		if got != want {
			t.Errorf("%s: got %d (%v, %v), want %d", text, got, batch.Bad, err, want)
		}
	}
}

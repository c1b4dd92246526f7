package event_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wingmirror/event"
	"wingmirror/monitor"
)

func TestLoad_FindsEverythingThatIsWrongAtOnce(t *testing.T) {
	text := `severities:
  HIGH: {color: red, level: bad}
rules:
  - name: one
    severity: HIHG
    condition: component == "Disk" and valeu > 3
    conditon: x
  - name: two
    severity: HIGH
    condition: |
      component == "Disk"
      and value > "3"
    for: tomorrow
    count: {abve: 3}
  - name: three
    severity: HIGH
    condition: 'value > 1'
    majority: maybe
`
	_, err := event.Load(text, event.LoadOptions{})
	got := map[string]bool{}
	for _, wrong := range monitor.AllFieldErrors(err) {
		got[place(wrong)] = true
	}
	for _, want := range []string{
		`2:29 severities.HIGH.level: "bad" is neither warning nor critical`,
		`5:15 rules[0].severity: there is no severity "HIHG"; did you mean HIGH?`,
		`6:40 rules[0].condition: events have no field valeu; did you mean value? If they do carry it, list it under fields`,
		`7:5 rules[0].conditon: unknown key; did you mean condition?`,
		`12:17 rules[1].condition: > cannot compare a number with a text`,
		`13:10 rules[1].for: "tomorrow" is not a duration; write for example 30s, 5m, 2h or 7d`,
		`14:13 rules[1].count.abve: unknown key; did you mean above?`,
		`18:15 rules[2].majority: this must be true or false`,
	} {
		if !got[want] {
			t.Errorf("missing: %s", want)
		}
		delete(got, want)
	}
	for other := range got {
		if !strings.Contains(other, "rules[1].count") { // what follows from the wrong key
			t.Errorf("not expected: %s", other)
		}
	}
}

func place(wrong *monitor.FieldError) string {
	return strings.Join([]string{itoa(wrong.Line) + ":" + itoa(wrong.Column), wrong.Error()}, " ")
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func TestLoad_RefusesWhatCannotWork(t *testing.T) {
	rule := func(rest string) string {
		return "severities: {HIGH: {}}\nrules:\n  - {name: r, severity: HIGH, condition: 'value > 1', " + rest + "}\n"
	}
	for text, want := range map[string]string{
		rule("count: {above: 3, within: 5m}, rate: {above: 3, within: 5m}"): "a rule looks at one thing: remove all but one of",
		rule("count: {above: 3}"):                                 "say how long the window is",
		rule("count: {within: 5m}"):                               "say what is too much",
		rule("count: {above: 3, below: 5, within: 5m}"):           "give one of above, at_least, below, at_most",
		rule("count: {above: 3, clear: 5, within: 5m}"):           "an alert would end before it begins",
		rule("count: {above: 3, within: 5m}, clear: 'value < 1'"): "a clear condition goes with rules about single events",
		rule("change: version, for: 5m, group_by: server"):        "what only happens does not last",
		rule("within: 5m"):                                        "it goes with majority and at_least",
		rule("at_least: 120%"):                                    "is not a part such as 60%",
		rule("no_data: alert"):                                    "no_data and no_data_after go together",
		rule("alerts: [nobody]"):                                  "rules[0].alerts[0]",
		rule("sequence: {steps: ['value > 1'], within: 1m}"):      "a sequence has 2 to 20 steps",
		rule("aggregate: {by: p101, above: 3, within: 5m}"):       "or a percentile such as p95",
		rule("spike: {times: 1, within: 5m}"):                     "it must be above 1",
		rule("group_by: servre"):                                  "did you mean server?",
		"rules: [{name: r}]":                                      "it is missing",
		"rules: {a: b}":                                           "this must be a list",
		"rules: [x]":                                              "this must be a mapping",
		"severities: [":                                           "not YAML",
		"ruls: []":                                                "did you mean rules?",
		rule("threshold: 1") + "  - {name: r, severity: HIGH, condition: 'value > 2'}\n":               `there is another rule "r"`,
		rule("threshold: 1") + "tests: [{rule: nobody, events: []}]":                                   `there is no rule "nobody"`,
		rule("threshold: 1") + "tests: [{rule: r, events: [{service: S, component: C, values: [x]}]}]": "this must be a number",
		rule("threshold: 1") + "tests: [{rule: r, events: [{component: C}]}]":                          "service: it is missing",
	} {
		if _, err := event.Load(text, event.LoadOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestLoad_KnowsAnchorsAndTheTruthOfOldYAML(t *testing.T) {
	file, err := event.Load(`---
severities: {HIGH: &high {color: red}, LOW: *high}
rules:
  - {name: r, severity: LOW, condition: 'value > 1', majority: yes, threshold: 90%}
...
`, event.LoadOptions{})
	if err != nil || file.Rules[0].Severity.Color != "red" || file.Rules[0].Threshold != "90%" || !file.Rules[0].Plain {
		t.Errorf("got %+v, %v", file, err)
	}
}

func TestLoad_DefaultsHoldForAllRules(t *testing.T) {
	file := load(t, `defaults: {lateness: 10s, group: shop, labels: {team: web}, alerts: ["mailto:ops@example.com"]}
rules: [{name: a, severity: HIGH, condition: value > 1, majority: true}, {name: b, severity: HIGH, condition: value > 1, group: other, lateness: 0}]`)
	a, b := file.Rules[0], file.Rules[1]
	if a.Lateness.Seconds() != 10 || b.Lateness != 0 || a.Group != "shop" || b.Group != "other" || len(b.Alerts) != 1 || b.Labels["team"] != "web" {
		t.Errorf("got %+v\n%+v", a, b)
	}
	watched := b.Watched("Inbox/web1/Disk")
	if watched.Name != "b: Inbox, web1, Disk" || watched.Labels["server"] != "web1" || watched.Labels["team"] != "web" || watched.Labels["severity"] != "HIGH" {
		t.Errorf("watched %+v", watched)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(event.ExampleRules)
	f.Add(event.DefaultRules)
	f.Add("rules: [{name: &a x, severity: *a, condition: |\n  value > 1\n}]")
	if dir := os.Getenv("WINGMIRROR_CASES"); dir != "" {
		if text, err := os.ReadFile(filepath.Join(dir, "sereno", "rules.yaml")); err == nil {
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := event.Load(text, event.LoadOptions{})
		if (file == nil) == (err == nil) {
			t.Fatalf("file %v, error %v", file, err)
		}
		if err != nil {
			if len(monitor.AllFieldErrors(err)) == 0 {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		if len(text) < 2000 {
			event.RunTests(t.Context(), file)
		}
		x := event.NewEngine(file)
		for i, part := range []string{"Disk", "Load", "x", ""} {
			x.Add(at(float64(i), part, float64(i)))
			x.Advance(float64(i * 100))
		}
		x.Drain()
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`[{"service": "S", "component": "c", "value": 1, "timestamp": 1, "active": true}]`))
	f.Add([]byte("{\"service\": \"S\"}\nx\n{\"a\": [1e999, null]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		batch, err := event.Decode(data)
		if err != nil && len(batch.Events)+len(batch.Bad) > 0 {
			t.Fatal("a batch that is refused holds nothing")
		}
		for _, bad := range batch.Bad {
			if bad.Line < 1 || bad.Reason == "" {
				t.Fatalf("set aside without a place or reason: %+v", bad)
			}
		}
		for _, e := range batch.Events {
			again, err := event.Decode(e.Body)
			if err != nil || len(again.Events) != 1 || again.Events[0].Timestamp != e.Timestamp {
				t.Fatalf("the body of an event is not the event: %s", e.Body)
			}
		}
	})
}

func TestDecode_SetsBadEventsAsideAndGoesOn(t *testing.T) {
	good := `{"service": "S", "server": null, "component": "c", "value": 1, "timestamp": 1, "active": true}`
	for name, c := range map[string]struct {
		text   string
		events int
		bad    []string
	}{
		"array": {"[" + good + ",\n {\"service\": 1},\n 5, " + good + "]", 2, []string{
			"event 2 (line 2): service: it must be a text, not a number", "event 3 (line 3): an event is a JSON object"}},
		"lines": {good + "\n{broken\n\n" + good + "\n{\"service\": \"S\"}\n" + good, 3, []string{
			"event 2 (line 2): not JSON: invalid character 'b' looking", "event 4 (line 5): component: it is missing"}},
		"milliseconds": {strings.Replace(good, `"timestamp": 1`, `"timestamp": 1476057600000`, 1), 0, []string{"it looks like milliseconds; give seconds"}},
		"before 1970":  {strings.Replace(good, `"timestamp": 1`, `"timestamp": -1`, 1), 0, []string{"is before 1970"}},
		"wrong types":  {strings.Replace(good, `"active": true`, `"active": "yes"`, 1), 0, []string{`active: it must be true or false, not the text "yes"`}},
		"misspelt":     {strings.Replace(good, `"value"`, `"valeu"`, 1), 0, []string{"value: it is missing; is valeu meant to be it?"}},
		"one":          {"\ufeff" + good, 1, nil},
		"nothing":      {" \n", 0, nil},
		"cut off":      {good + "\n" + good[:20], 1, []string{"event 2 (line 2): not JSON: it ends too early, after 20 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			batch, err := event.Decode([]byte(c.text))
			if err != nil || len(batch.Events) != c.events || len(batch.Bad) != len(c.bad) {
				t.Fatalf("got %d events, %v, %v", len(batch.Events), batch.Bad, err)
			}
			for i, want := range c.bad {
				if !strings.Contains(batch.Bad[i].String(), want) {
					t.Errorf("got %s, want %s", batch.Bad[i], want)
				}
			}
		})
	}
	if _, err := event.Decode([]byte("[" + good + ",\n" + good[:20])); err == nil || monitor.AllFieldErrors(err)[0].Line != 2 {
		t.Errorf("an array that is cut off: %v", err)
	}
}

// bombs are short files that stand for very much when aliases are followed.
func bombs() map[string]string {
	const event = "{service: A, component: b}"
	level := "severities: {page: {level: critical}}\nrules: [{name: r, severity: page, condition: value > 1}]\n"
	deep := "    events: [{service: A, component: b, x: {a: &a [1,1,1,1,1,1,1,1,1,1]"
	before := "a"
	for _, name := range []string{"b", "c", "d", "e", "f", "g", "h", "i"} {
		deep += ", " + name + ": &" + name + " [" + strings.Repeat("*"+before+",", 9) + "*" + before + "]"
		before = name
	}
	return map[string]string{
		"tests of events":  level + "tests:\n  - &t\n    name: x\n    events: [&e " + event + strings.Repeat(",*e", 3000) + "]\n" + strings.Repeat("  - *t\n", 3000),
		"values of events": level + "tests:\n  - name: x\n    events: [&e {service: A, component: b, values: &v [1" + strings.Repeat(",1", 5000) + "]}" + strings.Repeat(",*e", 5000) + "]\n",
		"a field":          level + "tests:\n  - name: x\n" + deep + "}}]\n",
	}
}

func TestLoad_RefusesFilesThatStandForVeryMuch(t *testing.T) {
	for name, text := range bombs() {
		if _, err := event.Load(text, event.LoadOptions{}); !errors.Is(err, monitor.ErrInvalid) {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}

func TestDecode_CountsWhatIsSetAsideBeyondAThousand(t *testing.T) {
	batch, err := event.Decode([]byte("[" + strings.Repeat("1,", 4999) + "1]"))
	if err != nil || len(batch.Bad) != 1000 || batch.More != 4000 {
		t.Errorf("%d listed, %d counted, %v", len(batch.Bad), batch.More, err)
	}
}

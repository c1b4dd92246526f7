package monitor

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const threeTests = `# what must hold
- name: a low rate pages
  at: 2026-11-21T03:00:00Z
  series:
    stats.conversions: 1 2 _ 5x2 0+2x3
    wide: {step: 10, values: [1, null, 3], label: other}
  previous: {level: critical, runs: 3, since: 2026-11-21T02:00:00Z}
  params: {limit: 5, deep: {a: [1]}}
  expect:
    level: critical
    message: below 10
    graph: {rate: 5 5}

- name: pasted
  series: |
    time,a,b
    2026-11-21T03:00:00Z,1,
    1795230060,2,4
  expect: {level: ok}
- name: from Graphite
  series: '[{"target": "x", "datapoints": [[1, 60], [null, 120], [3, 240]]}]'
  expect: {fault: script}
`

func TestParseTests_AllFormsOfSeries(t *testing.T) {
	got, err := ParseTests(threeTests)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	nan := math.NaN()
	want := []Test{
		{
			Name: "a low rate pages", At: at, Line: 2,
			Series: []TestSeries{
				{"stats.conversions", Series{Label: "stats.conversions", Start: at.Unix() - 7*60, Step: 60, Values: []float64{1, 2, nan, 5, 5, 0, 2, 4}}},
				{"wide", Series{Label: "other", Start: at.Unix() - 20, Step: 10, Values: []float64{1, nan, 3}}},
			},
			Previous: Previous{Level: Critical, Runs: 3, Since: at.Add(-time.Hour)}, Params: []byte(`{"deep":{"a":[1]},"limit":5}`),
			Expect: Expectation{Level: "critical", Message: "below 10", Graph: map[string][]float64{"rate": {5, 5}}},
		},
		{
			Name: "pasted", At: at.Add(time.Minute), Line: 14,
			Series: []TestSeries{{"a", Series{Label: "a", Start: at.Unix(), Step: 60, Values: []float64{1, 2}}}, {"b", Series{Label: "b", Start: at.Unix(), Step: 60, Values: []float64{nan, 4}}}},
			Expect: Expectation{Level: "ok"},
		},
		{
			Name: "from Graphite", At: time.Unix(240, 0).UTC(), Line: 20,
			Series: []TestSeries{{"x", Series{Label: "x", Start: 60, Step: 60, Values: []float64{1, nan, nan, 3}}}},
			Expect: Expectation{Fault: FaultScript},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

func TestParseTests_NamesWhatIsWrongAndWhere(t *testing.T) {
	for text, want := range map[string]string{
		"- series: {a: 1}\n  expect: {level: ok}":                                              "tests[0].name: give each test a name",
		"- name: x\n  expect: {level: ok}\n- name: y\n  at: noon\n  expect: {level: ok}":       `tests[1].at: "noon" is not a time`,
		"- name: x\n  expect: {level: bad}":                                                    `tests[0].expect: level "bad" is none of ok, warning, critical, fault`,
		"- name: x\n  expect: {fault: bad}":                                                    `tests[0].expect: there is no fault "bad"`,
		"- name: x":                                                                            "tests[0].expect: say what must come out",
		"- name: x\n  series: {a: 1 two}\n  expect: {level: ok}":                               `tests[0].series: a: "two" is not a number, nor _ for none`,
		"- name: x\n  series: {a: 5xx}\n  expect: {level: ok}":                                 `write a count after the x`,
		"- name: x\n  series: {a: 1x999999}\n  expect: {level: ok}":                            `write a count after the x`,
		"- name: x\n  series: {a: {values: 1, stop: 1}}\n  expect: {level: ok}":                "unknown key stop",
		"- name: x\n  series: |\n    time\n    1\n  expect: {level: ok}":                       "the CSV needs a line of names",
		"- name: x\n  series: |\n    time,a\n    1,2\n    5,2\n    7,3\n  expect: {level: ok}": "the time 7 is not on the grid of 4 s",
		"- name: x\n  serie: {}\n  expect: {level: ok}":                                        "serie",
		"name: x": "tests",
	} {
		_, err := ParseTests(text)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzParseTests(f *testing.F) {
	f.Add(threeTests)
	f.Add("- name: x\n  series: {a: 9-1x5}\n  expect: {level: ok}")
	f.Fuzz(func(t *testing.T, text string) {
		tests, err := ParseTests(text)
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%v is no error that people can mend", err)
		}
		for _, test := range tests {
			if test.At.IsZero() {
				t.Error("a test without a time")
			}
		}
	})
}

func TestFile_HoldsTestsAsTheyAreWritten(t *testing.T) {
	m := Monitor{Name: "rate", Schedule: "* * * * *", Tests: strings.TrimSpace(threeTests), Script: "puts(1)\n", Active: true}
	file, err := ParseFile("rate.js", FormatFile(m))
	if diff := cmp.Diff(m, file.Monitor); diff != "" || err != nil {
		t.Error(err, diff)
	}
	m.Tests = "- name: ends */ a comment\n  expect: {level: ok}"
	file, err = ParseFile("rate.js", FormatFile(m))
	if err != nil || file.Monitor.Tests != m.Tests {
		t.Errorf("%q, %v", file.Monitor.Tests, err)
	}
	if strings.Count(string(FormatFile(m)), "*/") != 1 {
		t.Error("a test must not end the comment for other readers")
	}
}

func TestParseTests_RefusesAliasesThatStandForVeryMuch(t *testing.T) {
	nested := "- name: x\n  series: {m: 1}\n  params: {a: &a [1,1], b: &b [*a,*a], c: [*b,*b]}\n  expect: {level: ok}\n"
	many := "- name: x\n  series: {m: 1}\n  params: {a: &a [1,1], b: [" + strings.Repeat("*a,", maxAliases) + "*a]}\n  expect: {level: ok}\n"
	for _, text := range []string{nested, many} {
		if _, err := ParseTests(text); !errors.Is(err, ErrInvalid) || !strings.Contains(AllFieldErrors(err)[0].Message, "alias") {
			t.Errorf("%.80s: got %v", text, err)
		}
	}
	if _, err := ParseTests("- name: x\n  series: &s {m: 1}\n  expect: {level: ok}\n- name: y\n  series: *s\n  expect: {level: ok}\n"); err != nil {
		t.Errorf("series that two tests share: %v", err)
	}
}

// To YAML 0x5 is a number in hexadecimal, and in a test it is five zeros.
func TestParseTests_ZerosAreADrawing(t *testing.T) {
	tests, err := ParseTests("- name: a\n  series:\n    a: 0x5\n    b: 1 0x2\n    c: {values: 0x3, step: 10}\n  expect: {level: ok, graph: {r: 0x4}}\n")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{5, 3, 3} {
		if s := tests[0].Series[i].Series; len(s.Values) != want || s.Values[want-1] != 0 {
			t.Errorf("series %d is %v, want %d values", i, s.Values, want)
		}
	}
	if got := tests[0].Expect.Graph["r"]; len(got) != 4 || got[0] != 0 {
		t.Errorf("the line is %v", got)
	}
}

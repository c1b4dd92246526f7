package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMain lets the test binary stand in for the program when the sandbox starts
// its workers, and a bench its Graphite.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == workerCommand {
		os.Exit(runWorker(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == benchCommand {
		main()
	}
	os.Exit(m.Run())
}

const sixPoints = `[{"target": "web.load", "datapoints": [[7, 1338842370], [10, 1338842380], [12, 1338842390], [12, 1338842400], [10, 1338842410], [11, 1338842420]]}]`

func TestCheck_ChartHoldsWhateverValuesThereAre(t *testing.T) {
	for _, values := range [][]string{
		{"1e9999", "-1e9999", "3"}, {"1e9999"}, {"1e308", "-1e308", "1"}, {"null", "null"}, {"5"}, {"0", "0"}, {"-7", "-7"},
		{"5e-324", "0"}, {"1e299", "-1e299"}, {"1e15", "1e15"}, {"123456789012345678901234567890", "1"}, {"null", "4", "null"},
	} {
		points := make([]string, len(values))
		for i, v := range values {
			points[i] = fmt.Sprintf("[%s, %d]", v, 60*(i+1))
		}
		series := writeFile(t, "render.json", `[{"target": "a", "datapoints": [`+strings.Join(points, ",")+`]}]`)
		if code, out, errs := invoke(t, nil, "check", writeFile(t, "m.js", ""), "--series", series); code != 0 || len(out) > 10_000 {
			t.Errorf("%v: exit %d, %d bytes, %s", values, code, len(out), errs)
		}
	}
}

func TestCheck_ExitCodesAreThoseOfMonitoringPlugins(t *testing.T) {
	series := writeFile(t, "render.json", sixPoints)
	for script, want := range map[string]int{
		"":                                  0,
		"puts(1)":                           0,
		`throw new Warning("getting full")`: 1,
		`throw "full"`:                      2,
		"nosuchname":                        3,
		"for(;;){}":                         3,
		"if (":                              3,
	} {
		code, out, errs := invoke(t, nil, "check", writeFile(t, "m.js", script), "--series", series, "--script-cpu", "100ms")
		if code != want {
			t.Errorf("%q: exit %d, want %d\n%s%s", script, code, want, out, errs)
		}
	}
}

func TestCheck_JSONKeepsItsPromise(t *testing.T) {
	script := `/* wingmirror
targets: [web.load]
*/
puts("load", @a.values.length)
with_metrics(a => graph_value("double", a.timestamp, a.value * 2))
throw "too much load"
`
	code, out, errs := invoke(t, nil, "check", "--json", "--series", writeFile(t, "render.json", sixPoints), writeFile(t, "m.js", script))
	if code != 2 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if _, ok := got["cost"].(map[string]any)["cpu_ms"]; !ok {
		t.Errorf("no cost in %s", out)
	}
	delete(got, "cost")
	thrown := got["error"].(map[string]any)
	delete(thrown, "stack")
	want := map[string]any{
		"level": "critical", "fault": "", "message": "too much load", "output": "load\n6\n",
		"at": "2012-06-04T20:40:20Z",
		"graph": map[string]any{"double": []any{
			[]any{1338842370.0, 14.0}, []any{1338842380.0, 20.0}, []any{1338842390.0, 24.0},
			[]any{1338842400.0, 24.0}, []any{1338842410.0, 20.0}, []any{1338842420.0, 22.0},
		}},
		"error":   map[string]any{"message": "too much load", "line": 6.0, "column": 1.0},
		"targets": []any{map[string]any{"target": "web.load", "status": "ok", "series": 1.0}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCheck_LinesAreThoseOfTheFile(t *testing.T) {
	const head = "/* wingmirror\ntests:\n  - name: quiet\n    expect: {level: ok}\n*/\n"
	file := writeFile(t, "m.js", head+"function f() {\n  return nosuch\n}\nf()\n")
	_, out, errs := invoke(t, nil, "check", "--json", file, "--series", writeFile(t, "render.json", sixPoints))
	var got struct{ Error checkError }
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s%s", err, out, errs)
	}
	if got.Error.Line != 7 || got.Error.Stack != "f: line 7, column 10\nline 9, column 2" {
		t.Errorf("got %+v", got.Error)
	}
	if _, out, errs := invoke(t, nil, "test", file); !strings.Contains(out, "at "+file+":7:10\n") {
		t.Errorf("got %s%s", out, errs)
	}
}

func TestCheck_TextShowsOutputMessagePlaceAndChart(t *testing.T) {
	file := writeFile(t, "load.js", "puts('seen')\nthrow 'too much'\n")
	_, out, _ := invoke(t, nil, "check", file, "--series", writeFile(t, "render.json", sixPoints))
	for _, want := range []string{"seen\n", "CRITICAL: too much\n", file + ":2:1", "web.load", "6 points in"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestCheck_WrongUseSaysWhatToDo(t *testing.T) {
	monitorFile := writeFile(t, "m.js", "/* wingmirror\ntargets: [a.b]\n*/\n")
	for want, args := range map[string][]string{
		"give one monitor file": {"check"},
		"no such file":          {"check", filepath.Join(t.TempDir(), "none.js")},
		"--graphite URL, --series FILE.json or --server URL": {"check", monitorFile},
		"is not a time such as":                              {"check", monitorFile, "--at", "yesterday"},
		"did you mean schedule?":                             {"check", writeFile(t, "k.js", "/* wingmirror\nshedule: x\n*/")},
		"targets[0]":                                         {"check", writeFile(t, "t.js", "/* wingmirror\ntargets: ['sum(a']\n*/")},
		"invalid duration":                                   {"check", monitorFile, "--script-cpu", "much"},
		"--series":                                           {"check", monitorFile, "--series", writeFile(t, "s.json", "<html>")},
	} {
		code, _, errs := invoke(t, nil, args...)
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, no %q in %s", args[1:], code, want, errs)
		}
	}
}

func TestRecorded_MatchesByNameBeforeOrder(t *testing.T) {
	series := `[{"target":"B","datapoints":[[2,60]]},{"target":"a.b","datapoints":[[1,60]]}]`
	script := `/* wingmirror
targets: ["a.b", 'alias(c.d,"B")', "e.f"]
*/
puts(@a.values[0], @b.values[0], @c.length)`
	_, out, errs := invoke(t, nil, "check", writeFile(t, "m.js", script), "--series", writeFile(t, "s.json", series))
	if !strings.HasPrefix(out, "1\n2\n0\n") {
		t.Errorf("%s%s", out, errs)
	}
}

func TestChart_LeavesOutMarkersAndGaps(t *testing.T) {
	if got := number(math.NaN()); got != nil {
		t.Errorf("NaN is written %v", got)
	}
	for _, text := range []string{`[{"target":"drawAsInfinite(deploy)","datapoints":[[1,60]]}]`, `[{"target":"x","datapoints":[[null,60]]}]`} {
		_, out, errs := invoke(t, nil, "check", writeFile(t, "m.js", ""), "--series", writeFile(t, "s.json", text))
		if !strings.HasPrefix(out, "OK\n") || strings.Contains(out, "┤") {
			t.Errorf("%s%s", fmt.Sprint(out), errs)
		}
	}
}

func TestCheck_TakesTheServersConfigurationFile(t *testing.T) {
	dir := t.TempDir()
	file, script, series := filepath.Join(dir, "w.yaml"), filepath.Join(dir, "m.js"), filepath.Join(dir, "s.json")
	for name, text := range map[string]string{file: "listen: 127.0.0.1:1\nsmtp: smtp://mail.example.com:25\nscript_cpu: 7s\n", script: "puts(1)", series: "[]"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := invoke(t, nil, "check", script, "--series", series, "--config", file); code != exitOK {
		t.Errorf("%d: %s%s", code, out, errs)
	}
	if _, help, _ := invoke(t, nil, "check", "--help"); !strings.Contains(help, "--config") || !strings.Contains(help, "--graphite-token") || strings.Contains(help, "--smtp") {
		t.Errorf("the help shows\n%s", help)
	}
	if err := os.WriteFile(script, []byte("---\nname: x\n---\nputs(1)"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := invoke(t, nil, "check", script, "--series", series); code != exitUsage || !strings.Contains(errs, "/* wingmirror") {
		t.Errorf("a file that begins with ---: %d %s", code, errs)
	}
}

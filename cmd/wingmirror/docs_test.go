package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Readers copy these scripts into files and check them, so that is what is done here.
func TestDocs_ScriptsFromRearviewPassCheck(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "from-rearview.md"))
	if err != nil {
		t.Fatal(err)
	}
	// Two series of three points: the second is a fifth of the first.
	series := writeFile(t, "render.json", `[
		{"target": "impressions", "datapoints": [[82, 60], [74, 120], [null, 180]]},
		{"target": "conversions", "datapoints": [[17, 60], [14, 120], [null, 180]]}]`)
	scripts := regexp.MustCompile("(?s)```js\n(.*?)```").FindAllStringSubmatch(string(document), -1)
	if len(scripts) < 3 {
		t.Fatalf("found %d scripts, want the wiki's two and the gallery's one", len(scripts))
	}
	for _, script := range scripts {
		code, out, errs := invoke(t, nil, "check", writeFile(t, "doc.js", script[1]), "--series", series)
		if code != exitOK || !strings.Contains(out, "OK\n") {
			t.Errorf("exit %d of\n%s\n%s%s", code, script[1], out, errs)
		}
	}
}

// The unit test of the time machine's page is one that can be read.
func TestDocs_UnitTestCanBeRead(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "time-machine.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(string(document))
	if found == nil {
		t.Fatal("there is no example")
	}
	file := "/* wingmirror\nname: rate\nschedule: \"* * * * *\"\ntargets: [stats.impressions, stats.conversions]\n" + found[1] + "*/\n" +
		"with_metrics((a, b) => graph_value(\"rate\", a.timestamp, b.value))\n"
	code, out, errs := invoke(t, nil, "test", writeFile(t, "rate.js", file))
	if code != exitWarning || !strings.Contains(out, "a low rate pages") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

// The board's file on its page is one that validates.
func TestDocs_BoardIsValid(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "board.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(levels:.*?)```").FindStringSubmatch(string(document))
	if found == nil {
		t.Fatal("there is no example")
	}
	if code, _, errs := invoke(t, nil, "board", "validate", filepath.Dir(writeFile(t, "board.yaml", found[1]))); code != exitOK {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// The commands in the examples for pipelines are run: they pass an open gate and
// stop at a closed one.
func TestDocs_GateExamplesRun(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "board.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile("wingmirror (gate production[^'\"`\n]*)").FindAllStringSubmatch(string(document), -1)
	if len(commands) < 5 {
		t.Fatalf("found only %d examples: the test is broken", len(commands))
	}
	for _, open := range []bool{true, false} {
		server := gateServer(t, func(_ int64, w http.ResponseWriter, _ *http.Request) {
			if open {
				_, _ = w.Write([]byte(openGate))
				return
			}
			w.WriteHeader(http.StatusLocked)
			_, _ = w.Write([]byte(closedGate))
		})
		want := exitOK
		if !open {
			want = exitClosed
		}
		for _, command := range commands {
			args := append(strings.Fields(command[1]), "--server", server.URL, "--wait", "0s")
			if code, out, errs := invoke(t, nil, args...); code != want {
				t.Errorf("%v: exit %d, want %d\n%s%s", args, code, want, out, errs)
			}
		}
	}
}

// The script on the page of histograms compares four series, two now and two a week
// ago: equal ones pass, slower ones throw.
func TestDocs_HistogramScriptComparesDistributions(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "histograms.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```js\n(.*?)```").FindStringSubmatch(string(document))
	if found == nil {
		t.Fatal("there is no example")
	}
	script := writeFile(t, "histograms.js", found[1])
	for slower, want := range map[string]int{"120": exitOK, "520": exitCritical} {
		var all []string
		for i, value := range []string{slower, slower, "120", "120"} {
			all = append(all, `{"target": "s`+string(rune('0'+i))+`", "datapoints": [[`+value+`, 60], [`+value+`, 120], [null, 180]]}`)
		}
		series := writeFile(t, "series.json", "["+strings.Join(all, ",")+"]")
		if code, out, errs := invoke(t, nil, "check", script, "--series", series); code != want || want == exitCritical && !strings.Contains(out+errs, "latency moved by 450 ms") {
			t.Errorf("%s: exit %d, want %d\n%s%s", slower, code, want, out, errs)
		}
	}
}

// The first script that a reader meets does what it says, and the commands of the
// README that need no other server run with it.
func TestDocs_ReadmeScriptAndCommandsRun(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```js\n(.*?)```").FindSubmatch(document)
	commands := regexp.MustCompile(`(?m)^\./wingmirror (check .*--series.*)$`).FindAllSubmatch(document, -1)
	if found == nil || len(commands) == 0 {
		t.Fatalf("a script %t, and %d commands", found != nil, len(commands))
	}
	script := writeFile(t, "disk.js", string(found[1]))
	for converted, want := range map[string]int{"20": exitOK, "5": exitCritical} {
		series := writeFile(t, "render.json", `[{"target": "impressions", "datapoints": [[100, 60], [100, 120]]}, {"target": "conversions", "datapoints": [[`+converted+`, 60], [`+converted+`, 120]]}]`)
		files := strings.NewReplacer("disk.js", script, "render.json", series)
		for _, command := range commands {
			args := strings.Fields(files.Replace(string(command[1])))
			code, out, errs := invoke(t, nil, args...)
			if code != want || !strings.Contains(out, "Conversion Rate") || want == exitCritical && !strings.Contains(out, "dropped below 10%") {
				t.Errorf("%v: exit %d, want %d\n%s%s", args, code, want, out, errs)
			}
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wingmirror runs a command line and returns its exit code and what it wrote.
func wingmirror(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), process{args: args, getenv: func(string) (string, bool) { return "", false }, stdin: strings.NewReader(""), stdout: &out, stderr: &errs})
	return code, out.String(), errs.String()
}

// histogramFile writes days of a histogram, of which those from changed on are slower.
func histogramFile(t *testing.T, path string, changed int) {
	t.Helper()
	var all []string
	for day := range 20 {
		values := "[500, 1000, 2000, 3000, 2000, 1000, 500]"
		if day >= changed {
			values = "[200, 500, 1000, 2000, 2800, 2000, 1500]"
		}
		all = append(all, fmt.Sprintf(`{"measure":"M","kind":"linear","date":"2026-05-%02dT00:00:00.000Z","submissions":1000,"count":10000,"buckets":[0,1,2,3,4,5,6],"values":%s}`, day+1, values))
	}
	if err := os.WriteFile(path, []byte("["+strings.Join(all, ",")+"]"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHistogramsDetect_KeepsARegressionsFile(t *testing.T) {
	for _, method := range []string{"default", "cerberus"} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "histograms"), 0o700); err != nil {
			t.Fatal(err)
		}
		histogramFile(t, filepath.Join(dir, "histograms", "SLOW.json"), 10)
		histogramFile(t, filepath.Join(dir, "histograms", "SAME.json"), 100)
		definitions := `{"SLOW": {"alert_emails": ["a@example.com"], "description": "How slow"}}`
		if err := os.WriteFile(filepath.Join(dir, "Histograms.json"), []byte(definitions), 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := wingmirror(t, "histograms", "detect", dir, "--method", method)
		if code != 0 || stderr != "" || !strings.HasPrefix(stdout, "Regression found for SLOW, 2026-05-11 [new]\n") {
			t.Errorf("%s: exit %d\n%s%s", method, code, stdout, stderr)
		}
		file := filepath.Join(dir, "regressions.json")
		first, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(first, []byte(`"description": "How slow"`)) || !bytes.Contains(first, []byte(`"a@example.com"`)) {
			t.Errorf("%s: %v\n%s", method, err, first)
		}
		_, stdout, _ = wingmirror(t, "histograms", "detect", dir, "--method", method)
		second, _ := os.ReadFile(file)
		if strings.Contains(stdout, "[new]") || !bytes.Equal(first, second) {
			t.Errorf("%s: the second time:\n%s", method, stdout)
		}
	}
}

func TestHistogramsDetect_OneBadFileDoesNotStopTheOthers(t *testing.T) {
	dir := t.TempDir()
	histogramFile(t, filepath.Join(dir, "SLOW.json"), 10)
	for name, text := range map[string]string{
		"CUT.json":      `[{"date": "2026-05-01", "buckets": [0, 1], "values": [1`,
		"NEGATIVE.json": `[{"date": "2026-05-01", "buckets": [0, 1], "values": [1, -2]}, {"date": "2026-05-02", "buckets": [0, 1], "values": [NaN, -Infinity]}]`,
		"OBJECT.json":   `{"date": "2026-05-01"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := wingmirror(t, "histograms", "detect", dir, "--json")
	var answer struct {
		Histograms  int
		Regressions []struct{ Histogram, Date string }
	}
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil || code != 0 || answer.Histograms != 2 || len(answer.Regressions) != 1 {
		t.Errorf("exit %d, %v, %+v", code, err, answer)
	}
	for _, want := range []string{
		"skipped: CUT.json: the JSON ends in the middle, after 55 bytes; was the file cut off?",
		"NEGATIVE: entry 1 (2026-05-01) is left out: values[1] is negative",
		"NEGATIVE: entry 2 (2026-05-02) is left out: values[0] is not a number",
		"skipped: OBJECT.json: a JSON object stands where another form is expected, at byte 1",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in\n%s", want, stderr)
		}
	}
}

func TestHistogramsDetect_WrongUseSaysWhatToDo(t *testing.T) {
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"detect"}, "give one directory"},
		{[]string{"detect", t.TempDir()}, "has no histogram file"},
		{[]string{"detect", t.TempDir(), "--method", "magic"}, `"magic" is neither default nor cerberus`},
		{[]string{"detect", t.TempDir(), "--sensitivity", "50"}, "sensitivity: is between 0.1 and 10"},
	} {
		code, _, stderr := wingmirror(t, append([]string{"histograms"}, row.args...)...)
		if code != exitUsage || !strings.Contains(stderr, row.want) {
			t.Errorf("%v: exit %d, %s", row.args, code, stderr)
		}
	}
}

func TestHistogramsExpiring_TellsOnceAndMakesUpADay(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Histograms.json", `{"OLD": {"alert_emails": ["ann@example.com"], "expires_in_version": "50", "description": "How old"}}`)
	write("releases.json", `{"50.0a1": "2026-06-01"}`)
	code, stdout, stderr := wingmirror(t, "histograms", "expiring", "preview", "2026-04-20", "--calendar", "releases.json")
	if code != 0 || !strings.Contains(stdout, "Email notification for ann@example.com:\n") || !strings.Contains(stdout, "* OLD expires in version 50.0a1 (watched by ann@example.com) - How old") {
		t.Errorf("preview: exit %d\n%s%s", code, stdout, stderr)
	}
	// No mail server answers there, so the mail waits; the next day it is tried again.
	args := []string{"--calendar", "releases.json", "--smtp", "smtp://127.0.0.1:1"}
	code, _, stderr = wingmirror(t, append([]string{"histograms", "expiring", "email", "2026-04-20"}, args...)...)
	if code == 0 || !strings.Contains(stderr, "tell ann@example.com: ") {
		t.Errorf("email: exit %d, %s", code, stderr)
	}
	_, stdout, _ = wingmirror(t, "histograms", "expiring", "preview", "2026-04-21", "--calendar", "releases.json")
	if strings.Count(stdout, "Email notification for ann@example.com:") != 1 {
		t.Errorf("what did not leave is not tried again:\n%s", stdout)
	}
}

func TestHistogramsExpiring_WrongUseSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, row := range []struct {
		args []string
		want string
	}{
		{nil, "say preview, email or test"},
		{[]string{"preview", "tomorrow"}, `"tomorrow" is no date; write YYYY-MM-DD`},
		{[]string{"preview"}, "say when versions are released: --calendar"},
		{[]string{"preview", "--calendar", "none.json"}, "no probe is defined"},
	} {
		code, _, stderr := wingmirror(t, append([]string{"histograms", "expiring"}, row.args...)...)
		if code != exitUsage || !strings.Contains(stderr, row.want) {
			t.Errorf("%v: exit %d, %s", row.args, code, stderr)
		}
	}
}

func TestHistogramConfig_AddressesOfServicesAreChecked(t *testing.T) {
	for address, want := range map[string]string{
		"":                                      "",
		"http://medusa.example.com:8080":        "",
		"https://wm.example.com/medusa":         "",
		"medusa.example.com":                    "medusa: it is no web address",
		"ftp://medusa.example.com":              "medusa: it is no web address",
		"http://x:wm_secret@medusa.example.com": "medusa: a password in an address ends up in logs",
	} {
		errs := histogramConfig{Sensitivity: 1, Medusa: address}.outOfRange()
		text := fmt.Sprint(errs)
		if (want == "") != (len(errs) == 0) || !strings.Contains(text, want) || strings.Contains(text, "wm_secret") {
			t.Errorf("%s: %v", address, errs)
		}
	}
}

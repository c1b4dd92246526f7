package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// spiky is a header, rows every five minutes, and a spike in row 500 that lasts.
func spiky() string {
	random := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	b.WriteString("timestamp,value\n")
	at := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	for i := range 600 {
		value := 50 + random.NormFloat64()
		if i >= 500 && i < 505 {
			value += 60
		}
		fmt.Fprintf(&b, "%s,%.3f\n", at.Add(time.Duration(i)*5*time.Minute).Format(time.DateTime), value)
	}
	return b.String()
}

func TestAnomalies_OneRowForEachAndOneAnomalyPerEvent(t *testing.T) {
	file := writeFile(t, "m.csv", spiky())
	code, out, errs := invoke(t, nil, "anomalies", file)
	rows := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || errs != "" || len(rows) != 601 || rows[0] != "timestamp,value,anomaly_score,expected,low,high" {
		t.Fatalf("exit %d, %d rows, %q, %s", code, len(rows), rows[0], errs)
	}
	if !strings.HasPrefix(rows[1], "2026-11-02 00:00:00,5") || strings.Count(rows[500], ",") != 5 {
		t.Errorf("rows are %q, %q", rows[1], rows[500])
	}
	_, only, _ := invoke(t, nil, "anomalies", "--only", file)
	if strings.Count(only, "\n2026-11-03 17:") != 1 || !strings.Contains(only, "\n2026-11-03 17:40:00,") || strings.Count(only, "\n") > 4 {
		t.Errorf("the anomalies are\n%s", only)
	}
	if _, none, _ := invoke(t, nil, "anomalies", "--only", "--threshold", "1", file); strings.Count(none, "\n") != 1 {
		t.Errorf("at threshold 1 they are\n%s", none)
	}
}

func TestAnomalies_OnlyTheFirstLineCanBeAHeader(t *testing.T) {
	file := writeFile(t, "m.csv", "\ntimestamp,value\nyesterday,many\n2014-04-01 00:05:00,1\n")
	code, out, errs := invoke(t, nil, "anomalies", "--strict", file)
	if code != exitUsage || !strings.Contains(errs, "m.csv:3: ") || !strings.HasSuffix(out, "high\n2014-04-01 00:05:00,1,0,,,\n") {
		t.Errorf("exit %d, got\n%s\nand %s", code, out, errs)
	}
}

func TestAnomalies_TheSignalIsAColumnForThoseWhoAskForIt(t *testing.T) {
	_, out, _ := invoke(t, nil, "anomalies", "--signal", "--only", writeFile(t, "m.csv", spiky()))
	rows := strings.Split(strings.TrimSpace(out), "\n")
	if rows[0] != "timestamp,value,anomaly_score,expected,low,high,signal" || len(rows) < 2 || !strings.HasSuffix(rows[len(rows)-1], ",range") {
		t.Errorf("got\n%s", out)
	}
}

func TestAnomalies_BadRowsAreNamedAndTheRestGoesOn(t *testing.T) {
	file := writeFile(t, "m.csv", "\uFEFFhost,Value,Timestamp\r\nweb,1,2014-04-01 00:00:00\r\nweb,x,2014-04-01 00:05:00\n\nweb,3\n\"web,4,5\nweb,1e999,7\nweb,,1396310700.5\nweb,5,2014-04-01T00:15:00+02:00")
	code, out, errs := invoke(t, nil, "anomalies", file)
	want := "timestamp,value,anomaly_score,expected,low,high\n2014-04-01 00:00:00,1,0,,,\n1396310700.5,,0,,,\n2014-04-01T00:15:00+02:00,5,0,1,,\n"
	if code != 0 || out != want {
		t.Errorf("exit %d, got\n%s", code, out)
	}
	for _, part := range []string{`m.csv:3: value "x" is not a finite number`, "m.csv:5: a row needs", "m.csv:6: ", `m.csv:7: value "1e999"`} {
		if !strings.Contains(errs, part) {
			t.Errorf("no %q in\n%s", part, errs)
		}
	}
	if code, _, errs := invoke(t, nil, "anomalies", "--strict", file); code != exitUsage || !strings.Contains(errs, "4 of 7 rows could not be read") {
		t.Errorf("strict: exit %d, %s", code, errs)
	}
}

func TestAnomalies_WrongCommandLines(t *testing.T) {
	file := writeFile(t, "m.csv", "1,2")
	for want, args := range map[string][]string{
		"give one file":                     {},
		"no such file":                      {"nosuch.csv"},
		"--threshold: 0 is not above 0":     {file, "--threshold", "0"},
		`"Mars" is not a time zone such as`: {file, "--tz", "Mars"},
	} {
		if code, _, errs := invoke(t, nil, append([]string{"anomalies"}, args...)...); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
	}
}

func TestAnomalies_APipeSeesEachRowAtOnce(t *testing.T) {
	in, feed := io.Pipe()
	result, out := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int)
	go func() {
		done <- run(ctx, process{args: []string{"anomalies", "-"}, getenv: func(string) (string, bool) { return "", false }, stdin: in, stdout: out, stderr: io.Discard})
		out.Close()
	}()
	rows := bufio.NewScanner(result)
	rows.Scan() // the header
	for i := range 3 {
		fmt.Fprintf(feed, "%d,7\n", 60*i)
		if !rows.Scan() || !strings.HasPrefix(rows.Text(), fmt.Sprintf("%d,7,0,", 60*i)) {
			t.Fatalf("row %d is %q", i, rows.Text())
		}
	}
	// A signal ends it, although the pipe stays open.
	stop()
	if code := <-done; code != exitOK {
		t.Errorf("exit %d", code)
	}
	feed.Close()
}

func TestParseTimestamp(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2026-07-01T03:00:00Z":      "2026-07-01T05:00:00+02:00",
		"2026-07-01 03:00:00":       "2026-07-01T03:00:00+02:00",
		"2026-07-01 03:00:00.25":    "2026-07-01T03:00:00.25+02:00",
		"2026-07-01T03:00":          "2026-07-01T03:00:00+02:00",
		" 1782874800 ":              "2026-07-01T05:00:00+02:00",
		"1782874800.5":              "2026-07-01T05:00:00.5+02:00",
		"1782874800000":             "2026-07-01T05:00:00+02:00",
		"2026-07-01T03:00:00-07:00": "2026-07-01T12:00:00+02:00",
	} {
		at, err := parseTimestamp(text, berlin)
		if err != nil || at.Format(time.RFC3339Nano) != want {
			t.Errorf("%q is %v, %v, want %s", text, at, err, want)
		}
	}
	for _, text := range []string{"", "yesterday", "NaN", "inf", "1e300", "2026-13-01"} {
		if at, err := parseTimestamp(text, berlin); err == nil {
			t.Errorf("%q is %v", text, at)
		}
	}
}

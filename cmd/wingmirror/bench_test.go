package main

import (
	"encoding/json"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

func TestShare_ReadsPercentAndParts(t *testing.T) {
	for text, want := range map[string]share{"1%": 0.01, "0.5 %": 0.005, "0.25": 0.25, "0": 0} {
		var s share
		if err := s.Set(text); err != nil || s != want {
			t.Errorf("%q: got %v, %v, want %v", text, float64(s), err, float64(want))
		}
	}
	for _, text := range []string{"", "x", "100%", "-1%", "NaN", "2"} {
		var s share
		if err := s.Set(text); err == nil {
			t.Errorf("%q was taken for %v", text, s)
		}
	}
}

func TestBench_HostileSharesAreExactAndApart(t *testing.T) {
	plan := benchPlan{monitors: 300, hang: 0.01, exhaust: 0.01}
	kinds := map[string]int{}
	for i := range plan.monitors {
		kinds[plan.script(i)]++
	}
	if kinds[benchHang] != 3 || kinds[benchExhaust] != 3 || kinds[benchScript] != 294 {
		t.Errorf("%d hang, %d exhaust, %d are good", kinds[benchHang], kinds[benchExhaust], kinds[benchScript])
	}
}

func TestSpread_OfKnownDurations(t *testing.T) {
	var all []time.Duration
	for i := range 201 {
		all = append(all, time.Duration(200-i)*time.Millisecond)
	}
	if got, want := spreadOf(all), (spread{100, 198, 200}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := spreadOf(nil); got != (spread{}) {
		t.Errorf("of nothing: %v", got)
	}
}

// A small bench with one hostile monitor of each kind, so that everything that
// a report says has happened once.
func TestBench_CountsWhatHappened(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("tells processes apart on Linux only")
	}
	code, out, errs := invoke(t, nil, "bench", "--monitors", "40", "--for", "2s", "--hang", "2.5%", "--exhaust", "2.5%",
		"--script-cpu", "100ms", "--script-memory", "67108864", "--json", "--dir", t.TempDir())
	var report benchReport
	if err := json.Unmarshal([]byte(out), &report); code != exitOK || err != nil {
		t.Fatalf("exit %d, %v\n%s%s", code, err, out, errs)
	}
	plain, hostile := report.Plain, report.Hostile
	if plain.Runs != 80-plain.GoodMissing || plain.Rows != plain.Runs || plain.Hostile != 0 || len(plain.GoodFaults) > 0 {
		t.Errorf("plain: %+v", plain)
	}
	if plain.Requests == 0 || plain.Targets < 80 || plain.CPU.Server <= 0 || plain.CPU.Workers <= 0 || plain.CPU.Graphite <= 0 || plain.ServerMB == 0 || plain.WorkersMB == 0 {
		t.Errorf("plain: not everything was measured: %+v", plain)
	}
	if hostile == nil || hostile.Hostile != 2 || len(hostile.GoodFaults) > 0 {
		t.Errorf("hostile: %+v", hostile)
	}
	if plain.Late.P50 <= 0 || plain.Stored.P50 < plain.Late.P50 || plain.Ticks.Max != plain.Stored.Max {
		t.Errorf("times: %v, %v, %v", plain.Late, plain.Stored, plain.Ticks)
	}
}

func TestBench_RefusesWhatCannotBeMeasured(t *testing.T) {
	for _, args := range [][]string{{"--monitors", "0"}, {"--for", "1ms"}, {"--schedule", "never"}, {"--hang", "all"}} {
		if code, _, errs := invoke(t, nil, append([]string{"bench"}, args...)...); code != exitUsage {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}

func TestBench_RubyDoesTheWork(t *testing.T) {
	if _, err := exec.LookPath("ruby"); err != nil {
		t.Skip("ruby is not installed")
	}
	result, err := measureRuby(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if result.Bare <= 0 || result.Bundler < result.Bare {
		t.Errorf("%+v", result)
	}
}

// The scripts must do what they are named for, or the figures mean nothing.
func TestBench_HostileScriptsAreHostile(t *testing.T) {
	pool, err := sandbox.NewPool(sandbox.Options{Workers: 1, Spares: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for script, want := range map[string]monitor.Fault{benchHang: monitor.FaultTimeout, benchExhaust: monitor.FaultMemory} {
		result, err := pool.Run(t.Context(), monitor.Input{
			Script: script, JobID: 1, At: time.Unix(1_800_000_000, 0),
		})
		if strings.Contains(result.Reason, "ThreadSanitizer failed to allocate") {
			result.Fault = monitor.FaultMemory // the race detector's own way of running out of it
		}
		if err != nil || result.Fault != want {
			t.Errorf("%q: got fault %q, %v, want %s", script, result.Fault, err, want)
		}
	}
}

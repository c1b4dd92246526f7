package sandbox_test

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

// hostile is a script and the verdicts that are right about it: faults, or
// levels where there is none. No verdicts means that any will do.
type hostile struct {
	name, script string
	verdicts     []string
}

const (
	hostileCPU = 150 * time.Millisecond
	// What the processor time of a run may exceed its limit by.
	hostileOver = 250 * time.Millisecond
)

// Every hostile script gets its own fault and nothing else: a monitor beside
// them runs right all the time, and the server does not grow.
func TestHostile_CostsOnlyItself(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	scripts := slices.Concat(ownHostile(t), sharedHostile(t))
	if raced {
		scripts = everyFourth(scripts) // the server's part is the same for all
	}
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Limits: monitor.Limits{CPU: hostileCPU, Wall: 20 * time.Second}})
	before := residentPeak(t)
	ctx, cancel := context.WithCancel(t.Context())
	var innocent sync.WaitGroup
	var latencies []time.Duration
	innocent.Go(func() { latencies = runInnocent(ctx, t, pool) })

	const atOnce = 4
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, script := range scripts {
		slots <- struct{}{}
		all.Go(func() {
			judgeHostile(t, pool, int64(i), script)
			<-slots
		})
	}
	all.Wait()
	cancel()
	innocent.Wait()

	if grown := residentPeak(t) - before; grown > 64<<20 {
		t.Errorf("the server's memory grew by %d MB", grown>>20)
	}
	slices.Sort(latencies)
	t.Logf("%d scripts; innocent runs: %d, median %v, p99 %v; %+v", len(scripts), len(latencies),
		latencies[len(latencies)/2], latencies[len(latencies)*99/100], pool.Stats())
}

func everyFourth(all []hostile) (some []hostile) {
	for i := 0; i < len(all); i += 4 {
		some = append(some, all[i])
	}
	return some
}

func judgeHostile(t *testing.T, pool *sandbox.Pool, id int64, h hostile) {
	result, err := pool.Run(t.Context(), monitor.Input{Script: h.script, JobID: 1000 + id, At: time.Unix(1_700_000_000, 0)})
	if err != nil {
		t.Errorf("%s: %v", h.name, err)
		return
	}
	verdict := string(result.Fault)
	if result.Fault == monitor.NoFault {
		verdict = result.Level.String()
	}
	if raced && strings.Contains(result.Reason, "ThreadSanitizer failed to allocate") {
		verdict = string(monitor.FaultMemory) // the detector's own way of running out of it
	}
	t.Logf("%-60s %-9s %6d ms cpu  %.100s", h.name, verdict, result.Cost.CPU.Milliseconds(), result.Message())
	if len(h.verdicts) > 0 && !slices.Contains(h.verdicts, verdict) {
		t.Errorf("%s: verdict %s (%.200s), want one of %v", h.name, verdict, result.Message(), h.verdicts)
	}
	if result.Fault != monitor.NoFault && result.Reason == "" {
		t.Errorf("%s: fault %s without a reason", h.name, result.Fault)
	}
	if result.Cost.CPU > hostileCPU+hostileOver {
		t.Errorf("%s: used %v of processor time, the limit is %v", h.name, result.Cost.CPU, hostileCPU)
	}
}

// runInnocent runs a monitor again and again, and returns how long each took.
func runInnocent(ctx context.Context, t *testing.T, pool *sandbox.Pool) []time.Duration {
	in := typicalInput()
	var first string
	var latencies []time.Duration
	for ctx.Err() == nil {
		began := time.Now()
		result, err := pool.Run(t.Context(), in)
		if err != nil {
			t.Error(err)
			return latencies
		}
		latencies = append(latencies, time.Since(began))
		result.Cost = monitor.Cost{}
		got := fmt.Sprintf("%+v", result)
		if first == "" {
			first = got
		}
		if result.Fault != monitor.NoFault || got != first {
			t.Errorf("the innocent monitor got %.300s, and first %.300s", got, first)
			return latencies
		}
		time.Sleep(5 * time.Millisecond) // a monitor is not always due
	}
	return latencies
}

// typicalInput is a monitor as they mostly are: two targets of an hour, and a
// graph of both.
func typicalInput() monitor.Input {
	series := func(label string) monitor.Fetched {
		values := make([]float64, 60)
		for i := range values {
			values[i] = 10 + math.Sin(float64(i))
		}
		values[7] = math.NaN()
		return monitor.Fetched{Target: label, Status: monitor.StatusOK, Series: []monitor.Series{
			{Label: label, Start: 1_700_000_000, Step: 60, Values: values},
		}}
	}
	return monitor.Input{
		JobID: 7, Name: "typical", Minutes: 60, At: time.Unix(1_700_003_600, 0), Seed: 42,
		Targets: []monitor.Fetched{series("shop.impressions"), series("shop.conversions")},
		Script: `let low = 0
with_metrics((a, b) => {
  graph_value("impressions", a.timestamp, a.value)
  graph_value("conversions", b.timestamp, b.value)
  if (b.value < 9.2) low++
})
if (low > 30) throw "too many low points: " + low
`,
	}
}

func ownHostile(t *testing.T) []hostile {
	t.Helper()
	data, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	heads := regexp.MustCompile(`(?m)^-- (.*): (\S+) --\n`)
	text := string(data)
	found := heads.FindAllStringSubmatchIndex(text, -1)
	var scripts []hostile
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		scripts = append(scripts, hostile{
			name: text[at[2]:at[3]], verdicts: strings.Split(text[at[4]:at[5]], "|"), script: text[at[1]:end],
		})
	}
	if len(scripts) < 40 {
		t.Fatalf("found only %d scripts", len(scripts))
	}
	return scripts
}

// sharedHostile reads the scripts that WINGMIRROR_CASES has, if it is set.
func sharedHostile(t *testing.T) []hostile {
	t.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Log("WINGMIRROR_CASES is not set: own scripts only")
		return nil
	}
	verdicts := map[string][]string{}
	file, err := os.Open("testdata/verdicts.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] != "#" {
			verdicts[words[0]] = words[1:]
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "hostile", "*.js"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no hostile scripts in %s: %v", dir, err)
	}
	var scripts []hostile
	for _, name := range names {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(name)
		scripts = append(scripts, hostile{name: base, script: string(script), verdicts: verdicts[base[:min(3, len(base))]]})
	}
	return scripts
}

// residentPeak is the most memory that this process has had so far, in bytes.
func residentPeak(t *testing.T) int64 {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

package sandbox_test

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

const killer = `"x".repeat(2 ** 40)`

func TestPool_QuarantinesWhatKeepsKilling(t *testing.T) {
	var later atomic.Int64
	pool := newPool(t, sandbox.Options{Workers: 1, Now: func() time.Time {
		return time.Now().Add(time.Duration(later.Load()))
	}})
	for range 3 {
		if result := run(t, pool, killer); result.Fault != monitor.FaultMemory {
			t.Fatalf("got %+v", result)
		}
	}
	result := run(t, pool, killer)
	if result.Fault != monitor.FaultQuarantine || !strings.Contains(result.Reason, "tried again after 20") {
		t.Errorf("got %q (%s)", result.Fault, result.Reason)
	}
	if result := run(t, pool, `puts("fine")`); result.Fault != monitor.NoFault {
		t.Errorf("another script of the same monitor got %+v", result)
	}
	if s := pool.Stats(); s.Quarantined != 1 || s.Suspects != 1 || s.Killed != 3 {
		t.Errorf("stats are %+v", s)
	}
	later.Store(int64(61 * time.Second))
	if result := run(t, pool, killer); result.Fault != monitor.FaultMemory {
		t.Errorf("after its time it got %+v", result)
	}
}

func TestPool_KnowsWhoseRunsAreSlow(t *testing.T) {
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Workers: 1, Limits: monitor.Limits{CPU: 60 * time.Millisecond, Wall: time.Minute}})
	const endless = "for (;;) {}"
	if pool.Slow(1, endless) {
		t.Error("nobody knows yet")
	}
	for range 3 {
		if result := run(t, pool, endless); result.Fault != monitor.FaultTimeout {
			t.Fatalf("got %+v", result)
		}
		if !pool.Slow(1, endless) || pool.Slow(1, "1") || pool.Slow(2, endless) {
			t.Error("it is this script of this monitor")
		}
	}
	if result := run(t, pool, endless); result.Fault != monitor.FaultQuarantine || !strings.Contains(result.Reason, "used up its processor time") || !strings.Contains(result.Reason, "an edited script runs at once") {
		t.Errorf("got %q (%s)", result.Fault, result.Reason)
	}
	if result := run(t, pool, "puts('mended')"); result.Output != "mended\n" {
		t.Errorf("edited, it gives %+v", result)
	}
}

func TestPool_RecyclesWorkers(t *testing.T) {
	pool := newPool(t, sandbox.Options{Workers: 2, Recycle: 10})
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if result := run(t, pool, `puts("fine")`); result.Output != "fine\n" {
				t.Errorf("got %+v", result)
			}
		})
	}
	all.Wait()
	if s := pool.Stats(); s.Recycled < 5 || s.Died != 0 {
		t.Errorf("stats are %+v", s)
	}
}

func TestPool_MonitorMayOnlyLowerLimits(t *testing.T) {
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Limits: monitor.Limits{Memory: 128 << 20, Output: 1000, CPU: 20 * time.Second}})
	in := monitor.Input{Script: `const kept = []; for (;;) kept.push("x".repeat(1000) + kept.length)`, Limits: monitor.Limits{Memory: 32 << 20}}
	result, err := pool.Run(t.Context(), in)
	if err != nil || result.Fault != monitor.FaultMemory || !strings.Contains(result.Reason, "32 MB") {
		t.Errorf("a lower limit of memory gives %q (%s), %v", result.Fault, result.Reason, err)
	}
	in = monitor.Input{Script: `puts("x".repeat(1500))`, Limits: monitor.Limits{Output: 2000}}
	if result, err = pool.Run(t.Context(), in); err != nil || result.Fault != monitor.FaultLimit {
		t.Errorf("a higher limit of output gives %q (%s), %v", result.Fault, result.Reason, err)
	}
}

func TestPool_RefusesWhatIsTooLarge(t *testing.T) {
	pool := newPool(t, sandbox.Options{Workers: 1, Limits: monitor.Limits{InputPoints: 100, Source: 50}})
	many := typicalInput()
	many.Script = "1"
	for name, in := range map[string]monitor.Input{
		"points": many, "source": {Script: strings.Repeat(" ", 51)}, "targets": {Targets: make([]monitor.Fetched, 20_000)},
	} {
		if result, err := pool.Run(t.Context(), in); err != nil || result.Fault != monitor.FaultLimit || result.Reason == "" {
			t.Errorf("%s: %q (%s), %v", name, result.Fault, result.Reason, err)
		}
	}
	if result := run(t, pool, "\xff"); result.Fault != monitor.FaultSyntax {
		t.Errorf("a script that is not text gives %q", result.Fault)
	}
}

func TestPool_StrictRefusesToStartWithoutALayer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there are no such layers")
	}
	_, err := sandbox.NewPool(sandbox.Options{Args: []string{"worker-small"}, Strict: true, Disabled: []string{"seccomp"}})
	if err == nil || !strings.Contains(err.Error(), "seccomp (switched off)") {
		t.Errorf("got %v", err)
	}
	pool := newPool(t, sandbox.Options{Disabled: []string{"seccomp"}})
	if l := pool.Report().Layer("seccomp"); l.Active || l.Why != "switched off" {
		t.Errorf("the report says %+v", l)
	}
}

const curious = `
puts(Math.random(), Date.now(), new Date().toString(), Object.keys({b: 1, a: 2, 3: 4}).join())
puts([5, 3, 9, 1].sort().join(), JSON.stringify(new Map([[1, 2]])), typeof leaked, [].leaked, /a(b)/.test("ab"), RegExp.$1)
graph_value("x", 1, Math.random())
`

func TestPool_EqualInputsGiveEqualResultsOnEveryWorker(t *testing.T) {
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Workers: 3, Recycle: 20})
	in := typicalInput()
	in.Script = curious + in.Script
	first, err := pool.Run(t.Context(), in)
	if err != nil || first.Fault != monitor.NoFault {
		t.Fatal(first, err)
	}
	var all sync.WaitGroup
	for range 150 {
		all.Go(func() {
			got, err := pool.Run(t.Context(), in)
			if diff := cmp.Diff(first, got, cmpopts.EquateNaNs(), cmpopts.IgnoreFields(monitor.Result{}, "Cost")); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
	all.Wait()
	if c := first.Cost; c.CPU <= 0 || c.Wall <= 0 || c.Memory <= 0 || c.PointsIn != 118 || c.PointsOut != 121 || c.OutputBytes != len(first.Output) {
		t.Errorf("cost is %+v", c)
	}
}

func TestPool_RunsShareNothing(t *testing.T) {
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Workers: 1, Spares: -1})
	before := run(t, pool, curious)
	for _, leak := range []string{
		`leaked = 1; globalThis.leaked2 = 2; var leaked3 = 3; Object.prototype.leaked = 4; Array.prototype.leaked = 5`,
		`Math.random = () => 0.5; Date.now = () => 0; JSON.stringify = () => "no"; Array.prototype.sort = function() { return [] }`,
		`/x(y)/.test("xy"); Math.random(); Math.random(); RegExp.prototype.test = () => 1; puts = null; graph_value = null`,
		`Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(globalThis)`,
		`Symbol.for("leaked"); throw new Error("so")`,
	} {
		run(t, pool, leak)
		after := run(t, pool, curious)
		if diff := cmp.Diff(before, after, cmpopts.IgnoreFields(monitor.Result{}, "Cost")); diff != "" {
			t.Errorf("after %s: %s", leak, diff)
		}
	}
}

// What authors rely on of the language, line by line: each is an expression
// that has to be true.
func TestPool_SpeaksTheLanguage(t *testing.T) {
	data, err := os.ReadFile("testdata/language.txt")
	if err != nil {
		t.Fatal(err)
	}
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}})
	n := 0
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		n++
		if result := run(t, pool, "if (!("+line+")) throw 'false'"); result.Level != monitor.OK {
			t.Errorf("%s: %s", line, result.Message())
		}
	}
	if n < 100 {
		t.Errorf("only %d lines", n)
	}
}

// Of a hundred monitors one hangs and one exhausts memory, as they did the time
// before: the others do not wait for them.
func TestPool_CrowdOfBadRunsDoesNotHoldUpGoodOnes(t *testing.T) {
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Limits: monitor.Limits{CPU: 200 * time.Millisecond, Wall: time.Minute}})
	const monitors, every = 1500, 100
	round := func() (goodDone, allDone time.Duration) {
		var good, bad sync.WaitGroup
		began := time.Now()
		for i := range monitors {
			in := typicalInput()
			in.JobID = int64(i)
			group, want := &good, monitor.NoFault
			switch i % every {
			case 1:
				in.Script, group, want = "for (;;);", &bad, monitor.FaultTimeout
			case 2:
				in.Script, group, want = killer, &bad, monitor.FaultMemory
			}
			group.Go(func() {
				if result, err := pool.Run(t.Context(), in); err != nil || result.Fault != want {
					t.Errorf("monitor %d got %q (%s), %v", i, result.Fault, result.Reason, err)
				}
			})
		}
		good.Wait()
		goodDone = time.Since(began)
		bad.Wait()
		return goodDone, time.Since(began)
	}
	round()
	if goodDone, allDone := round(); goodDone > allDone/2 {
		t.Errorf("good runs took %v, all together %v", goodDone, allDone)
	}
}

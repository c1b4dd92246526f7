package sandbox_test

import (
	"runtime"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/sandbox"
)

// What a run had said is kept, however sudden its end.
func TestPool_KeepsWhatWasSaidBeforeADeath(t *testing.T) {
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Workers: 1, Limits: monitor.Limits{CPU: 300 * time.Millisecond}})
	deaths := []struct {
		name, script string
		faults       []monitor.Fault
		line         int // at which it ended; 0 where that cannot be known
	}{
		{"memory in one call", `'x'.repeat(2**40)`, []monitor.Fault{monitor.FaultMemory}, 0},
		{"calls too deep", `;(function f() { f() })()`, []monitor.Fault{monitor.FaultStack}, 4},
		{"native nesting too deep", `var o = []; o.push(o); o.flat(Infinity)`, []monitor.Fault{monitor.FaultStack, monitor.FaultMemory}, 0},
		{"time", "let n = 0\nfor (;;) n++", []monitor.Fault{monitor.FaultTimeout}, 5},
		{"time in one call", `Array.prototype.forEach.call({ length: 2**53 - 1 }, Math.abs)`, []monitor.Fault{monitor.FaultTimeout}, 0},
		{"output", `for (;;) puts("y".repeat(1000))`, []monitor.Fault{monitor.FaultLimit}, 4},
	}
	for i, death := range deaths {
		t.Run(death.name, func(t *testing.T) {
			in := typicalInput()
			in.JobID = int64(100 + i)
			in.Script = "puts('x'); print('y')\ngraph_value('drawn', 1, 2)\ngraph_value('too', 1, null)\n" + death.script
			result, err := pool.Run(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			wantVerdict(t, result, death.faults...)
			if result.Output[:min(3, len(result.Output))] != "x\ny" {
				t.Errorf("kept %.20q", result.Output)
			}
			if len(result.Graph) != 2 || result.Graph[0].Label != "drawn" || len(result.Graph[1].Points) != 1 || result.Cost.PointsOut != 2 {
				t.Errorf("graph is %v, %d points out", result.Graph, result.Cost.PointsOut)
			}
			if death.line > 0 && (result.Thrown == nil || result.Thrown.Line != death.line) {
				t.Errorf("line is that of %+v, want %d", result.Thrown, death.line)
			}
		})
	}
}

func wantVerdict(t *testing.T, got monitor.Result, faults ...monitor.Fault) {
	t.Helper()
	for _, want := range faults {
		if got.Fault == want && got.Level == monitor.Unknown && got.Reason != "" {
			return
		}
	}
	t.Errorf("fault is %q (%s), level %v, want one of %q", got.Fault, got.Reason, got.Level, faults)
}

// A script that gathers memory little by little is ended between two
// instructions, so the line is known, where the watchdog sees it before the
// address space ends. Without that layer it always does.
func TestPool_SaysAtWhichLineMemoryRanOut(t *testing.T) {
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Workers: 1, Limits: monitor.Limits{CPU: 20 * time.Second, Memory: 64 << 20}, Disabled: []string{"memory"}})
	result := run(t, pool, "const kept = {}\nputs('before')\nlet last = null\nfor (;;) {\n  last = { last }\n}")
	wantVerdict(t, result, monitor.FaultMemory)
	if result.Thrown == nil || result.Thrown.Line < 4 || result.Thrown.Line > 5 || result.Output != "before\n" {
		t.Errorf("it ended at %+v with output %q (%s)", result.Thrown, result.Output, result.Reason)
	}
}

// The series are the graph of every run that drew nothing, killed or refused.
func TestPool_ShowsTheSeriesOfARunThatDrewNothing(t *testing.T) {
	pool := newPool(t, sandbox.Options{Args: []string{"worker"}, Workers: 1})
	in := typicalInput()
	for _, script := range []string{`'x'.repeat(2**40)`, string(make([]byte, 40<<10)), "\xff", "if (", "1"} {
		in.Script = script
		result, err := pool.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Graph) != 2 || result.Graph[0].Label != "shop.impressions" || len(result.Graph[1].Points) != 60 || result.Cost.PointsOut != 120 {
			t.Errorf("%.20q: fault %q, graph %.60v, %d points out", script, result.Fault, result.Graph, result.Cost.PointsOut)
		}
	}
}

// A run that memory ran out for is made again, traced and alone; what it does
// there tells the line, also where one native call did it all.
func TestPool_SaysAtWhichLineMemoryRanOutInOneCall(t *testing.T) {
	if runtime.GOOS != "linux" || raced {
		t.Skip("needs memory shared with the worker, and the race detector ends in its own way without memory")
	}
	t.Parallel()
	pool := newPool(t, sandbox.Options{
		Args: []string{"worker"}, Workers: 1, Limits: monitor.Limits{Memory: 96 << 20, CPU: 20 * time.Second},
		Library: []sandbox.File{{Name: "team.js", Source: "\n\n\n\nfunction grow(n) {\n  return 'x'.repeat(n)\n}"}},
	})
	for i, bomb := range []struct {
		name, script string
		line         int
	}{
		{"one call", "puts('a')\n'x'.repeat(2**40)\nputs('b')", 2},
		{"after a function", "function f() {\n  return 'a'\n}\nconst s = f() + 'x'.repeat(2**40)", 4},
		{"strict", "'use strict'\nfunction f(n) {\n  'use strict'\n  return 'x'.repeat(n)\n}\nf(2**40)", 4},
		{"in an arrow", "const swell =\n  n =>\n  'x'.repeat(n)\n\nswell(2**40)", 3},
		{"body without a block", "for (let i = 30; ; i++)\n  'x'.repeat(2**i)", 2},
		{"growing array", "const all = []\nlet n = 0\nfor (;;) {\n  all.push('x'.repeat(100000) + n++)\n}", 4},
		{"growing string", "let s = 'x'\nwhile (true)\n  s += s", 3},
		{"nested arrays", "let a = []\nfor (;;) {\n  a = [a, a.concat(a)]\n}", 3},
		{"giant document", "const text = '[' + '[1],'.repeat(8e5) + '1]'\n\nJSON.parse(text)", 3},
		{"helper file", "puts('a')\ngrow(10)\n\ngrow(2**40)", 4},
		{"optional chain", "const o = { f() { return null } }\nif (o.f()?.g().h !== undefined) throw 'wrong'\no?.f()\n'x'.padEnd(2**40)", 4},
		{"label and switch", "out: for (;;) {\n  switch (1) {\n  case 1:\n    break out\n  }\n}\nnew ArrayBuffer(2**40)", 7},
	} {
		t.Run(bomb.name, func(t *testing.T) {
			result, err := pool.Run(t.Context(), monitor.Input{JobID: int64(i), Script: bomb.script})
			if err != nil {
				t.Fatal(err)
			}
			wantVerdict(t, result, monitor.FaultMemory)
			if result.Thrown == nil || result.Thrown.Line != bomb.line {
				t.Errorf("line is that of %+v, want %d (%s)", result.Thrown, bomb.line, result.Reason)
			}
		})
	}
}

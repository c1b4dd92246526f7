package engine

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"testing"

	"wingmirror/monitor"
)

// answer is what equal inputs make equal.
func answer(r monitor.Result) string {
	r.Cost = monitor.Cost{}
	for i := range r.Graph {
		for k := range r.Graph[i].Points {
			if p := &r.Graph[i].Points[k]; p.Value != p.Value {
				p.Value = -1e300
			}
		}
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

const busyScript = `puts(Math.random(), Date.now(), new Date(), Object.keys({ b: 1, a: 2 }), @params)
with_metrics((a, b) => graph_value("x" + Math.floor(Math.random() * 3), a.timestamp, a.value * Math.random()))
const m = new Map([["z", 1], ["y", 2]]); for (const [k] of m) puts(k)
throw new Warning("w" + Math.random())`

func TestRun_EqualInputsGiveEqualResults(t *testing.T) {
	in := input(busyScript, target("a", 1, nan, 3), target("b", 4, 5, 6))
	in.Params = json.RawMessage(`{"z": 1, "a": {"c": 2, "b": 3}}`)
	e := newEngine(t)
	want := answer(e.Run(in))
	if !strings.Contains(want, `"w0.`) {
		t.Fatalf("the script did not run to its end: %s", want)
	}
	for range 5 {
		if got := answer(e.Run(in)); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	if got := answer(newEngine(t).Run(in)); got != want {
		t.Errorf("another engine says\n%s\nwant\n%s", got, want)
	}
	in.Seed++
	if answer(e.Run(in)) == want {
		t.Error("another seed gives the same numbers")
	}
}

func TestRun_RunsShareNothing(t *testing.T) {
	e := newEngine(t)
	spoil := `Object.prototype.value = 42; Array.prototype.sum = () => 1; Array.prototype.push = null
Math.random = () => 4; JSON.parse = null; globalThis.mean = 5; var left = 1; RegExp.prototype.exec = null
Error.prototype.toString = () => "x"; @a.label = "spoiled"; @params.limit = 9; puts = null; console.log = null
@a.values.length = 0; Object.defineProperty(globalThis, "percentile", { value: 1, configurable: false })`
	look := `puts(typeof left, ({}).value === undefined, [1, 2].sum(), mean([1, 3]), @a.label, @params.limit, @a.values.length, percentile([5], 50), /x/.test("x"))
console.log(Math.random() < 1)`
	in := func(script string) monitor.Input {
		in := input(script, target("a", 1, 2))
		in.Params = json.RawMessage(`{"limit": 5}`)
		return in
	}
	want := e.Run(in(look))
	if got := e.Run(in(spoil)); got.Fault != "" {
		t.Fatalf("the spoiler failed: %s", describe(got))
	}
	if got := e.Run(in(look)); got.Output != want.Output || !strings.HasPrefix(got.Output, "undefined\ntrue\n3\n2\na\n5\n2\n5\ntrue\n") {
		t.Errorf("after it got %q, before it %q", got.Output, want.Output)
	}
}

func TestRun_InputIsNotChanged(t *testing.T) {
	in := input(`const v = @a.values; v.sort((x, y) => y - x); v.push(9); v.length = 1; v[0] = 7; @a.label = "new"
puts(@a.values, mean(@a))`, target("a", 3, 1, 2))
	before := input(in.Script, target("a", 3, 1, 2))
	if got := newEngine(t).Run(in); got.Output != "3\n1\n2\n2\n" {
		t.Errorf("the series changed: %q %s", got.Output, describe(got))
	}
	if !reflect.DeepEqual(in, before) {
		t.Errorf("the input changed to %+v", in)
	}
}

func TestRun_NothingReachesOutside(t *testing.T) {
	e := newEngine(t)
	for _, name := range []string{"require", "process", "fetch", "XMLHttpRequest", "setTimeout", "setInterval", "Deno", "Bun", "load", "read", "open", "WebAssembly", "Worker", "importScripts"} {
		if got := e.Run(input("puts(typeof " + name + ")")); got.Output != "undefined\n" {
			t.Errorf("%s is %s", name, got.Output)
		}
	}
	for _, script := range []string{`import fs from "fs"`, `import("fs")`, `await 1`} {
		if got := e.Run(input(script)); got.Fault != monitor.FaultSyntax {
			t.Errorf("%s gives fault %q", script, got.Fault)
		}
	}
	for _, script := range []string{"//# sourceMappingURL=/etc/passwd\nputs(1)", "eval('2 //# sourceMappingURL=/etc/passwd'); puts(1)"} {
		if got := e.Run(input(script)); got.Output != "1\n" {
			t.Errorf("a source map was looked for: %s", describe(got))
		}
	}
}

func TestRun_ConcurrentRunsAreApart(t *testing.T) {
	e := newEngine(t)
	want := answer(e.Run(input(busyScript, target("a", 1, 2), target("b", 3, 4))))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				if got := answer(e.Run(input(busyScript, target("a", 1, 2), target("b", 3, 4)))); got != want {
					t.Errorf("got %s", got)
				}
			}
		})
	}
	all.Wait()
}

// said is what a run noted.
type said struct {
	output string
	lines  []monitor.Line
}

func (s *said) Output(text string) { s.output += text }

func (s *said) Line(label string) { s.lines = append(s.lines, monitor.Line{Label: label}) }

func (s *said) Point(line int, time, value float64) {
	s.lines[line].Points = append(s.lines[line].Points, monitor.GraphPoint{Time: time, Value: value})
}

func TestRun_NotesWhatItSaysAtOnce(t *testing.T) {
	noted := &said{}
	e, err := New(Options{Notes: func() Notes { return noted }})
	if err != nil {
		t.Fatal(err)
	}
	got := e.Run(input(`puts("begun"); graph_value("x", 1, 2); graph_value("y", 1, 3); graph_value("x", 2, 4); print("é".repeat(1e6))`))
	if got.Fault != monitor.FaultLimit || noted.output != got.Output || !strings.HasPrefix(noted.output, "begun\né") {
		t.Errorf("fault %q, %d bytes noted, %d in the result", got.Fault, len(noted.output), len(got.Output))
	}
	if !reflect.DeepEqual(noted.lines, got.Graph) || len(noted.lines) != 2 {
		t.Errorf("noted %v, the result has %v", noted.lines, got.Graph)
	}
}

func TestRun_CostIsFilled(t *testing.T) {
	got := newEngine(t).Run(input(`const big = []; for (let i = 0; i < 20000; i++) big.push({ i })
puts("abc"); graph_value("x", 1, 2)`, target("a", 1, nan, 3)))
	c := got.Cost
	if c.Wall <= 0 || c.CPU <= 0 || c.Memory < 1e6 || c.PointsIn != 2 || c.PointsOut != 1 || c.OutputBytes != 4 {
		t.Errorf("cost is %+v", c)
	}
}

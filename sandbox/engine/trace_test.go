package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/monitor"
)

// whereabouts are notes that ask a run where it is.
type whereabouts struct{ lines []int }

func (*whereabouts) Output(string)               {}
func (*whereabouts) Line(string)                 {}
func (*whereabouts) Point(int, float64, float64) {}
func (*whereabouts) Traced() bool                { return true }
func (w *whereabouts) At(line int)               { w.lines = append(w.lines, line) }

func TestTrace_ChangesNothingButTellsTheLine(t *testing.T) {
	plain, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	notes := &whereabouts{}
	traced, err := New(Options{Notes: func() Notes { return notes }})
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{
		"puts(1)\nputs([1, 2].map(x => x + 1))",
		"function f() { 'use strict'; return this === undefined }\nputs(f())",
		"const f = n => n ? f(n - 1) : 'end'\nputs(f(20))",
		"outer: for (const a of [1, 2])\n  for (const b of [1, 2])\n    if (b == 2) continue outer; else puts(a, b)",
		"class A { #x = 1; static y = String(2); constructor(x) { this.x = x }; get z() { return this.#x } }\nclass B extends A { constructor() { super(5) } }\nputs(new B().x, A.y, new B().z)",
		"const o = null\nputs(o?.a.b(1).c(), o?.[f()](2))\nputs({ g() { return this.h }, h: 3 }.g?.())",
		"function* g() { yield 1; yield* [2, 3] }\nputs([...g()].join())\nputs(`a${String(1)}b`, String.raw`\\n`)",
		"var v = 1\n{ let w = eval('v + 1'); puts(w) }\nputs(typeof undefinedName, delete { a: 1 }.a)",
		"switch (2) { case 1: puts('one')\ncase 2: puts('two'); break\ndefault: puts('more') }",
		"do puts('once'); while (false)\nif (0) puts(1); else if (1) puts(2)",
		"async function a() { await Promise.resolve(1); puts('then') }\na()",
		"try { null.x } catch (e) { puts(e.message) } finally { puts('done') }",
		"hoisted()\nfunction hoisted() { throw 'low' }",
		"const o = {}\nputs(1)\no.f()",
		"function f() { return new.target === undefined }\nputs(f(), (function () { return arguments.length })(1, ...[2, 3]))",
		"with ({ a: 1 }) puts(a)\nfor (var k in { b: 1 }) puts(k)",
		"if (true) function late() {}\nputs(typeof late)",
	} {
		in := monitor.Input{Script: script, At: time.Unix(1_700_000_000, 0)}
		notes.lines = nil
		want, got := plain.Run(in), traced.Run(in)
		want.Cost, got.Cost = monitor.Cost{}, monitor.Cost{}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", script, diff)
		}
		if len(notes.lines) == 0 {
			t.Errorf("%s tells no line", script)
		}
	}
}

package engine

import (
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestFailing_LevelAndMessage(t *testing.T) {
	e := newEngine(t)
	for _, c := range []struct {
		script  string
		level   monitor.Level
		message string
	}{
		{`throw "too low"`, monitor.Critical, "too low"},
		{`throw new Error("too low")`, monitor.Critical, "too low"},
		{`raise("too low")`, monitor.Critical, "too low"},
		{`raise(new Warning("lowish"))`, monitor.Warning, "lowish"},
		{`raise()`, monitor.Critical, "unhandled exception"},
		{`throw new Warning("lowish")`, monitor.Warning, "lowish"},
		{`class Soft extends Warning {}; throw new Soft("lowish")`, monitor.Warning, "lowish"},
		{`try { throw new Warning("lowish") } catch (e) { throw e }`, monitor.Warning, "lowish"},
		{`class Mine extends TypeError {}; throw new Mine("mine")`, monitor.Critical, "mine"},
		{`throw new RangeError("out of range")`, monitor.Critical, "out of range"},
		{`throw TypeError("called, not made")`, monitor.Critical, "called, not made"},
		{`const e = new TypeError("kept"); throw e`, monitor.Critical, "kept"},
		{`throw new Error`, monitor.Critical, "error without a message"},
		{`throw 42`, monitor.Critical, "42"},
		{`throw null`, monitor.Critical, "null"},
		{`throw undefined`, monitor.Critical, "undefined"},
		{`throw 10n`, monitor.Critical, "10n"},
		{`throw Symbol("s")`, monitor.Critical, "Symbol(s)"},
		{`throw { code: 5, why: ["a", null] }`, monitor.Critical, `{code: 5, why: ["a", null]}`},
		{`throw [1, "x"]`, monitor.Critical, `[1, "x"]`},
		{`throw Object.create(null)`, monitor.Critical, `{}`},
		{`const o = {}; o.self = o; throw o`, monitor.Critical, `{self: [circular]}`},
		{`throw { toString() { return "by hand" } }`, monitor.Critical, "by hand"},
		{`throw { toString() { throw 1 } }`, monitor.Critical, "The script threw a value that cannot be shown."},
		{`throw { toString() { return {} } }`, monitor.Critical, "The script threw a value that cannot be shown."},
		{`throw new Proxy({}, { get() { throw 1 } })`, monitor.Critical, "The script threw a value that cannot be shown."},
		{`throw new Proxy(function () {}, { getPrototypeOf() { throw 1 } })`, monitor.Critical, "[function]"},
		{`const e = new Error("x"); Object.defineProperty(e, "message", { get() { throw 2 } }); throw e`, monitor.Critical, "The script threw a value that cannot be shown."},
		{`throw @a.last`, monitor.Critical, "{ label: a, timestamp: 1772366400, value: 2.0 }"},
		{`(async () => { throw "in the background" })()`, monitor.Critical, "in the background"},
		{`Promise.reject(new Warning("in the background"))`, monitor.Warning, "in the background"},
		{`Promise.reject("handled").catch(() => {})`, monitor.OK, ""},
		{`try { throw "inside" } catch {}`, monitor.OK, ""},
		{`throw ""`, monitor.Critical, "the script threw an empty text"},
	} {
		got := e.Run(input(c.script, target("a", 1, 2)))
		if got.Level != c.level || got.Message() != c.message || got.Fault != "" {
			t.Errorf("%s\ngot level %v, message %q, fault %q; want %v, %q", c.script, got.Level, got.Message(), got.Fault, c.level, c.message)
		}
	}
}

func TestFailing_EngineErrorsAreFaultsWithAdvice(t *testing.T) {
	e := newEngine(t)
	for _, c := range []struct {
		script, reason string
		line, column   int
	}{
		{"let x = 1\nputs(prnt)", "ReferenceError: prnt is not defined; did you mean print?", 2, 6},
		{"percentil(@a, 5)", "ReferenceError: percentil is not defined; did you mean percentile?", 1, 10},
		{"let threshold = 1\nputs(treshold)", "ReferenceError: treshold is not defined; did you mean threshold?", 2, 6},
		{"'use strict'\nlost = 1; undefined", "ReferenceError: lost is not defined", 2, 1},
		{"Object.setPrototypeOf(globalThis, null); puts(1)", "ReferenceError: puts is not defined", 1, 46},
		{"TypeError = null; Error = null\nnull.x", "TypeError: Cannot read property 'x' of undefined or null", 2, 6},
		{"async function f() { await 0\nnull.x } f()", "TypeError: Cannot read property 'x' of undefined or null", 2, 6},
		{"Function('return @now')()", "SyntaxError: <eval>: Line 3:8 Unexpected token ILLEGAL (and 3 more errors)", 1, 9},
		{"graph_value['x', 1]", "TypeError: graph_value: expects (label, timestamp, value), but value is missing", 1, 12},
		{"puts(@c)", "ReferenceError: @c is not defined: there are 2 series, @a to @b", 1, 6},
		{"puts($c)", "ReferenceError: $c is not defined: there are 2 series, @a to @b", 1, 6},
		{"puts(@minuts)", "ReferenceError: @minuts is not defined; did you mean @minutes?", 1, 6},
		{"@a.mena()", "TypeError: Object has no member 'mena'; did you mean mean?", 1, 8},
		{"graph_value('x')", "TypeError: graph_value: expects (label, timestamp, value), but timestamp is missing", 1, 12},
		{"graph_value({}, 1, 2)", "TypeError: graph_value: label must be a string, but is an object", 1, 12},
		{"graph_value('x', '1', 2)", `TypeError: graph_value: timestamp must be a number of seconds since 1970, but is the string "1"`, 1, 12},
		{"graph_value('x', 1, 'two')", `TypeError: graph_value: value must be a number or null, but is the string "two"`, 1, 12},
		{"with_metrics(5)", "TypeError: with_metrics: fn must be a function, but is the number 5", 1, 13},
		{"fold_metrics(0)", "TypeError: fold_metrics: fn must be a function, but is missing", 1, 13},
		{"mean('x')", `TypeError: mean: the data must be a series or an array of numbers, but is the string "x"`, 1, 5},
		{"mean([1, '2'])", `TypeError: mean: element 1 of the data must be a number or null, but is the string "2"`, 1, 5},
		{"mean([null])", "RangeError: mean: all values are null; say what it is then by one more argument, such as null", 1, 5},
		{"percentile(@a, 101)", "RangeError: percentile: p must be from 0 to 100, but is 101", 1, 11},
		{"moving_average(@a, 0)", "TypeError: moving_average: n must be a whole number of at least 1, but is the number 0", 1, 15},
		{"holt_winters([1,2,3,4], 2, {gama: 1})", "TypeError: holt_winters: there is no option gama", 1, 13},
		{"time_since_last_value([1])", "TypeError: time_since_last_value: expects a series, because only a series has times, but got an array", 1, 22},
		{"@a.values = 1", "TypeError: a series' values cannot be changed; only its label can", 1, 4},
		{"@a.last.value = 1", "TypeError: an entry's value cannot be changed; only its label can", 1, 9},
		{"const f = () => null.x\n\nf()", "TypeError: Cannot read property 'x' of undefined or null", 1, 22},
		{"if (@a.mean < 10) puts(1)", "TypeError: mean is a function; call it: mean(…)", 1, 5},
		{"mean + 1", "TypeError: mean is a function; call it: mean(…)", 1, 1},
		{"let " + strings.Repeat("x", 20_000) + " = 1; " + strings.Repeat("y", 200), "ReferenceError: " + strings.Repeat("y", 200) + " is not defined", 1, 20_011},
		{"try { null.x } catch (e) { throw e }", "TypeError: Cannot read property 'x' of undefined or null", 1, 12},
		{"\"é\"; puts(\"𝒳\", nope)", "ReferenceError: nope is not defined", 1, 17},
	} {
		got := e.Run(input(c.script, target("a", 1, 2), target("b", 3, 4)))
		if got.Fault != monitor.FaultScript || got.Level != monitor.Unknown {
			t.Errorf("%s\ngot fault %q, level %v", c.script, got.Fault, got.Level)
			continue
		}
		if got.Reason != c.reason {
			t.Errorf("%s\ngot  %s\nwant %s", c.script, got.Reason, c.reason)
		}
		if got.Thrown.Line != c.line || got.Thrown.Column != c.column {
			t.Errorf("%s\nat %d:%d, want %d:%d", c.script, got.Thrown.Line, got.Thrown.Column, c.line, c.column)
		}
	}
}

func TestFailing_SyntaxErrorsHaveTheAuthorsPlace(t *testing.T) {
	e := newEngine(t)
	for _, c := range []struct {
		script, message string
		line, column    int
	}{
		{"let x = ;", "SyntaxError: Unexpected token ;", 1, 9},
		{"puts(@a)\nif (@b { }", "SyntaxError: Unexpected token {", 2, 8},
		{"\"ü\" @ 1", "SyntaxError: Unexpected character '@'", 1, 5},
		{"foo@bar", "SyntaxError: Unexpected character '@'", 1, 4},
		{"let a = 'open", "SyntaxError: this string is never closed", 1, 9},
		{"if (1) {", "SyntaxError: Unexpected end of input", 1, 9},
	} {
		err := e.Check(c.script)
		if err == nil || err.Message != c.message || err.Line != c.line || err.Column != c.column {
			t.Errorf("%q: got %+v, want %s at %d:%d", c.script, err, c.message, c.line, c.column)
			continue
		}
		got := e.Run(input(c.script, target("a", 1)))
		if got.Fault != monitor.FaultSyntax || got.Reason != c.message || *got.Thrown != *err || len(got.Graph) != 1 {
			t.Errorf("%q: Run says %q %+v with %d lines", c.script, got.Reason, got.Thrown, len(got.Graph))
		}
	}
	if err := e.Check("puts(@a)"); err != nil {
		t.Errorf("a valid script has error %+v", err)
	}
}

func TestFailing_KeepsOutputAndGraphSoFar(t *testing.T) {
	got := newEngine(t).Run(input(`puts("before")
graph_value("x", 1, 2)
throw "stop"
puts("after")`, target("a", 1)))
	if got.Output != "before\n" || len(got.Graph) != 1 || got.Graph[0].Label != "x" {
		t.Errorf("output %q, graph %+v", got.Output, got.Graph)
	}
}

func TestFailing_StackHoldsTheAuthorsFramesOnly(t *testing.T) {
	got := newEngine(t).Run(input(`function check(v) {
  if (v > 1) throw "high"
}
[1, 2].forEach(check)
`))
	if want := "check: line 2, column 14\nline 4, column 15"; got.Thrown.Stack != want {
		t.Errorf("stack is %q, want %q", got.Thrown.Stack, want)
	}
}

func TestFailing_NoDataIsAFaultOfItsOwn(t *testing.T) {
	missing := monitor.Fetched{Target: "gone", Status: monitor.StatusMissing}
	got := newEngine(t).Run(input(`if (mean(@a) < 10) throw "low"`, missing, target("b", nan, nan)))
	if got.Fault != monitor.FaultNoData || !strings.HasPrefix(got.Reason, "No target had a single point.") {
		t.Errorf("got fault %q: %s", got.Fault, got.Reason)
	}
	thrown := newEngine(t).Run(input(`throw "nothing arrives"`, missing))
	if thrown.Fault != "" || thrown.Level != monitor.Critical {
		t.Errorf("an alert about missing data became fault %q", thrown.Fault)
	}
}

func TestLimits_EachBreachIsItsOwnFault(t *testing.T) {
	for _, c := range []struct {
		script string
		fault  monitor.Fault
		reason string
	}{
		{`for (;;);`, monitor.FaultTimeout, "The script used more than 100 ms of processor time and was stopped."},
		{`try { for (;;); } catch {} finally { for (;;); }`, monitor.FaultTimeout, "The script used more than 100 ms of processor time and was stopped."},
		{`throw { toString() { for (;;); } }`, monitor.FaultTimeout, "The script used more than 100 ms of processor time and was stopped."},
		{`const t = Date.now(); while (Date.now() - t < 10);`, monitor.FaultTimeout, "The script used more than 100 ms of processor time and was stopped."},
		{`(async () => { while (true) await 0 })()`, monitor.FaultTimeout, "The script used more than 100 ms of processor time and was stopped."},
		{`function f() { f() } f()`, monitor.FaultStack, "The script called itself too deeply: more than 512 calls inside each other."},
		{`const o = { toString() { return "" + this } }; "" + o`, monitor.FaultStack, "The script called itself too deeply: more than 512 calls inside each other."},
		{`function f() { return [2, 1].sort(f)[0] } f()`, monitor.FaultStack, "The script called itself too deeply: more than 512 calls inside each other."},
		{`function f() { with_metrics(f) } f()`, monitor.FaultStack, "The script called itself too deeply: more than 512 calls inside each other."},
		{`for (;;) puts("0123456789")`, monitor.FaultLimit, "The script printed more than 65536 bytes."},
		{`try { Array(1e5).fill("0123456789").forEach(v => puts(v)) } catch (e) { puts("caught") }`, monitor.FaultLimit, "The script printed more than 65536 bytes."},
		{`for (let i = 0; ; i++) graph_value("x", i, 1)`, monitor.FaultLimit, "The script drew more than 20000 points."},
		{`for (let i = 0; ; i++) graph_value("x" + i, i, 1)`, monitor.FaultLimit, "The script drew more than 64 lines."},
		{`graph_value("x".repeat(300), 1, 1)`, monitor.FaultLimit, "The label of a line has more than 256 bytes."},
		{`/^(a+)+\1$/.test("a".repeat(35) + "b")`, monitor.FaultRegexp, "A regular expression took longer than 50 ms on a text of 36 characters and was given up."},
		{`"x".replace(/x/, ""); ("a".repeat(35) + "b").match(/^(?:(a+)+)\1$/)`, monitor.FaultRegexp, "A regular expression took longer than 50 ms on a text of 36 characters and was given up."},
		{`const a = [3, 2, 1, 5, 4]; a.sort((x, y) => { a.length = 0; return x - y })`, monitor.FaultSandbox, "The script made the engine fail: runtime error: index out of range [1] with length 0"},
		{`//` + strings.Repeat("x", 40_000), monitor.FaultLimit, "The script has 40002 bytes, more than the limit of 32768."},
	} {
		in := input(c.script, target("a", 1))
		in.Limits.CPU = 100 * time.Millisecond
		if c.fault != monitor.FaultTimeout {
			in.Limits.CPU = 10 * time.Second
		}
		got := newEngine(t).Run(in)
		if got.Fault != c.fault || got.Reason != c.reason || got.Level != monitor.Unknown {
			t.Errorf("%.80s\ngot fault %q, level %v: %s\nwant %q: %s", c.script, got.Fault, got.Level, got.Reason, c.fault, c.reason)
		}
		if len(got.Output) > 65536 || strings.Contains(got.Output, "caught") {
			t.Errorf("%.80s: %d bytes of output", c.script, len(got.Output))
		}
	}
}

func TestLimits_TooManyPointsAreRefusedBeforeTheScriptRuns(t *testing.T) {
	in := input(`puts("ran")`, target("a", make([]float64, 11)...))
	in.Limits.InputPoints = 10
	got := newEngine(t).Run(in)
	if got.Fault != monitor.FaultLimit || got.Output != "" || !strings.Contains(got.Reason, "11 points, more than the limit of 10") {
		t.Errorf("got %q %q, output %q", got.Fault, got.Reason, got.Output)
	}
}

func TestLimits_LongMessageIsCutNotLost(t *testing.T) {
	got := newEngine(t).Run(input(`throw new Error("é".repeat(1e6))`))
	if got.Level != monitor.Critical || len(got.Message()) > 4096 || !strings.HasSuffix(got.Message(), "é…") {
		t.Errorf("level %v, message of %d bytes", got.Level, len(got.Message()))
	}
}

// goja alone answers false here, since the match takes more than 100,000 places
// on its stack.
func TestRegexps_BigStackIsNeverAWrongAnswer(t *testing.T) {
	got := newEngine(t).Run(input(`puts(/^(?:(?=a)a)*$/.test("a".repeat(30000)))`))
	if got.Output != "true\n" && got.Fault != monitor.FaultRegexp {
		t.Errorf("got %q, fault %q", got.Output, got.Fault)
	}
}

func TestRegexps_GuardedOnesAnswerAsTheStandardSays(t *testing.T) {
	got := output(t, `puts("a, b,c".split(/,\s*/), "a1b2".replace(/\d/g, d => d * 2), [..."a1b2".matchAll(/[a-z](\d)/g)].map(m => m[1]))
puts("x-1-y".split(/-(\d)-/), "abc".split(/(?:)/), "".split(/x/).length, "".split(/(?:)/).length, "a,b,c".split(/,/, 2).length)
puts("2026-03-01".match(/(?<year>\d+)-(\d+)/).groups.year, "abc".search(/c/), /b/y.test("ab"), "aXbX".replaceAll(/x/gi, "-"))
const g = /o/g; puts(g.test("foo"), g.lastIndex, g.test("foo"), g.test("foo"), g.lastIndex)`)
	want := "a\nb\nc\na2b4\n1\n2\nx\n1\ny\na\nb\nc\n1\n0\n2\n2026\n2\nfalse\na-b-\ntrue\n2\ntrue\nfalse\n0\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWarning_NeedsNoNew(t *testing.T) {
	e := newEngine(t)
	for _, script := range []string{
		`throw Warning("getting full")`,
		`throw new Warning("getting full")`,
		`class Full extends Warning {}; throw new Full("getting full")`,
		`try { throw Warning("getting full") } catch (w) { if (w instanceof Warning && w instanceof Error && w.name === "Warning") throw w }`,
	} {
		r := e.Run(monitor.Input{Script: script, JobID: -1})
		if r.Level != monitor.Warning || r.Message() != "getting full" || r.Thrown.Line != 1 {
			t.Errorf("%s: %v %q %+v", script, r.Level, r.Message(), r.Thrown)
		}
	}
}

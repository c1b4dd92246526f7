package engine

import (
	"strings"
	"testing"

	"wingmirror/monitor"
)

// What authors rely on of JavaScript, beside the library: a slice of the
// language, each expression with what it prints.
func TestConformance_LanguageThatAuthorsRelyOn(t *testing.T) {
	e := newEngine(t)
	for expression, want := range map[string]string{
		// values and operators
		`0.1 + 0.2`: "0.30000000000000004", `7 % -3`: "1", `-7 % 3`: "-1", `2 ** 10`: "1024", `5 / 2 | 0`: "2", `"5" * "2"`: "10",
		`null ?? "d"`: "d", `0 ?? "d"`: "0", `undefined?.x`: "", `[1, 2]?.[1]`: "2", `NaN === NaN`: "false", `Object.is(NaN, NaN)`: "true",
		`typeof null`: "object", `[] + []`: "", `null >= 0`: "true", `10n ** 20n`: "100000000000000000000n", `1_000`: "1000",
		`(() => { let a = null; a ??= 5; a ||= 6; a &&= 7; return a })()`: "7",
		// numbers and Math
		`(1234.5678).toFixed(2)`: "1234.57", `(255).toString(16)`: "ff", `parseInt("12px")`: "12", `Number("")`: "0", `Number("x")`: "NaN",
		`Math.max()`: "-Infinity", `Math.hypot(3, 4)`: "5", `Math.sign(-3)`: "-1", `Math.trunc(-1.5)`: "-1", `Math.round(-0.5) === 0`: "true",
		`Number.isInteger(5.0)`: "true", `(1e21).toLocaleString !== undefined`: "true", `Math.log10(1000)`: "3", `(0.000001).toString()`: "0.000001",
		// strings and templates
		"`a${1 + 1}b`": "a2b", `"abc".at(-1)`: "c", `"a-b-c".split("-").join("+")`: "a+b+c", `"abc".padStart(5, "*")`: "**abc", `" x ".trim()`: "x",
		`"abc".includes("bc")`: "true", `"aXb".toLowerCase()`: "axb", `"é".length`: "1", `"𝒳".length`: "2", `[..."𝒳y"].length`: "2",
		`"b,a".localeCompare("a,b") > 0`: "true", `"abc".slice(-2)`: "bc", `"x".repeat(3)`: "xxx", `encodeURIComponent("ä b")`: "%C3%A4%20b",
		"String.raw`\\n`": `\n`, `"ab".codePointAt(1)`: "98", `"tEST".charAt(0).toUpperCase()`: "T",
		// arrays
		`[3, 1, 2].sort().join()`: "1,2,3", `[10, 9, 1].sort().join()`: "1,10,9", `[1, [2, [3]]].flat(Infinity).join()`: "1,2,3",
		`[1, 2, 3].reduceRight((a, b) => a - b)`: "0", `Array.from({ length: 3 }, (_, i) => i * i).join()`: "0,1,4", `[1, 2, 3].findLast(x => x < 3)`: "2",
		`[..."abc"].entries().next().value.join()`: "0,a", `[1, 2, 3].with(1, 9).join()`: "1,9,3", `[3, 1].toSorted().join()`: "1,3", `[1, 2, 3, 4].copyWithin(0, 2).join()`: "3,4,3,4",
		`[1, 2, 3].some(x => x > 2) && [1].every(x => x)`: "true", `Array.isArray([])`: "true", `[,1].length`: "2", `new Array(3).fill(0).join()`: "0,0,0",
		`Object.groupBy ? "has" : "none"`: "none", `[1, 2, 3].indexOf(4)`: "-1",
		// objects, classes, destructuring
		`(({ a, ...rest }) => JSON.stringify(rest))({ a: 1, b: 2, c: 3 })`: `{"b":2,"c":3}`, `(([x, , y = 5]) => x + y)([1, 2])`: "6",
		`Object.entries({ x: 1 }).join()`: "x,1", `Object.fromEntries([["a", 1]]).a`: "1", `JSON.stringify({ ...{ a: 1 }, b: [null, undefined, NaN] })`: `{"a":1,"b":[null,null,null]}`,
		`Object.keys({ b: 1, a: 2, 1: 3 }).join()`: "1,b,a", `(class { static #n = 4; static get n() { return this.#n } }).n`: "4",
		`(class A { x = 1; m() { return this.x } }, new (class { x = 2; m() { return this.x } })().m())`: "2", `({ get v() { return 3 } }).v`: "3",
		`(() => { try { return 1 } finally { } })()`: "1", `((...args) => args.length)(1, 2, 3)`: "3", `(function () { return typeof this })()`: "object",
		`structuredClone === undefined`: "error", `new Proxy({}, { get: (_, k) => k }).hello`: "hello",
		// iteration
		`(() => { const out = []; for (const [k, v] of new Map([[1, 2]])) out.push(k, v); return out.join() })()`: "1,2",
		`[...(function* () { yield 1; yield* [2, 3] })()].join()`:                                                 "1,2,3", `[...new Set([1, 1, 2])].length`: "2",
		`(() => { outer: for (let i = 0; i < 3; i++) for (;;) continue outer; return "out" })()`:   "out",
		`(() => { switch (3) { case 1: return "a"; default: return "d"; case 2: return "b" } })()`: "d",
		// dates, JSON, regular expressions
		`new Date(0).toISOString()`: "1970-01-01T00:00:00.000Z", `Date.now() / 1000 === @now`: "true", `new Date("2026-02-28").getUTCDate()`: "28",
		`Date.UTC(2026, 1, 29)`: "1772323200000", `new Date(@now * 1000).getUTCHours()`: "12", `isNaN(new Date("nope"))`: "true",
		`JSON.parse("[1,{\"a\":null}]")[1].a === null`: "true", `JSON.stringify({ a: 1 }, null, 1).length`: "11",
		`"2026-03".replace(/(\d+)-(\d+)/, "$2/$1")`: "03/2026", `"aBc".match(/[A-Z]/)[0]`: "B", `/^\p{Lu}/u.test("Ä") && !/\P{L}/u.test("aé")`: "true", `"αβ, γ".match(/\p{Script=Greek}+/gu).join()`: "αβ,γ", `"x1y2".match(/\d/g).join()`: "1,2",
		`/(?<=\$)\d+/.exec("cost $42")[0]`: "42", `"a.b".split(".").length`: "2",
		// functions
		`((a, b = a * 2) => b)(2)`: "4", `Math.max(...[1, 5, 3])`: "5", `[1, 2].map(String).join()`: "1,2", `(x => x)?.(3)`: "3",
		`(function f(n) { return n < 2 ? 1 : n * f(n - 1) })(10)`: "3628800", `globalThis === this`: "true", `eval("1 + 1")`: "2", `new Function("return 7")()`: "7",
	} {
		got := e.Run(input("puts(" + expression + ")"))
		answer := strings.TrimSuffix(got.Output, "\n")
		if got.Fault == monitor.FaultScript {
			answer = "error"
		}
		if answer != want {
			t.Errorf("%s is %q, want %q; %s", expression, answer, want, got.Message())
		}
	}
}

package engine

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"wingmirror/monitor"
)

// stepped is a target with one series.
func stepped(label string, start, step int64, values ...float64) monitor.Fetched {
	return monitor.Fetched{Target: label, Status: monitor.StatusOK, Series: []monitor.Series{{Label: label, Start: start, Step: step, Values: values}}}
}

const walked = `with_metrics((a, b) => puts([a, b].map(e => e.timestamp + "=" + e.value).join(" ")))`

func TestWithMetrics_Alignment(t *testing.T) {
	for _, c := range []struct {
		name string
		b    monitor.Fetched
		want string
	}{
		{"same grid", stepped("b", 0, 10, 5, 6, 7), "0=1 0=5\n10=2 10=6\n20=3 20=7\n"},
		{"shorter", stepped("b", 0, 10, 5), "0=1 0=5\n10=2 10=null\n20=3 20=null\n"},
		{"later start", stepped("b", 10, 10, 6, 7), "0=1 0=null\n10=2 10=6\n20=3 20=7\n"},
		{"shifted by less than a step", stepped("b", -3, 10, 5, 6, 7), "0=1 -3=5\n10=2 7=6\n20=3 17=7\n"},
		{"finer: the last of several", stepped("b", 0, 5, 1, 2, 3, 4, 5), "0=1 0=1\n10=2 10=3\n20=3 20=5\n"},
		{"coarser: no point twice", stepped("b", 0, 20, 8, 9), "0=1 0=8\n10=2 10=null\n20=3 20=9\n"},
		{"longer before", stepped("b", -20, 10, 3, 4, 5, 6, 7), "0=1 0=5\n10=2 10=6\n20=3 20=7\n"},
		{"empty", monitor.Fetched{Target: "b", Status: monitor.StatusMissing}, "0=1 0=null\n10=2 10=null\n20=3 20=null\n"},
	} {
		if got := output(t, walked, stepped("a", 0, 10, 1, 2, 3), c.b); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, got, c.want)
		}
	}
}

func TestWithMetrics_AnEmptyFirstSeriesDoesNotHideTheOthers(t *testing.T) {
	got := output(t, walked, monitor.Fetched{Target: "gone", Status: monitor.StatusMissing}, stepped("b", 0, 10, 5, 6))
	if want := "0=null 0=5\n10=null 10=6\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := output(t, walked+`; puts(fold_metrics("start", () => "never"))`); got != "start\n" {
		t.Errorf("without series got %q", got)
	}
}

func TestWithMetrics_PassesOnWhatTheFunctionThrows(t *testing.T) {
	got := output(t, `let seen = 0
try { with_metrics(() => { seen++; throw "stop" }) } catch (e) { puts(e, seen) }`, target("a", 1, 2))
	if got != "stop\n1\n" {
		t.Errorf("got %q", got)
	}
}

func TestSeries_LettersDoNotShiftAndGoOnAfterZ(t *testing.T) {
	var targets []monitor.Fetched
	for i := range 54 {
		targets = append(targets, target(fmt.Sprintf("s%d", i), float64(i)))
	}
	targets[1] = monitor.Fetched{Target: "gone", Status: monitor.StatusMissing}
	got := output(t, `puts(@a.label, @b.label, @b.status, @b.length, @b.first, @c.label, @z.label, @a1.label, @z1.label, @a2.label, @b2.label, @timeseries.length)
puts(typeof $a0, typeof $c2, typeof $a01, typeof $aa)`, targets...)
	want := "s0\ngone\nmissing\n0\n\ns2\ns25\ns26\ns51\ns52\ns53\n54\nundefined\nundefined\nundefined\nundefined\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for i := range 200 {
		if letterIndex(letterName(i)) != i {
			t.Errorf("%d is %s, which is %d", i, letterName(i), letterIndex(letterName(i)))
		}
	}
}

func TestSeries_ATargetMayBringSeveral(t *testing.T) {
	wild := monitor.Fetched{Target: "web.*", Status: monitor.StatusPartial, Series: []monitor.Series{
		{Label: "web.1", Start: 0, Step: 60, Values: []float64{1}}, {Label: "web.2", Start: 0, Step: 60, Values: []float64{2}},
	}}
	got := output(t, `puts(@a.label, @b.label, @c.label, @b.status)
for (const t of @targets) puts(t.text + " " + t.status + " " + t.series.map(s => s.label))
puts(@targets[0].series[1] === @b, @timeseries[1] === @b)`, wild, target("other", 3))
	if want := "web.1\nweb.2\nother\npartial\nweb.* partial web.1,web.2\nother ok other\ntrue\ntrue\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSeries_PrintAsRearviewDid(t *testing.T) {
	m := "{ label: L, timestamp: 10, value: 82.0 }, { label: L, timestamp: 20, value: nil }"
	for script, want := range map[string]string{
		`print(@a.entries[0])`:                         "{ label: L, timestamp: 10, value: 82.0 }",
		`print("" + @a.entries[1])`:                    "{ label: L, timestamp: 20, value: nil }",
		`print(@a.entries)`:                            "[ " + m + " ]",
		`print(String(@a))`:                            "{ label: L, entries: [ " + m + " ] }",
		"print(`${@timeseries}`)":                      "[ { label: L, entries: [ " + m + " ] } ]",
		`puts(@timeseries)`:                            "{ label: L, entries: [ " + m + " ] }\n",
		`console.log(@a.entries[0])`:                   "{ label: L, timestamp: 10, value: 82.0 }\n",
		`p([@a.entries[0]])`:                           "[{ label: L, timestamp: 10, value: 82.0 }]\n",
		`@a.label = "new"; print(@a.entries[0])`:       "{ label: new, timestamp: 10, value: 82.0 }",
		`@a.entries[1].label = "new"; print(@a.label)`: "new",
		`print(JSON.stringify(@a.entries))`:            `[{"label":"L","timestamp":10,"value":82},{"label":"L","timestamp":20,"value":null}]`,
		`print(@a.values.toString(), Array.isArray(@a.values), Array.isArray(@a.entries))`: "82,truetrue",
	} {
		if got := output(t, script, stepped("L", 10, 10, 82, nan)); got != want {
			t.Errorf("%s\ngot  %q\nwant %q", script, got, want)
		}
	}
}

func TestRubyFloat_WritesFloatsAsRubyDoes(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.0", 82: "82.0", -1.5: "-1.5", 0.1: "0.1", 1e15: "1000000000000000.0", 1e16: "1.0e+16", 1.25e20: "1.25e+20",
		1e-4: "0.0001", 1e-5: "1.0e-05", 123456789.125: "123456789.125", math.Inf(1): "Infinity", math.Inf(-1): "-Infinity",
	} {
		if got := rubyFloat(v); got != want {
			t.Errorf("%g is %s, want %s", v, got, want)
		}
	}
}

func TestSeries_ArrayMethodsWorkOnTheirLists(t *testing.T) {
	got := output(t, `const v = @a.values
puts(v.map(x => x * 2), v.filter(x => x > 1), v.slice(1), v.reduce((x, y) => x + y), v.indexOf(3), [...v].length, v.at(-1), v.concat([4]).length, Math.max(...v))
const own = @a.values; own.reverse(); own.push(0); puts(own, own.pop(), own.length, own.sum())
puts(@a.entries.map(e => e.value), @a.entries.filter(e => e.value > 2).length, mean(@a.entries), mean(@a.entries.slice(1)), @a.timestamps.length)
puts([5, 1, 3].median(), [1, 2].mean(), [1, 2, 3].sum(), [3, 1].sort().max(), [[1, 2], [3]].map(x => x.sum()))`, target("a", 1, 2, 3))
	want := "2\n4\n6\n2\n3\n2\n3\n6\n2\n3\n3\n4\n3\n" + "3\n2\n1\n0\n3\n6\n" + "1\n2\n3\n1\n2\n2.5\n3\n" + "3\n1.5\n6\n3\n3\n3\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestScope_NamesMayBeTheAuthorsOwn(t *testing.T) {
	got := output(t, `const sum = 1, mean = (x) => x * 2; var count = 3; function percentile() { return "mine" }
let max = 0; puts(sum, mean(4), count, percentile(), max, [1, 2].sum())
for (const k in [7]) puts("key " + k)
for (const k in globalThis) if (k !== "count" && k !== "percentile") puts("global " + k)
min = 5; puts(min, typeof globalThis.median, "graph_value" in globalThis, Object.keys([1]).length)`)
	want := "1\n8\n3\nmine\n0\n3\nkey 0\n5\nfunction\ntrue\n1\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOutput_Table(t *testing.T) {
	for script, want := range map[string]string{
		`puts()`: "\n", `puts([])`: "", `puts([[]])`: "", `puts(undefined, false, 0)`: "\nfalse\n0\n",
		`puts("a\n", "b")`: "a\nb\n", `print()`: "", `p()`: "", `puts(p(1, 2).length)`: "1\n2\n2\n",
		`const a = [1]; a.push(a); puts(a)`:                                              "1\n[...]\n",
		`p("é\n", 'q"', -0, NaN, 1e21, [[]], {})`:                                        "\"é\\n\"\n\"q\\\"\"\n0\nNaN\n1e+21\n[[]]\n{}\n",
		`p({ "a-b": 1, c: () => 1, d: function named() {}, e: class K {} })`:             "{\"a-b\": 1, c: [function c], d: [function named], e: [function K]}\n",
		`p(Array.from({ length: 102 }, () => 0).length, new Array(5))`:                   "102\n[undefined, undefined, undefined, undefined, undefined]\n",
		`p(new Map([["a", [1]], [2, null]]), new Set(["x", 2]))`:                         "Map {\"a\": [1], 2: null}\nSet {\"x\", 2}\n",
		`let deep = 1; for (let i = 0; i < 1e5; i++) deep = [deep]; puts(deep); p(deep)`: "[...]\n[[[[…]]]]\n",
		`puts(mean(new Float64Array([1, 2])))`:                                           "1.5\n",
		`console.log()`:                                                                  "\n", `console.error("a", { b: 1 }, null)`: "a {b: 1} null\n",
		`console.table([[1, 2], ["x"]])`:                                                 "(index)  0    1\n0        1    2\n1        \"x\"\n",
		`console.table([5]); console.table(3)`:                                           "(index)  value\n0        5\n3\n",
		`puts(new Error("e"), new Date(0).toISOString(), /x/g)`:                          "Error: e\n1970-01-01T00:00:00.000Z\n/x/g\n",
		`puts(format("%5.1f|%-4d|%+d|%x|%s|%%|%05.1f", 2.25, 7, 3, 255, [1, "a"], 1.5))`: "  2.2|7   |+3|ff|[1, \"a\"]|%|001.5\n",
	} {
		if got := output(t, script); got != want {
			t.Errorf("%s\ngot  %q\nwant %q", script, got, want)
		}
	}
}

func TestGraph_OrderGapsAndDefault(t *testing.T) {
	got := newEngine(t).Run(input(`graph_value("b", 2, 1); graph_value("a", 1, 5); graph_value("b", 1, NaN); graph_value("b", 3, Infinity); graph_value(7, new Date(4000), 1)`, target("x", 1)))
	var shape []string
	for _, line := range got.Graph {
		for _, p := range line.Points {
			shape = append(shape, fmt.Sprintf("%s %g %g", line.Label, p.Time, p.Value))
		}
	}
	if want := []string{"b 2 1", "b 1 NaN", "b 3 NaN", "a 1 5", "7 4 1"}; !slices.Equal(shape, want) {
		t.Errorf("got %q, want %q", shape, want)
	}
	twins := newEngine(t).Run(input(``, target("same", 1, nan), target("same", 2)))
	if len(twins.Graph) != 2 || twins.Graph[1].Label != "same (2)" || !math.IsNaN(twins.Graph[0].Points[1].Value) {
		t.Errorf("the default graph is %+v", twins.Graph)
	}
}

func TestPrevious_IsWhatWasFoundBefore(t *testing.T) {
	in := input(`puts(@previous.level, @previous.since, @previous.runs, @previous.message, @now - @previous.since)`)
	in.Previous = monitor.Previous{Level: monitor.Critical, Since: at.Add(-90e9), Runs: 3, Message: "too low"}
	if got := newEngine(t).Run(in); got.Output != "critical\n1772366310\n3\ntoo low\n90\n" {
		t.Errorf("got %q", got.Output)
	}
}

func TestLibrary_RunsBeforeTheScript(t *testing.T) {
	e, err := New(Options{Library: []File{
		{Name: "a.js", Source: "function twice(x) { return 2 * x }\nconst first = @name"},
		{Name: "b.js", Source: "function check(v) {\n  if (twice(v) > 4) throw 'high in ' + first\n}"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := e.Run(input("check(1)\n\ncheck(3)"))
	if got.Message() != "high in Checkout" || got.Thrown.Line != 3 || got.Thrown.Column != 6 || got.Thrown.Stack != "line 3, column 6" {
		t.Errorf("got %q at %+v", got.Message(), got.Thrown)
	}
	if err := e.SetLibrary([]File{{Name: "broken.js", Source: "const x = 1\nthrow new Error('in the library')"}}); err != nil {
		t.Fatal(err)
	}
	if got := e.Run(input("1")); got.Thrown.Line != 0 || got.Thrown.Stack != "broken.js: line 2, column 7" {
		t.Errorf("got %+v", got.Thrown)
	}
	if err := e.SetLibrary([]File{{Name: "a.js", Source: "function check(v) { }"}}); err != nil {
		t.Fatal(err)
	}
	before := e.LibraryHash()
	err = e.SetLibrary([]File{{Name: "good.js", Source: "1"}, {Name: "bad.js", Source: "let x = 1\nlet = ;"}, {Name: "worse.js", Source: "("}})
	errs := monitor.AllFieldErrors(err)
	if len(errs) != 2 || errs[0].Field != "bad.js" || errs[0].Line != 2 || errs[0].Column != 7 || errs[1].Field != "worse.js" {
		t.Errorf("the errors are %+v", errs)
	}
	if e.LibraryHash() != before || e.Run(input("check(1)")).Fault != "" {
		t.Error("the old files are no longer in force")
	}
	if err := e.SetLibrary(nil); err != nil || e.LibraryHash() != "" || e.Run(input("check(1)")).Fault != monitor.FaultScript {
		t.Error("the empty library is not in force")
	}
}

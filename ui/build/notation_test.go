package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"

	"wingmirror/monitor"
)

// notation runs notation.ts in the engine of scripts.
func notation(t *testing.T) *goja.Runtime {
	t.Helper()
	t.Chdir("../..")
	result := api.Build(api.BuildOptions{EntryPoints: []string{"ui/src/notation.ts"}, Bundle: true, Format: api.FormatIIFE, GlobalName: "n", Target: api.ES2017})
	if len(result.Errors) > 0 {
		t.Fatal(result.Errors)
	}
	vm := goja.New()
	// The engine writes some numbers with a colon for a digit; browsers do not.
	if err := vm.Set("exponential", func(v float64, digits int) string { return strconv.FormatFloat(v, 'e', digits, 64) }); err != nil {
		t.Fatal(err)
	}
	patched := "Number.prototype.toExponential = function (digits) { return exponential(Number(this), digits) };"
	if _, err := vm.RunString(patched + string(result.OutputFiles[0].Contents)); err != nil {
		t.Fatal(err)
	}
	return vm
}

// What the page writes for a drawing, the server reads as the same values.
func TestNotation_TheServerReadsWhatThePageWrites(t *testing.T) {
	vm := notation(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var values []any
		for len(values) < 1+random.IntN(40) {
			first, step := float64(random.IntN(40))/4-3, float64(random.IntN(5)-2)/10
			for i := range 1 + random.IntN(6) {
				switch {
				case step == 0 && first < 0:
					values = append(values, nil)
				default:
					values = append(values, first+float64(i)*step)
				}
			}
		}
		text, _ := json.Marshal(values)
		drawing, err := vm.RunString("n.formatDrawing(" + string(text) + ")")
		if err != nil {
			t.Fatal(err)
		}
		tests, err := monitor.ParseTests("- name: a\n  series:\n    s: " + drawing.String() + "\n  expect: {level: ok}\n")
		if err != nil {
			t.Fatalf("%s: %v", drawing, err)
		}
		got := tests[0].Series[0].Series.Values
		if len(got) != len(values) {
			t.Fatalf("%s: %d values are read as %d", drawing, len(values), len(got))
		}
		for i, want := range values {
			number, ok := want.(float64)
			if ok == math.IsNaN(got[i]) || ok && math.Abs(number-got[i]) > 1e-9 {
				t.Fatalf("%s: value %d is %v, want %v", drawing, i, got[i], want)
			}
		}
		back, err := vm.RunString(fmt.Sprintf("JSON.stringify(n.parseDrawing(%q).map((v) => v === null ? null : n.tidy(v)))", drawing.String()))
		if err != nil {
			t.Fatal(err)
		}
		again, err := vm.RunString("n.formatDrawing(" + back.String() + ")")
		if err != nil || again.String() != drawing.String() {
			t.Errorf("%s is read by the page and written as %s, %v", drawing, again, err)
		}
	}
}

func TestNotation_FindsDrawingsWhereverTheyStand(t *testing.T) {
	vm := notation(t)
	text := `# mine
- name: "one: first"
  step: 10
  series:
    a.b: 1 2 _
    "sum(a, b)": 0x5
    c: {target: c.*, start: 60, step: 30, values: "3-1x3"}
    d: [1, 2]
    e: {values: nothing}
  expect: {level: ok, graph: {a: 5x3}}
- name: two
  series: {a: 1}
  expect:
    message: 5x5
- series:
    x: '7x2'
  name: three
  expect: {level: ok}
`
	got, err := vm.RunString(fmt.Sprintf("n.findDrawings(%q).map((p) => [p.test, p.name, p.step, JSON.stringify(p.values), p.quoted, %q.slice(p.from, p.until)].join(' | ')).join('\\n')", text, text))
	if err != nil {
		t.Fatal(err)
	}
	want := `one: first | a.b | 10 | [1,2,null] | false | 1 2 _
one: first | sum(a, b) | 10 | [0,0,0,0,0] | false | 0x5
one: first | c | 30 | [3,2,1] | true | "3-1x3"
three | x | 60 | [7,7] | true | '7x2'`
	if got.String() != want {
		t.Errorf("found\n%s\nwant\n%s", got, want)
	}
}

package main

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"
)

// merging runs merge.ts, which knows nothing of a page, in the engine of scripts.
func merging(t *testing.T) *goja.Runtime {
	t.Helper()
	t.Chdir("../..")
	result := api.Build(api.BuildOptions{EntryPoints: []string{"ui/src/merge.ts"}, Bundle: true, Format: api.FormatIIFE, GlobalName: "m", Target: api.ES2017})
	if len(result.Errors) > 0 {
		t.Fatal(result.Errors)
	}
	vm := goja.New()
	if _, err := vm.RunString(string(result.OutputFiles[0].Contents) + `
function run(base, mine, theirs, choices) {
  const r = m.merge(JSON.parse(base), JSON.parse(mine), JSON.parse(theirs));
  return JSON.stringify({conflicts: r.conflicts, taken: r.taken, merged: r.resolve(JSON.parse(choices))});
}`); err != nil {
		t.Fatal(err)
	}
	return vm
}

type merge struct {
	Conflicts []struct {
		Field, Place, Mine, Theirs string
		Both                       bool
	}
	Taken  []string
	Merged map[string]any
}

func mergeOf(t *testing.T, vm *goja.Runtime, base, mine, theirs map[string]any, choices ...string) merge {
	t.Helper()
	args := []goja.Value{}
	for _, v := range []any{base, mine, theirs, append([]string{}, choices...)} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, vm.ToValue(string(text)))
	}
	run, _ := goja.AssertFunction(vm.Get("run"))
	out, err := run(goja.Undefined(), args...)
	if err != nil {
		t.Fatal(err)
	}
	var got merge
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// text is a monitor that has only what the tests change.
func text(script string, more ...any) map[string]any {
	m := map[string]any{"id": 7.0, "version": 1.0, "script": script, "targets": []any{"a", "b"}, "labels": map[string]any{"team": "x"}, "minutes": 60.0}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}

func TestMerge_TakesWhatOnlyOneSideChanged(t *testing.T) {
	vm := merging(t)
	got := mergeOf(t, vm,
		text("one\ntwo\nthree\nfour\nfive"),
		text("ONE\ntwo\nthree\nfour\nfive", "minutes", 30.0, "targets", []any{"a", "b", "c"}, "labels", map[string]any{"team": "x", "tier": "1"}),
		text("one\ntwo\nthree\nfour\nFIVE\nsix", "version", 2.0, "targets", []any{"0", "a", "b"}, "labels", map[string]any{}, "group", "shop", "params", map[string]any{"limit": 3.0}))
	want := text("ONE\ntwo\nthree\nfour\nFIVE\nsix", "version", 2.0, "minutes", 30.0, "targets", []any{"0", "a", "b", "c"},
		"labels", map[string]any{"tier": "1"}, "group", "shop", "params", map[string]any{"limit": 3.0})
	if len(got.Conflicts) != 0 || !reflect.DeepEqual(got.Merged, want) {
		t.Errorf("merged %v with conflicts %v, want %v", got.Merged, got.Conflicts, want)
	}
	if !reflect.DeepEqual(got.Taken, []string{"targets", "labels", "script", "group", "params"}) && len(got.Taken) != 5 {
		t.Errorf("taken from theirs: %v", got.Taken)
	}
}

func TestMerge_AsksAboutWhatBothChanged(t *testing.T) {
	vm := merging(t)
	base := text("one\ntwo\nthree")
	mine := text("one\nMINE\nthree", "minutes", 30.0, "labels", map[string]any{"team": "m"})
	theirs := text("zero\none\nTHEIRS\nthree", "minutes", 90.0, "labels", map[string]any{"team": "t"})
	for _, row := range []struct {
		choice, script, team string
		minutes              float64
	}{
		{"mine", "zero\none\nMINE\nthree", "m", 30},
		{"theirs", "zero\none\nTHEIRS\nthree", "t", 90},
		{"both", "zero\none\nMINE\nTHEIRS\nthree", "m", 30},
	} {
		got := mergeOf(t, vm, base, mine, theirs, row.choice, row.choice, row.choice)
		if len(got.Conflicts) != 3 {
			t.Fatalf("conflicts: %+v", got.Conflicts)
		}
		if got.Merged["script"] != row.script || got.Merged["minutes"] != row.minutes || got.Merged["labels"].(map[string]any)["team"] != row.team {
			t.Errorf("with %s: %v", row.choice, got.Merged)
		}
	}
	for _, c := range mergeOf(t, vm, base, mine, theirs).Conflicts {
		if c.Field == "script" && (c.Place != "script, line 2" || c.Mine != "MINE" || c.Theirs != "THEIRS" || !c.Both) {
			t.Errorf("the conflict of the script: %+v", c)
		}
	}
}

// Whatever the edits: a side that changed nothing gives way, equal edits are no
// conflict, and every line of either side is in the merge or in a conflict.
func TestMerge_LosesNothing(t *testing.T) {
	vm := merging(t)
	random := rand.New(rand.NewPCG(1, 2))
	edit := func(lines []string) []string {
		var out []string
		for _, line := range lines {
			switch random.IntN(6) {
			case 0:
			case 1:
				out = append(out, line, "new "+string(rune('a'+random.IntN(26))))
			case 2:
				out = append(out, "changed "+line)
			default:
				out = append(out, line)
			}
		}
		return out
	}
	for range 300 {
		var base []string
		for range random.IntN(12) {
			base = append(base, string(rune('a'+random.IntN(5))))
		}
		left, right := edit(base), edit(base)
		b, m, th := text(strings.Join(base, "\n")), text(strings.Join(left, "\n")), text(strings.Join(right, "\n"))
		for _, row := range []struct{ base, mine, theirs, want map[string]any }{{b, m, b, m}, {b, b, th, th}, {b, m, m, m}} {
			if got := mergeOf(t, vm, row.base, row.mine, row.theirs); len(got.Conflicts) != 0 || got.Merged["script"] != row.want["script"] {
				t.Fatalf("merge of %q, %q, %q: %+v", row.base["script"], row.mine["script"], row.theirs["script"], got)
			}
		}
		got := mergeOf(t, vm, b, m, th)
		everything := got.Merged["script"].(string)
		for _, c := range got.Conflicts {
			everything += "\n" + c.Mine + "\n" + c.Theirs
		}
		for _, line := range append(left, right...) {
			kept := strings.Contains("\n"+everything+"\n", "\n"+line+"\n")
			if !kept && (strings.HasPrefix(line, "new") || strings.HasPrefix(line, "changed")) {
				t.Fatalf("merge of %q, %q, %q lost %q: %+v", base, left, right, line, got)
			}
		}
	}
}

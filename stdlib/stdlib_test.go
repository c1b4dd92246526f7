package stdlib

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated documents anew")

func TestMarkdown_DocumentIsFresh(t *testing.T) {
	const document = "../docs/stdlib.md"
	if *update {
		if err := os.WriteFile(document, []byte(Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Markdown() {
		t.Errorf("%s is not what the descriptions say; run go generate ./stdlib", document)
	}
}

func TestEntries_SayWhatAReaderNeeds(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Entries() {
		for _, name := range e.Names() {
			if seen[name] {
				t.Errorf("%s is described twice", name)
			}
			seen[name] = true
		}
		if !slices.Contains(Groups(), e.Group) {
			t.Errorf("%s stands in no group: %q", e.Name, e.Group)
		}
		for what, text := range map[string]string{"summary": e.Summary, "details": e.Details, "nulls": e.Nulls, "definition": e.Definition} {
			if text != "" && !strings.HasSuffix(text, ".") {
				t.Errorf("%s: its %s is no sentence: %q", e.Name, what, text)
			}
		}
		if e.Summary == "" || e.Signature == "" || e.Example.Script == "" {
			t.Errorf("%s has no summary, signature or example", e.Name)
		}
		if e.Method && e.Nulls == "" {
			t.Errorf("%s does not say what it does with nulls", e.Name)
		}
		if e.Example.Output == "" && e.Example.Throws == "" {
			t.Errorf("%s: its example shows nothing", e.Name)
		}
	}
}

func TestEntries_ReferencesExist(t *testing.T) {
	for _, e := range Entries() {
		for _, name := range e.See {
			if _, ok := Find(name); !ok {
				t.Errorf("%s refers to %s, which does not exist", e.Name, name)
			}
		}
	}
}

func TestFind_TakesTwinsAndNamesWithoutAt(t *testing.T) {
	for name, want := range map[string]string{"graphValue": "graph_value", "timeseries": "@timeseries", "@a": "@a", "series.last": "series.last"} {
		if got, ok := Find(name); !ok || got.Name != want {
			t.Errorf("Find(%q) is %q, want %q", name, got.Name, want)
		}
	}
	if _, ok := Find("nope"); ok {
		t.Error("Find found a name that is not there")
	}
}

func TestJSON_HoldsAllEntries(t *testing.T) {
	var got []Entry
	if err := json.Unmarshal(JSON(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(Entries()) || got[0].Name != "@a" {
		t.Errorf("JSON holds %d entries, want %d", len(got), len(Entries()))
	}
}

func TestText_FitsATerminal(t *testing.T) {
	e, _ := Find("median")
	want := `median(data: Data, otherwise?: T): number | T

The value in the middle, or the mean of the two there.

Nulls are skipped.`
	if got := e.Text(); !strings.HasPrefix(got, strings.Replace(want, "Nulls are", "Nulls: Nulls are", 1)) || !strings.Contains(got, "Example:\n\n    puts(") {
		t.Errorf("got\n%s", got)
	}
	for _, e := range Entries() {
		text, _, _ := strings.Cut(strings.TrimPrefix(e.Text(), e.Signature), "Example:")
		for line := range strings.Lines(text) {
			if len([]rune(line)) > 80 {
				t.Errorf("%s has a line of %d columns: %s", e.Name, len(line), line)
			}
		}
	}
	if index := Index(); !strings.Contains(index, "\nStatistics\n  sum  ") || strings.Count(index, "\n") < len(Entries()) {
		t.Errorf("the index is\n%s", index)
	}
}

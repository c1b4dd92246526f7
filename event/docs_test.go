package event_test

import (
	"os"
	"strings"
	"testing"

	"wingmirror/event"
)

// documented returns the fenced examples of a language in docs/rules.md.
func documented(t *testing.T, language string) []string {
	t.Helper()
	data, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, block := range strings.Split(string(data), "```"+language+"\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		all = append(all, text)
	}
	return all
}

func TestDocs_TheRulesAndTheirTestsWork(t *testing.T) {
	file, err := event.Load(strings.Join(documented(t, "yaml"), ""), event.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	results := event.RunTests(t.Context(), file)
	for _, r := range results {
		if len(r.Wrong) > 0 {
			t.Errorf("%s: %v", r.Test.Name, r.Wrong)
		}
	}
	if len(file.Rules) == 0 || len(results) == 0 {
		t.Error("the page has no rule with a test")
	}
}

// TestDocs_EveryKindIsWrittenAsItLoads takes the first column of the table of
// kinds, and the keys of the table after it.
func TestDocs_EveryKindIsWrittenAsItLoads(t *testing.T) {
	data, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "### Kinds of rules")
	section, _, _ = strings.Cut(section, "### Tests")
	seen := 0
	for _, line := range strings.Split(section, "\n") {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !strings.HasPrefix(cell, "`") {
			continue
		}
		for _, entry := range strings.Split(cell, "`, `") {
			entry = strings.Trim(entry, "`")
			if !strings.Contains(entry, ": ") { // a key that is only named
				continue
			}
			seen++
			rule := "{name: r, severity: HIGH, condition: value > 1, "
			entry = strings.NewReplacer("[A, B]", "[value > 1, value > 2]", "after: A", "after: value > 1", "expect: B", "expect: value > 2").Replace(entry)
			switch {
			case strings.HasPrefix(entry, "no_data:"):
				entry += ", no_data_after: 1m"
			case strings.HasPrefix(entry, "no_data_after:"):
				entry += ", no_data: ok"
			}
			if _, err := event.Load("severities: {HIGH: {}}\nrules: ["+rule+entry+"}]", event.LoadOptions{}); err != nil {
				t.Errorf("%s: %v", entry, err)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d examples found", seen)
	}
}

func TestDocs_TheEventsCanBeUsed(t *testing.T) {
	data, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(data), "--json '")
	text, _, _ = strings.Cut(text, "' http")
	batch, err := event.Decode([]byte(strings.Replace(text, "'$(date +%s)'", "1700000000", 1)))
	if !found || err != nil || len(batch.Events) != 1 {
		t.Errorf("%q: %+v, %v", text, batch.Bad, err)
	}
}

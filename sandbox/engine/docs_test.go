package engine

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wingmirror/monitor"
)

// block is a script of a document and what the text after it promises.
type block struct {
	script  string
	output  string // of the text block that follows
	message string // of the line "It ends with: `…`" that follows
}

var (
	fence   = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	ending  = regexp.MustCompile("^\\s*It ends with: `(.*)`")
	codeRow = regexp.MustCompile("^\\| `.*` \\| `(.*)` \\|$")
)

// blocks returns the JavaScript of a document. What it prints must be shown in
// the next block if that is text; without one, anything may be printed.
func blocks(document string) []block {
	var all []block
	found := fence.FindAllStringSubmatchIndex(document, -1)
	for i, at := range found {
		if document[at[2]:at[3]] != "js" {
			continue
		}
		b := block{script: document[at[4]:at[5]]}
		rest := document[at[1]:]
		if i+1 < len(found) && document[found[i+1][2]:found[i+1][3]] == "text" {
			b.output = document[found[i+1][4]:found[i+1][5]]
			rest = document[found[i+1][1]:]
		}
		if m := ending.FindStringSubmatch(rest); m != nil {
			b.message = m[1]
		}
		all = append(all, b)
	}
	for line := range strings.Lines(document) {
		if m := codeRow.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			all = append(all, block{script: strings.ReplaceAll(m[1], `\|`, "|")})
		}
	}
	return all
}

func TestDocs_EveryScriptRunsAndDoesWhatItSays(t *testing.T) {
	e := newEngine(t)
	for name, least := range map[string]int{"script.md": 12, "from-rearview.md": 25, "stdlib.md": 50} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		all := blocks(string(text))
		if len(all) < least {
			t.Errorf("%s has only %d scripts", name, len(all))
		}
		for _, b := range all {
			got := e.Run(exampleInput(b.script))
			if got.Fault != monitor.NoFault && got.Message() != b.message {
				t.Errorf("%s:\n%s\nhas fault %q: %s", name, b.script, got.Fault, describe(got))
			}
			if got.Message() != b.message {
				t.Errorf("%s:\n%s\nends with %q, and says %q", name, b.script, got.Message(), b.message)
			}
			if b.output != "" && got.Output != b.output {
				t.Errorf("%s:\n%s\nprints %q, and shows %q", name, b.script, got.Output, b.output)
			}
		}
	}
}

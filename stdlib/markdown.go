package stdlib

import (
	"fmt"
	"strconv"
	"strings"
)

//go:generate go test . -run TestMarkdown_DocumentIsFresh -update

// Markdown returns the reference as a page of Markdown.
func Markdown() string {
	var out strings.Builder
	out.WriteString(`# The script library

Every name that a monitor's script has in scope. The text comes from package stdlib, and every example here is a test.
` + "`Data`" + ` stands for a series such as ` + "`@a`" + `, an array of numbers and nulls, or an array of entries.

The examples run on three series with a point a minute until 2026-03-01 12:00:00 UTC:

| | label | values |
|---|---|---|
`)
	for i, s := range ExampleSeries() {
		fmt.Fprintf(&out, "| `@%c` | %s | %s |\n", 'a'+i, s.Label, listOf(s.Values))
	}
	for _, group := range Groups() {
		out.WriteString("\n## " + group + "\n")
		for _, e := range Entries() {
			if e.Group == group {
				e.markdown(&out)
			}
		}
	}
	return out.String()
}

func listOf(values []float64) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = "null"
		if v == v {
			texts[i] = strconv.FormatFloat(v, 'g', -1, 64)
		}
	}
	return strings.Join(texts, ", ")
}

func (e Entry) markdown(out *strings.Builder) {
	fmt.Fprintf(out, "\n### %s\n\n```ts\n%s\n```\n\n%s\n", e.Name, e.Signature, e.Summary)
	for _, more := range []struct{ title, text string }{
		{"", e.Details}, {"Nulls: ", e.Nulls}, {"Units: ", e.Units}, {"Definition: ", e.Definition},
		{"", e.alsoWritten()}, {"See also: ", strings.Join(e.See, ", ")},
	} {
		if more.text != "" {
			fmt.Fprintf(out, "\n%s%s\n", more.title, more.text)
		}
	}
	fmt.Fprintf(out, "\n```js\n%s\n```\n", e.Example.Script)
	if e.Example.Output != "" {
		fmt.Fprintf(out, "\n```text\n%s\n```\n", strings.TrimSuffix(e.Example.Output, "\n"))
	}
	if e.Example.Throws != "" {
		fmt.Fprintf(out, "\nIt ends with: `%s`\n", e.Example.Throws)
	}
}

// alsoWritten names the other ways to use the name.
func (e Entry) alsoWritten() string {
	var ways []string
	if e.Method {
		ways = append(ways, "`@a."+e.Name+"(…)`", "`[1, 2]."+e.Name+"(…)`")
	}
	if e.Twin != "" {
		ways = append(ways, "`"+e.Twin+"`")
	}
	if len(ways) == 0 {
		return ""
	}
	return "Also written " + strings.Join(ways, ", ") + "."
}

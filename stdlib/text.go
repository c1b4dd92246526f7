package stdlib

import (
	"fmt"
	"strings"
)

// Text returns the description for a terminal.
func (e Entry) Text() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\n%s\n", e.Signature, wrap(e.Summary))
	for _, more := range []struct{ title, text string }{
		{"", e.Details}, {"Nulls: ", e.Nulls}, {"Units: ", e.Units}, {"Definition: ", e.Definition},
		{"", strings.ReplaceAll(e.alsoWritten(), "`", "")}, {"See also: ", strings.Join(e.See, ", ")},
	} {
		if more.text != "" {
			out.WriteString("\n" + wrap(more.title+more.text) + "\n")
		}
	}
	out.WriteString("\nExample:\n\n" + indent(e.Example.Script))
	if e.Example.Output != "" {
		out.WriteString("\nprints\n\n" + indent(e.Example.Output))
	}
	if e.Example.Throws != "" {
		out.WriteString("\nends with\n\n" + indent(e.Example.Throws))
	}
	return out.String()
}

// Index lists all names with their summaries, for a terminal.
func Index() string {
	var out strings.Builder
	for _, group := range Groups() {
		out.WriteString(group + "\n")
		for _, e := range Entries() {
			if e.Group == group {
				fmt.Fprintf(&out, "  %-24s %s\n", e.Name, e.Summary)
			}
		}
		out.WriteString("\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func indent(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString("    " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return out.String()
}

// wrap breaks text into lines for a terminal of 80 columns.
func wrap(text string) string {
	var out strings.Builder
	width := 0
	for i, word := range strings.Fields(text) {
		length := len([]rune(word))
		switch {
		case i == 0:
		case width+1+length > 78:
			out.WriteString("\n")
			width = 0
		default:
			out.WriteString(" ")
			width++
		}
		out.WriteString(word)
		width += length
	}
	return out.String()
}

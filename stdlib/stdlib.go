// Package stdlib is the language of monitor scripts, described once: every name
// that a script has in scope, with its types, what it does with nulls, and an
// example that is also its test. The description feeds the editor's completion
// and hover help, the command line, the reference page and docs/stdlib.md.
//
// The package does not run scripts. Where a name is itself best written as a
// script its source is here too; the rest is Go, in the engine. A test of the
// engine holds the two together: everything in scope is described, and
// everything described is in scope.
package stdlib

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
)

// ErrorsScript is the source of Warning and raise. Its value is an object that
// has both.
//
//go:embed errors.js
var ErrorsScript string

// Kind says what a name is.
type Kind string

// The kinds of name.
const (
	Variable Kind = "variable" // a value, written @name
	Function Kind = "function"
	Class    Kind = "class"
	Field    Kind = "field" // of a series, an entry or a histogram
)

// Entry describes one name.
type Entry struct {
	Name       string   `json:"name"`            // as it is written: mean, @timeseries, series.last
	Twin       string   `json:"twin,omitempty"`  // the same in camelCase, where that differs
	Kind       Kind     `json:"kind"`            //
	Group      string   `json:"group"`           // the heading it stands under, see Groups
	Method     bool     `json:"method"`          // also a method of arrays and series, without its first argument
	Signature  string   `json:"signature"`       // in the notation of TypeScript
	Summary    string   `json:"summary"`         // one sentence
	Details    string   `json:"details"`         // more sentences, or ""
	Nulls      string   `json:"nulls,omitempty"` // what it does with null, and with nothing
	Units      string   `json:"units,omitempty"` // of what it takes and returns
	Definition string   `json:"definition"`      // which definition it follows, with its source, or ""
	Example    Example  `json:"example"`         //
	See        []string `json:"see,omitempty"`   // names of other entries
}

// Example is a script that runs on the data of ExampleInput, and what it does.
type Example struct {
	Script string `json:"script"`
	Output string `json:"output"`           // all that it prints
	Throws string `json:"throws,omitempty"` // the message that it ends with, or ""
}

// Names returns the entry's name and its twin, if it has one.
func (e Entry) Names() []string {
	if e.Twin == "" {
		return []string{e.Name}
	}
	return []string{e.Name, e.Twin}
}

// Groups lists the headings in their order.
func Groups() []string {
	return []string{"Data", "Walking", "Graph", "Output", "Failing", "Statistics", "Transformations", "Counting", "Histograms", "Models", "From Rearview"}
}

// Entries returns all descriptions, by group and then in the order in which
// they are best read.
func Entries() []Entry {
	all := slices.Concat(
		dataEntries(), walkingEntries(), outputEntries(), failingEntries(),
		statisticsEntries(), transformationEntries(), histogramEntries(), modelEntries(), rearviewEntries(),
	)
	groups := Groups()
	slices.SortStableFunc(all, func(a, b Entry) int {
		return slices.Index(groups, a.Group) - slices.Index(groups, b.Group)
	})
	for i, e := range all {
		if twin := camelCase(e.Name); twin != e.Name {
			all[i].Twin = twin
		}
		all[i].Example.Script = strings.Trim(e.Example.Script, "\n")
		all[i].Example.Output = strings.TrimPrefix(e.Example.Output, "\n")
	}
	return all
}

// Find returns the entry with the name or twin, with or without its @.
func Find(name string) (Entry, bool) {
	for _, e := range Entries() {
		for _, known := range e.Names() {
			if strings.EqualFold(strings.TrimPrefix(known, "@"), strings.TrimPrefix(name, "@")) {
				return e, true
			}
		}
	}
	return Entry{}, false
}

// JSON returns the entries as a JSON array, for editors.
func JSON() []byte {
	text, err := json.Marshal(Entries())
	if err != nil {
		panic(err) // strings only: it cannot be
	}
	return text
}

func camelCase(name string) string {
	if strings.ContainsAny(name, "@.") {
		return name
	}
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
	}
	return strings.Join(parts, "")
}

package engine

import (
	"slices"
	"testing"
	"time"

	"wingmirror/monitor"
	"wingmirror/stdlib"
)

// exampleInput is what the examples of the library run with.
func exampleInput(script string) monitor.Input {
	at := time.Unix(stdlib.ExampleTime, 0)
	in := monitor.Input{
		Script: script, JobID: stdlib.ExampleJobID, Name: stdlib.ExampleName, Minutes: stdlib.ExampleMinutes, At: at,
		Params:   []byte(stdlib.ExampleParams),
		Previous: monitor.Previous{Level: monitor.OK, Since: at.Add(-time.Hour), Runs: 12},
	}
	for _, s := range stdlib.ExampleSeries() {
		in.Targets = append(in.Targets, monitor.Fetched{Target: s.Label, Status: monitor.StatusOK, Series: []monitor.Series{
			{Label: s.Label, Start: s.Start, Step: s.Step, Values: s.Values},
		}})
	}
	return in
}

func TestStdlib_ExamplesDoWhatTheySay(t *testing.T) {
	e := newEngine(t)
	for _, entry := range stdlib.Entries() {
		got := e.Run(exampleInput(entry.Example.Script))
		if got.Output != entry.Example.Output {
			t.Errorf("%s: the example prints %q, and says %q", entry.Name, got.Output, entry.Example.Output)
		}
		if got.Message() != entry.Example.Throws {
			t.Errorf("%s: the example ends with %q, and says %q", entry.Name, got.Message(), entry.Example.Throws)
		}
	}
}

// namesInScope is everything that the engine gives to scripts.
func namesInScope() []string {
	names := append(globalScope().sortedNames(), "console", "Warning", "raise", "@a")
	for _, name := range variableNames() {
		names = append(names, "@"+name)
	}
	for _, name := range seriesFields() {
		names = append(names, "series."+name)
	}
	for _, name := range histogramFields() {
		names = append(names, "histogram."+name)
	}
	for _, name := range new(entry).Keys() {
		names = append(names, "entry."+name)
	}
	return names
}

func TestStdlib_DescribesWhatIsInScope(t *testing.T) {
	var described []string
	for _, entry := range stdlib.Entries() {
		described = append(described, entry.Names()...)
	}
	inScope := namesInScope()
	for _, name := range inScope {
		if !slices.Contains(described, name) {
			t.Errorf("%s is in scope and not described", name)
		}
	}
	for _, name := range described {
		if !slices.Contains(inScope, name) {
			t.Errorf("%s is described and not in scope", name)
		}
	}
}

func TestStdlib_MethodsAreThoseThatSaySo(t *testing.T) {
	methods := memberScope()
	for _, entry := range stdlib.Entries() {
		for _, name := range entry.Names() {
			if _, is := methods[name]; is != entry.Method {
				t.Errorf("%s: is a method %v, and says %v", name, is, entry.Method)
			}
		}
	}
}

func TestStdlib_EveryNameOfTheScopeResolves(t *testing.T) {
	for _, name := range namesInScope() {
		if slices.Contains([]byte(name), '.') {
			continue
		}
		if got := output(t, "puts(typeof "+name+")", target("a", 1)); got == "undefined\n" {
			t.Errorf("typeof %s is undefined", name)
		}
	}
}

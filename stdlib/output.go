package stdlib

func outputEntries() []Entry {
	return []Entry{
		{
			Name: "puts", Kind: Function, Group: "Output", Signature: "puts(...values: any[]): void",
			Summary: "Prints each value on a line of its own.",
			Details: "As in Ruby an array is printed element by element, and a text that ends its line gets no second end.",
			Nulls:   "null and undefined are an empty line; an empty array prints nothing.",
			Example: Example{Script: `puts("load", [1, [2, null]], "done\n")`, Output: "load\n1\n2\n\ndone\n"},
			See:     []string{"print", "p"},
		},
		{
			Name: "print", Kind: Function, Group: "Output", Signature: "print(...values: any[]): void",
			Summary: "Prints the values one after the other, without line ends.",
			Nulls:   "null and undefined print nothing.",
			Example: Example{Script: `print("a", 1, null, "b\n")`, Output: "a1b\n"},
			See:     []string{"puts"},
		},
		{
			Name: "p", Kind: Function, Group: "Output", Signature: "p(...values: any[]): any",
			Summary: "Prints each value as it would be written in JavaScript, and returns what it was given.",
			Details: "Deep, long and circular values are cut.",
			Nulls:   "null is printed as null.",
			Example: Example{Script: `p("x", [1, null], { on: true })`, Output: "\"x\"\n[1, null]\n{on: true}\n"},
			See:     []string{"puts"},
		},
		{
			Name: "printf", Kind: Function, Group: "Output", Signature: "printf(format: string, ...values: any[]): void",
			Summary: "Prints what format returns.",
			Example: Example{Script: `printf("%.1f%% of %d\n", 12.345, 80)`, Output: "12.3% of 80\n"},
			See:     []string{"format"},
		},
		{
			Name: "format", Kind: Function, Group: "Output", Signature: "format(format: string, ...values: any[]): string",
			Summary: "Returns the text with each directive replaced by a value.",
			Details: "The directives are %d, %i, %f, %e, %g, %x, %o, %b, %s, %c and %%, with the flags, width and precision of C. Too few or wrong values are an error.",
			Example: Example{Script: `puts(format("%-8s|%5.2f|%03d", "cpu", 3.14159, 7))`, Output: "cpu     | 3.14|007\n"},
			See:     []string{"printf"},
		},
		{
			Name: "console", Kind: Variable, Group: "Output", Signature: "console: { log, info, warn, error, debug, table }",
			Summary: "Prints as a browser's console does; everything goes to the one output of the run.",
			Details: "table prints an array of objects, or of arrays, with a column for each key.",
			Example: Example{
				Script: `console.log("errors", @b.max(), [1, null])
console.table(@timeseries.map(s => ({ label: s.label, max: s.max() })))`,
				Output: `
errors 9 [1, null]
(index)  label       max
0        "requests"  130
1        "errors"    9
2        "disk"      60
`,
			},
			See: []string{"puts"},
		},
	}
}

func failingEntries() []Entry {
	return []Entry{
		{
			Name: "raise", Kind: Function, Group: "Failing", Signature: "raise(problem: string | Error): never",
			Summary: "Ends the run as critical, with the text as its message, as throw does.",
			Details: "Whatever a script throws is an alert: a string, a number, an Error. Only errors that the engine itself finds, such as an unknown name, are no alert but say that the script is broken.",
			Example: Example{Script: `if (@b.max() > 5) raise("too many errors: " + @b.max())`, Throws: "too many errors: 9"},
			See:     []string{"Warning"},
		},
		{
			Name: "Warning", Kind: Class, Group: "Failing", Signature: "throw new Warning(message: string)",
			Summary: "An error that makes the run a warning instead of critical.",
			Example: Example{
				Script: `if (@b.max() > 20) throw "far too many errors"
if (@b.max() > 5) throw new Warning("many errors")`,
				Throws: "many errors",
			},
			See: []string{"raise"},
		},
	}
}

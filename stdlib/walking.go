package stdlib

func walkingEntries() []Entry {
	aligned := "The times of the first series that has points are walked. Another series gives its point of that time, or the newest one since the time before: " +
		"no point is given twice, and of a series with a finer step only the last of several is given. To lose none, bring all targets to one step with summarize()."
	return []Entry{
		{
			Name: "with_metrics", Kind: Function, Group: "Walking", Signature: "with_metrics(fn: (a: Entry, b: Entry, …) => void): void",
			Summary: "Calls fn for every time, with one entry of each series.",
			Details: aligned,
			Nulls:   "A series without a point for a time gives an entry whose value is null, never a missing one.",
			Example: Example{
				Script: `let errors = 0, requests = 0
with_metrics((a, b) => {
  requests += a.value
  errors += b.value
})
puts(errors + " of " + requests)`,
				Output: "19 of 550\n",
			},
			See: []string{"fold_metrics", "graph_value"},
		},
		{
			Name: "fold_metrics", Kind: Function, Group: "Walking", Signature: "fold_metrics(initial: T, fn: (acc: T, a: Entry, b: Entry, …) => T): T",
			Summary: "Calls fn for every time with what it returned for the time before, and returns what it returned last.",
			Details: aligned,
			Nulls:   "As with_metrics. Without any point it returns initial.",
			Example: Example{
				Script: `puts(fold_metrics(0, (most, a) => Math.max(most, a.value)))`,
				Output: "130\n",
			},
			See: []string{"with_metrics"},
		},
		{
			Name: "graph_value", Kind: Function, Group: "Graph", Signature: "graph_value(label: string, timestamp: number | Date, value: number | null): void",
			Units:   "timestamp: seconds since 1970",
			Summary: "Adds a point to the graph's line with this label.",
			Details: "Points are drawn in the order of the calls. A run that draws nothing shows its series. " +
				"A label drawAsInfinite(text) draws a vertical line with the text at every point that is not 0 or null. " +
				"Rearview's other form, graph_value[label, timestamp, value], works too.",
			Nulls: "null, NaN and infinities are gaps.",
			Example: Example{
				Script: `with_metrics((a, b) => graph_value("error rate", a.timestamp, b.value / a.value * 100))
graph_value("drawAsInfinite(deploy)", @now - 120, 1)
graph_value("too old", Date.now(), 1)`,
				Throws: "TypeError: graph_value: timestamp must be seconds since 1970, but 1772366400000 looks like milliseconds; divide by 1000",
			},
			See: []string{"with_metrics"},
		},
		{
			Name: "events", Kind: Function, Group: "Data", Signature: "events(service: string, component: string): Series[]",
			Summary: "The values that agents pushed for a service's component: a series for each server.",
			Details: "Values within a minute are averaged. The series come after those of the targets; with the same line among the targets they stand in its place. " +
				"Write both names as texts: what a run sees is fetched before it begins, so they are looked for in the script's text.",
			Nulls: "A minute without an event is null. Without any event the list is empty.",
			Example: Example{
				Script: `const loads = events("Inbox", "Load5mAvg")
puts(loads.length)
for (const s of loads) if (s.last_value() > 4) throw s.label + " is loaded"`,
				Output: "0\n",
			},
			See: []string{"@timeseries"},
		},
	}
}

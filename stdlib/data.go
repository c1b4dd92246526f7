package stdlib

func dataEntries() []Entry {
	return append(variableEntries(), fieldEntries()...)
}

func variableEntries() []Entry {
	return []Entry{
		{
			Name: "@a", Kind: Variable, Group: "Data", Signature: "@a, @b, … @z, @a1, @b1, …: Series",
			Summary: "The series that the targets brought, in their order.",
			Details: "A target that matches several series takes several letters. A target without any keeps one letter, with an empty series, so the letters after it do not shift. " +
				"After @z come @a1 to @z1, then @a2. An @ name may also be written with a dollar sign: $a.",
			Nulls: "A name beyond the last series is an error that says how many there are.",
			Example: Example{
				Script: `puts(@a.label, @b.label, $c.label)`,
				Output: "requests\nerrors\ndisk\n",
			},
			See: []string{"@timeseries", "series.values"},
		},
		{
			Name: "@timeseries", Kind: Variable, Group: "Data", Signature: "@timeseries: Series[]",
			Summary: "All series, for monitors that do not know how many there will be.",
			Example: Example{
				Script: `for (const s of @timeseries) puts(s.label + " " + s.max())`,
				Output: "requests 130\nerrors 9\ndisk 60\n",
			},
			See: []string{"@a", "@targets"},
		},
		{
			Name: "@targets", Kind: Variable, Group: "Data", Signature: "@targets: { text: string, status: string, reason: string, series: Series[] }[]",
			Summary: "The monitor's targets with what each of them brought back.",
			Details: "The status is ok, empty (series without a point), missing (no series), partial (fewer series than in the run before) or stale (the newest points are too old). " +
				"A script does not run when a target failed.",
			Nulls: "reason is an empty string where there is nothing to say.",
			Example: Example{
				Script: `const t = @targets[0]
puts(t.text, t.status, t.series.length)`,
				Output: "requests\nok\n1\n",
			},
			See: []string{"series.status"},
		},
		{
			Name: "@name", Kind: Variable, Group: "Data", Signature: "@name: string",
			Summary: "The monitor's name.",
			Example: Example{Script: `puts(@name)`, Output: "Checkout\n"},
		},
		{
			Name: "@jobId", Kind: Variable, Group: "Data", Signature: "@jobId: number",
			Summary: "The monitor's number, -1 before it is first saved.",
			Example: Example{Script: `puts(@jobId)`, Output: "12\n"},
		},
		{
			Name: "@minutes", Kind: Variable, Group: "Data", Signature: "@minutes: number", Units: "minutes",
			Summary: "How far back the run looks.",
			Example: Example{Script: `puts(@minutes)`, Output: "60\n"},
		},
		{
			Name: "@now", Kind: Variable, Group: "Data", Signature: "@now: number", Units: "seconds since 1970",
			Summary: "The time for which the run was scheduled.",
			Details: "Date gives the same time, in milliseconds, so a run for last Tuesday sees last Tuesday's clock.",
			Example: Example{Script: `puts(@now - @a.last.timestamp, new Date().toISOString())`, Output: "0\n2026-03-01T12:00:00.000Z\n"},
			See:     []string{"time_since_last_value"},
		},
		{
			Name: "@previous", Kind: Variable, Group: "Data", Signature: "@previous: { level: string, since: number | null, runs: number, message: string }", Units: "since: seconds since 1970",
			Summary: "What the runs before this one found: ok, warning, critical or unknown, since when, for how many runs.",
			Nulls:   "Before the first run level is unknown, since is null and runs is 0.",
			Example: Example{
				Script: `if (@previous.level === "critical" && @a.last_value() < 110) throw "still below 110"
puts(@previous.level, @previous.runs)`,
				Output: "ok\n12\n",
			},
		},
		{
			Name: "@params", Kind: Variable, Group: "Data", Signature: "@params: object",
			Summary: "The monitor's own settings, so that one script serves several monitors.",
			Nulls:   "An empty object when the monitor has none.",
			Example: Example{
				Script: `puts(above(@a, @params.limit) + " points above " + @params.limit)`,
				Output: "3 points above 100\n",
			},
		},
	}
}

func fieldEntries() []Entry {
	return []Entry{
		{
			Name: "series.label", Kind: Field, Group: "Data", Signature: "series.label: string",
			Summary: "The name of the series; a script may change it, for itself and for its entries.",
			Example: Example{Script: `@a.label = "hits"
puts(@a.label, @a.entries[0].label)`, Output: "hits\nhits\n"},
		},
		{
			Name: "series.values", Kind: Field, Group: "Data", Signature: "series.values: (number | null)[]",
			Summary: "The values, oldest first.",
			Details: "Each use gives a new array: sorting it leaves the series as it is.",
			Nulls:   "null where there was no value.",
			Example: Example{Script: `puts(@a.values.length, @a.values[0], @a.values[2] === null)`, Output: "6\n120\ntrue\n"},
			See:     []string{"compact"},
		},
		{
			Name: "series.entries", Kind: Field, Group: "Data", Signature: "series.entries: Entry[]",
			Summary: "The points, oldest first; a series can also be looped over directly.",
			Example: Example{
				Script: `puts(@a.entries[0])
for (const entry of @a) if (entry.value > 125) puts(entry.value)`,
				Output: "{ label: requests, timestamp: 1772366100, value: 120.0 }\n130\n",
			},
			See: []string{"entry.value", "with_metrics"},
		},
		{
			Name: "series.timestamps", Kind: Field, Group: "Data", Signature: "series.timestamps: number[]", Units: "seconds since 1970",
			Summary: "The times of the points.",
			Example: Example{Script: `puts(@a.timestamps[0])`, Output: "1772366100\n"},
		},
		{
			Name: "series.step", Kind: Field, Group: "Data", Signature: "series.step: number", Units: "seconds",
			Summary: "The distance between two points.",
			Nulls:   "0 for a series without points.",
			Example: Example{Script: `puts(@a.step)`, Output: "60\n"},
		},
		{
			Name: "series.status", Kind: Field, Group: "Data", Signature: "series.status: string",
			Summary: "The status of the series' target: ok, empty, missing, partial or stale.",
			Example: Example{Script: `puts(@a.status)`, Output: "ok\n"},
			See:     []string{"@targets"},
		},
		{
			Name: "series.first", Kind: Field, Group: "Data", Signature: "series.first: Entry | null",
			Summary: "The oldest point.",
			Nulls:   "null for a series without points; the point's value may be null.",
			Example: Example{Script: `puts(@a.first.value)`, Output: "120\n"},
		},
		{
			Name: "series.last", Kind: Field, Group: "Data", Signature: "series.last: Entry | null",
			Summary: "The newest point.",
			Nulls:   "null for a series without points; the point's value may be null: see last_value.",
			Example: Example{Script: `puts(@a.last.value)`, Output: "100\n"},
			See:     []string{"last_value"},
		},
		{
			Name: "series.length", Kind: Field, Group: "Data", Signature: "series.length: number",
			Summary: "How many points there are.",
			Nulls:   "Points without a value count; see count.",
			Example: Example{Script: `puts(@a.length, @a.count())`, Output: "6\n5\n"},
			See:     []string{"count"},
		},
		{
			Name: "entry.value", Kind: Field, Group: "Data", Signature: "entry.value: number | null",
			Summary: "The value of a point.",
			Nulls:   "null where there was no value. JavaScript takes null for 0 in sums and comparisons.",
			Example: Example{Script: `puts(@a.entries[1].value)`, Output: "130\n"},
		},
		{
			Name: "entry.timestamp", Kind: Field, Group: "Data", Signature: "entry.timestamp: number", Units: "seconds since 1970",
			Summary: "The time of a point.",
			Example: Example{Script: `puts(@a.entries[1].timestamp)`, Output: "1772366160\n"},
		},
		{
			Name: "entry.label", Kind: Field, Group: "Data", Signature: "entry.label: string",
			Summary: "The label of the point's series.",
			Example: Example{Script: `puts(@a.entries[1].label)`, Output: "requests\n"},
			See:     []string{"series.label"},
		},
	}
}

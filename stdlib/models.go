package stdlib

func transformationEntries() []Entry {
	entries := []Entry{
		{
			Name: "compact", Signature: "compact(data: Data): number[]",
			Summary: "The values without the nulls.",
			Nulls:   "Of nothing an empty array.",
			Example: Example{Script: `p(compact(@b))`, Output: "[2, 3, 1, 9, 4]\n"},
		},
		{
			Name: "derivative", Signature: "derivative(data: Data): (number | null)[]", Units: "per step",
			Summary: "Each value less the one before it.",
			Nulls:   "null where either value is, and in the first place.", Definition: "Graphite's derivative().",
			Example: Example{Script: `p(derivative(@a))`, Output: "[null, 10, null, null, -20, 10]\n"},
			See:     []string{"non_negative_derivative", "integral"},
		},
		{
			Name: "non_negative_derivative", Signature: "non_negative_derivative(data: Data, maxValue?: number): (number | null)[]", Units: "per step",
			Summary: "The derivative of a counter, which may start again.",
			Nulls:   "null where the counter went back, unless maxValue says where it wraps.", Definition: "Graphite's nonNegativeDerivative().",
			Example: Example{Script: `p(non_negative_derivative([1, 5, 2, 6]), non_negative_derivative([250, 4], 255))`, Output: "[null, 4, null, 4]\n[null, 10]\n"},
			See:     []string{"derivative"},
		},
		{
			Name: "integral", Signature: "integral(data: Data): (number | null)[]",
			Summary: "The sum of the values so far.",
			Nulls:   "null where the value is; the sum goes on after it.", Definition: "Graphite's integral().",
			Example: Example{Script: `p(integral([1, null, 2, 3]))`, Output: "[1, null, 3, 6]\n"},
			See:     []string{"derivative"},
		},
		{
			Name: "moving_average", Signature: "moving_average(data: Data, n: number): (number | null)[]", Units: "n: points",
			Summary: "The mean of the n values up to and with each one.",
			Details: "The first n - 1 are means of the fewer values that there are.",
			Nulls:   "Nulls are skipped; null where all n are.",
			Example: Example{Script: `p(moving_average([1, 3, 5, null, 9], 2))`, Output: "[1, 2, 4, 5, 9]\n"},
			See:     []string{"ewma"},
		},
		{
			Name: "ewma", Signature: "ewma(data: Data, alpha: number): (number | null)[]",
			Summary: "The exponentially weighted moving average: alpha of each value and the rest of the average before it.",
			Nulls:   "A null leaves the average as it is; null before the first value.",
			Example: Example{Script: `p(ewma([10, 20, null, 20], 0.5))`, Output: "[10, 15, 15, 17.5]\n"},
			See:     []string{"moving_average", "holt_winters"},
		},
	}
	return append(inGroup("Transformations", entries), countingEntries()...)
}

func modelEntries() []Entry {
	entries := []Entry{
		{
			Name: "correlation", Signature: "correlation(x: Data, y: Data, otherwise?: T): number | T",
			Summary:    "How much two go together, from -1 to 1.",
			Details:    "Positions are compared, not times: bring the series to one step first.",
			Nulls:      "Positions are skipped at which either is null. Of fewer than two, or when one side never changes, it throws, or returns otherwise.",
			Definition: "Pearson's correlation coefficient.",
			Example:    Example{Script: `puts(correlation([1, 2, 3], [2, 4, 6]), correlation(@a, @b).toFixed(3))`, Output: "1\n-0.711\n"},
		},
		{
			Name: "linear_regression", Signature: "linear_regression(data: Data, otherwise?: T): { slope: number, intercept: number, r2: number | null, n: number } | T",
			Units:      "slope: per second for a series, per position for an array",
			Summary:    "The straight line through the values.",
			Nulls:      "Nulls are skipped. Of fewer than two values it throws, or returns otherwise. r2, the share of the variance that the line explains, is null when the values never change.",
			Definition: "Ordinary least squares.",
			Example: Example{Script: `const line = linear_regression([1, 3, null, 7])
puts(line.slope, line.intercept, line.r2, line.n)
puts((linear_regression(@c).slope * 3600).toFixed(0) + " per hour")`, Output: "2\n1\n1\n3\n120 per hour\n"},
			See: []string{"forecast"},
		},
		{
			Name: "forecast", Signature: "forecast(data: Data, ahead: number, otherwise?: T): number | T", Units: "ahead: seconds for a series, positions for an array",
			Summary: "What the straight line through the values will be, ahead of the newest point.",
			Nulls:   "As linear_regression.",
			Example: Example{Script: `puts(forecast([1, 2, 3], 2))
const inAnHour = forecast(@c, 3600)
if (inAnHour > 100) throw format("the disk will be %.0f%% full in an hour", inAnHour)`,
				Output: "5\n", Throws: "the disk will be 180% full in an hour"},
			See: []string{"linear_regression", "holt_winters"},
		},
		{
			Name: "seasonal_residual", Signature: "seasonal_residual(data: Data, period: number): (number | null)[]", Units: "period: positions",
			Summary: "Each value less the median of all values at the same place of the season.",
			Nulls:   "null where the value is; nulls do not count in the median.",
			Example: Example{Script: `p(seasonal_residual([1, 10, 1, 10, 4, 10], 2))`, Output: "[0, 0, 0, 0, 3, 0]\n"},
			See:     []string{"holt_winters", "outliers"},
		},
		{
			Name: "holt_winters", Signature: "holt_winters(data: Data, season: number, options?: { alpha, beta, gamma, width: number }): { expected, lower, upper: (number | null)[], outside: number[], next: number | null }",
			Units:      "season: positions",
			Summary:    "What each value was expected to be from those before it, by level, trend and season, with a band around it and the positions outside of the band.",
			Details:    "alpha (0.1), beta (0.0035) and gamma (0.1) are the weights of the newest value in level, trend and season; width (3) is half the band, in smoothed deviations.",
			Nulls:      "A null is taken to be what was expected. The first two seasons, from which it learns, are null; it throws when there are not as many values.",
			Definition: "P. R. Winters, Forecasting Sales by Exponentially Weighted Moving Averages, Management Science 6 (1960), additive; the band is J. D. Brutlag's, Aberrant Behavior Detection in Time Series for Network Monitoring, LISA (2000).",
			Example: Example{Script: `const values = Array.from({ length: 40 }, (_, i) => [50, 90, 50, 10][i % 4] + i * 7 % 5)
values[38] = 75
p(holt_winters(values, 4).outside)`, Output: "[38]\n"},
			See: []string{"seasonal_residual", "forecast"},
		},
		{
			Name: "mann_whitney", Signature: "mann_whitney(x: Data, y: Data, otherwise?: T): { u: number, p: number } | T",
			Summary:    "Whether the values of two samples differ in size: p is how likely a difference like this is when they do not.",
			Details:    "Nothing is assumed of the distribution. Compare today's latencies with last week's.",
			Nulls:      "Nulls are skipped. When a sample is empty, or all values are equal, it throws, or returns otherwise.",
			Definition: "H. B. Mann and D. R. Whitney, Annals of Mathematical Statistics 18 (1947), two-sided; exact for small samples, else the normal approximation with corrections for ties and continuity.",
			Example: Example{Script: `const r = mann_whitney([1, 2, 3, 4], [5, 6, 7, 8])
puts(r.u, r.p.toFixed(4))`, Output: "0\n0.0286\n"},
		},
		{
			Name: "outliers", Signature: "outliers(data: Data, limit?: number): { position: number, value: number, score: number }[]",
			Summary:    "The values that are far from the others.",
			Details:    "limit is the modified z-score beyond which a value is far; 3.5 when it is not given.",
			Nulls:      "Nulls are skipped. Of nothing, or when all values are equal, an empty array.",
			Definition: "0.6745 (x - median) / MAD: B. Iglewicz and D. Hoaglin, How to Detect and Handle Outliers (1993).",
			Example:    Example{Script: `for (const o of outliers([10, 11, 9, 10, 50, 10, 11])) puts(o.position, o.value, o.score.toFixed(1))`, Output: "4\n50\n27.0\n"},
			See:        []string{"mad", "seasonal_residual", "anomalies"},
		},
		{
			Name: "anomalies", Signature: "anomalies(data: Data, threshold?: number): { position, timestamp, value, score: number, signal: string, expected, low, high: number | null }[]",
			Units:      "timestamp: epoch seconds; threshold: a score, 0.5 when it is not given",
			Summary:    "The values at which something odd begins, judged one after the other by those before them: spikes, flat stretches, shapes and levels that were not there before, and what is unusual for the time of the day.",
			Details:    "It is the detector of heartbeats: the first hundred values only teach it, and one event is told once, so let the series begin a few days ago. score is from the threshold to 1. signal says what was odd: season, range, values, course, jumps, shape or stuck. expected, low and high are what it thought of the value before it came. An array has no times: its values count as one a minute. 20000 values are the most.",
			Nulls:      "Nulls are skipped. Of nothing, or of less than a hundred values, an empty array.",
			Definition: "Ranks of seven signals among their own past, four of them left matrix profiles (Y. Lu and others, Matrix Profile XXIV: DAMP, KDD 2022); see docs/anomalies.md.",
			Example: Example{Script: `const load = Array.from({ length: 600 }, (_, i) => 50 + i * 7 % 13)
load[560] = 90
for (const a of anomalies(load)) {
  puts(a.position, a.value, a.expected)
  if (a.position >= 550) throw ` + "`unusual: ${a.value}, expected was ${a.expected}`" + `
}`, Output: "560\n90\n57\n", Throws: "unusual: 90, expected was 57"},
			See: []string{"outliers", "holt_winters"},
		},
	}
	return inGroup("Models", entries)
}

func rearviewEntries() []Entry {
	entries := []Entry{
		{
			Name: "outside_limits", Signature: `outside_limits(value: number | null, comparisons: Data, limit: number, type: "lower" | "upper"): boolean`,
			Summary: "Whether the value is below (lower) or above (upper) everything that it is compared with, by more than limit.",
			Details: "Rearview's outside_limits? took exactly two comparisons and was false for any other number; here one is enough.",
			Nulls:   "Nulls are not compared with; false when nothing is left, or when value is null.",
			Example: Example{Script: `puts(outside_limits(1, [5, 6], -2, "lower"), outside_limits(5, [1, 9], 2, "upper"))`, Output: "true\nfalse\n"},
			See:     []string{"percentage_errors"},
		},
		{
			Name: "percentage_errors", Signature: `percentage_errors(metric: Data, comparisons: Data | Data[], limit: number, type: "lower" | "upper", total?: number): number`,
			Units:   "percent",
			Summary: "The share of the values that are outside of the limits given by the comparisons at the same position.",
			Details: "The share is of the values that could be compared; Rearview divided by the monitor's minutes, whatever the step was: give total to do so. With one comparison Rearview never counted anything.",
			Nulls:   "Values that are null, or have nothing to be compared with, do not count.",
			Example: Example{Script: `puts(percentage_errors([1, 3, 0, null], [[2, 2, 2, 2], [2, 2, 2, 2]], 0.5, "upper").toFixed(1))`, Output: "33.3\n"},
			See:     []string{"outside_limits"},
		},
		{
			Name: "deploy_check", Signature: "deploy_check(n: number, deploy: Series, metric: Series): [label: string, before: number, after: number, change: number] | []",
			Units:   "n: points; change: percent",
			Summary: "Compares the n points after the newest deploy with the n points before it, once: in the run in which exactly n points have followed.",
			Details: "A deploy is a point of deploy that is neither null nor 0; Rearview also took 0 for one. Where before is 0 and after is not, the change is Infinity; Rearview said 0.",
			Nulls:   "Nulls count as 0 in the sums. An empty array when there is no deploy, or not exactly n points since. It throws when there are fewer than 2n + 1 points.",
			Example: Example{Script: `p(deploy_check(1, @b, @a))
@b.label = "x"
p(deploy_check(2, @a, @a))`,
				Output: "[]\n", Throws: "RangeError: deploy_check: You've passed the deploy metric to be analyzed against itself, which is not a valid analysis."},
		},
		{
			Name: "collect_comparisons", Signature: "collect_comparisons(metric: Data): [number | null]",
			Summary: "How much the standard deviations of the two halves of the data differ.",
			Details: "Rearview's figures were another: its standard deviation was the square root of the sum divided by n - 1.",
			Nulls:   "Nulls are skipped; null when a half has fewer than two values. Of an odd number the last value is left out.",
			Example: Example{Script: `puts(collect_comparisons([1, 3, 1, 5])[0].toFixed(4))`, Output: "1.4142\n"},
			See:     []string{"collect_aberrations", "stdev"},
		},
		{
			Name: "collect_aberrations", Signature: "collect_aberrations(...series: Series[], deviation: number): { [label: string]: number }",
			Summary: "The series whose halves differ by deviation or more, by their label.",
			Details: "See collect_comparisons for how its figures differ from Rearview's.",
			Nulls:   "A series with too few values is left out. It throws when the first series has an odd number of points.",
			Example: Example{Script: `const found = collect_aberrations(@a, @b, @c, 3)
for (const label of Object.keys(found)) puts(label + " " + found[label].toFixed(2))`, Output: "errors 3.33\n"},
			See: []string{"collect_comparisons"},
		},
	}
	entries = inGroup("From Rearview", entries)
	for i := range entries {
		entries[i].Method = false
	}
	return entries
}

package stdlib

// What most statistics say of nothing.
const nothing = "Nulls are skipped. Without a value it throws, because null and NaN would silently decide a comparison; otherwise is what it returns instead."

func statisticsEntries() []Entry {
	entries := []Entry{
		{
			Name: "sum", Signature: "sum(data: Data): number",
			Summary: "The sum of the values.",
			Nulls:   "null counts as 0; the sum of nothing is 0.",
			Example: Example{Script: `puts(sum(@a), @a.values.sum(), [1, null, 2].sum(), sum([]))`, Output: "550\n550\n3\n0\n"},
		},
		{
			Name: "mean", Signature: "mean(data: Data, otherwise?: T): number | T",
			Summary: "The arithmetic mean.", Nulls: nothing,
			Example: Example{Script: `puts(mean(@a), [1, null, 2].mean(), mean([], "none"))`, Output: "110\n1.5\nnone\n"},
			See:     []string{"median"},
		},
		{
			Name: "median", Signature: "median(data: Data, otherwise?: T): number | T",
			Summary: "The value in the middle, or the mean of the two there.", Nulls: nothing,
			Example: Example{Script: `puts([3, 1, 2].median(), [5, 1, 9, 7].median())`, Output: "2\n6\n"},
			See:     []string{"mean", "percentile"},
		},
		{
			Name: "percentile", Signature: "percentile(data: Data, p: number, otherwise?: T): number | T", Units: "p: percent, or a share when it is at most 1",
			Summary:    "The smallest value that p percent of the values do not exceed.",
			Details:    "It is always one of the values. As in Rearview p up to 1 is a share, so 0.95 and 95 are the same, and 1 is the largest value; 0 is the smallest.",
			Nulls:      nothing,
			Definition: "The nearest rank: definition 1 of R. J. Hyndman and Y. Fan, Sample Quantiles in Statistical Packages, The American Statistician 50 (1996).",
			Example:    Example{Script: `puts(percentile([1, 2, 3, 4], 50), percentile(@a, 0.95), percentile(@a, 0))`, Output: "2\n130\n90\n"},
			See:        []string{"median"},
		},
		{
			Name: "min", Signature: "min(data: Data, otherwise?: T): number | T",
			Summary: "The smallest value.", Nulls: nothing,
			Example: Example{Script: `puts(min(@a))`, Output: "90\n"},
		},
		{
			Name: "max", Signature: "max(data: Data, otherwise?: T): number | T",
			Summary: "The largest value.", Nulls: nothing,
			Example: Example{Script: `puts(max(@a))`, Output: "130\n"},
		},
		{
			Name: "stdev", Signature: "stdev(data: Data, otherwise?: T): number | T",
			Summary: "The standard deviation of a sample: the square root of the variance.",
			Nulls:   nothing + " It takes two values.", Definition: "n - 1 in the denominator.",
			Example: Example{Script: `puts(stdev([2, 4, 4, 4, 5, 5, 7, 9]).toFixed(4))`, Output: "2.1381\n"},
			See:     []string{"variance", "mad"},
		},
		{
			Name: "variance", Signature: "variance(data: Data, otherwise?: T): number | T",
			Summary: "The variance of a sample.",
			Nulls:   nothing + " It takes two values.", Definition: "n - 1 in the denominator.",
			Example: Example{Script: `puts(variance([1, 2, 3, 4]).toFixed(4))`, Output: "1.6667\n"},
			See:     []string{"stdev"},
		},
		{
			Name: "sample_variance", Signature: "sample_variance(data: Data, otherwise?: T): number | T",
			Summary: "The same as variance, under Rearview's name.",
			Details: "Rearview's was not a variance but the sum divided by n - 1.",
			Nulls:   nothing,
			Example: Example{Script: `puts(sample_variance([1, 3]))`, Output: "2\n"},
			See:     []string{"variance"},
		},
		{
			Name: "mad", Signature: "mad(data: Data, otherwise?: T): number | T",
			Summary: "The median of the absolute deviations from the median: a spread that a few wild values do not change.",
			Nulls:   nothing, Definition: "Not scaled; for normal data 1.4826 times as much estimates the standard deviation.",
			Example: Example{Script: `puts(mad([1, 2, 3, 4, 100]))`, Output: "1\n"},
			See:     []string{"stdev", "outliers"},
		},
		{
			Name: "delta", Signature: "delta(data: Data, otherwise?: T): number | T",
			Summary: "The newest value less the oldest.", Nulls: nothing,
			Example: Example{Script: `puts(delta(@c), delta(@a))`, Output: "10\n-20\n"},
			See:     []string{"derivative"},
		},
		{
			Name: "last_value", Signature: "last_value(data: Data, otherwise?: T): number | T",
			Summary: "The newest value that is not null.", Nulls: nothing,
			Example: Example{Script: `puts(last_value([1, 2, null]))`, Output: "2\n"},
			See:     []string{"series.last", "time_since_last_value"},
		},
	}
	return inGroup("Statistics", entries)
}

func countingEntries() []Entry {
	entries := []Entry{
		{
			Name: "count", Signature: "count(data: Data): number",
			Summary: "How many values there are.",
			Nulls:   "null does not count.",
			Example: Example{Script: `puts(count(@a), count([]))`, Output: "5\n0\n"},
			See:     []string{"series.length"},
		},
		{
			Name: "above", Signature: "above(data: Data, limit: number): number",
			Summary: "How many values are greater than limit.",
			Nulls:   "null is never above.",
			Example: Example{Script: `puts(above(@a, 100))`, Output: "3\n"},
			See:     []string{"below", "consecutive"},
		},
		{
			Name: "below", Signature: "below(data: Data, limit: number): number",
			Summary: "How many values are less than limit.",
			Nulls:   "null is never below.",
			Example: Example{Script: `puts(below(@a, 100))`, Output: "1\n"},
			See:     []string{"above", "consecutive"},
		},
		{
			Name: "consecutive", Signature: "consecutive(data: Data, fn: (value: number) => boolean): number",
			Summary: "How many of the newest values satisfy fn, one after the other.",
			Nulls:   "Nulls are skipped: they neither count nor end the row.",
			Example: Example{Script: `puts(consecutive(@a, v => v < 115))
if (consecutive(@c, v => v > 53) >= 4) throw "the disk has been above 53% for four minutes"`,
				Output: "3\n", Throws: "the disk has been above 53% for four minutes"},
			See: []string{"above"},
		},
		{
			Name: "time_since_last_value", Signature: "time_since_last_value(series: Series): number", Units: "seconds",
			Summary: "How long before the run's time the newest point is that has a value.",
			Nulls:   "Infinity when no point has a value, so that any limit is exceeded.",
			Example: Example{Script: `puts(time_since_last_value(@a))
if (@a.time_since_last_value() > 300) throw "no requests were counted for five minutes"`, Output: "0\n"},
			See: []string{"last_value", "@now"},
		},
	}
	return inGroup("Counting", entries)
}

// inGroup completes the functions that take data first, and so are methods too.
func inGroup(group string, entries []Entry) []Entry {
	for i := range entries {
		entries[i].Kind, entries[i].Group, entries[i].Method = Function, group, true
	}
	return entries
}

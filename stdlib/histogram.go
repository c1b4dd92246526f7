package stdlib

func histogramEntries() []Entry {
	return []Entry{
		{
			Name: "histogram", Kind: Function, Group: "Histograms", Signature: "histogram(data: Data | Series[], edges: number[]): Histogram",
			Summary: "Counts the values between edges: bucket i holds what is at or above edges[i] and below edges[i + 1].",
			Details: "@timeseries counts the values of all series. What is below the first edge counts in the first bucket, what is at or above the last edge in the last.",
			Nulls:   "Nulls are not counted.",
			Example: Example{Script: `const h = histogram(@a, [80, 100, 120, 140])
puts(h.counts.join(" "), h.total)`, Output: "1 2 2\n5\n"},
			See: []string{"histogram.distance", "histogram.quantile"},
		},
		{
			Name: "histogram.edges", Kind: Field, Group: "Histograms", Signature: "histogram.edges: number[]",
			Summary: "The edges of the buckets, one more than there are counts.",
			Example: Example{Script: `puts(histogram([1, 2], [0, 2, 4]).edges.length)`, Output: "3\n"},
		},
		{
			Name: "histogram.counts", Kind: Field, Group: "Histograms", Signature: "histogram.counts: number[]",
			Summary: "How many values each bucket holds.",
			Example: Example{Script: `puts(histogram([1, 2, 3], [0, 2, 4]).counts.join(" "))`, Output: "1 2\n"},
		},
		{
			Name: "histogram.total", Kind: Field, Group: "Histograms", Signature: "histogram.total: number",
			Summary: "How many values it holds.",
			Example: Example{Script: `puts(histogram(@timeseries, [0, 1000]).total > 5)`, Output: "true\n"},
		},
		{
			Name: "histogram.quantile", Kind: Field, Group: "Histograms", Signature: "histogram.quantile(q: number, otherwise?: T): number | T", Units: "q: a share from 0 to 1",
			Summary: "The value below which the share q of all values lies.",
			Details: "Values are taken to be spread evenly inside their bucket, so the answer is as fine as the edges are.",
			Nulls:   "An empty histogram has none: it throws, or returns otherwise.",
			Example: Example{Script: `puts(histogram([1, 1, 3, 3], [0, 2, 4]).quantile(0.5))`, Output: "2\n"},
			See:     []string{"percentile"},
		},
		{
			Name: "histogram.distance", Kind: Field, Group: "Histograms", Signature: `histogram.distance(other: Histogram, measure?: "wasserstein" | "ks" | "jensen-shannon" | "hellinger" | "cramer"): number`, Units: "wasserstein: that of the edges; the others: 0 for equal",
			Summary:    "How far two distributions are apart; wasserstein, the default, is by how much values moved on average.",
			Details:    "Histograms of other edges are compared over the edges that they have in common. How many values each of them holds does not matter.",
			Nulls:      "It throws when one of them is empty.",
			Definition: "wasserstein: the area between the cumulative distributions. ks: their largest difference. jensen-shannon: the square root of the divergence to base 2. hellinger: what the older detector calls Bhattacharyya. cramer: the square root of the area of the squared difference.",
			Example: Example{Script: `const edges = [0, 10, 20, 30]
const before = histogram([5, 5, 15, 15], edges), after = histogram([15, 15, 25, 25], edges)
puts(after.distance(before), after.distance(before, "ks"))`, Output: "10\n0.5\n"},
			See: []string{"mann_whitney"},
		},
		{
			Name: "histogram.merge", Kind: Field, Group: "Histograms", Signature: "histogram.merge(...others: Histogram[]): Histogram",
			Summary: "The sum of histograms; none of them changes.",
			Example: Example{Script: `const edges = [0, 2, 4]
puts(histogram([1], edges).merge(histogram([3, 3], edges)).counts.join(" "))`, Output: "1 2\n"},
		},
	}
}

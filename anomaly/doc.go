// Package anomaly holds the numerics of scripts, heartbeats and histograms:
// pure functions over []float64, in which NaN stands for a missing value.
//
// Missing values are skipped, never counted as zero, except by Sum, for which
// the two are the same. A statistic of nothing is NaN. No function changes its
// arguments or keeps them. Positions, not times, are what slices are about: who
// has times aligns first.
package anomaly

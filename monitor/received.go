package monitor

// Detector is a program elsewhere that posts alerts about metrics.
type Detector struct {
	ID   int64
	Name string // unique
	Date string // day on which it was registered
	URL  string
}

// DetectorMetric is what a detector watches.
type DetectorMetric struct {
	ID          int64
	Detector    int64
	Name        string // unique in its detector
	Description string
	Date        string
}

// DetectorAlert is one thing that a detector found, one for each metric and day.
type DetectorAlert struct {
	ID          int64
	Date        string // YYYY-MM-DD
	Description string // JSON of a graph or a box plot, or any text
	Metric      int64
	MetricName  string
	Detector    int64
}

// DetectorSubscription is somebody who is told of a detector's alerts: about one metric,
// or about all whose names match a regular expression.
type DetectorSubscription struct {
	Email    string
	Detector int64
	Metric   int64  // 0: by Filter
	Filter   string // "" with a Metric
}

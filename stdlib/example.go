package stdlib

import "math"

// Series is a series of the data that the examples run on.
type Series struct {
	Label  string
	Start  int64 // of the first value, in seconds since the epoch
	Step   int64 // seconds
	Values []float64
}

// ExampleTime is the scheduled time of the examples: 2026-03-01 12:00:00 UTC, in
// seconds since the epoch.
const ExampleTime = 1772366400

// The rest of what the examples run with.
const (
	ExampleName    = "Checkout"
	ExampleMinutes = 60
	ExampleJobID   = 12
	ExampleParams  = `{"limit": 100}`
)

// ExampleSeries returns @a, @b and @c of the examples: six points a minute apart
// that end at ExampleTime.
func ExampleSeries() []Series {
	null := math.NaN()
	start := int64(ExampleTime - 5*60)
	return []Series{
		{Label: "requests", Start: start, Step: 60, Values: []float64{120, 130, null, 110, 90, 100}},
		{Label: "errors", Start: start, Step: 60, Values: []float64{2, 3, null, 1, 9, 4}},
		{Label: "disk", Start: start, Step: 60, Values: []float64{50, 52, 54, 56, 58, 60}},
	}
}

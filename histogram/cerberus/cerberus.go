// Package cerberus is Mozilla's regression detector of the same name, exactly:
// its method, the files it reads (daily histograms, probe definitions), the
// regressions file that it keeps, and its statistics of one histogram.
//
// The method compares normalised buckets without regard to their order, needs
// three days in a row that all differ from the four to seven days before by
// much and by about the same, and says nothing of direction or size. Arithmetic
// is in float32 where the original's is, so that results agree to the last digit
// that it printed. The package tells nobody and reads no clock.
package cerberus

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Entry is one element of a histogram file: what was counted on one day in one
// version. Buckets are lower edges.
type Entry struct {
	Measure     string    `json:"measure"`
	Kind        string    `json:"kind"`
	Date        string    `json:"date"` // its first 10 characters are the day
	Submissions float64   `json:"submissions"`
	Count       float64   `json:"count"`
	Buckets     []float64 `json:"buckets"`
	Values      []float64 `json:"values"`
	Mean        *float64  `json:"mean,omitempty"`
	Median      *float64  `json:"median,omitempty"`
	P25         *float64  `json:"p25,omitempty"`
	P75         *float64  `json:"p75,omitempty"`
}

// Day returns the calendar date of the entry.
func (e Entry) Day() string { return e.Date[:min(10, len(e.Date))] }

// Found is a regression: the day that changed, with its distribution and that of
// the entry before it.
type Found struct {
	Date       string
	Buckets    []float64
	Regression []float64 // shares
	Reference  []float64
}

// The constants of the method.
const (
	references    = 7    // entries before the day in question
	following     = 2    // entries after it that must agree
	minSamples    = 1000 // in all buckets, and in the biggest
	farEnough     = 0.12 // distance to the latest usable reference
	steadyEnough  = 0.01 // standard deviation of the distances
	minReferences = references/2 + 1
)

// Detect returns the regressions of one histogram, oldest first, and what was
// wrong with its entries, a sentence each.
func Detect(entries []Entry) ([]Found, []string) {
	days, notes := Days(entries)
	if len(days) == 0 {
		return nil, notes
	}
	for _, d := range days {
		if len(d.Values) != len(days[0].Values) {
			return nil, append(notes, fmt.Sprintf("ignored: its number of buckets changes from %d to %d on %s", len(days[0].Values), len(d.Values), d.Day()))
		}
	}
	shares := make([][]float32, len(days))
	thin := make([]bool, len(days))
	for i, d := range days {
		shares[i], thin[i] = normalize(d.Values), isThin(d.Values)
	}
	buckets := days[len(days)-1].Buckets
	var found []Found
	for i := 1; i+following < len(days); i++ {
		if !thin[i] && changed(shares, thin, i) {
			found = append(found, Found{days[i].Day(), buckets, float64s(shares[i]), float64s(shares[i-1])})
		}
	}
	return found, notes
}

// Days adds up the entries of each date and sorts them by it. An entry of
// another length than the first of its date is left out, with a note.
func Days(entries []Entry) ([]Entry, []string) {
	byDay := map[string]*Entry{}
	var notes []string
	for _, e := range entries {
		day := e.Day()
		sum, ok := byDay[day]
		switch {
		case !ok:
			e.Values = slices.Clone(e.Values)
			byDay[day] = &e
		case len(sum.Values) != len(e.Values):
			notes = append(notes, fmt.Sprintf("%s: an entry with %d buckets is left out, the first of that day has %d", day, len(e.Values), len(sum.Values)))
		default:
			for i, v := range e.Values {
				sum.Values[i] += v
			}
			sum.Submissions += e.Submissions
			sum.Count += e.Count
		}
	}
	days := make([]Entry, 0, len(byDay))
	for _, e := range byDay {
		days = append(days, *e)
	}
	slices.SortFunc(days, func(a, b Entry) int { return strings.Compare(a.Day(), b.Day()) })
	if len(entries) > 0 && len(days) > 0 {
		days[len(days)-1].Buckets = entries[len(entries)-1].Buckets
	}
	return days, notes
}

// changed reports whether entry i and the ones after it all differ from the
// ones before i.
func changed(shares [][]float32, thin []bool, i int) bool {
	for j := i; j <= i+following; j++ {
		if !suspicious(shares, thin, i, j) {
			return false
		}
	}
	return true
}

func suspicious(shares [][]float32, thin []bool, i, j int) bool {
	distances := make([]float64, 0, references)
	for r := max(i-references, 0); r < i; r++ {
		if !thin[r] {
			distances = append(distances, distance(shares[j], shares[r]))
		}
	}
	n := len(distances)
	return n >= minReferences && distances[n-1] > farEnough && spread(distances) <= steadyEnough
}

// isThin reports whether there is too little to tell.
func isThin(values []float64) bool {
	total, biggest := 0.0, 0.0
	for _, v := range values {
		total += v
		biggest = max(biggest, v)
	}
	return total < minSamples || biggest < minSamples
}

func normalize(values []float64) []float32 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	shares := make([]float32, len(values))
	if total == 0 {
		return shares
	}
	for i, v := range values {
		shares[i] = float32(v) / float32(total)
	}
	return shares
}

// Distance is that of the original between two arrays of counts or shares: the
// Hellinger distance, which OpenCV calls Bhattacharyya. Two arrays of nothing but
// 0 are at distance 1.
func Distance(a, b []float64) float64 { return distance(float32s(a), float32s(b)) }

func distance(a, b []float32) float64 {
	affinity, sumA, sumB := 0.0, 0.0, 0.0
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		affinity += math.Sqrt(x * y)
		sumA += x
		sumB += y
	}
	const epsilon = 1.1920929e-07 // of a float32
	scale := 1.0
	if product := sumA * sumB; math.Abs(product) > epsilon {
		scale = 1 / math.Sqrt(product)
	}
	return math.Sqrt(max(0, 1-affinity*scale))
}

// spread is the population standard deviation.
func spread(xs []float64) float64 {
	mean := 0.0
	for _, x := range xs {
		mean += x
	}
	mean /= float64(len(xs))
	sum := 0.0
	for _, x := range xs {
		sum += (x - mean) * (x - mean)
	}
	return math.Sqrt(sum / float64(len(xs)))
}

func float64s(xs []float32) []float64 {
	out := make([]float64, len(xs))
	for i, x := range xs {
		out[i] = float64(x)
	}
	return out
}

func float32s(xs []float64) []float32 {
	out := make([]float32, len(xs))
	for i, x := range xs {
		out[i] = float32(x)
	}
	return out
}

package nabtest

import (
	"math"
	"slices"
)

// Profile says what a detection, a false one and a missed window are worth.
type Profile struct {
	Name       string
	TP, FP, FN float64
}

// Profiles returns the benchmark's three.
func Profiles() []Profile {
	return []Profile{
		{"standard", 1, 0.11, 1},
		{"low FP", 1, 0.22, 1},
		{"low FN", 1, 0.11, 2},
	}
}

// sigmoid is what a detection at p is worth before its weight: 0 at the right
// edge of a window, which is as long as -1 to 0, towards 1 to the left of it and
// towards -1 to the right.
func sigmoid(p float64) float64 {
	if p > 3 {
		return -1
	}
	return 2/(1+math.Exp(5*p)) - 1
}

// worth returns what a detection at each row is worth, and the window in which
// it is or -1. Rows of the probation are worth nothing.
func (s Series) worth(p Profile) (worth []float64, window []int) {
	n := len(s.Values)
	worth, window = make([]float64, n), make([]int, n)
	next := 0
	for i := range n {
		for next < len(s.Windows) && s.Windows[next].Last < i {
			next++
		}
		window[i] = -1
		switch {
		case i < s.Probation():
		case next < len(s.Windows) && i >= s.Windows[next].First:
			w := s.Windows[next]
			window[i] = next
			worth[i] = p.TP * sigmoid(-float64(w.Last-i+1)/float64(w.Last-w.First+1)) / sigmoid(-1)
		case next > 0:
			w := s.Windows[next-1]
			worth[i] = p.FP * sigmoid(float64(i-w.Last)/float64(w.Last-w.First))
		default:
			worth[i] = -p.FP
		}
	}
	return worth, window
}

// Tally is what became of one series or of several.
type Tally struct {
	Windows, Caught, False int
	Raw                    float64 // sum of the weighted worths
	weight                 Profile
}

// Count scores the detections in one series. detected has one entry per row.
func Count(s Series, detected []bool, p Profile) Tally {
	worth, window := s.worth(p)
	t := Tally{Windows: len(s.Windows), weight: p}
	best := make([]float64, len(s.Windows))
	for i := range best {
		best[i] = math.Inf(-1)
	}
	for i, is := range detected {
		switch {
		case !is || i < s.Probation():
		case window[i] >= 0:
			best[window[i]] = max(best[window[i]], worth[i])
		default:
			t.False++
			t.Raw += worth[i]
		}
	}
	for _, b := range best {
		if math.IsInf(b, -1) {
			t.Raw -= p.FN
			continue
		}
		t.Caught++
		t.Raw += b
	}
	return t
}

// Add joins two tallies of one profile.
func (t Tally) Add(u Tally) Tally {
	return Tally{t.Windows + u.Windows, t.Caught + u.Caught, t.False + u.False, t.Raw + u.Raw, t.weight}
}

// Score puts the tally on the benchmark's scale: 100 is every window at its left
// edge and nothing else, 0 is a detector that never speaks.
func (t Tally) Score() float64 {
	windows := float64(t.Windows)
	null, perfect := -windows*t.weight.FN, windows*t.weight.TP
	return 100 * (t.Raw - null) / (perfect - null)
}

// Threshold returns the score from which on a row is to count as detected, so
// that the whole gets the most: the benchmark's own rule, which looks at the
// labels. scores has one row of scores per series. +Inf is "never".
func Threshold(all []Series, scores [][]float64, p Profile) float64 {
	type row struct {
		score, worth float64
		window       int // of the corpus, or -1
	}
	var rows []row
	windows := 0
	for k, s := range all {
		worth, window := s.worth(p)
		for i := s.Probation(); i < len(worth); i++ {
			r := row{scores[k][i], worth[i], -1}
			if window[i] >= 0 {
				r.window = windows + window[i]
			}
			rows = append(rows, r)
		}
		windows += len(s.Windows)
	}
	slices.SortFunc(rows, func(a, b row) int {
		if a.score > b.score {
			return -1
		}
		if a.score < b.score {
			return 1
		}
		return 0
	})
	caught := make([]float64, windows)
	for i := range caught {
		caught[i] = -p.FN
	}
	best, most, raw := math.Inf(1), 0.0, 0.0
	for i, r := range rows {
		if r.window < 0 {
			raw += r.worth
		} else if r.worth > caught[r.window] {
			raw += r.worth - caught[r.window]
			caught[r.window] = r.worth
		}
		last := i == len(rows)-1 || rows[i+1].score < r.score
		if last && raw > most {
			best, most = r.score, raw
		}
	}
	return best
}

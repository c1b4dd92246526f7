package anomaly

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wingmirror/anomaly/nabtest"
)

// corpus is the part of the Numenta benchmark that is at hand, with the oddness
// of every row: what a threshold is then held against.
func corpus(t *testing.T) (all []nabtest.Series, odd [][]float64) {
	t.Helper()
	cases := os.Getenv("WINGMIRROR_CASES")
	if cases == "" {
		t.Skip("WINGMIRROR_CASES is not set: the benchmark's files are not part of the repository")
	}
	all, err := nabtest.Load(filepath.Join(cases, "nab"))
	if err != nil {
		t.Fatal(err)
	}
	odd = make([][]float64, len(all))
	for k, s := range all {
		d := NewDetector(0)
		for i, at := range s.Times {
			r := d.Update(at, s.Values[i])
			odd[k] = append(odd[k], -oddHalf*math.Log2(1-r.Odd))
		}
	}
	return all, odd
}

// told is what a detector with the threshold says of values so odd.
func told(odd []float64, threshold float64) []bool {
	var t teller
	detected := make([]bool, len(odd))
	for i, o := range odd {
		_, detected[i] = t.tell(o, threshold)
	}
	return detected
}

// The scores are of a part of the corpus: published scores are of the whole.
func TestNAB_DefaultThreshold(t *testing.T) {
	all, odd := corpus(t)
	for i, p := range nabtest.Profiles() {
		var sum nabtest.Tally
		for k, s := range all {
			sum = nabtest.Count(s, told(odd[k], DefaultThreshold), p).Add(sum)
		}
		t.Logf("%-8s %.1f: %d of %d windows, %d false", p.Name, sum.Score(), sum.Caught, sum.Windows, sum.False)
		// Well below the figures in docs/anomalies.md: it guards against breakage.
		if floor := []float64{68, 58, 73}[i]; sum.Score() < floor {
			t.Errorf("%s is %.1f, want %v at least", p.Name, sum.Score(), floor)
		}
	}
}

// A threshold for each file, or each category, from all the others.
func TestNAB_CrossValidated(t *testing.T) {
	all, odd := corpus(t)
	var thresholds []float64
	for th := 0.40; th < 0.70; th += 0.01 {
		thresholds = append(thresholds, th)
	}
	profiles := nabtest.Profiles()
	tallies := make([][][]nabtest.Tally, len(profiles)) // by profile, threshold, series
	for p, profile := range profiles {
		for _, th := range thresholds {
			var row []nabtest.Tally
			for k, s := range all {
				row = append(row, nabtest.Count(s, told(odd[k], th), profile))
			}
			tallies[p] = append(tallies[p], row)
		}
	}
	for name, group := range map[string]func(string) string{
		"one file left out":     func(name string) string { return name },
		"one category left out": func(name string) string { category, _, _ := strings.Cut(name, "/"); return category },
	} {
		sums := make([]nabtest.Tally, len(profiles))
		for k, s := range all {
			// The profiles share one threshold: a product ships one.
			chosen := bestWithout(tallies[0], func(j int) bool { return group(all[j].Name) == group(s.Name) })
			for p := range profiles {
				sums[p] = tallies[p][chosen][k].Add(sums[p])
			}
		}
		if sums[0].Score() < 64 {
			t.Errorf("%s: standard is %.1f, want 64 at least", name, sums[0].Score())
		}
		t.Logf("%s: standard %.1f, low FP %.1f, low FN %.1f", name, sums[0].Score(), sums[1].Score(), sums[2].Score())
	}
}

// bestWithout is the threshold that is best for the series that are not left
// out, a little smoothed.
func bestWithout(rows [][]nabtest.Tally, leftOut func(int) bool) int {
	raw := make([]float64, len(rows))
	for q, row := range rows {
		for k, tally := range row {
			if !leftOut(k) {
				raw[q] += tally.Raw
			}
		}
	}
	best, most := 0, math.Inf(-1)
	for q := range raw {
		near := raw[max(0, q-2):min(len(raw), q+3)]
		if mean := Mean(near); mean > most {
			best, most = q, mean
		}
	}
	return best
}

package cerberus_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"wingmirror/histogram"
	"wingmirror/histogram/cerberus"
)

// caseFile returns a file of the recorded cases, or skips: they are not part of
// the repository.
func caseFile(t *testing.T, parts ...string) string {
	t.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		t.Skip("WINGMIRROR_CASES names no directory of recorded cases")
	}
	return filepath.Join(append([]string{dir, "cerberus"}, parts...)...)
}

func readCase(t *testing.T, into any, parts ...string) {
	t.Helper()
	data, err := os.ReadFile(caseFile(t, parts...))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6 }

func allNear(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !near(a[i], b[i]) {
			return false
		}
	}
	return true
}

func TestCases_Distance(t *testing.T) {
	var rows []struct {
		A, B     []float64
		Distance float64
	}
	readCase(t, &rows, "distance_cases.json")
	for _, row := range rows {
		if got := cerberus.Distance(row.A, row.B); !near(got, row.Distance) {
			t.Errorf("%v %v: got %v, want %v", row.A, row.B, got, row.Distance)
		}
	}
}

func TestCases_Statistics(t *testing.T) {
	var rows []struct {
		Kind            string
		Buckets, Values []float64
		Upper           float64 `json:"last_bucket_upper"`
		Mean            float64
		P0, P5          float64
		P25, P50        float64
		P75, P95        float64
	}
	readCase(t, &rows, "histogram_stats_cases.json")
	for _, row := range rows {
		if got := cerberus.LastUpper(row.Kind, row.Buckets); !near(got, row.Upper) {
			t.Errorf("%s: upper edge %v, want %v", row.Kind, got, row.Upper)
		}
		if got := cerberus.Mean(row.Kind, row.Buckets, row.Values); !near(got, row.Mean) {
			t.Errorf("%s: mean %v, want %v", row.Kind, got, row.Mean)
		}
		for p, want := range map[float64]float64{0: row.P0, 5: row.P5, 25: row.P25, 50: row.P50, 75: row.P75, 95: row.P95} {
			if got := cerberus.Percentile(row.Kind, row.Buckets, row.Values, p); !near(got, want) {
				t.Errorf("%s: percentile %v is %v, want %v", row.Kind, p, got, want)
			}
		}
	}
}

func TestCases_Regressions(t *testing.T) {
	var rows map[string]struct {
		Why         string
		Regressions []struct {
			Date                           string
			Buckets, Regression, Reference []float64
		}
	}
	readCase(t, &rows, "expected_regressions.json")
	for name, row := range rows {
		entries, err := cerberus.ReadHistogram(caseFile(t, "histograms", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		found, notes := cerberus.Detect(entries.Entries)
		if len(found) != len(row.Regressions) {
			t.Errorf("%s (%s): %d regressions, want %d; %v", name, row.Why, len(found), len(row.Regressions), notes)
			continue
		}
		for i, want := range row.Regressions {
			got := found[i]
			if got.Date != want.Date || !allNear(got.Buckets, want.Buckets) || !allNear(got.Regression, want.Regression) || !allNear(got.Reference, want.Reference) {
				t.Errorf("%s: got %+v, want %+v", name, got, want)
			}
		}
		if name == "BUCKET_MISMATCH" && len(notes) == 0 {
			t.Errorf("%s is ignored without a word", name)
		}
	}
}

func TestCases_RegressionsFile(t *testing.T) {
	var before, want cerberus.Regressions
	readCase(t, &before, "regressions_before.json")
	readCase(t, &want, "regressions_after.json")
	probes, err := cerberus.ReadDefinitions(caseFile(t, "Histograms.json"), caseFile(t, "Scalars.json"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		// The case names some histograms by other files' contents.
		for name, of := range map[string]string{
			"STEP_CHANGE": "STEP_CHANGE", "STARTUP_GC_DEMO": "STEP_CHANGE", "SCALARS_DEMO.TAB_COUNT": "STEP_CHANGE",
			"UPDATE_PREF_UPDATE_CANCELATIONS_NOTIFY": "STEP_CHANGE", "THREE_DAY_SPIKE": "THREE_DAY_SPIKE",
		} {
			file, err := cerberus.ReadHistogram(caseFile(t, "histograms", of+".json"))
			if err != nil {
				t.Fatal(err)
			}
			found, _ := cerberus.Detect(file.Entries)
			for _, f := range found {
				before.Add(f.Date, name, cerberus.ToRegression(f, probes[cerberus.ProbeName(name)]))
			}
		}
	}
	if got, wanted := content(t, before), content(t, want); !reflect.DeepEqual(got, wanted) {
		t.Errorf("got  %v\nwant %v", got, wanted)
	}
}

// content returns what a regressions file says, however it is written.
func content(t *testing.T, r cerberus.Regressions) any {
	t.Helper()
	data, err := json.Marshal(r)
	var v any
	if err = errors.Join(err, json.Unmarshal(data, &v)); err != nil {
		t.Fatal(err)
	}
	return v
}

// The case gives what two evolutions of three days are together. The second has
// one day, of 10 submissions with one value in each bucket.
func TestCases_Evolution(t *testing.T) {
	var want struct {
		Dates    []string
		Combined []struct {
			Date      string
			Count     float64
			Histogram []float64
		}
		Sanitized   []string  `json:"sanitized_dates"`
		Values      []float64 `json:"histogram_values"`
		Total       float64   `json:"histogram_submissions"`
		Submissions []float64
		Means       []float64
	}
	readCase(t, &want, "evolution_cases.json")
	buckets := []float64{0, 1, 2}
	var one, both []cerberus.Entry
	for i, c := range want.Combined {
		e := cerberus.Entry{Kind: "linear", Date: want.Dates[i], Submissions: want.Submissions[i], Buckets: buckets, Values: slices.Clone(c.Histogram)}
		if added := c.Count - e.Submissions; added > 0 {
			other := cerberus.Entry{Kind: "linear", Date: e.Date, Submissions: added, Buckets: buckets, Values: []float64{1, 1, 1}}
			for b := range e.Values {
				e.Values[b]--
			}
			both = append(both, other)
		}
		one, both = append(one, e), append(both, e)
	}
	total, submissions := make([]float64, len(buckets)), 0.0
	for i, e := range one {
		if got := cerberus.Mean(e.Kind, e.Buckets, e.Values); !near(got, want.Means[i]) {
			t.Errorf("%s: mean %v, want %v", e.Day(), got, want.Means[i])
		}
		submissions += e.Submissions
		for b, v := range e.Values {
			total[b] += v
		}
	}
	if !allNear(total, want.Values) || submissions != want.Total {
		t.Errorf("over all days %v of %v, want %v of %v", total, submissions, want.Values, want.Total)
	}
	days, _ := cerberus.Days(both)
	for i, c := range want.Combined {
		if day := strings.ReplaceAll(days[i].Day(), "-", ""); day != c.Date || days[i].Submissions != c.Count || !allNear(days[i].Values, c.Histogram) {
			t.Errorf("together: %+v, want %+v", days[i], c)
		}
	}
	periods, _ := cerberus.File{Entries: days}.Periods("linear")
	var kept []string
	for _, p := range histogram.Sanitized(periods, periods[0].At) {
		kept = append(kept, p.At.Format("20060102"))
	}
	slices.Sort(want.Sanitized)
	if !slices.Equal(kept, want.Sanitized) {
		t.Errorf("worth drawing are %v, want %v", kept, want.Sanitized)
	}
}

package histogram_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"wingmirror/distribution"
	"wingmirror/histogram"
	"wingmirror/monitor"
)

var (
	base    = []float64{500, 1000, 2000, 3000, 2000, 1000, 500}
	slower  = []float64{200, 500, 1000, 2000, 2800, 2000, 1500}
	edges   = []float64{0, 10, 20, 30, 40, 50, 60, 70}
	latency = monitor.Probe{Name: "LATENCY", Kind: "linear", Unit: "ms", Better: monitor.LowerBetter}
)

func start() time.Time { return time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC) }

// series makes a day for each element; chance moves each count by a little.
func series(days ...[]float64) []monitor.HistogramPeriod {
	var periods []monitor.HistogramPeriod
	for i, counts := range days {
		h := distribution.Histogram{Edges: edges, Counts: make([]float64, len(counts))}
		for b, c := range counts {
			h.Counts[b] = math.Round(c * (1 + .01*math.Sin(float64(7*i+3*b))))
		}
		periods = append(periods, monitor.HistogramPeriod{At: start().AddDate(0, 0, i), Span: 24 * time.Hour, Histogram: h})
	}
	return periods
}

func repeat(counts []float64, n int) [][]float64 {
	all := make([][]float64, n)
	for i := range all {
		all[i] = counts
	}
	return all
}

func days(parts ...[][]float64) []monitor.HistogramPeriod {
	var all [][]float64
	for _, p := range parts {
		all = append(all, p...)
	}
	return series(all...)
}

func detect(t *testing.T, p monitor.Probe, periods []monitor.HistogramPeriod) []monitor.Regression {
	t.Helper()
	return histogram.Detector{}.Detect(p, periods).Regressions
}

func TestDetect_ReportsALastingStepOnce(t *testing.T) {
	found := detect(t, latency, days(repeat(base, 20), repeat(slower, 40)))
	if len(found) != 1 {
		t.Fatalf("%d regressions, want 1", len(found))
	}
	r := found[0]
	if !r.At.Equal(start().AddDate(0, 0, 20)) || !r.Seen.Equal(start().AddDate(0, 0, 22)) {
		t.Errorf("from %v, certain on %v", r.At, r.Seen)
	}
	if r.Shape != monitor.StepChange || r.Moved != monitor.MovedUp || r.Welcome != monitor.Off || !r.Recovered.IsZero() {
		t.Errorf("got %s %s, welcome %q, recovered %v", r.Shape, r.Moved, r.Welcome, r.Recovered)
	}
	if math.Abs(r.Size-8.8) > .3 {
		t.Errorf("values are %v ms higher, want 8.8", r.Size)
	}
	want := "p50 rose from 35 to 44.7 ms since 2026-05-21; values are 8.72 ms higher on average (worse); 30k values against 200k before"
	if got := histogram.Sentence(r, latency); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if moved := histogram.MovedBuckets(r, 2); len(moved) != 2 || moved[0].From != 30 && moved[0].From != 60 {
		t.Errorf("moved: %+v", moved)
	}
}

func TestDetect_IsSilentWithoutALastingChange(t *testing.T) {
	half := make([]float64, len(base))
	for i, c := range base {
		half[i] = c / 20
	}
	var week [][]float64
	for range 8 {
		week = append(week, repeat(base, 5)...)
		week = append(week, repeat(slower, 2)...)
	}
	for name, periods := range map[string][]monitor.HistogramPeriod{
		"unchanged":        days(repeat(base, 60)),
		"one odd day":      days(repeat(base, 20), repeat(slower, 1), repeat(base, 30)),
		"two odd days":     days(repeat(base, 20), repeat(slower, 2), repeat(base, 30)),
		"less volume":      days(repeat(base, 20), repeat(half, 30)),
		"weekly cycle":     days(week),
		"three references": days(repeat(base, 3), repeat(slower, 30)),
		"two days of it":   days(repeat(base, 20), repeat(slower, 2)),
	} {
		if found := detect(t, latency, periods); len(found) > 0 {
			t.Errorf("%s: %s", name, histogram.Sentence(found[0], latency))
		}
	}
}

func TestDetect_ASpellIsOneRegressionThatRecovers(t *testing.T) {
	found := detect(t, latency, days(repeat(base, 20), repeat(slower, 3), repeat(base, 30)))
	if len(found) != 1 || !found[0].Recovered.Equal(start().AddDate(0, 0, 23)) {
		t.Errorf("got %+v", found)
	}
}

func TestDetect_NoticesASlowDriftOnce(t *testing.T) {
	var all [][]float64
	for i := range 70 {
		share := min(1, max(0, float64(i-20)/45))
		mixed := make([]float64, len(base))
		for b := range mixed {
			mixed[b] = base[b]*(1-share) + slower[b]*share
		}
		all = append(all, mixed)
	}
	found := detect(t, latency, series(all...))
	if len(found) != 1 || found[0].Shape != monitor.DriftChange || found[0].Moved != monitor.MovedUp {
		t.Fatalf("got %+v", found)
	}
	if !strings.HasPrefix(histogram.Sentence(found[0], latency), "p50 rose from") {
		t.Error(histogram.Sentence(found[0], latency))
	}
}

func TestDetect_AChangeInAWeeklyCycle(t *testing.T) {
	slowest := []float64{100, 200, 500, 1000, 2200, 2800, 3200}
	var all [][]float64
	for w := range 8 {
		workday, weekend := base, slower
		if w >= 5 {
			workday, weekend = slower, slowest
		}
		all = append(append(all, repeat(workday, 5)...), repeat(weekend, 2)...)
	}
	found := detect(t, latency, series(all...))
	if len(found) != 1 || !found[0].At.Equal(start().AddDate(0, 0, 35)) {
		t.Errorf("got %+v", found)
	}
}

func TestDetect_OtherBucketsAreNoChange(t *testing.T) {
	periods := days(repeat(base, 40))
	coarse := []float64{0, 20, 40, 60, 80}
	for i := range periods[20:] {
		periods[20+i].Histogram = periods[20+i].Rebin(coarse)
	}
	result := histogram.Detector{}.Detect(latency, periods)
	if len(result.Regressions) > 0 || len(result.Notes) != 1 || result.Notes[0] != "2 layouts of buckets are compared over 4 buckets that they have in common" {
		t.Errorf("got %+v", result)
	}
	changed := days(repeat(base, 20), repeat(slower, 20))
	for i := range changed[20:] {
		changed[20+i].Histogram = changed[20+i].Rebin(coarse)
	}
	if found := detect(t, latency, changed); len(found) != 1 || !found[0].At.Equal(start().AddDate(0, 0, 20)) {
		t.Errorf("a change together with other buckets: got %+v", found)
	}
}

func TestDetect_CategoriesHaveNoDirection(t *testing.T) {
	answers := monitor.Probe{Name: "ANSWER", Kind: "enumerated", Better: monitor.LowerBetter}
	found := detect(t, answers, days(repeat(base, 20), repeat(slower, 10)))
	if len(found) != 1 || found[0].Moved != monitor.MovedMixed || found[0].Welcome != monitor.Unset || found[0].Size != 0 {
		t.Fatalf("got %+v", found)
	}
	if got := histogram.Sentence(found[0], answers); !strings.HasPrefix(got, "the shares of its categories changed since 2026-05-21: ") {
		t.Error(got)
	}
}

func TestDetect_SaysWhatItPassesOver(t *testing.T) {
	periods := days(repeat(base, 10))
	periods[1].Counts = make([]float64, len(base))              // empty
	periods[3].Counts = []float64{1, 2, -3, 4, 5, 6, 7}         // negative
	periods[4].Counts = []float64{1, 2, math.NaN(), 4, 5, 6, 7} // NaN
	periods[5].Counts = []float64{1, 2, 3, 4, 5, 6, 7}          // thin
	result := histogram.Detector{}.Detect(latency, periods)
	want := []string{
		"2026-05-04 is passed over: counts[2]: -3 is negative; counts are 0 or more",
		"2026-05-05 is passed over: counts[2]: is not a number",
		"1 empty period is passed over",
		"1 period is passed over: fewer than 100 values",
		"4 periods are missing, the first is 2026-05-02; those around are compared as neighbours",
	}
	if got := strings.Join(result.Notes, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if empty := (histogram.Detector{}).Detect(latency, nil); len(empty.Regressions)+len(empty.Notes) > 0 {
		t.Errorf("nothing gave %+v", empty)
	}
}

func TestNumber_HasThreeFigures(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1234.5: "1234", 123.4: "123", 12.34: "12.3", 1.5: "1.5", .012345: "0.0123", math.Inf(1): "∞"} {
		if got := histogram.Number(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

func BenchmarkDetect_120DaysOf100Buckets(b *testing.B) {
	fine := make([]float64, 101)
	for i := range fine {
		fine[i] = float64(i) * .7
	}
	periods := days(repeat(base, 60), repeat(slower, 60))
	for i := range periods {
		periods[i].Histogram = periods[i].Rebin(fine)
	}
	b.ReportAllocs()
	for b.Loop() {
		histogram.Detector{}.Detect(latency, periods)
	}
}

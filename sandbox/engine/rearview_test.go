package engine

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wingmirror/monitor"
)

// The acceptance cases of Rearview, by their numbers in its specification, and
// the values that its helpers gave under Ruby. Where we differ on purpose, the
// row or comment says why.

func monitorData() monitor.Fetched {
	return series10("stats_counts.deals.logins.successful.attempts.attempts_1", 1338842370, 7, 10, 12, 12, 10, 11)
}

func conversionData() []monitor.Fetched {
	return []monitor.Fetched{
		series10("impressions", 1361381120, 82, 74, 72, 72, 81, 70, nan),
		series10("conversions", 1361381120, 17, 17, 17, 11, 18, 6, nan),
	}
}

// series10 is a target with one series of a point every ten seconds.
func series10(label string, start int64, values ...float64) monitor.Fetched {
	return monitor.Fetched{Target: label, Status: monitor.StatusOK, Series: []monitor.Series{{Label: label, Start: start, Step: 10, Values: values}}}
}

func TestRearview_Cases(t *testing.T) {
	d := monitorData()
	for _, c := range []struct {
		number, script string
		targets        []monitor.Fetched
		output         string
		message        string
	}{
		{"1", `puts(@timeseries.length); puts(@a.values.length)`, []monitor.Fetched{d}, "1\n6\n", ""},
		// JavaScript has one kind of number: it says 62 where Ruby's float said 62.0.
		{"2", `throw "Custom failure message count = " + sum(@a.values)`, []monitor.Fetched{d}, "", "Custom failure message count = 62"},
		{"3", `const total = fold_metrics(0, (acc, a) => acc + a.value)
if (!(total > 0)) throw "nothing"`, []monitor.Fetched{d}, "", ""},
		{"4", `let total = 0
with_metrics(a => { total += a.value })
if (!(total > 0)) throw "nothing"`, []monitor.Fetched{d}, "", ""},
		{"8", `throw "name = " + @name`, []monitor.Fetched{d}, "", "name = Checkout"},
		{"9", `if (@minutes != 60) throw "minutes"`, []monitor.Fetched{d}, "", ""},
		{"10", ``, []monitor.Fetched{d}, "", ""},
		{"12", `puts("foo")`, nil, "foo\n", ""},
		{"17.1", `const rate = sum(@b.values) / sum(@a.values) * 100
puts(sum(@a.values), sum(@b.values), rate)
if (rate < 10) throw "The conversion rate has dropped below 10%"`, conversionData(), "451\n86\n19.06873614190687\n", ""},
		{"18", `const silent = @timeseries.filter(s => sum(s.values.slice(-5)) === 0)
if (silent.length > 0) throw "No successful logins in 5min for the following: " + silent.map(s => s.label.toLowerCase()).join(", ")`,
			[]monitor.Fetched{
				series10("Facebook", 0, 1, 0, 0, 0, 0, 0), series10("Password", 0, 0, 0, 0, 0, 0, 1), series10("Google Plus", 0, 5, 0, nan, 0, nan, 0),
			}, "", "No successful logins in 5min for the following: facebook, google plus"},
	} {
		t.Run(c.number, func(t *testing.T) {
			got := newEngine(t).Run(input(c.script, c.targets...))
			// Rearview appended the message to the output; we keep the two apart.
			if got.Output != c.output || got.Message() != c.message || got.Fault != "" {
				t.Errorf("got output %q, message %q, fault %q; want %q, %q", got.Output, got.Message(), got.Fault, c.output, c.message)
			}
			if wantLevel := levelFor(c.message); got.Level != wantLevel {
				t.Errorf("level is %v, want %v", got.Level, wantLevel)
			}
		})
	}
}

func levelFor(message string) monitor.Level {
	if message != "" {
		return monitor.Critical
	}
	return monitor.OK
}

func TestRearview_Case5BothFormsOfGraphValueDraw(t *testing.T) {
	got := newEngine(t).Run(input(`fold_metrics(0, (acc, a) => {
  graph_value("x", a.timestamp, a.value)
  graph_value["stabby", a.timestamp, a.value]
  return acc + a.value
})`, monitorData()))
	var want []monitor.GraphPoint
	for i, v := range []float64{7, 10, 12, 12, 10, 11} {
		want = append(want, monitor.GraphPoint{Time: float64(1338842370 + 10*i), Value: v})
	}
	if len(got.Graph) != 2 || got.Graph[0].Label != "x" || got.Graph[1].Label != "stabby" {
		t.Fatalf("graph is %+v, %s", got.Graph, describe(got))
	}
	for _, line := range got.Graph {
		if !slices.Equal(line.Points, want) {
			t.Errorf("%s is %v, want %v", line.Label, line.Points, want)
		}
	}
}

func TestRearview_Case6NullsAreGaps(t *testing.T) {
	got := newEngine(t).Run(input(`with_metrics(a => graph_value("x", a.timestamp, null))`, monitorData()))
	if len(got.Graph) != 1 || len(got.Graph[0].Points) != 6 {
		t.Fatalf("graph is %+v", got.Graph)
	}
	for _, p := range got.Graph[0].Points {
		if !math.IsNaN(p.Value) {
			t.Errorf("point %v is no gap", p)
		}
	}
}

func TestRearview_Case7WithoutAPointTheSeriesAreTheGraph(t *testing.T) {
	got := newEngine(t).Run(input(`puts("foo"); @a.label = "other"`, monitorData()))
	if len(got.Graph) != 1 || got.Graph[0].Label != "stats_counts.deals.logins.successful.attempts.attempts_1" ||
		got.Graph[0].Points[5] != (monitor.GraphPoint{Time: 1338842420, Value: 11}) {
		t.Errorf("graph is %+v", got.Graph)
	}
}

func TestRearview_Case11ALargeSeriesIsInTime(t *testing.T) {
	values := make([]float64, 60_480)
	for i := range values {
		values[i] = float64(i % 97)
	}
	got := newEngine(t).Run(input(`if (@timeseries.length != 1 || !(@a.values.length > 60000)) throw "bad"
puts(sum(@a), percentile(@a.values, 99))`, series10("lowess(x.y, 0.100000, 3)", 0, values...)))
	if got.Fault != "" || got.Thrown != nil || got.Output != "2901864\n96\n" {
		t.Errorf("got %s, output %q", describe(got), got.Output)
	}
	if drawn := len(got.Graph[0].Points); drawn > 20_000 {
		t.Errorf("the graph has %d points", drawn)
	}
}

func TestRearview_Case13AFailedTargetIsNotTheEnginesBusiness(t *testing.T) {
	failed := monitor.Fetched{Target: "a", Status: monitor.StatusFailed, Reason: "There was an unexpected error"}
	if got := output(t, `puts(@targets[0].status, @targets[0].reason)`, failed); got != "failed\nThere was an unexpected error\n" {
		t.Errorf("got %q", got)
	}
}

func TestRearview_Case17TheWikisGraph(t *testing.T) {
	got := newEngine(t).Run(input(`let impressions = 0, conversions = 0
with_metrics((a, b) => {
  if (a.value !== null) impressions += a.value
  if (b.value !== null) conversions += b.value
  graph_value("# of impressions", a.timestamp, a.value)
  graph_value("# of conversions", b.timestamp, b.value)
  graph_value("Conversion Rate", a.timestamp, conversions / impressions * 100)
})`, conversionData()...))
	var labels []string
	for _, line := range got.Graph {
		labels = append(labels, line.Label)
		if len(line.Points) != 7 {
			t.Errorf("%s has %d points, want 7", line.Label, len(line.Points))
		}
	}
	if !slices.Equal(labels, []string{"# of impressions", "# of conversions", "Conversion Rate"}) {
		t.Fatalf("labels are %q", labels)
	}
	last := func(i int) float64 { return got.Graph[i].Points[6].Value }
	if !math.IsNaN(last(0)) || !math.IsNaN(last(1)) || last(2) != 19.06873614190687 {
		t.Errorf("the last points are %v, %v, %v: the rate is carried on over the gap", last(0), last(1), last(2))
	}
}

func TestRearview_Case19TypeOfLimitIsChecked(t *testing.T) {
	got := newEngine(t).Run(input(`percentage_errors([1], [[2], [3]], 1, "middle")`))
	if got.Fault != monitor.FaultScript || !strings.Contains(got.Reason, `You can only define the limit type as "upper" or "lower"`) {
		t.Errorf("got %q: %s", got.Fault, got.Reason)
	}
}

// cases returns a directory of the reference data, or skips.
func cases(t *testing.T, parts ...string) string {
	t.Helper()
	root := os.Getenv("WINGMIRROR_CASES")
	if root == "" {
		t.Skip("WINGMIRROR_CASES does not name the reference data")
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// rawSeries reads Graphite's raw format.
func rawSeries(t *testing.T, name string) []monitor.Fetched {
	t.Helper()
	var all []monitor.Fetched
	for line := range strings.Lines(string(readFile(t, name))) {
		head, data, ok := strings.Cut(strings.TrimSpace(line), "|")
		if !ok {
			continue
		}
		var values []float64
		for text := range strings.SplitSeq(data, ",") {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				v = nan
			}
			values = append(values, v)
		}
		all = append(all, series10(head, 0, values...))
	}
	return all
}

func TestRearview_Cases14And15RawData(t *testing.T) {
	for name, series := range map[string]int{"graphite-raw-test.dat": 3, "graphite-raw-nan.dat": 3, "graphite-raw-minlength.dat": 3} {
		targets := rawSeries(t, cases(t, "rearview", name))
		got := output(t, `puts(@timeseries.length, min(@timeseries.map(s => s.length)), true)`, targets...)
		shortest := "60"
		if name == "graphite-raw-minlength.dat" {
			shortest = "1"
		}
		if want := strconv.Itoa(series) + "\n" + shortest + "\ntrue\n"; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := output(t, `puts(@timeseries.length)`); got != "0\n" {
		t.Errorf("no data: got %q series", got)
	}
}

// vector is one row of helper_vectors.json.
type vector struct {
	In        json.RawMessage
	P         float64
	Out       json.RawMessage
	Error     string
	Metric    json.RawMessage
	Cmp       json.RawMessage
	Limit     float64
	Type      string
	Minutes   float64
	N         int
	Deploy    []*float64
	Metrics   json.RawMessage
	Deviation float64
}

func helperVectors(t *testing.T) map[string][]vector {
	t.Helper()
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(readFile(t, cases(t, "rearview", "helper_vectors.json")), &raw); err != nil {
		t.Fatal(err)
	}
	all := map[string][]vector{}
	for _, name := range []string{"sum", "mean", "median", "percentile", "sample_variance", "stdev", "percentage_errors", "deploy_check", "collect_aberrations"} {
		var rows []vector
		if err := json.Unmarshal(raw[name], &rows); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = rows
	}
	return all
}

// array writes the input of a vector as JavaScript.
func (v vector) array() string {
	if text := string(v.In); strings.HasPrefix(text, `"1..`) {
		return "Array.from({ length: " + strings.Trim(text[4:], `"`) + " }, (_, i) => i + 1)"
	}
	return string(v.In)
}

func TestRearview_HelperVectors(t *testing.T) {
	// What we answer instead of Rearview's value, and why.
	differ := map[string]string{
		"mean [null,1,2.0]":     "1.5",                             // a null is not a zero
		"mean []":               "error",                           // as there, with our message
		"median []":             "error",                           // as there, with our message
		"median [null]":         "error",                           // Ruby sorted one nil without comparing it; there is no median of nothing
		"percentile 1..10 0":    "1",                               // theirs counted from the end: the 0th percentile was the largest
		"percentile 1..10 0.95": "10", "percentile 1..10 99": "10", // at least p percent must not exceed it: nine of ten are not 95 %
		"percentile 1..10 200":   "error",                              // there is no such percentile; nil compared false or raised later
		`percentile "1..100" 29`: "29", `percentile "1..100" 57`: "57", // theirs lost one to the rounding of 0.29 * 100
		"percentile [null,5.0,1.0,null] 50": "1",                                       // a null is not a zero
		"sample_variance":                   "4.571428571428571",                       // theirs was the sum divided by n - 1
		"stdev [2,4,4,4,5,5,7,9]":           "2.138089935299395", "stdev [0]": "error", // the root of that
	}
	e := newEngine(t)
	for _, name := range []string{"sum", "mean", "median", "percentile", "sample_variance", "stdev"} {
		for _, v := range helperVectors(t)[name] {
			key := vectorKey(name, v)
			want, ours := differ[key]
			if !ours {
				want = plainNumber(v)
			}
			script := "puts(" + name + "(" + v.array() + "))"
			if name == "percentile" {
				script = "puts(percentile(" + v.array() + ", " + strconv.FormatFloat(v.P, 'g', -1, 64) + "))"
			}
			got := e.Run(input(script))
			answer := strings.TrimSuffix(got.Output, "\n")
			if got.Fault == monitor.FaultScript {
				answer = "error"
			}
			if answer != want {
				t.Errorf("%s: got %s, want %s (%s)", key, answer, want, describe(got))
			}
		}
	}
}

func vectorKey(name string, v vector) string {
	compact := strings.Join(strings.Fields(string(v.In)), "")
	switch {
	case name == "sample_variance":
		return name
	case name != "percentile":
		return name + " " + compact
	case strings.HasPrefix(compact, "[1.0,2.0"):
		compact = "1..10"
	}
	return name + " " + compact + " " + strconv.FormatFloat(v.P, 'g', -1, 64)
}

func plainNumber(v vector) string {
	if v.Error != "" {
		return "error"
	}
	f, err := strconv.ParseFloat(string(v.Out), 64)
	if err != nil {
		return string(v.Out)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func TestRearview_PercentageErrorsVectors(t *testing.T) {
	for i, v := range helperVectors(t)["percentage_errors"] {
		want := plainNumber(v)
		if i == 2 {
			want = "70" // one comparison counts: theirs needed exactly two, and silently counted nothing
		}
		script := "puts(percentage_errors(" + string(v.Metric) + ", " + string(v.Cmp) + ", " +
			strconv.FormatFloat(v.Limit, 'g', -1, 64) + ", \"" + v.Type + "\", 10))"
		if got := strings.TrimSpace(output(t, script)); got != want {
			t.Errorf("vector %d: got %s, want %s", i, got, want)
		}
	}
}

func TestRearview_DeployCheckVectors(t *testing.T) {
	e := newEngine(t)
	for i, v := range helperVectors(t)["deploy_check"] {
		if v.Error != "" {
			got := e.Run(input(`deploy_check(4, @a, @b)`, target("d", 1, 2, 3), target("m", 1, 2, 3)))
			if want := strings.TrimPrefix(v.Error, "Error: "); !strings.HasSuffix(got.Reason, want) || got.Fault != monitor.FaultScript {
				t.Errorf("vector %d: got %q, want %q", i, got.Reason, want)
			}
			continue
		}
		var metric []*float64
		if err := json.Unmarshal(v.Metric, &metric); err != nil {
			t.Fatal(err)
		}
		var compact []any
		if err := json.Unmarshal(v.Out, &compact); err != nil {
			t.Fatal(err)
		}
		want, _ := json.Marshal(compact)
		got := output(t, "puts(JSON.stringify(deploy_check(3, @a, @b)))", target("d", pointed(v.Deploy)...), target("m", pointed(metric)...))
		if strings.TrimSpace(got) != string(want) {
			t.Errorf("vector %d: got %s, want %s", i, got, want)
		}
	}
}

func pointed(from []*float64) []float64 {
	values := make([]float64, len(from))
	for i, p := range from {
		values[i] = nan
		if p != nil {
			values[i] = *p
		}
	}
	return values
}

func metricFile(t *testing.T, name string) []float64 {
	t.Helper()
	var values []float64
	for line := range strings.Lines(string(readFile(t, cases(t, "rearview", name)))) {
		v, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			v = nan
		}
		values = append(values, v)
	}
	return values
}

func TestRearview_CollectAberrations(t *testing.T) {
	a, b := metricFile(t, "metric_a.dat"), metricFile(t, "metric_b.dat")
	// Rearview said 0.3505384991636653 and 0.40808960944909956: differences of the
	// roots of sum / (n - 1), which are no deviations.
	got := output(t, `const found = collect_aberrations(@a, @b, 0)
for (const label of Object.keys(found)) puts(label + " " + found[label].toFixed(6))`, target("A", a...), target("B", b...))
	if want := "A 0.952157\nB 4.640522\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	odd := newEngine(t).Run(input(`collect_aberrations(@a, 0)`, target("odd", 1, 2, 3)))
	if !strings.HasSuffix(odd.Reason, "collect_aberrations expects an even number of data points and you passed in 3") {
		t.Errorf("got %q", odd.Reason)
	}
}

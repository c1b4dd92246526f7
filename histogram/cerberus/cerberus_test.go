package cerberus_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wingmirror/histogram/cerberus"
	"wingmirror/monitor"
)

// The rules of the method, one by one, on shapes that are not the original's.

var (
	old = []float64{4000, 3000, 2000, 1000}
	new = []float64{1000, 2000, 3000, 4000} // at a distance of some 0.3
)

// days makes an entry for each shape, from the first of June on.
func days(shapes ...[]float64) []cerberus.Entry {
	all := make([]cerberus.Entry, len(shapes))
	for i, values := range shapes {
		buckets := make([]float64, len(values))
		for b := range buckets {
			buckets[b] = float64(b)
		}
		all[i] = cerberus.Entry{Measure: "M", Kind: "linear", Date: fmt.Sprintf("2015-06-%02dT00:00:00.000Z", i+1), Buckets: buckets, Values: values}
	}
	return all
}

func times(n int, shape []float64) [][]float64 {
	all := make([][]float64, n)
	for i := range all {
		all[i] = shape
	}
	return all
}

func scaled(shape []float64, by float64) []float64 {
	out := slices.Clone(shape)
	for i := range out {
		out[i] *= by
	}
	return out
}

func TestDetect_FollowsTheMethod(t *testing.T) {
	far := []float64{0, 0, 0, 10000}
	for name, c := range map[string]struct {
		entries []cerberus.Entry
		dates   string
	}{
		"a step":                       {days(slices.Concat(times(7, old), times(3, new))...), "2015-06-08"},
		"a lasting step is told once":  {days(slices.Concat(times(7, old), times(20, new))...), "2015-06-08"},
		"four references are enough":   {days(slices.Concat(times(4, old), times(3, new))...), "2015-06-05"},
		"three are not":                {days(slices.Concat(times(3, old), times(3, new))...), ""},
		"two days after must agree":    {days(slices.Concat(times(7, old), times(2, new))...), ""},
		"a spike of two days":          {days(slices.Concat(times(7, old), times(2, new), times(7, old))...), ""},
		"a spike of three":             {days(slices.Concat(times(7, old), times(3, new), times(4, old))...), "2015-06-08"},
		"there and back after a week":  {days(slices.Concat(times(7, old), times(8, new), times(8, old))...), "2015-06-08,2015-06-16"},
		"volume alone is nothing":      {days(slices.Concat(times(7, old), times(7, scaled(old, 3)))...), ""},
		"too near":                     {days(slices.Concat(times(7, old), times(3, []float64{4200, 3000, 1900, 900}))...), ""},
		"the order of buckets":         {days(slices.Concat(times(7, []float64{8000, 0, 1000}), times(3, []float64{0, 8000, 1000}))...), "2015-06-08"},
		"references that differ":       {days(slices.Concat([][]float64{old, far, old, far, old, far, old}, times(3, new))...), ""},
		"thin days are no references":  {days(slices.Concat(times(4, scaled(old, .01)), times(3, old), times(3, new))...), ""},
		"a thin day is not looked at":  {days(slices.Concat(times(7, old), times(1, scaled(new, .09)), times(5, new))...), "2015-06-09"},
		"but may be the day after":     {days(slices.Concat(times(7, old), times(1, new), times(2, scaled(new, .01)))...), "2015-06-08"},
		"999 values are thin":          {days(slices.Concat(times(7, old), times(3, []float64{0, 0, 0, 999}))...), ""},
		"no bucket of a thousand":      {days(slices.Concat(times(7, old), times(3, []float64{999, 999, 999, 0}))...), ""},
		"a thousand in one bucket":     {days(slices.Concat(times(7, old), times(3, []float64{0, 0, 0, 1000}))...), "2015-06-08"},
		"days after of nothing":        {days(slices.Concat(times(7, old), times(1, new), times(2, []float64{0, 0, 0, 0}))...), "2015-06-08"},
		"the eighth day before is not": {days(slices.Concat(times(1, far), times(7, old), times(3, new))...), "2015-06-09"},
		"nothing":                      {nil, ""},
		"one day":                      {days(old), ""},
	} {
		found, notes := cerberus.Detect(c.entries)
		var dates []string
		for _, f := range found {
			dates = append(dates, f.Date)
		}
		if got := strings.Join(dates, ","); got != c.dates || len(notes) > 0 {
			t.Errorf("%s: got %q (%v), want %q", name, got, notes, c.dates)
		}
	}
}

func TestDetect_WindowsCountEntriesAndNotDays(t *testing.T) {
	entries := days(slices.Concat(times(7, old), times(3, new))...)
	for i := range entries { // every third day, and in no order
		entries[i].Date = fmt.Sprintf("2015-%02d-%02d", 6+i/9, 1+3*(i%9))
	}
	slices.Reverse(entries)
	if found, _ := cerberus.Detect(entries); len(found) != 1 || found[0].Date != "2015-06-22" {
		t.Errorf("got %+v", found)
	}
}

func TestDetect_AddsTheVersionsOfADay(t *testing.T) {
	whole := days(slices.Concat(times(7, old), times(3, new))...)
	var halves []cerberus.Entry
	for _, e := range whole {
		half := e
		half.Values = scaled(e.Values, .5)
		half.Date = e.Date[:10]
		other := half
		other.Date += " 23:59"
		halves = append(halves, half, other)
	}
	longer := whole[3]
	longer.Values = append(slices.Clone(longer.Values), 7)
	want, _ := cerberus.Detect(whole)
	got, notes := cerberus.Detect(append(halves, longer))
	if len(got) != 1 || !allNear(got[0].Regression, want[0].Regression) || !allNear(got[0].Reference, want[0].Reference) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "2015-06-04: an entry with 5 buckets is left out") {
		t.Errorf("notes %q", notes)
	}
}

func TestDetect_IgnoresAHistogramWhoseBucketsChange(t *testing.T) {
	shapes := slices.Concat(times(7, old), times(3, new))
	shapes[9] = append(slices.Clone(new), 5)
	found, notes := cerberus.Detect(days(shapes...))
	if len(found) > 0 || len(notes) != 1 || !strings.Contains(notes[0], "from 4 to 5 on 2015-06-10") {
		t.Errorf("got %+v, %q", found, notes)
	}
}

func TestDetect_TellsTheEntryBeforeEvenWhenItIsThin(t *testing.T) {
	thin := []float64{1, 1, 1, 1}
	found, _ := cerberus.Detect(days(slices.Concat(times(7, old), [][]float64{thin}, times(3, new))...))
	if len(found) != 1 || !allNear(found[0].Reference, []float64{.25, .25, .25, .25}) {
		t.Errorf("got %+v", found)
	}
}

func TestDistance_IsHellingersAsOpenCVHasIt(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{1, 0}, []float64{0, 1}, 1}, {[]float64{0, 0}, []float64{0, 0}, 1}, {[]float64{2, 2}, []float64{1, 1}, 0},
		{[]float64{1, 0}, []float64{.5, .5}, .541196100}, // sqrt(1 - sqrt(1/2))
		{[]float64{0, 0}, []float64{1, 1}, 1},
	} {
		if got := cerberus.Distance(c.a, c.b); !near(got, c.want) {
			t.Errorf("%v %v: got %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestParseHistogram_LeavesOutWhatCannotBeUsed(t *testing.T) {
	entry := `{"measure": "M", "kind": "linear", "date": "2015-06-01T00:00:00.000Z", "submissions": 1, "count": 3, "buckets": [0, 1], "values": [1, 2]}`
	for name, c := range map[string]struct{ old, new, want string }{
		"negative":     {"[1, 2]", "[1, -2]", "values[1] is negative"},
		"NaN":          {"[1, 2]", "[NaN, 2]", "values[0] is not a number"},
		"infinite":     {"[1, 2]", "[1, -Infinity]", "values[1] is not a number"},
		"no date":      {"2015-06-01T", "yesterday ", "does not begin with YYYY-MM-DD"},
		"no buckets":   {"[0, 1], \"values\": [1, 2]", "[], \"values\": []", "it has no buckets"},
		"unequal":      {"[1, 2]", "[1, 2, 3]", "3 values for 2 buckets"},
		"another form": {"[1, 2]", "{}", "it is not of the form"},
	} {
		file, err := cerberus.ParseHistogram([]byte("[" + entry + ",\n" + strings.Replace(entry, c.old, c.new, 1) + "]"))
		if err != nil || len(file.Entries) != 1 || len(file.Notes) != 1 || !strings.Contains(file.Notes[0], c.want) {
			t.Errorf("%s: got %d entries, %q, %v", name, len(file.Entries), file.Notes, err)
		}
	}
	for text, want := range map[string]string{entry[:60]: "cut off", "[" + entry: "cut off", "[1 2]": "byte 4, line 1", "{}": "another form is expected", "": "cut off"} {
		if _, err := cerberus.ParseHistogram([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: got %v, want %q", text, err, want)
		}
	}
}

func TestRegressions_OldEntriesStayAsTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dashboard", "regressions.json")
	const before = `{"2015-05-01": {"OLD": {"buckets": [0, 1.50], "regression": [1e-1, 0.9], "reference": [], "description": null, "extra": {"by": "hand"}}}}`
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := cerberus.ReadRegressions(path)
	if err != nil {
		t.Fatal(err)
	}
	entry := cerberus.ToRegression(cerberus.Found{Date: "2015-05-01", Buckets: []float64{0}}, cerberus.Definition{Text: "d", Notifications: []string{"a@example.com"}})
	if r.Add("2015-05-01", "OLD", entry) || !r.Add("2015-05-01", "NEW", entry) || r.Add("2015-05-01", "NEW", entry) || !r.Add("2015-06-01", "OLD", entry) {
		t.Error("what is there stays, what is not is added, once")
	}
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(path)
	for _, want := range []string{`"by": "hand"`, "1.50", "1e-1", `"alert_emails": [`, `"2015-06-01"`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%s is not in\n%s", want, data)
		}
	}
}

func TestDefinitions_AreReadFromJSONAndYAML(t *testing.T) {
	dir := t.TempDir()
	json, yaml := filepath.Join(dir, "Histograms.json"), filepath.Join(dir, "Scalars.yaml")
	if err := os.WriteFile(json, []byte(`{"GC_MS": {"alert_emails": "one@example.com", "expires_in_version": 60, "description": "d", "kind": "exponential"},
		"KEYED": {"keyed": true, "notification_emails": ["n@example.com"], "expires_in_version": "never"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(yaml, []byte("browser.engagement:\n  max_tabs:\n    description: >\n      tabs\n    expires: \"55.0\"\n    notification_emails:\n      - tabs@example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := cerberus.ReadDefinitions(json, yaml)
	if err != nil {
		t.Fatal(err)
	}
	scalar := all["SCALARS_BROWSER.ENGAGEMENT.MAX_TABS"]
	if scalar.Version() != "55.0" || !slices.Equal(scalar.Emails(), []string{"tabs@example.com"}) {
		t.Errorf("scalar %+v of %v", scalar, all.Names())
	}
	if gc := all["GC_MS"]; gc.Version() != "60" || !slices.Equal(gc.Emails(), []string{"one@example.com"}) || !all["KEYED"].Keyed {
		t.Errorf("histograms %+v", all)
	}
}

func TestProbeName_DropsTheStart(t *testing.T) {
	for name, want := range map[string]string{"STARTUP_GC_MS": "GC_MS", "GC_MS": "GC_MS", "GC_STARTUP_MS": "GC_STARTUP_MS", "startup_x": "startup_x", "STARTUP": "STARTUP"} {
		if got := cerberus.ProbeName(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestDetectFile_NeverBreaks(t *testing.T) {
	entries := days(slices.Concat(times(7, old), times(3, new))...)
	for i := range entries {
		entries[i].Buckets = []float64{5, 5, 0, -1} // in no order
	}
	got := cerberus.DetectFile(monitor.Probe{Name: "M"}, cerberus.File{Name: "M", Entries: entries})
	if len(got.Regressions) != 1 {
		t.Errorf("got %+v", got)
	}
}

package demo_test

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wingmirror/demo"
)

// noon is a Wednesday.
var noon = time.Date(2026, 4, 15, 12, 0, 0, 0, time.UTC)

func newGraphite(at time.Time) http.Handler {
	return demo.NewGraphite(demo.Options{Now: func() time.Time { return at }, Seed: 1})
}

func ask(t *testing.T, h http.Handler, path string, form url.Values) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest("GET", path+"?"+form.Encode(), nil))
	return answer.Code, answer.Body.String()
}

type line struct {
	Target     string
	Tags       map[string]string
	Datapoints [][2]*float64
}

func (l line) values() []float64 {
	values := make([]float64, len(l.Datapoints))
	for i, p := range l.Datapoints {
		values[i] = math.NaN()
		if p[0] != nil {
			values[i] = *p[0]
		}
	}
	return values
}

func (l line) times() []int64 {
	times := make([]int64, len(l.Datapoints))
	for i, p := range l.Datapoints {
		times[i] = int64(*p[1])
	}
	return times
}

func render(t *testing.T, h http.Handler, from, until string, targets ...string) []line {
	t.Helper()
	code, body := ask(t, h, "/render", url.Values{"target": targets, "from": {from}, "until": {until}, "format": {"json"}})
	if code != http.StatusOK {
		t.Fatalf("%v: %d %s", targets, code, body)
	}
	var lines []line
	if err := json.Unmarshal([]byte(body), &lines); err != nil {
		t.Fatalf("%v: %v in %.200s", targets, err, body)
	}
	return lines
}

// one asks for a target that gives one series.
func one(t *testing.T, h http.Handler, from, until, target string) line {
	t.Helper()
	lines := render(t, h, from, until, target)
	if len(lines) != 1 {
		t.Fatalf("%s: %d series, want 1", target, len(lines))
	}
	return lines[0]
}

var nearly = cmp.Comparer(func(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
})

func TestRender_WindowExcludesFromAndIncludesUntil(t *testing.T) {
	h := newGraphite(noon)
	got := one(t, h, "-1min", "now", "shop.web1.cpu")
	var want []int64
	for s := int64(-50); s <= 0; s += 10 {
		want = append(want, noon.Unix()+s)
	}
	if diff := cmp.Diff(want, got.times()); diff != "" {
		t.Error(diff)
	}
	if future := render(t, h, "now", "+1h", "shop.web1.cpu"); len(future) != 0 {
		t.Errorf("the future has %d series", len(future))
	}
}

func TestRender_EveryWindowTellsTheSameStory(t *testing.T) {
	long := one(t, newGraphite(noon), "-7d", "-6d", "shop.checkout.conversions")
	weekLater := noon.Add(7 * 24 * time.Hour)
	from := strconv.FormatInt(noon.Unix()-7*86400, 10)
	until := strconv.FormatInt(noon.Unix()-6*86400, 10)
	later := one(t, newGraphite(weekLater), from, until, "shop.checkout.conversions")
	if diff := cmp.Diff(long.values(), later.values(), nearly); diff != "" {
		t.Error("the past has changed")
	}
	nulls := len(long.values()) - len(slices.DeleteFunc(long.values(), math.IsNaN))
	if n := len(long.values()); n != 8640 || nulls == 0 || nulls > n/100 {
		t.Errorf("%d points, %d of them null; want 8640 and a few", n, nulls)
	}
	other := demo.NewGraphite(demo.Options{Now: func() time.Time { return noon }, Seed: 2})
	if cmp.Equal(long.values(), one(t, other, "-7d", "-6d", "shop.checkout.conversions").values(), nearly) {
		t.Error("another seed gives the same series")
	}
}

func TestRender_OldDataHasMinutes(t *testing.T) {
	h := newGraphite(noon)
	from, until := noon.Unix()-40*86400, noon.Unix()-40*86400+600
	got := one(t, h, strconv.FormatInt(from, 10), strconv.FormatInt(until, 10), "shop.disk.db1.used_percent")
	if got.times()[1]-got.times()[0] != 60 || len(got.times()) != 10 {
		t.Errorf("times %v", got.times())
	}
	if lines := render(t, h, "19800101", "19800102", "shop.web1.cpu"); len(lines) != 0 {
		t.Error("there is data from before the oldest archive")
	}
}

// The expected values are worked out from the plain series.
func TestRender_FunctionsGiveTheRightValues(t *testing.T) {
	h := newGraphite(noon)
	plain := func(path, from, until string) []float64 { return one(t, h, from, until, path).values() }
	a := plain("shop.disk.db1.used_percent", "-10min", "now")
	b := plain("shop.disk.db2.used_percent", "-10min", "now")
	long := plain("shop.disk.db1.used_percent", "-11min", "now")
	lastWeek := plain("shop.disk.files1.used_percent", noon.Add(-7*24*time.Hour-10*time.Minute).Format("15:04_20060102"), noon.Add(-7*24*time.Hour).Format("15:04_20060102"))

	each := func(f func(i int) float64) []float64 {
		out := make([]float64, len(a))
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	tests := []struct {
		target string
		want   []float64
	}{
		{"sumSeries(shop.disk.db*.used_percent)", each(func(i int) float64 { return a[i] + b[i] })},
		{"diffSeries(shop.disk.db1.used_percent, shop.disk.db2.used_percent)", each(func(i int) float64 { return a[i] - b[i] })},
		{"asPercent(shop.disk.db1.used_percent, sumSeries(shop.disk.db{1,2}.used_percent))", each(func(i int) float64 { return a[i] / (a[i] + b[i]) * 100 })},
		{"offset(scale(shop.disk.db1.used_percent, 2), -1)", each(func(i int) float64 { return 2*a[i] - 1 })},
		{"timeShift(shop.disk.files1.used_percent, '7d')", lastWeek},
		{"movingAverage(shop.disk.db1.used_percent, '1min')", each(func(i int) float64 {
			total := 0.0
			for _, v := range long[i+1 : i+7] {
				total += v
			}
			return total / 6
		})},
		{"derivative(shop.disk.db1.used_percent)", each(func(i int) float64 {
			if i == 0 {
				return math.NaN()
			}
			return a[i] - a[i-1]
		})},
		{"maxSeries(shop.disk.db[12].used_percent)", each(func(i int) float64 { return math.Max(a[i], b[i]) })},
	}
	for _, test := range tests {
		got := one(t, h, "-10min", "now", test.target)
		if diff := cmp.Diff(test.want, got.values(), nearly); diff != "" {
			t.Errorf("%s: %s", test.target, diff)
		}
		if first := got.times()[0]; first != noon.Unix()-590 {
			t.Errorf("%s starts at %d", test.target, first-noon.Unix())
		}
	}
}

func TestRender_SeveralWindowsOfOnePathInOneTarget(t *testing.T) {
	h := newGraphite(noon)
	got := one(t, h, "-10min", "now", "diffSeries(shop.disk.files1.used_percent, timeShift(shop.disk.files1.used_percent, '1h'))").values()
	now := one(t, h, "-10min", "now", "shop.disk.files1.used_percent").values()
	before := one(t, h, "-70min", "-1h", "shop.disk.files1.used_percent").values()
	for i := range got {
		if math.Abs(got[i]-(now[i]-before[i])) > 1e-9 {
			t.Fatalf("point %d: %v, want %v - %v", i, got[i], now[i], before[i])
		}
	}
}

// A client that asks for many targets at once marks each with an outer alias.
func TestRender_OuterAliasesComeThrough(t *testing.T) {
	h := newGraphite(noon)
	got := render(t, h, "-5min", "now",
		`aliasSub(aliasByNode(shop.logins.*.succeeded, 2), "^", "w0|")`,
		`aliasSub(shop.nothing.here, "^", "w1|")`,
		`alias(sumSeries(shop.web*.requests.rate), 'a "name", (odd) Zürich')`)
	var names []string
	for _, l := range got {
		names = append(names, l.Target)
	}
	want := []string{"w0|Apple", "w0|Google", "w0|Password", "w0|SSO", `a "name", (odd) Zürich`}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestRender_WritesWhatWasAsked(t *testing.T) {
	h := newGraphite(noon)
	form := url.Values{"target": {`alias(constantLine(5), 'five, "5"')`, "shop.disk.db1.used_percent"}, "from": {"-20s"}}
	want := one(t, h, "-20s", "now", "shop.disk.db1.used_percent")

	form.Set("format", "raw")
	_, raw := ask(t, h, "/render", form)
	lines := strings.Split(strings.TrimSpace(raw), "\n")
	start := strconv.FormatInt(noon.Unix()-10, 10)
	end := strconv.FormatInt(noon.Unix()+10, 10)
	if head, _, _ := strings.Cut(lines[1], "|"); head != "shop.disk.db1.used_percent,"+start+","+end+",10" {
		t.Errorf("raw: %s", lines[1])
	}

	form.Set("format", "csv")
	_, text := ask(t, h, "/render", form)
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	last := rows[len(rows)-1]
	value, _ := strconv.ParseFloat(last[2], 64)
	if rows[0][0] != `five, "5"` || last[1] != "2026-04-15 12:00:00" || value != want.values()[1] {
		t.Errorf("csv: %q", rows)
	}

	code, body := ask(t, h, "/render", url.Values{"target": {"shop.web1.cpu"}, "format": {"png"}})
	if code != http.StatusBadRequest || !strings.Contains(body, "json, raw and csv") {
		t.Errorf("png: %d %s", code, body)
	}
}

func TestRender_InfinityIsALargeNumber(t *testing.T) {
	_, body := ask(t, newGraphite(noon), "/render", url.Values{"target": {"pow(scale(shop.disk.db1.used_percent, 1e200), 5)"}, "from": {"-10s"}})
	if !strings.Contains(body, "[1e9999,") {
		t.Errorf("got %s", body)
	}
}

func TestRender_MaxDataPointsConsolidates(t *testing.T) {
	h := newGraphite(noon)
	_, body := ask(t, h, "/render", url.Values{
		"target": {"shop.disk.db1.used_percent", "consolidateBy(shop.disk.db1.used_percent, 'max')"},
		"from":   {"-10min"}, "maxDataPoints": {"10"}})
	var lines []line
	if err := json.Unmarshal([]byte(body), &lines); err != nil {
		t.Fatal(err)
	}
	all := one(t, h, "-10min", "now", "shop.disk.db1.used_percent").values()
	mean := 0.0
	for _, v := range all[:6] {
		mean += v / 6
	}
	got, most := lines[0].values(), lines[1].values()
	if len(got) != 10 || math.Abs(got[0]-mean) > 1e-9 || most[0] != slices.Max(all[:6]) {
		t.Errorf("%d points, first %v and %v; want 10, %v and %v", len(got), got[0], most[0], mean, slices.Max(all[:6]))
	}
}

func TestRender_TakesFormPosts(t *testing.T) {
	h := newGraphite(noon)
	form := url.Values{"target": {"shop.web1.cpu"}, "from": {"-1min"}, "format": {"json"}}
	_, want := ask(t, h, "/render", form)
	request := httptest.NewRequest("POST", "/render/", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK || answer.Body.String() != want {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestRender_RefusesLikeAServer(t *testing.T) {
	h := newGraphite(noon)
	many := slices.Repeat([]string{"shop.*.*.*"}, 20)
	tests := []struct {
		name    string
		form    url.Values
		code    int
		mention string
	}{
		{"unknown function", url.Values{"target": {"shop.web1.cpu", "noSuchFunction(shop.web1.cpu)"}}, 400, "noSuchFunction"},
		{"missing argument", url.Values{"target": {"movingAverage(shop.web1.cpu)"}}, 400, "missing argument"},
		{"open parenthesis", url.Values{"target": {"sumSeries(shop.web1.cpu"}}, 400, "parse"},
		{"text after the target", url.Values{"target": {"shop.web1.cpu)"}}, 400, "parse"},
		{"open wildcard", url.Values{"target": {"shop.{web1.cpu"}}, 400, ""},
		{"reason nobody knows", url.Values{"target": {"shop.web1.cpu"}, "from": {"garbage"}}, 400, "Unknown day reference: garbage"},
		{"empty range", url.Values{"target": {"shop.web1.cpu"}, "from": {"-1h"}, "until": {"-1h"}}, 400, "Invalid empty time range"},
		{"too many points", url.Values{"target": many, "from": {"-30d"}}, 400, "points"},
		{"too many points from old data", url.Values{"target": many, "from": {"-365d"}}, 400, "points"},
		{"too long a range", url.Values{"target": {"time('t', 1)"}, "from": {"1"}}, 400, "at most"},
		{"points out of nothing", url.Values{"target": {"sumSeries(time('t',1),time('u',1))"}, "from": {"-100d"}}, 400, "points"},
		{"windows by the million", url.Values{"target": {"timeStack(shop.web1.cpu,'1d',0,1000000000)"}}, 400, "timeStack"},
		{"a window of years", url.Values{"target": {"movingAverage(shop.web1.cpu,'60y')"}}, 400, "at most"},
		{"an interval of nothing", url.Values{"target": {"summarize(shop.web1.cpu,'0s')"}}, 400, "not above zero"},
		{"a term too many", url.Values{"target": {"polyfit(shop.web1.cpu,5000)"}}, 400, "from 0 to 10"},
		{"work for minutes", url.Values{"target": {"movingWindow(shop.web1.cpu,'3d','median')"}, "from": {"-30d"}}, 400, "too much work"},
		{"no such step", url.Values{"target": {"randomWalk('x',0)"}}, 500, "should not"},
		{"no target", url.Values{}, 200, ""},
		{"unknown metric", url.Values{"target": {"no.such.metric", "sumSeries(no.such.*)"}}, 200, ""},
		{"tags", url.Values{"target": {"seriesByTag('name=x')"}}, 200, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.form.Set("format", "json")
			code, body := ask(t, h, "/render", test.form)
			if code != test.code {
				t.Errorf("code %d, want %d; %.200s", code, test.code, body)
			}
			if code == 200 && body != "[]" {
				t.Errorf("body %.200s", body)
			}
			if code != 200 && !strings.Contains(strings.ToLower(body), strings.ToLower(test.mention)) {
				t.Errorf("%q does not mention %q", body, test.mention)
			}
		})
	}
}

func TestRender_AMonthAtTenSecondsIsFine(t *testing.T) {
	got := one(t, newGraphite(noon), "-30d", "now", "shop.web1.requests.rate")
	if n := len(got.values()); n != 30*8640 {
		t.Errorf("%d points", n)
	}
}

func TestRender_ManyAtOnce(t *testing.T) {
	h := newGraphite(noon)
	targets := []string{"shop.web*.cpu", "timeShift(shop.web1.cpu,'1d')", "asPercent(shop.payments.*.failed)", "movingMedian(shop.web1.latency.p95,'5min')", "applyByNode(shop.web*,1,'sumSeries(%.cpu)')", "summarize(shop.checkout.conversions,'1min','sum')"}
	want := make([]string, len(targets))
	for i, target := range targets {
		var code int
		if code, want[i] = ask(t, h, "/render", url.Values{"target": {target}, "from": {"-1h"}}); code != 200 {
			t.Fatalf("%s: %d %s", target, code, want[i])
		}
	}
	server := httptest.NewServer(h)
	defer server.Close()
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() {
			k := i % len(targets)
			answer, err := http.PostForm(server.URL+"/render", url.Values{"target": {targets[k]}, "from": {"-1h"}})
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || string(body) != want[k] {
				t.Errorf("%s: %v, another answer than alone", targets[k], err)
			}
			if list, err := http.Get(server.URL + "/functions?grouped=1"); err != nil {
				t.Error(err)
			} else {
				list.Body.Close()
			}
		})
	}
	group.Wait()
}

package graphite_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wingmirror/graphite"
	"wingmirror/monitor"
)

var nan = math.NaN()

func diff(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateNaNs()) }

func TestDecodeJSON_ToleratesWhatServersSend(t *testing.T) {
	one := func(values ...float64) []monitor.Series {
		return []monitor.Series{{Label: "a", Start: 60, Step: 60, Values: values}}
	}
	for _, row := range []struct {
		name, text string
		want       []monitor.Series
	}{
		{"no series", ` [ ] `, nil},
		{"null", "null", nil},
		{"a byte order mark", "\ufeff[{\"target\":\"a\",\"datapoints\":[[1,60],[2,120]]}]", one(1, 2)},
		{"spaces as Python writes them", `[{"target": "a", "tags": {"name": "a"}, "datapoints": [[1.5, 60], [null, 120], [-2, 180]]}]`, one(1.5, nan, -2)},
		{"dense as Go writes it", `[{"target":"a","datapoints":[[1.5,60],[null,120],[-2e0,180]],"tags":{"name":"a"}}]`, one(1.5, nan, -2)},
		{"indented", "[\n {\"datapoints\" : [ [ 1 ,\t60 ] ,\n[2,120] ] , \"target\" : \"a\" }\n]\n", one(1, 2)},
		{"infinities", `[{"target":"a","datapoints":[[1e9999,60],[-1e9999,120],[Infinity,180],[-Infinity,240],[+Inf,300]]}]`, one(math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1), math.Inf(1))},
		{"not a number", `[{"target":"a","datapoints":[[NaN,60],[nan,120],["NaN",180],["None",240],["",300],[None,360]]}]`, one(nan, nan, nan, nan, nan, nan)},
		{"numbers in quotes", `[{"target":"a","datapoints":[["1.5",60],["2","120"],[3,180.0]]}]`, one(1.5, 2, 3)},
		{"wrapped", `{"version":"v0.1","series":[{"target":"a","datapoints":[[1,60],[2,120]]}],"meta":{"x":[1,{"y":null}]}}`, one(1, 2)},
		{"unknown members", `[{"x":[1,[2,{"y":"z]"}]],"target":"a","step":60,"datapoints":[[1,60],[2,120]],"z":true}]`, one(1, 2)},
		{"empty datapoints", `[{"target":"a","datapoints":[]},{"target":"b","datapoints":null},{"target":"c"}]`, []monitor.Series{{Label: "a"}, {Label: "b"}, {Label: "c"}}},
		{"one point", `[{"target":"a","datapoints":[[1,60]]}]`, []monitor.Series{{Label: "a", Start: 60, Step: 1, Values: []float64{1}}}},
		{"escaped name", `[{"target":"Z\u00fcrich \u2713 \"q\" \ud83d\ude00 \/\n\\","datapoints":[]}]`, []monitor.Series{{Label: "Zürich ✓ \"q\" 😀 /\n\\"}}},
		{"broken surrogates and UTF-8", "[{\"target\":\"\\ud83d x\\udc00\xff\"}]", []monitor.Series{{Label: "\ufffd x\ufffd\ufffd"}}},
		{"a number for a name", `[{"target":5,"datapoints":[[1,60],[2,120]]},{"target":null}]`, []monitor.Series{{Label: "5", Start: 60, Step: 60, Values: []float64{1, 2}}, {}}},
		{"irregular", `[{"target":"a","datapoints":[[1,100],[2,110],[3,125],[4,130]]}]`, []monitor.Series{{Label: "a", Start: 100, Step: 5, Values: []float64{1, nan, 2, nan, nan, 3, 4}}}},
		{"out of order", `[{"target":"a","datapoints":[[3,180],[1,60],[2,120]]}]`, one(1, 2, 3)},
		{"twice the same time: the later one, but no null over a value", `[{"target":"a","datapoints":[[1,60],[9,60],[null,60],[2,120],[3,180]]}]`, one(9, 2, 3)},
		{"all at one time", `[{"target":"a","datapoints":[[1,60],[2,60]]}]`, []monitor.Series{{Label: "a", Start: 60, Step: 1, Values: []float64{2}}}},
	} {
		for way, reader := range map[string]io.Reader{"at once": strings.NewReader(row.text), "byte by byte": iotest.OneByteReader(strings.NewReader(row.text))} {
			got, err := graphite.DecodeJSON(reader, graphite.Limits{})
			if err != nil {
				t.Errorf("%s, %s: %v", row.name, way, err)
				continue
			}
			if d := diff(row.want, got); d != "" {
				t.Errorf("%s, %s (-want +got):\n%s", row.name, way, d)
			}
		}
	}
}

func TestDecodeJSON_SaysWhatElseItGot(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"", "the answer is empty"},
		{"  \n ", "the answer is empty"},
		{`cb([{"target":"a"}])`, "the answer is JSONP, a call of cb()"},
		{"\x89PNG\r\n\x1a\n....", "the answer is an image"},
		{"<html><head><title>502 Bad Gateway</title></head></html>", "not JSON: 502 Bad Gateway"},
		{"no such thing", "not JSON: no such thing"},
		{`{"error":"bad \u0007 thing"}`, "bad thing"},
		{`{"error":{"code":5}}`, "an error without a text"},
		{`{"labels":["Time"],"data":[[1,2]]}`, "a JSON object without series"},
		{`[{"target":"a","datapoints":[[1,60]]}]{"error":"late"}`, "late"},
		{`[{"target":"a"}] x`, "expected the end at byte 17"},
		{`[{"target":"a","datapoints":[[true,60]]}]`, `a number instead of "true"`},
		{`[{"target":"a","datapoints":[[0x10,60]]}]`, `a number instead of "0x10"`},
		{`[{"target":"a","datapoints":[[1,1e30]]}]`, "a time in seconds"},
		{`[{"target":"a","datapoints":[[1,null]]}]`, "a time in seconds"},
		{`[{"target":"a","datapoints":[[1,2,3]]}]`, `expected "]"`},
		{`[{"target":"a","datapoints":[1,2]}]`, `expected "["`},
		{`[{"text":"a"}]`, "expected a target with datapoints"},
		{"pow(a,50),1,2,1|1", "not JSON: pow(a,50)"},
		{"\x80\x05\x95", "not JSON: binary data"},
		{`[{"target":"a"`, "cut off after 14 bytes"},
		{`[{"target":"a","datapoints":[[1,60],[2,12`, "cut off after 41 bytes"},
		{`[` + strings.Repeat("[", 100), `expected "{"`},
		{`[{"x":` + strings.Repeat("[", 100), "less nesting"},
	} {
		_, err := graphite.DecodeJSON(strings.NewReader(row.text), graphite.Limits{})
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("DecodeJSON(%.40q) = %v, want ...%s...", row.text, err, row.want)
		}
	}
}

func TestDecodeJSON_CutOffIsUnexpectedEOF(t *testing.T) {
	whole := `[{"target":"a\u00fc","tags":{"name":"a"},"datapoints":[[1.25,60],[null,120],["x1",3]]}]`
	whole = strings.Replace(whole, `"x1"`, `"1"`, 1)
	for n := 1; n < len(whole); n++ {
		_, err := graphite.DecodeJSON(strings.NewReader(whole[:n]), graphite.Limits{})
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("DecodeJSON(%q) = %v, want an unexpected end", whole[:n], err)
		}
	}
	broken := errors.New("connection reset")
	_, err := graphite.DecodeJSON(io.MultiReader(strings.NewReader(whole[:20]), iotest.ErrReader(broken)), graphite.Limits{})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

func TestDecode_LimitsNameThemselves(t *testing.T) {
	for _, row := range []struct {
		name, text string
		limits     graphite.Limits
		what       string
	}{
		{"bytes", `[{"target":"` + strings.Repeat("a", 500) + `"}]`, graphite.Limits{Bytes: 400}, "bytes"},
		{"series", `[{"target":"a"},{"target":"a"},{"target":"a"}]`, graphite.Limits{Series: 2}, "series"},
		{"points over all series", `[{"datapoints":[[1,1],[1,2]]},{"datapoints":[[1,1],[1,2]]}]`, graphite.Limits{Points: 3}, "points"},
		{"the grid of an irregular series", `[{"datapoints":[[1,0],[1,7],[1,1000000000]]}]`, graphite.Limits{}, "points"},
		{"a grid beyond int64", `[{"datapoints":[[1,-1099511627775],[1,7],[1,1099511627775]]}]`, graphite.Limits{}, "points"},
		{"raw bytes", "a,1,2,1|" + strings.Repeat("1,", 300) + "1", graphite.Limits{Bytes: 400}, "bytes"},
		{"raw series", "a,1,2,1|1\nb,1,2,1|1\nc,1,2,1|1", graphite.Limits{Series: 2}, "series"},
		{"raw points", "a,1,2,1|1,1\nb,1,2,1|1,1", graphite.Limits{Points: 3}, "points"},
	} {
		decode := graphite.DecodeJSON
		if strings.HasPrefix(row.name, "raw") {
			decode = graphite.DecodeRaw
		}
		_, err := decode(strings.NewReader(row.text), row.limits)
		limit, ok := errors.AsType[*graphite.LimitError](err)
		if !ok || limit.What != row.what || !strings.Contains(err.Error(), "graphite-max-"+row.what) {
			t.Errorf("%s: %v, want the limit on %s", row.name, err, row.what)
		}
	}
}

// Every value must be the float64 nearest to its text, as strconv gives it.
func TestDecodeJSON_NumbersAreExact(t *testing.T) {
	texts := []string{
		"0", "-0", "0.1", "-0.1", "101.98328", "93.11007591666667", "9007199254740993", "9007199254740992.5", "0.30000000000000004",
		"1.23456789e+21", "5e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "0.000001", "0.0000000000000000000001",
		"123456789012345678901234567890", "3.141592653589793238462643383279", "100000000000000000000000", "1E5", "-1.5E-7", "18446744073709551616",
	}
	for i := range 2000 {
		texts = append(texts, strconv.FormatFloat(math.Sin(float64(i))*math.Pow(10, float64(i%40-20)), 'g', -1, 64), strconv.FormatFloat(float64(i)*1.1, 'f', 6, 64))
	}
	for _, text := range texts {
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		got, err := graphite.DecodeJSON(strings.NewReader(`[{"datapoints":[[`+text+`,60]]}]`), graphite.Limits{})
		if err != nil || math.Float64bits(got[0].Values[0]) != math.Float64bits(want) {
			t.Errorf("%s became %v (%v), want %v", text, got, err, want)
		}
	}
}

func TestDecodeRaw_SplitsFromTheRight(t *testing.T) {
	text := "lowess(a.b, 0.1, 3),60,240,60|1.0,None,nan\n\n   b|c,60,180,60|inf,-2e3  \n\tempty,60,60,60|\n"
	want := []monitor.Series{
		{Label: "lowess(a.b, 0.1, 3)", Start: 60, Step: 60, Values: []float64{1, nan, nan}},
		{Label: "b|c", Start: 60, Step: 60, Values: []float64{math.Inf(1), -2000}},
		{Label: "empty"},
	}
	got, err := graphite.DecodeRaw(strings.NewReader(text), graphite.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for _, row := range []struct{ text, want string }{
		{"<html><body><p>Oh no</p></body></html>", "not raw series: Oh no"},
		{"a,1,2|3", "not raw series"},
		{"a,1,2,1|3\nb,1,2,x|3", "wrong start, end or step"},
		{"a,1,2,1|3\nb", "without |"},
		{"a,1,2,1|3\nb,1,2,1|3,y", `not a number: "y"`},
		{"a,1,2,1|3\nb,1,2,0|3", "a step below 1"},
	} {
		if _, err := graphite.DecodeRaw(strings.NewReader(row.text), graphite.Limits{}); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("DecodeRaw(%q) = %v, want ...%s...", row.text, err, row.want)
		}
	}
}

func cases(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("WINGMIRROR_CASES")
	if dir == "" {
		tb.Skip("WINGMIRROR_CASES is not set")
	}
	return dir
}

func TestDecodeRaw_RearviewFiles(t *testing.T) {
	for _, row := range []struct {
		file   string
		series int
		values []int // of each series
		points []int // not null
	}{
		{"graphite-raw-monitor.dat", 1, []int{6}, []int{6}},
		{"graphite-raw-test.dat", 3, []int{60, 60, 60}, []int{60, 60, 20}},
		{"graphite-raw-nan.dat", 3, []int{60, 60, 60}, []int{60, 59, 20}},
		{"graphite-raw-minlength.dat", 3, []int{1, 2, 3}, []int{1, 2, 3}},
		{"graphite-raw-wiki-conversion.dat", 2, []int{7, 7}, []int{6, 6}},
	} {
		data, err := os.ReadFile(filepath.Join(cases(t), "rearview", row.file))
		if err != nil {
			t.Fatal(err)
		}
		series, err := graphite.DecodeRaw(bytes.NewReader(data), graphite.Limits{})
		if err != nil || len(series) != row.series {
			t.Errorf("%s: %d series, %v; want %d", row.file, len(series), err, row.series)
			continue
		}
		for i, s := range series {
			if len(s.Values) != row.values[i] || s.Points() != row.points[i] {
				t.Errorf("%s: series %d has %d values with %d points, want %d with %d", row.file, i, len(s.Values), s.Points(), row.values[i], row.points[i])
			}
		}
	}
	if series, err := graphite.DecodeRaw(strings.NewReader(""), graphite.Limits{}); err != nil || len(series) != 0 {
		t.Errorf("an empty answer: %v, %v", series, err)
	}
}

// The same data is recorded in both formats.
func TestDecode_RawAndJSONAgree(t *testing.T) {
	for _, name := range []string{"monitor", "wiki-conversion"} {
		open := func(file string) *os.File {
			f, err := os.Open(filepath.Join(cases(t), "rearview", file))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		}
		raw, err := graphite.DecodeRaw(open("graphite-raw-"+name+".dat"), graphite.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		fromJSON, err := graphite.DecodeJSON(open("graphite-json-"+name+".json"), graphite.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(raw, fromJSON); d != "" {
			t.Errorf("%s (-raw +json):\n%s", name, d)
		}
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		`[{"target": "a", "tags": {"name": "a"}, "datapoints": [[1.5, 60], [null, 120], [1e9999, 180]]}]`,
		`{"series":[{"target":"\ud83d\ude00","datapoints":[["NaN",60],[-1e-7,61]]}]}`, `{"error":"x"}`, `cb([])`, "<p>x", `[{"x":[{}]}]`, "null",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := graphite.Limits{Bytes: 1 << 20, Series: 50, Points: 500}
		got, err := graphite.DecodeJSON(bytes.NewReader(data), limits)
		slow, slowErr := graphite.DecodeJSON(iotest.OneByteReader(bytes.NewReader(data)), limits)
		if fmt.Sprint(err) != fmt.Sprint(slowErr) || diff(got, slow) != "" {
			t.Fatalf("%q at once: %v, %v; byte by byte: %v, %v", data, got, err, slow, slowErr)
		}
		checkSeries(t, got, limits)
		if err == nil {
			agreesWithStandardDecoder(t, data, got)
		}
	})
}

func checkSeries(t *testing.T, all []monitor.Series, limits graphite.Limits) {
	points := 0
	for _, s := range all {
		points += len(s.Values)
		if len(s.Values) > 0 && s.Step < 1 {
			t.Fatalf("step %d", s.Step)
		}
	}
	if points > limits.Points || len(all) > limits.Series {
		t.Fatalf("%d points in %d series", points, len(all))
	}
}

// agreesWithStandardDecoder compares with encoding/json, where that can read it.
func agreesWithStandardDecoder(t *testing.T, data []byte, got []monitor.Series) {
	var want []struct {
		Target     *string       `json:"target"`
		Datapoints [][2]*float64 `json:"datapoints"`
	}
	if json.Unmarshal(data, &want) != nil || len(want) != len(got) {
		return // another form, such as names that differ in case only
	}
	for i, w := range want {
		regular := len(w.Datapoints) == len(got[i].Values)
		for k := range w.Datapoints {
			if !regular || w.Datapoints[k][1] == nil || got[i].Time(k) != int64(*w.Datapoints[k][1]) {
				return
			}
			if v := w.Datapoints[k][0]; v != nil && *v != got[i].Values[k] {
				t.Fatalf("%q: value %d is %v, want %v", data, k, got[i].Values[k], *v)
			}
		}
	}
}

func FuzzDecodeRaw(f *testing.F) {
	f.Add("a,1,3,1|1.0,None\n  lowess(b, 1, 2),60,120,60|nan,inf")
	f.Add("<html>")
	f.Fuzz(func(t *testing.T, text string) {
		limits := graphite.Limits{Bytes: 1 << 20, Series: 50, Points: 500}
		got, err := graphite.DecodeRaw(strings.NewReader(text), limits)
		if err == nil {
			checkSeries(t, got, limits)
		}
	})
}

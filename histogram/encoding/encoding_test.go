package encoding_test

import (
	"encoding/base64"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/caio/go-tdigest/v4"
	"google.golang.org/protobuf/proto"

	"wingmirror/histogram/encoding"
)

// upper gives the last bucket the width of the one before it.
func upper(lower []float64) []float64 {
	n := len(lower)
	if n < 2 {
		return append(slices.Clone(lower), lower[0]+1)
	}
	return append(slices.Clone(lower), 2*lower[n-1]-lower[n-2])
}

func TestHistogram_ReadsEveryForm(t *testing.T) {
	inf := math.Inf(1)
	for text, want := range map[string][2][]float64{
		`{"edges": [0, 1, 5], "counts": [3, 4]}`:                           {{0, 1, 5}, {3, 4}},
		`{"buckets": [0, 1, 5], "values": [3, 4, 0]}`:                      {{0, 1, 5, 9}, {3, 4, 0}},
		`{"sparse": {"5": 4, "0": 3}}`:                                     {{0, 5, 10}, {3, 4}},
		`{"sparse": {"50": 4, "0": 3}, "width": 10}`:                       {{0, 10, 50, 60}, {3, 0, 4}},
		`{"sparse": {"1": 3, "2": 1, "8": 4}, "growth": 2}`:                {{1, 2, 4, 8, 16}, {3, 1, 0, 4}},
		`{"cumulative": {"0.1": 5, "1": 7, "+Inf": 10}}`:                   {{0, .1, 1, inf}, {5, 2, 3}},
		`{"cumulative": {"-1": 5, "1": 7, "+Inf": 7}, "submissions": 100}`: {{-inf, -1, 1, inf}, {5, 2, 0}},
	} {
		all, err := encoding.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		h, err := all[0].Histogram(upper)
		if err != nil || !slices.Equal(h.Edges, want[0]) || !slices.Equal(h.Counts, want[1]) {
			t.Errorf("%s: %v, got %v %v", text, err, h.Edges, h.Counts)
		}
	}
}

// sketches are the same values in every sketch, in base64.
func sketches(t testing.TB, values []float64) map[string]encoding.Pushed {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	hdr := hdrhistogram.New(1, 1_000_000, 3)
	dd, err := ddsketch.NewDefaultDDSketch(0.01)
	must(err)
	digest, err := tdigest.New(tdigest.LocalRandomNumberGenerator(1))
	must(err)
	for _, v := range values {
		must(hdr.RecordValue(int64(v)))
		must(dd.Add(v))
		must(digest.Add(v))
	}
	hdrText, err := hdr.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	must(err)
	ddBytes, err := proto.Marshal(dd.ToProto())
	must(err)
	var ddOwn []byte
	dd.Encode(&ddOwn, false)
	digestBytes, err := digest.AsBytes()
	must(err)
	var centroids [][2]float64
	digest.ForEachCentroid(func(mean float64, count uint64) bool {
		centroids = append(centroids, [2]float64{mean, float64(count)})
		return true
	})
	text := base64.StdEncoding.EncodeToString
	return map[string]encoding.Pushed{
		"hdr": {HDR: string(hdrText)}, "ddsketch": {DDSketch: text(ddBytes)}, "ddsketch's own": {DDSketch: text(ddOwn)},
		"tdigest": {TDigest: text(digestBytes)}, "centroids": {Centroids: centroids},
	}
}

func TestHistogram_SketchesKeepCountAndQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, 20_000)
	for i := range values {
		values[i] = math.Round(math.Exp(5 + random.NormFloat64()))
	}
	sorted := slices.Sorted(slices.Values(values))
	for name, pushed := range sketches(t, values) {
		h, err := pushed.Histogram(upper)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if math.Abs(h.Total()-20_000) > 1e-6 {
			t.Errorf("%s: %v values", name, h.Total())
		}
		if !slices.Equal(h.Edges, encoding.SketchEdges(false)) {
			t.Errorf("%s: its edges are not the fixed ones", name)
		}
		for _, q := range []float64{.05, .5, .95} {
			got, want := h.Quantile(q), sorted[int(q*20_000)]
			if math.Abs(got/want-1) > .03 {
				t.Errorf("%s: quantile %v is %v, want %v", name, q, got, want)
			}
		}
	}
}

func TestHistogram_BadInputNamesTheField(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                                  "counts: there is no histogram: send edges and counts",
		`{"counts": [1, 2], "edges": [0, 1]}`: "edges: 2 edges for 2 counts",
		`{"counts": [1, -2], "edges": [0, 1, 2]}`:  "counts[1]: -2 is negative",
		`{"counts": [1, "x"], "edges": [0, 1, 2]}`: "counts: a string stands where a number is expected",
		`{"counts": [1, NaN], "edges": [0, 1, 2]}`: "body: is no valid JSON at byte 16",
		`{"counts": [1,`:                                            "body: the JSON ends in the middle",
		`{"buckets": [1, 2], "values": [1]}`:                        "values: 1 values for 2 buckets",
		`{"buckets": [1, 2], "values": [1, 2], "sparse": {"1": 2}}`: "values: sparse and values are given both",
		`{"sparse": {"a": 1}}`:                                      `sparse: the key "a" is not a number`,
		`{"sparse": {"1": 1, "1.0": 2}}`:                            "sparse: the edge 1 is there twice",
		`{"sparse": {}}`:                                            "sparse: has no bucket",
		`{"sparse": {"1": 1, "2": 1}, "width": 5}`:                  "sparse: the bucket at 1 reaches beyond the next at 2",
		`{"cumulative": {"1": 5}}`:                                  "cumulative: the edge +Inf is missing",
		`{"cumulative": {"1": 5, "+Inf": 4}}`:                       "cumulative: 4 values are at or below +Inf, but 5 below an edge before it",
		`{"hdr": "%%"}`:                                             "hdr: is not base64",
		`{"hdr": "AAAA"}`:                                           "hdr: is broken: it is too short",
		`{"ddsketch": "AAAA"}`:                                      "ddsketch: is broken",
		`{"tdigest": "AAAAAgAAAAAAAAAAf////wAA"}`:                   "tdigest: is broken: it says that it has 2147483647 centroids",
		`{"centroids": []}`:                                         "centroids: there is none",
		`{"centroids": [[1, -2]]}`:                                  "centroids: mean 1 with weight -2 is no centroid",
		`{"count": [1]}`:                                            `body: json: unknown field "count"`,
	} {
		all, err := encoding.Parse([]byte(text))
		if err == nil {
			_, err = all[0].Histogram(upper)
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestTime_IsThatOfThePeriod(t *testing.T) {
	now := time.Date(2026, 5, 12, 14, 35, 0, 0, time.UTC)
	for _, row := range []struct{ at, period, want string }{
		{"", "", "2026-05-12T00:00:00Z"},
		{"", "1h", "2026-05-12T14:00:00Z"},
		{"2026-05-01", "", "2026-05-01T00:00:00Z"},
		{"2026-05-01T23:59:59+02:00", "1d", "2026-05-01T00:00:00Z"},
	} {
		at, _, err := encoding.Pushed{At: row.at, Period: row.period}.Time(now)
		if err != nil || at.Format(time.RFC3339) != row.want {
			t.Errorf("%+v: got %v %v", row, at, err)
		}
	}
	for field, p := range map[string]encoding.Pushed{"at": {At: "yesterday"}, "period": {Period: "forever"}} {
		if _, _, err := p.Time(now); err == nil || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if _, _, err := (encoding.Pushed{At: "2027-05-01"}).Time(now); err == nil {
		t.Error("a day a year ahead is taken")
	}
}

func FuzzHistogram_BrokenSketchesAreErrors(f *testing.F) {
	for _, p := range sketches(f, []float64{1, 2, 3, 500}) {
		for _, text := range []string{p.HDR, p.DDSketch, p.TDigest} {
			data, _ := base64.StdEncoding.DecodeString(text)
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		text := base64.StdEncoding.EncodeToString(data)
		if text == "" {
			return
		}
		for _, p := range []encoding.Pushed{{HDR: text}, {DDSketch: text}, {TDigest: text}} {
			if h, err := p.Histogram(upper); err == nil && h.Check() != nil {
				t.Errorf("a histogram that is none: %v", h.Check())
			}
		}
	})
}

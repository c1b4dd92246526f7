package distribution_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"wingmirror/distribution"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

func TestCheck_NamesWhatIsWrong(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, row := range []struct {
		edges, counts []float64
		want          string
	}{
		{[]float64{0, 1}, nil, "counts: there is no bucket; send at least one"},
		{[]float64{0, 1}, []float64{1, 2}, "edges: 2 edges for 2 counts; there must be one edge more than there are counts"},
		{[]float64{0, 1, 1}, []float64{1, 2}, "edges[2]: 1 is not above the edge before it, 1; edges ascend"},
		{[]float64{0, nan, 1}, []float64{1, 2}, "edges[1]: is not a number"},
		{[]float64{0, inf, 1}, []float64{1, 2}, "edges[1]: is infinite; only the first and the last edge may be"},
		{[]float64{0, 1, 2}, []float64{1, -2}, "counts[1]: -2 is negative; counts are 0 or more"},
		{[]float64{0, 1, 2}, []float64{nan, 2}, "counts[0]: is not a number"},
		{[]float64{0, 1, 2}, []float64{inf, 2}, "counts[0]: is infinite"},
		{[]float64{-inf, inf}, []float64{2}, "edges: the only bucket holds everything; give a finite edge"},
		{[]float64{0, 1, 2}, []float64{1e308, 1e308}, "counts: the total is too large to count"},
	} {
		err := distribution.Histogram{Edges: row.edges, Counts: row.counts}.Check()
		if err == nil || err.Error() != row.want {
			t.Errorf("%v %v: got %v, want %s", row.edges, row.counts, err, row.want)
		}
	}
	if err := (distribution.Histogram{Edges: []float64{-inf, 0, inf}, Counts: []float64{1, 2}}).Check(); err != nil {
		t.Errorf("infinite outer edges: %v", err)
	}
}

func TestDistance_OfAShiftIsItsLength(t *testing.T) {
	edges := []float64{0, 10, 20, 30, 40}
	a := distribution.Histogram{Edges: edges, Counts: []float64{10, 0, 0, 0}}
	for i, want := range []float64{0, 10, 20, 30} {
		b := distribution.Histogram{Edges: edges, Counts: make([]float64, 4)}
		b.Counts[i] = 3
		got, err := a.Distance(b, "wasserstein")
		if err != nil || !near(got, want) {
			t.Errorf("moved by %d buckets: got %v %v, want %v", i, got, err, want)
		}
		hellinger, _ := a.Distance(b, "hellinger")
		if ks, _ := a.Distance(b, "ks"); ks != min(1, float64(i)) || hellinger != ks {
			t.Errorf("moved by %d buckets: ks %v, hellinger %v", i, ks, hellinger)
		}
	}
}

func TestDistance_AreasOfLinesThatCross(t *testing.T) {
	at := []float64{0, 1, 2}
	s := distribution.Between(at, []float64{0, .75, 1}, []float64{0, .25, 1})
	if !near(s.W1, .5) || !near(s.Signed, .5) || !near(s.KS, .5) {
		t.Errorf("got %+v", s)
	}
	s = distribution.Between([]float64{0, 1, 2, 3}, []float64{0, .5, .5, 1}, []float64{0, .3, .7, 1})
	if !near(s.Signed, 0) || !near(s.W1, .1+.1+.1) {
		t.Errorf("crossing: got %+v", s)
	}
}

func TestDistance_IsAMetric(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	edges := []float64{0, 1, 3, 7, 20}
	draw := func() distribution.Histogram {
		h := distribution.Histogram{Edges: edges, Counts: make([]float64, 4)}
		for i := range h.Counts {
			h.Counts[i] = float64(random.IntN(5))
		}
		h.Counts[random.IntN(4)]++
		return h
	}
	for range 2000 {
		a, b, c := draw(), draw(), draw()
		for _, measure := range distribution.Distances() {
			ab, _ := a.Distance(b, measure)
			ba, _ := b.Distance(a, measure)
			bc, _ := b.Distance(c, measure)
			ac, _ := a.Distance(c, measure)
			aa, _ := a.Distance(a, measure)
			if math.Abs(ab-ba) > 1e-9 || aa > 1e-7 || ac > ab+bc+1e-9 {
				t.Fatalf("%s of %v %v %v: %v %v %v %v %v", measure, a.Counts, b.Counts, c.Counts, ab, ba, bc, ac, aa)
			}
		}
	}
}

func TestDistance_SaysWhyThereIsNone(t *testing.T) {
	a := distribution.Histogram{Edges: []float64{0, 1, 2}, Counts: []float64{1, 1}}
	empty := distribution.Histogram{Edges: []float64{0, 1, 2}, Counts: []float64{0, 0}}
	if _, err := a.Distance(empty, "ks"); err == nil {
		t.Error("an empty histogram has a distance")
	}
	if _, err := a.Distance(a, "manhattan"); err == nil || err.Error() != `"manhattan" is none of the distances wasserstein, ks, jensen-shannon, hellinger, cramer` {
		t.Errorf("got %v", err)
	}
}

func TestRebin_KeepsTotalAndDividesEvenly(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	fine := make([]float64, 101)
	for i := range fine {
		fine[i] = float64(i)
	}
	h := distribution.Histogram{Edges: fine, Counts: make([]float64, 100)}
	for i := range h.Counts {
		h.Counts[i] = float64(random.IntN(100))
	}
	coarse := h.Rebin([]float64{0, 7.5, 20, 33, 60, 100})
	if !near(coarse.Total(), h.Total()) {
		t.Errorf("total %v became %v", h.Total(), coarse.Total())
	}
	// Bucket 7 of [7, 8) is halved by the edge at 7.5.
	want := h.Counts[7] / 2
	for _, c := range h.Counts[:7] {
		want += c
	}
	if !near(coarse.Counts[0], want) {
		t.Errorf("first bucket %v, want %v", coarse.Counts[0], want)
	}
	if back := coarse.Rebin(fine); !near(back.Total(), h.Total()) {
		t.Errorf("back: total %v, want %v", back.Total(), h.Total())
	}
}

func TestRebin_PutsWhatIsOutsideIntoTheOutermost(t *testing.T) {
	h := distribution.Histogram{Edges: []float64{math.Inf(-1), 0, 10, math.Inf(1)}, Counts: []float64{1, 2, 4}}
	got := h.Rebin([]float64{2, 4, 6})
	if want := []float64{1 + 2*.4, 2*.6 + 4}; !near(got.Counts[0], want[0]) || !near(got.Counts[1], want[1]) {
		t.Errorf("got %v, want %v", got.Counts, want)
	}
}

func TestCommon_DropsEdgesInsideAnOverflowBucket(t *testing.T) {
	short := []float64{0, 1, 2, 3, 4, 5, 6} // its last bucket, from 5, holds all above
	long := []float64{0, 2, 4, 8, 16, 32}   // fewer buckets, further up
	want := []float64{0, 2, 4, 32}          // 8 and 16 are inside short's last bucket
	if got := distribution.Common(short, long); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := distribution.Common([]float64{0, 1, 2, 3, 4}, []float64{100, 200, 300, 400, 500}); got != nil {
		t.Errorf("nothing in common gave %v", got)
	}
}

func TestQuantile_InterpolatesInsideABucket(t *testing.T) {
	h := distribution.Histogram{Edges: []float64{0, 10, 20, math.Inf(1)}, Counts: []float64{50, 40, 10}}
	for q, want := range map[float64]float64{0: 0, .25: 5, .5: 10, .7: 15, .95: 20, 1: 20} {
		if got := h.Quantile(q); !near(got, want) {
			t.Errorf("quantile %v: got %v, want %v", q, got, want)
		}
	}
	if got := (distribution.Histogram{Edges: []float64{0, 1}, Counts: []float64{0}}).Quantile(.5); !math.IsNaN(got) {
		t.Errorf("of nothing: got %v", got)
	}
}

func TestOf_CountsWhatIsOutsideInTheOutermost(t *testing.T) {
	h, err := distribution.Of([]float64{-5, 0, 1, 9.9, 10, 30, math.NaN()}, []float64{0, 10, 20})
	if err != nil || !slices.Equal(h.Counts, []float64{4, 2}) {
		t.Errorf("got %v %v", h.Counts, err)
	}
	if _, err := distribution.Of(nil, []float64{1}); err == nil {
		t.Error("one edge makes no bucket")
	}
}

func ExampleMerge() {
	monday := distribution.Histogram{Edges: []float64{0, 1, 2, 4}, Counts: []float64{5, 3, 2}}
	tuesday := distribution.Histogram{Edges: []float64{0, 2, 4}, Counts: []float64{6, 4}}
	both := distribution.Merge(monday, tuesday)
	fmt.Println(both.Edges, both.Counts, both.Quantile(0.5))
	// Output: [0 2 4] [14 6] 1.4285714285714286
}

func FuzzRebin_NeverLosesACount(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, 0.5, 2.5)
	f.Fuzz(func(t *testing.T, a, b, c, x, y float64) {
		h := distribution.Histogram{Edges: []float64{a, b, c}, Counts: []float64{3, 4}}
		into := []float64{x, y}
		if h.Check() != nil || (distribution.Histogram{Edges: into, Counts: []float64{0}}).Check() != nil {
			return
		}
		if got := h.Rebin(into).Total(); math.IsInf(c-a, 0) || math.IsInf(c-b, 0) || math.IsInf(b-a, 0) || near(got, 7) {
			return
		} else {
			t.Errorf("%v into %v: total %v", h.Edges, into, got)
		}
	})
}

package anomaly

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var null = math.NaN()

// near compares to the digits that a hand calculation has; NaN is near NaN.
func near(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || a == b || math.Abs(a-b) <= 1e-9*max(1, math.Abs(b))
}

func allNear(a, b []float64) bool { return slices.EqualFunc(a, b, near) }

func TestSummary_KnownValues(t *testing.T) {
	data := []float64{2, null, 4, 4, 4, 5, 5, null, 7, 9}
	for name, c := range map[string]struct{ got, want float64 }{
		"sum":         {Sum(data), 40},
		"mean":        {Mean(data), 5},
		"median":      {Median(data), 4.5},
		"median odd":  {Median([]float64{9, 1, 5}), 5},
		"min":         {Min(data), 2},
		"max":         {Max(data), 9},
		"variance":    {Variance(data), 32.0 / 7},
		"stdev":       {Stdev(data), 2.138089935299395},
		"mad":         {MAD([]float64{1, 1, 2, 2, 4, 6, 9}), 1},
		"delta":       {Delta([]float64{null, 3, 8, 5, null}), 2},
		"sum of none": {Sum(nil), 0},
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s is %v, want %v", name, c.got, c.want)
		}
	}
}

func TestSummary_NothingHasNoStatistic(t *testing.T) {
	for _, data := range [][]float64{nil, {}, {null}, {null, null}} {
		for name, f := range map[string]func([]float64) float64{
			"mean": Mean, "median": Median, "min": Min, "max": Max, "variance": Variance, "stdev": Stdev, "mad": MAD, "delta": Delta,
		} {
			if v := f(data); !math.IsNaN(v) {
				t.Errorf("%s of %v is %v", name, data, v)
			}
		}
		if v, i := Last(data); !math.IsNaN(v) || i != -1 {
			t.Errorf("Last(%v) is %v at %d", data, v, i)
		}
	}
	if v := Variance([]float64{5}); !math.IsNaN(v) {
		t.Errorf("the variance of one value is %v", v)
	}
}

func TestPercentile_IsTheNearestRank(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for p, want := range map[float64]float64{0: 1, 0.001: 1, 0.01: 1, 0.011: 2, 0.29: 29, 0.57: 57, 0.95: 95, 0.999: 100, 1: 100} {
		if got := Percentile(hundred, p); got != want {
			t.Errorf("p %v of 1..100 is %v, want %v", p, got, want)
		}
	}
	if got := Percentile([]float64{null, 5, 1, null}, 0.5); got != 1 {
		t.Errorf("the median rank of 1 and 5 is %v", got)
	}
	if got := Percentile(hundred, 1.1); !math.IsNaN(got) {
		t.Errorf("the 110th percentile is %v", got)
	}
	for n := 1; n <= 30; n++ {
		for k := 0; k <= 200; k++ {
			p := float64(k) / 200
			got := Percentile(hundred[:n], p)
			atMost := 0
			for _, x := range hundred[:n] {
				if x <= got {
					atMost++
				}
			}
			// In whole numbers: atMost / n >= k / 200, and one value less would not do.
			if atMost*200 < k*n || k > 0 && (atMost-1)*200 >= k*n {
				t.Fatalf("percentile %v of %d values is the %dth", p, n, atMost)
			}
		}
	}
}

func TestTransform_KnownValues(t *testing.T) {
	for name, c := range map[string]struct{ got, want []float64 }{
		"compact":        {Compact([]float64{1, null, 2}), []float64{1, 2}},
		"derivative":     {Derivative([]float64{1, 4, null, 5, 9}), []float64{null, 3, null, null, 4}},
		"counter":        {NonNegativeDerivative([]float64{1, 5, 2, 6}, null), []float64{null, 4, null, 4}},
		"wrap":           {NonNegativeDerivative([]float64{250, 4}, 255), []float64{null, 10}},
		"wrap below max": {NonNegativeDerivative([]float64{250, 4}, 100), []float64{null, null}},
		"integral":       {Integral([]float64{1, null, 2, 3}), []float64{1, null, 3, 6}},
		"moving average": {MovingAverage([]float64{1, 3, 5, null, 9, null, null}, 2), []float64{1, 2, 4, 5, 9, 9, null}},
		"ewma":           {EWMA([]float64{null, 10, 20, null, 20}, 0.5), []float64{null, 10, 15, 15, 17.5}},
		"season":         {SeasonalResidual([]float64{1, 10, 1, 10, 4, null}, 2), []float64{0, 0, 0, 0, 3, null}},
		"long season":    {SeasonalResidual([]float64{1, 2}, 5), []float64{0, 0}},
	} {
		if !allNear(c.got, c.want) {
			t.Errorf("%s is %v, want %v", name, c.got, c.want)
		}
	}
}

func TestConsecutiveAtEnd_SkipsMissing(t *testing.T) {
	high := func(v float64) bool { return v > 5 }
	for _, c := range []struct {
		data []float64
		want int
	}{{[]float64{9, 1, 9, null, 9, null}, 2}, {[]float64{9, 9}, 2}, {[]float64{9, 1}, 0}, {nil, 0}} {
		if got := ConsecutiveAtEnd(c.data, high); got != c.want {
			t.Errorf("%v has %d, want %d", c.data, got, c.want)
		}
	}
}

func TestRelation_KnownValues(t *testing.T) {
	if got := Correlation([]float64{120, 130, null, 110, 90, 100}, []float64{2, 3, null, 1, 9, 4}); !near(got, -140/math.Sqrt(1000*38.8)) {
		t.Errorf("correlation is %v", got)
	}
	if got := Correlation([]float64{1, 2}, []float64{3, 3}); !math.IsNaN(got) {
		t.Errorf("correlation with a constant is %v", got)
	}
	fit := LinearRegression([]float64{1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3}, []float64{1, 3, null, 7})
	if !near(fit.Slope, 2) || !near(fit.At(1e9+5), 11) || !near(fit.RSquared, 1) || fit.N != 3 {
		t.Errorf("the fit is %+v", fit)
	}
	flat := LinearRegression([]float64{0, 1, 2}, []float64{4, 4, 4})
	if flat.Slope != 0 || flat.At(9) != 4 || !math.IsNaN(flat.RSquared) {
		t.Errorf("the flat fit is %+v", flat)
	}
	if one := LinearRegression([]float64{5}, []float64{1}); !math.IsNaN(one.Slope) || one.N != 1 {
		t.Errorf("one point fits %+v", one)
	}
	// R: wilcox.test(c(1,2,3,4), c(5,6,7,8)) gives W = 0, p = 0.02857.
	if u, p := MannWhitney([]float64{1, 2, 3, 4}, []float64{5, 6, 7, 8, null}); u != 0 || !near(p, 2.0/70) {
		t.Errorf("U is %v, p %v", u, p)
	}
	if _, p := MannWhitney(nil, []float64{1}); !math.IsNaN(p) {
		t.Errorf("p of nothing is %v", p)
	}
}

func TestOutliers_AreFarFromTheMedian(t *testing.T) {
	found := Outliers([]float64{10, 11, 9, null, 50, 10, 11}, 3.5)
	if len(found) != 1 || found[0].Position != 4 || found[0].Value != 50 || !near(found[0].Score, 0.6745*(50-10.5)/0.5) {
		t.Errorf("found %+v", found)
	}
	// Most are equal: the MAD is 0, the mean deviation is 90 / 7.
	most := Outliers([]float64{5, 5, 5, 5, 5, 5, 95}, 3.5)
	if len(most) != 1 || !near(most[0].Score, 90/(1.253314*90/7)) {
		t.Errorf("found %+v", most)
	}
	if same := Outliers([]float64{5, 5, 5}, 3.5); same != nil {
		t.Errorf("found %+v in equal values", same)
	}
}

func TestHoltWinters_FollowsAPatternAndFindsWhatBreaksIt(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 24*20)
	for i := range values {
		values[i] = 100 + 0.05*float64(i) + 30*math.Sin(2*math.Pi*float64(i)/24) + random.NormFloat64()
	}
	values[400] += 25
	values[300] = null
	f := HoltWinters{Season: 24, Alpha: 0.1, Beta: 0.0035, Gamma: 0.1, Width: 6}.Forecast(values)
	if !slices.Contains(f.Outside, 400) || len(f.Outside) > 5 {
		t.Errorf("outside are %v", f.Outside)
	}
	worst := 0.0
	for i := 100; i < 400; i++ {
		if i != 300 {
			worst = max(worst, math.Abs(values[i]-f.Expected[i]))
		}
	}
	if worst > 6 {
		t.Errorf("it was wrong by %v", worst)
	}
	if want := 100 + 0.05*480; math.Abs(f.Next-want) > 8 {
		t.Errorf("next is %v, the pattern says %v", f.Next, want)
	}
	if !math.IsNaN(f.Expected[47]) || math.IsNaN(f.Expected[48]) {
		t.Error("it does not learn from exactly two seasons")
	}
	short := HoltWinters{Season: 24}.Forecast(values[:40])
	if !math.IsNaN(short.Next) || len(short.Expected) != 40 {
		t.Errorf("of less than two seasons it says %v", short.Next)
	}
}

func TestNothing_ChangesItsArguments(t *testing.T) {
	data := []float64{3, null, 1, 2, 8, 5, 7, 9}
	before := slices.Clone(data)
	Median(data)
	Percentile(data, 0.5)
	MAD(data)
	Outliers(data, 1)
	SeasonalResidual(data, 3)
	MannWhitney(data, data)
	LinearRegression(data, data)
	HoltWinters{Season: 2, Alpha: 0.5, Beta: 0.5, Gamma: 0.5, Width: 2}.Forecast(data)
	if !allNear(data, before) {
		t.Errorf("data became %v", data)
	}
}

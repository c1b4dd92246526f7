package engine

import (
	"math"

	"github.com/dop251/goja"

	"wingmirror/anomaly"
)

// globalScope is every function that a script can call by its name.
func globalScope() scope {
	all := scope{
		"puts": puts, "print": printText, "p": inspectText, "printf": printf, "format": format,
		"with_metrics": withMetrics, "fold_metrics": foldMetrics, "graph_value": graphValue, "events": events,

		"outside_limits": outsideLimits, "percentage_errors": percentageErrors, "deploy_check": deployCheck,
		"collect_comparisons": collectComparisons, "collect_aberrations": collectAberrations,

		"histogram": makeHistogram,
	}
	for name, f := range memberScope() {
		all[name] = f
	}
	return all.withTwins()
}

// memberScope is the functions of numbers that are also methods of arrays and
// series. Their first argument is the data.
func memberScope() scope {
	return scope{
		"sum": sum, "count": count, "compact": compact,
		"mean": statistic(anomaly.Mean), "median": statistic(anomaly.Median),
		"min": statistic(anomaly.Min), "max": statistic(anomaly.Max),
		"stdev": statistic(anomaly.Stdev), "variance": statistic(anomaly.Variance), "sample_variance": statistic(anomaly.Variance),
		"mad": statistic(anomaly.MAD), "delta": statistic(anomaly.Delta),
		"last_value": statistic(func(xs []float64) float64 { v, _ := anomaly.Last(xs); return v }),
		"percentile": percentile, "time_since_last_value": timeSinceLastValue,
		"above":       comparing(func(v, limit float64) bool { return v > limit }),
		"below":       comparing(func(v, limit float64) bool { return v < limit }),
		"consecutive": consecutive,
		"derivative":  derived(anomaly.Derivative), "integral": derived(anomaly.Integral),
		"non_negative_derivative": nonNegativeDerivative, "moving_average": movingAverage, "ewma": ewma,
		"correlation": correlation, "linear_regression": linearRegression, "forecast": forecast,
		"seasonal_residual": seasonalResidual, "holt_winters": holtWinters, "mann_whitney": mannWhitney, "outliers": outliers,
		"anomalies": anomalies,
	}.withTwins()
}

// answer returns a statistic, and where there is none what the author wants
// instead. Without that it throws: a null or NaN in a comparison would silently
// decide it.
func (c *call) answer(v float64, otherwise int, nothing string) goja.Value {
	if !math.IsNaN(v) {
		return c.r.vm.ToValue(v)
	}
	if otherwise < len(c.args) {
		return c.args[otherwise]
	}
	c.outside("%s; say what it is then by one more argument, such as null", nothing)
	return nil
}

// statistic makes f(data, otherwise).
func statistic(f func([]float64) float64) builtin {
	return func(c *call) goja.Value {
		xs := c.numbers(0, "the data")
		return c.answer(f(xs), 1, tooFew(xs))
	}
}

func tooFew(xs []float64) string {
	switch anomaly.Count(xs) {
	case 0:
		if len(xs) == 0 {
			return "there are no values"
		}
		return "all values are null"
	case 1:
		return "one value is not enough"
	}
	return "it is not defined for these values"
}

func sum(c *call) goja.Value { return c.r.vm.ToValue(anomaly.Sum(c.numbers(0, "the data"))) }

func count(c *call) goja.Value { return c.r.vm.ToValue(anomaly.Count(c.numbers(0, "the data"))) }

func compact(c *call) goja.Value { return c.r.numberList(anomaly.Compact(c.numbers(0, "the data"))) }

// percentile is percentile(data, p, otherwise). As in Rearview p is a share up
// to 1, and in percent above.
func percentile(c *call) goja.Value {
	xs := c.numbers(0, "the data")
	p := c.number(1, "p")
	if p < 0 || p > 100 {
		c.outside("p must be from 0 to 100, but is %g", p)
	}
	if p > 1 {
		p /= 100
	}
	return c.answer(anomaly.Percentile(xs, p), 2, tooFew(xs))
}

// timeSinceLastValue is the seconds from the newest point that has a value to
// the run's time, or Infinity.
func timeSinceLastValue(c *call) goja.Value {
	object, ok := c.arg(0).(*goja.Object)
	var s *series
	if ok {
		s = seriesOf(object)
	}
	if s == nil {
		c.wrong("expects a series, because only a series has times, but got %s", c.kind(0))
	}
	_, last := anomaly.Last(s.data.Values)
	if last < 0 {
		return goja.PositiveInf()
	}
	return c.r.vm.ToValue(c.r.in.At.Unix() - s.data.Time(last))
}

// comparing makes the functions that count values beyond a limit.
func comparing(beyond func(v, limit float64) bool) builtin {
	return func(c *call) goja.Value {
		xs := c.numbers(0, "the data")
		limit := c.number(1, "limit")
		n := 0
		for _, x := range xs {
			if beyond(x, limit) {
				n++
			}
		}
		return c.r.vm.ToValue(n)
	}
}

// consecutive is consecutive(data, fn): how many of the newest values satisfy fn
// one after the other.
func consecutive(c *call) goja.Value {
	xs := c.numbers(0, "the data")
	f := c.callback(1, "fn")
	n := anomaly.ConsecutiveAtEnd(xs, func(x float64) bool { return apply(f, c.r.vm.ToValue(x)).ToBoolean() })
	return c.r.vm.ToValue(n)
}

// derived makes the functions that return an array as long as the data.
func derived(f func([]float64) []float64) builtin {
	return func(c *call) goja.Value { return c.r.numberList(f(c.numbers(0, "the data"))) }
}

func nonNegativeDerivative(c *call) goja.Value {
	xs := c.numbers(0, "the data")
	most := nan
	if c.given(1) {
		most = c.number(1, "maxValue")
	}
	return c.r.numberList(anomaly.NonNegativeDerivative(xs, most))
}

func movingAverage(c *call) goja.Value {
	return c.r.numberList(anomaly.MovingAverage(c.numbers(0, "the data"), c.whole(1, "n", 1)))
}

func ewma(c *call) goja.Value {
	xs := c.numbers(0, "the data")
	return c.r.numberList(anomaly.EWMA(xs, c.share(c.arg(1), "alpha")))
}

// share reads a weight from above 0 to 1.
func (c *call) share(v goja.Value, what string) float64 {
	if !goja.IsNumber(v) {
		c.wrong("%s must be a number above 0 and at most 1, but is %s", what, kindOf(v))
	}
	f := v.ToFloat()
	if !(f > 0 && f <= 1) {
		c.outside("%s must be above 0 and at most 1, but is %s", what, kindOf(v))
	}
	return f
}

func correlation(c *call) goja.Value {
	xs, ys := c.numbers(0, "x"), c.numbers(1, "y")
	return c.answer(anomaly.Correlation(xs, ys), 2, "fewer than two positions have both values, or one side never changes")
}

// fit is the line through the data: against seconds for a series, against
// positions for an array. next is the place of the newest value.
func (c *call) fit() (line anomaly.Line, newest float64) {
	ys := c.numbers(0, "the data")
	xs := make([]float64, len(ys))
	at := func(i int) float64 { return float64(i) }
	if object, ok := c.arg(0).(*goja.Object); ok {
		if s := seriesOf(object); s != nil {
			at = func(i int) float64 { return float64(s.data.Time(i)) }
		}
	}
	for i := range xs {
		xs[i] = at(i)
	}
	return anomaly.LinearRegression(xs, ys), at(len(xs) - 1)
}

func linearRegression(c *call) goja.Value {
	line, _ := c.fit()
	if math.IsNaN(line.Slope) {
		return c.answer(nan, 1, "a line takes two values at least")
	}
	return c.object(
		field{"slope", c.r.value(line.Slope)}, field{"intercept", c.r.value(line.Intercept)},
		field{"r2", c.r.value(line.RSquared)}, field{"n", c.r.vm.ToValue(line.N)},
	)
}

// forecast is forecast(data, ahead, otherwise).
func forecast(c *call) goja.Value {
	ahead := c.number(1, "ahead")
	line, newest := c.fit()
	return c.answer(line.At(newest+ahead), 2, "a line takes two values at least")
}

func seasonalResidual(c *call) goja.Value {
	return c.r.numberList(anomaly.SeasonalResidual(c.numbers(0, "the data"), c.whole(1, "period", 1)))
}

// holtWinters is holt_winters(data, season, options).
func holtWinters(c *call) goja.Value {
	xs := c.numbers(0, "the data")
	h := anomaly.HoltWinters{Season: c.whole(1, "season", 2), Alpha: 0.1, Beta: 0.0035, Gamma: 0.1, Width: 3}
	c.options(2, map[string]func(v goja.Value, name string){
		"alpha": func(v goja.Value, name string) { h.Alpha = c.share(v, name) },
		"beta":  func(v goja.Value, name string) { h.Beta = c.share(v, name) },
		"gamma": func(v goja.Value, name string) { h.Gamma = c.share(v, name) },
		"width": func(v goja.Value, name string) { h.Width = c.positive(v, name) },
	})
	if len(xs) < 2*h.Season {
		c.outside("it takes two seasons of values, %d, but there are %d", 2*h.Season, len(xs))
	}
	f := h.Forecast(xs)
	outside := make([]any, len(f.Outside))
	for i, position := range f.Outside {
		outside[i] = position
	}
	return c.object(
		field{"expected", c.r.numberList(f.Expected)}, field{"lower", c.r.numberList(f.Lower)}, field{"upper", c.r.numberList(f.Upper)},
		field{"outside", c.r.vm.NewArray(outside...)}, field{"next", c.r.value(f.Next)},
	)
}

func mannWhitney(c *call) goja.Value {
	u, p := anomaly.MannWhitney(c.numbers(0, "x"), c.numbers(1, "y"))
	if math.IsNaN(p) {
		return c.answer(nan, 2, "a sample is empty, or all values are equal")
	}
	return c.object(field{"u", c.r.value(u)}, field{"p", c.r.value(p)})
}

// outliers is outliers(data, limit).
func outliers(c *call) goja.Value {
	xs := c.numbers(0, "the data")
	limit := 3.5
	if c.given(1) {
		limit = c.positive(c.arg(1), "limit")
	}
	var found []any
	for _, o := range anomaly.Outliers(xs, limit) {
		found = append(found, c.object(
			field{"position", c.r.vm.ToValue(o.Position)}, field{"value", c.r.value(o.Value)}, field{"score", c.r.value(o.Score)},
		))
	}
	return c.r.vm.NewArray(found...)
}

func (c *call) positive(v goja.Value, what string) float64 {
	if !goja.IsNumber(v) || !(v.ToFloat() > 0) || goja.IsInfinity(v) {
		c.wrong("%s must be a number above 0, but is %s", what, kindOf(v))
	}
	return v.ToFloat()
}

// options reads an object of named options; unknown ones are refused.
func (c *call) options(i int, known map[string]func(v goja.Value, name string)) {
	if !c.given(i) {
		return
	}
	object, ok := c.arg(i).(*goja.Object)
	if !ok {
		c.wrong("options must be an object, but is %s", c.kind(i))
	}
	for _, name := range object.Keys() {
		read, ok := known[name]
		if !ok {
			c.wrong("there is no option %s", clip(name, 100))
		}
		read(object.Get(name), name)
	}
}

// field is one member of an object that a function returns.
type field struct {
	name  string
	value goja.Value
}

func (c *call) object(fields ...field) goja.Value {
	object := c.r.vm.NewObject()
	for _, f := range fields {
		_ = object.Set(f.name, f.value) // a fresh object takes every member
	}
	return object
}

package engine

import (
	"math"

	"github.com/dop251/goja"

	"wingmirror/anomaly"
)

// The functions that Rearview's monitors shared. What each does differently
// from Rearview's, and why, is in its description in package stdlib.

// outsideLimits is outside_limits(value, comparisons, limit, type).
func outsideLimits(c *call) goja.Value {
	v := c.arg(0)
	value := nan
	if !goja.IsNull(v) && !goja.IsUndefined(v) {
		value = c.number(0, "value")
	}
	beyond := c.beyond(3)
	return c.r.vm.ToValue(isOutside(value, c.numbers(1, "comparisons"), c.number(2, "limit"), beyond))
}

// beyond reads which limit is meant, and returns what breaks it.
func (c *call) beyond(i int) func(difference, limit float64) bool {
	switch c.arg(i).String() {
	case "lower":
		return func(difference, limit float64) bool { return difference < limit }
	case "upper":
		return func(difference, limit float64) bool { return difference > limit }
	}
	c.wrong(`You can only define the limit type as "upper" or "lower", not %s`, c.kind(i))
	return nil
}

// isOutside reports whether the value differs from all that it is compared with
// by more than the limit.
func isOutside(value float64, comparisons []float64, limit float64, beyond func(difference, limit float64) bool) bool {
	compared := false
	for _, other := range comparisons {
		difference := value - other
		if math.IsNaN(difference) {
			continue
		}
		if compared = true; !beyond(difference, limit) {
			return false
		}
	}
	return compared
}

// percentageErrors is percentage_errors(metric, comparisons, limit, type, total).
func percentageErrors(c *call) goja.Value {
	metric := c.numbers(0, "metric")
	comparisons := c.listOfNumbers(1, "comparisons")
	limit, beyond := c.number(2, "limit"), c.beyond(3)
	outside, compared := 0, 0
	for i, value := range metric {
		var others []float64
		for _, other := range comparisons {
			if i < len(other) && !math.IsNaN(other[i]) {
				others = append(others, other[i])
			}
		}
		if math.IsNaN(value) || len(others) == 0 {
			continue
		}
		compared++
		if isOutside(value, others, limit, beyond) {
			outside++
		}
	}
	total := float64(compared)
	if c.given(4) {
		total = c.positive(c.arg(4), "total")
	}
	if total == 0 {
		return c.r.vm.ToValue(0)
	}
	return c.r.vm.ToValue(float64(outside) / total * 100)
}

// listOfNumbers reads one series or array of numbers, or an array of them.
func (c *call) listOfNumbers(i int, what string) [][]float64 {
	object, ok := c.arg(i).(*goja.Object)
	if !ok || object.ClassName() != "Array" {
		return [][]float64{c.numbers(i, what)}
	}
	first, ok := c.r.element(object, 0).(*goja.Object)
	if !ok || entryOf(first) != nil {
		return [][]float64{c.numbers(i, what)}
	}
	n := c.r.length(object)
	if n > maxElements {
		c.outside("%s has more than %d elements", what, maxElements)
	}
	var all [][]float64
	for k := range n {
		one := &call{r: c.r, name: c.name, args: []goja.Value{c.r.element(object, k)}}
		all = append(all, one.numbers(0, "an element of "+what))
	}
	return all
}

// deployCheck is deploy_check(n, deploy, metric).
func deployCheck(c *call) goja.Value {
	n := c.whole(0, "n", 1)
	deploy, metric := c.series(1, "deploy"), c.series(2, "metric")
	if deploy == metric {
		c.outside("You've passed the deploy metric to be analyzed against itself, which is not a valid analysis.")
	}
	values := metric.data.Values
	if len(values) < 2*n+1 {
		c.outside("Not enough data to evaluate. There must be %d data points before and after a deploy.", n)
	}
	at := lastDeploy(deploy)
	after := 0
	for i := range values {
		if at >= 0 && metric.data.Time(i) > deploy.data.Time(at) {
			after++
		}
	}
	if at < 0 || after != n {
		return c.r.vm.NewArray()
	}
	tail := values[len(values)-2*n-1:]
	before, since := anomaly.Sum(tail[:n]), anomaly.Sum(tail[n+1:])
	return c.r.vm.NewArray(metric.labelText(), before, since, changeInPercent(before, since))
}

// changeInPercent is Infinity where something came from nothing.
func changeInPercent(before, after float64) float64 {
	if before == after {
		return 0
	}
	return (after - before) / math.Abs(before) * 100
}

// lastDeploy is the place of the newest point that marks a deploy, or -1.
func lastDeploy(deploy *series) int {
	for i := len(deploy.data.Values) - 1; i >= 0; i-- {
		if v := deploy.data.Values[i]; !math.IsNaN(v) && v != 0 {
			return i
		}
	}
	return -1
}

// series reads a series argument.
func (c *call) series(i int, what string) *series {
	if object, ok := c.arg(i).(*goja.Object); ok {
		if s := seriesOf(object); s != nil {
			return s
		}
	}
	c.wrong("%s must be a series such as @a, but is %s", what, c.kind(i))
	return nil
}

// collectComparisons is collect_comparisons(metric): how much the deviations of
// its two halves differ.
func collectComparisons(c *call) goja.Value {
	return c.r.vm.NewArray(halvesDiffer(c.numbers(0, "metric")))
}

func halvesDiffer(values []float64) any {
	half := len(values) / 2
	difference := math.Abs(anomaly.Stdev(values[:half]) - anomaly.Stdev(values[half:2*half]))
	if math.IsNaN(difference) {
		return nil
	}
	return difference
}

// collectAberrations is collect_aberrations(series, ..., deviation).
func collectAberrations(c *call) goja.Value {
	if len(c.args) < 2 {
		c.wrong("expects one or more series and a deviation")
	}
	last := len(c.args) - 1
	deviation := c.number(last, "deviation")
	if n := len(c.series(0, "the first argument").data.Values); n%2 == 1 {
		c.outside("collect_aberrations expects an even number of data points and you passed in %d", n)
	}
	found := c.r.vm.NewObject()
	for i := range last {
		s := c.series(i, "every argument but the last")
		if difference, ok := halvesDiffer(s.data.Values).(float64); ok && difference >= deviation {
			_ = found.Set(s.labelText(), difference)
		}
	}
	return found
}

package engine

import (
	"reflect"
	"strings"

	"github.com/dop251/goja"

	"wingmirror/distribution"
)

// distributionObject is a histogram as a script sees it. It never changes: what
// merge makes is a new one.
type distributionObject struct {
	r    *run
	data distribution.Histogram
	made map[string]goja.Value // fields and methods that were asked for
}

var distributionType = reflect.TypeFor[*distributionObject]()

// histogramFields lists what a histogram has.
func histogramFields() []string {
	return []string{"edges", "counts", "total", "quantile", "distance", "merge"}
}

// makeHistogram is histogram(data, edges).
func makeHistogram(c *call) goja.Value {
	edges := c.numbers(1, "edges")
	if len(edges) > distribution.MaxBuckets+1 {
		c.outside("edges has more than %d elements", distribution.MaxBuckets+1)
	}
	h, err := distribution.Of(c.allNumbers(0), edges)
	if err != nil {
		c.wrong("%v", err)
	}
	return c.r.newHistogram(h)
}

// allNumbers is the data of an argument that may also be an array of series, such
// as @timeseries.
func (c *call) allNumbers(i int) []float64 {
	object, ok := c.arg(i).(*goja.Object)
	if !ok || object.ClassName() != "Array" || seriesOf(object) != nil {
		return c.numbers(i, "the data")
	}
	n := c.r.length(object)
	if n == 0 {
		return nil
	}
	if first, ok := c.r.element(object, 0).(*goja.Object); !ok || seriesOf(first) == nil {
		return c.numbers(i, "the data")
	}
	var all []float64
	for k := range min(n, maxElements) {
		element, ok := c.r.element(object, k).(*goja.Object)
		if !ok || seriesOf(element) == nil {
			c.wrong("element %d of the data must be a series like those before it, but is %s", k, kindOf(c.r.element(object, k)))
		}
		if all = append(all, seriesOf(element).data.Values...); len(all) > maxElements {
			c.outside("the data has more than %d values", maxElements)
		}
	}
	return all
}

func (r *run) newHistogram(h distribution.Histogram) goja.Value {
	return r.vm.NewDynamicObject(&distributionObject{r: r, data: h, made: map[string]goja.Value{}})
}

// histogram returns a histogram argument.
func (c *call) histogram(i int, what string) distribution.Histogram {
	if object, ok := c.arg(i).(*goja.Object); ok {
		if object.ExportType() == distributionType { // of others Export would run the script's code
			return object.Export().(*distributionObject).data
		}
	}
	c.wrong("%s must be a histogram, but is %s", what, c.kind(i))
	return distribution.Histogram{}
}

// Get returns a field or a method.
func (h *distributionObject) Get(key string) goja.Value {
	if v, ok := h.made[key]; ok {
		return v
	}
	v := h.make(key)
	if v != nil {
		h.made[key] = v
	}
	return v
}

func (h *distributionObject) make(key string) goja.Value {
	switch key {
	case "edges":
		return h.r.numberList(h.data.Edges)
	case "counts":
		return h.r.numberList(h.data.Counts)
	case "total":
		return h.r.vm.ToValue(h.data.Total())
	case "quantile":
		return h.r.function("quantile", h.quantile)
	case "distance":
		return h.r.function("distance", h.distance)
	case "merge":
		return h.r.function("merge", h.merge)
	}
	return nil
}

func (h *distributionObject) quantile(c *call) goja.Value {
	q := c.number(0, "q")
	if q < 0 || q > 1 {
		c.outside("q must be a share from 0 to 1, but is %v", q)
	}
	return c.answer(h.data.Quantile(q), 1, "the histogram is empty")
}

func (h *distributionObject) distance(c *call) goja.Value {
	measure := "wasserstein"
	if c.given(1) {
		measure = c.r.text(c.arg(1))
	}
	d, err := h.data.Distance(c.histogram(0, "other"), measure)
	if err != nil {
		c.outside("%s", clip(err.Error(), 300))
	}
	return c.r.vm.ToValue(d)
}

func (h *distributionObject) merge(c *call) goja.Value {
	all := []distribution.Histogram{h.data}
	for i := range c.args {
		all = append(all, c.histogram(i, "each argument"))
	}
	sum := distribution.Merge(all...)
	if len(sum.Edges) == 0 {
		c.outside("the histograms have no range in common")
	}
	return c.r.newHistogram(sum)
}

// Set refuses: a histogram does not change.
func (h *distributionObject) Set(key string, _ goja.Value) bool {
	panic(h.r.vm.NewTypeError("a histogram's %s cannot be changed", clip(key, 100)))
}

// Has reports whether the histogram has the field.
func (h *distributionObject) Has(key string) bool {
	return strings.Contains(" edges counts total quantile distance merge ", " "+key+" ")
}

// Delete refuses: a histogram keeps its fields.
func (h *distributionObject) Delete(string) bool { return false }

// Keys lists what says everything about it once, for JSON and inspection.
func (h *distributionObject) Keys() []string { return []string{"edges", "counts"} }

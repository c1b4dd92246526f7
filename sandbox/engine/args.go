package engine

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// maxElements bounds an array that a number function is given: loops over it
// run in Go, where no interrupt reaches them.
const maxElements = 1 << 20

// wrong throws a TypeError that says what was expected. It is caught like any
// error of the engine, and points at the author's line.
func (c *call) wrong(format string, args ...any) {
	panic(c.r.vm.NewTypeError(c.name + ": " + fmt.Sprintf(format, args...)))
}

// outside throws a RangeError.
func (c *call) outside(format string, args ...any) {
	message := c.name + ": " + fmt.Sprintf(format, args...)
	class, ok := c.r.vm.GlobalObject().Get("RangeError").(*goja.Object)
	if !ok {
		panic(c.r.vm.NewTypeError(message))
	}
	made, err := c.r.vm.New(class, c.r.vm.ToValue(message))
	if err != nil {
		panic(err)
	}
	panic(made)
}

// kind names what a value is, for messages.
func (c *call) kind(i int) string {
	if i >= len(c.args) {
		return "missing"
	}
	return kindOf(c.args[i])
}

func kindOf(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
	case goja.IsNumber(v):
		if goja.IsNaN(v) {
			return "NaN"
		}
		return "the number " + v.String()
	case goja.IsString(v):
		return "the string " + strconv.Quote(clip(v.String(), 40))
	case goja.IsBigInt(v):
		return "a BigInt"
	}
	switch v := v.(type) {
	case *goja.Symbol:
		return "a symbol"
	case *goja.Object:
		return kindOfObject(v)
	}
	return v.String()
}

func kindOfObject(object *goja.Object) string {
	switch class := object.ClassName(); class {
	case "Array":
		return "an array"
	case "Function":
		return "a function"
	case "Object":
		if s := seriesOf(object); s != nil {
			return "a series"
		}
		if entryOf(object) != nil {
			return "an entry"
		}
		return "an object"
	default:
		return "a " + class
	}
}

// number returns a finite number argument.
func (c *call) number(i int, what string) float64 {
	v := c.arg(i)
	if !goja.IsNumber(v) || goja.IsNaN(v) || goja.IsInfinity(v) {
		c.wrong("%s must be a number, but is %s", what, c.kind(i))
	}
	return v.ToFloat()
}

// whole returns a whole number of at least least.
func (c *call) whole(i int, what string, least int) int {
	n := c.number(i, what)
	if n != math.Trunc(n) || n < float64(least) || n > math.MaxInt32 {
		c.wrong("%s must be a whole number of at least %d, but is %s", what, least, c.kind(i))
	}
	return int(n)
}

// callback returns a function argument.
func (c *call) callback(i int, what string) goja.Callable {
	f, ok := goja.AssertFunction(c.arg(i))
	if !ok {
		c.wrong("%s must be a function, but is %s", what, c.kind(i))
	}
	return f
}

// apply calls f, and passes on what it throws.
func apply(f goja.Callable, args ...goja.Value) goja.Value {
	v, err := f(goja.Undefined(), args...)
	if err != nil {
		panic(err)
	}
	return v
}

// numbers is the data of an argument that may be an array of numbers and nulls,
// an array of entries, or a series. Nulls are NaN. The slice must not be
// changed: it may be the series' own.
func (c *call) numbers(i int, what string) []float64 {
	object, ok := c.arg(i).(*goja.Object)
	if !ok {
		c.wrong("%s must be a series or an array of numbers, but is %s", what, c.kind(i))
	}
	if s := seriesOf(object); s != nil {
		return s.data.Values
	}
	if list, ok := listOf(object); ok {
		if untouched := list.numbers(); untouched != nil {
			return untouched
		}
	}
	if object.ClassName() != "Array" && !strings.HasSuffix(tagOf(object), "Array") {
		c.wrong("%s must be a series or an array of numbers, but is %s", what, c.kind(i))
	}
	n := c.r.length(object)
	if n > maxElements {
		c.outside("%s has more than %d elements", what, maxElements)
	}
	data := make([]float64, n)
	for k := range data {
		data[k] = c.element(c.r.element(object, k), k, what)
	}
	return data
}

// tagOf is what an object calls its kind, where it does: Float64Array, Map.
func tagOf(object *goja.Object) string {
	if tag, ok := object.GetSymbol(goja.SymToStringTag).(goja.String); ok {
		return tag.String()
	}
	return ""
}

// element reads one element of an array: a number, null, or an entry.
func (c *call) element(v goja.Value, k int, what string) float64 {
	switch {
	case v == nil || goja.IsUndefined(v) || goja.IsNull(v):
		return math.NaN()
	case goja.IsNumber(v):
		return v.ToFloat()
	}
	if object, ok := v.(*goja.Object); ok {
		if e := entryOf(object); e != nil {
			return e.number()
		}
	}
	c.wrong("element %d of %s must be a number or null, but is %s", k, what, kindOf(v))
	return 0
}

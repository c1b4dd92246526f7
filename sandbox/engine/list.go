package engine

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/dop251/goja"
)

var nan = math.NaN()

// list is an array whose elements are made when they are asked for. The script
// may change it like any array: it then gets a copy of its own, and what it was
// made from stays as it was.
type list struct {
	r      *run
	size   int
	at     func(i int) goja.Value
	source []float64    // what it holds, when it holds numbers; NaN for null
	own    []goja.Value // the elements, once the script has changed one
	prints bool         // prints as Rearview printed entries and series
}

func (r *run) newList(l *list) goja.Value {
	object := r.vm.NewDynamicArray(l)
	if l.prints {
		_ = object.SetPrototype(r.listPrototype())
	}
	return object
}

// numberList makes the script's array of numbers; NaN becomes null.
func (r *run) numberList(numbers []float64) goja.Value {
	return r.newList(&list{r: r, size: len(numbers), source: numbers, at: func(i int) goja.Value { return r.value(numbers[i]) }})
}

// listPrototype is that of arrays, with another toString.
func (r *run) listPrototype() *goja.Object {
	if r.listProto == nil {
		r.listProto = r.vm.NewObject()
		_ = r.listProto.SetPrototype(r.vm.NewArray().Prototype())
		r.printAs(r.listProto)
	}
	return r.listProto
}

// isList reports whether an array is one of ours that prints in its own way.
func (r *run) isList(object *goja.Object) bool {
	l, ok := listOf(object)
	return ok && l.prints
}

// numbers returns what the list holds, or nil if it does not hold just the
// numbers that it was made from.
func (l *list) numbers() []float64 {
	if l.own != nil || l.source == nil {
		return nil
	}
	return l.source
}

// Len returns the length.
func (l *list) Len() int {
	if l.own != nil {
		return len(l.own)
	}
	return l.size
}

// Get returns an element, or nothing when there is no such one.
func (l *list) Get(i int) goja.Value {
	if i < 0 || i >= l.Len() {
		return nil
	}
	if l.own != nil {
		return l.own[i]
	}
	return l.at(i)
}

// Set changes an element, and appends at the end.
func (l *list) Set(i int, v goja.Value) bool {
	if i < 0 || i > maxElements {
		return false
	}
	l.detach()
	if i >= len(l.own) {
		l.SetLen(i + 1)
	}
	l.own[i] = v
	return true
}

// SetLen cuts the array or fills it up with undefined.
func (l *list) SetLen(n int) bool {
	if n < 0 || n > maxElements {
		return false
	}
	l.detach()
	for len(l.own) < n {
		l.own = append(l.own, goja.Undefined())
	}
	l.own = l.own[:n]
	return true
}

func (l *list) detach() {
	if l.own != nil {
		return
	}
	own := make([]goja.Value, l.size)
	for i := range own {
		own[i] = l.at(i)
	}
	l.own = own
}

// rubyText prints an entry, a series, or a list of either as Rearview did.
func (r *run) rubyText(object *goja.Object) string {
	var out strings.Builder
	if s := seriesOf(object); s != nil {
		s.rubyText(&out)
		return out.String()
	}
	if e := entryOf(object); e != nil {
		e.rubyText(&out)
		return out.String()
	}
	n := min(r.length(object), maxElements)
	out.WriteString("[ ")
	for i := range n {
		if out.Len() > r.limits.Output {
			break
		}
		if i > 0 {
			out.WriteString(", ")
		}
		if l, ok := listOf(object); ok {
			out.WriteString(r.text(l.Get(i)))
		}
	}
	out.WriteString(" ]")
	return out.String()
}

func (s *series) rubyText(out *strings.Builder) {
	out.WriteString("{ label: " + s.labelText() + ", entries: [ ")
	for i := range s.data.Values {
		if out.Len() > s.r.limits.Output {
			break
		}
		if i > 0 {
			out.WriteString(", ")
		}
		(&entry{of: s, i: i, at: s.data.Time(i)}).rubyText(out)
	}
	out.WriteString(" ] }")
}

func (e *entry) rubyText(out *strings.Builder) {
	out.WriteString("{ label: " + e.of.labelText() + ", timestamp: ")
	out.WriteString(e.of.r.vm.ToValue(e.at).String())
	out.WriteString(", value: " + rubyFloat(e.number()) + " }")
}

// parseJSON turns trusted JSON into the script's values, members in their order.
func parseJSON(vm *goja.Runtime, raw json.RawMessage) (goja.Value, error) {
	object, ok := vm.GlobalObject().Get("JSON").(*goja.Object)
	if !ok {
		return vm.NewObject(), nil
	}
	parse, ok := goja.AssertFunction(object.Get("parse"))
	if !ok {
		return vm.NewObject(), nil
	}
	return parse(object, vm.ToValue(string(raw)))
}

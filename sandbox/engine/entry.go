package engine

import (
	"github.com/dop251/goja"
)

// entry is one point of a series.
type entry struct {
	of     *series
	i      int   // its place in the series; -1 for a point that the series does not have
	at     int64 // seconds since the epoch
	object *goja.Object
	stamp  goja.Value // of at and of the value: most scripts read them more than once
	value  goja.Value
}

// entryObject makes the i-th entry, once.
func (s *series) entryObject(i int) goja.Value {
	if s.entries == nil {
		s.entries = make([]entry, len(s.data.Values))
	}
	e := &s.entries[i]
	if e.object == nil {
		e.of, e.i, e.at = s, i, s.data.Time(i)
		e.bind()
	}
	return e.object
}

// gapAt makes an entry for a time at which the series has none.
func (s *series) gapAt(at int64) goja.Value {
	e := &entry{of: s, i: -1, at: at}
	e.bind()
	return e.object
}

// bind makes the script's object. It keeps the prototype of all objects, since
// setting another costs as much as the object; toString is among the fields.
func (e *entry) bind() { e.object = e.of.r.vm.NewDynamicObject(e) }

// entryToString is how entries are printed.
func (r *run) entryToString() goja.Value {
	if r.entryString == nil {
		r.entryString = r.rubyToString()
	}
	return r.entryString
}

// Get returns a field of the entry.
func (e *entry) Get(key string) goja.Value {
	switch key {
	case "value":
		if e.value == nil {
			e.value = e.of.r.value(e.number())
		}
		return e.value
	case "timestamp":
		if e.stamp == nil {
			e.stamp = e.of.r.vm.ToValue(e.at)
		}
		return e.stamp
	case "label":
		return e.of.Get("label")
	case "toString":
		return e.of.r.entryToString()
	}
	return nil
}

// Set changes the label of the entry's series.
func (e *entry) Set(key string, v goja.Value) bool {
	if key == "label" {
		e.of.relabel(v)
		return true
	}
	panic(e.of.r.vm.NewTypeError("an entry's %s cannot be changed; only its label can", clip(key, 100)))
}

// Has reports whether the entry has the field.
func (e *entry) Has(key string) bool { return key == "value" || key == "timestamp" || key == "label" }

// Delete refuses: an entry keeps its fields.
func (e *entry) Delete(string) bool { return false }

// Keys lists the fields in the order in which they are printed.
func (e *entry) Keys() []string { return []string{"label", "timestamp", "value"} }

// number is the entry's value, NaN for null.
func (e *entry) number() float64 {
	if e.i < 0 {
		return nan
	}
	return e.of.data.Values[e.i]
}

// value turns a number into the script's value; NaN, which is what a null is
// outside of scripts, into null.
func (r *run) value(v float64) goja.Value {
	if v != v {
		return goja.Null()
	}
	return r.vm.ToValue(v)
}

package engine

import (
	"reflect"

	"github.com/dop251/goja"

	"wingmirror/monitor"
)

// series is one line of points as a script sees it.
type series struct {
	r      *run
	data   monitor.Series
	status monitor.Status

	label   goja.Value // nil until somebody asks
	object  *goja.Object
	entries []entry // made at once when the first is asked for
}

var (
	seriesType = reflect.TypeFor[*series]()
	entryType  = reflect.TypeFor[*entry]()
	listType   = reflect.TypeFor[*list]()
)

// bindSeries gives every series of the input its place. A target that brought
// none keeps one with an empty series, so the letters after it do not shift.
func (r *run) bindSeries() {
	for _, target := range r.in.Targets {
		if len(target.Series) == 0 {
			r.series = append(r.series, &series{r: r, data: monitor.Series{Label: target.Target, Step: 0}, status: target.Status})
		}
		for _, data := range target.Series {
			r.series = append(r.series, &series{r: r, data: data, status: target.Status})
		}
	}
}

// seriesFields lists what a series has besides methods.
func seriesFields() []string {
	return []string{"label", "entries", "values", "timestamps", "step", "status", "first", "last", "length"}
}

func (r *run) seriesObject(i int) goja.Value {
	s := r.series[i]
	if s.object == nil {
		s.object = r.vm.NewDynamicObject(s)
		_ = s.object.SetPrototype(r.seriesPrototype())
	}
	return s.object
}

// seriesPrototype is what series have in common: the methods, and how they are printed.
func (r *run) seriesPrototype() *goja.Object {
	if r.seriesProto == nil {
		r.seriesProto = r.vm.NewObject()
		_ = r.seriesProto.SetPrototype(r.members)
		r.printAs(r.seriesProto)
		iterate := r.named("[Symbol.iterator]", func(fc goja.FunctionCall) goja.Value {
			object, ok := fc.This.(*goja.Object)
			if !ok || seriesOf(object) == nil {
				panic(r.vm.NewTypeError("not a series"))
			}
			entries := object.Get("entries").(*goja.Object)
			values, _ := goja.AssertFunction(entries.GetSymbol(goja.SymIterator))
			v, err := values(entries)
			if err != nil {
				panic(err)
			}
			return v
		})
		_ = r.seriesProto.DefineDataPropertySymbol(goja.SymIterator, iterate, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	return r.seriesProto
}

// printAs gives the prototype a toString that prints as Rearview did.
func (r *run) printAs(proto *goja.Object) {
	_ = proto.DefineDataProperty("toString", r.rubyToString(), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

func (r *run) rubyToString() goja.Value {
	return r.named("toString", func(fc goja.FunctionCall) goja.Value {
		object, ok := fc.This.(*goja.Object)
		if !ok {
			panic(r.vm.NewTypeError("not a series, an entry or a list of them"))
		}
		return r.vm.ToValue(r.rubyText(object))
	})
}

// seriesOf returns the series behind an object of the script, or nil. Export is
// called on our own objects only: on others it would run the script's code.
func seriesOf(object *goja.Object) *series {
	if object.ExportType() != seriesType {
		return nil
	}
	return object.Export().(*series)
}

func entryOf(object *goja.Object) *entry {
	if object.ExportType() != entryType {
		return nil
	}
	return object.Export().(*entry)
}

func listOf(object *goja.Object) (*list, bool) {
	if object.ExportType() != listType {
		return nil, false
	}
	return object.Export().(*list), true
}

// Get returns a field. The methods are behind the prototype.
func (s *series) Get(key string) goja.Value {
	vm := s.r.vm
	switch key {
	case "label":
		if s.label == nil {
			s.label = vm.ToValue(s.data.Label)
		}
		return s.label
	case "entries":
		return s.r.newList(&list{r: s.r, size: len(s.data.Values), at: s.entryObject, prints: true})
	case "values":
		return s.r.numberList(s.data.Values)
	case "timestamps":
		return s.r.newList(&list{r: s.r, size: len(s.data.Values), at: func(i int) goja.Value { return vm.ToValue(s.data.Time(i)) }})
	case "step":
		return vm.ToValue(s.data.Step)
	case "status":
		return vm.ToValue(string(s.status))
	case "first":
		return s.entryOrNull(0)
	case "last":
		return s.entryOrNull(len(s.data.Values) - 1)
	case "length":
		return vm.ToValue(len(s.data.Values))
	}
	return nil
}

// Set changes the label, of the series and so of its entries. Data is shared
// with other monitors and cannot be changed.
func (s *series) Set(key string, v goja.Value) bool {
	if key == "label" {
		s.relabel(v)
		return true
	}
	panic(s.r.vm.NewTypeError("a series' %s cannot be changed; only its label can", clip(key, 100)))
}

func (s *series) relabel(v goja.Value) {
	text := s.r.text(v)
	if len(text) > maxLabel {
		panic(s.r.vm.NewTypeError("a label has at most %d bytes, but this one has %d", maxLabel, len(text)))
	}
	s.label = s.r.vm.ToValue(text)
}

// Has reports whether the series has the field.
func (s *series) Has(key string) bool {
	switch key {
	case "label", "entries", "values", "timestamps", "step", "status", "first", "last", "length":
		return true
	}
	return false
}

// Delete refuses: a series keeps its fields.
func (s *series) Delete(string) bool { return false }

// Keys lists the fields, for JSON and inspection: those that together say everything once.
func (s *series) Keys() []string { return []string{"label", "status", "step", "entries"} }

func (s *series) labelText() string {
	if s.label == nil {
		return s.data.Label
	}
	return s.label.String()
}

func (s *series) entryOrNull(i int) goja.Value {
	if i < 0 || i >= len(s.data.Values) {
		return goja.Null()
	}
	return s.entryObject(i)
}

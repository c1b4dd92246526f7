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

// entry is one point of a series.
type entry struct {
	of     *series
	i      int   // its place in the series; -1 for a point that the series does not have
	at     int64 // seconds since the epoch
	object *goja.Object
	stamp  goja.Value // of at and of the value: most scripts read them more than once
	value  goja.Value
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
	print := r.named("toString", func(fc goja.FunctionCall) goja.Value {
		object, ok := fc.This.(*goja.Object)
		if !ok {
			panic(r.vm.NewTypeError("not a series, an entry or a list of them"))
		}
		return r.vm.ToValue(r.rubyText(object))
	})
	_ = proto.DefineDataProperty("toString", print, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
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

func (e *entry) bind() {
	e.object = e.of.r.vm.NewDynamicObject(e)
	_ = e.object.SetPrototype(e.of.r.entryPrototype())
}

// entryPrototype is what entries have in common: how they are printed.
func (r *run) entryPrototype() *goja.Object {
	if r.entryProto == nil {
		r.entryProto = r.vm.NewObject()
		r.printAs(r.entryProto)
	}
	return r.entryProto
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

// timeseries is @timeseries.
func (r *run) timeseries() goja.Value {
	return r.newList(&list{r: r, size: len(r.series), at: r.seriesObject, prints: true})
}

// targets is @targets: what each target was and brought back.
func (r *run) targets() goja.Value {
	var all []any
	next := 0
	for _, target := range r.in.Targets {
		var own []any
		for range max(len(target.Series), 1) {
			own = append(own, r.seriesObject(next))
			next++
		}
		object := r.vm.NewObject()
		for _, field := range []struct {
			name  string
			value any
		}{
			{"text", target.Target}, {"status", string(target.Status)}, {"reason", target.Reason}, {"series", r.vm.NewArray(own...)},
		} {
			_ = object.Set(field.name, field.value)
		}
		all = append(all, object)
	}
	return r.vm.NewArray(all...)
}

// previous is @previous: what the runs before this one found.
func (r *run) previous() goja.Value {
	p := r.in.Previous
	object := r.vm.NewObject()
	_ = object.Set("level", p.Level.String())
	_ = object.Set("since", goja.Null())
	if !p.Since.IsZero() {
		_ = object.Set("since", p.Since.Unix())
	}
	_ = object.Set("runs", p.Runs)
	_ = object.Set("message", p.Message)
	return object
}

// params is @params: the monitor's own settings.
func (r *run) params() goja.Value {
	if len(r.in.Params) == 0 {
		return r.vm.NewObject()
	}
	parsed, err := parseJSON(r.vm, r.in.Params)
	if err != nil {
		panic(r.vm.NewTypeError("the monitor's params are not valid JSON"))
	}
	return parsed
}

package engine

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// text is how a value is printed, and how a thrown value reads: strings as they
// are, objects by their own toString if the script gave them one, everything
// else as it would be written in JavaScript. It may run code of the script.
func (r *run) text(v goja.Value) string {
	switch v := v.(type) {
	case goja.String:
		return v.String()
	case *goja.Object:
		if own := r.ownString(v); own != nil {
			return *own
		}
	}
	return r.inspect(v)
}

// ownString returns what the object's toString says, or nil when that is only
// the one that every object and every array has.
func (r *run) ownString(object *goja.Object) *string {
	class := object.ClassName()
	toString := object.Get("toString")
	call, ok := goja.AssertFunction(toString)
	if !ok || class == "Function" || class == "Array" && !r.isList(object) {
		return nil
	}
	if class == "Object" && toString.SameAs(r.objectToString()) {
		return nil
	}
	answer, err := call(object)
	if err != nil {
		panic(err)
	}
	if _, isObject := answer.(*goja.Object); isObject {
		panic(r.vm.NewTypeError("Cannot convert object to primitive value"))
	}
	text := answer.String()
	return &text
}

func (r *run) objectToString() goja.Value {
	// The prototype behind our own ones is that of all objects, whatever the
	// script has made of the global Object.
	return r.members.Prototype().Get("toString")
}

const (
	maxInspectDepth = 4
	maxInspectItems = 100
)

// inspect writes a value as it would be written in JavaScript, cut where it is
// deep, long or goes round in a circle.
func (r *run) inspect(v goja.Value) string {
	i := &inspector{r: r, room: r.limits.Output}
	i.value(v, 0)
	return i.out.String()
}

type inspector struct {
	r    *run
	out  strings.Builder
	room int
	path []*goja.Object
}

func (i *inspector) value(v goja.Value, depth int) {
	if i.out.Len() > i.room {
		return
	}
	switch v := v.(type) {
	case nil:
		i.out.WriteString("undefined")
	case *goja.Symbol:
		i.out.WriteString("Symbol(" + v.String() + ")")
	case goja.String:
		i.out.WriteString(strconv.Quote(clip(v.String(), i.room)))
	case *goja.Object:
		i.object(v, depth)
	default:
		i.out.WriteString(v.String())
		if goja.IsBigInt(v) {
			i.out.WriteString("n")
		}
	}
}

func (i *inspector) object(object *goja.Object, depth int) {
	class := object.ClassName()
	if class == "Function" {
		name := ""
		if text, ok := object.Get("name").(goja.String); ok {
			name = " " + clip(text.String(), 100)
		}
		i.out.WriteString("[function" + strings.TrimRight(name, " ") + "]")
		return
	}
	if slices.Contains(i.path, object) {
		i.out.WriteString("[circular]")
		return
	}
	if class != "Array" || i.r.isList(object) {
		if own := i.r.ownString(object); own != nil {
			i.out.WriteString(*own)
			return
		}
	}
	if depth >= maxInspectDepth {
		i.out.WriteString("…")
		return
	}
	i.path = append(i.path, object)
	defer func() { i.path = i.path[:len(i.path)-1] }()
	if class == "Array" {
		i.array(object, depth)
		return
	}
	if tag := tagOf(object); tag == "Map" || tag == "Set" {
		i.collection(object, tag, depth)
		return
	}
	i.fields(object, depth)
}

// collection writes a Map or a Set with its members.
func (i *inspector) collection(object *goja.Object, tag string, depth int) {
	i.out.WriteString(tag + " {")
	n := 0
	i.r.vm.ForOf(object, func(member goja.Value) bool {
		if n++; n > maxInspectItems {
			i.out.WriteString(", …")
			return false
		}
		if n > 1 {
			i.out.WriteString(", ")
		}
		if pair, ok := member.(*goja.Object); ok && tag == "Map" {
			i.value(i.r.element(pair, 0), depth+1)
			i.out.WriteString(": ")
			member = i.r.element(pair, 1)
		}
		i.value(member, depth+1)
		return true
	})
	i.out.WriteString("}")
}

func (i *inspector) array(object *goja.Object, depth int) {
	length := i.r.length(object)
	i.out.WriteString("[")
	for n := range min(length, maxInspectItems) {
		if n > 0 {
			i.out.WriteString(", ")
		}
		i.value(i.r.element(object, n), depth+1)
	}
	i.more(length)
	i.out.WriteString("]")
}

func (i *inspector) fields(object *goja.Object, depth int) {
	keys := object.Keys()
	i.out.WriteString("{")
	for n, key := range keys[:min(len(keys), maxInspectItems)] {
		if n > 0 {
			i.out.WriteString(", ")
		}
		if !isPlainName(key) {
			key = strconv.Quote(clip(key, 200))
		}
		i.out.WriteString(key + ": ")
		i.value(object.Get(keys[n]), depth+1)
	}
	i.more(len(keys))
	i.out.WriteString("}")
}

func (i *inspector) more(length int) {
	if length > maxInspectItems {
		i.out.WriteString(", … " + strconv.Itoa(length-maxInspectItems) + " more")
	}
}

func isPlainName(key string) bool {
	for n, r := range key {
		if !isNameStart(r) && (n == 0 || !isNamePart(r)) {
			return false
		}
	}
	return key != "" && len(key) < 200
}

// element returns an element of an array; nil where there is none.
func (r *run) element(array *goja.Object, i int) goja.Value { return array.Get(itoa(i)) }

func itoa(i int) string { return strconv.Itoa(i) }

// length returns an array's length, as far as an int goes.
func (r *run) length(array *goja.Object) int {
	n := array.Get("length").ToFloat()
	if !(n > 0) {
		return 0
	}
	return int(min(n, 1<<31))
}

// rubyFloat writes a number as Rearview's series showed theirs: 82.0, 1.0e+20,
// and nil for a null.
func rubyFloat(v float64) string {
	switch {
	case math.IsNaN(v):
		return "nil"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	if size := math.Abs(v); v == 0 || size >= 1e-4 && size < 1e16 {
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	return mantissa + "e" + exponent
}

package engine

import (
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// builtin is a function of the script library, written in Go.
type builtin func(c *call) goja.Value

// scope holds functions under their snake_case names and, since authors of
// JavaScript expect them, under their camelCase twins.
type scope map[string]builtin

// withTwins adds the camelCase twin of every name.
func (s scope) withTwins() scope {
	for name, f := range s {
		s[camelCase(name)] = f
	}
	return s
}

// camelCase turns moving_average into movingAverage.
func camelCase(name string) string {
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}

// call is one call of a builtin.
type call struct {
	r    *run
	name string // as the author wrote it
	args []goja.Value
}

// arg returns the i-th argument, or undefined.
func (c *call) arg(i int) goja.Value {
	if i < len(c.args) {
		return c.args[i]
	}
	return goja.Undefined()
}

// given reports whether the i-th argument is there and not undefined.
func (c *call) given(i int) bool { return !goja.IsUndefined(c.arg(i)) }

// globals is the object behind the global one: a name that the script has not
// defined itself is looked up here. Functions and series are made when they are
// first used, since making all of them would cost more than most runs, and a
// script may have variables of the same names.
type globals struct {
	r     *run
	known map[string]goja.Value
}

func (g *globals) Get(name string) goja.Value {
	if v, ok := g.known[name]; ok {
		return v
	}
	v := g.make(name)
	if v != nil {
		g.known[name] = v
	}
	return v
}

func (g *globals) make(name string) goja.Value {
	if f, ok := g.r.engine.builtins[name]; ok {
		return g.r.function(name, f)
	}
	if variable, ok := strings.CutPrefix(name, "$"); ok {
		return g.r.variable(variable)
	}
	switch name {
	case "console":
		return g.r.console()
	case "Warning", "raise":
		return g.r.errorNames(name)
	}
	return nil
}

func (g *globals) Has(name string) bool               { return g.Get(name) != nil }
func (g *globals) Set(name string, v goja.Value) bool { g.known[name] = v; return true }
func (g *globals) Delete(name string) bool            { return true }
func (g *globals) Keys() []string                     { return nil }

// function makes the script's function for f.
func (r *run) function(name string, f builtin) goja.Value {
	return r.named(name, func(fc goja.FunctionCall) goja.Value {
		return f(&call{r: r, name: name, args: fc.Arguments})
	})
}

// method makes the script's function that passes its receiver to f as the first argument.
func (r *run) method(name string, f builtin) goja.Value {
	return r.named(name, func(fc goja.FunctionCall) goja.Value {
		args := append([]goja.Value{fc.This}, fc.Arguments...)
		return f(&call{r: r, name: name, args: args})
	})
}

// named makes a function that bears its name, for stacks and inspection.
func (r *run) named(name string, f func(goja.FunctionCall) goja.Value) goja.Value {
	object := r.vm.ToValue(f).(*goja.Object)
	// It cannot fail: a fresh function's name is configurable.
	_ = object.DefineDataProperty("name", r.vm.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	_ = object.SetPrototype(r.functionPrototype(object))
	return object
}

// functionPrototype makes a comparison or sum with a function an error. Ruby
// calls @a.mean; JavaScript would compare the function itself, and every
// comparison with it is false.
func (r *run) functionPrototype(of *goja.Object) *goja.Object {
	if r.fnProto != nil {
		return r.fnProto
	}
	r.fnProto = r.vm.NewObject()
	_ = r.fnProto.SetPrototype(of.Prototype())
	refuse := r.vm.ToValue(func(fc goja.FunctionCall) goja.Value {
		name := "it"
		if f, ok := fc.This.(*goja.Object); ok && goja.IsString(f.Get("name")) {
			name = clip(f.Get("name").String(), 100)
		}
		panic(r.vm.NewTypeError("%s is a function; call it: %s(…)", name, name))
	})
	_ = r.fnProto.DefineDataPropertySymbol(goja.SymToPrimitive, refuse, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return r.fnProto
}

// members is the object behind the prototypes of arrays and series: it has the
// number functions as methods, and how series and their lists are printed.
type members struct {
	r     *run
	known map[string]goja.Value
}

func (m *members) Get(name string) goja.Value {
	if v, ok := m.known[name]; ok {
		return v
	}
	if f, ok := m.r.engine.members[name]; ok {
		v := m.r.method(name, f)
		m.known[name] = v
		return v
	}
	return nil
}

func (m *members) Has(name string) bool               { return m.Get(name) != nil }
func (m *members) Set(name string, v goja.Value) bool { m.known[name] = v; return true }
func (m *members) Delete(name string) bool            { return true }
func (m *members) Keys() []string                     { return nil }

// sortedNames returns the names of a scope in order.
func (s scope) sortedNames() []string {
	var all []string
	for name := range s {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

package engine

import (
	"reflect"
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// facts are what a run needs to know of a script before it starts.
type facts struct {
	atNames map[string]bool // names written with @, with their $
	names   []string        // every name in the script, sorted, for suggestions
	thrown  map[int]bool    // offsets at which the author makes an error of a built-in class
	regexps bool            // the script may match regular expressions
}

// builtinErrors are the classes of the errors that the engine itself raises.
func builtinErrors() []string {
	return []string{"TypeError", "ReferenceError", "RangeError", "SyntaxError", "URIError", "EvalError"}
}

// study walks a script's tree once. It also turns Rearview's other way of
// drawing, graph_value[label, time, value], into the call that is meant: as
// JavaScript it would look up a property and draw nothing.
func study(tree *ast.Program, at map[int]bool) facts {
	f := facts{atNames: map[string]bool{}, thrown: map[int]bool{}}
	seen := map[string]bool{}
	errors := builtinErrors()
	// The names by which a script without a literal comes to a regular
	// expression, and those by which it comes to any member whatever its name is.
	regexpNames := []string{
		"RegExp", "match", "matchAll", "search", "eval", "Function", "constructor",
		"Reflect", "getOwnPropertyDescriptor", "getOwnPropertyDescriptors",
	}
	walk(tree, func(n any) any {
		switch n := n.(type) {
		case *ast.Identifier:
			name := n.Name.String()
			seen[name] = true
			if at[int(n.Idx)-1] {
				f.atNames[name] = true
			}
			f.regexps = f.regexps || slices.Contains(regexpNames, name)
		case *ast.StringLiteral:
			f.regexps = f.regexps || slices.Contains(regexpNames, n.Value.String())
		case *ast.TemplateElement:
			f.regexps = f.regexps || slices.Contains(regexpNames, n.Literal)
		case *ast.RegExpLiteral:
			f.regexps = true
			nameProperties(n)
		case *ast.PropertyKeyed:
			f.regexps = f.regexps || n.Computed && anyName(n.Key)
		case *ast.MethodDefinition:
			f.regexps = f.regexps || n.Computed && anyName(n.Key)
		case *ast.NewExpression:
			if callee, ok := n.Callee.(*ast.Identifier); ok && slices.Contains(errors, callee.Name.String()) {
				f.thrown[int(n.New)-1] = true
			}
		case *ast.CallExpression:
			if callee, ok := n.Callee.(*ast.Identifier); ok && slices.Contains(errors, callee.Name.String()) {
				f.thrown[int(n.LeftParenthesis)-1] = true
			}
		case *ast.BracketExpression:
			if call := bracketCall(n); call != nil {
				return call
			}
			f.regexps = f.regexps || anyName(n.Member)
		}
		return nil
	})
	for name := range seen {
		f.names = append(f.names, name)
	}
	slices.Sort(f.names)
	return f
}

// anyName reports whether a computed key may be a name that does not stand in
// the script. Arithmetic gives numbers, and names no method; the words of
// literals are looked at by themselves.
func anyName(key ast.Expression) bool {
	switch key := key.(type) {
	case *ast.NumberLiteral, *ast.StringLiteral:
		return false
	case *ast.UnaryExpression:
		return key.Operator != token.PLUS && key.Operator != token.MINUS && key.Operator != token.INCREMENT && key.Operator != token.DECREMENT
	case *ast.BinaryExpression:
		switch key.Operator {
		case token.MINUS, token.MULTIPLY, token.SLASH, token.REMAINDER:
			return false
		}
	}
	return true
}

// nameProperties makes \p{...} work: the engine's linear matcher takes it for a
// plain p, and never matches. A look-ahead that is always true brings the
// pattern to the other matcher, which knows properties.
func nameProperties(n *ast.RegExpLiteral) {
	if strings.Contains(n.Flags, "u") && (strings.Contains(n.Pattern, `\p{`) || strings.Contains(n.Pattern, `\P{`)) {
		n.Pattern = "(?=)" + n.Pattern
	}
}

// bracketCall returns the call that graph_value[a, b, c] stands for, or nil.
// Too few or too many between the brackets make a call that says so.
func bracketCall(n *ast.BracketExpression) *ast.CallExpression {
	callee, ok := n.Left.(*ast.Identifier)
	if !ok || callee.Name != "graph_value" && callee.Name != "graphValue" {
		return nil
	}
	list, ok := n.Member.(*ast.SequenceExpression)
	if !ok {
		return nil
	}
	return &ast.CallExpression{
		Callee:           callee,
		LeftParenthesis:  n.LeftBracket,
		ArgumentList:     list.Sequence,
		RightParenthesis: n.RightBracket,
	}
}

// nameOffsets returns the offsets at which the tree has a name: a variable, a
// property, a label, a key.
func nameOffsets(tree *ast.Program) map[int]bool {
	found := map[int]bool{}
	walk(tree, func(n any) any {
		switch n := n.(type) {
		case *ast.Identifier:
			found[int(n.Idx)-1] = true
		case *ast.StringLiteral:
			found[int(n.Idx)-1] = true
		}
		return nil
	})
	return found
}

// walk calls visit with every node of the tree, parents first. A node that
// visit returns takes the place of the one that it was given. goja has no
// visitor of its own; this one goes by the shape of the node's type, so that a
// new kind of node is not forgotten.
func walk(tree *ast.Program, visit func(node any) any) {
	w := walker{visit: visit, seen: map[any]bool{}}
	w.value(reflect.ValueOf(tree))
}

type walker struct {
	visit func(any) any
	seen  map[any]bool // the tree's lists of declarations repeat nodes of its body
}

func (w *walker) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		if v.CanSet() {
			if better := w.visit(v.Elem().Interface()); better != nil {
				v.Set(reflect.ValueOf(better))
				w.fields(reflect.ValueOf(better))
				return
			}
			w.fields(v.Elem())
			return
		}
		w.value(v.Elem())
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		w.visit(v.Interface())
		w.fields(v)
	case reflect.Struct:
		w.structFields(v)
	case reflect.Slice:
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	}
}

// fields walks what a node that has been visited holds.
func (w *walker) fields(v reflect.Value) {
	if v.Kind() != reflect.Pointer || v.IsNil() || w.seen[v.Interface()] {
		return
	}
	w.seen[v.Interface()] = true
	if v.Elem().Kind() == reflect.Struct {
		w.structFields(v.Elem())
	}
}

func (w *walker) structFields(v reflect.Value) {
	if v.CanAddr() {
		if name, ok := v.Addr().Interface().(*ast.Identifier); ok && !w.seen[name] {
			w.seen[name] = true
			w.visit(name)
		}
	}
	for i := range v.NumField() {
		switch field := v.Type().Field(i); field.Name {
		case "File", "DeclarationList":
		default:
			if field.IsExported() {
				w.value(v.Field(i))
			}
		}
	}
}

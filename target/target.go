// Package target reads Graphite target expressions: paths with globs, nested
// and piped function calls, strings, numbers and named arguments.
//
// The grammar is the union of what graphite-web and carbonapi accept, because
// a server's own answer to a malformed target is no help: graphite-web returns
// an empty list with status 200 when a parenthesis is missing. Whatever Parse
// accepts is whole; whether the functions exist is for the server to say. The
// package does not evaluate anything and does no I/O.
package target

import (
	"slices"
	"strconv"
	"strings"
)

// Kind says what an Expr is.
type Kind uint8

// The kinds of expression. Only a Path or a Call is a target by itself; the
// others are arguments.
const (
	Path     Kind = iota // a metric path, which may hold globs, braces and tags
	Call                 // a function call
	String               // a quoted string
	Number               // an integer or a decimal, perhaps with an exponent
	Bool                 // true or false, in any case
	None                 // none, in any case
	Infinity             // inf, in any case
)

// Expr is one parsed expression. It is a value and is not changed once parsed.
type Expr struct {
	Kind  Kind
	Text  string // the function's name for a Call; else the source text, with a String's quotes
	Args  []Arg  // of a Call, in the order of the text
	Piped bool   // a Call that was written behind its first argument: a|f(b) for f(a,b)
}

// Arg is one argument of a call.
type Arg struct {
	Name  string // of a named argument; "" for a positional one
	Value Expr
}

// IsComment reports whether a line of a target list is not a target: it is
// blank or starts with #.
func IsComment(text string) bool {
	text = strings.TrimSpace(text)
	return text == "" || text[0] == '#'
}

// String returns the expression without needless spaces. It parses to an
// equal Expr.
func (e Expr) String() string {
	var b strings.Builder
	e.write(&b)
	return b.String()
}

func (e Expr) write(b *strings.Builder) {
	args := e.Args
	if e.Piped {
		args[0].Value.write(b)
		b.WriteByte('|')
		args = args[1:]
	}
	b.WriteString(e.Text)
	if e.Kind != Call {
		return
	}
	b.WriteByte('(')
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(',')
		}
		if arg.Name != "" {
			b.WriteString(arg.Name)
			b.WriteByte('=')
		}
		arg.Value.write(b)
	}
	b.WriteByte(')')
}

// Functions returns the names of the functions that the expression calls,
// each once, the outermost first.
func (e Expr) Functions() []string {
	var names []string
	e.walk(func(call Expr) {
		if call.Kind == Call && !slices.Contains(names, call.Text) {
			names = append(names, call.Text)
		}
	})
	return names
}

func (e Expr) walk(visit func(Expr)) {
	visit(e)
	for _, arg := range e.Args {
		arg.Value.walk(visit)
	}
}

// Paths returns what the expression reads, each once, in the order of the
// text: metric paths with the variables of template() filled in, and whole
// seriesByTag calls, as graphite-web does it.
func (e Expr) Paths() []string {
	var paths []string
	e.collect(&paths, nil)
	return paths
}

func (e Expr) collect(paths *[]string, variables []Arg) {
	switch {
	case e.Kind == Path:
		if path := fill(e.Text, variables); path != "" && !slices.Contains(*paths, path) {
			*paths = append(*paths, path)
		}
	case e.Kind != Call:
	case e.Text == "seriesByTag":
		if call := e.String(); !slices.Contains(*paths, call) {
			*paths = append(*paths, call)
		}
	case e.Text == "template" && len(e.Args) > 0:
		e.Args[0].Value.collect(paths, numbered(e.Args[1:]))
	default:
		for _, arg := range e.Args {
			arg.Value.collect(paths, variables)
		}
	}
}

// numbered names positional variables 1, 2, ... as template() does.
func numbered(args []Arg) []Arg {
	named := slices.Clone(args)
	for i := range named {
		if named[i].Name == "" {
			named[i].Name = strconv.Itoa(i + 1)
		}
	}
	return named
}

// fill replaces $name by the variable's text. A path that is nothing but a
// variable stands for a value, not a path, and gives "".
func fill(path string, variables []Arg) string {
	for _, v := range variables {
		if path == "$"+v.Name {
			return ""
		}
		value := v.Value.Text
		if v.Value.Kind == String {
			value = value[1 : len(value)-1]
		}
		path = strings.ReplaceAll(path, "$"+v.Name, value)
	}
	return path
}

package engine

import (
	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
)

// Tracer is Notes that may also want to know where the run is. Only a run whose
// memory ran out before is traced: it takes several times as long as others.
type Tracer interface {
	Traced() bool // whether this run is to say so
	At(line int)  // the line of the script, from 1, at which the run is now
}

// traceName is the function that a traced script calls with each line; no script
// can write that name.
const traceName = "\x00line"

// compileTraced compiles a script so that it tells its line before each
// statement, and again after each call. Nothing else about it changes.
func compileTraced(name, source string) *program {
	return compileWith(name, source, trace)
}

// trace puts the calls into the tree, which leaves every position as it was.
func trace(tree *ast.Program) {
	t := tracing{tree: tree, done: map[any]bool{}}
	walk(tree, t.visit)
}

type tracing struct {
	tree *ast.Program
	done map[any]bool
}

func (t *tracing) visit(node any) any {
	if t.done[node] {
		return nil
	}
	t.done[node] = true
	switch n := node.(type) {
	case *ast.Program:
		n.Body = t.list(n.Body)
	case *ast.BlockStatement:
		n.List = t.list(n.List)
	case *ast.CaseStatement:
		n.Consequent = t.list(n.Consequent)
	case *ast.ForStatement:
		n.Body = t.body(n.Body)
	case *ast.ForInStatement:
		n.Body = t.body(n.Body)
	case *ast.ForOfStatement:
		n.Body = t.body(n.Body)
	case *ast.WhileStatement:
		n.Body = t.body(n.Body)
	case *ast.DoWhileStatement:
		n.Body = t.body(n.Body)
	case *ast.IfStatement:
		n.Consequent, n.Alternate = t.body(n.Consequent), t.body(n.Alternate)
	case *ast.ExpressionBody:
		n.Expression = &ast.SequenceExpression{Sequence: []ast.Expression{t.say(n.Expression.Idx0()), n.Expression}}
	case *ast.OptionalChain:
		t.spare(n.Expression)
	case *ast.CallExpression:
		return t.say(n.LeftParenthesis, n)
	case *ast.NewExpression:
		return t.say(n.New, n)
	}
	return nil
}

// spare leaves the calls of a chain a?.b().c() alone: what stands around one would
// cut the chain in two.
func (t *tracing) spare(link ast.Expression) {
	for {
		switch n := link.(type) {
		case *ast.Optional:
			link = n.Expression
		case *ast.DotExpression:
			link = n.Left
		case *ast.BracketExpression:
			link = n.Left
		case *ast.PrivateDotExpression:
			link = n.Left
		case *ast.CallExpression:
			t.done[n] = true
			link = n.Callee
		default:
			return
		}
	}
}

// say is the call that tells the line. Its value is that of the expression given.
func (t *tracing) say(at file.Idx, value ...ast.Expression) *ast.CallExpression {
	line := t.tree.File.Position(int(at) - 1).Line
	call := &ast.CallExpression{
		Callee:          &ast.Identifier{Name: traceName, Idx: at},
		LeftParenthesis: at, RightParenthesis: at,
		ArgumentList: append([]ast.Expression{&ast.NumberLiteral{Idx: at, Value: int64(line)}}, value...),
	}
	t.done[call] = true
	return call
}

// list puts a call before each statement, but for "use strict" and its like, which
// must come first.
func (t *tracing) list(all []ast.Statement) []ast.Statement {
	var told []ast.Statement
	prologue := true
	for _, s := range all {
		if prologue = prologue && isDirective(s); !prologue {
			told = append(told, &ast.ExpressionStatement{Expression: t.say(s.Idx0())})
		}
		told = append(told, s)
	}
	return told
}

func isDirective(s ast.Statement) bool {
	expression, ok := s.(*ast.ExpressionStatement)
	if !ok {
		return false
	}
	_, ok = expression.Expression.(*ast.StringLiteral)
	return ok
}

// body makes a block of a single statement, which visit will come to.
func (t *tracing) body(s ast.Statement) ast.Statement {
	switch s.(type) {
	case nil, *ast.BlockStatement, *ast.FunctionDeclaration:
		return s
	}
	return &ast.BlockStatement{LeftBrace: s.Idx0(), List: []ast.Statement{s}, RightBrace: s.Idx1()}
}

// tracer is the function that a traced script calls.
func (r *run) tracer(notes Tracer) goja.Value {
	return r.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		notes.At(int(c.Argument(0).ToInteger()))
		return c.Argument(1)
	})
}

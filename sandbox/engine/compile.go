package engine

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"

	"wingmirror/monitor"
)

// scriptFile is the name of the author's text in positions; no library file can
// have it.
const scriptFile = "script"

// program is compiled source, shared between runs and never changed.
type program struct {
	code   *goja.Program
	err    *monitor.ScriptError // the first syntax error; code is nil then
	source string               // as the author wrote it
	facts  facts
}

// compile turns source into a program. It never fails in another way than by
// program.err, but hostile source can keep it busy for hours: see the package
// comment.
func compile(name, source string) *program { return compileWith(name, source, nil) }

// compileWith lets change alter the tree first; nil alters nothing.
func compileWith(name, source string, change func(*ast.Program)) (p *program) {
	p = &program{source: source}
	defer func() {
		if broken := recover(); broken != nil {
			p.code, p.err = nil, &monitor.ScriptError{Message: "SyntaxError: the script cannot be compiled"}
		}
	}()
	tree, at, err := parse(name, source)
	if err != nil {
		p.err = syntaxError(source, err)
		return p
	}
	p.facts = study(tree, at)
	if change != nil {
		change(tree)
	}
	code, err := goja.CompileAST(tree, false)
	if err != nil {
		p.err = syntaxError(source, err)
		return p
	}
	p.code = code
	return p
}

// parseText parses without source maps: goja would open the file that a map's
// comment names.
func parseText(name, source string) (*ast.Program, error) {
	return parser.ParseFile(nil, name, source, 0, parser.WithDisableSourceMaps)
}

// syntaxError is the first error that the parser or compiler found.
func syntaxError(source string, err error) *monitor.ScriptError {
	if list, ok := errors.AsType[parser.ErrorList](err); ok && len(list) > 0 {
		first := list[0]
		line, column := first.Position.Line, first.Position.Column
		return &monitor.ScriptError{
			Message: "SyntaxError: " + explainSyntax(source, line, column, first.Message),
			Line:    line,
			Column:  utf16Column(source, line, column),
		}
	}
	found := &monitor.ScriptError{Message: "SyntaxError: " + err.Error()}
	if compiler, ok := errors.AsType[*goja.CompilerSyntaxError](err); ok {
		found.Message = "SyntaxError: " + compiler.Message
		if compiler.File != nil {
			at := compiler.File.Position(compiler.Offset)
			found.Line, found.Column = at.Line, utf16Column(source, at.Line, at.Column)
		}
	}
	return found
}

// explainSyntax replaces goja's ILLEGAL by the character that stands there.
func explainSyntax(source string, line, column int, message string) string {
	if message != "Unexpected token ILLEGAL" {
		return message
	}
	rest := ""
	if text := lineText(source, line); column-1 < len(text) {
		rest = text[column-1:]
	}
	switch r, size := utf8.DecodeRuneInString(rest); {
	case size == 0:
		return "Unexpected end of line"
	case r == '"' || r == '\'':
		return "this string is never closed"
	default:
		return fmt.Sprintf("Unexpected character %q", r)
	}
}

// maxCachedSource bounds the source text that the cache holds, in bytes; the
// compiled form of a script is some ten times as large.
const maxCachedSource = 2 << 20

// programCache holds compiled scripts by the hash of their source, those with
// errors too. When it is full any of them go: a worker sees its monitors in
// turn, and of the oldest none would ever be there again.
type programCache struct {
	mu    sync.Mutex
	byKey map[[sha256.Size]byte]*program
	bytes int
}

func newProgramCache() *programCache {
	return &programCache{byKey: map[[sha256.Size]byte]*program{}}
}

// get returns the compiled source, compiling it outside of the lock when it is new.
func (c *programCache) get(name, source string) *program {
	key := sha256.Sum256([]byte(source))
	c.mu.Lock()
	p := c.byKey[key]
	c.mu.Unlock()
	if p != nil {
		return p
	}
	p = compile(name, source)
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.byKey[key]; known != nil {
		return known
	}
	for other, old := range c.byKey {
		if c.bytes+len(source) <= maxCachedSource {
			break
		}
		c.bytes -= len(old.source)
		delete(c.byKey, other)
	}
	c.byKey[key] = p
	c.bytes += len(source)
	return p
}

package target

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what Parse accepts. Real targets stay far below them.
const (
	MaxDepth  = 64        // nested calls and braces, and pipes in a row
	MaxLength = 64 * 1024 // bytes of text
)

// Error says where a target does not parse and how to mend it.
type Error struct {
	Column  int    // 1-based, in characters
	Message string // what is wrong and how to mend it
}

// Error returns "column N: message".
func (e *Error) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Message) }

// Parse reads one target. An error is always an *Error.
func Parse(text string) (Expr, error) {
	p := parser{text: text}
	expr, err := p.target()
	if err != nil {
		return Expr{}, err
	}
	return expr, nil
}

type parser struct {
	text  string
	pos   int // in bytes
	depth int
}

func (p *parser) errorAt(pos int, format string, args ...any) *Error {
	return &Error{Column: utf8.RuneCountInString(p.text[:pos]) + 1, Message: fmt.Sprintf(format, args...)}
}

func (p *parser) target() (Expr, *Error) {
	if len(p.text) > MaxLength {
		return Expr{}, p.errorAt(0, "the target has %d bytes; at most %d are accepted", len(p.text), MaxLength)
	}
	if err := p.checkRunes(); err != nil {
		return Expr{}, err
	}
	p.skipSpace()
	start := p.pos
	if p.pos == len(p.text) {
		return Expr{}, p.errorAt(0, "the target is empty: write a metric path or a function call")
	}
	expr, err := p.expression()
	if err != nil {
		return Expr{}, err
	}
	if p.pos < len(p.text) {
		return Expr{}, p.leftover()
	}
	if expr.Kind != Path && expr.Kind != Call {
		return Expr{}, p.errorAt(start, "%s is a value, not a target: write a metric path or a function call", expr.Text)
	}
	return expr, nil
}

func (p *parser) checkRunes() *Error {
	for i, r := range p.text {
		if r == utf8.RuneError || unicode.IsControl(r) && !unicode.IsSpace(r) {
			return p.errorAt(i, "the character %q cannot be part of a target: remove it", r)
		}
	}
	return nil
}

// leftover says why the text does not end where the target does.
func (p *parser) leftover() *Error {
	switch p.text[p.pos] {
	case ')':
		return p.errorAt(p.pos, "there is no ( for this ): remove it")
	case ',':
		return p.errorAt(p.pos, "the target ends before this comma: write the next target on a line of its own")
	case '(':
		return p.errorAt(p.pos, "only a function name can stand before (")
	case '}':
		return p.errorAt(p.pos, "there is no { for this }: remove it")
	}
	return p.errorAt(p.pos, "unexpected %s after the end of the target: remove it, or put quotes around a text with spaces", p.near())
}

// near quotes a few characters at the position.
func (p *parser) near() string {
	rest := []rune(p.text[p.pos:min(p.pos+64, len(p.text))])
	if len(rest) > 12 {
		return fmt.Sprintf("%q...", string(rest[:12]))
	}
	return fmt.Sprintf("%q", string(rest))
}

func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) skipSpace() {
	for p.pos < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		p.pos += size
	}
}

// expression reads a term and the calls that it is piped into, and the space
// behind them.
func (p *parser) expression() (Expr, *Error) {
	left, err := p.term()
	if err != nil {
		return Expr{}, err
	}
	for pipes := 0; ; pipes++ {
		p.skipSpace()
		if p.peek() != '|' {
			return left, nil
		}
		if pipes == MaxDepth {
			return Expr{}, p.errorAt(p.pos, "more than %d pipes in a row", MaxDepth)
		}
		p.pos++
		p.skipSpace()
		start := p.pos
		call, err := p.term()
		if err != nil {
			return Expr{}, err
		}
		if call.Kind != Call {
			return Expr{}, p.errorAt(start, "a function call such as alias('name') must follow |")
		}
		call.Args = append([]Arg{{Value: left}}, call.Args...)
		call.Piped = true
		left = call
	}
}

func (p *parser) term() (Expr, *Error) {
	c := p.peek()
	if c == '"' || c == '\'' {
		return p.quoted(c)
	}
	if n := numberLength(p.text[p.pos:]); n > 0 {
		p.pos += n
		return Expr{Kind: Number, Text: p.text[p.pos-n : p.pos]}, nil
	}
	start := p.pos
	if err := p.path(); err != nil {
		return Expr{}, err
	}
	text := p.text[start:p.pos]
	if text == "" {
		return Expr{}, p.missing()
	}
	end := p.pos
	if p.skipSpace(); p.peek() == '(' {
		return p.call(start, end)
	}
	p.pos = end
	return Expr{Kind: wordKind(text), Text: text}, nil
}

// missing says what should have stood at the position.
func (p *parser) missing() *Error {
	if p.pos == len(p.text) {
		return p.errorAt(p.pos, "the target ends too early: a path, a call, a number or a quoted text is missing")
	}
	return p.errorAt(p.pos, "a path, a call, a number or a quoted text is missing before %s", p.near())
}

func wordKind(word string) Kind {
	switch strings.ToLower(word) {
	case "true", "false":
		return Bool
	case "none":
		return None
	case "inf":
		return Infinity
	}
	return Path
}

// quoted reads a string. A backslash keeps its quote inside, and stays in the
// text: the servers do not unescape either.
func (p *parser) quoted(quote byte) (Expr, *Error) {
	start := p.pos
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch p.text[p.pos] {
		case quote:
			p.pos++
			return Expr{Kind: String, Text: p.text[start:p.pos]}, nil
		case '\\':
			p.pos++
		case '\n', '\r':
			return Expr{}, p.errorAt(p.pos, "the line ends inside a quoted text: add %c before it", quote)
		}
	}
	p.pos = len(p.text)
	return Expr{}, p.errorAt(start, "this quote is never closed: add %c at the end of the text", quote)
}

// numberLength returns the length of the number that text starts with, 0 when
// there is none or when it is only the start of a path such as 5min.count.
func numberLength(text string) int {
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		i++
	}
	whole := digits(text[i:])
	if whole == 0 {
		return 0
	}
	i += whole
	if i < len(text) && text[i] == '.' {
		i += 1 + digits(text[i+1:])
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		j := i + 1
		if j < len(text) && (text[j] == '-' || text[j] == '+') {
			j++
		}
		exponent := digits(text[j:])
		if exponent == 0 {
			return 0
		}
		i = j + exponent
	}
	if i < len(text) {
		r, _ := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsSpace(r) && !strings.ContainsRune(",)|", r) {
			return 0
		}
	}
	return i
}

func digits(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}

// path moves over a metric path. Its characters are all printable ones but
// those with a meaning of their own, which a backslash makes ordinary.
func (p *parser) path() *Error {
	braces := 0
	open := p.pos
	for p.pos < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.pos:])
		switch {
		case r == '\\':
			_, next := utf8.DecodeRuneInString(p.text[p.pos+1:])
			if next == 0 {
				return p.errorAt(p.pos, "a backslash cannot be the last character: remove it")
			}
			size += next
		case r == '{':
			if braces == 0 {
				open = p.pos
			}
			if braces++; braces > MaxDepth {
				return p.errorAt(p.pos, "more than %d nested braces", MaxDepth)
			}
		case r == '}' && braces > 0:
			braces--
		case r == ',' && braces > 0:
		case unicode.IsSpace(r) || strings.ContainsRune(`(){},'"|`, r):
			if braces > 0 {
				return p.errorAt(open, "this { is never closed: add } before %s", p.near())
			}
			return nil
		}
		p.pos += size
	}
	if braces > 0 {
		return p.errorAt(open, "this { is never closed: add }")
	}
	return nil
}

// call reads the arguments of the function whose name is text[start:end]; the
// position is at the parenthesis.
func (p *parser) call(start, end int) (Expr, *Error) {
	name := p.text[start:end]
	if bad := notIdentifier(name); bad >= 0 {
		return Expr{}, p.errorAt(start+bad, "%q is not a function name: use only letters, digits and _ before (", name)
	}
	open := p.pos
	if p.depth++; p.depth > MaxDepth {
		return Expr{}, p.errorAt(open, "more than %d nested calls", MaxDepth)
	}
	defer func() { p.depth-- }()
	p.pos++
	expr := Expr{Kind: Call, Text: name}
	if p.skipSpace(); p.peek() == ')' {
		p.pos++
		return expr, nil
	}
	for {
		arg, err := p.argument()
		if err != nil {
			if err.Column > utf8.RuneCountInString(p.text) {
				return Expr{}, p.unclosed(name, open)
			}
			return Expr{}, err
		}
		expr.Args = append(expr.Args, arg)
		switch p.peek() {
		case ',':
			p.pos++
		case ')':
			p.pos++
			return expr, nil
		case 0:
			return Expr{}, p.unclosed(name, open)
		case '(':
			return Expr{}, p.errorAt(p.pos, "only a function name can stand before (")
		default:
			return Expr{}, p.errorAt(p.pos, "expected , or ) before %s", p.near())
		}
	}
}

func (p *parser) unclosed(name string, open int) *Error {
	return p.errorAt(open, "the ( of %s is never closed: add )", name)
}

// argument reads one argument and the space behind it.
func (p *parser) argument() (Arg, *Error) {
	p.skipSpace()
	name := p.argumentName()
	value, err := p.expression()
	return Arg{Name: name, Value: value}, err
}

// argumentName moves over the "name=" of a named argument and returns the name.
// The = of a path such as a= or a;b=c is none.
func (p *parser) argumentName() string {
	start := p.pos
	rest := p.text[start:]
	n := strings.IndexFunc(rest, func(r rune) bool { return !identifierRune(r) })
	if n <= 0 || rest[0] >= '0' && rest[0] <= '9' {
		return ""
	}
	p.pos += n
	p.skipSpace()
	if p.peek() != '=' || p.pos+1 < len(p.text) && strings.IndexByte(",)", p.text[p.pos+1]) >= 0 {
		p.pos = start
		return ""
	}
	p.pos++
	p.skipSpace()
	return rest[:n]
}

func identifierRune(r rune) bool {
	return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// notIdentifier returns the offset of the first character that a function name
// cannot have there, or -1.
func notIdentifier(name string) int {
	if name[0] >= '0' && name[0] <= '9' {
		return 0
	}
	return strings.IndexFunc(name, func(r rune) bool { return !identifierRune(r) })
}

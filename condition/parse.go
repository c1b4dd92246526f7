package condition

import (
	"slices"
	"time"
)

// node is one operation of the tree.
type node struct {
	op     string // an operator, or one of the words below
	offset int
	name   string  // of a field, a built-in, an attribute
	value  Value   // of a literal
	kids   []*node // operands; nil where the bound of a slice is left out
}

// What is no operator.
const (
	opLiteral = "literal"
	opField   = "field"
	opBuiltin = "builtin"
	opList    = "list"
	opAttr    = "."
	opAttrOr  = "&."
	opIndex   = "["
	opIndexOr = "&["
	opSlice   = "[:]"
	opSliceOr = "&[:]"
	opNegate  = "negate"
	opNot     = "not"
	opIf      = "?:"
)

// binding is how tightly an operator binds, from 1 for the loosest. The levels
// are those of the library: | ^ & and ?: bind looser than comparisons.
type binding int

const (
	bindOr binding = iota + 1
	bindAnd
	bindNot
	bindBitOr
	bindBitXor
	bindBitAnd
	bindIf
	bindCompare
	bindAdd
	bindShift
	bindMultiply
	bindPower
	bindNegate
)

var bindings = map[string]binding{
	"or": bindOr, "and": bindAnd, "|": bindBitOr, "^": bindBitXor, "&": bindBitAnd, "?": bindIf,
	"==": bindCompare, "!=": bindCompare, ">": bindCompare, ">=": bindCompare, "<": bindCompare, "<=": bindCompare,
	"=~": bindCompare, "=~~": bindCompare, "!~": bindCompare, "!~~": bindCompare, "in": bindCompare, "not": bindNot,
	"+": bindAdd, "-": bindAdd, "<<": bindShift, ">>": bindShift,
	"*": bindMultiply, "/": bindMultiply, "//": bindMultiply, "%": bindMultiply, "**": bindPower,
}

var reserved = []string{"and", "or", "not", "in", "true", "false", "null", "inf", "nan"}

// parse reads a whole condition.
func parse(text string) (*node, *Error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := parser{text: text, tokens: tokens}
	if p.peek().kind == tokenEnd {
		return nil, errorAt(text, 0, "the condition is empty: write for example value > 0.9")
	}
	root, err := p.expression(bindOr)
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokenEnd {
		return nil, p.unexpected("the condition ends before this")
	}
	return root, nil
}

type parser struct {
	text   string
	tokens []token
	pos    int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) take() token {
	t := p.tokens[p.pos]
	if t.kind != tokenEnd {
		p.pos++
	}
	return t
}

// at reports whether the next token is this operator or word.
func (p *parser) at(op string) bool {
	t := p.peek()
	return (t.kind == tokenOperator || t.kind == tokenName) && t.text == op
}

func (p *parser) expect(op, why string) *Error {
	if !p.at(op) {
		return p.unexpected(why)
	}
	p.take()
	return nil
}

func (p *parser) unexpected(why string) *Error {
	t := p.peek()
	if t.kind == tokenEnd {
		return errorAt(p.text, t.offset, "%s: the condition ends too early", why)
	}
	word := p.text[t.offset:]
	if p.pos+1 < len(p.tokens) {
		word = p.text[t.offset:p.tokens[p.pos+1].offset]
	}
	hint := "put and or or between two tests, and quotes around texts"
	if bindings[t.text] == bindCompare {
		hint = "comparisons do not chain: write a < b and b < c"
	}
	return errorAt(p.text, t.offset, "%s: unexpected %.40q; %s", why, word, hint)
}

// infix returns the operator that comes next and how tightly it binds on its
// left, or 0 when none does.
func (p *parser) infix() (string, binding) {
	t := p.peek()
	if t.kind != tokenOperator && t.kind != tokenName {
		return "", 0
	}
	if t.text == "not" {
		if next := p.tokens[p.pos+1]; next.kind != tokenName || next.text != "in" {
			return "", 0
		}
	}
	return t.text, bindings[t.text]
}

// expression reads operands and the operators between them that bind at least
// as tightly as lowest.
func (p *parser) expression(lowest binding) (*node, *Error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, errorAt(p.text, p.peek().offset, "the condition is nested more than %d deep", MaxDepth)
	}
	defer func() { p.depth-- }()
	left, err := p.prefix()
	if err != nil {
		return nil, err
	}
	compared := false
	for length := 0; ; length++ {
		op, bind := p.infix()
		if bind == 0 || bind < lowest {
			return left, nil
		}
		if length > MaxDepth*10 {
			return nil, errorAt(p.text, p.peek().offset, "more than %d operators in a row", MaxDepth*10)
		}
		if bind == bindCompare && compared {
			return nil, p.unexpected("a comparison ends before this")
		}
		compared = bind == bindCompare || op == "not"
		if left, err = p.operation(left, op, bind); err != nil {
			return nil, err
		}
	}
}

// operation reads an operator and what stands on its right.
func (p *parser) operation(left *node, op string, bind binding) (*node, *Error) {
	at := p.take().offset
	switch op {
	case "?":
		return p.choice(left, at)
	case "not":
		p.take()
		right, err := p.expression(bindCompare + 1)
		if err != nil {
			return nil, err
		}
		in := &node{op: "in", offset: at, kids: []*node{left, right}}
		return &node{op: opNot, offset: at, kids: []*node{in}}, nil
	}
	right, err := p.expression(bind + 1)
	if err != nil {
		return nil, err
	}
	return &node{op: op, offset: at, kids: []*node{left, right}}, nil
}

func (p *parser) choice(test *node, at int) (*node, *Error) {
	yes, err := p.expression(bindOr)
	if err != nil {
		return nil, err
	}
	if err := p.expect(":", "a ? needs a : and what holds otherwise"); err != nil {
		return nil, err
	}
	no, err := p.expression(bindIf)
	if err != nil {
		return nil, err
	}
	return &node{op: opIf, offset: at, kids: []*node{test, yes, no}}, nil
}

// prefix reads not, a minus, or an operand.
func (p *parser) prefix() (*node, *Error) {
	switch t := p.peek(); {
	case p.at("not"):
		p.take()
		kid, err := p.expression(bindNot)
		if err != nil {
			return nil, err
		}
		return &node{op: opNot, offset: t.offset, kids: []*node{kid}}, nil
	case p.at("-"):
		p.take()
		kid, err := p.expression(bindNegate)
		if err != nil {
			return nil, err
		}
		return &node{op: opNegate, offset: t.offset, kids: []*node{kid}}, nil
	}
	operand, err := p.operand()
	if err != nil {
		return nil, err
	}
	return p.postfix(operand)
}

// operand reads a literal, a name, a list, or what stands in parentheses.
func (p *parser) operand() (*node, *Error) {
	t := p.peek()
	switch {
	case t.kind == tokenNumber:
		p.take()
		return literal(t, numberAs(t.number, t.text)), nil
	case t.kind == tokenText:
		p.take()
		return literal(t, TextOf(t.text)), nil
	case t.kind == tokenTime:
		p.take()
		at, ok := parseTime(t.text)
		if !ok {
			return nil, errorAt(p.text, t.offset, `%q is no time: write d"2026-11-21" or d"2026-11-21T03:00:00+00:00"`, t.text)
		}
		return literal(t, TimeOf(at)), nil
	case t.kind == tokenName:
		return p.name(t)
	case p.at("("):
		p.take()
		inner, err := p.expression(bindOr)
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")", "a ( is not closed before this")
	case p.at("["):
		return p.list(t)
	}
	return nil, p.unexpected("a value is missing here")
}

func (p *parser) name(t token) (*node, *Error) {
	constant, known := constants[t.text]
	switch {
	case known:
		p.take()
		return literal(t, constant), nil
	case slices.Contains(reserved, t.text):
		return nil, p.unexpected("a value is missing here")
	case t.text[0] == '$':
		p.take()
		return &node{op: opBuiltin, offset: t.offset, name: t.text[1:]}, nil
	}
	p.take()
	return &node{op: opField, offset: t.offset, name: t.text}, nil
}

func literal(t token, v Value) *node { return &node{op: opLiteral, offset: t.offset, value: v} }

func (p *parser) list(open token) (*node, *Error) {
	p.take()
	list := &node{op: opList, offset: open.offset}
	for !p.at("]") {
		one, err := p.expression(bindOr)
		if err != nil {
			return nil, err
		}
		list.kids = append(list.kids, one)
		if !p.at(",") {
			break
		}
		p.take()
	}
	return list, p.expect("]", "a [ is not closed before this")
}

// postfix reads attributes and indices.
func (p *parser) postfix(of *node) (*node, *Error) {
	for length := 0; length <= MaxDepth; length++ {
		t := p.peek()
		switch {
		case p.at(".") || p.at("&."):
			p.take()
			name := p.peek()
			if name.kind != tokenName || name.text[0] == '$' {
				return nil, p.unexpected("a name must follow " + t.text)
			}
			p.take()
			of = &node{op: t.text, offset: name.offset, name: name.text, kids: []*node{of}}
		case p.at("[") || p.at("&["):
			var err *Error
			if of, err = p.index(of, p.take()); err != nil {
				return nil, err
			}
		default:
			return of, nil
		}
	}
	return nil, errorAt(p.text, p.peek().offset, "more than %d attributes and indices in a row", MaxDepth)
}

func (p *parser) index(of *node, open token) (*node, *Error) {
	result := &node{op: open.text, offset: open.offset, kids: []*node{of, nil}}
	var err *Error
	if !p.at(":") {
		if result.kids[1], err = p.expression(bindOr); err != nil {
			return nil, err
		}
	}
	if p.at(":") {
		p.take()
		result.op += ":]"
		result.kids = append(result.kids, nil)
		if !p.at("]") {
			if result.kids[2], err = p.expression(bindOr); err != nil {
				return nil, err
			}
		}
	}
	return result, p.expect("]", "a [ is not closed before this")
}

// timeLayouts are the forms of a time; one without a zone is in UTC.
var timeLayouts = []string{
	"2006-01-02", "20060102", "2006-01", "20060102T150405", "20060102T150405Z07:00", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02 15:04",
}

func parseTime(text string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

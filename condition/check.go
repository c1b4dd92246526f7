package condition

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

var constants = map[string]Value{
	"true": BoolOf(true), "false": BoolOf(false), "null": {}, "inf": NumberOf(math.Inf(1)), "nan": NumberOf(math.NaN()),
}

// builtinKinds are the names that begin with a dollar.
var builtinKinds = map[string]Kind{"pi": Number, "e": Number, "now": Time, "today": Time, "re_groups": List}

// check looks at names and types before anything is evaluated.
func check(text string, root *node, o Options) []*Error {
	c := checker{text: text, o: o}
	c.kind(root)
	slices.SortStableFunc(c.errs, func(a, b *Error) int { return a.Offset - b.Offset })
	return c.errs
}

type checker struct {
	text string
	o    Options
	errs []*Error
}

func (c *checker) wrong(n *node, format string, args ...any) Kind {
	c.errs = append(c.errs, errorAt(c.text, n.offset, format, args...))
	return Anything
}

// kind returns what a node gives, and notes what can never work.
func (c *checker) kind(n *node) Kind {
	kinds := make([]Kind, len(n.kids))
	for i, kid := range n.kids {
		if kid != nil {
			kinds[i] = c.kind(kid)
		}
	}
	switch n.op {
	case opLiteral:
		return n.value.kind
	case opField:
		return c.field(n)
	case opBuiltin:
		return c.builtin(n)
	case opList:
		return List
	case opAttr, opAttrOr:
		return c.attribute(n, kinds[0])
	case opIndex, opIndexOr, opSlice, opSliceOr:
		return c.index(n, kinds)
	case opIf:
		if kinds[1] == kinds[2] {
			return kinds[1]
		}
		return Anything
	case opNot, "and", "or", "==", "!=":
		return Bool
	case opNegate:
		c.takes(n, Number, kinds[0])
		return Number
	case "in":
		c.contains(n, kinds)
		return Bool
	case "=~", "=~~", "!~", "!~~":
		c.matches(n, kinds)
		return Bool
	case "<", "<=", ">", ">=":
		c.ordered(n, kinds)
		return Bool
	case "+":
		return c.plus(n, kinds)
	}
	c.takes(n, Number, kinds...)
	if slices.Contains([]string{"&", "|", "^", "<<", ">>"}, n.op) {
		c.whole(n)
	}
	return Number
}

// takes notes operands that are known to be of another kind; null is one only
// where that is asked for.
func (c *checker) takes(n *node, want Kind, kinds ...Kind) {
	for _, kind := range kinds {
		if kind != want && kind != Anything && (kind != Null || c.o.Strict) {
			c.wrong(n, "%s takes numbers, not %s%s", operatorName(n.op), kind, c.precedenceHint(n))
			return
		}
	}
}

func operatorName(op string) string {
	if op == opNegate {
		return "-"
	}
	return op
}

// precedenceHint explains what surprises people: | ^ & bind looser than
// comparisons here.
func (c *checker) precedenceHint(n *node) string {
	if !slices.Contains([]string{"&", "|", "^"}, n.op) {
		return ""
	}
	for _, kid := range n.kids {
		if bindings[kid.op] == bindCompare {
			return fmt.Sprintf("; %s binds looser than comparisons: put it in parentheses", n.op)
		}
	}
	return ""
}

func (c *checker) whole(n *node) {
	for _, kid := range n.kids {
		if kid.op == opLiteral && kid.value.kind == Number && kid.value.number != math.Trunc(kid.value.number) {
			c.wrong(kid, "%s takes whole numbers", n.op)
		}
	}
}

func (c *checker) field(n *node) Kind {
	if kind, ok := c.o.Types[n.name]; ok {
		return kind
	}
	if near := Nearest(n.name, slices.Sorted(maps.Keys(c.o.Types))); near != "" && !slices.Contains(c.o.Fields, n.name) {
		return c.wrong(n, "events have no field %s; did you mean %s? If they do carry it, list it under fields", n.name, near)
	}
	return Anything
}

func (c *checker) builtin(n *node) Kind {
	if kind, ok := builtinKinds[n.name]; ok {
		return kind
	}
	names := slices.Sorted(maps.Keys(builtinKinds))
	if near := Nearest(n.name, names); near != "" {
		return c.wrong(n, "there is no $%s; did you mean $%s?", n.name, near)
	}
	return c.wrong(n, "there is no $%s; there are $%s", n.name, strings.Join(names, ", $"))
}

func (c *checker) attribute(n *node, of Kind) Kind {
	switch {
	case of == Anything || of == Map:
		return Anything
	case of == Null && n.op == opAttrOr:
		return Null
	case of == Null:
		return c.wrong(n, "null has no attributes; &. gives null instead of failing")
	}
	for _, a := range attributes {
		if a.of == of && a.name == n.name {
			return a.gives
		}
	}
	names := attributeNames(of)
	if near := Nearest(n.name, names); near != "" {
		return c.wrong(n, "%s has no attribute %s; did you mean %s?", of, n.name, near)
	}
	if len(names) == 0 {
		return c.wrong(n, "%s has no attributes", of)
	}
	return c.wrong(n, "%s has no attribute %s; it has %s", of, n.name, strings.Join(names, ", "))
}

func (c *checker) index(n *node, kinds []Kind) Kind {
	of := kinds[0]
	slice := n.op == opSlice || n.op == opSliceOr
	switch {
	case of == Null && (n.op == opIndexOr || n.op == opSliceOr):
		return Null
	case of != Anything && of != List && of != Text && (of != Map || slice):
		return c.wrong(n, "%s cannot be indexed", of)
	case of == List || of == Text:
		for i, kind := range kinds[1:] {
			if n.kids[i+1] != nil && kind != Number && kind != Anything {
				return c.wrong(n, "an index must be a whole number, not %s", kind)
			}
		}
	}
	if of == Text || slice {
		return of
	}
	return Anything
}

func (c *checker) contains(n *node, kinds []Kind) {
	member, container := kinds[0], kinds[1]
	switch {
	case container == Text && member != Text && member != Anything && (member != Null || c.o.Strict):
		c.wrong(n, "a text can only contain texts, not %s", member)
	case container == Null && !c.o.Strict, container == Text, container == List, container == Map, container == Anything:
	default:
		c.wrong(n, "in takes a list, a mapping or a text on its right, not %s", container)
	}
}

func (c *checker) matches(n *node, kinds []Kind) {
	for _, kind := range kinds {
		if kind != Text && kind != Null && kind != Anything {
			c.wrong(n, "%s takes texts, not %s", n.op, kind)
			return
		}
	}
	if right := n.kids[1]; right.op == opLiteral && right.value.kind == Text {
		if _, err := compilePattern(n.op, right.value.text); err != nil {
			c.wrong(right, "%v", err)
		}
	}
}

// compilePattern makes a regular expression that matches from the start of a
// text, or anywhere in it for the operators with two tildes.
func compilePattern(op, pattern string) (*regexp.Regexp, error) {
	if op == "=~" || op == "!~" {
		if _, err := regexp.Compile(pattern); err != nil {
			return nil, patternError(err)
		}
		pattern = `\A(?:` + pattern + `)`
	}
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return nil, patternError(err)
	}
	return compiled, nil
}

func patternError(err error) error {
	text := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	if strings.Contains(text, "(?=") || strings.Contains(text, "(?!") || strings.Contains(text, "(?<") {
		text += " (there is no looking ahead or behind: write two tests with and)"
	}
	return fmt.Errorf("not a regular expression (RE2): %s", text)
}

func (c *checker) ordered(n *node, kinds []Kind) {
	a, b := kinds[0], kinds[1]
	if a == Anything || b == Anything || a == b && a != Map {
		return
	}
	if (a == Null || b == Null) && !c.o.Strict {
		return
	}
	c.wrong(n, "%s cannot compare %s with %s", n.op, a, b)
}

func (c *checker) plus(n *node, kinds []Kind) Kind {
	a, b := kinds[0], kinds[1]
	if !c.o.Strict && (a == Text && (b == Text || b == Anything) || a == Anything && b == Text) {
		return Text
	}
	if !c.o.Strict && a == Anything && b == Anything {
		return Anything
	}
	c.takes(n, Number, kinds...)
	return Number
}

// Nearest returns the name that is most like a mistaken one, or "" when none is
// alike enough to be what was meant: one letter is wrong, two are swapped, or
// two are wrong in a long name.
func Nearest(name string, names []string) string {
	best, distance := "", 3
	name = strings.ToLower(name)
	for _, candidate := range names {
		other := strings.ToLower(candidate)
		d := levenshtein.ComputeDistance(name, other)
		if d == 2 && len(name) < 8 && sorted(name) != sorted(other) {
			continue
		}
		if d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

func sorted(word string) string {
	letters := []byte(word)
	slices.Sort(letters)
	return string(letters)
}

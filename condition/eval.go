package condition

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A condition is compiled into functions that call each other: a tree walk
// without looking at the tree again. evaluator gives a value, test only whether
// it is taken for true, which spares most values from being made.
type (
	evaluator func(*frame) Value
	test      = func(*frame) bool
)

// truth compiles a node that is only asked whether it is true.
func truth(n *node, strict bool) test {
	switch n.op {
	case "and":
		a, b := truth(n.kids[0], strict), truth(n.kids[1], strict)
		return func(f *frame) bool { return a(f) && f.wrong == nil && b(f) }
	case "or":
		a, b := truth(n.kids[0], strict), truth(n.kids[1], strict)
		return func(f *frame) bool { return a(f) || f.wrong == nil && b(f) }
	case opNot:
		a := truth(n.kids[0], strict)
		return func(f *frame) bool { return !a(f) }
	case opField:
		name := n.name
		return func(f *frame) bool { return f.record.Field(name).True() }
	case "==", "!=":
		return equality(n, strict)
	case "<", "<=", ">", ">=":
		return order(n, strict)
	case "in":
		return contains(n, strict)
	case "=~", "=~~", "!~", "!~~":
		return pattern(n, strict)
	}
	value := compile(n, strict)
	return func(f *frame) bool { return value(f).True() }
}

// compile compiles a node that is asked for its value.
func compile(n *node, strict bool) evaluator {
	switch n.op {
	case opLiteral:
		value := n.value
		return func(*frame) Value { return value }
	case opField:
		name := n.name
		return func(f *frame) Value { return f.record.Field(name) }
	case opBuiltin:
		return builtin(n.name)
	case opList:
		kids := compileAll(n.kids, strict)
		return func(f *frame) Value {
			list := make([]Value, len(kids))
			for i, kid := range kids {
				list[i] = kid(f)
			}
			return ListOf(list...)
		}
	case opAttr, opAttrOr:
		return attributeOf(n, strict)
	case opIndex, opIndexOr:
		return indexOf(n, strict)
	case opSlice, opSliceOr:
		return sliceOf(n, strict)
	case opIf:
		ask := truth(n.kids[0], strict)
		yes, no := compile(n.kids[1], strict), compile(n.kids[2], strict)
		return func(f *frame) Value {
			if ask(f) {
				return yes(f)
			}
			return no(f)
		}
	case opNegate:
		zero := &node{op: opLiteral, value: NumberOf(0)}
		return arithmetic(&node{op: "-", offset: n.offset, kids: []*node{zero, n.kids[0]}}, strict)
	case "and", "or", opNot, "==", "!=", "<", "<=", ">", ">=", "in", "=~", "=~~", "!~", "!~~":
		ask := truth(n, strict)
		return func(f *frame) Value { return BoolOf(ask(f)) }
	}
	return arithmetic(n, strict)
}

func compileAll(nodes []*node, strict bool) []evaluator {
	all := make([]evaluator, len(nodes))
	for i, n := range nodes {
		if n != nil {
			all[i] = compile(n, strict)
		}
	}
	return all
}

func builtin(name string) evaluator {
	switch name {
	case "pi":
		return func(*frame) Value { return NumberOf(math.Pi) }
	case "e":
		return func(*frame) Value { return NumberOf(math.E) }
	case "now":
		return func(f *frame) Value { return TimeOf(f.at) }
	case "today":
		return func(f *frame) Value { return TimeOf(midnight(f.at)) }
	}
	return func(f *frame) Value {
		if f.groups == nil {
			return Value{}
		}
		return ListOf(f.groups...)
	}
}

func equality(n *node, strict bool) test {
	same := n.op == "=="
	left, right := n.kids[0], n.kids[1]
	if left.op == opField && right.op == opLiteral && right.value.kind == Text { // what nearly every condition begins with
		name, text := left.name, right.value.text
		return func(f *frame) bool {
			v := f.record.Field(name)
			return (v.kind == Text && v.text == text) == same
		}
	}
	a, b := compile(left, strict), compile(right, strict)
	return func(f *frame) bool { return a(f).Equal(b(f)) == same }
}

func order(n *node, strict bool) test {
	left, right := n.kids[0], n.kids[1]
	accept := accepts(n.op)
	if left.op == opField && right.op == opLiteral && right.value.kind == Number && !strict { // what nearly every condition ends with
		return beyond(n, accept)
	}
	a, b := compile(left, strict), compile(right, strict)
	return func(f *frame) bool {
		x, y := a(f), b(f)
		if x.kind == Number && y.kind == Number {
			return accept(compareNumbers(x.number, y.number))
		}
		if x.kind == Null || y.kind == Null {
			if !strict {
				return false
			} else if x.kind == y.kind {
				return accept(0)
			}
		}
		result, ok := compare(x, y)
		if !ok {
			f.fail(n, "%s cannot compare %s with %s", n.op, x.kind, y.kind)
		}
		return ok && accept(result)
	}
}

// beyond compares a field with a number that is written in the condition.
func beyond(n *node, accept func(int) bool) test {
	name, bound := n.kids[0].name, n.kids[1].value.number
	return func(f *frame) bool {
		v := f.record.Field(name)
		if v.kind != Number && v.kind != Null {
			f.fail(n, "%s cannot compare %s with %s", n.op, v.kind, Number)
		}
		return v.kind == Number && accept(compareNumbers(v.number, bound))
	}
}

// unordered is what comparing with NaN gives.
const unordered = 2

func accepts(op string) func(int) bool {
	switch op {
	case "<":
		return func(c int) bool { return c == -1 }
	case "<=":
		return func(c int) bool { return c <= 0 }
	case ">":
		return func(c int) bool { return c == 1 }
	}
	return func(c int) bool { return c == 0 || c == 1 }
}

func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	return unordered
}

// compare orders two values of one kind; false when they have no order.
func compare(a, b Value) (int, bool) {
	if a.kind != b.kind {
		return 0, false
	}
	switch a.kind {
	case Null:
		return 0, true // inside lists
	case Bool, Number:
		return compareNumbers(a.number, b.number), true
	case Text:
		return strings.Compare(a.text, b.text), true
	case Time:
		return a.more.at.Compare(b.more.at), true
	case List:
		for i := range min(len(a.more.list), len(b.more.list)) {
			if c, ok := compare(a.more.list[i], b.more.list[i]); !ok || c != 0 {
				return c, ok
			}
		}
		return compareNumbers(float64(len(a.more.list)), float64(len(b.more.list))), true
	}
	return 0, false
}

func contains(n *node, strict bool) test {
	member, container := compile(n.kids[0], strict), compile(n.kids[1], strict)
	return func(f *frame) bool {
		one, all := member(f), container(f)
		switch {
		case all.kind == List:
			return slices.ContainsFunc(all.more.list, one.Equal)
		case all.kind == Map:
			_, ok := all.more.keys[one.text]
			return ok && one.kind == Text
		case all.kind == Text && one.kind == Text:
			return strings.Contains(all.text, one.text)
		case !strict && (all.kind == Null || all.kind == Text && one.kind == Null):
			return false
		case all.kind == Text:
			f.fail(n, "a text can only contain texts, not %s", one.kind)
		default:
			f.fail(n, "in takes a list, a mapping or a text on its right, not %s", all.kind)
		}
		return false
	}
}

// pattern compiles the four regular expression operators. Null on a side matches
// only null.
func pattern(n *node, strict bool) test {
	wanted := n.op[0] == '='
	left, right := compile(n.kids[0], strict), compile(n.kids[1], strict)
	var fixed *regexp.Regexp
	if literal := n.kids[1]; literal.op == opLiteral && literal.value.kind == Text {
		fixed, _ = compilePattern(n.op, literal.value.text) // checked before
	}
	return func(f *frame) bool {
		text := left(f)
		re := fixed
		if re == nil {
			var known bool
			if re, known = dynamicPattern(f, n, right(f)); !known {
				return false
			}
		}
		switch {
		case text.kind == Null || re == nil:
			return (text.kind == Null && re == nil) == wanted
		case text.kind != Text:
			f.fail(n, "%s takes texts, not %s", n.op, text.kind)
			return false
		}
		found := re.FindStringSubmatchIndex(text.text)
		if found != nil {
			f.groups = groups(text.text, found)
		}
		return (found != nil) == wanted
	}
}

// dynamicPattern compiles a pattern that a field holds; nil for null. The second
// result is false when there is an error.
func dynamicPattern(f *frame, n *node, v Value) (*regexp.Regexp, bool) {
	switch v.kind {
	case Null:
		return nil, true
	case Text:
		re, err := compilePattern(n.op, v.text)
		if err != nil {
			f.fail(n, "%v", err)
		}
		return re, err == nil
	}
	f.fail(n, "%s takes texts, not %s", n.op, v.kind)
	return nil, false
}

func groups(text string, found []int) []Value {
	all := make([]Value, 0, len(found)/2)
	for i := 2; i+1 < len(found); i += 2 {
		if found[i] < 0 {
			all = append(all, Value{})
			continue
		}
		all = append(all, TextOf(text[found[i]:found[i+1]]))
	}
	return all
}

func attributeOf(n *node, strict bool) evaluator {
	of := compile(n.kids[0], strict)
	safe := n.op == opAttrOr
	return func(f *frame) Value {
		v := of(f)
		if v.kind == Map {
			if one, ok := v.more.keys[n.name]; ok {
				return one
			}
		}
		for i := range attributes {
			if a := &attributes[i]; a.of == v.kind && a.name == n.name {
				if got, ok := a.get(v); ok {
					return got
				}
				break
			}
		}
		if safe || v.kind == Map {
			return Value{}
		}
		return f.fail(n, "%s has no %s; &. gives null instead of failing", v.kind, n.name)
	}
}

func indexOf(n *node, strict bool) evaluator {
	of, at := compile(n.kids[0], strict), compile(n.kids[1], strict)
	safe := n.op == opIndexOr
	return func(f *frame) Value {
		container, index := of(f), at(f)
		if container.kind == Map {
			if one, ok := container.more.keys[index.text]; ok && index.kind == Text {
				return one
			}
		} else if one, ok := item(container, index); ok {
			return one
		}
		if safe {
			return Value{}
		}
		return f.fail(n, "%s has no item [%s]; &[ gives null instead of failing", container.kind, index)
	}
}

// item returns one of a list's values or a text's characters; negative indices
// count from the end.
func item(container, index Value) (Value, bool) {
	if index.kind != Number || index.number != math.Trunc(index.number) {
		return Value{}, false
	}
	i := int(index.number)
	switch container.kind {
	case List:
		if i < 0 {
			i += len(container.more.list)
		}
		if i >= 0 && i < len(container.more.list) {
			return container.more.list[i], true
		}
	case Text:
		runes := []rune(container.text)
		if i < 0 {
			i += len(runes)
		}
		if i >= 0 && i < len(runes) {
			return TextOf(string(runes[i])), true
		}
	}
	return Value{}, false
}

func sliceOf(n *node, strict bool) evaluator {
	kids := compileAll(n.kids, strict)
	safe := n.op == opSliceOr
	return func(f *frame) Value {
		v := kids[0](f)
		length := 0
		switch {
		case v.kind == List:
			length = len(v.more.list)
		case v.kind == Text:
			length = utf8.RuneCountInString(v.text)
		case v.kind == Null && safe:
			return Value{}
		default:
			return f.fail(n, "%s cannot be cut", v.kind)
		}
		from, ok1 := bound(f, kids[1], 0, length)
		to, ok2 := bound(f, kids[2], length, length)
		if !ok1 || !ok2 {
			return f.fail(n, "the bounds of a cut must be whole numbers")
		}
		to = max(from, to)
		if v.kind == List {
			return ListOf(v.more.list[from:to]...)
		}
		return TextOf(string([]rune(v.text)[from:to]))
	}
}

// bound returns a bound of a slice within 0 and length.
func bound(f *frame, of evaluator, missing, length int) (int, bool) {
	if of == nil {
		return missing, true
	}
	v := of(f)
	switch {
	case v.kind == Null:
		return missing, true
	case v.kind != Number || v.number != math.Trunc(v.number):
		return 0, false
	}
	i := v.number
	if i < 0 {
		i += float64(length)
	}
	return int(min(max(i, 0), float64(length))), true
}

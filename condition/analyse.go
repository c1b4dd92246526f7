package condition

import (
	"maps"
	"slices"
)

// Split parts a condition into the tests, joined by and at its top, that name no
// fields but these, and all others. An absent part is nil. Both together match
// what the whole does.
func (c *Condition) Split(fields ...string) (inside, rest *Condition) {
	var in, out *node
	for _, n := range conjuncts(c.root, nil) {
		into := &out
		if names := fieldsOf(n, nil); len(names) > 0 && !slices.ContainsFunc(slices.Collect(maps.Keys(names)), func(name string) bool { return !slices.Contains(fields, name) }) {
			into = &in
		}
		if *into == nil {
			*into = n
		} else {
			*into = &node{op: "and", offset: n.offset, kids: []*node{*into, n}}
		}
	}
	return c.of(in), c.of(out)
}

func (c *Condition) of(root *node) *Condition {
	if root == nil {
		return nil
	}
	return &Condition{text: c.text, root: root, strict: c.strict, test: truth(root, c.strict)}
}

// Without returns the condition without its tests, joined by and at its top, that
// a field equals a text: what is left to ask where that is known to hold; nil when
// nothing is.
func (c *Condition) Without(field, text string) *Condition {
	var left *node
	for _, n := range conjuncts(c.root, nil) {
		if pins(n) && n.kids[0].name == field && n.kids[1].value.text == text {
			continue
		}
		if left == nil {
			left = n
		} else {
			left = &node{op: "and", offset: n.offset, kids: []*node{left, n}}
		}
	}
	return c.of(left)
}

// pins reports whether a node tests that a field equals a text.
func pins(n *node) bool {
	return n.op == "==" && n.kids[0].op == opField && n.kids[1].op == opLiteral && n.kids[1].value.kind == Text
}

// Pinned returns the fields that must equal one text for the condition to match,
// with that text.
func (c *Condition) Pinned() map[string]string {
	pinned := map[string]string{}
	for _, n := range conjuncts(c.root, nil) {
		if pins(n) {
			pinned[n.kids[0].name] = n.kids[1].value.text
		}
	}
	return pinned
}

// Fields returns the names of all fields that the condition looks at, sorted.
func (c *Condition) Fields() []string { return slices.Sorted(maps.Keys(fieldsOf(c.root, nil))) }

func conjuncts(n *node, all []*node) []*node {
	if n.op != "and" {
		return append(all, n)
	}
	return conjuncts(n.kids[1], conjuncts(n.kids[0], all))
}

func fieldsOf(n *node, all map[string]bool) map[string]bool {
	if all == nil {
		all = map[string]bool{}
	}
	if n == nil {
		return all
	}
	if n.op == opField {
		all[n.name] = true
	}
	for _, kid := range n.kids {
		fieldsOf(kid, all)
	}
	return all
}

// Package condition is the language of a rule's condition: text such as
//
//	component == "Load5mAvg" and value > 4.0 and active
//
// is parsed once, checked for types that can never go together, and then asked
// of many records. Operators, their precedence and the types they take are those
// of the rule-engine library for Python, release 2.4, so that conditions written
// for it mean the same here, but for two things, unless Strict is asked for:
// comparing with null is false and not an error, and + joins texts.
//
// A condition cannot loop, reaches nothing but its record and the time it is
// given, and its regular expressions take time linear in the text (RE2). Every
// error names the column, and where a name is wrong the nearest one that is not.
package condition

import (
	"fmt"
	"time"
)

// Bounds of what Parse accepts. Real conditions stay far below them.
const (
	MaxDepth  = 100       // nested operators, calls and brackets
	MaxLength = 16 * 1024 // bytes of text
)

// Error says where a condition is wrong, and how to mend it.
type Error struct {
	Offset  int    // in bytes from the condition's start
	Column  int    // 1-based, in characters from the start of its line
	Line    int    // 1-based, within the condition
	Message string // what is wrong and how to mend it
}

// Error returns "column N: message", with the line when there are several.
func (e *Error) Error() string {
	if e.Line > 1 {
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
	}
	return fmt.Sprintf("column %d: %s", e.Column, e.Message)
}

// Record is what a condition is asked of. An absent field is Null.
type Record interface{ Field(name string) Value }

// Types gives the types of the fields that are known; any other name may be
// anything. A known field may also be null.
type Types map[string]Kind

// Options change what Parse accepts.
type Options struct {
	Types  Types
	Fields []string // further names that are no slips of the pen for one in Types
	Strict bool     // comparing or calculating with null, and joining texts, are errors, as in the library
}

// Condition is a parsed condition. It is immutable, and safe for many
// goroutines at once.
type Condition struct {
	text   string
	root   *node
	strict bool
	test   func(*frame) bool
}

// Parse reads and checks a condition. All errors that can be told apart are
// found at once; each is an *Error.
func Parse(text string, o Options) (*Condition, []*Error) {
	root, wrong := parse(text)
	if wrong != nil {
		return nil, []*Error{wrong}
	}
	if errs := check(text, root, o); len(errs) > 0 {
		return nil, errs
	}
	return &Condition{text: text, root: root, strict: o.Strict, test: truth(root, o.Strict)}, nil
}

// Match asks the condition of a record at a time, which is what $now and $today
// are. An error is an *Error: types that do not go together, a division by
// zero, an index that is out of range.
func (c *Condition) Match(r Record, at time.Time) (bool, error) {
	var scratch Scratch
	return c.MatchWith(&scratch, r, at)
}

// Scratch spares Match from allocating. The zero Scratch is ready; it serves one
// goroutine at a time.
type Scratch struct{ frame frame }

// MatchWith is Match with a Scratch.
func (c *Condition) MatchWith(s *Scratch, r Record, at time.Time) (bool, error) {
	f := &s.frame
	f.record, f.at, f.of = r, at, c
	if f.groups != nil || f.wrong != nil {
		f.groups, f.wrong = nil, nil
	}
	ok := c.test(f)
	if f.wrong != nil {
		return false, f.wrong
	}
	return ok, nil
}

// String returns the text as it was parsed.
func (c *Condition) String() string { return c.text }

// frame is one asking of one condition.
type frame struct {
	record Record
	at     time.Time
	of     *Condition
	groups []Value // of the last regular expression that matched
	wrong  *Error  // the first error; what is computed after it does not count
}

func (f *frame) fail(n *node, format string, args ...any) Value {
	if f.wrong == nil {
		f.wrong = errorAt(f.of.text, n.offset, format, args...)
	}
	return Value{}
}

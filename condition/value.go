package condition

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind is the type of a Value.
type Kind uint8

// The kinds. Anything is the type of a value that is not known before it is seen.
const (
	Null Kind = iota
	Bool
	Number
	Text
	Time
	List
	Map
	Anything
)

var kindNames = [...]string{"null", "a truth value", "a number", "a text", "a time", "a list", "a mapping", "anything"}

// String returns the kind in words, with its article.
func (k Kind) String() string { return kindNames[k] }

// Value is what a field holds or an expression gives. The zero Value is null.
type Value struct {
	kind   Kind
	number float64 // of a Number; 1 for a Bool that is true
	text   string  // of a Text; of a whole Number too large for number to be exact its digits
	more   *more
}

// more is what few values have.
type more struct {
	at   time.Time
	list []Value
	keys map[string]Value
}

// NumberOf returns a Number.
func NumberOf(v float64) Value { return Value{kind: Number, number: v} }

// exact is the number up to which every whole one is a float64.
const exact = 1 << 53

// numberAs is NumberOf for a number as it is written: a large whole one, such as
// the number of an order, keeps its digits.
func numberAs(v float64, written string) Value {
	if math.Abs(v) < exact || strings.Trim(written, "-0123456789") != "" {
		return NumberOf(v)
	}
	return Value{kind: Number, number: v, text: written}
}

// TextOf returns a Text.
func TextOf(s string) Value { return Value{kind: Text, text: s} }

// BoolOf returns a Bool.
func BoolOf(b bool) Value {
	if b {
		return Value{kind: Bool, number: 1}
	}
	return Value{kind: Bool}
}

// TimeOf returns a Time.
func TimeOf(t time.Time) Value { return Value{kind: Time, more: &more{at: t}} }

// ListOf returns a List.
func ListOf(all ...Value) Value { return Value{kind: List, more: &more{list: all}} }

// FromJSON turns what encoding/json makes of any JSON text into a Value. Numbers
// may be float64 or json.Number.
func FromJSON(v any) Value {
	switch v := v.(type) {
	case bool:
		return BoolOf(v)
	case float64:
		return NumberOf(v)
	case json.Number:
		f, _ := v.Float64() // beyond its range it is an infinity, as in JavaScript
		return numberAs(f, v.String())
	case string:
		return TextOf(v)
	case []any:
		list := make([]Value, len(v))
		for i, one := range v {
			list[i] = FromJSON(one)
		}
		return ListOf(list...)
	case map[string]any:
		keys := make(map[string]Value, len(v))
		for key, one := range v {
			keys[key] = FromJSON(one)
		}
		return Value{kind: Map, more: &more{keys: keys}}
	}
	return Value{}
}

// Kind returns the value's kind.
func (v Value) Kind() Kind { return v.kind }

// Number returns the number, and whether v is one.
func (v Value) Number() (float64, bool) { return v.number, v.kind == Number }

// Text returns the text, and whether v is one.
func (v Value) Text() (string, bool) { return v.text, v.kind == Text }

// True reports whether the value is taken for true: false, null, 0, and what is
// empty are not.
func (v Value) True() bool {
	switch v.kind {
	case Null:
		return false
	case Bool, Number:
		return v.number != 0 // NaN is true, as in Python
	case Text:
		return v.text != ""
	case List:
		return len(v.more.list) > 0
	case Map:
		return len(v.more.keys) > 0
	}
	return true
}

// Equal reports whether two values are of one kind and the same.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case Number:
		return v.number == w.number && (v.text == w.text || v.text == "" || w.text == "")
	case Bool:
		return v.number == w.number
	case Text:
		return v.text == w.text
	case Time:
		return v.more.at.Equal(w.more.at)
	case List:
		return equalLists(v.more.list, w.more.list)
	case Map:
		return equalMaps(v.more.keys, w.more.keys)
	}
	return true
}

func equalLists(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

func equalMaps(a, b map[string]Value) bool {
	if len(a) != len(b) {
		return false
	}
	for key, one := range a {
		if other, ok := b[key]; !ok || !one.Equal(other) {
			return false
		}
	}
	return true
}

// String returns the value for people and for keys: a text without quotes, a
// number in its shortest form, null as nothing.
func (v Value) String() string {
	switch v.kind {
	case Bool:
		return strconv.FormatBool(v.number != 0)
	case Number:
		if v.text != "" {
			return v.text
		}
		return formatNumber(v.number)
	case Text:
		return v.text
	case Time:
		return v.more.at.Format(time.RFC3339Nano)
	case List:
		parts := make([]string, len(v.more.list))
		for i, one := range v.more.list {
			parts[i] = one.String()
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case Map:
		return fmt.Sprintf("{%d keys}", len(v.more.keys))
	}
	return ""
}

func formatNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// errorAt makes an Error for a place in a text.
func errorAt(text string, offset int, format string, args ...any) *Error {
	before := text[:min(offset, len(text))]
	start := strings.LastIndexByte(before, '\n') + 1
	return &Error{
		Offset: offset, Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[start:]) + 1,
		Message: fmt.Sprintf(format, args...),
	}
}

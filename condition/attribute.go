package condition

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// attribute is what can follow a value and a dot.
type attribute struct {
	of    Kind
	name  string
	gives Kind
	get   func(Value) (Value, bool) // false: this value has it not
}

func always(get func(Value) Value) func(Value) (Value, bool) {
	return func(v Value) (Value, bool) { return get(v), true }
}

func part(name string, get func(time.Time) float64) attribute {
	return attribute{Time, name, Number, always(func(v Value) Value { return NumberOf(get(v.more.at)) })}
}

// attributes are those of texts, lists, mappings, times and numbers.
var attributes = []attribute{
	{Text, "length", Number, always(func(v Value) Value { return NumberOf(float64(utf8.RuneCountInString(v.text))) })},
	{Text, "is_empty", Bool, always(func(v Value) Value { return BoolOf(v.text == "") })},
	{Text, "as_upper", Text, always(func(v Value) Value { return TextOf(strings.ToUpper(v.text)) })},
	{Text, "as_lower", Text, always(func(v Value) Value { return TextOf(strings.ToLower(v.text)) })},
	{Text, "to_flt", Number, textToNumber},
	{Text, "to_int", Number, textToWhole},
	{Text, "to_str", Text, always(func(v Value) Value { return v })},
	{Text, "to_ary", List, always(textToList)},
	{List, "length", Number, always(func(v Value) Value { return NumberOf(float64(len(v.more.list))) })},
	{List, "is_empty", Bool, always(func(v Value) Value { return BoolOf(len(v.more.list) == 0) })},
	{List, "to_ary", List, always(func(v Value) Value { return v })},
	{Map, "length", Number, always(func(v Value) Value { return NumberOf(float64(len(v.more.keys))) })},
	{Map, "is_empty", Bool, always(func(v Value) Value { return BoolOf(len(v.more.keys) == 0) })},
	{Map, "keys", List, always(mapKeys)},
	{Map, "values", List, always(mapValues)},
	{Number, "ceiling", Number, always(func(v Value) Value { return NumberOf(math.Ceil(v.number)) })},
	{Number, "floor", Number, always(func(v Value) Value { return NumberOf(math.Floor(v.number)) })},
	{Number, "is_nan", Bool, always(func(v Value) Value { return BoolOf(math.IsNaN(v.number)) })},
	{Number, "to_flt", Number, always(func(v Value) Value { return v })},
	{Number, "to_str", Text, always(func(v Value) Value { return TextOf(v.String()) })},
	{Time, "date", Time, always(func(v Value) Value { return TimeOf(midnight(v.more.at)) })},
	part("year", func(t time.Time) float64 { return float64(t.Year()) }),
	part("month", func(t time.Time) float64 { return float64(t.Month()) }),
	part("day", func(t time.Time) float64 { return float64(t.Day()) }),
	part("hour", func(t time.Time) float64 { return float64(t.Hour()) }),
	part("minute", func(t time.Time) float64 { return float64(t.Minute()) }),
	part("second", func(t time.Time) float64 { return float64(t.Second()) }),
	part("millisecond", func(t time.Time) float64 { return float64(t.Nanosecond()/1e3) / 1e3 }),
	part("microsecond", func(t time.Time) float64 { return float64(t.Nanosecond() / 1e3) }),
	{Time, "weekday", Text, always(func(v Value) Value { return TextOf(v.more.at.Weekday().String()) })},
	{Time, "zone_name", Text, always(func(v Value) Value { return TextOf(v.more.at.Location().String()) })},
}

func textToNumber(v Value) (Value, bool) {
	number, err := strconv.ParseFloat(strings.TrimSpace(v.text), 64)
	return NumberOf(number), err == nil
}

func textToWhole(v Value) (Value, bool) {
	number, err := strconv.ParseInt(strings.TrimSpace(v.text), 10, 64)
	return NumberOf(float64(number)), err == nil
}

// textToList returns the words of a text.
func textToList(v Value) Value {
	var list []Value
	for _, word := range strings.Fields(v.text) {
		list = append(list, TextOf(word))
	}
	return ListOf(list...)
}

func mapKeys(v Value) Value {
	var list []Value
	for _, key := range slices.Sorted(maps.Keys(v.more.keys)) {
		list = append(list, TextOf(key))
	}
	return ListOf(list...)
}

func mapValues(v Value) Value {
	var list []Value
	for _, key := range slices.Sorted(maps.Keys(v.more.keys)) {
		list = append(list, v.more.keys[key])
	}
	return ListOf(list...)
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

func attributeNames(of Kind) []string {
	var names []string
	for _, a := range attributes {
		if a.of == of {
			names = append(names, a.name)
		}
	}
	return names
}

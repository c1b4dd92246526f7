package backtest

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"wingmirror/monitor"
)

// Place is a number in a monitor that a sweep changes: a literal in the script,
// or a parameter.
type Place struct {
	Param  string // name of a parameter; "" for a place in the script
	Line   int    // 1-based
	Column int    // 1-based, in UTF-16 units, as editors and the engine count
	Text   string // what stands there now, such as 0.5
}

// MostValues is how many values one sweep has at most.
const MostValues = 50

// Steps returns n values from the first to the last, evenly apart and rounded to
// what their distance needs.
func Steps(first, last float64, n int) ([]float64, error) {
	switch {
	case math.IsNaN(first) || math.IsInf(first, 0) || math.IsNaN(last) || math.IsInf(last, 0) || first == last:
		return nil, monitor.Invalid("range", "give two different numbers")
	case n < 2 || n > MostValues:
		return nil, monitor.Invalid("steps", "%d is not between 2 and %d", n, MostValues)
	}
	step := (last - first) / float64(n-1)
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(step)))-2)
	values := make([]float64, n)
	for i := range values {
		v := math.Round((first+step*float64(i))/unit) * unit
		values[i], _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	}
	return values, nil
}

// Sweep returns the monitor once for each value, with the value in the place. A
// place that does not hold what it should is ErrInvalid.
func Sweep(m monitor.Monitor, p Place, values []float64) ([]monitor.Monitor, error) {
	if p.Param != "" {
		return sweepParam(m, p.Param, values)
	}
	before, after, ok := split(m.Script, p)
	if !ok {
		return nil, monitor.Invalid("place", "line %d, column %d of the script does not hold %s", p.Line, p.Column, monitor.Cut(p.Text, 40))
	}
	if _, err := strconv.ParseFloat(p.Text, 64); err != nil {
		return nil, monitor.Invalid("place", "%q is not a number such as 0.5", monitor.Cut(p.Text, 40))
	}
	return Variants(m, values, func(m *monitor.Monitor, v float64) { m.Script = before + literal(v) + after }), nil
}

// literal writes a value as JavaScript reads it anywhere, so a - in front of it
// does not become a --.
func literal(v float64) string {
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if v < 0 {
		return "(" + text + ")"
	}
	return text
}

// split cuts the place's text out of the script.
func split(script string, p Place) (before, after string, ok bool) {
	lines := strings.SplitAfter(script, "\n")
	if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Text == "" {
		return "", "", false
	}
	line := lines[p.Line-1]
	offset, units := 0, 1
	for _, r := range line {
		if units >= p.Column {
			break
		}
		units += utf16.RuneLen(r)
		offset += len(string(r))
	}
	if units != p.Column || !strings.HasPrefix(line[offset:], p.Text) {
		return "", "", false
	}
	head := strings.Join(lines[:p.Line-1], "") + line[:offset]
	return head, script[len(head)+len(p.Text):], true
}

func sweepParam(m monitor.Monitor, name string, values []float64) ([]monitor.Monitor, error) {
	params := map[string]json.RawMessage{}
	if len(m.Params) > 0 {
		if err := json.Unmarshal(m.Params, &params); err != nil {
			return nil, monitor.Invalid("params", "%v", err)
		}
	}
	var number float64
	if json.Unmarshal(params[name], &number) != nil {
		return nil, monitor.Invalid("place", "the parameters have no number %s", monitor.Cut(name, 40))
	}
	var failed error
	all := Variants(m, values, func(m *monitor.Monitor, v float64) {
		params[name] = json.RawMessage(strconv.FormatFloat(v, 'f', -1, 64))
		text, err := json.Marshal(params)
		if err != nil {
			failed = err
		}
		m.Params = text
	})
	return all, failed
}

package monitor

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// The series of a test come in three forms: a map of target and values, where
// values are numbers or a drawing such as "1 2 _ 5x10 0+2x30"; a CSV whose first
// column is a time; and Graphite's JSON.

const defaultTestStep = 60

func readTestSeries(v any, step int64) ([]TestSeries, error) {
	if step == 0 {
		step = defaultTestStep
	}
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if strings.HasPrefix(strings.TrimSpace(v), "[") {
			return readGraphiteJSON(v)
		}
		return readCSV(v)
	case yaml.MapSlice:
		all := make([]TestSeries, 0, len(v))
		for _, item := range v {
			s, err := readOne(fmt.Sprint(item.Key), item.Value, step)
			if err != nil {
				return nil, Invalid("series", "%v: %v", item.Key, err)
			}
			all = append(all, s)
		}
		return all, nil
	}
	return nil, Invalid("series", "write a map of target and values, or text that is CSV or Graphite's JSON")
}

func readOne(name string, v any, step int64) (TestSeries, error) {
	s := TestSeries{Target: name, Series: Series{Label: name, Step: step}}
	fields, ok := v.(yaml.MapSlice)
	if !ok {
		values, err := readValues(v)
		s.Series.Values = values
		return s, err
	}
	for _, field := range fields {
		var err error
		switch field.Key {
		case "target": // the key is only a name then, since a target may bring several
			s.Target = fmt.Sprint(field.Value)
		case "label":
			s.Series.Label = fmt.Sprint(field.Value)
		case "step":
			s.Series.Step, err = strconv.ParseInt(fmt.Sprint(field.Value), 10, 64)
		case "start":
			s.Series.Start, err = readMoment(fmt.Sprint(field.Value))
		case "values":
			s.Series.Values, err = readValues(field.Value)
		default:
			err = fmt.Errorf("unknown key %v; the keys are values, step, start, label, target", field.Key)
		}
		if err != nil {
			return s, err
		}
	}
	if s.Series.Step < 1 {
		return s, fmt.Errorf("step %d is below 1 second", s.Series.Step)
	}
	return s, nil
}

// readValues reads a list of numbers, or a drawing.
func readValues(v any) ([]float64, error) {
	switch v := v.(type) {
	case string:
		return draw(v)
	case []any:
		values := make([]float64, len(v))
		for i, item := range v {
			one, err := readNumber(fmt.Sprint(item))
			if item == nil {
				one, err = math.NaN(), nil
			}
			if err != nil {
				return nil, err
			}
			values[i] = one
		}
		return values, nil
	case nil:
		return nil, nil
	}
	one, err := readNumber(fmt.Sprint(v))
	return []float64{one}, err
}

func readNumber(text string) (float64, error) {
	switch text {
	case "_", "null", "None":
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) {
		return 0, fmt.Errorf("%q is not a number, nor _ for none", Cut(text, 40))
	}
	return v, nil
}

// draw reads values apart by blanks or commas: a number, _ for none, 5x10 for ten
// fives, 0+2x30 for thirty values from 0 in steps of 2, and 9-1x5 downwards.
func draw(text string) ([]float64, error) {
	var values []float64
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\t' }) {
		first, times, many := strings.Cut(word, "x")
		n := 1
		if many {
			var err error
			if n, err = strconv.Atoi(times); err != nil || n < 0 || n > mostTestValues {
				return nil, fmt.Errorf("%q: write a count after the x, as in 5x10", Cut(word, 40))
			}
		}
		start, step, err := slope(first)
		if err != nil {
			return nil, err
		}
		if len(values)+n > mostTestValues {
			return nil, fmt.Errorf("more than %d values", mostTestValues)
		}
		for i := range n {
			values = append(values, start+float64(i)*step)
		}
	}
	return values, nil
}

// slope reads a number with a step behind it, if there is one.
func slope(text string) (start, step float64, err error) {
	if start, err = readNumber(text); err == nil {
		return start, 0, nil
	}
	for i := len(text) - 1; i > 0; i-- {
		if (text[i] == '+' || text[i] == '-') && text[i-1] != 'e' && text[i-1] != 'E' {
			start, errStart := readNumber(text[:i])
			step, errStep := readNumber(text[i:])
			if errStart == nil && errStep == nil {
				return start, step, nil
			}
		}
	}
	return 0, 0, err
}

func readMoment(text string) (int64, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return seconds, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, fmt.Errorf("%q is neither seconds since 1970 nor a time such as 2026-11-21T03:00:00Z", Cut(text, 40))
	}
	return at.Unix(), nil
}

// readCSV reads a table whose first line names the series and whose first column
// is a time.
func readCSV(text string) ([]TestSeries, error) {
	rows, err := csv.NewReader(strings.NewReader(strings.TrimSpace(text))).ReadAll()
	if err != nil {
		return nil, Invalid("series", "CSV: %v", err)
	}
	if len(rows) < 2 || len(rows[0]) < 2 {
		return nil, Invalid("series", "the CSV needs a line of names, a first column of times, and at least one row")
	}
	columns := make([][][2]float64, len(rows[0])-1)
	for i, row := range rows[1:] {
		at, err := readMoment(strings.TrimSpace(row[0]))
		if err != nil {
			return nil, Invalid("series", "CSV row %d: %v", i+2, err)
		}
		for c, cell := range row[1:] {
			v := math.NaN()
			if cell = strings.TrimSpace(cell); cell != "" {
				if v, err = readNumber(cell); err != nil {
					return nil, Invalid("series", "CSV row %d: %v", i+2, err)
				}
			}
			columns[c] = append(columns[c], [2]float64{v, float64(at)})
		}
	}
	all := make([]TestSeries, len(columns))
	for c, points := range columns {
		if all[c], err = onGrid(strings.TrimSpace(rows[0][c+1]), points); err != nil {
			return nil, Invalid("series", "%v", err)
		}
	}
	return all, nil
}

func readGraphiteJSON(text string) ([]TestSeries, error) {
	var answer []struct {
		Target     string
		Datapoints [][2]*float64
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return nil, Invalid("series", "this is not the JSON of Graphite's render API: %v", err)
	}
	all := make([]TestSeries, len(answer))
	for i, one := range answer {
		points := make([][2]float64, 0, len(one.Datapoints))
		for _, p := range one.Datapoints {
			if p[1] == nil {
				return nil, Invalid("series", "%s: a point without a time", one.Target)
			}
			v := math.NaN()
			if p[0] != nil {
				v = *p[0]
			}
			points = append(points, [2]float64{v, *p[1]})
		}
		var err error
		if all[i], err = onGrid(one.Target, points); err != nil {
			return nil, Invalid("series", "%v", err)
		}
	}
	return all, nil
}

// onGrid makes a series of points (value, time) that are evenly apart, or have
// gaps that whole steps fit into.
func onGrid(name string, points [][2]float64) (TestSeries, error) {
	s := TestSeries{Target: name, Series: Series{Label: name, Step: defaultTestStep}}
	if len(points) == 0 {
		return s, nil
	}
	s.Series.Start = int64(points[0][1])
	if len(points) > 1 {
		s.Series.Step = int64(points[1][1] - points[0][1])
	}
	if s.Series.Step < 1 {
		return s, fmt.Errorf("%s: times must grow", name)
	}
	for _, p := range points {
		offset := int64(p[1]) - s.Series.Start
		i := offset / s.Series.Step
		if offset%s.Series.Step != 0 || i < int64(len(s.Series.Values)) || i > mostTestValues {
			return s, fmt.Errorf("%s: the time %d is not on the grid of %d s that the first two points begin", name, int64(p[1]), s.Series.Step)
		}
		for int64(len(s.Series.Values)) < i {
			s.Series.Values = append(s.Series.Values, math.NaN())
		}
		s.Series.Values = append(s.Series.Values, p[0])
	}
	return s, nil
}

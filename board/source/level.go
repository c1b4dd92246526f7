package source

import (
	"encoding/json"
	"fmt"
	"strings"

	"wingmirror/monitor"
)

// levelRule says which level something has: a fixed one, what a field says, or
// what a table makes of the field. It is written as
//
//	level: DC2
//	level: labels.severity            (the field holds 1 to 5)
//	level: {field: labels.severity, critical: DC1, page: DC2, else: DC3}
type levelRule struct {
	fixed monitor.DC
	path  []string
	table map[string]monitor.DC
	other monitor.DC // when the table has nothing; NoDC: that is an error
}

// levelRule reads a setting; bare names a field where a single word does.
func (s *settings) levelRule(key string, fallback monitor.DC, bare string) levelRule {
	s.used[key] = true
	raw, given := s.values[key]
	if !given {
		return levelRule{fixed: fallback}
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		s.wrong(key, "this must be a level, a field or a table")
		return levelRule{fixed: fallback}
	}
	table, isTable := value.(map[string]any)
	if !isTable {
		text := textOf(value)
		if dc, err := monitor.ParseDC(text); err == nil {
			return levelRule{fixed: dc}
		}
		if number, ok := value.(float64); ok {
			s.wrong(key, "%v is no level; write 1 (the most critical) to 5", number)
			return levelRule{fixed: fallback}
		}
		if text == "" || strings.ContainsAny(text, " {}") {
			s.wrong(key, "%q is neither a level nor a field; write DC2, or the name of a field", monitor.Cut(text, 50))
			return levelRule{fixed: fallback}
		}
		return levelRule{path: fieldPath(text, bare)}
	}
	rule := levelRule{table: map[string]monitor.DC{}}
	for name, entry := range table {
		text := textOf(entry)
		if name == "field" {
			rule.path = fieldPath(text, bare)
			continue
		}
		dc, err := monitor.ParseDC(text)
		if err != nil {
			s.wrong(key, "%q: %q is no level; write DC1 to DC5", name, monitor.Cut(text, 50))
		}
		if name == "else" {
			rule.other = dc
		} else {
			rule.table[name] = dc
		}
	}
	if len(rule.path) == 0 {
		s.wrong(key, "say which field the table is about: {field: severity, critical: DC1, else: DC3}")
	}
	return rule
}

// fieldPath is a path of a field; a name without a dot is one of bare.
func fieldPath(text, bare string) []string {
	if bare != "" && !strings.Contains(text, ".") {
		return []string{bare, text}
	}
	return strings.Split(text, ".")
}

// of returns the level of something.
func (l levelRule) of(data any) (monitor.DC, error) {
	if l.fixed != monitor.NoDC {
		return l.fixed, nil
	}
	text := textOf(walk(data, l.path))
	if l.table != nil {
		if dc, ok := l.table[text]; ok {
			return dc, nil
		}
		if l.other != monitor.NoDC {
			return l.other, nil
		}
		return monitor.NoDC, fmt.Errorf("%s is %q, for which the table has no level; add it, or else", strings.Join(l.path, "."), monitor.Cut(text, 50))
	}
	dc, err := monitor.ParseDC(text)
	if err != nil {
		return monitor.NoDC, fmt.Errorf("%s is %q, which is no level", strings.Join(l.path, "."), monitor.Cut(text, 50))
	}
	return dc, nil
}

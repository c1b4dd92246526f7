package monitor

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

func stringField(key string, at func(*Monitor) *string) headField {
	return headField{
		key: key,
		read: func(m *Monitor, node ast.Node) error {
			return yaml.NodeToValue(node, at(m))
		},
		write: func(m Monitor) string {
			if text := *at(&m); text != "" {
				return " " + scalar(text)
			}
			return ""
		},
	}
}

// linesField is a list of strings, or one string with a line for each.
func linesField(key string, at func(*Monitor) *[]string) headField {
	return headField{
		key: key,
		read: func(m *Monitor, node ast.Node) error {
			var block string
			if _, isList := node.(*ast.SequenceNode); !isList && yaml.NodeToValue(node, &block) == nil {
				*at(m) = strings.Split(strings.TrimRight(block, "\n"), "\n")
				return nil
			}
			return yaml.NodeToValue(node, at(m))
		},
		write: func(m Monitor) string {
			var out strings.Builder
			for _, line := range *at(&m) {
				out.WriteString("\n  - " + scalar(line))
			}
			return out.String()
		},
	}
}

// scalar writes text as YAML that holds no end of a comment and, whatever the
// library makes of it, reads back as the same text. JSON's strings are YAML's
// double-quoted ones, so they serve where a plain one would not.
func scalar(text string) string {
	plain, err := yaml.Marshal(text)
	line := strings.TrimSuffix(string(plain), "\n")
	var back string
	if err == nil && !strings.ContainsAny(line, "\n\r") && !strings.Contains(line, "*/") &&
		yaml.Unmarshal([]byte("k: "+line), &struct{ K *string }{&back}) == nil && back == text {
		return line
	}
	return jsonText(text)
}

// jsonText is the value as JSON on one line, with the slash of a comment's end escaped.
func jsonText(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return `""`
	}
	return strings.ReplaceAll(strings.TrimSpace(out.String()), "*/", `*\/`)
}

func readLabels(m *Monitor, node ast.Node) error { return yaml.NodeToValue(node, &m.Labels) }

func writeLabels(m Monitor) string {
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(m.Labels)) {
		out.WriteString("\n  " + scalar(key) + ": " + scalar(m.Labels[key]))
	}
	return out.String()
}

func readMinutes(m *Monitor, node ast.Node) error { return yaml.NodeToValue(node, &m.Minutes) }

func writeMinutes(m Monitor) string {
	if m.Minutes == 0 {
		return ""
	}
	return " " + strconv.Itoa(m.Minutes)
}

func readParams(m *Monitor, node ast.Node) error {
	var params map[string]any
	if err := yaml.NodeToValue(node, &params); err != nil {
		return err
	}
	raw, err := json.Marshal(params)
	if err != nil {
		return Invalid("params", "cannot be written as JSON: %v", err)
	}
	m.Params = raw
	return nil
}

func writeParams(m Monitor) string {
	if len(m.Params) == 0 {
		return ""
	}
	return " " + jsonText(m.Params)
}

func readRepeat(m *Monitor, node ast.Node) error {
	var text string
	if err := yaml.NodeToValue(node, &text); err != nil {
		return err
	}
	repeat, err := ParseRepeat(text)
	m.Policy.Repeat = repeat
	return err
}

// ParseRepeat reads a repeat interval: a duration such as 90s, 60m or 4h, "never"
// (negative), or "" (zero: the installation's default).
func ParseRepeat(text string) (time.Duration, error) {
	switch text {
	case "":
		return 0, nil
	case "never":
		return -1, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, Invalid("repeat", "%q is not a duration; write for example 60m, 4h or never", text)
	}
	return d, nil
}

// FormatRepeat is the opposite of ParseRepeat.
func FormatRepeat(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < 0:
		return "never"
	}
	text := d.String()
	text = strings.TrimSuffix(text, "0s")
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	if text == "" || !strings.ContainsAny(text[len(text)-1:], "hms") {
		return d.String()
	}
	return text
}

func writeRepeat(m Monitor) string {
	if m.Policy.Repeat == 0 {
		return ""
	}
	return " " + FormatRepeat(m.Policy.Repeat)
}

func readActive(m *Monitor, node ast.Node) error { return yaml.NodeToValue(node, &m.Active) }

func writeActive(m Monitor) string {
	if m.Active {
		return ""
	}
	return " false"
}

func readFailures(m *Monitor, node ast.Node) error {
	if err := yaml.NodeToValue(node, &m.Policy.Failures); err != nil {
		return err
	}
	if m.Policy.Failures < 0 {
		return Invalid("failures", "%d is below 0; write how many bad runs in a row it takes", m.Policy.Failures)
	}
	return nil
}

func writeFailures(m Monitor) string {
	if m.Policy.Failures == 0 {
		return ""
	}
	return " " + strconv.Itoa(m.Policy.Failures)
}

func durationField(key string, at func(*Monitor) *time.Duration) headField {
	return headField{
		key: key,
		read: func(m *Monitor, node ast.Node) error {
			var text string
			if err := yaml.NodeToValue(node, &text); err != nil {
				return err
			}
			d, err := time.ParseDuration(text)
			if err != nil || d < 0 {
				return Invalid(key, "%q is not a duration; write for example 30s or 10m", text)
			}
			*at(m) = d
			return nil
		},
		write: func(m Monitor) string {
			if d := *at(&m); d != 0 {
				return " " + d.String()
			}
			return ""
		},
	}
}

func toggleField(key string, at func(*Monitor) *Toggle) headField {
	return headField{
		key: key,
		read: func(m *Monitor, node ast.Node) error {
			var text string
			if err := yaml.NodeToValue(node, &text); err != nil {
				return err
			}
			if Toggle(text) != On && Toggle(text) != Off {
				return Invalid(key, "%q is neither on nor off", text)
			}
			*at(m) = Toggle(text)
			return nil
		},
		write: func(m Monitor) string {
			if t := *at(&m); t != Unset {
				return " " + scalar(string(t))
			}
			return ""
		},
	}
}

// readTests takes tests that are one text; those that are a list are taken as
// they were written, see blockOf.
func readTests(m *Monitor, node ast.Node) error {
	if _, ok := node.(*ast.SequenceNode); ok {
		m.Tests = node.String()
		return nil
	}
	return yaml.NodeToValue(node, &m.Tests)
}

func writeTests(m Monitor) string {
	text := strings.TrimRight(m.Tests, "\n ")
	if text == "" {
		return ""
	}
	if strings.Contains(text, "*/") || strings.ContainsAny(text, "\t\r") || !strings.HasPrefix(text, "- ") {
		return " " + jsonText(m.Tests)
	}
	return "\n  " + strings.ReplaceAll(strings.ReplaceAll(text, "\n", "\n  "), "\n  \n", "\n\n")
}

// blockOf returns the indented lines below a key of the head, without their
// common indentation; "" when the key's value stands on its own line.
func blockOf(head, key string) string {
	lines := strings.Split(head, "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.TrimRight(line, " ") == key+":" })
	if at < 0 {
		return ""
	}
	var block []string
	indent := -1
	for _, line := range lines[at+1:] {
		trimmed := strings.TrimLeft(line, " ")
		if trimmed != "" && trimmed == line && !strings.HasPrefix(line, "-") && !strings.HasPrefix(line, "#") {
			break
		}
		if trimmed != "" && (indent < 0 || len(line)-len(trimmed) < indent) {
			indent = len(line) - len(trimmed)
		}
		block = append(block, line)
	}
	for i, line := range block {
		block[i] = line[min(max(indent, 0), len(line)):]
	}
	return strings.TrimSpace(strings.Join(block, "\n"))
}

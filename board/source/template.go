package source

import (
	"strconv"
	"strings"

	"wingmirror/monitor"
)

// template is a text with places such as {{ labels.alertname }}, which name
// what is found on a path through an object. A path that leads nowhere gives
// nothing. Nothing else can be said in it.
type template struct {
	plain []string // what stands before, between and after the places
	paths [][]string
}

// template reads a setting, or the text that stands for it.
func (s *settings) template(key, fallback string) template {
	text := s.text(key)
	if text == "" {
		text = fallback
	}
	var t template
	for {
		before, rest, found := strings.Cut(text, "{{")
		if !found {
			t.plain = append(t.plain, text)
			return t
		}
		inside, after, closed := strings.Cut(rest, "}}")
		path := strings.TrimSpace(inside)
		if !closed || path == "" || strings.ContainsAny(path, "{|%( ") {
			s.wrong(key, "%q is no place; write for example {{ labels.alertname }}", monitor.Cut("{{"+inside, 60))
			return template{plain: []string{""}}
		}
		t.plain, t.paths = append(t.plain, before), append(t.paths, strings.Split(path, "."))
		text = after
	}
}

// fill puts what the paths lead to into their places.
func (t template) fill(data any) string {
	var out strings.Builder
	for i, plain := range t.plain {
		out.WriteString(plain)
		if i < len(t.paths) {
			out.WriteString(textOf(walk(data, t.paths[i])))
		}
	}
	return out.String()
}

// walk follows a path through objects and lists.
func walk(data any, path []string) any {
	for _, step := range path {
		switch here := data.(type) {
		case map[string]any:
			data = here[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(here) {
				return nil
			}
			data = here[i]
		default:
			return nil
		}
	}
	return data
}

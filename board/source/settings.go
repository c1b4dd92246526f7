package source

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/monitor"
)

// settings are one source's, while they are read. Every key must be asked for:
// what is left over in the end is unknown.
type settings struct {
	trusted bool
	name    string // of the source
	values  map[string]json.RawMessage
	used    map[string]bool
	errs    monitor.FieldErrors
}

func (s *settings) wrong(field, format string, args ...any) {
	s.errs = append(s.errs, monitor.Invalid(field, format, args...))
}

// get decodes a setting into to; false when it is not given or cannot be read.
func (s *settings) get(key string, to any, kind string) bool {
	s.used[key] = true
	raw, ok := s.values[key]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, to); err != nil {
		s.wrong(key, "this must be %s", kind)
		return false
	}
	return true
}

func (s *settings) text(key string) string {
	var text string
	s.get(key, &text, "one text")
	return text
}

// need is text of a setting that must be given.
func (s *settings) need(key, why string) string {
	text := s.text(key)
	if text == "" && !slices.ContainsFunc(s.errs, func(e *monitor.FieldError) bool { return e.Field == key }) {
		s.wrong(key, "%s", why)
	}
	return text
}

func (s *settings) texts(key string) map[string]string {
	var raw map[string]any
	s.get(key, &raw, "`key: value` lines")
	if raw == nil {
		return nil
	}
	texts := make(map[string]string, len(raw))
	for name, value := range raw {
		texts[name] = textOf(value)
	}
	return texts
}

func (s *settings) list(key string) []string {
	var list []string
	if raw, ok := s.values[key]; ok && len(raw) > 0 && raw[0] == '"' {
		return []string{s.text(key)}
	}
	s.get(key, &list, "a list of texts")
	return list
}

func (s *settings) number(key string, fallback int) int {
	n := fallback
	s.get(key, &n, "a whole number")
	return n
}

// level reads a level that may be written as DC3, 3, or not at all.
func (s *settings) level(key string, fallback monitor.DC) monitor.DC {
	var value any
	if !s.get(key, &value, "a level, DC1 to DC5") {
		return fallback
	}
	dc, err := monitor.ParseDC(textOf(value))
	if err != nil {
		s.wrong(key, "%q is no level; write DC1 (the most critical) to DC5", monitor.Cut(textOf(value), 50))
		return fallback
	}
	return dc
}

// zone is a time zone; UTC when none is given.
func (s *settings) zone(key string) *time.Location {
	zone, err := monitor.LoadZone(s.text(key))
	if err != nil {
		s.wrong(key, "%s", monitor.AllFieldErrors(err)[0].Message)
		return time.UTC
	}
	return zone
}

// secret is a setting, or the content of the file that key_file names. Only the
// operator's own files may name one.
func (s *settings) secret(key string) string {
	text := s.text(key)
	file := s.text(key + "_file")
	if file == "" {
		return text
	}
	if !s.trusted {
		s.wrong(key+"_file", "only the board's files can name files of this machine; write %s, or move the component into a file", key)
		return text
	}
	data, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		s.wrong(key+"_file", "%v", err)
	}
	return strings.TrimSpace(string(data))
}

// finish returns what was wrong, unknown keys last.
func (s *settings) finish() monitor.FieldErrors {
	var known []string
	for key := range s.used {
		known = append(known, key)
	}
	slices.Sort(known)
	var keys []string
	for key := range s.values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if s.used[key] {
			continue
		}
		if near := monitor.Nearest(key, known); near != "" {
			s.wrong(key, "unknown key; did you mean %s?", near)
		} else if len(known) == 0 {
			s.wrong(key, "unknown key; this type of source has no settings")
		} else {
			s.wrong(key, "unknown key; the keys are name, type, schedule, timeout, failing, %s", strings.Join(known, ", "))
		}
	}
	return s.errs
}

// textOf is a JSON value as text: numbers without an exponent, true and false,
// nothing for null, and JSON for the rest.
func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(raw)
}

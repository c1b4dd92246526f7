package medusa

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"wingmirror/monitor"
)

// EDN is the notation of Clojure programs (github.com/edn-format/edn), which
// medusa spoke beside JSON. What goes over the wire are maps of names to texts and
// whole numbers, so that is what is read and written here.

// ReadEDN reads a map of keywords, or texts, to texts, whole numbers, keywords and
// true or false. A text stays a string, a keyword becomes one, a number is an
// int64. What is wrong is a FieldError that says where.
func ReadEDN(text string) (map[string]any, error) {
	r := ednReader{text: text}
	if r.skip(); !r.take('{') {
		return nil, r.wrong("a map such as {:name \"GC_MS\"} must begin here")
	}
	all := map[string]any{}
	for r.skip(); !r.take('}'); r.skip() {
		key, err := r.value()
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if _, twice := all[name]; !ok || twice {
			return nil, r.wrong("a keyword of its own, such as :name, must stand before this")
		}
		r.skip()
		if all[name], err = r.value(); err != nil {
			return nil, err
		}
	}
	if r.skip(); r.at < len(text) {
		return nil, r.wrong("nothing may follow the map")
	}
	return all, nil
}

type ednReader struct {
	text string
	at   int
}

func (r *ednReader) wrong(what string) error {
	return monitor.Invalid("body", "not EDN at byte %d: %s", r.at, what)
}

// skip passes over space, commas and comments.
func (r *ednReader) skip() {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case strings.IndexByte(" \t\r\n,", c) >= 0:
			r.at++
		case c == ';':
			end := strings.IndexByte(r.text[r.at:], '\n')
			if end < 0 {
				end = len(r.text) - r.at
			}
			r.at += end
		default:
			return
		}
	}
}

func (r *ednReader) take(c byte) bool {
	if r.at < len(r.text) && r.text[r.at] == c {
		r.at++
		return true
	}
	return false
}

func (r *ednReader) value() (any, error) {
	if r.take('"') {
		return r.quoted()
	}
	begin := r.at
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n,;\"{}()[]", r.text[r.at]) < 0 {
		r.at++
	}
	word := r.text[begin:r.at]
	if name, keyword := strings.CutPrefix(word, ":"); keyword && name != "" {
		return name, nil
	}
	switch word {
	case "nil":
		return nil, nil
	case "true", "false":
		return word == "true", nil
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return n, nil
	}
	r.at = begin
	return nil, r.wrong("a text in quotes, a keyword or a whole number must stand here")
}

var ednEscapes = map[byte]string{'"': `"`, '\\': `\`, 'n': "\n", 't': "\t", 'r': "\r", 'b': "\b", 'f': "\f"}

func (r *ednReader) quoted() (any, error) {
	var out strings.Builder
	for r.at < len(r.text) {
		c := r.text[r.at]
		switch r.at++; c {
		case '"':
			if !utf8.ValidString(out.String()) {
				return nil, r.wrong("the text is not UTF-8")
			}
			return out.String(), nil
		case '\\':
			if err := r.escape(&out); err != nil {
				return nil, err
			}
		default:
			out.WriteByte(c)
		}
	}
	return nil, r.wrong("the text has no closing quote")
}

func (r *ednReader) escape(into *strings.Builder) error {
	rest := r.text[r.at:]
	if rest == "" {
		return r.wrong("the text has no closing quote")
	}
	if known, ok := ednEscapes[rest[0]]; ok {
		into.WriteString(known)
		r.at++
		return nil
	}
	if rest[0] == 'u' && len(rest) >= 5 {
		if code, err := strconv.ParseUint(rest[1:5], 16, 32); err == nil {
			into.WriteRune(rune(code))
			r.at += 5
			return nil
		}
	}
	return r.wrong("there is no such escape")
}

// WriteEDN writes maps of texts and whole numbers, and lists of such maps.
func WriteEDN(v any) string {
	switch v := v.(type) {
	case []map[string]any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = WriteEDN(one)
		}
		return "(" + strings.Join(parts, " ") + ")"
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, ":"+name+" "+WriteEDN(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case string:
		return `"` + ednQuotes.Replace(v) + `"`
	}
	return fmt.Sprint(v)
}

var ednQuotes = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\b", `\b`, "\f", `\f`)

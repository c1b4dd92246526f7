package monitor

import (
	"strconv"
	"unicode/utf8"
)

// Cut shortens text to at most max bytes, at a rune's border, with an ellipsis
// in place of what is gone. Bytes that are not UTF-8 become U+FFFD first.
func Cut(text string, max int) string {
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	if len(text) <= max {
		return text
	}
	const ellipsis = "…"
	end := max - len(ellipsis)
	if end < 0 {
		return ""
	}
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}

func quoteCut(text string) string { return strconv.Quote(Cut(text, 100)) }

func indexed(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

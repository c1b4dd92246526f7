package graphite

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// longestReason is in bytes.
const longestReason = 300

// Reason returns the one line of an error page that says what is wrong: the
// text of a plain answer, the message of an {"error": ...}, the title or first
// paragraph of a page of HTML, and of a page with a Python traceback its last
// line, which names the exception. It is plain text without control characters
// and is cut; the reader's page must still escape it. It is "" when the page says
// nothing.
func Reason(page []byte) string {
	if isBinary(page) {
		return "binary data"
	}
	text := string(page)
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		d := new(decoder)
		d.begin(strings.NewReader(text), Limits{}.withDefaults())
		if wrong, ok := d.object().(*answerError); ok {
			return wrong.reason
		}
	}
	if looksLikeHTML(text) {
		text = withoutTags(text)
	}
	lines := meaningful(unescape(text))
	if len(lines) == 0 {
		return ""
	}
	if i := lastTraceback(lines); i >= 0 {
		return safeText(exception(lines[i+1:], lines[0]))
	}
	return safeText(firstLine(lines))
}

// isBinary reports whether the start of a page holds control characters that no
// text has.
func isBinary(page []byte) bool {
	return bytes.ContainsFunc(page[:min(len(page), 512)], func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != '\x1b'
	})
}

// Made when the first such page comes: a worker process starts in a few milliseconds,
// and needs none of them.
var (
	htmlStart   = lazily(`(?i)^\s*(<!--.*?-->\s*)*<(!doctype|html|head|body|center|h[1-6]|p|div|pre|title)\b`)
	htmlHidden  = lazily(`(?is)<(script|style)\b.*?</(script|style)\s*>|<!--.*?-->|<!doctype[^>]*>`)
	htmlBreak   = lazily(`(?i)<(/?(p|div|h[1-6]|li|tr|pre|title|head|body|center)|br)\b[^>]*>`)
	htmlTag     = lazily(`</?[a-zA-Z][^<>]*>`)
	boilerplate = lazily(`(?i)^(graphite encountered an unexpected error|please contact your site administrator|bad request$|not found$|internal server error$)`)
)

func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

func looksLikeHTML(text string) bool { return htmlStart().MatchString(text) }

// withoutTags leaves a page's text. What it returns is shown as text, never as
// HTML, so an odd tag that stays in is a blemish and no danger.
func withoutTags(text string) string {
	text = htmlHidden().ReplaceAllString(text, "\n")
	text = htmlBreak().ReplaceAllString(text, "\n")
	return htmlTag().ReplaceAllString(text, "")
}

// unescape undoes HTML escapes. carbonapi escapes its plain text, and what it
// quotes from its back end twice.
func unescape(text string) string {
	for range 2 {
		text = html.UnescapeString(text)
	}
	return text
}

func meaningful(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRightFunc(line, unicode.IsSpace); strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func lastTraceback(lines []string) int {
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(strings.TrimSpace(lines[i]), "Traceback (most recent call last)") {
			return i
		}
	}
	return -1
}

// exception returns the first line of a traceback that is not indented: the
// name and text of the exception.
func exception(lines []string, otherwise string) string {
	for _, line := range lines {
		if line[0] != ' ' && line[0] != '\t' {
			return line
		}
	}
	return otherwise
}

// firstLine returns the first line that is more than the name of a status, with
// what carbonapi spreads over lines of "name : text" joined.
func firstLine(lines []string) string {
	first, listed := "", false
	for _, line := range lines {
		line = strings.TrimSpace(line)
		name, text, pair := strings.Cut(line+" ", " : ")
		if pair {
			line = strings.TrimSpace(name) + ": " + strings.TrimSpace(text)
		}
		switch {
		case first == "" || boilerplate().MatchString(first):
			first, listed = line, pair
		case pair && listed && len(first) < longestReason:
			first += "; " + line
		}
	}
	return first
}

// safeText makes one line of text from outside fit to be shown: without control
// and invisible formatting characters, spaces run together, and cut.
func safeText(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= longestReason {
		return text
	}
	cut := longestReason
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.TrimSpace(text[:cut]) + " ..."
}

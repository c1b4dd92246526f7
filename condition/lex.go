package condition

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is one word, literal or sign of a condition.
type token struct {
	kind   tokenKind
	text   string // an operator or name as written; of a literal what it stands for
	number float64
	offset int
}

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenOperator
	tokenName
	tokenNumber
	tokenText
	tokenTime
)

// operators are the signs, those that begin like others first.
var operators = []string{
	"=~~", "!~~", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "=~", "!~", "&.", "&[",
	"+", "-", "*", "/", "%", "<", ">", "&", "|", "^", "?", ":", ".", "(", ")", "[", "]", ",",
}

// strangers are signs of other languages, with what is meant by them here.
var strangers = map[string]string{
	"&&": "write and", "||": "write or", "!": "write not", "=": "a single = compares nothing: write ==",
	"#": "a condition has no comments: put it above, in the rule's description", "~": "write =~ to match a regular expression",
	"{": "a condition has no sets or mappings: write a list, such as [1, 2]", ";": "a condition is one expression: remove the ;",
	"$": "a built-in's name is missing: write $now, $today, $pi, $e or $re_groups",
	"`": "write texts in double or single quotes", "\\": "a \\ can only stand in quotes",
}

// lex cuts the text into tokens; the last one is tokenEnd.
func lex(text string) ([]token, *Error) {
	if len(text) > MaxLength {
		return nil, errorAt(text, 0, "the condition has %d bytes; at most %d are accepted", len(text), MaxLength)
	}
	if !utf8.ValidString(text) {
		return nil, &Error{Column: 1, Line: 1, Message: "the condition is not UTF-8 text"}
	}
	l := lexer{text: text}
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		l.tokens = append(l.tokens, t)
		if t.kind == tokenEnd {
			return l.tokens, nil
		}
	}
}

type lexer struct {
	text   string
	pos    int
	tokens []token
}

func (l *lexer) next() (token, *Error) {
	l.pos += len(l.text[l.pos:]) - len(strings.TrimLeft(l.text[l.pos:], " \t\r\n"))
	start := l.pos
	if start == len(l.text) {
		return token{offset: start}, nil
	}
	rest := l.text[start:]
	switch c := rest[0]; {
	case c == '"' || c == '\'':
		return l.quoted(tokenText, 0)
	case len(rest) > 1 && (c == 's' || c == 'd') && (rest[1] == '"' || rest[1] == '\''):
		kind := tokenText
		if c == 'd' {
			kind = tokenTime
		}
		return l.quoted(kind, 1)
	case digit(c) || c == '.' && len(rest) > 1 && digit(rest[1]):
		return l.number()
	case letter(c) || c == '$' && len(rest) > 1 && letter(rest[1]):
		l.pos++
		for l.pos < len(l.text) && (letter(l.text[l.pos]) || digit(l.text[l.pos])) {
			l.pos++
		}
		return token{kind: tokenName, text: l.text[start:l.pos], offset: start}, nil
	}
	for _, two := range []string{"&&", "||"} {
		if strings.HasPrefix(rest, two) {
			return token{}, errorAt(l.text, start, "%s is no operator here: %s", two, strangers[two])
		}
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) && !(op == "&[" && l.spaceBefore()) {
			l.pos += len(op)
			return token{kind: tokenOperator, text: op, offset: start}, nil
		}
	}
	return token{}, l.stranger(rest)
}

// spaceBefore reports whether nothing stands right before the position: then &[
// is a bitwise and with a list.
func (l *lexer) spaceBefore() bool {
	return l.pos == 0 || strings.ContainsRune(" \t\r\n", rune(l.text[l.pos-1]))
}

func (l *lexer) stranger(rest string) *Error {
	r, _ := utf8.DecodeRuneInString(rest)
	if hint, ok := strangers[string(r)]; ok {
		return errorAt(l.text, l.pos, "%c is no operator here: %s", r, hint)
	}
	if strings.ContainsRune("“”„‘’«»", r) {
		return errorAt(l.text, l.pos, `%c is no quote here: write " or '`, r)
	}
	if unicode.IsLetter(r) {
		return errorAt(l.text, l.pos, "the letter %c cannot be part of a name: use letters a to z, digits and _", r)
	}
	return errorAt(l.text, l.pos, "unexpected character %q: remove it", r)
}

func digit(c byte) bool  { return '0' <= c && c <= '9' }
func letter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// quoted reads a text or time; prefix is how many letters stand before the quote.
func (l *lexer) quoted(kind tokenKind, prefix int) (token, *Error) {
	start := l.pos
	quote := l.text[start+prefix]
	for i := start + prefix + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case quote:
			l.pos = i + 1
			inner, err := unescape(l.text[start+prefix+1 : i])
			if err != nil {
				return token{}, errorAt(l.text, start, "%v", err)
			}
			return token{kind: kind, text: inner, offset: start}, nil
		case '\\':
			i++
		case '\n':
			return token{}, errorAt(l.text, start, "the text that starts here has no closing %c on its line", quote)
		}
	}
	return token{}, errorAt(l.text, start, "the text that starts here has no closing %c", quote)
}

var escapes = map[byte]string{
	'n': "\n", 't': "\t", 'r': "\r", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v", '\\': "\\", '"': `"`, '\'': "'", '\n': "",
}

// unescape replaces escapes as Python does: an unknown one stays as it is, so
// that "\d+" needs no second backslash.
func unescape(text string) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[i]]
		switch known, ok := escapes[text[i]]; {
		case '0' <= text[i] && text[i] <= '7':
			end := i + 1
			for end < min(i+3, len(text)) && '0' <= text[end] && text[end] <= '7' {
				end++
			}
			code, err := strconv.ParseUint(text[i:end], 8, 32)
			if err != nil {
				return "", fmt.Errorf(`\%s is no octal number`, text[i:end])
			}
			out.WriteRune(rune(code))
			i = end - 1
		case ok:
			out.WriteString(known)
		case digits == 0:
			out.WriteString(text[i-1 : i+1])
		default:
			end := i + 1 + digits
			if end > len(text) {
				return "", fmt.Errorf(`\%c needs %d hexadecimal digits`, text[i], digits)
			}
			code, err := strconv.ParseUint(text[i+1:end], 16, 32)
			if err != nil || code > unicode.MaxRune {
				return "", fmt.Errorf(`\%c needs %d hexadecimal digits of a character`, text[i], digits)
			}
			out.WriteRune(rune(code))
			i = end - 1
		}
	}
	return out.String(), nil
}

// number reads 12, 1.5e3, .5, 0x1f, 0o17 or 0b101.
func (l *lexer) number() (token, *Error) {
	start := l.pos
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		sign := (c == '+' || c == '-') && l.pos > start && (l.text[l.pos-1] == 'e' || l.text[l.pos-1] == 'E') && !strings.HasPrefix(l.text[start:], "0x")
		if !digit(c) && !letter(c) && c != '.' && !sign || c == '.' && attributeFollows(l.text[l.pos+1:]) {
			break
		}
		l.pos++
	}
	word := l.text[start:l.pos]
	value, err := parseNumber(word)
	if err != nil {
		return token{}, errorAt(l.text, start, "%q is no number: %v", word, err)
	}
	return token{kind: tokenNumber, number: value, text: word, offset: start}, nil
}

// attributeFollows reports whether the point before a text begins an attribute,
// and not a fraction or the exponent of one: 1.e3 is a thousand.
func attributeFollows(text string) bool {
	if text == "" || !letter(text[0]) {
		return false
	}
	exponent := strings.TrimLeft(text[1:], "+-")
	return (text[0] != 'e' && text[0] != 'E') || exponent == "" || !digit(exponent[0])
}

func parseNumber(word string) (float64, error) {
	bad := fmt.Errorf("write for example 12, 0.9, 1e3 or 0x1f; texts need quotes")
	if strings.ContainsRune(word, '_') {
		return 0, bad
	}
	if len(word) > 1 && word[0] == '0' {
		for prefix, base := range map[string]int{"0x": 16, "0o": 8, "0b": 2} {
			if digits, ok := strings.CutPrefix(word, prefix); ok {
				whole, err := strconv.ParseUint(digits, base, 64)
				if err != nil {
					return 0, bad
				}
				return float64(whole), nil
			}
		}
		if digit(word[1]) {
			return 0, fmt.Errorf("it must not begin with 0")
		}
	}
	if strings.Trim(word, "0123456789.eE+-") != "" {
		return 0, bad
	}
	value, err := strconv.ParseFloat(word, 64)
	if err != nil && !strings.ContainsAny(word, "eE") {
		return 0, bad
	}
	if err != nil && value == 0 {
		return 0, bad
	}
	return value, nil
}

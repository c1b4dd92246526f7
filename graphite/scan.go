package graphite

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON tokens from a stream. It exists because the points of
// render answers are the program's hot path: encoding/json needs several times
// as long for them, and refuses NaN and 1e9999, which servers do send.
type scanner struct {
	r        io.Reader
	buf      []byte
	pos, end int
	before   int64 // bytes of the stream before buf[0]
	limit    int64 // most bytes to read
	err      error // why no more can be read
}

const (
	bufferSize = 32 << 10
	longToken  = 1 << 20 // most bytes of a name or a number
	pointSize  = 96      // bytes that surely hold an ordinary point
	maxDepth   = 64      // of nesting in what is skipped
)

func (s *scanner) reset(r io.Reader, limit int64) {
	if s.buf == nil {
		s.buf = make([]byte, bufferSize)
	}
	*s = scanner{r: r, buf: s.buf, limit: limit}
}

// more reports whether n bytes can be had at pos, and reads them.
func (s *scanner) more(n int) bool {
	for s.end-s.pos < n {
		if s.err != nil {
			return false
		}
		if s.pos > 0 && s.pos+n > len(s.buf) {
			copy(s.buf, s.buf[s.pos:s.end])
			s.before += int64(s.pos)
			s.end -= s.pos
			s.pos = 0
		}
		if n > len(s.buf) {
			s.buf = append(s.buf, make([]byte, n)...)
		}
		read, err := s.r.Read(s.buf[s.end:])
		s.end += read
		s.err = err
		if over := s.before + int64(s.end) - s.limit; over > 0 {
			s.end -= int(over)
			s.err = &LimitError{What: "bytes", Limit: s.limit}
		}
	}
	return true
}

// cutOff is the error for a stream that ends too early.
func (s *scanner) cutOff() error {
	if s.err != nil && !errors.Is(s.err, io.EOF) {
		return s.err
	}
	return fmt.Errorf("the answer was cut off after %d bytes: %w", s.before+int64(s.end), io.ErrUnexpectedEOF)
}

func (s *scanner) bad(wanted string) error {
	return &answerError{reason: fmt.Sprintf("the answer is not what render sends: expected %s at byte %d", wanted, s.before+int64(s.pos))}
}

// peek moves over white space and returns the byte there, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < s.end || s.more(1) {
		switch c := s.buf[s.pos]; c {
		case ' ', '\n', '\t', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// expect moves over c.
func (s *scanner) expect(c byte) error {
	switch s.peek() {
	case c:
		s.pos++
		return nil
	case 0:
		if s.pos == s.end {
			return s.cutOff()
		}
	}
	return s.bad(strconv.Quote(string(c)))
}

// next says whether another element of a list or object follows, and moves to
// it. It is called after each element.
func (s *scanner) next(closing byte) (bool, error) {
	switch s.peek() {
	case ',':
		s.pos++
		return true, nil
	case closing:
		s.pos++
		return false, nil
	case 0:
		if s.pos == s.end {
			return false, s.cutOff()
		}
	}
	return false, s.bad("a comma or " + strconv.Quote(string(closing)))
}

// each calls element at every element of the list or object that starts here.
func (s *scanner) each(opening, closing byte, element func() error) error {
	if err := s.expect(opening); err != nil {
		return err
	}
	if s.peek() == closing {
		s.pos++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if again, err := s.next(closing); !again {
			return err
		}
	}
}

// members calls member with every key of the object that starts here, at the
// key's value.
func (s *scanner) members(member func(key string) error) error {
	return s.each('{', '}', func() error {
		key, err := s.key()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return member(key)
	})
}

// text reads a string, or the text of a number or a word; null is "".
func (s *scanner) text() (string, error) {
	if s.peek() != '"' {
		word, err := s.word()
		if word == "null" {
			word = ""
		}
		return word, err
	}
	n, plain, err := s.quoted()
	if err != nil {
		return "", err
	}
	if !plain {
		return s.escaped(n)
	}
	text := strings.ToValidUTF8(string(s.buf[s.pos:s.pos+n]), "\ufffd")
	s.pos += n + 1
	return text, nil
}

// quoted moves over the quote that starts a string and returns the length of
// what follows up to its end, or, when plain is false, up to its first escape.
func (s *scanner) quoted() (n int, plain bool, err error) {
	s.pos++
	for n := 0; n <= longToken; n++ {
		if s.pos+n >= s.end && !s.more(n+1) {
			return 0, false, s.cutOff()
		}
		switch s.buf[s.pos+n] {
		case '"':
			return n, true, nil
		case '\\':
			return n, false, nil
		}
	}
	return 0, false, s.bad("a shorter text")
}

// key reads the name of a member. Those that every series has cost no memory.
func (s *scanner) key() (string, error) {
	if s.peek() != '"' {
		return s.text()
	}
	n, plain, err := s.quoted()
	if err != nil {
		return "", err
	}
	if !plain {
		return s.escaped(n)
	}
	name := s.buf[s.pos : s.pos+n]
	s.pos += n + 1
	switch string(name) {
	case "target":
		return "target", nil
	case "datapoints":
		return "datapoints", nil
	case "tags":
		return "tags", nil
	case "name":
		return "name", nil
	}
	return string(name), nil
}

// escaped reads the rest of a string that has n bytes before its first escape.
func (s *scanner) escaped(n int) (string, error) {
	out := append([]byte(nil), s.buf[s.pos:s.pos+n]...)
	s.pos += n
	for len(out) <= longToken {
		if !s.more(1) {
			return "", s.cutOff()
		}
		c := s.buf[s.pos]
		s.pos++
		switch c {
		case '"':
			return strings.ToValidUTF8(string(out), "\ufffd"), nil
		case '\\':
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, c)
		}
	}
	return "", s.bad("a shorter text")
}

// escape reads what follows a backslash.
func (s *scanner) escape() (rune, error) {
	if !s.more(1) {
		return 0, s.cutOff()
	}
	c := s.buf[s.pos]
	s.pos++
	switch c {
	case 'n':
		return '\n', nil
	case 't':
		return '\t', nil
	case 'r':
		return '\r', nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'u':
	default:
		return rune(c), nil
	}
	high, err := s.hex4()
	if err != nil || !utf16.IsSurrogate(high) {
		return high, err
	}
	if !s.more(6) || s.buf[s.pos] != '\\' || s.buf[s.pos+1] != 'u' {
		return utf8.RuneError, nil
	}
	s.pos += 2
	low, err := s.hex4()
	return utf16.DecodeRune(high, low), err
}

func (s *scanner) hex4() (rune, error) {
	if !s.more(4) {
		return 0, s.cutOff()
	}
	code, err := strconv.ParseUint(string(s.buf[s.pos:s.pos+4]), 16, 32)
	if err != nil {
		return 0, s.bad("four hexadecimal digits")
	}
	s.pos += 4
	return rune(code), nil
}

// word reads a number or a bare word such as null, true or NaN.
func (s *scanner) word() (string, error) {
	s.peek()
	for n := 0; ; n++ {
		if n > longToken {
			return "", s.bad("a shorter number")
		}
		if s.pos+n >= s.end && !s.more(n+1) {
			return "", s.cutOff() // no word ends an answer
		}
		if !wordByte(s.buf[s.pos+n]) {
			if n == 0 {
				return "", s.bad("a value")
			}
			word := string(s.buf[s.pos : s.pos+n])
			s.pos += n
			return word, nil
		}
	}
}

func wordByte(c byte) bool {
	return c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// skip moves over one value of any kind.
func (s *scanner) skip(depth int) error {
	if depth > maxDepth {
		return s.bad("less nesting")
	}
	switch s.peek() {
	case '{':
		return s.members(func(string) error { return s.skip(depth + 1) })
	case '[':
		return s.each('[', ']', func() error { return s.skip(depth + 1) })
	case '"':
		n, plain, err := s.quoted()
		if err == nil && plain {
			s.pos += n + 1
			return nil
		}
		if err == nil {
			_, err = s.escaped(n)
		}
		return err
	}
	_, err := s.text()
	return err
}

// number reads a number in any of the forms that servers use. What is no
// number at all, such as null, None or an empty text, is NaN; ok is false for
// other words.
func number(text string) (value float64, ok bool) {
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "", "null", "none", "nan", "-nan", "undefined":
		return math.NaN(), true
	}
	if strings.ContainsAny(text, "xXpP_") { // Go's own notations
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	if errors.Is(err, strconv.ErrRange) { // 1e9999 is how graphite-web writes infinity
		return value, true
	}
	return value, err == nil
}

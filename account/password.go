package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"wingmirror/monitor"
)

// The rules of NIST SP 800-63B-4, section 3.1.1.2: length counts, composition
// does not, every character is welcome, and what everybody would guess is refused.
const (
	MinPassword = 15  // characters, as a password is the only factor
	MaxPassword = 256 // characters; nothing is ever cut off
)

// CheckPassword returns why a user of that name may not have that password, as
// a FieldError about "password", or nil.
func CheckPassword(name, password string) error {
	if !utf8.ValidString(password) {
		return monitor.Invalid("password", "the password is not UTF-8 text")
	}
	password = norm.NFKC.String(password)
	switch length := utf8.RuneCountInString(password); {
	case length < MinPassword:
		return monitor.Invalid("password", "a password has at least %d characters, this one has %d; a few words in a row are easy to remember, and spaces are welcome", MinPassword, length)
	case length > MaxPassword:
		return monitor.Invalid("password", "a password has at most %d characters, this one has %d", MaxPassword, length)
	}
	if strings.ContainsFunc(password, unicode.IsControl) {
		return monitor.Invalid("password", "the password has a control character, such as a tab or a line end, that cannot be typed into the login page")
	}
	if guessable(name, password) {
		return monitor.Invalid("password", "this password is among the first that others would try: it is little more than a name, a common word, or a row of keys; use a few unrelated words")
	}
	return nil
}

// obvious is what people reach for when a password must be long. Rows of keys
// and of the alphabet are found in either direction.
var obvious = []string{
	"wingmirror", "password", "passwort", "passphrase", "letmein", "welcome", "changeme", "administrator", "admin", "monitoring", "graphite", "secret",
	"correcthorsebatterystaple", "correct", "horse", "battery", "staple",
	"abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
}

// guessable reports whether little is left of a password without what is
// obvious, the user's own name, and repetition.
func guessable(name, password string) bool {
	rest := fold(password)
	local, _, _ := strings.Cut(name, "@")
	for _, known := range append([]string{fold(name), fold(local)}, obvious...) {
		if len(known) >= 3 {
			rest = strings.ReplaceAll(rest, known, "")
		}
	}
	rest = withoutRows(rest)
	distinct := map[rune]bool{}
	for _, r := range rest {
		distinct[r] = true
	}
	return utf8.RuneCountInString(rest) < 6 || len(distinct) < 5 || period(rest) < 6
}

// fold drops case, spaces and punctuation, which guessers vary first.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// withoutRows cuts rows of four or more neighbours on the keyboard or in the
// alphabet down to their first character.
func withoutRows(text string) string {
	runes := []rune(text)
	var out []rune
	for i := 0; i < len(runes); {
		length := 1
		for n := 4; i+n <= len(runes) && isRow(string(runes[i:i+n])); n++ {
			length = n
		}
		out = append(out, runes[i])
		i += length
	}
	return string(out)
}

func isRow(piece string) bool {
	backwards := reverse(piece)
	for _, row := range obvious {
		if strings.Contains(row, piece) || strings.Contains(row, backwards) {
			return true
		}
	}
	return false
}

func reverse(text string) string {
	runes := []rune(text)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

// period returns the length of the piece that text repeats, in characters; the
// whole length when it repeats none.
func period(text string) int {
	runes := []rune(text)
	for p := 1; p < len(runes); p++ {
		same := true
		for i := p; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-p]
		}
		if same {
			return p
		}
	}
	return len(runes)
}

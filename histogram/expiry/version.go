package expiry

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// Compare orders versions as Mozilla's toolkit does: -1, 0 or 1. A version is
// parts between dots, and a part is number, string, number, string, any of which
// may be missing; a missing string is later than any, so 1.0 is after 1.0a1. A *
// is an infinite number, and 1.0+ means 1.1pre. Parts that only one of the two
// has are not looked at, so 42 and 42.0 are equal.
func Compare(a, b string) int {
	as, bs := strings.Split(strings.TrimSpace(a), "."), strings.Split(strings.TrimSpace(b), ".")
	for i := range min(len(as), len(bs)) {
		if c := comparePart(parsePart(as[i]), parsePart(bs[i])); c != 0 {
			return c
		}
	}
	return 0
}

type versionPart struct {
	number1 float64
	text1   string
	number2 float64
	text2   string
}

func parsePart(text string) versionPart {
	if text == "*" {
		return versionPart{number1: math.Inf(1)}
	}
	var p versionPart
	p.number1, text = leadingNumber(text)
	end := strings.IndexAny(text, "0123456789")
	if end < 0 {
		end = len(text)
	}
	p.text1 = text[:end]
	p.number2, p.text2 = leadingNumber(text[end:])
	if p.text1 == "+" {
		p.number1, p.text1 = p.number1+1, "pre"
	}
	return p
}

func leadingNumber(text string) (float64, string) {
	end := 0
	if strings.HasPrefix(text, "-") {
		end = 1
	}
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseFloat(text[:end], 64)
	if err != nil {
		return 0, text
	}
	return n, text[end:]
}

func comparePart(a, b versionPart) int {
	return cmp.Or(
		cmp.Compare(a.number1, b.number1), compareText(a.text1, b.text1),
		cmp.Compare(a.number2, b.number2), compareText(a.text2, b.text2),
	)
}

func compareText(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	return strings.Compare(a, b)
}

// Never reports whether a probe of this version never expires: that of a version
// which begins with no number does not, either.
func Never(version string) bool {
	version = strings.TrimSpace(version)
	return version == "" || version[0] < '0' || version[0] > '9'
}

// Normal returns the version as the calendar names it: N and N.0 are the first
// alpha of N.
func Normal(version string) string {
	version = strings.TrimSpace(version)
	major, minor, several := strings.Cut(version, ".")
	if !several || minor == "" || strings.Trim(minor, "0") == "" {
		return major + ".0a1"
	}
	return version
}

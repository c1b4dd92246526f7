package monitor

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// DC is a level of the board: from DC5, everything is fine, to DC1, freeze. The
// lower number is the more critical. The zero value is no level at all.
type DC uint8

// The levels of the board.
const (
	NoDC DC = iota
	DC1
	DC2
	DC3
	DC4
	DC5
)

// DCs lists the levels, the calmest first.
func DCs() []DC { return []DC{DC5, DC4, DC3, DC2, DC1} }

// String returns DC1 to DC5; "" for no level.
func (d DC) String() string {
	switch {
	case d == NoDC:
		return ""
	case d > DC5:
		return fmt.Sprintf("DC(%d)", uint8(d))
	}
	return "DC" + string('0'+byte(d))
}

// Worse reports whether d is more critical than other. No level is worse than none.
func (d DC) Worse(other DC) bool { return d != NoDC && (other == NoDC || d < other) }

// WorseOf returns the more critical of two levels.
func (d DC) WorseOf(other DC) DC {
	if other.Worse(d) {
		return other
	}
	return d
}

// Level says how the level weighs for people who are told of incidents: DC1 and
// DC2 are critical, DC3 is a warning, DC4 and DC5 are ok.
func (d DC) Level() Level {
	switch d {
	case NoDC:
		return Unknown
	case DC1, DC2:
		return Critical
	case DC3:
		return Warning
	}
	return OK
}

// ParseDC reads a level as DC3, dc3 or 3; any other text is ErrInvalid.
func ParseDC(text string) (DC, error) {
	digits := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "DC")
	if len(digits) == 1 && digits[0] >= '1' && digits[0] <= '5' {
		return DC(digits[0] - '0'), nil
	}
	return NoDC, Invalid("level", "%s is no level of the board; write DC1 (the most critical) to DC5", quoteCut(text))
}

// MarshalText writes DC1 to DC5, or nothing.
func (d DC) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDC reads, and nothing as no level.
func (d *DC) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = NoDC
		return nil
	}
	parsed, err := ParseDC(string(text))
	*d = parsed
	return err
}

// DCInfo is how an installation calls a level, and what the level means for people.
type DCInfo struct {
	Name    string // a word or two
	Effects string // what may and may not be done; "" says nothing
}

const (
	maxDCName    = 32  // characters
	maxDCEffects = 500 // characters
)

// ValidateDCInfo returns everything that is wrong with the words of a level as
// FieldErrors with the fields name and effects, or nil.
func ValidateDCInfo(info DCInfo) error {
	var v validation
	v.check(utf8.RuneCountInString(info.Name) <= maxDCName && !strings.ContainsAny(info.Name, "\r\n"), "name", "the name of a level must be one line of at most %d characters", maxDCName)
	v.check(utf8.RuneCountInString(info.Effects) <= maxDCEffects, "effects", "the effects have more than %d characters", maxDCEffects)
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

// DefaultDCs returns the words of the levels where an installation names none.
func DefaultDCs() map[DC]DCInfo {
	return map[DC]DCInfo{
		DC5: {"good", "Everything is fine."},
		DC4: {"normal", "Small troubles; go on as usual."},
		DC3: {"warning", "Take care: deploy only what you can watch."},
		DC2: {"danger", "Deploy fixes only."},
		DC1: {"panic", "Freeze: nothing is deployed."},
	}
}

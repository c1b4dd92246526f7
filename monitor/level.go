package monitor

import "fmt"

// Level says how the world is. The zero value is Unknown: nothing has been
// seen yet, or a Fault kept us from seeing it. Levels are ordered by severity
// from OK to Critical; compare them with <, but ask for Unknown first.
type Level uint8

// The levels, in the order in which they are stored.
const (
	Unknown Level = iota
	OK
	Warning
	Critical
)

var levelNames = [...]string{"unknown", "ok", "warning", "critical"}

// String returns the lower-case name used in files, JSON and pages.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("Level(%d)", uint8(l))
}

// Bad reports whether the level asks for somebody's attention.
func (l Level) Bad() bool { return l == Warning || l == Critical }

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads a level's name; any other text is ErrInvalid.
func (l *Level) UnmarshalText(text []byte) error {
	for i, name := range levelNames {
		if string(text) == name {
			*l = Level(i)
			return nil
		}
	}
	return Invalid("level", "%q is none of ok, warning, critical, unknown", text)
}

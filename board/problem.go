package board

import (
	"fmt"
	"strings"

	"wingmirror/monitor"
)

// Problem is one thing wrong with the board's files.
type Problem struct {
	File    string
	Line    int    // 0 when it is about the file as a whole
	Field   string // such as sources.url; may be ""
	Message string // what is wrong and how to mend it
	other   string // a file that it is about as well
	orphan  bool   // it is about a parent that is nowhere
}

// String returns file:line: field: message.
func (p Problem) String() string {
	text := p.File
	if p.Line > 0 {
		text += fmt.Sprintf(":%d", p.Line)
	}
	if text != "" {
		text += ": "
	}
	if p.Field != "" {
		text += p.Field + ": "
	}
	return text + p.Message
}

// Problems is everything wrong with the board's files, in their order. It wraps
// monitor.ErrInvalid.
type Problems []Problem

// Error returns the problems, a line each.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns monitor.ErrInvalid.
func (p Problems) Unwrap() error { return monitor.ErrInvalid }

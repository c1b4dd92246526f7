package monitor

import (
	"errors"
	"fmt"
	"strings"
)

// The five kinds of error that people can do something about. Anything that
// wraps none of them is internal: its text belongs in the log, not in an answer.
var (
	ErrNotFound    = errors.New("not found")
	ErrInvalid     = errors.New("invalid")
	ErrConflict    = errors.New("conflict")
	ErrUnavailable = errors.New("unavailable")
	ErrDenied      = errors.New("denied")
)

// ErrUnreadable is the ErrInvalid of what is not even of the form that it should
// have, such as a text that is no JSON.
var ErrUnreadable = fmt.Errorf("unreadable: %w", ErrInvalid)

// FieldError is one thing wrong with one field of somebody's input. It wraps
// ErrInvalid. Its text is safe to show.
type FieldError struct {
	Field   string // as the user knows it: "schedule", "targets[2]"; "" for the whole
	Message string // what is wrong and how to mend it
	Line    int    // 1-based line in the user's text, 0 when there is none
	Column  int    // 1-based column in characters, 0 when there is none

	unreadable bool
}

// Error returns "field: message".
func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// Unwrap returns ErrInvalid, or ErrUnreadable, which wraps it.
func (e *FieldError) Unwrap() error {
	if e.unreadable {
		return ErrUnreadable
	}
	return ErrInvalid
}

// Invalid returns a FieldError for field with a formatted message.
func Invalid(field, format string, args ...any) *FieldError {
	return &FieldError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// Unreadable returns a FieldError of something that has not the form it should have.
func Unreadable(field, format string, args ...any) *FieldError {
	e := Invalid(field, format, args...)
	e.unreadable = true
	return e
}

// missingError is ErrNotFound in words of its own.
type missingError struct{ text string }

func (e *missingError) Error() string { return e.text }

func (e *missingError) Unwrap() error { return ErrNotFound }

// Missing returns an ErrNotFound whose text is the formatted one and nothing
// else, for texts that say themselves that something is not there.
func Missing(format string, args ...any) error {
	return &missingError{text: fmt.Sprintf(format, args...)}
}

// FieldErrors is everything wrong with one input, in the order of its fields.
type FieldErrors []*FieldError

// Error joins the errors, a line each.
func (e FieldErrors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns ErrInvalid.
func (e FieldErrors) Unwrap() error { return ErrInvalid }

// AllFieldErrors returns the field errors that err holds, or nil.
func AllFieldErrors(err error) FieldErrors {
	if all, ok := errors.AsType[FieldErrors](err); ok {
		return all
	}
	if one, ok := errors.AsType[*FieldError](err); ok {
		return FieldErrors{one}
	}
	return nil
}

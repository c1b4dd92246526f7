package alerting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wingmirror/monitor"
)

// Channel delivers notices of one kind of destination. It may be called by many
// goroutines at once.
type Channel interface {
	// Deliver hands one notice over. The receipt is for the delivery log and holds
	// no secrets; it is wanted with an error too. A plain error is tried again
	// later, a *PermanentError never, a *RetryAfterError when it says. The text of
	// an error is shown to people.
	Deliver(ctx context.Context, n monitor.Notice) (monitor.Receipt, error)
}

// PermanentError is a failure that no further attempt can mend: the destination
// refused the notice, or is none.
type PermanentError struct{ Err error }

// Permanent returns err as a PermanentError.
func Permanent(err error) error { return &PermanentError{Err: err} }

// Error returns the text of the failure.
func (e *PermanentError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *PermanentError) Unwrap() error { return e.Err }

// RetryAfterError is a failure with the destination's own word on when to come
// back.
type RetryAfterError struct {
	After time.Duration
	Err   error
}

// RetryAfter returns err as a RetryAfterError.
func RetryAfter(after time.Duration, err error) error {
	return &RetryAfterError{After: after, Err: err}
}

// Error returns the text of the failure.
func (e *RetryAfterError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *RetryAfterError) Unwrap() error { return e.Err }

// Unconfigured returns a channel that refuses everything, because a setting is
// missing: the advice says which, and people read it in the delivery log.
func Unconfigured(advice string) Channel { return unconfigured(advice) }

type unconfigured string

func (u unconfigured) Deliver(context.Context, monitor.Notice) (monitor.Receipt, error) {
	return monitor.Receipt{}, Permanent(errors.New(string(u)))
}

// Renderer is a channel that can show what it would send.
type Renderer interface {
	// Render returns the notice as it would go over the wire, without secrets.
	Render(n monitor.Notice) (string, error)
}

// Caught returns a channel that delivers nothing: it keeps what the real one
// would have sent in the delivery log, for a demonstration.
func Caught(real Renderer) Channel { return caught{real} }

type caught struct{ real Renderer }

func (c caught) Deliver(_ context.Context, n monitor.Notice) (monitor.Receipt, error) {
	text, err := c.real.Render(n)
	if err != nil {
		return monitor.Receipt{}, Permanent(fmt.Errorf("render: %w", err))
	}
	return monitor.Receipt{Request: text, Answer: "caught: nothing was sent"}, nil
}

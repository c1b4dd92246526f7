package graphite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/sony/gobreaker/v2"

	"wingmirror/monitor"
)

// Error is a request that brought no usable answer. It wraps
// monitor.ErrUnavailable. Its text is one line and safe to show: it holds no URL,
// since a URL may hold a key.
type Error struct {
	Status int    // of HTTP; 0 when there was no whole answer
	Reason string // what the server said, or what happened

	cause      error
	retryAfter time.Duration // as the server wished; 0 when it did not
}

// Error returns the status, if there is one, and the reason.
func (e *Error) Error() string {
	if e.Status == 0 || e.Status == http.StatusOK {
		return e.Reason
	}
	status := fmt.Sprintf("status %d", e.Status)
	if text := http.StatusText(e.Status); text != "" {
		status = fmt.Sprintf("%d %s", e.Status, text)
	}
	if e.Reason == "" {
		return status
	}
	return status + ": " + e.Reason
}

// Unwrap returns monitor.ErrUnavailable and the cause.
func (e *Error) Unwrap() []error {
	all := []error{monitor.ErrUnavailable}
	if e.cause != nil {
		all = append(all, e.cause)
	}
	if e.retryAfter > 0 {
		all = append(all, &backoff.RetryAfterError{Duration: e.retryAfter})
	}
	return all
}

var (
	errTimeout = errors.New("the request took too long")
	errPaused  = errors.New("the server asked to be left alone")
)

// transportError explains why there is no answer at all.
func transportError(ctx context.Context, err error, timeout time.Duration) *Error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	e := &Error{Reason: safeText(err.Error()), cause: err}
	switch {
	case errors.Is(context.Cause(ctx), errTimeout):
		e.Reason, e.cause = fmt.Sprintf("no answer within %s", timeout), errTimeout
	case ctx.Err() != nil:
		e.Reason, e.cause = "gave up waiting for an answer", ctx.Err()
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		e.Reason = "the server closed the connection without a whole answer"
	}
	return e
}

// breakerError explains why nothing was sent: last is what the last request met.
func breakerError(err error, last string) *Error {
	reason := "not asked, because the last requests all failed; trying again soon"
	if last != "" {
		reason += "; the last one: " + last
	}
	return &Error{Reason: reason, cause: err}
}

func rejected(err error) bool {
	return errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) || errors.Is(err, errPaused)
}

func cancelled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func status(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}

// unreached reports whether the request did not get as far as the server.
func unreached(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}

// unhealthy reports whether the server is in trouble, as opposed to a target.
// Status 500 is not among its signs: graphite-web sends it for a missing
// argument, and carbonapi for a sum over nothing.
func unhealthy(err error) bool {
	switch s := status(err); {
	case s == http.StatusBadGateway || s == http.StatusServiceUnavailable || s == http.StatusGatewayTimeout:
		return true
	case s != 0:
		return false
	}
	return !spoilt(err) && !cancelled(err) && !rejected(err)
}

// spoilt reports whether an answer came whole and could not be used.
func spoilt(err error) bool {
	if _, ok := errors.AsType[*answerError](err); ok {
		return true
	}
	_, ok := errors.AsType[*LimitError](err)
	return ok
}

// worthRetrying reports whether the same request may do better in a moment: 5xx
// and broken connections, and whatever the server named a time for. A timeout is
// not worth it: the request has cost the server enough.
func worthRetrying(err error) bool {
	if _, ok := errors.AsType[*backoff.RetryAfterError](err); ok {
		return true
	}
	if s := status(err); s != 0 {
		return s >= 500 && s != http.StatusNotImplemented
	}
	return unhealthy(err) && !errors.Is(err, errTimeout)
}

// oneTargetsFault reports whether a failed request for many targets may be the
// fault of one of them, so that it makes sense to ask for them apart.
func oneTargetsFault(err error) bool {
	switch s := status(err); s {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusUnprocessableEntity,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		_, wait := errors.AsType[*backoff.RetryAfterError](err)
		return !wait
	case 0, http.StatusOK:
		return !unreached(err) && !rejected(err) && !cancelled(err)
	}
	return false
}

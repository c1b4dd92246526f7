package heartbeat

import (
	"math"
	"time"
)

// Pacemaker's own arithmetic, as pure functions over seconds since the epoch, for
// heartbeats that are to be watched exactly as Pacemaker watched them, and for
// its votes and webhooks.

// Constants of Pacemaker's rules, in seconds.
const (
	PacemakerFirstTTL  = 400    // of a check that names none; also the longest it learns
	PacemakerFailing   = 120    // of CRITICAL before its webhook is called
	shortestAfterDown  = 5 * 60 // minutes that a vote down keeps quiet at least
	shortestAfterUp    = 3 * 60 // minutes that a vote up keeps quiet at least
	longestQuiet       = 48.0   // hours
	shortestQuiet      = 1.0    // hours
	secondsPerHour     = 3600
	secondsPerMinute   = 60
	quietGrows, shrink = 2.0, 0.6
)

// NextExpiry is when a check without a ttl of its own expires after a beat now,
// given when it was last seen and would have expired then.
func NextExpiry(lastSeen, expires, now int64) int64 {
	ttl := expires - lastSeen
	switch {
	case now > expires:
		return now + min(PacemakerFirstTTL, roundEven(1.2*float64(now-lastSeen)))
	case expires-now > roundEven(0.1*float64(ttl)):
		return now + roundEven(0.9*float64(ttl))
	}
	return now + ttl
}

func roundEven(x float64) int64 { return int64(math.RoundToEven(x)) }

// Pacemaker's states. A check may also be given any other text to turn to when
// it expires.
const (
	StateOK       = "OK"
	StateCritical = "CRITICAL"
	StateUnknown  = "UNKNOWN"
)

// ExpiryState is what a check's state becomes when it is looked at: unchanged
// until it expires, and then what it is to turn to, or UNKNOWN instead of OK. A
// negative ttl never expires.
func ExpiryState(stored string, transitionTo *string, ttl *int64, expires, now int64) string {
	switch {
	case ttl != nil && *ttl < 0, now < expires:
		return stored
	case transitionTo != nil:
		return *transitionTo
	case stored == StateOK:
		return StateUnknown
	}
	return stored
}

// Feedback is what Pacemaker remembers about the alerts of a check.
type Feedback struct {
	Quiet      float64 // hours after an alert without another
	AlertAfter int64   // seconds since the epoch: no alert before
	InEvent    bool    // an alert was sent, and its recovery not yet
}

// Allows reports whether an alert may be sent now; also without a record.
func (f *Feedback) Allows(now int64) bool {
	return f == nil || !f.InEvent && now >= f.AlertAfter
}

// AfterSending is the record once an alert was sent.
func AfterSending(f *Feedback, now int64) Feedback {
	next := Feedback{Quiet: shortestQuiet, InEvent: true}
	if f != nil {
		next.Quiet = f.Quiet
	}
	next.AlertAfter = now + int64(next.Quiet*secondsPerHour)
	return next
}

// Vote is the record after somebody said that an alert was useful (up) or noise.
func (f Feedback) Vote(up bool, now int64) Feedback {
	least := float64(shortestAfterDown) * secondsPerMinute
	if up {
		least = float64(shortestAfterUp) * secondsPerMinute
		f.Quiet = max(shortestQuiet, shrink*f.Quiet)
	} else {
		f.Quiet = min(longestQuiet, quietGrows*f.Quiet)
	}
	f.AlertAfter = now + int64(max(f.Quiet*secondsPerHour, least))
	return f
}

// StateRow is one row of a check's history.
type StateRow struct {
	Timestamp int64 // seconds since the epoch
	State     string
}

// Alertable looks at a history, newest first: since when it is CRITICAL without
// a break, 0 when it is not, and whether that began before the threshold.
func Alertable(history []StateRow, threshold int64) (start int64, alert bool) {
	for _, row := range history {
		if row.State != StateCritical {
			break
		}
		start = row.Timestamp
	}
	return start, start != 0 && start < threshold
}

// unix is t in seconds, 0 for the zero time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

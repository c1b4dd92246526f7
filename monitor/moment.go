package monitor

import "time"

// Moment writes a time as all texts, pages and mails do: the largest part first, to
// the second, with its zone, as in "2026-11-21 15:54:12 UTC". The zone is t's own;
// the zero time is "never".
func Moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format("2006-01-02 15:04:05 MST")
}

package monitor

import "time"

// Mail is a mail that belongs to no incident: a reminder, or the alert of
// another detector. It is stored before it is sent, and tried until it leaves.
type Mail struct {
	ID        int64
	Key       string // what makes it the same mail: a second one of the key is not queued
	To        string // one address
	Subject   string
	Body      string // plain text
	CreatedAt time.Time
	NextAt    time.Time // of the next attempt; zero when there is none
	Attempts  int
	SentAt    time.Time // zero until it was taken
	Problem   string    // of the last attempt, "" when it went well
}

package heartbeat

import (
	"testing"
	"time"
)

// BenchmarkRhythm is what one beat costs: learning from it and working out the
// next deadline, of a check that follows a crontab.
func BenchmarkRhythm(b *testing.B) {
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	var r Rhythm
	for i := range window {
		at = at.Add(time.Hour)
		r.Arrive(at.Add(time.Duration(i*7919%300)*time.Second), false)
	}
	i := 0
	for b.Loop() {
		at = at.Add(time.Hour)
		r.Arrive(at.Add(time.Duration(i*7919%300)*time.Second), false)
		r.Learned(time.UTC)
		i++
	}
}

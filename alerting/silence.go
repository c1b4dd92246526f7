package alerting

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"wingmirror/monitor"
)

// SilenceBook knows the silences in memory, so that asking costs no reading and
// hardly a comparison for each. It is safe for many goroutines at once. The zero
// SilenceBook knows none.
type SilenceBook struct {
	write   sync.Mutex
	entries atomic.Pointer[[]*silenceEntry]
}

// silenceEntry is a silence, and the last answer about its times.
type silenceEntry struct {
	silence monitor.Silence
	times   monitor.SilenceTimes
	last    atomic.Pointer[silenceAnswer]
}

type silenceAnswer struct {
	active       bool
	since, until time.Time
}

// Put adds a silence or its next version; an older version than the one known is
// ignored. A silence whose times cannot be read is refused, and silences nothing.
func (b *SilenceBook) Put(s monitor.Silence, at time.Time) error {
	times, err := s.Times()
	if err != nil {
		return err
	}
	b.write.Lock()
	defer b.write.Unlock()
	kept := []*silenceEntry{}
	for _, e := range b.all() {
		switch {
		case e.silence.ID == s.ID && e.silence.Version >= s.Version:
			return nil
		case e.silence.ID == s.ID, e.times.Status(at) == monitor.SilenceOver:
		default:
			kept = append(kept, e)
		}
	}
	kept = append(kept, &silenceEntry{silence: s, times: times})
	b.entries.Store(&kept)
	return nil
}

func (b *SilenceBook) all() []*silenceEntry {
	if entries := b.entries.Load(); entries != nil {
		return *entries
	}
	return nil
}

// Hold returns the silence in force about a subject at a time, the one that
// lasts longest of several, or nil. One that somebody ended holds nothing, not even
// what was due before.
func (b *SilenceBook) Hold(about monitor.Message, at time.Time) *Hold {
	var longest *monitor.Silence
	var end time.Time
	for _, e := range b.all() {
		if e.ended() || !e.silence.Matches.Covers(about.Subject, about.Group, about.Labels) {
			continue
		}
		answer := e.at(at)
		if answer.active && (longest == nil || answer.until.After(end)) {
			longest, end = &e.silence, answer.until
		}
	}
	if longest == nil {
		return nil
	}
	note := "silence " + strconv.FormatInt(longest.ID, 10) + " by " + longest.Author + ": " + FirstLine(longest.Reason)
	return &Hold{Until: end.UTC(), Note: monitor.Cut(note, maxHoldNote)}
}

// NextEnd returns when the next silence in force at a time ends; zero when none is.
func (b *SilenceBook) NextEnd(at time.Time) time.Time {
	var next time.Time
	for _, e := range b.all() {
		if e.ended() {
			continue
		}
		if a := e.at(at); a.active && !a.until.IsZero() && (next.IsZero() || a.until.Before(next)) {
			next = a.until
		}
	}
	return next
}

// ended reports whether somebody ended the silence. It stays in the book, so that
// no older version of it can come back.
func (e *silenceEntry) ended() bool { return !e.silence.EndedAt.IsZero() }

const maxHoldNote = 300 // bytes, of the row of a run

// at asks the rule only when the last answer is for another stretch of time.
func (e *silenceEntry) at(at time.Time) *silenceAnswer {
	if a := e.last.Load(); a != nil && !at.Before(a.since) && (a.until.IsZero() || at.Before(a.until)) {
		return a
	}
	a := &silenceAnswer{}
	a.active, a.since, a.until = e.times.At(at)
	e.last.Store(a)
	return a
}

package graphite

import (
	"sync"
	"time"
)

// memory keeps what is worth knowing about targets from one tick to the next.
// It is bounded: it forgets targets that nobody asked for lately.
type memory struct {
	mu       sync.Mutex
	now, old map[memoryKey]note // two generations; the older goes when the newer is full
}

type memoryKey struct {
	target string
	span   int64 // length of the window: some servers leave out series without points in it
}

// note is what is known of one target. Zero times mean nothing is.
type note struct {
	series      int       // of the last answer that had any
	aloneUntil  time.Time // it spoils batches
	absentUntil time.Time // it was asked for alone and has no series
}

// memorySize is the number of targets in a generation; a note takes about 150
// bytes and the target's text.
const memorySize = 50_000

func newMemory() *memory { return &memory{now: map[memoryKey]note{}} }

func (m *memory) get(key memoryKey) note {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.find(key)
}

func (m *memory) find(key memoryKey) note {
	if n, ok := m.now[key]; ok {
		return n
	}
	return m.old[key]
}

// change applies edit to the target's note.
func (m *memory) change(key memoryKey, edit func(*note)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(key)
	edit(&n)
	if len(m.now) >= memorySize {
		m.now, m.old = make(map[memoryKey]note, memorySize/4), m.now
	}
	m.now[key] = n
}

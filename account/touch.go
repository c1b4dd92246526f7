package account

import (
	"sync"
	"time"
)

// touchEvery is how often the last use of a session or token is written down.
const touchEvery = time.Minute

// touches remembers what was written down lately, so that a burst of requests
// writes once. The zero value is ready.
type touches struct {
	mu   sync.Mutex
	last map[touchKey]time.Time
}

type touchKey struct {
	kind Kind
	id   int64
}

const mostTouches = 4096

// due reports whether the use at the given time is worth writing, and if so
// takes it as written. stored is the time that the ledger has.
func (t *touches) due(key touchKey, stored, at time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := t.last[key]
	if stored.After(last) {
		last = stored
	}
	if at.Sub(last) < touchEvery {
		return false
	}
	if t.last == nil || len(t.last) >= mostTouches {
		t.last = map[touchKey]time.Time{}
	}
	t.last[key] = at
	return true
}

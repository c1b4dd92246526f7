package heartbeat

import (
	"sync"
	"time"
)

// calmFor is how long steady beats wait to be shown together.
const calmFor = time.Second

// calm calls a function once for all that happened within a second.
type calm struct {
	call func()

	mu      sync.Mutex
	waiting bool
}

func (c *calm) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting {
		return
	}
	c.waiting = true
	time.AfterFunc(calmFor, func() {
		c.mu.Lock()
		c.waiting = false
		c.mu.Unlock()
		c.call()
	})
}

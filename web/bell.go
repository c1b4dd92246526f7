package web

import (
	"context"
	"sync"
)

// Bell tells every listening page that something changed. The zero value is
// ready. Ringing never blocks: a listener that has not looked yet is not told
// twice.
type Bell struct {
	mu        sync.Mutex
	listeners map[chan struct{}]struct{}
}

// Ring tells all listeners.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.listeners {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Changes returns a channel that gets a value after Ring, until ctx ends.
func (b *Bell) Changes(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	b.mu.Lock()
	if b.listeners == nil {
		b.listeners = map[chan struct{}]struct{}{}
	}
	b.listeners[c] = struct{}{}
	b.mu.Unlock()
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		delete(b.listeners, c)
		b.mu.Unlock()
		close(c)
	})
	return c
}

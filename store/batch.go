package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

// batcher stores what comes in from many goroutines in transactions of many. A
// batch is whatever came in while the one before was written, so a lone one
// never waits.
type batcher[T any] struct {
	what  string // verb and object, as in "store beats"
	db    *DB
	apply func(tx *gorm.DB, item T) error

	in   chan batched[T]
	done chan struct{} // closed when the batcher has ended
}

type batched[T any] struct {
	item T
	done chan error
}

func newBatcher[T any](db *DB, what string, apply func(tx *gorm.DB, item T) error) *batcher[T] {
	return &batcher[T]{what: what, db: db, apply: apply, in: make(chan batched[T], 4*maxBatch), done: make(chan struct{})}
}

// put hands an item over and returns a function that waits until it is stored.
// Items of one caller are stored in the order in which they were put.
func (b *batcher[T]) put(ctx context.Context, item T) (wait func() error) {
	p := batched[T]{item, make(chan error, 1)}
	failed := func(err error) func() error { return func() error { return err } }
	select {
	case <-b.db.closing:
		return failed(errClosed)
	default:
	}
	select {
	case b.in <- p:
	case <-b.db.closing:
		return failed(errClosed)
	case <-ctx.Done():
		return failed(context.Cause(ctx))
	}
	return func() error {
		select {
		case err := <-p.done:
			return b.db.fault(b.what, err)
		case <-b.done:
		}
		select {
		case err := <-p.done: // it was the last
			return b.db.fault(b.what, err)
		default:
			return errClosed
		}
	}
}

// run stores until the database closes, and then what is left.
func (b *batcher[T]) run() {
	defer close(b.done)
	several := false
	for {
		var batch []batched[T]
		select {
		case p := <-b.in:
			batch = append(batch, p)
		case <-b.db.closing:
			for batch = b.drain(nil); len(batch) > 0; batch = b.drain(nil) {
				b.write(batch)
			}
			return
		}
		if several && len(b.in) < maxBatch/2 {
			b.gather()
		}
		batch = b.drain(batch)
		several = len(batch) > 1
		b.write(batch)
	}
}

// beatGather is how long the next batch is gathered for when the last one held
// several: whoever waits for the answer hardly notices it.
const beatGather = 4 * time.Millisecond

func (b *batcher[T]) gather() {
	timer := time.NewTimer(beatGather)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-b.db.closing:
	}
}

func (b *batcher[T]) drain(batch []batched[T]) []batched[T] {
	for len(batch) < maxBatch {
		select {
		case p := <-b.in:
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// write stores a batch in one transaction. When that fails each item is tried
// alone, so that one that cannot be stored costs only itself.
func (b *batcher[T]) write(batch []batched[T]) {
	err := b.db.write.Transaction(func(tx *gorm.DB) error {
		for _, p := range batch {
			if err := b.apply(tx, p.item); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && len(batch) > 1 {
		for i := range batch {
			b.write(batch[i : i+1])
		}
		return
	}
	for _, p := range batch {
		p.done <- err
	}
}

var errGone = fmt.Errorf("%w: it was deleted meanwhile", monitor.ErrNotFound)

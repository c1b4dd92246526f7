package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"
)

// A cache of prepared statements with a lock of its own once stood still for
// ever: a statement outside a transaction waited for the one connection while
// another waited for it under the lock; a transaction held the connection and
// waited for the lock.
func TestWrite_StatementsInsideAndOutsideTransactionsNeverWaitForEachOtherInACircle(t *testing.T) {
	db := openNew(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all sync.WaitGroup
		for worker := range 8 {
			all.Go(func() {
				for i := range 200 {
					text := fmt.Sprintf("SELECT %d", i) // new each time, and to several at once
					if worker%2 == 0 {
						if err := db.write.WithContext(t.Context()).Exec(text).Error; err != nil {
							t.Error(err)
						}
						continue
					}
					err := db.transaction(t.Context(), "test", func(tx *gorm.DB) error {
						if err := tx.Exec(text).Error; err != nil {
							return err
						}
						return tx.Exec(text + ", 1").Error
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("writers wait for each other")
	}
}

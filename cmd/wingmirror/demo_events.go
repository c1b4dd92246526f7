package main

import (
	"context"
	"time"

	"wingmirror/demo"
	"wingmirror/event"
	"wingmirror/store"
)

// demoHistory is for how long the demo's agents claim to have been at work.
const demoHistory = 6 * time.Hour

// seedEvents stores past events and the demo's rules, where there are none.
func seedEvents(ctx context.Context, db *store.DB, book *event.Book) error {
	if book.InForce().Version > 0 {
		return nil
	}
	now := time.Now()
	for at := now.Add(-demoHistory); at.Before(now); at = at.Add(demo.EventEvery) {
		batch, err := event.Decode(demo.Events(at))
		if err != nil {
			return err
		}
		if _, err := db.AddEvents(ctx, batch.Events, at); err != nil {
			return err
		}
	}
	_, err := book.Save(ctx, demo.EventRules, "demo", 0)
	return err
}

// pushDemoEvents is what the demo's agents do.
func pushDemoEvents(ctx context.Context, live *event.Live) {
	ticks := time.NewTicker(demo.EventEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-ticks.C:
			batch, err := event.Decode(demo.Events(at))
			if err == nil {
				_, _ = live.Push(ctx, batch) // the store says so itself when it cannot
			}
		}
	}
}

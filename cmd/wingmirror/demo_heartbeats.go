package main

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"wingmirror/demo"
	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/store"
)

// seedHeartbeats gives the demo's heartbeats a past: the beats are taken by the
// real thing, with a clock that shows when they came.
func seedHeartbeats(ctx context.Context, path string, now time.Time) error {
	clock := now
	db, err := store.Open(ctx, store.Options{Path: path, Now: func() time.Time { return clock }})
	if err != nil {
		return err
	}
	defer db.Close()
	book, err := heartbeat.Open(ctx, heartbeat.Options{Store: db, Now: func() time.Time { return clock }})
	if err != nil || len(book.List("")) > 0 {
		return err
	}
	keys, err := heartbeat.OpenKeys(ctx, db, time.Now)
	if err != nil {
		return err
	}
	if _, err := keys.Make(ctx, demo.HeartbeatSpace, "the demo's jobs", 0); err != nil {
		return err
	}
	type past struct {
		name string
		demo.Beat
	}
	var all []past
	for _, h := range demo.Heartbeats() {
		for _, b := range h.Past(now, demoSeed) {
			all = append(all, past{h.Name, b})
		}
	}
	slices.SortFunc(all, func(a, b past) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.name, b.name)) })
	for _, p := range all {
		clock = p.At
		if _, err := book.Take(ctx, demoArrival(p.name, p.Beat)); err != nil {
			return err
		}
	}
	clock = now
	return nil
}

func demoArrival(name string, b demo.Beat) heartbeat.Arrival {
	a := heartbeat.Arrival{Ref: monitor.HeartbeatRef{Space: demo.HeartbeatSpace, Name: name}, Kind: b.Kind, Code: b.Code, Metric: b.Metric, Note: b.Text}
	if b.Kind == monitor.BeatFail {
		a.Note, a.Body = "connection to the search cluster refused", []byte(b.Text)
	}
	return a
}

// beatOn lets the demo's short-lived jobs go on beating.
func beatOn(ctx context.Context, book *heartbeat.Book) {
	var jobs sync.WaitGroup
	for _, h := range demo.Heartbeats() {
		if h.Every <= time.Minute && h.Silent <= h.Every {
			jobs.Go(func() { beatJob(ctx, book, h) })
		}
	}
	jobs.Wait()
}

// beatJob is one of them.
func beatJob(ctx context.Context, book *heartbeat.Book, h demo.Heartbeat) {
	for first := true; first || rest(ctx, h.Every-h.Took); first = false {
		if h.Took > 0 && !sendDemo(ctx, book, h.Name, demo.Beat{Kind: monitor.BeatStart}) || !rest(ctx, h.Took) {
			return
		}
		beat := demo.Beat{Kind: monitor.BeatOK}
		if h.Metric != "" {
			beat.Metric, beat.Text = new(demo.Orders(time.Now(), rand.NormFloat64())), h.Metric
		}
		if !sendDemo(ctx, book, h.Name, beat) {
			return
		}
	}
}

// rest reports false when ctx ended first.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// sendDemo reports false when the demo is over.
func sendDemo(ctx context.Context, book *heartbeat.Book, name string, b demo.Beat) bool {
	_, err := book.Take(ctx, demoArrival(name, b))
	return err == nil && ctx.Err() == nil
}

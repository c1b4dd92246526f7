package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wingmirror/monitor"
)

// sendValues sends n rounds of values to some heartbeats, and odd ones among them.
func sendValues(t *testing.T, b *Book, checks, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		time.Sleep(time.Minute)
		for k := range checks {
			v := 50 + 10*math.Sin(float64(i)/20+float64(k)) + float64(i*7919%13)
			if i%150 == 149 && k%2 == 0 || i == 390 {
				v *= float64(5 + i/30)
			}
			beatNow(t, b, Arrival{Ref: monitor.HeartbeatRef{Space: "ops", Name: fmt.Sprint("job", k)}, Metric: &v})
		}
	}
}

func inMemory(b *Book) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shelf.order.Len()
}

func TestShelf_LettingGoOfDetectorsChangesNothing(t *testing.T) {
	const checks, rounds = 6, 420
	history := func(most int) (beats map[int64][]monitor.Beat) {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			open := func() *Book {
				b, err := Open(t.Context(), Options{Store: m, Now: time.Now, Values: most})
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			b := open()
			sendValues(t, b, checks, 0, rounds/2)
			if n := inMemory(b); n != min(checks, most) {
				t.Errorf("%d detectors are in memory, want %d", n, min(checks, most))
			}
			if most < checks { // and once the process is killed
				b = open()
			}
			sendValues(t, b, checks, rounds/2, rounds/2)
			beats = m.beats
		})
		return beats
	}
	all, few := history(100), history(2)
	for id := range all {
		for i, beat := range all[id] {
			other := few[id][i]
			// As text, for NaN is not equal to itself.
			if was, is := fmt.Sprint(beat.At, beat.Level, *beat.Metric, *beat.Reading), fmt.Sprint(other.At, other.Level, *other.Metric, *other.Reading); was != is {
				t.Fatalf("heartbeat %d: with all detectors in memory %s, with two %s", id, was, is)
			}
		}
	}
	odd := 0
	for _, beats := range all {
		for _, beat := range beats {
			if beat.Level == monitor.Critical {
				odd++
			}
		}
	}
	if odd == 0 {
		t.Error("nothing was odd, so the comparison says little")
	}
}

func TestShelf_WhatIsNotUsedLeavesTheMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openBook(t, newMemory(), &listener{})
		running(t, b)
		sendValues(t, b, 3, 0, 10)
		if n := inMemory(b); n != 3 {
			t.Fatalf("%d detectors are in memory, want 3", n)
		}
		time.Sleep(idleDetector + 2*tidyEvery)
		if n := inMemory(b); n != 0 {
			t.Errorf("after an hour without values %d detectors are in memory", n)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.byID {
			if c.values != nil || !c.measured {
				t.Errorf("%s has %v, measured %v", c.h.Name, c.values, c.measured)
			}
		}
	})
}

// slow is a store that stores nothing until it is told to.
type slow struct {
	*memory
	release chan struct{}
	mu      sync.Mutex
	put     int
}

func (s *slow) PutBeat(ctx context.Context, c monitor.BeatCommit) func() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put++
	wait := s.memory.PutBeat(ctx, c)
	return func() error { <-s.release; return wait() }
}

func TestTake_ASlowDiskHoldsUpNobodyButTheBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{memory: newMemory(), release: make(chan struct{})}
		b, err := Open(t.Context(), Options{Store: s, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		const beats = 2 * storing
		answers := make(chan error, beats)
		for range beats {
			go func() {
				_, err := b.Take(t.Context(), Arrival{Ref: backup, Kind: monitor.BeatOK})
				answers <- err
			}()
		}
		synctest.Wait()
		if n := len(b.List("")); n != 1 || s.put != storing {
			t.Errorf("%d heartbeats are listed, %d commits wait, want 1 and %d", n, s.put, storing)
		}
		time.Sleep(storingWait)
		synctest.Wait()
		for range beats - storing {
			if err := <-answers; !errors.Is(err, monitor.ErrUnavailable) {
				t.Fatalf("a beat that found no place: %v", err)
			}
		}
		close(s.release)
		for range storing {
			if err := <-answers; err != nil {
				t.Fatal(err)
			}
		}
		for i, beat := range s.beats[1] {
			if beat.N != int64(storing-i) {
				t.Fatalf("beat %d is in place %d", beat.N, i)
			}
		}
	})
}

func TestTake_SteadyBeatsAreShownTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rung atomic.Int64
		b, err := Open(t.Context(), Options{Store: newMemory(), Now: time.Now, Changed: func() { rung.Add(1) }})
		if err != nil {
			t.Fatal(err)
		}
		beatNow(t, b, Arrival{})
		time.Sleep(2 * calmFor)
		rung.Store(0)
		for range 50 {
			beatNow(t, b, Arrival{})
		}
		time.Sleep(2 * calmFor)
		if n := rung.Load(); n != 1 {
			t.Errorf("50 steady beats at once rang %d times, want once", n)
		}
		beatNow(t, b, Arrival{Kind: monitor.BeatFail})
		if rung.Load() != 2 {
			t.Error("a failure did not ring at once")
		}
	})
}

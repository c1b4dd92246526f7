package account

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

func TestLimiter_TellsWhenTheNextAttemptIsDue(t *testing.T) {
	l := newLimiter(rate.Every(6*time.Second), 3)
	at := time.Unix(1_000_000, 0)
	for i := range 3 {
		if wait := l.take("ann", at); wait != 0 {
			t.Fatalf("attempt %d waits %s", i+1, wait)
		}
	}
	// Asking again costs nothing, however often.
	for range 100 {
		if wait := l.take("ann", at); wait != 6*time.Second {
			t.Fatalf("got %s, want 6s", wait)
		}
	}
	if wait := l.take("bob", at); wait != 0 {
		t.Errorf("bob waits %s for ann", wait)
	}
	if wait := l.take("ann", at.Add(5*time.Second)); wait != time.Second {
		t.Errorf("got %s, want 1s", wait)
	}
	if wait := l.take("ann", at.Add(6*time.Second)); wait != 0 {
		t.Errorf("got %s, want none", wait)
	}
}

func TestLimiter_StaysSmallAndForgetsTheLongestUnused(t *testing.T) {
	l := newLimiter(rate.Every(time.Hour), 1)
	at := time.Unix(1_000_000, 0)
	l.take("first", at)
	l.take("second", at)
	for i := range 2 * mostBuckets {
		l.take(fmt.Sprint("other", i), at)
		if wait := l.take("second", at); wait == 0 {
			t.Fatalf("second is forgotten after %d others, though it is in use", i+1)
		}
	}
	if len(l.buckets) != mostBuckets || l.recent.Len() != mostBuckets {
		t.Errorf("got %d and %d buckets, want %d", len(l.buckets), l.recent.Len(), mostBuckets)
	}
	if wait := l.take("first", at); wait != 0 {
		t.Error("first was not used for longest, and is remembered")
	}
}

func TestLimiter_HoldsAgainstACrowd(t *testing.T) {
	l := newLimiter(rate.Every(time.Hour), 10)
	at := time.Unix(1_000_000, 0)
	var passed sync.Map
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			if l.take("ann", at) == 0 {
				passed.Store(i, true)
			}
		})
	}
	group.Wait()
	n := 0
	passed.Range(func(any, any) bool { n++; return true })
	if n != 10 {
		t.Errorf("%d of 100 passed at once, want 10", n)
	}
}

func TestAddressKey_IsWhatOnePersonCannotChange(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "",
	} {
		if got := addressKey(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

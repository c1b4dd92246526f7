package account

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// loginLimits slows down guessing. Each attempt takes from the bucket of its
// address and from that of the account, so neither one address trying many
// accounts nor many addresses trying one gets far.
type loginLimits struct {
	address  *limiter
	account  *limiter
	failures *rate.Limiter // audit entries about failures
}

const mostBuckets = 10_000 // of each kind; one takes some 250 bytes

func newLoginLimits() loginLimits {
	return loginLimits{
		address:  newLimiter(rate.Every(3*time.Second), 20),
		account:  newLimiter(rate.Every(6*time.Second), 10),
		failures: rate.NewLimiter(1, 60),
	}
}

// take counts an attempt and returns a *LimitError when it is one too many.
// An attempt that the address has no room for costs the account nothing.
func (l loginLimits) take(address, account string, at time.Time) error {
	wait := l.address.take(addressKey(address), at)
	if wait == 0 {
		wait = l.account.take(account, at)
	}
	if wait > 0 {
		return &LimitError{After: wait}
	}
	return nil
}

// addressKey is the part of an address that one person cannot change at will:
// all of IPv4, the upper half of IPv6.
func addressKey(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// limiter keeps a token bucket for each key, at most mostBuckets of them; the
// one that was used longest ago makes room. Forgetting a bucket fills it, and
// making the limiter forget one takes as many attempts as there are buckets.
type limiter struct {
	every rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[string]*list.Element
	recent  *list.List // of *bucket, the latest used first
}

type bucket struct {
	key   string
	limit *rate.Limiter
}

func newLimiter(every rate.Limit, burst int) *limiter {
	return &limiter{every: every, burst: burst, buckets: map[string]*list.Element{}, recent: list.New()}
}

// take takes one from the key's bucket and returns 0, or, when the bucket is
// empty, leaves it alone and returns how long to wait.
func (l *limiter) take(key string, at time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	element, ok := l.buckets[key]
	if ok {
		l.recent.MoveToFront(element)
	} else {
		if l.recent.Len() >= mostBuckets {
			oldest := l.recent.Back()
			delete(l.buckets, l.recent.Remove(oldest).(*bucket).key)
		}
		element = l.recent.PushFront(&bucket{key, rate.NewLimiter(l.every, l.burst)})
		l.buckets[key] = element
	}
	reservation := element.Value.(*bucket).limit.ReserveN(at, 1)
	wait := reservation.DelayFrom(at)
	if wait > 0 {
		reservation.CancelAt(at)
	}
	return wait
}

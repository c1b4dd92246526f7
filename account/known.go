package account

import (
	"sync"
	"time"
)

// known remembers who was let in lately. A program that asks again at once is
// not looked up again, and while the ledger is down, when nobody can have been
// shut out either, pages and gates that answer from memory do not shut everybody
// out. Whatever this process changes about users and tokens empties it. The zero
// value is ready to use.
type known struct {
	mu  sync.Mutex
	all map[string]knownIdentity // by the hash of the secret
}

type knownIdentity struct {
	who  Identity
	at   time.Time // when the ledger vouched for it
	ends time.Time // when it would be over by itself; zero: never
}

const (
	knownFresh = time.Second // within which a token is not looked up again
	knownHolds = time.Hour   // since the ledger vouched for an identity
	maxKnown   = 10_000
)

func (k *known) remember(hash string, who Identity, ends, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) >= maxKnown {
		k.all = map[string]knownIdentity{}
	}
	k.all[hash] = knownIdentity{who, at, ends}
}

func (k *known) forget(hash string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.all, hash)
}

// recall returns who the ledger vouched for, if that holds still.
func (k *known) recall(hash string, at time.Time) (Identity, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	one, ok := k.all[hash]
	if !ok || at.Sub(one.at) > knownHolds || !one.ends.IsZero() && !at.Before(one.ends) {
		return Identity{}, false
	}
	return one.who, true
}

// fresh is recall for what the ledger said a moment ago.
func (k *known) fresh(hash string, at time.Time) (Identity, bool) {
	k.mu.Lock()
	one, ok := k.all[hash]
	k.mu.Unlock()
	if !ok || at.Sub(one.at) >= knownFresh || !one.ends.IsZero() && !at.Before(one.ends) {
		return Identity{}, false
	}
	return one.who, true
}

// clear forgets everybody.
func (k *known) clear() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = nil
}

package monitor

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Part is which part of a list in the order of its keys is asked for, as
// parameters of an address. Its zero value is the whole list.
type Part[K cmp.Ordered] struct {
	After K   `query:"after" doc:"Only what follows this: next of the part before"`
	Limit int `query:"limit" minimum:"1" maximum:"5000" default:"1000"`
}

// PartAfter returns up to limit things in the order of their keys, beginning
// with the first whose key sorts after the given one; next is the key of the last
// of them, zero when nothing follows. A zero after begins with the first, a limit
// of 0 or less is none. The key need not be there any more, so that a list can be
// read to its end while things are deleted from it. Keys are unique and not zero.
func PartAfter[T any, K cmp.Ordered](all []T, key func(T) K, after K, limit int) (part []T, next K) {
	var none K
	for _, one := range all {
		if after == none || key(one) > after {
			part = append(part, one)
		}
	}
	slices.SortStableFunc(part, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return cutPart(part, key, limit)
}

// PartBefore is PartAfter for a list whose largest keys come first.
func PartBefore[T any, K cmp.Ordered](all []T, key func(T) K, before K, limit int) (part []T, next K) {
	var none K
	for _, one := range all {
		if before == none || key(one) < before {
			part = append(part, one)
		}
	}
	slices.SortStableFunc(part, func(a, b T) int { return cmp.Compare(key(b), key(a)) })
	return cutPart(part, key, limit)
}

func cutPart[T any, K cmp.Ordered](part []T, key func(T) K, limit int) (_ []T, next K) {
	if limit <= 0 || len(part) <= limit {
		return part, next
	}
	return part[:limit], key(part[limit-1])
}

// MomentKey is the key of something in a list by time. Keys sort as the times do,
// to the millisecond, and then as the numbers.
func MomentKey(at time.Time, id int64) string {
	return fmt.Sprintf("%s %019d", at.UTC().Format("2006-01-02T15:04:05.000Z"), id)
}

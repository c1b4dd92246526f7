package monitor

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func self(text string) string { return text }

// read follows next to the end of a list.
func read(t *testing.T, limit int, ask func(seen string) ([]string, string)) []string {
	t.Helper()
	var all []string
	seen := ""
	for range 20 {
		part, next := ask(seen)
		if len(part) > limit {
			t.Fatalf("%d things, at most %d were asked for", len(part), limit)
		}
		if all = append(all, part...); next == "" {
			return all
		}
		seen = next
	}
	t.Fatal("the list has no end")
	return nil
}

func TestPart_FollowingNextReadsEverythingOnce(t *testing.T) {
	list := []string{"b", "e", "a", "d", "c", "f"}
	for limit := 1; limit <= 7; limit++ {
		if got := read(t, limit, func(after string) ([]string, string) { return PartAfter(list, self, after, limit) }); strings.Join(got, "") != "abcdef" {
			t.Errorf("after, %d at a time: %v", limit, got)
		}
		if got := read(t, limit, func(before string) ([]string, string) { return PartBefore(list, self, before, limit) }); strings.Join(got, "") != "fedcba" {
			t.Errorf("before, %d at a time: %v", limit, got)
		}
	}
}

func TestPart_EndsWithoutNext(t *testing.T) {
	for _, c := range []struct {
		list  []string
		after string
		limit int
		next  string
	}{
		{nil, "", 1, ""}, {[]string{"a"}, "", 1, ""}, {[]string{"a", "b"}, "", 2, ""}, {[]string{"a", "b", "c"}, "", 2, "b"},
		{[]string{"a", "b", "c"}, "b", 1, ""}, {[]string{"a"}, "z", 1, ""}, {[]string{"a", "b"}, "", 0, ""},
	} {
		if _, next := PartAfter(c.list, self, c.after, c.limit); next != c.next {
			t.Errorf("%v after %q, %d at a time: next is %q, want %q", c.list, c.after, c.limit, next, c.next)
		}
	}
}

func TestPart_GoesOnWhereADeletedThingWas(t *testing.T) {
	list := []string{"a", "b", "c", "d"}
	_, next := PartAfter(list, self, "", 2)
	left := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == next })
	if part, _ := PartAfter(left, self, next, 5); strings.Join(part, "") != "cd" {
		t.Errorf("after %q, which is gone: %v", next, part)
	}
	if part, _ := PartBefore(left, self, "b", 5); strings.Join(part, "") != "a" {
		t.Errorf("before b, which is gone: %v", part)
	}
	if strings.Join(list, "") != "abcd" {
		t.Errorf("the list itself was changed: %v", list)
	}
}

func TestMomentKey_SortsAsTimeAndNumberDo(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("east", 3600))
	keys := []string{MomentKey(time.Time{}, 9), MomentKey(at, 2), MomentKey(at, 10), MomentKey(at.Add(time.Millisecond), 1), MomentKey(at.UTC().Add(time.Hour), 1)}
	if !slices.IsSorted(keys) {
		t.Error(keys)
	}
}

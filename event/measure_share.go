package event

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"wingmirror/condition"
	"wingmirror/monitor"
)

// share compares how many of a group's active servers match at the same time:
// at one timestamp, or each with its newest event within a window.
type share struct {
	window
	above   float64 // part of the servers that must be exceeded; 0: least counts
	atLeast float64 // part of the servers that must be reached; 0: least counts
	number  int     // servers that must match, where no part is asked for
	members int     // servers that must be there to say anything
	looksAt *condition.Condition
}

// member is one server of a group.
type member struct {
	At      float64
	Active  bool
	Matched bool
}

// after returns the first moment after a time.
func after(at float64) float64 { return math.Nextafter(at, math.Inf(1)) }

// add takes an event into the group. With no window, what is known at one
// timestamp is only said when a later one is reached.
func (s share) add(r *Rule, k *key, e *monitor.PushedEvent) reading {
	var closed reading
	if s.within == 0 && len(k.Members) > 0 && e.Timestamp > k.Bucket {
		closed = s.close(r, k)
	}
	if k.Members == nil {
		k.Members = map[string]member{}
	}
	k.Bucket = e.Timestamp
	matched := e.Active && k.engine.match(r, r.Condition, e)
	relevant := s.looksAt == nil || k.engine.match(r, s.looksAt, e)
	was, there := k.Members[e.Server]
	if there && e.Timestamp < was.At {
		return reading{}
	}
	next := member{At: e.Timestamp, Active: e.Active, Matched: matched}
	switch {
	case s.within == 0 && there:
		next.Active, next.Matched = was.Active || next.Active, was.Matched || next.Matched
	case there && !relevant: // it speaks of something else: what is known of the server stays
		next = member{At: was.At, Active: e.Active, Matched: was.Matched && e.Active}
	}
	k.Members[e.Server] = next
	k.Relevant = k.Relevant || relevant
	if matched {
		k.hits = append(k.hits, e)
	}
	if s.within == 0 {
		closed.again = after(k.Bucket)
		return closed
	}
	now := s.look(r, k, k.Newest)
	now.events = k.hits
	k.hits = nil
	return now
}

func (s share) look(r *Rule, k *key, at float64) reading {
	if len(k.Members) == 0 {
		return reading{}
	}
	if s.within == 0 {
		if at <= k.Bucket {
			return reading{again: after(k.Bucket)}
		}
		return s.close(r, k)
	}
	again := never
	for server, m := range k.Members {
		if gone := m.At + s.seconds(); gone <= at {
			delete(k.Members, server)
		} else {
			again = min(again, gone)
		}
	}
	got := s.judge(r, k)
	got.again = again
	return got
}

// close judges one timestamp and forgets it.
func (s share) close(r *Rule, k *key) reading {
	var got reading
	if k.Relevant { // without an event of the kind that is asked for, nothing is known
		got = s.judge(r, k)
		got.events, got.dated, got.at = k.hits, true, k.Bucket
	}
	k.Members, k.Relevant, k.hits = nil, false, nil
	return got
}

func (s share) judge(_ *Rule, k *key) reading {
	active, matched := 0, 0
	for _, m := range k.Members {
		if m.Active {
			active++
			if m.Matched {
				matched++
			}
		}
	}
	if active < s.members {
		return reading{known: k.Firing, ended: true}
	}
	got := not(s.reached(matched, active))
	if got.holds && !k.Firing {
		got.text = fmt.Sprintf("%d of %d active servers%s", matched, active, matchedNames(k.Members))
	}
	return got
}

func (s share) reached(matched, active int) bool {
	part := float64(matched) / float64(max(active, 1))
	switch {
	case matched == 0:
		return false
	case s.above > 0:
		return part > s.above
	case s.atLeast > 0:
		return part >= s.atLeast
	}
	return matched >= s.number
}

func matchedNames(members map[string]member) string {
	var names []string
	for _, server := range slices.Sorted(maps.Keys(members)) {
		if members[server].Matched && server != "" {
			names = append(names, server)
		}
	}
	if len(names) == 0 {
		return ""
	}
	more := ""
	if len(names) > 5 {
		names, more = names[:5], ", …"
	}
	return ": " + monitor.Cut(strings.Join(names, ", "), 300) + more
}

func (s share) memory() time.Duration { return s.within }

package backtest

import (
	"time"

	"wingmirror/monitor"
)

// Diff is how the incidents of an edited version differ from those of the saved
// one. Two incidents are the same one when they overlap.
type Diff struct {
	Added   []Incident // only the edited version opens them
	Removed []Incident // only the saved one does
	Moved   []Move     // both do, but begin, end or level differ
	Same    int
}

// Move is one incident as both versions see it.
type Move struct{ Was, Now Incident }

// Compare tells what an edit changes. Only incidents that tell somebody count,
// on both sides.
func Compare(saved, edited Result) Diff {
	var d Diff
	was, now := told(saved.Incidents), told(edited.Incidents)
	taken := make([]bool, len(now))
	for _, w := range was {
		i := match(w, now, taken)
		if i < 0 {
			d.Removed = append(d.Removed, w)
			continue
		}
		taken[i] = true
		if n := now[i]; n.OpenedAt.Equal(w.OpenedAt) && n.ClosedAt.Equal(w.ClosedAt) && n.Level == w.Level {
			d.Same++
		} else {
			d.Moved = append(d.Moved, Move{w, n})
		}
	}
	for i, n := range now {
		if !taken[i] {
			d.Added = append(d.Added, n)
		}
	}
	return d
}

func told(all []Incident) []Incident {
	var some []Incident
	for _, i := range all {
		if i.Told {
			some = append(some, i)
		}
	}
	return some
}

// match returns the first free incident that overlaps, or -1. Both lists are in
// order of time.
func match(w Incident, now []Incident, taken []bool) int {
	for i, n := range now {
		if !taken[i] && overlap(w, n) {
			return i
		}
	}
	return -1
}

func overlap(a, b Incident) bool {
	return (a.ClosedAt.IsZero() || !b.OpenedAt.After(a.ClosedAt)) && (b.ClosedAt.IsZero() || !a.OpenedAt.After(b.ClosedAt))
}

// Score is how a result stands against what people say of the past.
type Score struct {
	Wanted   int             // labels in the range that say somebody should have been told
	Caught   int             // of them, those where somebody is
	Lost     []monitor.Label // of them, those where nobody is
	False    int             // incidents that tell somebody in a span that is labelled noise and nothing else
	Quiet    int             // spans labelled noise where nobody is told
	Unjudged int             // incidents that tell somebody where there is no label
}

// Recall is the share of wanted incidents that are caught, from 0 to 1; 1 when
// there are none.
func (s Score) Recall() float64 {
	if s.Wanted == 0 {
		return 1
	}
	return float64(s.Caught) / float64(s.Wanted)
}

// ScoreAgainst measures a result. Labels outside its range do not count.
func (r Result) ScoreAgainst(labels []monitor.Label) Score {
	var s Score
	end := r.Until
	if n := len(r.Times); n > 0 && r.Runs < r.Ticks && r.Sampled <= 1 {
		end = time.Unix(r.Times[n-1], 0) // it is not finished
	}
	incidents := told(r.Incidents)
	for _, l := range labels {
		if !l.Overlaps(r.From, end) {
			continue
		}
		hit := anyOverlaps(l, incidents)
		switch {
		case l.Wanted() && hit:
			s.Wanted, s.Caught = s.Wanted+1, s.Caught+1
		case l.Wanted():
			s.Wanted, s.Lost = s.Wanted+1, append(s.Lost, l)
		case !hit:
			s.Quiet++
		}
	}
	for _, i := range incidents {
		wanted, noise := false, false
		for _, l := range labels {
			if l.Overlaps(i.OpenedAt, i.ClosedAt) {
				wanted, noise = wanted || l.Wanted(), noise || !l.Wanted()
			}
		}
		switch {
		case noise && !wanted:
			s.False++
		case !wanted:
			s.Unjudged++
		}
	}
	return s
}

func anyOverlaps(l monitor.Label, incidents []Incident) bool {
	for _, i := range incidents {
		if l.Overlaps(i.OpenedAt, i.ClosedAt) {
			return true
		}
	}
	return false
}

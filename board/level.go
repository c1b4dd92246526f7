package board

import (
	"cmp"
	"slices"
	"time"

	"wingmirror/monitor"
)

// Worst is the level that a component's own rationales give at a time: that of
// the most critical active one, or, when some of the active ones outrank the
// others, of the most critical of those. DC5 without any.
func Worst(rationales []monitor.Rationale, at time.Time) monitor.DC {
	level, outranking := monitor.DC5, monitor.NoDC
	for _, r := range rationales {
		if !r.Active(at) {
			continue
		}
		level = level.WorseOf(r.Level)
		if r.Overrides {
			outranking = outranking.WorseOf(r.Level)
		}
	}
	if outranking != monitor.NoDC {
		return outranking
	}
	return level
}

// vote is one child's say in its parent's level.
type vote struct {
	counts monitor.Counts
	level  monitor.DC
}

// fold is the level that children give their parent, each counted as its edge
// says: the most critical of what the edges let through. DC5 without any.
func fold(votes []vote) monitor.DC {
	level, majority, weighted := monitor.DC5, monitor.DC5, monitor.DC5
	for _, v := range votes {
		if v.counts.Rule == monitor.CountMajority || v.counts.Rule == monitor.CountWeight {
			majority, weighted = count(votes)
			break
		}
	}
	for _, v := range votes {
		if v.counts.Rule != monitor.CountIgnored {
			level = level.WorseOf(max(v.level, bound(v.counts, majority, weighted)))
		}
	}
	return level
}

// count holds both ballots: the level that most of the children with one vote
// each have reached, and that of those with a weight.
func count(votes []vote) (majority, weighted monitor.DC) {
	var ones, weights ballot
	for _, v := range votes {
		switch v.counts.Rule {
		case monitor.CountMajority:
			ones.add(v.level, 1)
		case monitor.CountWeight:
			weights.add(v.level, v.counts.Weight)
		}
	}
	return ones.level(), weights.level()
}

// bound is the most critical level that an edge lets through, by what the ballots
// gave.
func bound(counts monitor.Counts, majority, weighted monitor.DC) monitor.DC {
	switch counts.Rule {
	case monitor.CountMajority:
		return majority
	case monitor.CountWeight:
		return weighted
	case monitor.CountCapped:
		return counts.Cap
	}
	return monitor.DC1
}

// ballot counts votes by level.
type ballot struct {
	all     float64
	atLevel [monitor.DC5 + 1]float64
}

func (b *ballot) add(level monitor.DC, votes float64) {
	b.all += votes
	b.atLevel[level] += votes
}

// level is the most critical one that more than half of the votes have reached.
func (b *ballot) level() monitor.DC {
	sum := 0.0
	for dc := monitor.DC1; dc < monitor.DC5; dc++ {
		if sum += b.atLevel[dc]; sum > b.all/2 {
			return dc
		}
	}
	return monitor.DC5
}

// holding returns the override that holds at a time: of several the one with
// the most critical level, and of those the newest.
func holding(overrides []monitor.Override, at time.Time) *monitor.Override {
	var best *monitor.Override
	for i, o := range overrides {
		if o.Active(at) && (best == nil || o.Level < best.Level || o.Level == best.Level && o.ID > best.ID) {
			best = &overrides[i]
		}
	}
	return best
}

// byWeight orders rationales for people: what counts as most critical first, then those
// that have held longest, then by ID.
func byWeight(a, b monitor.Rationale) int {
	return cmp.Or(cmp.Compare(a.Counted(), b.Counted()), cmp.Compare(a.Level, b.Level), a.Start.Compare(b.Start), cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID))
}

// deduplicated keeps the last of the rationales with the same ID, in order.
func deduplicated(all []monitor.Rationale) []monitor.Rationale {
	at := make(map[string]int, len(all))
	kept := all[:0:0]
	for _, r := range all {
		if i, twice := at[r.ID]; twice {
			kept[i] = r
			continue
		}
		at[r.ID] = len(kept)
		kept = append(kept, r)
	}
	return slices.Clip(kept)
}

package board

import (
	"slices"
	"time"

	"wingmirror/monitor"
)

// Planned is a change of a level that is known beforehand: an override or a
// rationale ends or begins.
type Planned struct {
	At    time.Time
	Level monitor.DC // from then on
}

const (
	maxPlan    = 16     // changes of one component that are foreseen
	maxMoments = 10_000 // of the whole board that are looked at
)

// Next is when the level changes next by what is planned; zero when it does not.
func (n *Node) Next() time.Time {
	if len(n.Plan) == 0 {
		return time.Time{}
	}
	return n.Plan[0].At
}

// moments are when something planned may change levels, and of whom.
type moment struct {
	at   time.Time
	node int // place in the tree
}

// foresee follows the tree through all that is planned, and notes how each
// level changes: with the rationales that say that a source fails, and without.
// It looks only at components of which something begins or ends, and at those
// above whose children have changed.
func (f facts) foresee(t *tree, at time.Time) {
	place := make(map[*Node]int, len(t.nodes))
	for i, n := range t.nodes {
		place[n] = i
	}
	moments := f.moments(t, at)
	if len(moments) == 0 {
		return
	}
	for _, without := range []bool{false, true} {
		levels := make([]monitor.DC, len(t.nodes))
		for i, n := range t.nodes {
			if levels[i] = n.Level; without {
				levels[i] = n.Known
			}
		}
		walk := forecast{f, t, place, levels, without}
		for rest := moments; len(rest) > 0; {
			end := 1
			for end < len(rest) && rest[end].at.Equal(rest[0].at) {
				end++
			}
			walk.pass(rest[:end])
			rest = rest[end:]
		}
	}
}

// moments are those after a time, in order.
func (f facts) moments(t *tree, at time.Time) []moment {
	var all []moment
	for i, n := range t.nodes {
		add := func(when time.Time) {
			if when.After(at) {
				all = append(all, moment{when, i})
			}
		}
		for _, r := range f.rationales[n.ID] {
			add(r.Start)
			if !r.Guess {
				add(r.End)
			}
		}
		for _, o := range f.overrides[n.ID] {
			add(o.From)
			add(earlier(o.Until, o.EndedAt))
		}
	}
	slices.SortFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	return all[:min(len(all), maxMoments)]
}

// forecast is the tree on its way through what is planned.
type forecast struct {
	facts   facts
	tree    *tree
	place   map[*Node]int
	levels  []monitor.DC // by place
	without bool         // what says that a source fails
}

// pass goes through everything that happens at one moment. Components are
// reckoned after those below them, so that what happens at the same time above
// and below counts as one.
func (c forecast) pass(now []moment) {
	dirty := map[int]bool{}
	for _, m := range now {
		dirty[m.node] = true
	}
	at := now[0].at
	for len(dirty) > 0 {
		i := -1
		for one := range dirty {
			i = max(i, one) // children stand behind their parents
		}
		delete(dirty, i)
		n := c.tree.nodes[i]
		level := c.level(n, at)
		if level == c.levels[i] {
			continue
		}
		c.levels[i] = level
		plan := &n.Plan
		if c.without {
			plan = &n.knownPlan
		}
		if len(*plan) < maxPlan {
			*plan = append(*plan, Planned{at, level})
		}
		if n.Up != nil {
			dirty[c.place[n.Up]] = true
		}
	}
}

// level is that of a component at a time to come.
func (c forecast) level(n *Node, at time.Time) monitor.DC {
	if o := holding(c.facts.overrides[n.ID], at); o != nil {
		return o.Level
	}
	own := c.facts.rationales[n.ID]
	if c.without {
		own = slices.DeleteFunc(slices.Clone(own), func(r monitor.Rationale) bool { return r.Failure })
	}
	level := Worst(own, at)
	if slices.ContainsFunc(c.facts.rationales[n.ID], func(r monitor.Rationale) bool { return r.Overrides && r.Active(at) }) {
		return level
	}
	votes := make([]vote, len(n.Children))
	for i, child := range n.Children {
		votes[i] = vote{child.Counts, c.levels[c.place[child]]}
	}
	return level.WorseOf(fold(votes))
}

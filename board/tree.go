package board

import (
	"slices"
	"time"

	"wingmirror/monitor"
)

// Standing is a source as it stands, without its rationales.
type Standing struct {
	monitor.BoardSource
	Number    int64 // see monitor.SourceState
	CreatedAt time.Time
	SuccessAt time.Time
	FailureAt time.Time
	Successes int64
	Failures  int64
	Error     string
	Pending   bool // it has never run
	Unheard   bool // it has not run since the program began: what is known of it is from before
}

// Failing reports whether the source's newest run failed.
func (s Standing) Failing() bool { return s.Error != "" }

// Node is one component as it stands. Nodes are never changed once they can be
// read, and may be read by many at once.
type Node struct {
	monitor.Component
	Level      monitor.DC          // what people and pipelines go by
	Computed   monitor.DC          // without an override of this component
	Known      monitor.DC          // as Level, but without the rationales that say that a source fails
	Since      time.Time           // since when Level holds
	Rationales []monitor.Rationale // the active ones of this component, most critical first
	Upcoming   []monitor.Rationale // those that are still to begin, the next first
	Override   *monitor.Override   // the one that holds; nil without one
	Overrides  []monitor.Override  // all that hold or are still to begin
	Sources    []Standing          //
	Up         *Node               // nil at the top
	Children   []*Node             //
	Stale      bool                // some of what Level rests on is not known for sure
	Settling   bool                // a source that Level rests on has never been heard of: it is no news yet
	Plan       []Planned           // how Level changes by what is planned, in order
	Depth      int                 // 0 at the top

	failing   bool      // one of its own sources fails or is still to report
	moment    time.Time // the next planned moment of it or of what stands below, whether or not the level changes
	knownPlan []Planned // of Known
}

// Reasons returns the active rationales of the component and of the children
// that count for it, most critical first, at most so many, and how many there
// are. An override of a child hides what is below it.
func (n *Node) Reasons(most int) (reasons []monitor.Rationale, all int) {
	n.walkReasons(func(r monitor.Rationale) { reasons = append(reasons, r) })
	reasons = oncePerServer(reasons)
	slices.SortStableFunc(reasons, byWeight)
	return reasons[:min(most, len(reasons))], len(reasons)
}

// walkReasons visits them with the level that the edges between let each count as.
func (n *Node) walkReasons(visit func(monitor.Rationale)) { n.walkFrom(monitor.NoDC, visit) }

func (n *Node) walkFrom(bounded monitor.DC, visit func(monitor.Rationale)) {
	show := func(r monitor.Rationale) {
		if bounded > r.Level {
			r.As = bounded
		}
		visit(r)
	}
	for _, r := range n.Rationales {
		show(r)
	}
	votes := make([]vote, len(n.Children))
	for i, child := range n.Children {
		votes[i] = vote{child.Counts, child.Level}
	}
	majority, weighted := count(votes)
	for _, child := range n.Children {
		if child.Counts.Rule == monitor.CountIgnored {
			continue
		}
		below := max(bounded, bound(child.Counts, majority, weighted))
		if child.Override != nil {
			r := OverrideReason(*child.Override)
			if below > r.Level {
				r.As = below
			}
			visit(r)
			continue
		}
		child.walkFrom(below, visit)
	}
}

// OverrideReason is an override in the form of a rationale.
func OverrideReason(o monitor.Override) monitor.Rationale {
	return monitor.Rationale{
		ID: "override", Component: o.Component, Source: "override", Level: o.Level, Title: o.Reason, Link: o.Link,
		Description: "set by " + o.Author, Start: o.From, End: o.Until, Overrides: true,
	}
}

// Outranked reports whether a rationale of this component is active but does
// not count, because something outranks it.
func (n *Node) Outranked(r monitor.Rationale) bool {
	if n.Override != nil {
		return true
	}
	return !r.Overrides && slices.ContainsFunc(n.Rationales, func(o monitor.Rationale) bool { return o.Overrides })
}

// facts are all that the levels follow from.
type facts struct {
	components []monitor.Component
	rationales map[string][]monitor.Rationale // by component
	overrides  map[string][]monitor.Override
	standings  map[string][]Standing
}

// tree is the board at a time.
type tree struct {
	nodes []*Node // parents before their children, in the order of the configuration
	byID  map[string]*Node
	until time.Time // from then on it may look different; zero: for as long as the facts do not change
}

// grow makes the tree of the facts at a time.
func (f facts) grow(at time.Time) *tree {
	t := &tree{byID: make(map[string]*Node, len(f.components)), nodes: make([]*Node, 0, len(f.components))}
	made := make([]Node, len(f.components))
	below := map[string][]*Node{}
	for i, c := range f.components {
		made[i].Component = c
		t.byID[c.ID] = &made[i]
	}
	var tops []*Node
	for i := range made {
		n := &made[i]
		if t.byID[n.Parent] == nil || f.aboveItself(t.byID, n) {
			tops = append(tops, n)
		} else {
			below[n.Parent] = append(below[n.Parent], n)
		}
	}
	for _, n := range tops {
		f.growNode(t, n, below, at)
	}
	f.foresee(t, at)
	return t
}

// aboveItself keeps a circle of components, which no check lets in, on the page.
func (f facts) aboveItself(byID map[string]*Node, n *Node) bool {
	up := byID[n.Parent]
	for range len(f.components) {
		if up == nil {
			return false
		}
		if up == n {
			return true
		}
		up = byID[up.Parent]
	}
	return true
}

func (f facts) growNode(t *tree, n *Node, below map[string][]*Node, at time.Time) {
	t.nodes = append(t.nodes, n)
	n.Children = below[n.ID]
	for _, child := range n.Children {
		child.Up, child.Depth = n, n.Depth+1
		f.growNode(t, child, below, at)
	}
	f.weigh(n, at)
	t.until = earlier(t.until, n.moment)
}

// weigh gives a node its levels, once its children have theirs.
func (f facts) weigh(n *Node, at time.Time) {
	known := make([]monitor.Rationale, 0, len(f.rationales[n.ID]))
	for _, r := range f.rationales[n.ID] {
		switch {
		case r.Active(at):
			n.Rationales = append(n.Rationales, r)
			if !r.Guess && !r.End.IsZero() {
				n.moment = earlier(n.moment, r.End)
			}
			if !r.Failure {
				known = append(known, r)
			}
		case at.Before(r.Start):
			n.Upcoming = append(n.Upcoming, r)
			n.moment = earlier(n.moment, r.Start)
		}
	}
	slices.SortFunc(n.Rationales, byWeight)
	slices.SortFunc(n.Upcoming, func(a, b monitor.Rationale) int { return a.Start.Compare(b.Start) })
	n.Sources = f.standings[n.ID]
	for _, s := range n.Sources {
		n.failing = n.failing || s.Failing() || s.Pending || s.Unheard
		n.Settling = n.Settling || s.Pending
	}
	n.failing = n.failing || n.Fault != ""
	n.Stale = n.failing
	votes, knownVotes := make([]vote, 0, len(n.Children)), make([]vote, 0, len(n.Children))
	for _, child := range n.Children {
		votes = append(votes, vote{child.Counts, child.Level})
		knownVotes = append(knownVotes, vote{child.Counts, child.Known})
		if child.Counts.Rule != monitor.CountIgnored {
			n.Stale = n.Stale || child.Stale
			n.Settling = n.Settling || child.Settling
			n.moment = earlier(n.moment, child.moment)
		}
	}
	n.Computed = Worst(n.Rationales, at).WorseOf(fold(votes))
	n.Level, n.Known = n.Computed, Worst(known, at).WorseOf(fold(knownVotes))
	if slices.ContainsFunc(n.Rationales, func(r monitor.Rationale) bool { return r.Overrides }) {
		n.Computed = Worst(n.Rationales, at)
		n.Level, n.Known = n.Computed, Worst(known, at)
	}
	f.override(n, at)
}

// override lets people's words count for more than all else.
func (f facts) override(n *Node, at time.Time) {
	for _, o := range f.overrides[n.ID] {
		end := o.Until
		if !o.EndedAt.IsZero() {
			end = earlier(end, o.EndedAt)
		}
		if !at.Before(end) {
			continue
		}
		n.Overrides = append(n.Overrides, o)
		if at.Before(o.From) {
			n.moment = earlier(n.moment, o.From)
		} else {
			n.moment = earlier(n.moment, end)
		}
	}
	if n.Override = holding(f.overrides[n.ID], at); n.Override != nil {
		n.Level, n.Known = n.Override.Level, n.Override.Level
		n.Stale, n.Settling = false, false
	}
}

// earlier returns the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

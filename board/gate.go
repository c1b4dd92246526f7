package board

import (
	"fmt"
	"slices"
	"time"

	"wingmirror/monitor"
)

// Unknown says what a gate makes of what is not known, because sources fail.
type Unknown string

// The ways to treat what is not known. Without one, a source that fails counts
// with the level that its configuration gives its failing.
const (
	UnknownCounts Unknown = ""
	UnknownAllow  Unknown = "allow" // what is not known does not stop anybody
	UnknownDeny   Unknown = "deny"  // nobody passes while something is not known
)

// ParseUnknown reads allow, deny or nothing.
func ParseUnknown(text string) (Unknown, error) {
	switch u := Unknown(text); u {
	case UnknownCounts, UnknownAllow, UnknownDeny:
		return u, nil
	}
	return "", monitor.Invalid("on_unknown", "%q is neither allow nor deny", monitor.Cut(text, 50))
}

// DefaultMin is the level that a gate asks for when nobody says which.
const DefaultMin = monitor.DC4

// Verdict is a gate's answer.
type Verdict struct {
	Allowed bool
	Level   monitor.DC // that was compared with Min
	Min     monitor.DC
	Stale   bool
	Why     string              // a sentence
	Reasons []monitor.Rationale // the most critical first
	All     int                 // how many reasons there are
	Ask     string              // whom to ask
	Next    time.Time           // when the answer changes from open to closed or back by what is planned; zero when it does not
}

// maxReasons is how many reasons a gate names.
const maxReasons = 10

// Gate says whether a component stands at least at a level.
func (l *Look) Gate(n *Node, least monitor.DC, unknown Unknown) Verdict {
	v := Verdict{Level: n.Level, Min: least, Stale: l.Stale(n), Ask: n.ask()}
	plan := n.Plan
	if unknown == UnknownAllow {
		v.Level, plan = n.Known, n.knownPlan
	}
	v.Allowed = v.Level >= least
	if at := slices.IndexFunc(plan, func(p Planned) bool { return (p.Level >= least) != v.Allowed }); at >= 0 {
		v.Next = plan[at].At
	}
	n.walkReasons(func(r monitor.Rationale) {
		// A closed gate names what closes it, an open one all there is.
		if (v.Allowed || r.Counted() < least) && !(r.Failure && unknown == UnknownAllow) {
			v.Reasons = append(v.Reasons, r)
		}
	})
	v.Reasons = oncePerServer(v.Reasons)
	slices.SortStableFunc(v.Reasons, byWeight)
	v.All = len(v.Reasons)
	v.Reasons = v.Reasons[:min(v.All, maxReasons)]
	switch {
	case !v.Allowed:
		v.Why = fmt.Sprintf("%s is %s %s, and %s or better is asked for", n.Title(), v.Level, l.Levels[v.Level].Name, least)
	case unknown == UnknownDeny && v.Stale:
		v.Allowed, v.Next = false, time.Time{} // nobody knows when it will be known
		v.Why = fmt.Sprintf("%s would be %s, but some of what that rests on is not known now", n.Title(), v.Level)
	default:
		v.Why = fmt.Sprintf("%s is %s %s", n.Title(), v.Level, l.Levels[v.Level].Name)
	}
	if n.Override != nil {
		v.Why += fmt.Sprintf("; override by %s until %s: %s", n.Override.Author, monitor.Moment(n.Override.Until.UTC()), n.Override.Reason)
	}
	return v
}

// ask is whom to ask about a component: its contact, or that of the nearest
// component above that has one.
func (n *Node) ask() string {
	for up := n; up != nil; up = up.Up {
		if up.Contact != "" {
			return up.Contact
		}
	}
	return ""
}

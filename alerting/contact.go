package alerting

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"wingmirror/monitor"
)

// Contacts holds all contact groups in memory and says who is told when. The
// zero value holds none. It is safe for many goroutines at once.
type Contacts struct {
	groups atomic.Pointer[map[string]contact]
}

type contact struct {
	monitor.ContactGroup
	zone *time.Location
}

// Set replaces all groups. The error is that of a time zone that this system
// does not know; nothing changes then.
func (c *Contacts) Set(all []monitor.ContactGroup) error {
	groups := make(map[string]contact, len(all))
	for _, g := range all {
		zone, err := monitor.LoadZone(g.Zone)
		if err != nil {
			return fmt.Errorf("contact group %q: %w", g.Name, err)
		}
		groups[g.Name] = contact{g, zone}
	}
	for _, g := range all {
		for _, name := range g.Former {
			if _, taken := groups[name]; !taken {
				groups[name] = groups[g.Name]
			}
		}
	}
	c.groups.Store(&groups)
	return nil
}

func (c *Contacts) group(name string) (contact, bool) {
	if c == nil {
		return contact{}, false
	}
	all := c.groups.Load()
	if all == nil {
		return contact{}, false
	}
	g, ok := (*all)[name]
	return g, ok
}

// any reports whether there is a group at all.
func (c *Contacts) any() bool {
	if c == nil {
		return false
	}
	all := c.groups.Load()
	return all != nil && len(*all) > 0
}

// OnDuty returns which group answers for the named one at a time: itself, the one
// that it hands over to, and so on. It is "" when nobody does, and for a group
// that is not there.
func (c *Contacts) OnDuty(name string, at time.Time) string {
	seen := map[string]bool{}
	for name != "" && !seen[name] {
		seen[name] = true
		g, ok := c.group(name)
		if !ok {
			return ""
		}
		if g.Hours.Covers(at.In(g.zone)) {
			return g.Name
		}
		name = g.Otherwise
	}
	return ""
}

// Resolve puts whoever is on duty in the place of each group, and leaves out
// what is there already. Without groups it returns what it was given.
func (c *Contacts) Resolve(destinations []string, at time.Time) []string {
	if !slices.ContainsFunc(destinations, isGroup) {
		return destinations
	}
	var all []string
	for _, destination := range destinations {
		members := []string{destination}
		if isGroup(destination) {
			g, _ := c.group(c.OnDuty(monitor.Destination(destination).Rest(), at))
			members = g.Members
		}
		all = join(all, members)
	}
	return all
}

func isGroup(destination string) bool {
	return monitor.Destination(destination).Scheme() == monitor.SchemeGroup
}

// join appends what is not there yet.
func join(all, more []string) []string {
	for _, destination := range more {
		if !slices.Contains(all, destination) {
			all = append(all, destination)
		}
	}
	return all
}

// Rung is one step of an escalation.
type Rung struct {
	After time.Duration // without an acknowledgement
	Group string        // that is told then
	To    []string      // whoever is on duty of it; none when nobody is
}

// Rungs returns whom the groups among destinations escalate to, soonest first,
// each group once.
func (c *Contacts) Rungs(destinations []string, at time.Time) []Rung {
	var rungs []Rung
	for _, destination := range destinations {
		if !isGroup(destination) {
			continue
		}
		name, after := monitor.Destination(destination).Rest(), time.Duration(0)
		for seen := map[string]bool{}; !seen[name]; {
			seen[name] = true
			g, _ := c.group(name)
			if name = g.Escalation.To; name == "" {
				break
			}
			after += g.Escalation.After
			rungs = append(rungs, Rung{After: after, Group: name, To: c.Resolve([]string{monitor.SchemeGroup + ":" + name}, at)})
		}
	}
	slices.SortStableFunc(rungs, func(a, b Rung) int { return cmp.Compare(a.After, b.After) })
	told := map[string]bool{}
	return slices.DeleteFunc(rungs, func(r Rung) bool {
		again := told[r.Group]
		told[r.Group] = true
		return again
	})
}

// audience is who hears of an incident now: the destinations, and the groups
// that it was escalated to already.
func (d *Desk) audience(destinations []string, open *monitor.Open, at time.Time) []string {
	all := d.o.Contacts.Resolve(destinations, at)
	if open == nil || open.Tier == 0 {
		return all
	}
	rungs := d.o.Contacts.Rungs(destinations, at)
	for _, r := range rungs[:min(open.Tier, len(rungs))] {
		all = join(slices.Clone(all), r.To)
	}
	return all
}

// onDuty is who of the audience is told as a member of a group.
func (d *Desk) onDuty(destinations []string, open *monitor.Open, at time.Time) []string {
	groups := slices.DeleteFunc(slices.Clone(destinations), func(to string) bool { return !isGroup(to) })
	if len(groups) == 0 {
		return nil
	}
	return d.audience(groups, open, at)
}

// Names returns the names that lead to a group, those it had before included, sorted.
func (c *Contacts) Names() []string {
	all := c.groups.Load()
	if all == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(*all))
}

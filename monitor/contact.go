package monitor

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ContactGroup is some people under one name, so that a monitor can say
// group:ops and need not be edited when people change. It is told at its hours;
// outside of them another group may be, and when nobody acknowledges, a third.
type ContactGroup struct {
	Name        string   // what follows group: in a destination
	Former      []string // names it had before, newest first; whatever still says one reaches it
	Version     int      // grows with each save, from 1
	Description string
	Members     []string   // destinations, not groups
	Hours       Hours      // when the members are on duty; none: always
	Zone        string     // IANA name that Hours are in; "" is UTC
	Otherwise   string     // the group that is told outside of the hours; "": nobody is
	Escalation  Escalation // zero: it ends here
	UpdatedAt   time.Time
	UpdatedBy   string
}

// Escalation says who is told when nobody acknowledges an incident.
type Escalation struct {
	After time.Duration // without an acknowledgement, since the group was told
	To    string        // a group's name; "" escalates to nobody
}

const (
	maxGroupName  = 64
	maxMembers    = 200
	minEscalation = time.Minute
	maxEscalation = 7 * 24 * time.Hour
)

// ValidateContactGroup returns everything that is wrong with a group as
// FieldErrors, or nil. others are all groups that are stored; one of the same
// name counts as replaced.
func ValidateContactGroup(g ContactGroup, others []ContactGroup) error {
	var v validation
	v.check(groupName(g.Name), "name", "%s is not a name for a group: use up to %d small letters, digits, - and _, beginning with a letter", quoteCut(g.Name), maxGroupName)
	v.check(utf8.RuneCountInString(g.Description) <= maxDescription, "description", "the description has more than %d characters", maxDescription)
	v.members(g.Members)
	if _, err := LoadZone(g.Zone); err != nil {
		v.errs = append(v.errs, AllFieldErrors(err)...)
	}
	byName := map[string]ContactGroup{g.Name: g}
	var names []string
	for _, o := range others {
		if names = append(names, o.Name); o.Name != g.Name {
			byName[o.Name] = o
		}
	}
	v.reaches("otherwise", g, byName, names, func(g ContactGroup) string { return g.Otherwise })
	v.check(g.Otherwise == "" || len(g.Hours) > 0, "otherwise", "this group is always on duty, so the other one would never be told; give it hours")
	v.reaches("escalate_to", g, byName, names, func(g ContactGroup) string { return g.Escalation.To })
	after := g.Escalation.After
	v.check(g.Escalation.To == "" || after >= minEscalation && after <= maxEscalation, "escalate_after", "say after how long without an acknowledgement, between 1m and 168h")
	v.check(after == 0 || g.Escalation.To != "", "escalate_to", "say which group is told after %s", FormatRepeat(after))
	if len(v.errs) == 0 {
		return nil
	}
	return v.errs
}

func groupName(name string) bool {
	for i, r := range name {
		letter := 'a' <= r && r <= 'z'
		if !letter && (i == 0 || r != '-' && r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return name != "" && len(name) <= maxGroupName
}

func (v *validation) members(uris []string) {
	v.check(len(uris) > 0, "members", "name at least one destination, such as mailto:ops@example.com")
	v.check(len(uris) <= maxMembers, "members", "%d members are more than the %d allowed", len(uris), maxMembers)
	for i, uri := range uris {
		field := indexed("members", i)
		d, err := ParseDestination(uri)
		if err != nil {
			v.check(false, field, "%s", destinationProblem(err))
		}
		v.check(d.Scheme() != SchemeGroup, field, "a group cannot be in a group; hand over to %s by otherwise or escalate to it", d.Rest())
	}
}

// reaches checks that the groups that follow g by next exist and do not lead
// back to it.
func (v *validation) reaches(field string, g ContactGroup, all map[string]ContactGroup, names []string, next func(ContactGroup) string) {
	first := next(g)
	if first == "" {
		return
	}
	if _, ok := all[first]; !ok {
		v.check(false, field, "%s", unknownGroup(first, names))
		return
	}
	seen := map[string]bool{}
	for name := first; name != "" && !seen[name]; name = next(all[name]) {
		seen[name] = true
		if name == g.Name {
			v.check(false, field, "%s leads back to %s itself", first, g.Name)
			return
		}
	}
}

// GroupNames returns the names of groups, and those they had before.
func GroupNames(groups []ContactGroup) []string {
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
	}
	for _, g := range groups {
		names = append(names, g.Former...)
	}
	return names
}

// RenameContactGroup returns the group under another name. others are all groups
// that are stored; a name that one of them has, or had, is ErrConflict.
func RenameContactGroup(g ContactGroup, to string, others []ContactGroup) (ContactGroup, error) {
	if !groupName(to) {
		return g, Invalid("name", "%s is not a name for a group: use up to %d small letters, digits, - and _, beginning with a letter", quoteCut(to), maxGroupName)
	}
	if err := nameIsFree(g.Name, to, others); err != nil {
		return g, err
	}
	if to != g.Name {
		former := slices.DeleteFunc(slices.Clone(g.Former), func(name string) bool { return name == to })
		g.Former, g.Name = slices.Insert(former, 0, g.Name), to
	}
	return g, nil
}

// nameIsFree reports whether a group, "" for a new one, may take a name.
func nameIsFree(group, name string, others []ContactGroup) error {
	for _, o := range others {
		switch {
		case o.Name == group:
		case o.Name == name:
			return fmt.Errorf("%w: there is a contact group of this name already", ErrConflict)
		case slices.Contains(o.Former, name):
			return fmt.Errorf("%w: %s was called %s before, and whatever still says so reaches it; take another name", ErrConflict, o.Name, name)
		}
	}
	return nil
}

// NewContactGroupName returns ErrConflict for a name that a stored group has, or had.
func NewContactGroupName(name string, stored []ContactGroup) error {
	return nameIsFree("", name, stored)
}

// CheckGroups returns what is wrong with the groups that alerts name, as
// FieldErrors with their lines, or nil: those that are not among names.
func CheckGroups(alerts, names []string) FieldErrors {
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	var errs FieldErrors
	for i, text := range alerts {
		d, err := ParseDestination(text)
		if err == nil && d.Scheme() == SchemeGroup && !known[d.Rest()] {
			errs = append(errs, Invalid(indexed("alerts", i), "%s", unknownGroup(d.Rest(), names)))
		}
	}
	return errs
}

func unknownGroup(name string, names []string) string {
	text := "there is no contact group " + quoteCut(name)
	switch near := Nearest(name, names); {
	case near != "":
		return text + "; did you mean " + near + "?"
	case len(names) == 0:
		return text + "; there are none yet: make one under Contacts"
	}
	return text + "; there are " + Cut(strings.Join(names, ", "), 300)
}

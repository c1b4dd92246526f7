package web

import (
	"cmp"
	"slices"
)

// NavEntry is one entry of the main navigation. The layout fills in the rest.
type NavEntry struct {
	Label, Href string
	Current     bool
	Key         string // opens it after g; "" for none
	main        bool   // is in the row rather than under More
	place       int
}

// navigation is what the layout shows of all the places one can go to.
type navigation struct {
	Row  []NavEntry // what is used daily, and where the reader is
	Main []NavEntry // what is used daily
	More []NavEntry // the rest
	Here string     // label of the current entry; "" for none
}

// All returns every entry in the order of the navigation.
func (n navigation) All() []NavEntry { return slices.Concat(n.Main, n.More) }

// places is the order of the navigation, whoever brings an entry. Those that it
// does not name stand last, under More.
func places() []NavEntry {
	return []NavEntry{
		{Label: "Board", Key: "b", main: true},
		{Label: "Monitors", Key: "m", main: true},
		{Label: "Heartbeats", Key: "h", main: true},
		{Label: "Rules", Key: "r", main: true},
		{Label: "Histograms", Key: "t", main: true},
		{Label: "Incidents", Key: "i", main: true},
		{Label: "Silences", Key: "q"},
		{Label: "Deliveries", Key: "d"},
		{Label: "Contacts", Key: "c"},
		{Label: "Sources", Key: "s"},
		{Label: "Costs", Key: "o"},
		{Label: "Reference", Key: "f"},
		{Label: "Settings", Key: "e"},
	}
}

// navigation returns what there is to go to, with the entry of that label current.
func (s *server) navigation(current string) navigation {
	entries := []NavEntry{
		{Label: "Monitors", Href: "/"}, {Label: "Incidents", Href: "/incidents"}, {Label: "Deliveries", Href: "/deliveries"},
		{Label: "Sources", Href: "/sources"}, {Label: "Costs", Href: "/costs"}, {Label: "Reference", Href: "/reference"},
	}
	if s.Contacts != nil {
		entries = append(entries, NavEntry{Label: "Contacts", Href: "/contacts"})
	}
	if s.Silences != nil {
		entries = append(entries, NavEntry{Label: "Silences", Href: "/silences"})
	}
	for _, room := range s.Rooms {
		entries = append(entries, room.Nav()...)
	}
	if s.Access != nil {
		entries = append(entries, NavEntry{Label: "Settings", Href: "/settings"})
	}
	known := places()
	var n navigation
	for i, e := range entries {
		at := slices.IndexFunc(known, func(p NavEntry) bool { return p.Label == e.Label })
		entries[i].place = len(known)
		if at >= 0 {
			entries[i].place, entries[i].Key, entries[i].main = at, known[at].Key, known[at].main
		}
		if entries[i].Current = e.Label == current; entries[i].Current {
			n.Here = e.Label
		}
	}
	slices.SortStableFunc(entries, func(a, b NavEntry) int { return cmp.Compare(a.place, b.place) })
	for _, e := range entries {
		if e.main || e.Current {
			n.Row = append(n.Row, e)
		}
		if e.main {
			n.Main = append(n.Main, e)
		} else {
			n.More = append(n.More, e)
		}
	}
	return n
}

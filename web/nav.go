package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"wingmirror/monitor"
)

// NavEntry is one entry of the main navigation. The layout fills in the rest.
type NavEntry struct {
	Label, Href string
	Current     bool
	Key         string   // opens it after g; "" for none
	Also        []string // addresses that belong to it and do not begin with Href
	main        bool     // is in the row rather than under More
	place       int
}

// navigation is what the layout shows of all the places one can go to.
type navigation struct {
	Row  []NavEntry // what is used daily, and where the reader is
	Main []NavEntry // what is used daily
	More []NavEntry // the rest
	Here string     // label of the current entry; "" for none
}

// Crumb is a page above another.
type Crumb struct{ Label, Href string }

// Path lists the pages between a page's place in the navigation, which the layout
// names itself, and the page; without any the page stands right below its place.
func Path(between ...Crumb) []Crumb { return append([]Crumb{}, between...) }

// crumbs are all pages above one, the place in the navigation first.
func (n navigation) crumbs(between []Crumb) []Crumb {
	at := slices.IndexFunc(n.Row, func(e NavEntry) bool { return e.Current })
	if between == nil || at < 0 {
		return nil
	}
	return append([]Crumb{{n.Row[at].Label, n.Row[at].Href}}, between...)
}

// placeOf returns the entry that an address belongs to; the first of all, where
// none claims it.
func (n navigation) placeOf(path string) NavEntry {
	all := n.All()
	for _, e := range all {
		for _, root := range append([]string{e.Href}, e.Also...) {
			if path == root || root != "/" && strings.HasPrefix(path, root+"/") {
				return e
			}
		}
	}
	for _, e := range all {
		if e.Href == "/" {
			return e
		}
	}
	return NavEntry{Label: "Monitors", Href: "/"}
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
		{Label: "Announcements", Key: "a"},
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
		{Label: "Monitors", Href: "/", Also: []string{"/monitors", "/tiles", "/dashboards"}}, {Label: "Incidents", Href: "/incidents"}, {Label: "Deliveries", Href: "/deliveries"},
		{Label: "Sources", Href: "/sources"}, {Label: "Costs", Href: "/costs"}, {Label: "Reference", Href: "/reference", Also: []string{"/docs/api"}},
	}
	if s.Contacts != nil {
		entries = append(entries, NavEntry{Label: "Contacts", Href: "/contacts"})
	}
	if s.Silences != nil {
		entries = append(entries, NavEntry{Label: "Silences", Href: "/silences"})
	}
	if s.Announcements != nil {
		entries = append(entries, NavEntry{Label: "Announcements", Href: "/announcements"})
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

func monitorCrumb(m monitor.Monitor) Crumb {
	return Crumb{m.Name, "/monitors/" + strconv.FormatInt(m.ID, 10)}
}

// groupCrumbs are the groups that a monitor is in, the outermost first.
func groupCrumbs(group string) []Crumb {
	above, path := Path(), ""
	for _, part := range strings.FieldsFunc(group, func(r rune) bool { return r == '/' }) {
		path = strings.TrimPrefix(path+"/"+part, "/")
		above = append(above, Crumb{part, listQuery{Group: path}.href()})
	}
	return above
}

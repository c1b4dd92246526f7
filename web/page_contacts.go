package web

import (
	"net/http"

	"wingmirror/monitor"
)

type contactsData struct {
	Groups  []contactRow
	Zones   []string
	CanEdit bool
}

// contactRow is one group on the page, or the empty one that a new group starts with.
type contactRow struct {
	contactBody
	Shown  []string // members without their keys
	Others []string // names of the other groups
}

// contactsPage shows who is told when, and lets editors change it.
func (s *server) contactsPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	all, err := s.Contacts.ContactGroups(ctx)
	if err != nil {
		return err
	}
	data := contactsData{Zones: commonZones(), CanEdit: may(ctx, monitor.RoleEditor)}
	for _, g := range all {
		row := contactRow{contactBody: s.toContactBody(ctx, g), Shown: redacted(g.Members)}
		for _, other := range all {
			if other.Name != g.Name {
				row.Others = append(row.Others, other.Name)
			}
		}
		data.Groups = append(data.Groups, row)
	}
	return s.render(w, r, View{Page: "contacts", Title: "Contacts", Nav: "Contacts", Data: data})
}

// New is the form of a group that is not there yet.
func (d contactsData) New() contactRow {
	var row contactRow
	for _, g := range d.Groups {
		row.Others = append(row.Others, g.Name)
	}
	return row
}

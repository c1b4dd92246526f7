package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"wingmirror/monitor"
)

type announcementsData struct {
	CanEdit bool
	Editing *monitor.Announcement // what the form changes; nil for a new one
	Kinds   []announcementChoice
	Lists   []announcementList
	Older   string // address of the next page; "" on the last
}

type announcementChoice struct {
	Value, Label string
	Chosen       bool
}

type announcementList struct {
	ID, Title, Empty string
	Rows             []announcementItem
}

type announcementItem struct {
	announced
	Status monitor.SilenceStatus
	CanEnd bool
}

// announcementsPage lists announcements, and has the form for a new one, or with
// edit=ID for one that is there.
func (s *server) announcementsPage(w http.ResponseWriter, r *http.Request) error {
	before, err := queryID(r, "before")
	if err != nil {
		return err
	}
	edit, err := queryID(r, "edit")
	if err != nil {
		return err
	}
	data := announcementsData{CanEdit: may(r.Context(), monitor.RoleEditor)}
	kind := monitor.AnnounceInfo
	if edit > 0 {
		a, err := s.Announcements.Announcement(r.Context(), edit)
		if err != nil {
			return err
		}
		data.Editing, kind = &a, a.Kind
	}
	for _, choice := range []announcementChoice{{Value: "info", Label: "Good to know"}, {Value: "ok", Label: "It works again"}, {Value: "warning", Label: "Warning"}, {Value: "critical", Label: "Critical"}} {
		choice.Chosen = choice.Value == string(kind)
		data.Kinds = append(data.Kinds, choice)
	}
	found, err := s.Announcements.AllAnnouncements(r.Context(), before, pageRows+1)
	if err != nil {
		return err
	}
	if len(found) > pageRows {
		found = found[:pageRows]
		data.Older = "/announcements?before=" + strconv.FormatInt(found[pageRows-1].ID, 10)
	}
	data.Lists = announcementLists(found, s.Now(), data.CanEdit)
	return s.render(w, r, View{Page: "announcements", Title: "Announcements", Nav: "Announcements", Live: true, Data: data})
}

func announcementLists(found []monitor.Announcement, now time.Time, canEdit bool) []announcementList {
	lists := []announcementList{
		{ID: "h-active", Title: "On the pages", Empty: "Nothing is announced now."},
		{ID: "h-waiting", Title: "To come", Empty: "Nothing is planned."},
		{ID: "h-over", Title: "Over", Empty: "No announcement has ended yet."},
	}
	for _, a := range found {
		row := announcementItem{announced: toAnnounced(a), Status: a.Status(now)}
		row.CanEnd = canEdit && row.Status != monitor.SilenceOver
		list := &lists[slices.Index([]monitor.SilenceStatus{monitor.SilenceActive, monitor.SilenceWaiting, monitor.SilenceOver}, row.Status)]
		list.Rows = append(list.Rows, row)
	}
	return lists
}

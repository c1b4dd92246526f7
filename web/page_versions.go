package web

import (
	"net/http"
	"strconv"
	"strings"

	"wingmirror/monitor"
	"wingmirror/store"
)

// mostVersions is how many versions a page shows.
const mostVersions = 100

type versionsData struct {
	Monitor  monitor.Monitor
	Versions []versionRow
	CanEdit  bool
	Older    string // address of the versions before these; "" when there are none
}

type versionRow struct {
	store.Version
	Current bool
	Diff    []diffLine // against the version before, with some lines around each change
	Script  string
}

func (s *server) versionsPage(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m, err := s.Library.Monitor(r.Context(), id)
	if err != nil {
		return err
	}
	before, _ := strconv.Atoi(r.URL.Query().Get("before")) // anything else is the newest
	versions, err := s.Library.Versions(r.Context(), id, max(before, 0), mostVersions+1)
	if err != nil {
		return err
	}
	data := versionsData{Monitor: m, CanEdit: may(r.Context(), monitor.RoleEditor)}
	if len(versions) > mostVersions {
		data.Older = monitorCrumb(m).Href + "/versions?before=" + strconv.Itoa(versions[mostVersions-1].Monitor.Version)
	}
	for i, v := range versions[:min(len(versions), mostVersions)] {
		row := versionRow{Version: v, Current: v.Monitor.Version == m.Version}
		before := ""
		if i+1 < len(versions) {
			before = fileText(shown(r.Context(), versions[i+1].Monitor))
		}
		row.Diff = around(diff(lines(before), lines(fileText(shown(r.Context(), v.Monitor)))), 2)
		data.Versions = append(data.Versions, row)
	}
	return s.render(w, r, View{Page: "versions", Title: m.Name + ": versions", Nav: "Monitors", Above: Path(monitorCrumb(m)), Data: data})
}

// fileText is the monitor as a file: every field is text there, so one diff shows all.
func fileText(m monitor.Monitor) string { return string(monitor.FormatFile(m)) }

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

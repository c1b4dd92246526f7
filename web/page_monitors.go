package web

import (
	"encoding/json"
	"net/http"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

type monitorsData struct {
	CanEdit bool
	Quiet   bool // notices can be silenced
	Query   listQuery
	Total   int
	Matches int
	Summary string // JSON for the icon and the title
	Chips   []chip
	Groups  []*groupNode
	Rows    []monitorRow
	More    string // address of the longer list; "" when all are shown
	Pages   pages
	Boards  bool // there are dashboards
}

type monitorRow struct {
	ID         int64
	Name       string
	Group      string
	Class      string
	Message    string
	Strip      *strip
	Last, Next time.Time
	Active     bool
	Incident   string         // key of the one under way; "" for none
	Silenced   *alerting.Hold // nil when it is not
}

// The list shows those in trouble first and stops at firstRows; with all=1 it
// has pages of mostRows.
const (
	firstRows = 150
	mostRows  = 5000
)

func (s *server) monitorsPage(w http.ResponseWriter, r *http.Request) error {
	rows, err := s.overview(r.Context())
	if err != nil {
		return err
	}
	q := parseListQuery(r.URL.Query())
	data := monitorsData{CanEdit: may(r.Context(), monitor.RoleEditor), Query: q, Total: len(rows), Groups: groupTree(rows, q)}
	data.Quiet, data.Boards = s.Silences != nil && data.CanEdit, s.Dashboards != nil
	anyLevel := q
	anyLevel.Level = ""
	data.Chips = levelChips(anyLevel.filter(rows), q)
	found := q.filter(rows)
	data.Matches = len(found)
	limit := firstRows
	if q.All {
		limit = mostRows
		data.Pages = newPages(q, len(found), limit)
	} else if len(found) > limit {
		more := q
		more.All = true
		data.More = more.href()
	}
	for _, row := range slicePage(found, data.Pages.offset, limit) {
		data.Rows = append(data.Rows, s.toMonitorRow(row))
	}
	worst, summary := summarize(rows)
	if data.Summary, err = jsonText(summary); err != nil {
		return err
	}
	return s.render(w, r, View{Page: "monitors", Title: "Monitors", Nav: "Monitors", Live: true, Worst: worst, Data: data})
}

func (s *server) toMonitorRow(o *overviewRow) monitorRow {
	row := monitorRow{
		ID: o.ID, Name: o.Name, Group: o.Group, Class: o.class, Strip: newStrip(o.Recent), Last: o.LastRun, Next: s.next(o), Active: o.Active, Silenced: o.hold,
	}
	if o.Open != nil {
		row.Incident = o.Open.Key
	}
	if o.Message != "" && o.class != "ok" {
		row.Message = monitor.Cut(o.Message, 300)
	}
	return row
}

// summarize counts levels over all monitors, for the icon and the title.
func summarize(rows []*overviewRow) (worst monitor.Level, summary map[string]any) {
	counts := map[string]int{}
	for _, row := range rows {
		counts[row.class]++
	}
	worst = monitor.OK
	switch {
	case counts["critical"] > 0:
		worst = monitor.Critical
	case counts["warning"] > 0:
		worst = monitor.Warning
	case counts["unknown"] > 0:
		worst = monitor.Unknown
	}
	return worst, map[string]any{"worst": worst.String(), "critical": counts["critical"], "warning": counts["warning"], "unknown": counts["unknown"]}
}

func jsonText(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

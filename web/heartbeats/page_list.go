package heartbeats

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/web"
)

const pageRows = 200 // heartbeats on one page

type listData struct {
	CanEdit bool
	Total   int
	Matches int
	Text    string
	Level   string
	Space   string
	Chips   []chip
	Spaces  []string
	Rows    []listRow
	More    string // the address that shows more; "" when all are shown
	Keys    []shownKey
	Base    string
}

type chip struct {
	Level, Label, Href string
	Count              int
	Current            bool
}

type listRow struct {
	heartbeat.View
	Path     string
	Class    string
	Schedule string
	Strip    []strip
}

type shownKey struct {
	monitor.HeartbeatKey
	Ping string
}

// strip is one of the newest beats: well or not.
type strip struct{ Class string }

func (s desk) listPage(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	data := listData{CanEdit: s.h.May(r.Context(), monitor.RoleEditor), Text: strings.TrimSpace(query.Get("q")), Level: query.Get("level"), Space: query.Get("space"), Base: s.Base}
	views := s.Book.List("")
	data.Total = len(views)
	counts, worst := map[string]int{}, monitor.OK
	matching := views[:0:0]
	for _, v := range views {
		if !slices.Contains(data.Spaces, v.Heartbeat.Space) {
			data.Spaces = append(data.Spaces, v.Heartbeat.Space)
		}
		class := classOf(v)
		counts[class]++
		if v.Heartbeat.Active {
			worst = max(worst, v.State.Level)
		}
		if matches(v, data) && (data.Level == "" || data.Level == class) {
			matching = append(matching, v)
		}
	}
	slices.SortStableFunc(matching, func(a, b heartbeat.View) int { return cmp.Compare(rank(b), rank(a)) })
	shown := pageRows
	if n, err := strconv.Atoi(query.Get("rows")); err == nil && n > 0 {
		shown = min(n, 20*pageRows)
	}
	data.Matches = len(matching)
	for _, v := range matching[:min(shown, len(matching))] {
		data.Rows = append(data.Rows, s.toRow(v))
	}
	if shown < len(matching) {
		query.Set("rows", strconv.Itoa(shown+pageRows))
		data.More = "/heartbeats?" + query.Encode()
	}
	data.Chips = chips(query, counts, data.Total)
	if data.CanEdit {
		for _, k := range s.Keys.List() {
			data.Keys = append(data.Keys, shownKey{k, s.Base + PingPath + k.Key + "/NAME"})
		}
	}
	return s.h.Render(w, r, web.View{Page: "heartbeats", Title: "Heartbeats", Nav: "Heartbeats", Live: true, Worst: worst, Data: data})
}

func matches(v heartbeat.View, data listData) bool {
	if data.Space != "" && v.Heartbeat.Space != data.Space {
		return false
	}
	text := strings.ToLower(v.Heartbeat.Subject().Key + " " + v.Heartbeat.Description + " " + v.State.Message)
	return strings.Contains(text, strings.ToLower(data.Text))
}

func classOf(v heartbeat.View) string {
	if !v.Heartbeat.Active {
		return "paused"
	}
	return v.State.Level.String()
}

// rank puts those in trouble first, and paused ones last.
func rank(v heartbeat.View) int {
	if !v.Heartbeat.Active {
		return -1
	}
	return int(v.State.Level)
}

func chips(query url.Values, counts map[string]int, total int) []chip {
	link := func(level string) string {
		q := url.Values{}
		for _, name := range []string{"q", "space"} {
			if query.Get(name) != "" {
				q.Set(name, query.Get(name))
			}
		}
		if level != "" {
			q.Set("level", level)
		}
		if len(q) == 0 {
			return "/heartbeats"
		}
		return "/heartbeats?" + q.Encode()
	}
	current := query.Get("level")
	all := []chip{{"", "all", link(""), total, current == ""}}
	for _, level := range []string{"critical", "warning", "ok", "unknown", "paused"} {
		label := level
		if level == "unknown" {
			label = "new"
		}
		all = append(all, chip{level, label, link(level), counts[level], current == level})
	}
	return all
}

const stripBeats = 20 // on the row of a heartbeat

func (s desk) toRow(v heartbeat.View) listRow {
	row := listRow{View: v, Path: v.Heartbeat.Subject().Path(), Class: classOf(v), Schedule: scheduleText(v.Heartbeat.Schedule)}
	if kind := v.Heartbeat.Schedule.Kind; kind == "" || kind == monitor.ScheduleLearned {
		row.Schedule = s.Book.Brief(v.Heartbeat.Ref())
	}
	for i := min(v.State.Counted, stripBeats) - 1; i >= 0; i-- {
		class := "ok"
		if v.State.Recent>>i&1 == 1 {
			class = "critical"
		}
		row.Strip = append(row.Strip, strip{class})
	}
	return row
}

// scheduleText is a schedule in a few words.
func scheduleText(s monitor.HeartbeatSchedule) string {
	zone := ""
	if s.Zone != "" {
		zone = " " + s.Zone
	}
	grace := ""
	if s.Grace > 0 {
		grace = ", grace " + heartbeat.Span(s.Grace)
	}
	switch s.Kind {
	case monitor.SchedulePeriod:
		return "every " + heartbeat.Span(s.Period) + grace
	case monitor.ScheduleCron, monitor.ScheduleCalendar:
		return strings.ReplaceAll(s.Spec, "\n", "; ") + zone + grace
	case monitor.ScheduleNever:
		return "no deadline"
	case monitor.SchedulePacemaker:
		return "as Pacemaker expires"
	}
	return "learned"
}

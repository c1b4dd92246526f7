package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

const pageRows = 100

type runsData struct {
	Monitor monitor.Monitor
	Class   string
	Runs    []monitor.Run
	Trends  []trend // on the first page
	Spans   []trendSpan
	Span    trendSpan // of the trends
	Older   string    // address of the next page; "" on the last
}

func (s *server) runsPage(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m, err := s.Library.Monitor(r.Context(), id)
	if err != nil {
		return err
	}
	state, err := s.stateOf(r.Context(), id)
	if err != nil {
		return err
	}
	before, err := pathTime(r.URL.Query().Get("before"))
	if err != nil {
		return err
	}
	runs, err := s.History.Runs(r.Context(), id, before, trendRuns)
	if err != nil {
		return err
	}
	data := runsData{Monitor: m, Class: class(m.Active, state.Level, state.Fault), Runs: runs[:min(len(runs), pageRows)]}
	if before.IsZero() {
		if err := s.fillTrends(r, id, runs, &data); err != nil {
			return err
		}
	}
	if len(runs) > pageRows {
		data.Older = fmt.Sprintf("/monitors/%d/runs?before=%s", id, runs[pageRows-1].At.UTC().Format(time.RFC3339Nano))
	}
	return s.render(w, r, View{Page: "runs", Title: m.Name + ": runs", Nav: "Monitors", Above: Path(monitorCrumb(m)), Live: true, Data: data})
}

// fillTrends draws what the address asks for: how costs went from run to run, or
// over a span of time.
func (s *server) fillTrends(r *http.Request, id int64, runs []monitor.Run, data *runsData) (err error) {
	data.Spans = trendSpans()
	if data.Span, err = findTrendSpan(r.URL.Query().Get("over")); err != nil {
		return err
	}
	if data.Span.step > 0 {
		data.Trends, err = s.trendsOver(r.Context(), id, data.Span)
		return err
	}
	data.Span.Said = fmt.Sprintf("of the last %d runs, in their order", len(runs))
	data.Trends = runTrends(runs)
	return nil
}

type runData struct {
	Monitor monitor.Monitor
	Run     monitor.Run
	Detail  *monitor.Detail // nil when only the row was kept
	Class   string
	Graph   template.JS
	Kept    bool // it can be made again
	Export  bool // and be exported
}

func (s *server) runPage(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	at, err := pathTime(r.PathValue("at"))
	if err != nil {
		return err
	}
	m, err := s.Library.Monitor(r.Context(), id)
	if err != nil {
		return err
	}
	run, detail, err := s.History.Run(r.Context(), id, at)
	if err != nil {
		return err
	}
	data := runData{Monitor: m, Run: run, Detail: detail, Class: run.Level.String()}
	if s.Past != nil {
		if data.Kept, err = s.Past.Recorded(r.Context(), id, at); err != nil {
			return err
		}
		data.Export = data.Kept && s.serves("/api/v1/monitors/{id}/runs/{at}/export")
	}
	if detail != nil {
		boot := lastBoot{Graph: toGraph(detail.Graph), Window: windowBody{detail.Window.From, detail.Window.Until}}
		if boot.Trouble, err = s.troubles(r.Context(), id, boot.Window, monitor.State{}); err != nil {
			return err
		}
		text, err := json.Marshal(boot)
		if err != nil {
			return err
		}
		data.Graph = template.JS(text) //nolint:gosec // json.Marshal has escaped <, > and &
	}
	return s.render(w, r, View{Page: "run", Title: m.Name + ": run", Nav: "Monitors", Above: Path(monitorCrumb(m), Crumb{"Runs", monitorCrumb(m).Href + "/runs"}), Data: data})
}

func pathTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, notFound("%q is no time of a run", text)
	}
	return at, nil
}

type incidentsData struct {
	Incidents []incidentRow
	Older     string
	Chips     []chip
	Of        string // name of the subject that they are of; "" for all
}

// incidentsQuery is what the address says is wanted.
type incidentsQuery struct {
	Subject monitor.Subject // zero for all
	Open    bool            // only those under way
}

func parseIncidentsQuery(q url.Values) (incidentsQuery, error) {
	wanted := incidentsQuery{Open: q.Get("open") == "1"}
	text := q.Get("subject")
	if text == "" {
		return wanted, nil
	}
	var err error
	if wanted.Subject, err = monitor.ParseSubject(text); err != nil {
		return wanted, notFound("subject=%q names nothing", text)
	}
	return wanted, nil
}

func (q incidentsQuery) href(before int64) string {
	v := url.Values{}
	if q.Subject != (monitor.Subject{}) {
		v.Set("subject", q.Subject.String())
	}
	if q.Open {
		v.Set("open", "1")
	}
	if before > 0 {
		v.Set("before", strconv.FormatInt(before, 10))
	}
	if len(v) == 0 {
		return "/incidents"
	}
	return "/incidents?" + v.Encode()
}

// chips lead from these incidents to fewer or more of them.
func (q incidentsQuery) chips() []chip {
	all, open := q, q
	all.Open, open.Open = false, true
	return []chip{{Label: "all", Href: all.href(0), Current: !q.Open}, {Label: "open", Href: open.href(0), Current: q.Open}}
}

type incidentRow struct {
	monitor.Incident
	Class    string
	Lasted   time.Duration
	Link     string // page of the subject; "" when it has none
	SubjText string
}

func (s *server) toIncidentRow(i monitor.Incident) incidentRow {
	return incidentRow{
		Incident: i, Class: i.Level.String(), Lasted: i.Duration(s.Now()), SubjText: i.Subject.String(), Link: i.Subject.Path(),
	}
}

// incidentsPage lists incidents. With the key of one, which notices and runs
// carry, it leads to that one.
func (s *server) incidentsPage(w http.ResponseWriter, r *http.Request) error {
	if key := r.URL.Query().Get("key"); key != "" {
		id, err := s.Incidents.IncidentID(r.Context(), key)
		if err == nil {
			http.Redirect(w, r, "/incidents/"+strconv.FormatInt(id, 10), http.StatusSeeOther)
		}
		return err
	}
	before, err := queryID(r, "before")
	if err != nil {
		return err
	}
	q, err := parseIncidentsQuery(r.URL.Query())
	if err != nil {
		return err
	}
	incidents, err := s.Incidents.Incidents(r.Context(), store.IncidentFilter{Subject: q.Subject, Open: q.Open, Before: before, Limit: pageRows + 1})
	if err != nil {
		return err
	}
	data := incidentsData{Chips: q.chips()}
	if q.Subject != (monitor.Subject{}) {
		data.Of = q.Subject.String()
		if len(incidents) > 0 {
			data.Of = incidents[0].Name
		}
	}
	for _, i := range slicePage(incidents, 0, pageRows) {
		data.Incidents = append(data.Incidents, s.toIncidentRow(i))
	}
	if len(incidents) > pageRows {
		data.Older = q.href(incidents[pageRows-1].ID)
	}
	return s.render(w, r, View{Page: "incidents", Title: "Incidents", Nav: "Incidents", Live: true, Data: data})
}

type incidentData struct {
	incidentRow
	Labelled bool           // people can say whether it was right to tell somebody
	CanLabel bool           //
	Label    *monitor.Label // what they said; nil for nothing
	Events   []eventRow
	CanAct   bool
	Quiet    string // address where notices about its subject are silenced; "" when they cannot be
}

type eventRow struct {
	monitor.Event
	Class string // "" without a level
}

func (s *server) incidentPage(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	incident, events, err := s.Incidents.Incident(r.Context(), id)
	if err != nil {
		return err
	}
	data := incidentData{
		incidentRow: s.toIncidentRow(incident),
		CanAct:      s.Desk != nil && incident.ClosedAt.IsZero() && may(r.Context(), monitor.RoleEditor),
	}
	if s.Silences != nil && data.Link != "" && may(r.Context(), monitor.RoleEditor) {
		data.Quiet = "/silences?subject=" + url.QueryEscape(incident.Subject.String())
	}
	if data.Label, err = s.labelOf(r.Context(), incident); err != nil {
		return err
	}
	data.Labelled = s.Labels != nil && incident.Subject.Kind == monitor.KindMonitor
	data.CanLabel = data.Labelled && may(r.Context(), monitor.RoleEditor)
	for _, e := range events {
		row := eventRow{Event: e}
		if e.Level != monitor.Unknown {
			row.Class = e.Level.String()
		}
		data.Events = append(data.Events, row)
	}
	return s.render(w, r, View{Page: "incident", Title: "Incident: " + incident.Name, Nav: "Incidents", Above: Path(), Live: true, Worst: incident.Level, Data: data})
}

type deliveriesData struct {
	Demo       bool
	Deliveries []deliveryRow
	Older      string
}

type deliveryRow struct {
	monitor.Notice
	To       string
	Class    string // colour of the status
	Status   string
	Level    string
	Attempts []monitor.Attempt
	CanRetry bool
}

func (s *server) deliveriesPage(w http.ResponseWriter, r *http.Request) error {
	before, err := queryID(r, "before")
	if err != nil {
		return err
	}
	notices, err := s.Incidents.Notices(r.Context(), store.NoticeFilter{Before: before, Limit: pageRows/2 + 1})
	if err != nil {
		return err
	}
	data := deliveriesData{Demo: s.Demo}
	for _, n := range slicePage(notices, 0, pageRows/2) {
		_, attempts, err := s.Incidents.Notice(r.Context(), n.ID)
		if err != nil {
			return err
		}
		row := s.toDeliveryRow(n, attempts)
		row.CanRetry = s.Outbox != nil && n.Status != monitor.NoticeDelivered && may(r.Context(), monitor.RoleEditor)
		data.Deliveries = append(data.Deliveries, row)
	}
	if len(notices) > pageRows/2 {
		data.Older = "/deliveries?before=" + strconv.FormatInt(notices[pageRows/2-1].ID, 10)
	}
	return s.render(w, r, View{Page: "deliveries", Title: "Deliveries", Nav: "Deliveries", Live: true, Data: data})
}

func (s *server) toDeliveryRow(n monitor.Notice, attempts []monitor.Attempt) deliveryRow {
	row := deliveryRow{Notice: n, To: n.Destination.Redacted(), Status: string(n.Status), Attempts: attempts, Level: n.Message.Level.String()}
	switch n.Status {
	case monitor.NoticeDelivered:
		row.Class = "ok"
		if s.Demo {
			row.Status = "caught"
		}
	case monitor.NoticeFailed:
		row.Class = "critical"
	case monitor.NoticePending:
		if n.Attempts > 0 {
			row.Class = "warning"
		}
	}
	return row
}

func queryID(r *http.Request, name string) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 0 {
		return 0, notFound("%s=%q is no id", name, text)
	}
	return id, nil
}

package web

import (
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

type monitorData struct {
	Incident *monitor.Open // under way; nil for none
	ID       int64
	Name     string
	Version  int
	Class    string
	CanEdit  bool
	Quiet    bool // notices can be silenced
	Past     bool // a room can run it over the past
	CanTry   bool // destinations
	Strip    *strip
	Silenced *alerting.Hold // nil when it is not
	Runs     []monitor.Run
	Presets  []preset
	Zones    []string
	Groups   []string
	Faults   []monitor.FaultInfo
	Boot     template.JS // JSON: json.Marshal escapes what could end the element
}

type preset struct{ Spec, Label string }

func presets() []preset {
	return []preset{
		{"* * * * *", "every minute"}, {"*/5 * * * *", "every 5 min"}, {"H/15 * * * *", "every 15 min"},
		{"@hourly", "hourly"}, {"0 9 * * MON-FRI", "weekdays at 9"}, {"@every 10s", "every 10 s"},
	}
}

// commonZones feeds the field's suggestions; any IANA name may be typed.
func commonZones() []string {
	return []string{
		"UTC", "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York", "America/Sao_Paulo", "Europe/London",
		"Europe/Berlin", "Europe/Madrid", "Europe/Paris", "Europe/Helsinki", "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata",
		"Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
	}
}

// editorBoot is what the editor's script starts with.
type editorBoot struct {
	Monitor monitorBody `json:"monitor"`
	CanEdit bool        `json:"can_edit"`
	Last    *lastBoot   `json:"last"`
}

type lastBoot struct {
	At      time.Time     `json:"at"`
	Output  string        `json:"output"`
	Graph   []graphLine   `json:"graph"`
	Window  windowBody    `json:"window"`
	Trouble []troubleBody `json:"trouble"`
	Level   string        `json:"level"`
	Title   string        `json:"title"`
	Message string        `json:"message"`
}

func (s *server) newMonitorPage(w http.ResponseWriter, r *http.Request) error {
	chosen, err := s.preferences(r.Context())
	if err != nil {
		return err
	}
	m := monitor.Monitor{Schedule: "* * * * *", Minutes: monitor.DefaultMinutes, Alerts: chosen.Alerts, Active: true}
	if from := r.URL.Query().Get("copy"); from != "" {
		id, err := strconv.ParseInt(from, 10, 64)
		if err != nil {
			return notFound("there is no monitor %q to copy", from)
		}
		if m, err = s.Library.Monitor(r.Context(), id); err != nil {
			return err
		}
		m.ID, m.Version, m.Name = 0, 0, "Copy of "+m.Name
	}
	return s.editor(w, r, m, nil)
}

func (s *server) monitorPage(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m, err := s.Library.Monitor(r.Context(), id)
	if err != nil {
		return err
	}
	runs, err := s.History.Runs(r.Context(), id, time.Time{}, stripRuns)
	if err != nil {
		return err
	}
	return s.editor(w, r, m, runs)
}

func (s *server) editor(w http.ResponseWriter, r *http.Request, m monitor.Monitor, runs []monitor.Run) error {
	ctx := r.Context()
	state, err := s.stateOf(ctx, m.ID)
	if err != nil {
		return err
	}
	data := monitorData{
		ID: m.ID, Name: m.Name, Version: m.Version, Class: class(m.Active, state.Level, state.Fault), CanEdit: may(ctx, monitor.RoleEditor), Strip: newStrip(lettersOf(runs)),
		Runs: runs[:min(len(runs), 12)], Presets: presets(), Zones: commonZones(), Faults: monitor.Faults(),
	}
	data.Incident = state.Open
	data.Past = s.serves("/api/v1/backtests")
	data.CanTry = data.CanEdit && s.Trial != nil
	data.Quiet = s.Silences != nil && data.CanEdit
	rows, err := s.overview(ctx)
	if err != nil {
		return err
	}
	data.Groups = groupNames(rows)
	if m.ID > 0 {
		data.Silenced = s.hold(monitor.Message{Subject: m.Subject(), Group: m.Group, Labels: m.Labels}, s.Now())
	}
	boot := editorBoot{Monitor: toMonitorBody(shown(ctx, m)), CanEdit: data.CanEdit}
	if boot.Last, err = s.lastRun(r, runs); err != nil {
		return err
	}
	if boot.Last != nil {
		if boot.Last.Trouble, err = s.troubles(ctx, m.ID, boot.Last.Window, state); err != nil {
			return err
		}
	}
	text, err := json.Marshal(boot)
	if err != nil {
		return err
	}
	data.Boot = template.JS(text) //nolint:gosec // json.Marshal has escaped <, > and &
	title := m.Name
	if m.ID == 0 {
		title = "New monitor"
	}
	return s.render(w, r, View{Page: "monitor", Title: title, Nav: "Monitors", Above: groupCrumbs(m.Group), Styled: true, Live: m.ID != 0, Worst: state.Level, Data: data})
}

// lastRun is the newest run whose graph was kept, or nil.
func (s *server) lastRun(r *http.Request, runs []monitor.Run) (*lastBoot, error) {
	for _, run := range runs[:min(len(runs), 3)] {
		if run.Phase != monitor.Done {
			continue
		}
		_, detail, err := s.History.Run(r.Context(), run.Monitor, run.At)
		if err != nil {
			return nil, err
		}
		if detail == nil {
			continue
		}
		boot := &lastBoot{
			At: run.At.UTC(), Output: detail.Output, Graph: toGraph(detail.Graph), Window: windowBody{detail.Window.From, detail.Window.Until}, Level: run.Level.String(),
			Title: "Last run: " + levelName(run.Level.String()), Message: detail.Message,
		}
		if run.Fault != monitor.NoFault && boot.Message == "" {
			boot.Message = run.Fault.Description()
		}
		return boot, nil
	}
	return nil, nil
}

func groupNames(rows []*overviewRow) []string {
	var names []string
	for _, row := range rows {
		if row.Group != "" {
			names = append(names, row.Group)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func pathID(r *http.Request) (int64, error) {
	text := r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, notFound("%q is no id", text)
	}
	return id, nil
}

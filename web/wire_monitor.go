package web

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"wingmirror/monitor"
)

// monitorBody is a monitor as it is sent and received. Its names are those of
// the head of a monitor file.
type monitorBody struct {
	ID          int64             `json:"id" readOnly:"true" required:"false" doc:"Given when it is created"`
	Version     int               `json:"version" required:"false" doc:"Grows with each save; a save must name the version that it replaces, here or in If-Match"`
	Name        string            `json:"name" doc:"One line" example:"Conversion rate"`
	Description string            `json:"description" required:"false" doc:"What it means when this fires, and what to do"`
	Group       string            `json:"group" required:"false" doc:"Path with slashes" example:"shop/checkout"`
	Labels      map[string]string `json:"labels" required:"false" nullable:"true"`
	Schedule    string            `json:"schedule" required:"false" doc:"Crontab" example:"*/5 * * * *"`
	Zone        string            `json:"timezone" required:"false" doc:"IANA name; empty is UTC" example:"Europe/Berlin"`
	CatchUp     string            `json:"catch_up" required:"false" doc:"What happens to ticks missed while the program was down: skip (default) or once"`
	Targets     []string          `json:"targets" required:"false" nullable:"true" doc:"One Graphite target each; lines that start with # are kept and not sent"`
	Minutes     int               `json:"minutes" required:"false" doc:"How far back a run looks; 0 is 60"`
	Script      string            `json:"script" required:"false" doc:"JavaScript; what it throws is the alert"`
	Params      rawJSON           `json:"params,omitempty" required:"false" doc:"A JSON object that the script sees as @params"`
	Alerts      []string          `json:"alerts" required:"false" nullable:"true" doc:"Where alerts go" example:"[\"mailto:oncall@example.com\"]"`
	Tests       string            `json:"tests,omitempty" required:"false" doc:"Unit tests as YAML; a failing one keeps a save from happening"`
	PolicyBody
	Active    *bool      `json:"active" required:"false" doc:"Whether it runs by itself; left out, a new monitor does and a stored one stays as it is"`
	CreatedAt *time.Time `json:"created_at,omitempty" readOnly:"true" required:"false"`
	UpdatedAt *time.Time `json:"updated_at,omitempty" readOnly:"true" required:"false"`
}

// MonitorBody is monitorBody for the rooms.
type MonitorBody = monitorBody

// NewMonitorBody returns a monitor as it is sent, with everything in it.
func NewMonitorBody(m monitor.Monitor) MonitorBody { return toMonitorBody(m) }

// ReadMonitor returns the monitor that a body describes, checked as a whole, but
// for its script and for bounds of the installation. The error is ErrInvalid.
func ReadMonitor(b MonitorBody) (monitor.Monitor, error) {
	m, errs := b.monitor()
	if m.Name == "" {
		m.Name = "unnamed"
	}
	errs = append(errs, monitor.AllFieldErrors(monitor.Validate(m, monitor.Rules{}))...)
	if len(errs) > 0 {
		return m, errs
	}
	return m, nil
}

// rawJSON is any JSON, passed on as it is.
type rawJSON = json.RawMessage

func toMonitorBody(m monitor.Monitor) monitorBody {
	b := monitorBody{
		ID: m.ID, Version: m.Version, Name: m.Name, Description: m.Description, Group: m.Group, Labels: m.Labels,
		Schedule: m.Schedule, Zone: m.Zone, CatchUp: string(m.CatchUp), Targets: m.Targets, Minutes: m.Minutes,
		Script: m.Script, Params: m.Params, Alerts: m.Alerts, Tests: m.Tests, PolicyBody: toPolicyBody(m.Policy), Active: &m.Active,
		CreatedAt: timeOrNil(m.CreatedAt), UpdatedAt: timeOrNil(m.UpdatedAt),
	}
	if b.Labels == nil {
		b.Labels = map[string]string{}
	}
	b.Targets, b.Alerts = nonNil(b.Targets), nonNil(b.Alerts)
	return b
}

// monitor returns the monitor that the body describes, and what could not be read of it.
func (b monitorBody) monitor() (monitor.Monitor, monitor.FieldErrors) {
	policy, errs := b.PolicyBody.policy()
	m := monitor.Monitor{
		ID: b.ID, Version: b.Version, Name: b.Name, Description: b.Description, Group: b.Group, Labels: b.Labels,
		Schedule: b.Schedule, Zone: b.Zone, CatchUp: monitor.CatchUp(b.CatchUp), Targets: slices.Clone(b.Targets), Minutes: b.Minutes,
		Script: b.Script, Params: b.Params, Alerts: slices.Clone(b.Alerts), Tests: b.Tests, Policy: policy, Active: b.Active == nil || *b.Active,
	}
	if string(m.Params) == "null" {
		m.Params = nil
	}
	return m, errs
}

// empty reports whether nothing at all was said.
func (b monitorBody) empty() bool { return reflect.DeepEqual(b, monitorBody{}) }

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

// monitorItem is a monitor in the list: what is in force about it, not its text.
type monitorItem struct {
	ID       int64             `json:"id"`
	Version  int               `json:"version"`
	Name     string            `json:"name"`
	Group    string            `json:"group"`
	Labels   map[string]string `json:"labels"`
	Schedule string            `json:"schedule"`
	Zone     string            `json:"timezone"`
	Active   bool              `json:"active"`
	Level    string            `json:"level" doc:"In force: ok, warning, critical or unknown"`
	Fault    string            `json:"fault" doc:"Why the newest run could not tell; empty when it could"`
	Message  string            `json:"message" doc:"Of the newest run"`
	Recent   string            `json:"recent" doc:"What the newest runs saw, oldest first: o, w, c or u for the levels, f for a fault, - for no run"`
	Since    *time.Time        `json:"since,omitempty" doc:"Since when the level is in force"`
	LastRun  *time.Time        `json:"last_run,omitempty"`
	NextRun  *time.Time        `json:"next_run,omitempty"`
	Silenced *silencedBody     `json:"silenced,omitempty" doc:"The silence in force, when there is one"`
}

// silencedBody says what holds notices back.
type silencedBody struct {
	Until *time.Time `json:"until,omitempty" doc:"When it ends"`
	Note  string     `json:"note" doc:"Its number, who made it, and why"`
}

func toSilencedBody(h *alerting.Hold) *silencedBody {
	if h == nil {
		return nil
	}
	return &silencedBody{timeOrNil(h.Until), h.Note}
}

type listMonitorsInput struct {
	Text   string `query:"q" doc:"Words that must all occur in name, group, labels or message"`
	Level  string `query:"level" enum:"ok,warning,critical,unknown,paused" doc:"Only monitors at this level"`
	Group  string `query:"group" doc:"Only monitors in this group and below"`
	Offset int    `query:"offset" minimum:"0"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

type listMonitorsOutput struct {
	Body struct {
		Monitors []monitorItem `json:"monitors"`
		Matches  int           `json:"matches" doc:"How many there are before offset and limit"`
	}
}

func (s *server) apiMonitors(ctx context.Context, in *listMonitorsInput) (*listMonitorsOutput, error) {
	overview, err := s.overview(ctx)
	if err != nil {
		return nil, err
	}
	found := listQuery{Text: in.Text, Level: in.Level, Group: in.Group}.filter(overview)
	out := &listMonitorsOutput{}
	out.Body.Matches = len(found)
	out.Body.Monitors = []monitorItem{}
	for _, o := range slicePage(found, in.Offset, in.Limit) {
		out.Body.Monitors = append(out.Body.Monitors, s.toMonitorItem(o))
	}
	return out, nil
}

func (s *server) toMonitorItem(o *overviewRow) monitorItem {
	return monitorItem{
		ID: o.ID, Version: o.Version, Name: o.Name, Group: o.Group, Labels: o.Labels, Schedule: o.Schedule, Zone: o.Zone, Active: o.Active,
		Level: o.Level.String(), Fault: string(o.Fault), Message: o.Message, Recent: o.Recent,
		Since: timeOrNil(o.Since), LastRun: timeOrNil(o.LastRun), NextRun: timeOrNil(s.next(o)), Silenced: toSilencedBody(o.hold),
	}
}

type idInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type monitorOutput struct {
	ETag string `header:"ETag"`
	Body monitorBody
}

func toMonitorOutput(ctx context.Context, m monitor.Monitor) *monitorOutput {
	return &monitorOutput{ETag: etag(m.Version), Body: toMonitorBody(shown(ctx, m))}
}

func (s *server) apiMonitor(ctx context.Context, in *idInput) (*monitorOutput, error) {
	m, err := s.Library.Monitor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return toMonitorOutput(ctx, m), nil
}

// OverrideInput asks for a save although unit tests fail.
type OverrideInput struct {
	Override bool   `query:"override_tests" doc:"Save although unit tests fail; the versions and the audit log say so"`
	Reason   string `query:"override_reason" maxLength:"500" doc:"Why, for those who read that later"`
}

type createMonitorInput struct {
	OverrideInput
	Body monitorBody
}

func (s *server) apiCreateMonitor(ctx context.Context, in *createMonitorInput) (*monitorOutput, error) {
	in.Body.ID, in.Body.Version = 0, 0
	return s.save(ctx, in.Body, in.OverrideInput)
}

type updateMonitorInput struct {
	OverrideInput
	ID      int64  `path:"id" minimum:"1"`
	IfMatch string `header:"If-Match" doc:"ETag of the monitor that is replaced; without it the body's version counts"`
	Body    monitorBody
}

func (s *server) apiUpdateMonitor(ctx context.Context, in *updateMonitorInput) (*monitorOutput, error) {
	named, err := replaced(in.IfMatch, &in.Body.Version, "monitor")
	if err != nil {
		return nil, err
	}
	in.Body.ID = in.ID
	if in.Body.Active == nil {
		stored, err := s.Library.Monitor(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		in.Body.Active = &stored.Active
	}
	out, err := s.save(ctx, in.Body, in.OverrideInput)
	return out, precondition(err, named)
}

// check returns the monitor that a body describes, and all that is wrong with it.
func (s *server) check(ctx context.Context, body monitorBody) (monitor.Monitor, monitor.FieldErrors, error) {
	m, errs := body.monitor()
	errs = append(errs, monitor.AllFieldErrors(monitor.Validate(m, s.Rules))...)
	unknown, err := s.unknownGroups(ctx, m.Alerts)
	if err != nil {
		return m, nil, err
	}
	unparsed, err := s.scriptErrors(ctx, m.Script)
	return m, append(append(errs, unknown...), unparsed...), err
}

// save checks the monitor as a whole and stores it.
func (s *server) save(ctx context.Context, body monitorBody, override OverrideInput) (*monitorOutput, error) {
	m, errs, err := s.check(ctx, body)
	if err != nil {
		return nil, err
	}
	if len(errs) > 0 {
		return nil, errs
	}
	failed, err := s.test(ctx, m, override.Override)
	if err != nil {
		return nil, err
	}
	store, action := s.Monitors.UpdateMonitor, "monitor.update"
	if m.ID == 0 {
		store, action = s.Monitors.CreateMonitor, "monitor.create"
	}
	stored, err := store(ctx, m, author(ctx), s.Now())
	if err != nil {
		return nil, fmt.Errorf("save monitor %q: %w", m.Name, err)
	}
	s.record(ctx, action, stored.Subject().String(), stored.Name)
	if len(failed) > 0 {
		if err := s.overridden(ctx, stored, monitor.TestOverride{Failed: failed, Reason: strings.TrimSpace(override.Reason)}); err != nil {
			return nil, err
		}
	}
	s.changed()
	return toMonitorOutput(ctx, stored), nil
}

type deleteMonitorInput struct {
	ID      int64  `path:"id" minimum:"1"`
	IfMatch string `header:"If-Match" doc:"ETag of the monitor; without it the monitor goes whatever its version"`
}

func (s *server) apiDeleteMonitor(ctx context.Context, in *deleteMonitorInput) (*struct{}, error) {
	named, err := version(in.IfMatch)
	if err != nil {
		return nil, err
	}
	if err := s.unchanged(ctx, in.ID, named); err != nil {
		return nil, precondition(err, named)
	}
	if err := s.Monitors.DeleteMonitor(ctx, in.ID, author(ctx), s.Now()); err != nil {
		return nil, err
	}
	s.record(ctx, "monitor.delete", monitor.MonitorSubject(in.ID).String(), "")
	s.changed()
	return &struct{}{}, nil
}

// unchanged gives a conflict when the stored version is not the one named.
func (s *server) unchanged(ctx context.Context, id int64, named int) error {
	m, err := s.Library.Monitor(ctx, id)
	if err == nil && named > 0 && m.Version != named {
		err = fmt.Errorf("version %d is stored: %w", m.Version, monitor.ErrConflict)
	}
	return err
}

func (s *server) apiEnable(ctx context.Context, in *idInput) (*monitorOutput, error) {
	return s.setActive(ctx, in.ID, true)
}

func (s *server) apiDisable(ctx context.Context, in *idInput) (*monitorOutput, error) {
	return s.setActive(ctx, in.ID, false)
}

func (s *server) setActive(ctx context.Context, id int64, active bool) (*monitorOutput, error) {
	if err := s.setAllActive(ctx, []int64{id}, active); err != nil {
		return nil, err
	}
	return s.apiMonitor(ctx, &idInput{ID: id})
}

type setActiveInput struct {
	Body struct {
		IDs    []int64 `json:"ids" minItems:"1" maxItems:"10000"`
		Active bool    `json:"active"`
	}
}

func (s *server) apiSetActive(ctx context.Context, in *setActiveInput) (*struct{}, error) {
	return &struct{}{}, s.setAllActive(ctx, in.Body.IDs, in.Body.Active)
}

func (s *server) setAllActive(ctx context.Context, ids []int64, active bool) error {
	if err := s.Monitors.SetActive(ctx, ids, active, author(ctx), s.Now()); err != nil {
		return err
	}
	action := "monitor.disable"
	if active {
		action = "monitor.enable"
	}
	for _, id := range ids {
		s.record(ctx, action, monitor.MonitorSubject(id).String(), "")
	}
	s.changed()
	return nil
}

// precondition tells a conflict with If-Match (412) from one with the body (409).
func precondition(err error, named int) error {
	if err == nil || named == 0 || !isConflict(err) {
		return err
	}
	return fmt.Errorf("%w, not %d; GET it, put your changes on top and send it again: %w", errPrecondition, named, err)
}

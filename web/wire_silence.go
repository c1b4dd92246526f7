package web

import (
	"fmt"
	"strings"
	"time"

	"wingmirror/monitor"
)

// silenceBody is a silence as it is sent and received.
type silenceBody struct {
	ID         int64             `json:"id" readOnly:"true" required:"false" doc:"Given when it is created"`
	Version    int               `json:"version" required:"false" doc:"Grows with each change; a change must name the version that it replaces, here or in If-Match"`
	Everything bool              `json:"everything" required:"false" doc:"All monitors and sources; no other condition goes with it"`
	Monitors   []int64           `json:"monitors" required:"false" nullable:"true" doc:"One of these, or of subjects. Of these, group and labels, all that are given must hold"`
	Subjects   []string          `json:"subjects" required:"false" nullable:"true" doc:"One of these, as kind/key; a rule stands for all its keys" example:"[\"heartbeat/backup\"]"`
	Group      string            `json:"group" required:"false" doc:"This group and those below" example:"shop/checkout"`
	Labels     map[string]string `json:"labels" required:"false" nullable:"true" doc:"All of these"`
	From       *time.Time        `json:"from,omitempty" required:"false" doc:"When it begins; left out: now. Of a recurring one: no window before"`
	Until      *time.Time        `json:"until,omitempty" required:"false" doc:"When it ends; this or duration. Of a recurring one: no window after, left out for no bound"`
	Schedule   string            `json:"schedule" required:"false" doc:"Crontab of the times at which a window begins; empty for one that comes once" example:"0 22 * * 5"`
	Zone       string            `json:"timezone" required:"false" doc:"Of the schedule, an IANA name; empty is UTC" example:"Europe/Berlin"`
	Duration   string            `json:"duration" required:"false" doc:"How long it lasts, or each window of a recurring one. Days go by the clock on the wall, hours by the time that passes" example:"8h"`
	Reason     string            `json:"reason" required:"false" doc:"Why"`

	Status    string        `json:"status" readOnly:"true" required:"false" doc:"active, waiting or over"`
	What      string        `json:"what" readOnly:"true" required:"false" doc:"The conditions in words"`
	When      string        `json:"when" readOnly:"true" required:"false" doc:"The times in words"`
	Windows   []stretchBody `json:"windows" readOnly:"true" required:"false" nullable:"true" doc:"When it is in force, at most five times from now on"`
	Author    string        `json:"author" readOnly:"true" required:"false"`
	CreatedAt *time.Time    `json:"created_at,omitempty" readOnly:"true" required:"false"`
	UpdatedAt *time.Time    `json:"updated_at,omitempty" readOnly:"true" required:"false"`
	EndedAt   *time.Time    `json:"ended_at,omitempty" readOnly:"true" required:"false" doc:"When somebody ended it early"`
	EndedBy   string        `json:"ended_by" readOnly:"true" required:"false"`
}

type stretchBody struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

const shownStretches = 5

func toSilenceBody(s monitor.Silence, at time.Time) silenceBody {
	b := silenceBody{
		ID: s.ID, Version: s.Version, Everything: s.Matches.Everything, Monitors: nonNil(s.Matches.Monitors), Subjects: []string{}, Group: s.Matches.Group, Labels: s.Matches.Labels,
		From: timeOrNil(s.From), Until: timeOrNil(s.Until), Schedule: s.Schedule, Zone: s.Zone, Duration: s.Length.String(), Reason: s.Reason,
		What: s.Matches.String(), When: s.When(time.UTC), Windows: toStretches(s, at), Author: s.Author,
		CreatedAt: timeOrNil(s.CreatedAt), UpdatedAt: timeOrNil(s.UpdatedAt), EndedAt: timeOrNil(s.EndedAt), EndedBy: s.EndedBy,
	}
	for _, subject := range s.Matches.Subjects {
		b.Subjects = append(b.Subjects, subject.String())
	}
	if b.Labels == nil {
		b.Labels = map[string]string{}
	}
	b.Status = string(silenceStatus(s, at))
	return b
}

// silenceStatus is that of a stored silence; one that cannot be read any more,
// because its zone is gone, holds nothing.
func silenceStatus(s monitor.Silence, at time.Time) monitor.SilenceStatus {
	times, err := s.Times()
	if err != nil {
		return monitor.SilenceOver
	}
	return times.Status(at)
}

func toStretches(s monitor.Silence, at time.Time) []stretchBody {
	all := []stretchBody{}
	times, err := s.Times()
	if err != nil {
		return all
	}
	for _, w := range times.Stretches(at, shownStretches) {
		all = append(all, stretchBody{w.From, w.Until})
	}
	return all
}

// silence returns the silence that the body describes, and what could not be
// read of it. What is left open of a one-off begins now.
func (b silenceBody) silence(now time.Time) (monitor.Silence, monitor.FieldErrors) {
	var errs monitor.FieldErrors
	s := monitor.Silence{
		ID: b.ID, Version: b.Version,
		Matches:  monitor.Match{Everything: b.Everything, Monitors: b.Monitors, Group: b.Group, Labels: b.Labels},
		Schedule: strings.TrimSpace(b.Schedule), Zone: b.Zone, Reason: strings.TrimSpace(b.Reason),
	}
	for i, text := range b.Subjects {
		subject, err := monitor.ParseSubject(text)
		if err != nil {
			errs = append(errs, monitor.Invalid(fmt.Sprintf("subjects[%d]", i), "%q is no subject; write for example heartbeat/backup or rule/disk-full", text))
			continue
		}
		s.Matches.Subjects = append(s.Matches.Subjects, subject)
	}
	if b.From != nil {
		s.From = *b.From
	}
	if b.Until != nil {
		s.Until = *b.Until
	}
	if b.Duration != "" {
		length, err := monitor.ParseSpan(b.Duration)
		errs = append(errs, monitor.AllFieldErrors(err)...)
		s.Length = length
	}
	if s.Recurring() {
		return s, errs
	}
	if s.From.IsZero() {
		s.From = now
	}
	zone, err := monitor.LoadZone(b.Zone)
	errs = append(errs, monitor.AllFieldErrors(err)...)
	switch {
	case b.Duration == "" || len(errs) > 0:
	case b.Until != nil:
		errs = append(errs, monitor.Invalid("duration", "leave out duration or until; together they say two things"))
	default:
		s.Until = s.Length.After(s.From.In(zone))
	}
	s.From, s.Until, s.Zone, s.Length = s.From.UTC(), s.Until.UTC(), "", monitor.Span{}
	return s, errs
}

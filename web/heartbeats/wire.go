package heartbeats

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
)

// heartbeatBody is a heartbeat as the API tells of it.
type heartbeatBody struct {
	Key         string            `json:"key" doc:"SPACE/NAME" example:"ops/backup"`
	Space       string            `json:"space"`
	Name        string            `json:"name"`
	Version     int               `json:"version"`
	Description string            `json:"description"`
	Labels      map[string]string `json:"labels"`
	Schedule    string            `json:"schedule" doc:"learned, period, cron, oncalendar, never or pacemaker"`
	Period      string            `json:"period,omitempty"`
	Grace       string            `json:"grace,omitempty"`
	Spec        string            `json:"spec,omitempty" doc:"The crontab or OnCalendar lines"`
	Zone        string            `json:"timezone,omitempty"`
	MaxRun      string            `json:"max_run" doc:"A duration, learned, or none"`
	MinRun      string            `json:"min_run" doc:"A duration, learned, or none"`
	TooOften    bool              `json:"too_often"`
	OddSize     bool              `json:"odd_size"`
	Failures    string            `json:"failures,omitempty" example:"3 of 5"`
	Sensitivity float64           `json:"sensitivity" doc:"From 0 to 1; 0 is the default"`
	Alerts      []string          `json:"alerts"`
	Repeat      string            `json:"repeat,omitempty" doc:"Between notices of one incident"`
	KeepFiring  string            `json:"keep_firing,omitempty" doc:"How long it must be well before an incident ends"`
	Warnings    string            `json:"warnings,omitempty" doc:"Whether warnings open incidents: on or off"`
	Flapping    string            `json:"flapping,omitempty" doc:"Whether an incident stays open while the level changes back and forth: on or off"`
	Active      bool              `json:"active"`

	Level    monitor.Level        `json:"level"`
	Since    *time.Time           `json:"since,omitempty"`
	Why      monitor.HeartbeatWhy `json:"why,omitempty"`
	Message  string               `json:"message,omitempty"`
	Beats    int64                `json:"beats" doc:"So far"`
	Seen     *time.Time           `json:"seen,omitempty" doc:"Newest beat"`
	Expected *time.Time           `json:"expected,omitempty" doc:"When the next is due"`
	Deadline *time.Time           `json:"deadline,omitempty" doc:"When it is missing"`
	Started  *time.Time           `json:"started,omitempty" doc:"Begin of the run under way"`
	Learned  string               `json:"learned,omitempty" doc:"What its beats have taught, in words"`
	Shared   string               `json:"shared,omitempty" doc:"Why it looks as if several senders share it: give each a heartbeat of its own"`
}

func toBody(v heartbeat.View, alerts []string) heartbeatBody {
	h, s := v.Heartbeat, v.State
	return heartbeatBody{
		Key: h.Subject().Key, Space: h.Space, Name: h.Name, Version: h.Version, Description: h.Description, Labels: nonNilMap(h.Labels),
		Schedule: string(cmp.Or(h.Schedule.Kind, monitor.ScheduleLearned)), Period: durationText(h.Schedule.Period), Grace: durationText(h.Schedule.Grace),
		Spec: h.Schedule.Spec, Zone: h.Schedule.Zone, MaxRun: limitText(h.Limits.MaxRun), MinRun: limitText(h.Limits.MinRun),
		TooOften: h.Limits.TooOften != monitor.Off, OddSize: h.Limits.OddSize != monitor.Off, Failures: failuresText(h.Limits), Sensitivity: h.Sensitivity, Alerts: alerts,
		Repeat: monitor.FormatRepeat(h.Policy.Repeat), KeepFiring: durationText(h.Policy.KeepFiring), Warnings: string(h.Policy.Warnings), Flapping: string(h.Policy.Flapping), Active: h.Active,
		Level: s.Level, Since: timeOrNil(s.Since), Why: s.Why, Message: s.Message, Beats: s.Beats, Seen: timeOrNil(s.Seen),
		Expected: timeOrNil(s.Expected), Deadline: timeOrNil(s.Deadline), Started: timeOrNil(s.Started), Learned: v.Learned, Shared: v.Shared,
	}
}

func nonNilMap(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func durationText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	days := d / (24 * time.Hour)
	return monitor.Span{Days: int(days), Time: d - days*24*time.Hour}.String()
}

func limitText(d time.Duration) string {
	switch {
	case d == 0:
		return "learned"
	case d < 0:
		return "none"
	}
	return durationText(d)
}

func failuresText(l monitor.HeartbeatLimits) string {
	if l.Failures == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", l.Failures, l.Of)
}

// HeartbeatChange is what may be changed of a heartbeat. What is left out stays as it is.
type HeartbeatChange struct {
	Version     int               `json:"version" required:"false" doc:"The version that was seen; 0 changes whatever is there"`
	Name        *string           `json:"name" required:"false"`
	Description *string           `json:"description" required:"false"`
	Labels      map[string]string `json:"labels" required:"false"`
	Schedule    *string           `json:"schedule" required:"false" doc:"learned, period, cron, oncalendar, never or pacemaker"`
	Period      *string           `json:"period" required:"false" example:"5m"`
	Grace       *string           `json:"grace" required:"false" example:"2m"`
	Spec        *string           `json:"spec" required:"false" example:"0 2 * * 1-5"`
	Zone        *string           `json:"timezone" required:"false" example:"Europe/Berlin"`
	MaxRun      *string           `json:"max_run" required:"false" doc:"A duration, learned, or none"`
	MinRun      *string           `json:"min_run" required:"false" doc:"A duration, learned, or none"`
	TooOften    *string           `json:"too_often" required:"false" doc:"on or off"`
	OddSize     *string           `json:"odd_size" required:"false" doc:"Whether texts of an unusual size are a warning: on or off"`
	Failures    *string           `json:"failures" required:"false" doc:"N of M beats that must fail; empty: each failure counts" example:"3 of 5"`
	Sensitivity *string           `json:"sensitivity" required:"false" doc:"From 0 to 1; 0 is the default" example:"0.6"`
	Alerts      []string          `json:"alerts" required:"false" nullable:"true" doc:"Destinations; one text may hold several, a line each"`
	Repeat      *string           `json:"repeat" required:"false" doc:"Between notices of one incident: a duration or never" example:"60m"`
	KeepFiring  *string           `json:"keep_firing" required:"false" doc:"How long it must be well before an incident ends" example:"5m"`
	Warnings    *string           `json:"warnings" required:"false" doc:"Whether warnings open incidents: on or off"`
	Flapping    *string           `json:"flapping" required:"false" doc:"Whether an incident stays open while the level changes back and forth: on or off"`
	Active      *string           `json:"active" required:"false" doc:"on or off"`
}

// apply returns the heartbeat with the changes, and what could not be read.
func (b HeartbeatChange) apply(h monitor.Heartbeat) (monitor.Heartbeat, error) {
	r := reader{}
	r.text(b.Name, &h.Name)
	r.text(b.Description, &h.Description)
	if b.Labels != nil {
		h.Labels = b.Labels
	}
	if b.Schedule != nil {
		h.Schedule.Kind = monitor.ScheduleKind(*b.Schedule)
	}
	r.duration("period", b.Period, &h.Schedule.Period)
	r.duration("grace", b.Grace, &h.Schedule.Grace)
	r.text(b.Spec, &h.Schedule.Spec)
	r.text(b.Zone, &h.Schedule.Zone)
	r.limit("max_run", b.MaxRun, &h.Limits.MaxRun)
	r.limit("min_run", b.MinRun, &h.Limits.MinRun)
	r.failures(b.Failures, &h.Limits)
	r.toggle("too_often", b.TooOften, &h.Limits.TooOften)
	r.toggle("odd_size", b.OddSize, &h.Limits.OddSize)
	r.toggle("warnings", b.Warnings, &h.Policy.Warnings)
	r.toggle("flapping", b.Flapping, &h.Policy.Flapping)
	r.duration("keep_firing", b.KeepFiring, &h.Policy.KeepFiring)
	if b.Sensitivity != nil {
		value, err := strconv.ParseFloat(cmp.Or(*b.Sensitivity, "0"), 64)
		if err != nil {
			err = monitor.Invalid("", "%q is not a number", monitor.Cut(*b.Sensitivity, 40))
		}
		r.add("sensitivity", err)
		h.Sensitivity = value
	}
	if b.Alerts != nil {
		h.Alerts = lines(b.Alerts)
	}
	if b.Repeat != nil {
		repeat, err := monitor.ParseRepeat(*b.Repeat)
		r.add("repeat", err)
		h.Policy.Repeat = repeat
	}
	if b.Active != nil {
		on := monitor.Toggle("")
		r.add("active", on.UnmarshalText([]byte(*b.Active)))
		h.Active = on != monitor.Off
	}
	if len(r.errs) > 0 {
		return h, r.errs
	}
	return h, nil
}

// reader collects what is wrong with the fields that it reads.
type reader struct{ errs monitor.FieldErrors }

func (r *reader) add(field string, err error) {
	for _, wrong := range monitor.AllFieldErrors(err) {
		wrong.Field = field
		r.errs = append(r.errs, wrong)
	}
}

func (r *reader) text(from, into *string) {
	if from != nil {
		*into = *from
	}
}

func (r *reader) duration(field string, from *string, into *time.Duration) {
	if from == nil {
		return
	}
	d, err := durationOf(field, strings.TrimSpace(*from))
	r.add(field, err)
	*into = d
}

func (r *reader) toggle(field string, from *string, into *monitor.Toggle) {
	if from != nil {
		r.add(field, into.UnmarshalText([]byte(*from)))
	}
}

func (r *reader) limit(field string, from *string, into *time.Duration) {
	switch {
	case from == nil:
	case *from == "" || *from == "learned":
		*into = 0
	case *from == "none":
		*into = -1
	default:
		r.duration(field, from, into)
	}
}

func (r *reader) failures(from *string, into *monitor.HeartbeatLimits) {
	if from == nil {
		return
	}
	into.Failures, into.Of = 0, 0
	if *from == "" {
		return
	}
	if n, err := fmt.Sscanf(*from, "%d of %d", &into.Failures, &into.Of); err != nil || n != 2 {
		r.errs = append(r.errs, monitor.Invalid("failures", "%q is not understood; write for example 3 of 5, or nothing", monitor.Cut(*from, 40)))
	}
}

func lines(texts []string) []string {
	var all []string
	for _, text := range texts {
		for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == ',' }) {
			line = strings.TrimSpace(line)
			if d, err := monitor.ParseDestination(line); err == nil {
				line = string(d) // its one spelling
			}
			if line != "" {
				all = append(all, line)
			}
		}
	}
	return all
}

// beatBody is one beat as the API tells of it.
type beatBody struct {
	N        int64            `json:"beat"`
	At       time.Time        `json:"at"`
	Kind     monitor.BeatKind `json:"kind" doc:"ok, fail, start, log, missed or stuck"`
	Level    monitor.Level    `json:"level" doc:"Of the heartbeat after it"`
	Code     *int             `json:"exit_status,omitempty"`
	Run      string           `json:"run,omitempty"`
	Took     float64          `json:"took,omitempty" doc:"Seconds"`
	Metric   *float64         `json:"metric,omitempty"`
	Expected *float64         `json:"expected,omitempty"`
	Low      *float64         `json:"low,omitempty"`
	High     *float64         `json:"high,omitempty"`
	Score    *float64         `json:"score,omitempty"`
	Signal   string           `json:"signal,omitempty"`
	Note     string           `json:"note,omitempty"`
	Body     int64            `json:"body_bytes,omitempty"`
}

func toBeatBody(b monitor.Beat) beatBody {
	body := beatBody{N: b.N, At: b.At, Kind: b.Kind, Level: b.Level, Code: b.Code, Run: b.Run, Took: b.Took.Seconds(), Metric: b.Metric, Note: b.Note, Body: b.BodySize}
	if r := b.Reading; r != nil {
		body.Expected, body.Low, body.High, body.Score, body.Signal = finite(r.Expected), finite(r.Low), finite(r.High), finite(r.Score), r.Signal
	}
	return body
}

// finite is nil for what JSON cannot say.
func finite(v float64) *float64 {
	if v-v != 0 {
		return nil
	}
	return &v
}

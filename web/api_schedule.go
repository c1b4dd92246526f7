package web

import (
	"context"
	"fmt"
	"time"

	"wingmirror/crontab"
	"wingmirror/monitor"
)

type scheduleInput struct {
	Spec string `query:"spec" required:"true" maxLength:"500" example:"*/5 * * * *"`
	Zone string `query:"zone" maxLength:"100" doc:"IANA name; empty is UTC" example:"Europe/Berlin"`
	Seed uint64 `query:"seed" doc:"The monitor's id, on which the place of H depends"`
}

type scheduleOutput struct {
	Body struct {
		Sentence string      `json:"sentence"`
		Next     []time.Time `json:"next" doc:"The next ten times, in the zone"`
		Notes    []string    `json:"notes" doc:"What is worth knowing about these times"`
	}
}

const previewedRuns = 10

func (s *server) apiSchedule(_ context.Context, in *scheduleInput) (*scheduleOutput, error) {
	var errs monitor.FieldErrors
	zone, err := time.LoadLocation(in.Zone)
	if err != nil || in.Zone == "Local" {
		errs = append(errs, monitor.Invalid("timezone", "%q is no time zone; write for example Europe/Berlin or UTC", in.Zone))
		zone = time.UTC
	}
	plan, err := crontab.Parse(in.Spec, in.Seed)
	if err != nil {
		errs = append(errs, monitor.Invalid("schedule", "%s", err))
	}
	if len(errs) > 0 {
		return nil, errs
	}
	out := &scheduleOutput{}
	out.Body.Sentence = plan.Describe()
	out.Body.Next, out.Body.Notes = []time.Time{}, []string{}
	at := s.Now().In(zone)
	_, offset := at.Zone()
	for range previewedRuns {
		at = plan.Next(at)
		if at.IsZero() {
			break
		}
		if _, now := at.Zone(); now != offset {
			out.Body.Notes = append(out.Body.Notes, clockChange(at, now-offset))
			offset = now
		}
		out.Body.Next = append(out.Body.Next, at)
	}
	if len(out.Body.Next) == 0 {
		out.Body.Notes = append(out.Body.Notes, "There is no such time: the monitor would never run.")
	}
	return out, nil
}

func clockChange(at time.Time, by int) string {
	direction, change := "forward", time.Duration(by)*time.Second
	if by < 0 {
		direction, change = "back", -change
	}
	return fmt.Sprintf("Clocks go %s by %s before %s.", direction, span(change), at.Format("Monday, ")+monitor.Moment(at))
}

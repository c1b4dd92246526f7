package web

import (
	"time"

	"wingmirror/monitor"
)

// PolicyBody says which outcomes become notices. What is left out or empty is
// the installation's default.
type PolicyBody struct {
	Repeat     string `json:"repeat" required:"false" doc:"Between notices of one unresolved incident: a duration or never" example:"60m"`
	Failures   int    `json:"failures" required:"false" doc:"Bad runs in a row before a level is in force; 0 is the default"`
	Recheck    string `json:"recheck" required:"false" doc:"How soon it runs again while a bad level is not in force yet" example:"20s"`
	KeepFiring string `json:"keep_firing" required:"false" doc:"How long runs must be ok before an incident ends" example:"5m"`
	Warnings   string `json:"warnings" required:"false" doc:"Whether warnings open incidents: on or off"`
	Flapping   string `json:"flapping" required:"false" doc:"Whether an incident stays open while the outcome changes back and forth: on or off"`
	Faults     string `json:"faults" required:"false" doc:"Whether runs that could not tell open incidents: on or off"`
}

func toPolicyBody(p monitor.Policy) PolicyBody {
	return PolicyBody{
		Repeat: monitor.FormatRepeat(p.Repeat), Failures: p.Failures, Recheck: durationText(p.Recheck), KeepFiring: durationText(p.KeepFiring),
		Warnings: string(p.Warnings), Flapping: string(p.Flapping), Faults: string(p.Faults),
	}
}

// policy returns the policy that the body describes, and what could not be read of it.
func (b PolicyBody) policy() (monitor.Policy, monitor.FieldErrors) {
	var errs monitor.FieldErrors
	p := monitor.Policy{Failures: b.Failures}
	repeat, err := monitor.ParseRepeat(b.Repeat)
	errs = append(errs, monitor.AllFieldErrors(err)...)
	p.Repeat = repeat
	if b.Failures < 0 {
		errs = append(errs, monitor.Invalid("failures", "%d is below 0; write how many bad runs in a row it takes", b.Failures))
	}
	for _, row := range []struct {
		field, text string
		into        *time.Duration
	}{{"recheck", b.Recheck, &p.Recheck}, {"keep_firing", b.KeepFiring, &p.KeepFiring}} {
		if row.text == "" {
			continue
		}
		d, err := time.ParseDuration(row.text)
		if err != nil || d < 0 {
			errs = append(errs, monitor.Invalid(row.field, "%q is not a duration; write for example 30s or 5m", row.text))
			continue
		}
		*row.into = d
	}
	for _, row := range []struct {
		field, text string
		into        *monitor.Toggle
	}{{"warnings", b.Warnings, &p.Warnings}, {"flapping", b.Flapping, &p.Flapping}, {"faults", b.Faults, &p.Faults}} {
		for _, wrong := range monitor.AllFieldErrors(row.into.UnmarshalText([]byte(row.text))) {
			wrong.Field = row.field
			errs = append(errs, wrong)
		}
	}
	return p, errs
}

func durationText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return monitor.FormatRepeat(d)
}

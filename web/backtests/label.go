package backtests

import (
	"context"
	"fmt"
	"time"

	"wingmirror/monitor"
)

type labelBody struct {
	ID       int64      `json:"id"`
	Monitor  int64      `json:"monitor"`
	Incident int64      `json:"incident" doc:"Number of the incident; 0 for one that was missed"`
	Verdict  string     `json:"verdict" doc:"true, noise or missed"`
	From     time.Time  `json:"from"`
	Until    *time.Time `json:"until,omitempty" doc:"Left out while the incident is under way"`
	Note     string     `json:"note"`
	Author   string     `json:"author"`
	At       time.Time  `json:"at"`
}

func toLabel(l monitor.Label) labelBody {
	b := labelBody{ID: l.ID, Monitor: l.Monitor, Incident: l.Incident, Verdict: string(l.Verdict), From: l.From.UTC(), Note: l.Note, Author: l.Author, At: l.At.UTC()}
	if !l.Until.IsZero() {
		until := l.Until.UTC()
		b.Until = &until
	}
	return b
}

func toLabels(labels []monitor.Label) []labelBody {
	all := make([]labelBody, len(labels))
	for i, l := range labels {
		all[i] = toLabel(l)
	}
	return all
}

type idInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type labelsOutput struct {
	Body struct {
		Labels []labelBody `json:"labels"`
		Next   string      `json:"next,omitempty" doc:"after of the next part; left out on the last"`
	}
}

type labelsInput struct {
	monitor.Part[string]
	ID int64 `path:"id" minimum:"1"`
}

func (d desk) labels(ctx context.Context, in *labelsInput) (*labelsOutput, error) {
	labels, err := d.Labels.LabelsOf(ctx, in.ID)
	out := &labelsOutput{}
	labels, out.Body.Next = monitor.PartAfter(labels, func(l monitor.Label) string { return monitor.MomentKey(l.From, l.ID) }, in.After, in.Limit)
	out.Body.Labels = toLabels(labels)
	return out, err
}

type labelInput struct {
	Body struct {
		Incident int64      `json:"incident,omitempty" doc:"Number of the incident that is true or noise"`
		Monitor  int64      `json:"monitor,omitempty" doc:"The monitor that missed something, when it is about no incident"`
		Verdict  string     `json:"verdict" enum:"true,noise,missed"`
		From     *time.Time `json:"from,omitempty" doc:"Of what was missed"`
		Until    *time.Time `json:"until,omitempty"`
		Note     string     `json:"note,omitempty"`
	}
}

type labelOutput struct{ Body labelBody }

func (d desk) label(ctx context.Context, in *labelInput) (*labelOutput, error) {
	b := in.Body
	l := monitor.Label{Monitor: b.Monitor, Incident: b.Incident, Verdict: monitor.LabelVerdict(b.Verdict), Note: b.Note, Author: d.Author(ctx), At: d.Now()}
	if b.From != nil {
		l.From = *b.From
	}
	if b.Until != nil {
		l.Until = *b.Until
	}
	if l.Incident != 0 {
		incident, _, err := d.Past.Incident(ctx, l.Incident)
		if err != nil {
			return nil, err
		}
		var id int64
		if _, err := fmt.Sscan(incident.Subject.Key, &id); err != nil || incident.Subject.Kind != monitor.KindMonitor {
			return nil, monitor.Invalid("incident", "only incidents of monitors are labelled; this one is about %s", incident.Subject)
		}
		l.Monitor, l.From, l.Until = id, incident.OpenedAt, incident.ClosedAt
	} else if _, err := d.Past.Monitor(ctx, l.Monitor); err != nil {
		return nil, err
	}
	if err := l.Validate(); err != nil {
		return nil, err
	}
	if l.From.After(d.Now()) {
		return nil, monitor.Invalid("from", "it cannot have been missed before it has come")
	}
	saved, err := d.Labels.SaveLabel(ctx, l)
	if err != nil {
		return nil, err
	}
	d.Record(ctx, "label", monitor.MonitorSubject(l.Monitor).String(), labelText(saved))
	d.Changed()
	return &labelOutput{Body: toLabel(saved)}, nil
}

func labelText(l monitor.Label) string {
	if l.Incident == 0 {
		return "something was missed at " + l.From.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("incident %d: %s", l.Incident, l.Verdict)
}

func (d desk) unlabel(ctx context.Context, in *idInput) (*struct{}, error) {
	err := d.Labels.DeleteLabel(ctx, in.ID)
	if err == nil {
		d.Record(ctx, "unlabel", fmt.Sprintf("label/%d", in.ID), "")
		d.Changed()
	}
	return nil, err
}

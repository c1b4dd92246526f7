package backtests

import (
	"context"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler/backtest"
	"wingmirror/web"
)

type shadowBody struct {
	ID      int64           `json:"id"`
	Monitor web.MonitorBody `json:"monitor" doc:"The edited version"`
	Author  string          `json:"author"`
	Started time.Time       `json:"started"`
	Ends    time.Time       `json:"ends"`
	Running bool            `json:"running"`
	Missed  int64           `json:"missed" doc:"Live runs that it could not keep up with"`
}

func (d desk) toShadow(s monitor.Shadow) shadowBody {
	b := shadowBody{ID: s.ID, Monitor: web.NewMonitorBody(s.Monitor), Author: s.Author, Started: s.Started.UTC(), Ends: s.Ends.UTC(), Running: s.Running(d.Now()), Missed: s.Missed}
	b.Monitor.Alerts = []string{} // they are the saved version's to know, and may hold secrets
	if !s.Ended.IsZero() {
		b.Ends = s.Ended.UTC()
	}
	return b
}

type shadowsOutput struct {
	Body struct {
		Shadows []shadowBody `json:"shadows"`
		Next    int64        `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

type shadowsInput struct {
	web.PageInput
	ID int64 `path:"id" minimum:"1"`
}

func (d desk) shadows(ctx context.Context, in *shadowsInput) (*shadowsOutput, error) {
	all, err := d.Shadows.Of(ctx, in.ID)
	out := &shadowsOutput{}
	out.Body.Shadows = []shadowBody{}
	all, out.Body.Next = monitor.PartBefore(all, func(s monitor.Shadow) int64 { return s.ID }, in.Before, in.Limit)
	for _, s := range all {
		out.Body.Shadows = append(out.Body.Shadows, d.toShadow(s))
	}
	return out, err
}

type startShadowInput struct {
	Body struct {
		Monitor web.MonitorBody `json:"monitor" doc:"The edited version of a saved monitor, with its id"`
		Days    float64         `json:"days" doc:"How long it runs: up to 90 days" minimum:"0.01" maximum:"90"`
	}
}

type shadowOutput struct{ Body shadowBody }

func (d desk) startShadow(ctx context.Context, in *startShadowInput) (*shadowOutput, error) {
	edited, err := web.ReadMonitor(in.Body.Monitor)
	if err != nil {
		return nil, err
	}
	saved, err := d.Past.Monitor(ctx, edited.ID)
	if err != nil {
		return nil, err
	}
	if err := monitor.CanShadow(saved, edited); err != nil {
		return nil, err
	}
	now := d.Now()
	s, err := d.Shadows.Start(ctx, monitor.Shadow{
		Monitor: edited, Author: d.Author(ctx), Started: now, Ends: now.Add(time.Duration(in.Body.Days * 24 * float64(time.Hour))),
	})
	if err != nil {
		return nil, err
	}
	d.Record(ctx, "shadow", edited.Subject().String(), "until "+s.Ends.UTC().Format(time.RFC3339))
	d.Changed()
	return &shadowOutput{Body: d.toShadow(s)}, nil
}

type shadowReportOutput struct {
	Body struct {
		Shadow shadowBody      `json:"shadow"`
		Report backtest.Report `json:"report" doc:"The saved version first"`
	}
}

func (d desk) shadow(ctx context.Context, in *idInput) (*shadowReportOutput, error) {
	saved, shadow, s, err := d.Shadows.Compare(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	labels, err := d.Labels.LabelsOf(ctx, s.Monitor.ID)
	if err != nil {
		return nil, err
	}
	out := &shadowReportOutput{}
	out.Body.Shadow = d.toShadow(s)
	out.Body.Report = backtest.NewReport([]backtest.Result{saved, shadow}, labels)
	return out, nil
}

func (d desk) endShadow(ctx context.Context, in *idInput) (*struct{}, error) {
	err := d.Shadows.End(ctx, in.ID)
	if err == nil {
		d.Changed()
	}
	return nil, err
}

package backtests

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"wingmirror/monitor"
	"wingmirror/scheduler/backtest"
	"wingmirror/web"
)

type backtestInput struct {
	Body struct {
		Monitor web.MonitorBody  `json:"monitor" doc:"As it is written now; it need not be saved"`
		Against *web.MonitorBody `json:"against,omitempty" doc:"The version to compare with"`
		Saved   bool             `json:"saved,omitempty" doc:"Compare with the saved version of the same monitor"`
		From    time.Time        `json:"from" doc:"Begin of the range"`
		Until   time.Time        `json:"until" doc:"End of the range"`
	}
}

func (d desk) backtest(ctx context.Context, in *backtestInput) (*huma.StreamResponse, error) {
	edited, err := web.ReadMonitor(in.Body.Monitor)
	if err != nil {
		return nil, err
	}
	variants := []monitor.Monitor{edited}
	switch {
	case in.Body.Against != nil:
		against, err := web.ReadMonitor(*in.Body.Against)
		if err != nil {
			return nil, err
		}
		variants = []monitor.Monitor{against, edited}
	case in.Body.Saved && edited.ID > 0:
		saved, err := d.Past.Monitor(ctx, edited.ID)
		if err != nil {
			return nil, err
		}
		variants = []monitor.Monitor{saved, edited}
	}
	labels, err := d.labelsOf(ctx, edited.ID)
	if err != nil {
		return nil, err
	}
	plan := backtest.Plan{Variants: variants, From: in.Body.From, Until: in.Body.Until}
	return stream(ctx, d, work[backtest.Report]{cut: cutShort, do: func(ctx context.Context, report func(backtest.Report)) (backtest.Report, error) {
		results, err := d.Engine.Backtest(ctx, plan, throttled(d.Now, func(p backtest.Progress) {
			report(partly(backtest.NewReport(p.Results(), labels), p))
		}))
		if err != nil {
			return backtest.Report{}, err
		}
		return backtest.NewReport(results, labels), nil
	}})
}

func cutShort(why string) backtest.Report {
	return backtest.Report{Results: []backtest.ResultReport{}, Partial: true, Error: why}
}

// partly makes a report one of work under way, and a small one.
func partly(r backtest.Report, p backtest.Progress) backtest.Report {
	r.Done, r.Total, r.Partial = p.Done, p.Total, true
	for i := range r.Results {
		r.Results[i].Notices = []backtest.NoticeReport{}
	}
	return r
}

func (d desk) labelsOf(ctx context.Context, id int64) ([]monitor.Label, error) {
	if id <= 0 {
		return nil, nil
	}
	return d.Labels.LabelsOf(ctx, id)
}

type sweepInput struct {
	Body struct {
		Monitor web.MonitorBody `json:"monitor"`
		From    time.Time       `json:"from"`
		Until   time.Time       `json:"until"`
		Place   struct {
			Param  string `json:"param,omitempty" doc:"Name of a parameter that is a number"`
			Line   int    `json:"line,omitempty" doc:"Of a number in the script, from 1"`
			Column int    `json:"column,omitempty" doc:"From 1, in UTF-16 units"`
			Text   string `json:"text,omitempty" doc:"The number as it stands there"`
		} `json:"place"`
		First float64 `json:"first" doc:"The first value"`
		Last  float64 `json:"last" doc:"The last value"`
		Steps int     `json:"steps" doc:"How many values, the first and the last included; at most 50"`
	}
}

func (d desk) sweep(ctx context.Context, in *sweepInput) (*huma.StreamResponse, error) {
	b := in.Body
	m, err := web.ReadMonitor(b.Monitor)
	if err != nil {
		return nil, err
	}
	values, err := backtest.Steps(b.First, b.Last, b.Steps)
	if err != nil {
		return nil, err
	}
	variants, err := backtest.Sweep(m, backtest.Place{Param: b.Place.Param, Line: b.Place.Line, Column: b.Place.Column, Text: b.Place.Text}, values)
	if err != nil {
		return nil, err
	}
	labels, err := d.labelsOf(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	plan := backtest.Plan{Variants: variants, From: b.From, Until: b.Until}
	return stream(ctx, d, work[backtest.Report]{cut: cutShort, do: func(ctx context.Context, report func(backtest.Report)) (backtest.Report, error) {
		results, err := d.Engine.Backtest(ctx, plan, throttled(d.Now, func(p backtest.Progress) {
			report(partly(backtest.NewSweep(p.Results(), values, labels), p))
		}))
		if err != nil {
			return backtest.Report{}, err
		}
		return backtest.NewSweep(results, values, labels), nil
	}})
}

type lossesInput struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Monitor web.MonitorBody `json:"monitor" doc:"The edited version"`
	}
}

type lossesOutput struct {
	Body struct {
		Checked int         `json:"checked" doc:"Labels with a recorded run"`
		Lost    []labelBody `json:"lost" doc:"Where nobody would be told any more"`
	}
}

func (d desk) losses(ctx context.Context, in *lossesInput) (*lossesOutput, error) {
	m, err := web.ReadMonitor(in.Body.Monitor)
	if err != nil {
		return nil, err
	}
	m.ID = in.ID
	labels, err := d.Labels.LabelsOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	lost, checked, err := d.Engine.Lost(ctx, m, labels)
	if err != nil {
		return nil, err
	}
	out := &lossesOutput{}
	out.Body.Checked, out.Body.Lost = checked, toLabels(lost)
	return out, nil
}

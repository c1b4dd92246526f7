package main

import (
	"context"
	"math"
	"net/http"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/web"
)

// check has the server run the monitor once, with its source and helper files.
// Without a time it is now's run.
func (r *remote) check(ctx context.Context, m monitor.Monitor, at time.Time) (scheduler.Evaluation, error) {
	in := map[string]any{"monitor": web.NewMonitorBody(m)}
	if !at.IsZero() {
		in["at"] = at
	}
	var out struct {
		At      time.Time
		Level   monitor.Level
		Fault   monitor.Fault
		Message string
		Output  string
		Graph   []struct {
			Label  string
			Points [][2]*float64
		}
		Error   *monitor.ScriptError
		Targets []struct {
			Target string
			Status monitor.Status
			Reason string
			Count  int
		}
		FetchMS float64 `json:"fetch_ms"`
		Cost    struct {
			WallMS      float64 `json:"wall_ms"`
			CPUMS       float64 `json:"cpu_ms"`
			Memory      int64
			PointsIn    int `json:"points_in"`
			PointsOut   int `json:"points_out"`
			OutputBytes int `json:"output_bytes"`
		}
	}
	if err := r.call(ctx, http.MethodPost, "/test-run", in, &out); err != nil {
		return scheduler.Evaluation{}, err
	}
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	e := scheduler.Evaluation{Ran: true, Fetch: ms(out.FetchMS)}
	e.Outcome = monitor.Outcome{Subject: m.Subject(), At: out.At, Level: out.Level, Fault: out.Fault, Message: out.Message}
	e.Result = monitor.Result{Output: out.Output, Level: out.Level, Fault: out.Fault, Thrown: out.Error, Cost: monitor.Cost{
		Wall: ms(out.Cost.WallMS), CPU: ms(out.Cost.CPUMS), Memory: out.Cost.Memory,
		PointsIn: out.Cost.PointsIn, PointsOut: out.Cost.PointsOut, OutputBytes: out.Cost.OutputBytes,
	}}
	for _, l := range out.Graph {
		line := monitor.Line{Label: l.Label}
		for _, p := range l.Points {
			value := math.NaN()
			if p[1] != nil {
				value = *p[1]
			}
			if p[0] != nil {
				line.Points = append(line.Points, monitor.GraphPoint{Time: *p[0], Value: value})
			}
		}
		e.Result.Graph = append(e.Result.Graph, line)
	}
	for _, t := range out.Targets {
		e.Targets = append(e.Targets, monitor.Fetched{Target: t.Target, Status: t.Status, Reason: t.Reason, Series: make([]monitor.Series, t.Count)})
	}
	return e, nil
}

package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-graphite/carbonapi/expr"
	"github.com/go-graphite/carbonapi/expr/types"
	"github.com/go-graphite/carbonapi/pkg/parser"
)

var (
	errPanic   = errors.New("the function failed in a way that it should not")
	errTooMuch = fmt.Errorf("the request reads more than %d points: ask for fewer series or a shorter time", maxPoints)
)

// values is what the function library hands around: what was read, by what was asked for.
type values = map[parser.MetricRequest][]*types.MetricData

// evaluation is one render request under way. It is the library's Evaluator:
// functions come back to it for series, or for a longer window of them.
type evaluation struct {
	g      *graphite
	now    int64
	points int // still to be had
}

// evaluate returns the series of all targets, in their order. As with
// graphite-web, one bad target fails the request.
func (g *graphite) evaluate(ctx context.Context, request renderRequest, now time.Time) ([]*types.MetricData, error) {
	run := &evaluation{g: g, now: now.Unix(), points: maxPoints}
	var all []*types.MetricData
	for _, target := range request.targets {
		series, err := run.target(ctx, target, request.from, request.until)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", target, err)
		}
		all = append(all, series...)
	}
	return all, nil
}

func (run *evaluation) target(ctx context.Context, text string, from, until int64) (series []*types.MetricData, err error) {
	// The library panics on some arguments that make no sense.
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%w: %v", errPanic, reason)
		}
	}()
	parsed, rest, err := parser.ParseExpr(text)
	if err == nil && rest != "" {
		err = parser.ErrUnexpectedCharacter
	}
	if err != nil {
		return nil, fmt.Errorf("cannot parse the target: %w near %q", err, rest)
	}
	if err := run.foresee(parsed, until-from); err != nil {
		return nil, err
	}
	read, err := run.Fetch(ctx, []parser.Expr{parsed}, from, until, nil)
	if err != nil {
		return nil, err
	}
	series, err = run.Eval(ctx, parsed, from, until, read)
	return present(series), err
}

// present leaves out what some functions return for a series that they do not have.
func present(series []*types.MetricData) []*types.MetricData {
	kept := make([]*types.MetricData, 0, len(series))
	for _, s := range series {
		if s != nil {
			s.StepTime = max(s.StepTime, 1)
			kept = append(kept, s)
		}
	}
	return kept
}

// Fetch reads the series that the expressions will ask for. A function may ask
// for the same path with several windows.
func (run *evaluation) Fetch(ctx context.Context, exprs []parser.Expr, from, until int64, known values) (values, error) {
	read := values{}
	for _, e := range exprs {
		for _, wanted := range e.Metrics(from, until) {
			key := parser.MetricRequest{Metric: wanted.Metric, From: wanted.From, Until: wanted.Until}
			if _, ok := read[key]; ok {
				continue
			}
			if series, ok := known[key]; ok {
				read[key] = series
				continue
			}
			series, err := run.read(ctx, key)
			if err != nil {
				return nil, err
			}
			read[key] = series
		}
	}
	return read, nil
}

// Eval evaluates an expression over what was read. The few functions that
// rewrite an expression give new ones, whose series are still to be read.
func (run *evaluation) Eval(ctx context.Context, e parser.Expr, from, until int64, read values) ([]*types.MetricData, error) {
	rewritten, targets, err := expr.RewriteExpr(ctx, run, e, from, until, read)
	if err != nil {
		return nil, err
	}
	if !rewritten {
		return expr.EvalExpr(ctx, run, e, from, until, read)
	}
	var all []*types.MetricData
	for _, target := range targets {
		series, err := run.target(ctx, target, from, until)
		if err != nil {
			return nil, err
		}
		all = append(all, series...)
	}
	return all, nil
}

// read makes the points of all metrics that match the path in the window.
func (run *evaluation) read(ctx context.Context, wanted parser.MetricRequest) ([]*types.MetricData, error) {
	if wanted.Until-wanted.From > maxRange {
		return nil, fmt.Errorf("%s is wanted for %d days; at most %d", wanted.Metric, (wanted.Until-wanted.From)/day, maxRange/day)
	}
	matching, err := run.g.match(wanted.Metric)
	if err != nil {
		return nil, err
	}
	grid := archive(wanted.From, wanted.Until, run.now)
	if run.points -= len(matching) * grid.points; run.points < 0 {
		return nil, errTooMuch
	}
	all := make([]*types.MetricData, 0, len(matching))
	for _, m := range matching {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if grid.points == 0 {
			continue
		}
		s := &types.MetricData{Tags: map[string]string{"name": m.path}}
		s.Name, s.PathExpression, s.ConsolidationFunc = m.path, wanted.Metric, m.consolidation()
		s.StartTime, s.StepTime = grid.start, grid.step
		s.StopTime = grid.start + int64(grid.points)*grid.step
		s.RequestStartTime, s.RequestStopTime = wanted.From, wanted.Until
		s.Values = m.values(grid)
		all = append(all, s)
	}
	return all, nil
}

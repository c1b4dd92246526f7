package web

import (
	"context"
	"slices"
	"time"

	"wingmirror/monitor"
	"wingmirror/store"
)

// trendSpan is one way to say how far back the trends of a monitor's costs go.
type trendSpan struct {
	Key, Label string
	Said       string // what a trend is of
	back       time.Duration
	step       time.Duration
}

// trendSpans are in the order of their buttons. The one without a step goes from
// run to run; the one without a beginning goes back as far as the store does.
func trendSpans() []trendSpan {
	return []trendSpan{
		{Key: "runs", Label: "Runs"},
		{"day", "Day", "mean of each 10 minutes of the last day", 24 * time.Hour, 10 * time.Minute},
		{"week", "Week", "mean of each hour of the last week", 7 * 24 * time.Hour, time.Hour},
		{"all", "All", "mean of each 6 hours of all that is stored", 0, 6 * time.Hour},
	}
}

// trendRuns is how many runs the trends from run to run go back.
const trendRuns = 500

func findTrendSpan(name string) (trendSpan, error) {
	spans := trendSpans()
	if name == "" {
		return spans[0], nil
	}
	at := slices.IndexFunc(spans, func(s trendSpan) bool { return s.Key == name })
	if at < 0 {
		return trendSpan{}, notFound("trends cannot be drawn over %q; use runs, day, week or all", name)
	}
	return spans[at], nil
}

// costAt is what a run used, or on average each run of a step of time.
type costAt struct {
	at                       time.Time
	fetch, wall, cpu, memory float64
}

// trend is how one part of the cost went.
type trend struct {
	Name    string
	Last    string // the newest value
	Highest string
	Picture *picture
}

// trendsOver draws what a monitor's runs used in the span.
func (s *server) trendsOver(ctx context.Context, id int64, span trendSpan) ([]trend, error) {
	since := time.UnixMilli(1)
	if span.back > 0 {
		since = s.Now().Add(-span.back).Truncate(span.step)
	}
	steps, err := s.History.CostSteps(ctx, id, since, span.step)
	if err != nil {
		return nil, err
	}
	costs := make([]costAt, len(steps))
	for i, step := range steps {
		costs[i] = meanCost(step)
	}
	return trends(costs), nil
}

func meanCost(step store.CostStep) costAt {
	n := float64(max(step.Runs, 1))
	return costAt{step.From, float64(step.Fetch) / n, float64(step.Total.Wall) / n, float64(step.Total.CPU) / n, float64(step.Total.Memory) / n}
}

// runTrends draws what runs, newest first, used one by one.
func runTrends(runs []monitor.Run) []trend {
	var costs []costAt
	for _, r := range slices.Backward(runs) {
		if r.Phase == monitor.Done && !r.Started.IsZero() {
			costs = append(costs, costAt{r.At, float64(r.Fetch), float64(r.Cost.Wall), float64(r.Cost.CPU), float64(r.Cost.Memory)})
		}
	}
	return trends(costs)
}

// trends draws costs, oldest first. Nil when there are fewer than two.
func trends(costs []costAt) []trend {
	if len(costs) < 2 {
		return nil
	}
	span := func(d float64) string { return duration(time.Duration(d)) }
	size := func(n float64) string { return byteSize(int64(n)) }
	var all []trend
	for _, part := range []struct {
		name string
		of   func(costAt) float64
		text func(float64) string
	}{
		{"Fetching", func(c costAt) float64 { return c.fetch }, span},
		{"Script", func(c costAt) float64 { return c.wall }, span},
		{"Processor", func(c costAt) float64 { return c.cpu }, span},
		{"Memory", func(c costAt) float64 { return c.memory }, size},
	} {
		line := monitor.Line{Label: part.name}
		highest := 0.0
		for _, c := range costs {
			line.Points = append(line.Points, monitor.GraphPoint{Time: float64(c.at.Unix()), Value: part.of(c)})
			highest = max(highest, part.of(c))
		}
		last := costs[len(costs)-1]
		window := monitor.Window{From: costs[0].at.Unix(), Until: last.at.Unix()}
		all = append(all, trend{Name: part.name, Last: part.text(part.of(last)), Highest: part.text(highest), Picture: newPicture([]monitor.Line{line}, window)})
	}
	return all
}

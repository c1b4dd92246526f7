package event

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"wingmirror/monitor"
)

// Points gives the values of a service's component in the order of time.
type Points interface {
	EventSeries(ctx context.Context, service, component string, from, until time.Time, fn func(server string, at time.Time, value float64)) error
}

// mostPoints bounds what one Series holds.
const mostPoints = 2_000_000

// Series returns the values of a service's component in a window, on a grid of
// step seconds: a series for each server, labelled with its name, of a cluster
// with the service's. Values within one step are averaged; a step without a
// value is NaN. As with Graphite the window's From is excluded, Until included.
func Series(ctx context.Context, points Points, service, component string, w monitor.Window, step int64) ([]monitor.Series, error) {
	first := w.From/step*step + step
	slots := (w.Until-first)/step + 1
	if slots < 1 {
		return nil, nil
	}
	if slots > mostPoints {
		return nil, monitor.Invalid("window", "%d points are more than the %d allowed", slots, mostPoints)
	}
	sums, counts := map[string][]float64{}, map[string][]float64{}
	from := time.Unix(first, 0)
	err := points.EventSeries(ctx, service, component, from, from.Add(time.Duration(slots*step)*time.Second), func(server string, at time.Time, value float64) {
		if sums[server] == nil {
			sums[server], counts[server] = make([]float64, slots), make([]float64, slots)
		}
		i := (at.Unix() - first) / step
		sums[server][i] += value
		counts[server][i]++
	})
	if err != nil {
		return nil, err
	}
	var all []monitor.Series
	for _, server := range slices.Sorted(maps.Keys(sums)) {
		s := monitor.Series{Label: server, Start: first, Step: step, Values: sums[server]}
		if server == "" {
			s.Label = service
		}
		for i, n := range counts[server] {
			if n == 0 {
				s.Values[i] = math.NaN()
			} else {
				s.Values[i] /= n
			}
		}
		all = append(all, s)
	}
	return all, nil
}

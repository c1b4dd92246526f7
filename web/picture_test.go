package web

import (
	"math"
	"testing"

	"wingmirror/monitor"
)

func TestNewPicture_GapsAndMarkers(t *testing.T) {
	graph := []monitor.Line{
		{Label: "rate", Points: []monitor.GraphPoint{{Time: 20, Value: 10}, {Time: 0, Value: 0}, {Time: 10, Value: math.NaN()}, {Time: 30, Value: 5}}},
		{Label: "drawAsInfinite(deploy)", Points: []monitor.GraphPoint{{Time: 0, Value: 0}, {Time: 15, Value: 1}}},
	}
	p := newPicture(graph, monitor.Window{From: 0, Until: 30})
	if p == nil || len(p.Lines) != 1 || p.Lines[0].D != "M0 78h0M200 2h0L300 40" {
		t.Fatalf("drew %+v", p)
	}
	if len(p.Markers) != 1 || p.Markers[0] != 150 || p.Low != "0" || p.High != "10" {
		t.Errorf("markers %v, from %s to %s", p.Markers, p.Low, p.High)
	}
	if got := newPicture(nil, monitor.Window{From: 0, Until: 30}); got != nil {
		t.Errorf("drew %+v of nothing", got)
	}
	if flat := newPicture([]monitor.Line{{Label: "x", Points: []monitor.GraphPoint{{Time: 5, Value: 3}}}}, monitor.Window{}); flat.Lines[0].D != "M300 40h0" {
		t.Errorf("a single point is drawn as %q", flat.Lines[0].D)
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 12.3456: "12.35", 1234: "1234", 12345: "12.35k", -2.5e6: "-2.5M", 3e12: "3T"} {
		if got := short(v); got != want {
			t.Errorf("short(%v) = %s, want %s", v, got, want)
		}
	}
}

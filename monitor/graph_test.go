package monitor

import (
	"math"
	"testing"
)

func TestDefaultGraph_AveragesNeighboursWhenThereAreTooManyPoints(t *testing.T) {
	null := math.NaN()
	targets := []Fetched{{Series: []Series{{Label: "a", Start: 100, Step: 10, Values: []float64{1, 3, null, 5, null, null, 9}}}}}
	lines := DefaultGraph(targets, 4)
	want := []GraphPoint{{Time: 100, Value: 2}, {Time: 120, Value: 5}, {Time: 140, Value: null}, {Time: 160, Value: 9}}
	if len(lines) != 1 || len(lines[0].Points) != len(want) {
		t.Fatalf("got %+v", lines)
	}
	for i, p := range lines[0].Points {
		if p.Time != want[i].Time || p.Value != want[i].Value && !math.IsNaN(want[i].Value) || math.IsNaN(want[i].Value) && !math.IsNaN(p.Value) {
			t.Errorf("point %d is %v, want %v", i, p, want[i])
		}
	}
	if all := DefaultGraph(targets, 0); len(all[0].Points) != 7 {
		t.Errorf("without a bound there are %d points, want 7", len(all[0].Points))
	}
	if n := PointsIn(targets); n != 4 {
		t.Errorf("there are %d points that have a value, want 4", n)
	}
}

package demo

import (
	"context"
	"fmt"
	"strconv"

	"github.com/go-graphite/carbonapi/expr/helper"
	"github.com/go-graphite/carbonapi/expr/interfaces"
	"github.com/go-graphite/carbonapi/expr/metadata"
	"github.com/go-graphite/carbonapi/expr/types"
	"github.com/go-graphite/carbonapi/pkg/parser"
)

// drawing is the functions that say how a series is drawn. The library has them
// only where it can draw, with a C library; without it they give nothing at all.
// Here nothing is drawn, but people write them around their targets, and the
// series inside must come through under the name that Graphite gives it.
type drawing struct{}

// drawingFunctions lists them as Graphite describes them, and whether the name
// of the series shows that they were there.
var drawingFunctions = []struct {
	name, params, about string
	named               bool
}{
	{"alpha", "seriesList, alpha", "Assigns the given alpha transparency setting to the series.", false},
	{"areaBetween", "seriesList", "Draws the area in between the two series in seriesList.", true},
	{"color", "seriesList, theColor", "Assigns the given color to the seriesList.", false},
	{"dashed", "seriesList, dashLength=5", "Draws the series with a dotted line.", true},
	{"drawAsInfinite", "seriesList", "Draws a vertical line where the series has a value that is not zero.", true},
	{"lineWidth", "seriesList, width", "Draws the series with a line of the given width.", false},
	{"secondYAxis", "seriesList", "Draws the series on the second Y axis.", true},
	{"stacked", "seriesLists, stackName='__DEFAULT__'", "Draws the series on top of those stacked before.", true},
	{"threshold", "value, label=None, color=None", "Draws a horizontal line at the value.", false},
}

func registerDrawing() {
	for _, f := range drawingFunctions {
		metadata.RegisterFunction(f.name, drawing{})
	}
}

// Do returns the series of the first argument, or a threshold's line.
func (drawing) Do(ctx context.Context, eval interfaces.Evaluator, e parser.Expr, from, until int64, read values) ([]*types.MetricData, error) {
	if e.Target() == "threshold" {
		return threshold(e, from, until)
	}
	series, err := helper.GetSeriesArg(ctx, eval, e.Arg(0), from, until, read)
	if err != nil {
		return nil, err
	}
	if e.Target() == "areaBetween" && len(series) != 2 {
		return nil, fmt.Errorf("areaBetween wants two series, not %d", len(series))
	}
	all := make([]*types.MetricData, len(series))
	for i, s := range series {
		all[i] = s.CopyLink()
		for _, f := range drawingFunctions {
			if f.name == e.Target() && f.named {
				all[i].Name = f.name + "(" + s.Name + ")"
			}
		}
	}
	return all, nil
}

func threshold(e parser.Expr, from, until int64) ([]*types.MetricData, error) {
	value, err := e.GetFloatArg(0)
	if err != nil {
		return nil, err
	}
	name, err := e.GetStringNamedOrPosArgDefault("label", 1, strconv.FormatFloat(value, 'g', -1, 64))
	if err != nil {
		return nil, err
	}
	line := &types.MetricData{Tags: map[string]string{"name": name}}
	line.Name, line.StartTime, line.StopTime, line.StepTime = name, from, until+1, until-from
	line.Values = []float64{value, value}
	return []*types.MetricData{line}, nil
}

// Description describes the functions as the library does the others.
func (drawing) Description() map[string]types.FunctionDescription {
	all := map[string]types.FunctionDescription{}
	for _, f := range drawingFunctions {
		all[f.name] = types.FunctionDescription{
			Name: f.name, Group: "Graph", Module: "graphite.render.functions",
			Function: f.name + "(" + f.params + ")", Description: f.about,
		}
	}
	return all
}

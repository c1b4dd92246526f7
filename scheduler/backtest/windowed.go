package backtest

import (
	"strings"

	"wingmirror/target"
)

// A live run asks for its window only. What a target gives in a window is often,
// but not always, what a longer answer has there:
//
//   - plain metrics, and functions that look at one moment at a time, can be cut
//     out of a longer answer;
//   - a derivative has no value at its window's first point, and otherwise can be
//     cut out as well;
//   - everything else (moving averages, summaries, integrals, the highest three)
//     depends on where the window begins, and is asked for tick by tick. So are
//     functions that this list does not know.
type dependence int

const (
	cuttable  dependence = iota // the slice is the answer
	firstNull                   // the slice with its first point taken away is the answer
	dependent                   // must be asked for
)

// momentary are functions whose value at a moment depends on that moment only,
// and which give null where all that they are given is null.
const momentary = ` alias aliasByNode aliasByMetric aliasSub aliasByTags color dashed alpha lineWidth secondYAxis stacked
	scale offset add absolute invert logarithm log exp pow powSeries squareRoot sigmoid logit round scaleToSeconds
	sumSeries sum averageSeries avg minSeries min maxSeries max rangeOfSeries rangeOf multiplySeries multiplySeriesWithWildcards
	sumSeriesWithWildcards averageSeriesWithWildcards aggregateWithWildcards aggregate diffSeries divideSeries divideSeriesLists
	asPercent pct group groupByNode groupByNodes groupByTags stddevSeries percentileOfSeries medianSeries median
	weightedAverage removeBelowValue removeAboveValue consolidateBy substr exclude grep sortByName seriesByTag unique timeShift drawAsInfinite `

// filling are momentary functions that give a value where they are given null.
const filling = ` transformNull isNonNull countSeries `

// differing are functions of each point and the one before.
const differing = ` derivative nonNegativeDerivative perSecond `

// dependenceOf says how a target can be had for many windows. A target that
// does not parse is cuttable: it fails in every window.
func dependenceOf(text string) (dependence, string) {
	expr, err := target.Parse(text)
	if err != nil {
		return cuttable, ""
	}
	return classify(expr)
}

// classify also names the function because of which a target is dependent.
func classify(e target.Expr) (dependence, string) {
	if e.Kind != target.Call {
		return cuttable, ""
	}
	var kinds [dependent]int // how many series arguments are of each kind
	for _, arg := range e.Args {
		switch arg.Value.Kind {
		case target.Path, target.Call:
		default:
			continue
		}
		kind, culprit := classify(arg.Value)
		if kind == dependent {
			return dependent, culprit
		}
		kinds[kind]++
	}
	switch {
	case named(differing, e.Text) && kinds[firstNull] == 0:
		return firstNull, ""
	case named(momentary, e.Text) && kinds[firstNull] == 0, named(filling, e.Text) && kinds[firstNull] == 0:
		return cuttable, ""
	case named(momentary, e.Text) && kinds[cuttable] == 0:
		return firstNull, ""
	}
	return dependent, e.Text
}

func named(list, name string) bool {
	for field := range strings.FieldsSeq(list) {
		if field == name {
			return true
		}
	}
	return false
}

// NamesPrevious reports whether a script names @previous, so that what it says
// may depend on the run before.
func NamesPrevious(script string) bool { return strings.Contains(script, "previous") }

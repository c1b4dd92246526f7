package backtest

import "testing"

func TestDependence_OnlyWhatIsKnownToBeMomentaryIsCut(t *testing.T) {
	for text, want := range map[string]dependence{
		"a.b.c":                                         cuttable,
		"alias(a.*, 'x')":                               cuttable,
		"sumSeries(a.*)|scale(2)":                       cuttable,
		"seriesByTag('name=x', 'dc=y')":                 cuttable,
		"asPercent(a, sumSeries(a, b))":                 cuttable,
		"transformNull(a, 0)":                           cuttable,
		"perSecond(a)":                                  firstNull,
		"alias(scale(nonNegativeDerivative(a),60),'x')": firstNull,
		"sumSeries(perSecond(a), perSecond(b))":         firstNull,
		"sumSeries(perSecond(a), b)":                    dependent,
		"transformNull(perSecond(a), 0)":                dependent,
		"derivative(derivative(a))":                     dependent,
		"movingAverage(a, 5)":                           dependent,
		"alias(summarize(a, '5min'), 'x')":              dependent,
		"integral(a)":                                   dependent,
		"highestMax(a.*, 3)":                            dependent,
		"keepLastValue(a)":                              dependent,
		"sumSeries(movingMedian(a,'5min'), b)":          dependent,
		"somethingNew(a)":                               dependent,
		"f(":                                            cuttable,
	} {
		if got, culprit := dependenceOf(text); got != want || (got == dependent) != (culprit != "") {
			t.Errorf("%s: got %d because of %q, want %d", text, got, culprit, want)
		}
	}
}

package synthetic_test

import (
	"reflect"
	"testing"

	"wingmirror/histogram"
	"wingmirror/histogram/cerberus"
	"wingmirror/histogram/synthetic"
	"wingmirror/monitor"
)

func byDefault(p monitor.Probe, periods []monitor.HistogramPeriod) []monitor.Regression {
	return histogram.Detector{}.Detect(p, periods).Regressions
}

func byCerberus(p monitor.Probe, periods []monitor.HistogramPeriod) []monitor.Regression {
	return cerberus.DetectPeriods(p, periods).Regressions
}

func TestMake_EqualSeedsGiveEqualSeries(t *testing.T) {
	for _, c := range synthetic.Classes() {
		if !reflect.DeepEqual(synthetic.Make(c, 7, 3, 10), synthetic.Make(c, 7, 3, 10)) {
			t.Errorf("%s: two series of one seed differ", c.Name)
		}
		if reflect.DeepEqual(synthetic.Make(c, 7, 3, 10).Periods, synthetic.Make(c, 8, 3, 10).Periods) {
			t.Errorf("%s: two seeds give one series", c.Name)
		}
	}
}

func TestDefault_BeatsCerberusOnEveryClass(t *testing.T) {
	ours, theirs := synthetic.Measure(byDefault, 1, 20), synthetic.Measure(byCerberus, 1, 20)
	for i, c := range synthetic.Classes() {
		a, b := ours[i], theirs[i]
		if c.Changes && a.F1() <= b.F1() {
			t.Errorf("%s: F1 %.2f against %.2f", c.Name, a.F1(), b.F1())
		}
		if !c.Changes && a.Wrong > b.Wrong {
			t.Errorf("%s: %d false alarms against %d", c.Name, a.Wrong, b.Wrong)
		}
	}
}

package engine

import (
	"strings"
	"testing"
)

func TestHistogram_WorksOnEverySource(t *testing.T) {
	e := newEngine(t)
	for script, want := range map[string]string{
		`histogram(@timeseries, [0, 2, 10]).counts.join(" ")`:                                    "1 4",
		`histogram([@a, @b], [0, 2, 10]).total`:                                                  "5",
		`histogram(@a, [0, 2, 10]).counts.join(" ")`:                                             "1 1",
		`histogram([], [0, 2]).quantile(0.5, "none")`:                                            "none",
		`histogram([1, null, 3], [0, 2, 4]).merge(histogram([5], [0, 2, 4])).counts.join(" ")`:   "1 2",
		`JSON.stringify(histogram([1], [0, 2]))`:                                                 `{"edges":[0,2],"counts":[1]}`,
		`histogram([1, 2], [0, 2, 4]).distance(histogram([1, 1], [0, 2, 4]), "hellinger") > 0.5`: "true",
		`"counts" in histogram([1], [0, 2])`:                                                     "true",
	} {
		got := e.Run(input("puts("+script+")", target("a", 1, nan, 3), target("b", 4, 5, 6)))
		if strings.TrimSpace(got.Output) != want {
			t.Errorf("%s: got %q %s, want %q", script, got.Output, got.Message(), want)
		}
	}
}

func TestHistogram_WrongUseSaysWhatIsExpected(t *testing.T) {
	e := newEngine(t)
	for script, want := range map[string]string{
		`histogram(5, [0, 1])`:               "TypeError: histogram: the data must be a series or an array of numbers, but is the number 5",
		`histogram([1], 5)`:                  "TypeError: histogram: edges must be a series or an array of numbers, but is the number 5",
		`histogram([1], [1, 0])`:             "TypeError: histogram: edges[1]: 0 is not above the edge before it, 1; edges ascend",
		`histogram([1], [1])`:                "TypeError: histogram: counts: there is no bucket; send at least one",
		`histogram([@a, 5], [0, 1])`:         "TypeError: histogram: element 1 of the data must be a series like those before it, but is the number 5",
		`histogram([1], [0, 2]).distance(3)`: "TypeError: distance: other must be a histogram, but is the number 3",
		`histogram([1], [0, 2]).distance({ get edges() { throw "ran" } })`: "TypeError: distance: other must be a histogram, but is an object",
		`histogram([1], [0, 2]).distance(histogram([], [0, 2]))`:           "RangeError: distance: an empty histogram is at no distance from anything",
		`histogram([1], [0, 2]).distance(histogram([1], [0, 2]), "x")`:     `RangeError: distance: "x" is none of the distances wasserstein, ks, jensen-shannon, hellinger, cramer`,
		`histogram([1], [0, 2]).quantile(50)`:                              "RangeError: quantile: q must be a share from 0 to 1, but is 50",
		`histogram([], [0, 2]).quantile(0.5)`:                              "RangeError: quantile: the histogram is empty",
		`histogram([1], [0, 2]).counts = []`:                               "TypeError: a histogram's counts cannot be changed",
	} {
		if got := e.Run(input(script, target("a", 1))); !strings.HasPrefix(got.Message(), want) {
			t.Errorf("%s: got %q, want %q", script, got.Message(), want)
		}
	}
}

package main

import (
	"strings"
	"testing"

	"wingmirror/stdlib"
)

func TestHelpStdlib_ListsEveryName(t *testing.T) {
	code, out, errs := invoke(t, nil, "help", "stdlib")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, e := range stdlib.Entries() {
		if !strings.Contains(out, "  "+e.Name+" ") || !strings.Contains(out, e.Summary) {
			t.Errorf("%s is not listed", e.Name)
		}
	}
}

func TestHelpStdlib_FindsANameHoweverItIsWritten(t *testing.T) {
	for _, name := range []string{"moving_average", "movingAverage", "MOVING_AVERAGE", "moving_average(@a, 5)", "@a.moving_average", "@a.movingAverage()"} {
		code, out, errs := invoke(t, nil, "help", "stdlib", name)
		if code != exitOK || !strings.HasPrefix(out, "moving_average(") || !strings.Contains(out, "Example:") {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, errs)
		}
	}
	for name, want := range map[string]string{"@timeseries": "@timeseries", "timeseries": "@timeseries", "series.last": "last", "Warning": "Warning"} {
		if code, out, errs := invoke(t, nil, "help", "stdlib", name); code != exitOK || !strings.Contains(out, want) {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, errs)
		}
	}
}

func TestHelpStdlib_NamesTheNearest(t *testing.T) {
	for want, args := range map[string][]string{
		"did you mean percentile?":   {"percentil"},
		"did you mean with_metrics?": {"with_metric"},
		"all names: wingmirror help": {"zzzzzzzzzzzzzz"},
		"give one name":              {"mean", "median"},
	} {
		code, _, errs := invoke(t, nil, append([]string{"help", "stdlib"}, args...)...)
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, no %q in %s", args, code, want, errs)
		}
	}
}

func TestHelp_StillKnowsTheCommands(t *testing.T) {
	if code, out, _ := invoke(t, nil, "help", "serve"); code != exitOK || !strings.Contains(out, "--graphite") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

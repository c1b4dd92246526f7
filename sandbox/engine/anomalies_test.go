package engine

import (
	"strings"
	"testing"
)

func TestAnomalies_RefusesWhatItCannotJudge(t *testing.T) {
	for script, want := range map[string]string{
		"anomalies(Array(20001).fill(1))":     "RangeError: anomalies: it judges 20000 values at most, and was given 20001",
		"anomalies([1, 2], 2)":                "RangeError: anomalies: threshold must be above 0 and at most 1",
		`anomalies([1, 2], "0.5")`:            "TypeError: anomalies: threshold must be a number",
		"anomalies()":                         "TypeError: anomalies: the data must be a series",
		"p([].anomalies(), anomalies([1]))":   "",
		"p(anomalies(Array(500).fill(null)))": "",
	} {
		got := newEngine(t).Run(input(script))
		message := ""
		if got.Thrown != nil || got.Reason != "" {
			message = got.Reason
		}
		if !strings.Contains(message, want) || want == "" && message != "" {
			t.Errorf("%s ends with %q, want %q", script, message, want)
		}
	}
}

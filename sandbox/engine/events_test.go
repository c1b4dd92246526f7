package engine

import (
	"strings"
	"testing"

	"wingmirror/monitor"
)

func TestEvents_GivesTheSeriesOfItsTarget(t *testing.T) {
	load := monitor.Fetched{Target: `events("Inbox", "Load")`, Status: monitor.StatusOK, Series: []monitor.Series{
		{Label: "inbox1", Start: 60, Step: 60, Values: []float64{1, 2}}, {Label: "inbox2", Start: 60, Step: 60, Values: []float64{3, 4}},
	}}
	none := monitor.Fetched{Target: `events("Mail", "Load")`, Status: monitor.StatusMissing}
	script := `puts(events('Inbox', "Load").map(s => s.label + " " + s.last_value()).join(), events("Mail", "Load").length, @timeseries.length)`
	if got := output(t, script, target("other", 1), none, load); got != "inbox1 2,inbox2 4\n0\n4\n" {
		t.Errorf("got %q", got)
	}
}

func TestEvents_SaysWhatIsMissing(t *testing.T) {
	for script, want := range map[string]string{
		`const s = "Inbox"; events(s, "Load")`: `events: events("Inbox", "Load") is not among the targets`,
		`events("Inbox")`:                      "events: component must be a text, but is missing",
	} {
		got := newEngine(t).Run(input(script))
		if !strings.Contains(got.Message(), want) {
			t.Errorf("%s: got %q, want %q", script, got.Message(), want)
		}
	}
}

package monitor_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func valid() monitor.Monitor {
	return monitor.Monitor{
		Name: "Conversion rate", Group: "shop/checkout", Labels: map[string]string{"team": "checkout"},
		Schedule: "*/5 * * * *", Zone: "Europe/Berlin", CatchUp: monitor.CatchUpOnce,
		Targets: []string{"# all shops", "", "sumSeries(shop.*.impressions)"}, Minutes: 60,
		Script: "puts(1)", Params: json.RawMessage(`{"limit": 3}`),
		Alerts: []string{"mailto:ops+alerts@example.com", "pagerduty:0123456789abcdef0123456789abcdef"},
	}
}

func TestValidate_AcceptsWhatIsWhole(t *testing.T) {
	if err := monitor.Validate(valid(), monitor.Rules{MinInterval: time.Minute, MaxScript: 1000}); err != nil {
		t.Error(err)
	}
	blank := valid()
	blank.Alerts = append(blank.Alerts, " ")
	if err := monitor.Validate(blank, monitor.Rules{}); err != nil {
		t.Error(err)
	}
	bare := monitor.Monitor{Name: "x", Schedule: "@hourly"}
	if err := monitor.Validate(bare, monitor.Rules{}); err != nil {
		t.Error(err)
	}
}

func TestValidate_NamesTheFieldOfEachMistake(t *testing.T) {
	rules := monitor.Rules{MinInterval: time.Minute, MaxScript: 100}
	for field, spoil := range map[string]func(*monitor.Monitor){
		"name":        func(m *monitor.Monitor) { m.Name = "  " },
		"description": func(m *monitor.Monitor) { m.Description = strings.Repeat("x", 10_001) },
		"group":       func(m *monitor.Monitor) { m.Group = "/shop" },
		"labels":      func(m *monitor.Monitor) { m.Labels = map[string]string{"1 x": "y"} },
		"schedule":    func(m *monitor.Monitor) { m.Schedule = "75 * * * *" },
		"timezone":    func(m *monitor.Monitor) { m.Zone = "Europe/Berln" },
		"catch_up":    func(m *monitor.Monitor) { m.CatchUp = "twice" },
		"targets[2]":  func(m *monitor.Monitor) { m.Targets[2] = "sumSeries(a" },
		"targets":     func(m *monitor.Monitor) { m.Targets = strings.Split(strings.Repeat("a.b ", 251), " ")[:251] },
		"minutes":     func(m *monitor.Monitor) { m.Minutes = -1 },
		"script":      func(m *monitor.Monitor) { m.Script = strings.Repeat("x", 101) },
		"params":      func(m *monitor.Monitor) { m.Params = json.RawMessage(`[1]`) },
		"alerts[1]":   func(m *monitor.Monitor) { m.Alerts[1] = "pagerduty:123" },
	} {
		m := valid()
		spoil(&m)
		errs := monitor.AllFieldErrors(monitor.Validate(m, rules))
		if len(errs) != 1 || errs[0].Field != field || errs[0].Message == "" {
			t.Errorf("%s: got %v", field, errs)
		}
	}
}

func TestValidate_FindsEverythingAtOnce(t *testing.T) {
	errs := monitor.AllFieldErrors(monitor.Validate(monitor.Monitor{Schedule: "x", Zone: "Local", Targets: []string{")"}}, monitor.Rules{}))
	if len(errs) != 4 {
		t.Errorf("got %d errors, want name, timezone, schedule and target: %v", len(errs), errs)
	}
}

func TestValidate_HoldsTheMinimumInterval(t *testing.T) {
	for spec, ok := range map[string]bool{"*/30 * * * * *": false, "@every 10s": false, "* * * * *": true, "@every 60s": true, "0,1 * * * *": true, "0 59 23 * * *": true,
		"0,30 0 0 1 * *": false, "10 0 0 1 1 *": true} {
		m := valid()
		m.Schedule = spec
		if err := monitor.Validate(m, monitor.Rules{MinInterval: time.Minute}); (err == nil) != ok {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

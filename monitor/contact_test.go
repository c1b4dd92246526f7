package monitor

import (
	"strings"
	"testing"
	"time"
)

func TestValidateContactGroup_NamesFieldAndFix(t *testing.T) {
	office := Hours{{Days: allDays, From: 480, Until: 1080}}
	stored := []ContactGroup{
		{Name: "night", Members: []string{"mailto:n@example.com"}, Hours: office, Otherwise: "ops"},
		{Name: "managers", Members: []string{"mailto:m@example.com"}, Escalation: Escalation{time.Hour, "ops"}},
		{Name: "board", Members: []string{"mailto:b@example.com"}},
	}
	good := ContactGroup{
		Name: "ops", Members: []string{"mailto:a@example.com", "pagerduty:0123456789abcdef0123456789abcdef"}, Hours: office,
		Zone: "Europe/Berlin", Otherwise: "board", Escalation: Escalation{15 * time.Minute, "board"},
	}
	if err := ValidateContactGroup(good, stored); err != nil {
		t.Errorf("a good group: %v", err)
	}
	rows := []struct {
		name, field, text string
		change            func(*ContactGroup)
	}{
		{"name", "name", "small letters", func(g *ContactGroup) { g.Name = "Ops team" }},
		{"nobody", "members", "at least one", func(g *ContactGroup) { g.Members = nil }},
		{"a member that is none", "members[1]", "write mailto:b@example.com", func(g *ContactGroup) { g.Members[1] = "b@example.com" }},
		{"a group in a group", "members[0]", "cannot be in a group", func(g *ContactGroup) { g.Members[0] = "group:board" }},
		{"zone", "timezone", "Europe/Berlin", func(g *ContactGroup) { g.Zone = "Berlin" }},
		{"unknown, but like another", "otherwise", "did you mean board", func(g *ContactGroup) { g.Otherwise = "bord" }},
		{"unknown", "escalate_to", "there are night, managers, board, ops", func(g *ContactGroup) { g.Escalation.To = "zzzzzzzzzz" }},
		{"always on duty", "otherwise", "give it hours", func(g *ContactGroup) { g.Hours = nil }},
		{"itself", "otherwise", "leads back", func(g *ContactGroup) { g.Otherwise = "ops" }},
		{"round about", "otherwise", "night leads back to ops", func(g *ContactGroup) { g.Otherwise = "night" }},
		{"round about by escalation", "escalate_to", "managers leads back to ops", func(g *ContactGroup) { g.Escalation.To = "managers" }},
		{"no time", "escalate_after", "between 1m", func(g *ContactGroup) { g.Escalation.After = 0 }},
		{"too short", "escalate_after", "between 1m", func(g *ContactGroup) { g.Escalation.After = time.Second }},
		{"to nobody", "escalate_to", "which group", func(g *ContactGroup) { g.Escalation.To = "" }},
	}
	for _, row := range rows {
		g := good
		g.Members = append([]string{}, good.Members...)
		row.change(&g)
		all := append([]ContactGroup{}, stored...)
		if g.Name == "ops" {
			all = append(all, good) // it replaces this one
		}
		found := false
		for _, e := range AllFieldErrors(ValidateContactGroup(g, all)) {
			found = found || e.Field == row.field && strings.Contains(e.Message, row.text)
		}
		if !found {
			t.Errorf("%s: %v, want %q about %s", row.name, ValidateContactGroup(g, all), row.text, row.field)
		}
	}
}

func TestCheckGroups_NamesTheNearest(t *testing.T) {
	alerts := []string{"mailto:a@example.com", "group:ops", "group:mangers"}
	errs := CheckGroups(alerts, []string{"managers", "ops"})
	if len(errs) != 1 || errs[0].Field != "alerts[2]" || !strings.Contains(errs[0].Message, "did you mean managers?") {
		t.Errorf("got %v", errs)
	}
	if errs := CheckGroups([]string{"group:ops"}, nil); len(errs) != 1 || !strings.Contains(errs[0].Message, "none yet") {
		t.Errorf("without any group: %v", errs)
	}
}

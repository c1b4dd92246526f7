package event

import (
	"encoding/json"
	"maps"
	"slices"

	"wingmirror/monitor"
)

// Word is one key of a rules file, for completion and help.
type Word struct {
	Name string `json:"name"`
	Help string `json:"help"`
}

// Words returns the keys that a rule can have, with what each means.
func Words() []Word {
	return []Word{
		{"name", "what alerts and pages call the rule"},
		{"description", "for whoever is woken by it"},
		{"severity", "one of those under severities"},
		{"condition", `which events it is about, such as component == "Disk" and value > 0.9 and active`},
		{"threshold", "for the text of alerts only; the limit is in the condition"},
		{"majority", "true: more than half of the service's active servers must match at the same time"},
		{"at_least", "60%, or a number: how many of the service's active servers must match at the same time"},
		{"within", "with majority and at_least: compare each server's newest event of this time, instead of equal timestamps"},
		{"min_members", "with majority and at_least: servers that must be there to say anything"},
		{"where", "which events the rule looks at, when that is not to be taken from the condition"},
		{"group_by", "fields whose values tell one alert from the next"},
		{"for", "how long it must hold before it fires"},
		{"keep_firing_for", "how long it fires on after it has ended"},
		{"clear", "a condition that ends the alert, instead of the first event that does not match"},
		{"count", "{above: 10, within: 5m}: how many events match"},
		{"rate", "{above: 2, per: 1s, within: 5m}: how many events match in a unit of time"},
		{"aggregate", "{of: value, by: avg, above: 4, within: 10m, min_events: 3}: avg, sum, min, max or p95 of a field"},
		{"distinct", "{of: user, above: 5, within: 10m}: how many different values a field has"},
		{"spike", "{times: 3, within: 10m}: against the window before"},
		{"flatline", "{within: 10m}: a key that was heard of sends nothing"},
		{"change", "a field has another value than in the event before"},
		{"new_value", "{of: country, within: 30d}: a field has a value not seen for so long"},
		{"sequence", "{steps: [A, B], within: 10m}: conditions that must match one after the other"},
		{"missing", "{after: A, expect: B, within: 1h}: A happened and B did not"},
		{"no_data", "keep, ok or alert: what becomes of a key that is silent for no_data_after"},
		{"no_data_after", "how long a key must be silent for no_data"},
		{"forget_after", "how long a key must be silent to be forgotten; default a day"},
		{"lateness", "how long to wait for events that come late"},
		{"max_keys", "most keys of the rule"},
		{"alerts", "destinations, as in a monitor"},
		{"group", "path such as shop/checkout"},
		{"labels", "for silences and the board"},
		{"repeat", "between notices of one incident, such as 4h, or never"},
		{"flapping", "true: an incident stays open while it changes back and forth"},
		{"severities", "NAME: {description, color, level: warning or critical}"},
		{"rules", "the list of rules"},
		{"tests", "events, and the alerts that must come of them"},
		{"defaults", "keys that hold for every rule that does not give them itself"},
		{"fields", "fields of your events whose names are nearly those of the common ones"},
	}
}

// FieldsOf returns the names of all fields of some events, sorted.
func FieldsOf(events []monitor.PushedEvent) []string {
	names := map[string]bool{}
	for name := range monitor.EventTypes() {
		names[name] = true
	}
	for _, e := range events {
		var fields map[string]json.RawMessage
		if json.Unmarshal(e.Body, &fields) == nil {
			for name := range fields {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

package demo

import (
	"time"

	"wingmirror/monitor"
)

// Components returns the demo's board: a shop whose parts stand as the example
// monitors say, and a freeze that is planned for every weekend.
func Components() []monitor.Component {
	all := monitor.Counts{Rule: monitor.CountAll}
	return []monitor.Component{
		{
			ID: "production", Name: "Production", Contact: "duty@example.com", Counts: all, Description: "Everything that customers see.",
			SourcesText: `- name: freezes
  type: calendar
  title: No deploys at the weekend
  begins: 0 16 * * 5
  lasts: 2d14h
  level: DC1
`,
			Effects: map[monitor.DC]string{monitor.DC3: "Deploy only what you can watch, and tell the duty."},
		},
		{
			ID: "checkout", Name: "Checkout", Parent: "production", Counts: all, Contact: "checkout@example.com",
			SourcesText: "- name: monitors\n  type: subjects\n  labels: {team: checkout}\n  schedule: 15s\n",
		},
		{
			ID: "web", Name: "Web pages", Parent: "production", Counts: all,
			SourcesText: "- name: monitors\n  type: subjects\n  labels: {team: web}\n  schedule: 15s\n",
		},
		{
			ID: "accounts", Name: "Accounts", Parent: "production", Counts: monitor.Counts{Rule: monitor.CountCapped, Cap: monitor.DC3},
			SourcesText: "- name: monitors\n  type: subjects\n  labels: {team: accounts}\n  schedule: 15s\n",
		},
		{
			ID: "machines", Name: "Machines", Parent: "production", Counts: all,
			SourcesText: "- name: monitors\n  type: subjects\n  labels: {team: machines}\n  schedule: 15s\n  levels: {critical: DC3}\n",
		},
		{
			ID: "office", Name: "Office", Counts: all, Description: "What only we see.",
			SourcesText: "- name: known\n  type: static\n  rationales:\n  - {title: The printer on the third floor is slow, level: DC4, link: 'https://wiki.example.com/printer'}\n",
		},
	}
}

// Override returns the demo's override, which begins at a time.
func Override(at time.Time) monitor.Override {
	return monitor.Override{
		Component: "machines", Level: monitor.DC4, Reason: "The new disks arrive today; the forecast is about the old ones",
		Author: "demo", From: at, Until: at.Add(4 * time.Hour),
	}
}

package demo

import (
	_ "embed" // for the rules
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// EventRules are the rules of the demo, as the rules file that they are in.
//
//go:embed rules.yaml
var EventRules string

// EventEvery is how often the agents of the demo push events.
const EventEvery = 30 * time.Second

// pushed is an event as an agent writes it.
type pushed struct {
	Server    string  `json:"server,omitempty"`
	Service   string  `json:"service"`
	Component string  `json:"component"`
	Value     float64 `json:"value"`
	Timestamp int64   `json:"timestamp"`
	Active    bool    `json:"active"`
	User      string  `json:"user,omitempty"`
	Result    string  `json:"result,omitempty"`
	Step      string  `json:"step,omitempty"`
}

// Events returns what the agents of a small fleet push at a time, one event on
// each line. The same time gives the same events: the mail servers are loaded
// for some minutes of every hour, the reports' disk fills up over two hours and
// is cleaned, somebody guesses passwords now and then, and one backup an hour is
// forgotten.
func Events(at time.Time) []byte {
	at = at.UTC().Truncate(EventEvery)
	var all []pushed
	add := func(e pushed) {
		e.Timestamp, e.Active = at.Unix(), true
		all = append(all, e)
	}
	minute := float64(at.Minute()) + float64(at.Second())/60
	for i, server := range []string{"inbox1", "inbox2", "inbox3"} {
		load := 1.8 + 0.9*wave(at, 7, i) + 0.4*wave(at, 3, i+5)
		if minute >= 20 && minute < 27 && i < 2 || minute >= 22 && minute < 24 {
			load += 3.2
		}
		add(pushed{Server: server, Service: "Inbox", Component: "Load5mAvg", Value: round(load)})
		add(pushed{Server: server, Service: "Inbox", Component: "DiskUsedPercentage", Value: round(0.55 + 0.02*float64(i))})
	}
	fill := math.Mod(float64(at.Unix())/60, 120) / 120 // of its way to full
	add(pushed{Server: "reports1", Service: "Reports", Component: "DiskUsedPercentage", Value: round(0.6 + 0.36*fill)})
	add(pushed{Server: "reports2", Service: "Reports", Component: "DiskUsedPercentage", Value: round(0.93 + 0.01*wave(at, 90, 0))})
	add(pushed{Service: "Queue", Component: "Waiting", Value: math.Round(40 + 35*wave(at, 11, 2))})
	if at.Second() == 0 {
		user, result := []string{"ada", "ben", "cleo"}[at.Minute()%3], "ok"
		add(pushed{Service: "Login", Component: "login", Value: 1, User: user, Result: result})
	}
	if minute >= 40 && minute < 43 {
		for range 3 {
			add(pushed{Service: "Login", Component: "login", Value: 1, User: "eve", Result: "failed"})
		}
	}
	if at.Second() == 0 && at.Minute() == 5 {
		add(pushed{Server: "db1", Service: "Backup", Component: "backup", Value: 1, Step: "begin"})
	}
	if at.Second() == 0 && at.Minute() == 12 && at.Hour()%2 == 0 {
		add(pushed{Server: "db1", Service: "Backup", Component: "backup", Value: 1, Step: "end"})
	}
	var out []byte
	for _, e := range all {
		line, err := json.Marshal(e)
		if err != nil {
			panic(fmt.Sprintf("demo: an event is no JSON: %v", err)) // all values are numbers and texts of this file
		}
		out = append(append(out, line...), '\n')
	}
	return out
}

// wave swings between -1 and 1 with a period in minutes.
func wave(at time.Time, period float64, shift int) float64 {
	return math.Sin(float64(at.Unix())/60/period*2*math.Pi + float64(shift))
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }

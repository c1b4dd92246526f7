package rules

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wingmirror/event"
	"wingmirror/monitor"
	"wingmirror/web"
)

type rulesData struct {
	CanEdit  bool
	InForce  monitor.RuleFile
	File     string
	Problem  string
	Rules    []ruleRow
	Firing   []ruleFiringBody
	More     int // firing that are not listed
	Troubles []troubleRow
	Versions []monitor.RuleFile
	Boot     rulesBoot
}

type ruleRow struct {
	Name, Severity, Description string
	Level                       monitor.Level
	Line                        int
	Firing                      int
}

type troubleRow struct{ Rule, Text string }

// rulesBoot is what the page's script begins with.
type rulesBoot struct {
	Text    string `json:"text"`
	Version int    `json:"version"`
	CanEdit bool   `json:"can_edit"`
}

const (
	listedFiring   = 100
	listedVersions = 20
)

func (d desk) rulesPage(w http.ResponseWriter, r *http.Request) error {
	standing, inForce := d.Live.Standing(), d.Book.InForce()
	versions, err := d.Book.Versions(r.Context(), 0, listedVersions)
	if err != nil {
		return err
	}
	text := inForce.Text
	if inForce.Version == 0 {
		text = event.DefaultRules
	}
	data := rulesData{
		CanEdit: d.h.May(r.Context(), monitor.RoleEditor) && d.File == "", InForce: inForce, File: d.File, Problem: d.Book.Problem(), Versions: versions,
	}
	data.Boot = rulesBoot{Text: text, Version: inForce.Version, CanEdit: data.CanEdit}
	count := map[*event.Rule]int{}
	worst := monitor.OK
	for _, a := range standing.Firing {
		count[a.Rule]++
		worst = max(worst, a.Rule.Severity.Level)
		if len(data.Firing) < listedFiring {
			data.Firing = append(data.Firing, toFiring(a))
		}
	}
	data.More = len(standing.Firing) - len(data.Firing)
	for _, rule := range standing.File.Rules {
		data.Rules = append(data.Rules, ruleRow{rule.Name, rule.Severity.Name, rule.Description, rule.Severity.Level, rule.Line, count[rule]})
	}
	for _, t := range standing.Troubles {
		data.Troubles = append(data.Troubles, troubleRow{t.Rule.Name, troubleText(t)})
	}
	return d.h.Render(w, r, web.View{Page: "rules", Title: "Rules", Nav: "Rules", Styled: true, Live: true, Worst: worst, Data: data})
}

type eventsData struct {
	Query  map[string]string
	Rows   []eventRow
	More   string // the address of the next page; "" when there is none
	Names  monitor.EventNames
	Chart  any // what the chart shows; nil for none
	Events bool
	Base   string // address of these pages, for what is to be copied
}

type eventRow struct {
	monitor.PushedEvent
	Value string
	Extra string
	At    time.Time
}

func (d desk) eventsPage(w http.ResponseWriter, r *http.Request) error {
	ctx, query := r.Context(), r.URL.Query()
	data := eventsData{Query: map[string]string{}, Base: d.Base}
	for _, name := range []string{"service", "component", "server", "q", "hours"} {
		data.Query[name] = strings.TrimSpace(query.Get(name))
	}
	hours, err := strconv.ParseFloat(data.Query["hours"], 64)
	if err != nil || hours <= 0 || hours > 24*366 {
		hours = 24
	}
	now := d.h.Now()
	before, _ := strconv.ParseInt(query.Get("before"), 10, 64) // else the first page
	f := monitor.EventFilter{
		From: now.Add(-time.Duration(hours * float64(time.Hour))), Service: data.Query["service"], Component: data.Query["component"],
		Server: data.Query["server"], Text: data.Query["q"], Before: before, Limit: shownEvents,
	}
	found, err := d.Store.Events(ctx, f)
	if err != nil {
		return err
	}
	for _, e := range found {
		data.Rows = append(data.Rows, eventRow{e, strconv.FormatFloat(e.Value, 'g', 6, 64), extra(e.Body), e.At()})
	}
	if len(found) == shownEvents {
		next := url.Values{"before": {strconv.FormatInt(found[len(found)-1].Seq, 10)}}
		for name, value := range data.Query {
			if value != "" {
				next.Set(name, value)
			}
		}
		data.More = "/rules/events?" + next.Encode()
	}
	if data.Names, err = d.Store.EventNames(ctx, f.From, namesSeen); err != nil {
		return err
	}
	data.Events = len(data.Names.Services) > 0
	if f.Service != "" && f.Component != "" {
		in := &eventSeriesInput{Service: f.Service, Component: f.Component, From: f.From, Until: now}
		out, err := d.series(ctx, in)
		if err != nil {
			return err
		}
		data.Chart = map[string]any{"graph": out.Body.Series, "window": map[string]int64{"from": out.Body.From, "until": out.Body.Until}, "trouble": nil}
	}
	return d.h.Render(w, r, web.View{Page: "events", Title: "Events", Nav: "Rules", Styled: true, Data: data})
}

// extra returns the fields that have no column of their own, as JSON.
func extra(body []byte) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return ""
	}
	for _, name := range []string{"server", "service", "component", "value", "timestamp", "active"} {
		delete(fields, name)
	}
	if len(fields) == 0 {
		return ""
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return ""
	}
	return monitor.Cut(string(text), 300)
}

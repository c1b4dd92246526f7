package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

// alert is one alert of Alertmanager, of API v2 or, with the fields at the end,
// of the older v1.
type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
	Receivers    []receiver        `json:"receivers"`
	Status       struct {
		State string `json:"state"`
	} `json:"status"`
	Inhibited bool            `json:"inhibited"`
	Silenced  json.RawMessage `json:"silenced"`

	raw map[string]any // all of it, for templates
}

type receiver struct {
	Name string `json:"name"`
}

// UnmarshalJSON reads a receiver as an object, as v2 has it, or as its name.
func (r *receiver) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &r.Name)
	}
	var object struct{ Name string }
	err := json.Unmarshal(data, &object)
	r.Name = object.Name
	return err
}

// UnmarshalJSON keeps the whole alert for templates.
func (a *alert) UnmarshalJSON(data []byte) error {
	type plain alert
	if err := json.Unmarshal(data, (*plain)(a)); err != nil {
		return err
	}
	return json.Unmarshal(data, &a.raw)
}

// active reports whether the alert is neither silenced, inhibited nor over.
func (a alert) active(at time.Time) bool {
	silenced := len(a.Silenced) > 0 && !slices.Contains([]string{"null", "false", `""`}, string(a.Silenced))
	over := a.EndsAt.Year() > 1 && !a.EndsAt.After(at)
	return (a.Status.State == "active" || a.Status.State == "") && !a.Inhibited && !silenced && !over
}

type alertGroup struct {
	Alerts []alert `json:"alerts"`
	Blocks []struct {
		Alerts []alert `json:"alerts"`
	} `json:"blocks"`
}

type alertmanager struct {
	server             server
	receiver           string
	labels             map[string]string
	patterns           map[string]*regexp.Regexp
	level              levelRule
	title, about, link template
	plain              bool // no description was asked for: labels and annotations
}

func openAlertmanager(k Kinds, s *settings) board.Source {
	a := alertmanager{
		server: k.server(s, "url"), receiver: s.text("receiver"), labels: map[string]string{}, patterns: map[string]*regexp.Regexp{},
		level: s.levelRule("level", monitor.DC3, "labels"),
		title: s.template("title", "{{ labels.alertname }}"), plain: s.text("description") == "", about: s.template("description", ""),
		link: s.template("link", "{{ generatorURL }}"),
	}
	for name, value := range s.texts("labels") {
		text, isPattern := strings.CutPrefix(value, "~")
		if !isPattern {
			a.labels[name] = value
			continue
		}
		pattern, err := regexp.Compile("^(?:" + text + ")$")
		if err != nil {
			s.wrong("labels", "the pattern of %s cannot be used: %v", name, err)
		}
		a.patterns[name] = pattern
	}
	return asking{a, a.server.base.Host}
}

// Read implements board.Source.
func (a alertmanager) Read(ctx context.Context, at time.Time) ([]monitor.Rationale, error) {
	var raw json.RawMessage
	if err := a.server.get(ctx, a.server.url("/api/v2/alerts/groups", nil), &raw); err != nil {
		return nil, err
	}
	alerts, err := parseAlerts(raw)
	if err != nil {
		return nil, err
	}
	var all []monitor.Rationale
	for _, alert := range alerts {
		if alert.active(at) && a.wants(alert) {
			all = append(all, a.rationale(alert))
		}
	}
	return all, nil
}

// parseAlerts reads groups of API v2, or of v1.
func parseAlerts(raw json.RawMessage) ([]alert, error) {
	var old struct {
		Status string          `json:"status"`
		Data   json.RawMessage `json:"data"`
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		if err := json.Unmarshal(raw, &old); err != nil || old.Status != "success" || len(old.Data) == 0 {
			return nil, errors.New("the answer is none of Alertmanager's: it is neither a list of groups nor a success with data")
		}
		raw = old.Data
	}
	var groups []alertGroup
	if err := json.Unmarshal(raw, &groups); err != nil {
		return nil, fmt.Errorf("the groups of alerts cannot be read: %w", err)
	}
	if groups == nil {
		return nil, errors.New("the answer is none of Alertmanager's: it has no list of groups")
	}
	var all []alert
	for _, g := range groups {
		all = append(all, g.Alerts...)
		for _, b := range g.Blocks {
			all = append(all, b.Alerts...)
		}
	}
	return all, nil
}

// wants reports whether the alert has the labels and the receiver asked for. A
// list of receivers that is missing says nothing.
func (a alertmanager) wants(alert alert) bool {
	for name, value := range a.labels {
		if alert.Labels[name] != value {
			return false
		}
	}
	for name, pattern := range a.patterns {
		if !pattern.MatchString(alert.Labels[name]) {
			return false
		}
	}
	return a.receiver == "" || alert.Receivers == nil || slices.ContainsFunc(alert.Receivers, func(r receiver) bool { return r.Name == a.receiver })
}

// rationale makes one of an alert. Its end is only Alertmanager's guess: while
// an alert fires it is put off again and again.
func (a alertmanager) rationale(alert alert) monitor.Rationale {
	r := monitor.Rationale{
		ID: alert.Fingerprint, Title: a.title.fill(alert.raw), Link: a.link.fill(alert.raw), Description: a.about.fill(alert.raw),
		Start: alert.StartsAt, Guess: true,
	}
	if a.plain {
		r.Description = describe(alert)
	}
	if alert.EndsAt.Year() > 1 {
		r.End = alert.EndsAt
	}
	if r.ID == "" {
		sum := sha256.Sum256([]byte(pairs(alert.Labels)))
		r.ID = hex.EncodeToString(sum[:8])
	}
	if r.Title == "" {
		r.Title = "an alert without a name"
	}
	level, err := a.level.of(alert.raw)
	if err != nil {
		level = monitor.DC3
		r.Description = strings.TrimSpace(r.Description + "\nIts level is not known and taken to be DC3: " + err.Error())
	}
	r.Level = level
	return r
}

func describe(a alert) string {
	lines := []string{a.Annotations["summary"], a.Annotations["description"], "labels: " + pairs(a.Labels)}
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return line == "" }), "\n")
}

// pairs writes labels in order.
func pairs(labels map[string]string) string {
	all := make([]string, 0, len(labels))
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, name+"="+labels[name])
	}
	return strings.Join(all, ", ")
}

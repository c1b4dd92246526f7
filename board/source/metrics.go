package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

// condition compares a value, as in "> 100".
type condition struct {
	op    string
	limit float64
}

func parseCondition(text string) (condition, bool) {
	text = strings.TrimSpace(text)
	for _, op := range []string{">=", "<=", "==", "!=", ">", "<"} {
		if rest, ok := strings.CutPrefix(text, op); ok {
			limit, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return condition{op, limit}, err == nil && !math.IsNaN(limit)
		}
	}
	return condition{}, false
}

func (c condition) holds(value float64) bool {
	switch c.op {
	case ">=":
		return value >= c.limit
	case "<=":
		return value <= c.limit
	case "==":
		return value == c.limit
	case "!=":
		return value != c.limit
	case ">":
		return value > c.limit
	}
	return value < c.limit
}

// thresholds are the conditions of each level; the most critical that holds counts.
type thresholds map[monitor.DC]condition

func (s *settings) thresholds(key string) thresholds {
	all := thresholds{}
	texts := s.texts(key)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		dc, err := monitor.ParseDC(name)
		c, ok := parseCondition(texts[name])
		if err != nil || !ok {
			s.wrong(key, `write a comparison for each level, such as DC2: "> 100"; %s: %q is none`, name, monitor.Cut(texts[name], 50))
			continue
		}
		all[dc] = c
	}
	return all
}

// of returns the level of a value, NoDC when no condition holds.
func (t thresholds) of(value float64) monitor.DC {
	for dc := monitor.DC1; dc <= monitor.DC5; dc++ {
		if c, ok := t[dc]; ok && c.holds(value) {
			return dc
		}
	}
	return monitor.NoDC
}

// sample is one series with its newest value.
type sample struct {
	id     string
	labels map[string]any
	value  float64
}

func (s sample) data() map[string]any {
	return map[string]any{"labels": s.labels, "name": s.id, "value": strconv.FormatFloat(s.value, 'g', 6, 64)}
}

// meter makes rationales of samples.
type meter struct {
	level              monitor.DC // of every sample, when there are no conditions
	levels             thresholds
	title, about, link template
	anything           bool // no sample at all is fine
}

func (s *settings) meter(title string) meter {
	return meter{
		level: s.level("level", monitor.NoDC), levels: s.thresholds("levels"),
		title: s.template("title", title), about: s.template("description", ""), link: s.template("link", ""),
	}
}

func (m meter) rationales(samples []sample) ([]monitor.Rationale, error) {
	if len(samples) == 0 && !m.anything {
		return nil, errors.New("there is no data: the expression matches nothing")
	}
	var all []monitor.Rationale
	for _, sample := range samples {
		level := m.level
		if len(m.levels) > 0 {
			if math.IsNaN(sample.value) {
				return nil, fmt.Errorf("%s has no value", sample.id)
			}
			if level = m.levels.of(sample.value); level == monitor.NoDC {
				continue
			}
		}
		data := sample.data()
		all = append(all, monitor.Rationale{ID: sample.id, Level: level, Title: m.title.fill(data), Description: m.about.fill(data), Link: m.link.fill(data)})
	}
	return all, nil
}

// openGraphite compares the newest values of a target of our own Graphite.
func openGraphite(k Kinds, s *settings) board.Source {
	target := s.need("target", "give a Graphite target, such as sumSeries(shop.*.errors)")
	minutes := s.number("minutes", 10)
	if minutes < 1 || minutes > 1440 {
		s.wrong("minutes", "%d is not between 1 and 1440", minutes)
	}
	m := s.meter("{{ name }} is {{ value }}")
	if len(m.levels) == 0 {
		s.wrong("levels", `say from which value on which level holds, such as {DC3: "> 10", DC1: "> 100"}`)
	}
	if m.level != monitor.NoDC {
		s.wrong("level", "a target always has values: write levels with conditions instead")
	}
	if k.Graphite == nil {
		s.wrong("type", "there is no Graphite")
	}
	return asking{read(func(ctx context.Context, at time.Time) ([]monitor.Rationale, error) {
		var samples []sample
		for _, fetched := range k.Graphite.Fetch(ctx, k.Graphite.Window(at, minutes), []string{target}) {
			if fetched.Status == monitor.StatusFailed {
				return nil, fmt.Errorf("ask Graphite: %s", fetched.Reason)
			}
			for _, series := range fetched.Series {
				if value, ok := newest(series); ok {
					samples = append(samples, sample{id: series.Label, value: value})
				}
			}
		}
		return m.rationales(samples)
	}), "Graphite"}
}

// newest returns a series' last value that is one.
func newest(s monitor.Series) (float64, bool) {
	for _, value := range slices.Backward(s.Values) {
		if !math.IsNaN(value) {
			return value, true
		}
	}
	return 0, false
}

// openPrometheus asks for the value of an expression now.
func openPrometheus(k Kinds, s *settings) board.Source {
	server := k.server(s, "url")
	query := s.need("query", "give an expression, such as ALERTS or rate(errors_total[5m])")
	m := s.meter("{{ name }} is {{ value }}")
	m.anything = true
	if needed := false; s.get("required", &needed, "true or false") && needed {
		m.anything = false
	}
	switch {
	case len(m.levels) == 0 && m.level == monitor.NoDC:
		s.wrong("level", `say which level it is when the expression finds something, or levels, such as {DC3: "> 10"}`)
	case len(m.levels) > 0 && m.level != monitor.NoDC:
		s.wrong("level", "write either level or levels")
	case len(m.levels) > 0 && s.values["required"] == nil:
		m.anything = false // a value is compared, so there must be one
	}
	return asking{read(func(ctx context.Context, at time.Time) ([]monitor.Rationale, error) {
		samples, err := server.query(ctx, query, at)
		if err != nil {
			return nil, err
		}
		return m.rationales(samples)
	}), server.base.Host}
}

// query asks Prometheus for an expression's value.
func (s server) query(ctx context.Context, query string, at time.Time) ([]sample, error) {
	var answer struct {
		Status string
		Error  string
		Data   struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	values := url.Values{"query": {query}, "time": {strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)}}
	if err := s.get(ctx, s.url("/api/v1/query", values), &answer); err != nil {
		return nil, err
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("the answer of %s is no success: %s", s.base.Host, monitor.Cut(answer.Error, 200))
	}
	var vector []struct {
		Metric map[string]any
		Value  []any
	}
	switch answer.Data.ResultType {
	case "scalar":
		var value []any
		if err := json.Unmarshal(answer.Data.Result, &value); err != nil {
			return nil, fmt.Errorf("the scalar of %s cannot be read: %w", s.base.Host, err)
		}
		number, err := valueOf(value)
		return []sample{{id: query, value: number}}, err
	case "vector":
		if err := json.Unmarshal(answer.Data.Result, &vector); err != nil {
			return nil, fmt.Errorf("the vector of %s cannot be read: %w", s.base.Host, err)
		}
	default:
		return nil, fmt.Errorf("the expression gives a %q; it must give one value for each series", monitor.Cut(answer.Data.ResultType, 30))
	}
	var samples []sample
	for _, one := range vector {
		number, err := valueOf(one.Value)
		if err != nil {
			return nil, err
		}
		samples = append(samples, sample{id: metricName(one.Metric, query), labels: one.Metric, value: number})
	}
	return samples, nil
}

func valueOf(pair []any) (float64, error) {
	if len(pair) != 2 {
		return 0, errors.New("a sample is no pair of time and value")
	}
	return strconv.ParseFloat(textOf(pair[1]), 64)
}

// metricName writes a series as Prometheus does.
func metricName(metric map[string]any, query string) string {
	var labels []string
	for _, name := range slices.Sorted(maps.Keys(metric)) {
		if name != "__name__" {
			labels = append(labels, name+"="+strconv.Quote(textOf(metric[name])))
		}
	}
	name := textOf(metric["__name__"])
	switch {
	case len(labels) > 0:
		return name + "{" + strings.Join(labels, ", ") + "}"
	case name != "":
		return name
	}
	return query
}

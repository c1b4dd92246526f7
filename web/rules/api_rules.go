package rules

import (
	"context"
	"fmt"
	"time"

	"wingmirror/event"
	"wingmirror/monitor"
)

type ruleFileBody struct {
	Version int       `json:"version" doc:"0 when there is none"`
	Author  string    `json:"author"`
	SavedAt time.Time `json:"saved_at,omitzero"`
	Text    string    `json:"text,omitempty"`
}

func toVersion(f monitor.RuleFile) ruleFileBody {
	return ruleFileBody{Version: f.Version, Author: f.Author, SavedAt: f.SavedAt.UTC(), Text: f.Text}
}

type ruleFiringBody struct {
	Rule    string        `json:"rule"`
	Key     string        `json:"key"`
	Subject string        `json:"subject"`
	Level   monitor.Level `json:"level"`
	Since   time.Time     `json:"since"`
	Text    string        `json:"text"`
}

func toFiring(a event.Alert) ruleFiringBody {
	return ruleFiringBody{
		Rule: a.Rule.Name, Key: a.Key, Subject: a.Rule.Subject(a.Key).String(), Level: a.Rule.Severity.Level,
		Since: monitor.SecondsTime(a.Started), Text: a.Text,
	}
}

type ruleFileRulesOutput struct {
	Body struct {
		ruleFileBody
		File    string           `json:"file,omitempty" doc:"That the rules are followed from; then they cannot be replaced here"`
		Problem string           `json:"problem,omitempty" doc:"Why a newer file is not in force"`
		Rules   int              `json:"rules"`
		Keys    int              `json:"keys" doc:"Remembered, over all rules"`
		Firing  []ruleFiringBody `json:"firing"`
	}
}

func (d desk) getRules(context.Context, *struct{}) (*ruleFileRulesOutput, error) {
	out, standing := &ruleFileRulesOutput{}, d.Live.Standing()
	out.Body.ruleFileBody = toVersion(d.Book.InForce())
	out.Body.File, out.Body.Problem = d.File, d.Book.Problem()
	out.Body.Rules, out.Body.Keys, out.Body.Firing = len(standing.File.Rules), standing.Keys, []ruleFiringBody{}
	for _, a := range standing.Firing {
		out.Body.Firing = append(out.Body.Firing, toFiring(a))
	}
	return out, nil
}

type ruleFilePutInput struct {
	Body struct {
		Text    string `json:"text" doc:"The whole file, YAML"`
		Version int    `json:"version" doc:"That this replaces; 0 when there is none"`
	}
}

type ruleFileVersionOutput struct{ Body ruleFileBody }

func (d desk) putRules(ctx context.Context, in *ruleFilePutInput) (*ruleFileVersionOutput, error) {
	if d.File != "" {
		return nil, fmt.Errorf("the rules are followed from %s: change that file: %w", d.File, monitor.ErrDenied)
	}
	saved, err := d.Book.Save(ctx, in.Body.Text, d.h.Author(ctx), in.Body.Version)
	if err != nil {
		return nil, err
	}
	d.h.Record(ctx, "rules.save", "rules", fmt.Sprintf("version %d", saved.Version))
	d.h.Changed()
	return &ruleFileVersionOutput{toVersion(saved)}, nil
}

type ruleFileCheckInput struct {
	Body struct {
		Text string `json:"text"`
	}
}

type ruleProblemBody struct {
	Line    int    `json:"line" doc:"From 1; 0 when it is about the whole"`
	Column  int    `json:"column"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

type ruleFileCheckOutput struct {
	Body struct {
		Problems []ruleProblemBody `json:"problems"`
	}
}

func (d desk) check(_ context.Context, in *ruleFileCheckInput) (*ruleFileCheckOutput, error) {
	out := &ruleFileCheckOutput{}
	_, err := event.Load(in.Body.Text, event.LoadOptions{})
	out.Body.Problems = toProblems(err)
	return out, nil
}

func toProblems(err error) []ruleProblemBody {
	all := []ruleProblemBody{}
	for _, wrong := range monitor.AllFieldErrors(err) {
		all = append(all, ruleProblemBody{Line: wrong.Line, Column: wrong.Column, Field: wrong.Field, Message: wrong.Message})
	}
	return all
}

type ruleFilePreviewInput struct {
	Body struct {
		Text  string  `json:"text"`
		Hours float64 `json:"hours,omitempty" minimum:"0" maximum:"744" doc:"How far back; default 24"`
	}
}

type rulePreviewAlertBody struct {
	Key   string     `json:"key"`
	At    time.Time  `json:"at"`
	Ended *time.Time `json:"ended,omitempty" doc:"Left out while it fires"`
	Text  string     `json:"text"`
}

type rulePreviewRuleBody struct {
	Rule     string                 `json:"rule"`
	Severity string                 `json:"severity"`
	Level    monitor.Level          `json:"level"`
	Line     int                    `json:"line"`
	Fired    int                    `json:"fired" doc:"Alerts there would have been"`
	Firing   int                    `json:"firing" doc:"How many of them would still be there"`
	Alerts   []rulePreviewAlertBody `json:"alerts" doc:"The first 20"`
	Trouble  string                 `json:"trouble,omitempty"`
}

type rulePreviewTestBody struct {
	Name  string   `json:"name"`
	Line  int      `json:"line"`
	Wrong []string `json:"wrong" doc:"Empty when it passed"`
}

type ruleFilePreviewOutput struct {
	Body struct {
		Problems []ruleProblemBody     `json:"problems" doc:"What is wrong with the file; then nothing was run"`
		From     time.Time             `json:"from"`
		Until    time.Time             `json:"until"`
		Events   int                   `json:"events"`
		All      bool                  `json:"all" doc:"False when it took too long, and only events until then were seen"`
		Rules    []rulePreviewRuleBody `json:"rules"`
		Tests    []rulePreviewTestBody `json:"tests"`
	}
}

// previewTime is how long a preview may take.
const previewTime = 20 * time.Second

func (d desk) preview(ctx context.Context, in *ruleFilePreviewInput) (*ruleFilePreviewOutput, error) {
	out := &ruleFilePreviewOutput{}
	out.Body.Rules, out.Body.Tests = []rulePreviewRuleBody{}, []rulePreviewTestBody{}
	file, err := event.Load(in.Body.Text, event.LoadOptions{})
	if out.Body.Problems = toProblems(err); err != nil {
		return out, nil
	}
	hours := in.Body.Hours
	if hours == 0 {
		hours = 24
	}
	until := d.h.Now()
	limited, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	p, err := event.Previewed(limited, file, d.Store, until.Add(-time.Duration(hours*float64(time.Hour))), until)
	if err != nil {
		return nil, err
	}
	out.Body.From, out.Body.Until, out.Body.Events, out.Body.All = p.From.UTC(), p.Until.UTC(), p.Events, p.All
	for _, r := range p.Rules {
		out.Body.Rules = append(out.Body.Rules, toPreview(r))
	}
	for _, result := range event.RunTests(limited, file) {
		out.Body.Tests = append(out.Body.Tests, rulePreviewTestBody{result.Test.Name, result.Test.Line, append([]string{}, result.Wrong...)})
	}
	return out, nil
}

func toPreview(r event.RulePreview) rulePreviewRuleBody {
	b := rulePreviewRuleBody{
		Rule: r.Rule.Name, Severity: r.Rule.Severity.Name, Level: r.Rule.Severity.Level, Line: r.Rule.Line,
		Fired: r.Fired, Firing: r.Firing, Alerts: []rulePreviewAlertBody{}, Trouble: troubleText(r.Trouble),
	}
	for i, a := range r.Alerts {
		one := rulePreviewAlertBody{Key: a.Key, At: monitor.SecondsTime(a.At), Text: a.Text}
		if r.Ended[i] > 0 {
			ended := monitor.SecondsTime(r.Ended[i])
			one.Ended = &ended
		}
		b.Alerts = append(b.Alerts, one)
	}
	return b
}

func troubleText(t event.Trouble) string {
	switch {
	case t.Failed > 0:
		return fmt.Sprintf("%d events could not be asked, the first: %s", t.Failed, t.First)
	case t.Capped > 0:
		return fmt.Sprintf("%d events were left out, because the rule has as many keys as max_keys allows", t.Capped)
	case t.Late > 0:
		return fmt.Sprintf("%d events came too late to count; see lateness", t.Late)
	}
	return ""
}

type ruleFileVersionsInput struct {
	Before int `query:"before" doc:"Only versions before this one: the next page"`
	Limit  int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type ruleFileVersionsOutput struct {
	Body struct {
		Versions []ruleFileBody `json:"versions"`
		Next     int            `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

func (d desk) versions(ctx context.Context, in *ruleFileVersionsInput) (*ruleFileVersionsOutput, error) {
	found, err := d.Book.Versions(ctx, in.Before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &ruleFileVersionsOutput{}
	found, out.Body.Next = monitor.PartBefore(found, func(f monitor.RuleFile) int { return f.Version }, in.Before, in.Limit)
	out.Body.Versions = make([]ruleFileBody, len(found))
	for i, f := range found {
		f.Text = ""
		out.Body.Versions[i] = toVersion(f)
	}
	return out, nil
}

type ruleFileVersionInput struct {
	Version int `path:"version" minimum:"1"`
}

func (d desk) version(ctx context.Context, in *ruleFileVersionInput) (*ruleFileVersionOutput, error) {
	found, err := d.Book.Versions(ctx, in.Version+1, 1)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Version != in.Version {
		return nil, fmt.Errorf("version %d of the rules: %w", in.Version, monitor.ErrNotFound)
	}
	return &ruleFileVersionOutput{toVersion(found[0])}, nil
}

type ruleFileWordsOutput struct {
	Body struct {
		Keys       []event.Word `json:"keys" doc:"Of the file"`
		Fields     []string     `json:"fields" doc:"Of events"`
		Services   []string     `json:"services"`
		Components []string     `json:"components"`
		Servers    []string     `json:"servers"`
		Severities []string     `json:"severities"`
	}
}

// Bounds of completion.
const (
	namesSeen    = 200
	namesLooked  = 24 * time.Hour
	eventsLooked = 200
)

func (d desk) words(ctx context.Context, _ *struct{}) (*ruleFileWordsOutput, error) {
	names, err := d.Store.EventNames(ctx, d.h.Now().Add(-namesLooked), namesSeen)
	if err != nil {
		return nil, err
	}
	recent, err := d.Store.Events(ctx, monitor.EventFilter{Limit: eventsLooked})
	if err != nil {
		return nil, err
	}
	out := &ruleFileWordsOutput{}
	out.Body.Keys, out.Body.Fields = event.Words(), event.FieldsOf(recent)
	out.Body.Services, out.Body.Components, out.Body.Servers = orEmpty(names.Services), orEmpty(names.Components), orEmpty(names.Servers)
	out.Body.Severities = []string{}
	for _, r := range d.Live.Standing().File.Rules {
		out.Body.Severities = append(out.Body.Severities, r.Severity.Name)
	}
	return out, nil
}

func orEmpty(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

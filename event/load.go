package event

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"wingmirror/condition"
	"wingmirror/monitor"
)

// LoadOptions change how a rules file is read.
type LoadOptions struct {
	Strict bool // as the original program: majority must be given, and comparing with null is an error
}

// Load reads a rules file. Everything that is wrong with it is found at once:
// the error is FieldErrors, each with its line and column.
func Load(text string, o LoadOptions) (*File, error) {
	l := loader{file: &File{Severities: map[string]Severity{}}, o: o}
	root := l.r.document(text)
	if len(l.r.errs) > 0 {
		return nil, l.r.errs
	}
	var rules, tests ast.Node
	l.r.mapping(root, "", fields{
		"severities": l.severities,
		"fields":     func(n ast.Node, path string) { l.extra = l.r.texts(n, path) },
		"defaults":   func(n ast.Node, path string) { l.defaults = n },
		"rules":      func(n ast.Node, _ string) { rules = n },
		"tests":      func(n ast.Node, _ string) { tests = n },
	})
	for i, n := range l.r.list(rules, "rules") {
		l.rule(n, fmt.Sprintf("rules[%d]", i))
	}
	for i, n := range l.r.list(tests, "tests") {
		l.test(n, fmt.Sprintf("tests[%d]", i))
	}
	if len(l.r.errs) > 0 {
		slices.SortStableFunc(l.r.errs, func(a, b *monitor.FieldError) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, l.r.errs
	}
	return l.file, nil
}

type loader struct {
	r        reader
	o        LoadOptions
	file     *File
	extra    []string // fields of events that are no slips of the pen
	defaults ast.Node
	events   int // of tests, so far
}

func (l *loader) options() condition.Options {
	return condition.Options{Types: monitor.EventTypes(), Fields: l.extra, Strict: l.o.Strict}
}

func (l *loader) severities(n ast.Node, path string) {
	for _, p := range l.r.pairs(n, path) {
		s := Severity{Name: p.name, Level: levelOf(p.name)}
		where := join(path, p.name)
		l.r.mapping(p.value, where, fields{
			"description": func(n ast.Node, path string) { s.Description = l.r.text(n, path) },
			"color": func(n ast.Node, path string) {
				s.Color = l.r.text(n, path)
			},
			"level": func(n ast.Node, path string) {
				text := l.r.text(n, path)
				if s.Level.UnmarshalText([]byte(text)) != nil || !s.Level.Bad() {
					l.r.fail(n, path, "%q is neither warning nor critical", monitor.Cut(text, 40))
				}
			},
		})
		l.file.Severities[p.name] = s
	}
}

// levelOf guesses what a severity means by its name.
func levelOf(name string) monitor.Level {
	switch strings.ToLower(name) {
	case "critical", "crit", "high", "error", "severe", "fatal", "emergency", "alert", "page", "p1", "sev1":
		return monitor.Critical
	}
	return monitor.Warning
}

const (
	defaultForget  = 24 * time.Hour
	defaultMaxKeys = 100_000
	mostKeys       = 10_000_000
	happened       = 10 * time.Minute // how long what only happens fires
	straggle       = 30 * time.Second // how long rules wait that compare several senders
)

// memoryForm is of what keys remember. Where it changes, rules begin anew.
const memoryForm = "2"

// draft is a rule that is being read.
type draft struct {
	Rule
	node     ast.Node
	path     string
	measures []string // keys that say what the rule looks at
	given    map[string]bool
	share    share
}

func (l *loader) rule(n ast.Node, path string) {
	before := len(l.r.errs)
	d := &draft{node: n, path: path, given: map[string]bool{}, Rule: Rule{MaxKeys: defaultMaxKeys, Labels: map[string]string{}, What: threshold{}}}
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		d.Line = tk.Position.Line
	}
	l.r.mapping(l.defaults, "defaults", l.common(d))
	d.given = map[string]bool{"lateness": d.given["lateness"]}
	all := l.common(d)
	maps.Copy(all, l.own(d))
	maps.Copy(all, l.measures(d))
	for name, read := range all {
		all[name] = func(n ast.Node, path string) { d.given[name] = true; read(n, path) }
	}
	pairs := len(l.r.pairs(n, path))
	l.r.mapping(n, path, all)
	if pairs == 0 {
		l.r.fail(n, path, "this must be a rule: name, severity and condition at least")
	}
	if len(l.r.errs) > before {
		return
	}
	if l.finish(d); len(l.r.errs) > before {
		return
	}
	rule := d.Rule
	sum := sha256.Sum256([]byte(memoryForm + n.String() + fmt.Sprint(rule.Lateness, rule.KeepFiring, rule.NoData, rule.NoDataFor, rule.Forget, rule.MaxKeys, l.o.Strict)))
	rule.fingerprint = hex.EncodeToString(sum[:8])
	l.file.Rules = append(l.file.Rules, &rule)
}

// common are the keys that defaults may give as well.
func (l *loader) common(d *draft) fields {
	duration := func(at *time.Duration) func(ast.Node, string) {
		return func(n ast.Node, path string) { *at = l.r.span(n, path) }
	}
	return fields{
		"lateness":        func(n ast.Node, path string) { d.given["lateness"] = true; d.Lateness = l.r.span(n, path) },
		"keep_firing_for": duration(&d.KeepFiring),
		"no_data_after":   duration(&d.NoDataFor),
		"forget_after":    duration(&d.Forget),
		"no_data": func(n ast.Node, path string) {
			d.NoData = NoData(l.r.text(n, path))
			if !slices.Contains([]NoData{NoDataKeep, NoDataOK, NoDataAlert}, d.NoData) {
				l.r.fail(n, path, "%q is none of keep, ok, alert", monitor.Cut(string(d.NoData), 40))
			}
		},
		"max_keys": func(n ast.Node, path string) { d.MaxKeys = l.r.whole(n, path, 1, mostKeys) },
		"alerts":   func(n ast.Node, path string) { l.alerts(d, n, path) },
		"group":    func(n ast.Node, path string) { d.Group = strings.Trim(l.r.text(n, path), "/ ") },
		"labels": func(n ast.Node, path string) {
			for _, p := range l.r.pairs(n, path) {
				d.Labels[p.name] = l.r.text(p.value, join(path, p.name))
			}
		},
		"repeat": func(n ast.Node, path string) {
			var err error
			if d.Policy.Repeat, err = monitor.ParseRepeat(l.r.text(n, path)); err != nil {
				l.r.fail(n, path, "%s", monitor.AllFieldErrors(err)[0].Message)
			}
		},
		"flapping": func(n ast.Node, path string) {
			d.Policy.Flapping = monitor.Off
			if l.r.truth(n, path) {
				d.Policy.Flapping = monitor.On
			}
		},
	}
}

func (l *loader) alerts(d *draft, n ast.Node, path string) {
	d.Alerts = l.r.texts(n, path)
	for i, to := range d.Alerts {
		if _, err := monitor.ParseDestination(to); err != nil {
			message := err.Error()
			if all := monitor.AllFieldErrors(err); len(all) > 0 {
				message = all[0].Message
			}
			l.r.fail(n, fmt.Sprintf("%s[%d]", path, i), "%s", message)
		}
	}
}

// own are the keys of a single rule.
func (l *loader) own(d *draft) fields {
	return fields{
		"name":        func(n ast.Node, path string) { d.Name = strings.TrimSpace(l.r.text(n, path)) },
		"description": func(n ast.Node, path string) { d.Description = strings.TrimSpace(l.r.text(n, path)) },
		"threshold": func(n ast.Node, path string) {
			if text, ok := l.r.scalar(n); ok {
				d.Threshold = text
			}
		},
		"severity": func(n ast.Node, path string) { d.Severity = l.severity(n, path) },
		"condition": func(n ast.Node, path string) {
			d.Condition = l.r.condition(n, path, l.options())
		},
		"where":       func(n ast.Node, path string) { d.Where = l.r.condition(n, path, l.options()) },
		"clear":       func(n ast.Node, path string) { d.Clear = l.r.condition(n, path, l.options()) },
		"group_by":    func(n ast.Node, path string) { d.GroupBy = l.groupBy(n, path) },
		"for":         func(n ast.Node, path string) { d.For = l.r.span(n, path) },
		"within":      func(n ast.Node, path string) { d.share.within = l.r.span(n, path) },
		"min_members": func(n ast.Node, path string) { d.share.members = l.r.whole(n, path, 1, 1_000_000) },
	}
}

func (l *loader) severity(n ast.Node, path string) Severity {
	name := l.r.text(n, path)
	s, ok := l.file.Severities[name]
	if ok {
		return s
	}
	names := slices.Sorted(maps.Keys(l.file.Severities))
	switch near := condition.Nearest(name, names); {
	case near != "":
		l.r.fail(n, path, "there is no severity %q; did you mean %s?", monitor.Cut(name, 40), near)
	case len(names) == 0:
		l.r.fail(n, path, "there is no severity %q; list it under severities", monitor.Cut(name, 40))
	default:
		l.r.fail(n, path, "there is no severity %q; there are %s", monitor.Cut(name, 40), monitor.Cut(strings.Join(names, ", "), 200))
	}
	return s
}

const maxGroup = 8

func (l *loader) groupBy(n ast.Node, path string) []string {
	names := l.r.texts(n, path)
	if len(names) > maxGroup {
		l.r.fail(n, path, "%d fields are more than the %d allowed", len(names), maxGroup)
	}
	known := slices.Sorted(maps.Keys(monitor.EventTypes()))
	for _, name := range names {
		near := condition.Nearest(name, known)
		if !slices.Contains(known, name) && near != "" && !slices.Contains(l.extra, name) {
			l.r.fail(n, path, "events have no field %s; did you mean %s? If they do carry it, list it under fields", monitor.Cut(name, 40), near)
		}
	}
	if names == nil {
		names = []string{}
	}
	return names
}

// finish looks at the rule as a whole, and fills in what follows from the rest.
func (l *loader) finish(d *draft) {
	before := len(l.r.errs)
	for _, wanted := range []string{"severity", "condition"} {
		if !d.given[wanted] && !(wanted == "condition" && (d.is("sequence") || d.is("missing"))) {
			l.r.fail(d.node, d.path+"."+wanted, "it is missing")
		}
	}
	if l.o.Strict { // the original program stops where these are missing
		if !d.given["majority"] && len(d.measures) == 0 {
			l.r.fail(d.node, d.path+".majority", "it is missing; the original program needs majority: true or false")
		}
		if d.is("majority") && !d.given["threshold"] {
			l.r.fail(d.node, d.path+".threshold", "it is missing; the original program prints it for a majority")
		}
	}
	if d.Name == "" {
		d.Name = fmt.Sprintf("rule %d", len(l.file.Rules)+1)
	}
	if len(d.Name) > maxText || strings.ContainsAny(d.Name, "\r\n") {
		l.r.fail(d.node, d.path+".name", "a name is one line of at most %d bytes", maxText)
	}
	if l.file.Rule(d.Name) != nil {
		l.r.fail(d.node, d.path+".name", "there is another rule %q; give each a name of its own", monitor.Cut(d.Name, 80))
	}
	if len(d.measures) > 1 {
		l.r.fail(d.node, d.path, "a rule looks at one thing: remove all but one of %s", strings.Join(d.measures, ", "))
	}
	if len(l.r.errs) > before {
		return
	}
	l.shape(d)
	if d.NoDataFor > 0 && d.NoData == "" || d.NoData != "" && d.NoDataFor == 0 {
		l.r.fail(d.node, d.path+".no_data", "no_data and no_data_after go together: what to do, and after how long without an event")
	}
	if d.Forget == 0 {
		d.Forget = max(defaultForget, 2*d.Memory())
	}
	if d.Forget <= d.NoDataFor {
		l.r.fail(d.node, d.path+".forget_after", "keys would be forgotten before no_data_after has passed: make it longer")
	}
}

func (d *draft) is(name string) bool { return slices.Contains(d.measures, name) }

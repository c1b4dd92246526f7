package board

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"wingmirror/crontab"
	"wingmirror/monitor"
)

// Checker knows what each type of source can be told.
type Checker interface {
	// CheckSource returns everything wrong with a source's type and settings as
	// FieldErrors, whose fields are keys of the settings, or nil. Only a trusted
	// source, one of the operator's files, may name files of this machine.
	CheckSource(s monitor.BoardSource, trusted bool) error
}

// Config is what the files of a board say.
type Config struct {
	Components []monitor.Component // each child after its parent, where it was nested
	Levels     map[monitor.DC]monitor.DCInfo
}

// reader reads one file and collects what is wrong with it.
type reader struct {
	file    string
	checker Checker
	config  Config
	errs    Problems
}

// parse reads one file's text.
func parse(file string, data []byte, checker Checker) (Config, Problems) {
	r := &reader{file: file, checker: checker}
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		r.add(nil, "", err)
		return r.config, r.errs
	}
	for _, doc := range parsed.Docs {
		if doc.Body == nil {
			continue
		}
		r.mapping(doc.Body, "", map[string]func(ast.Node) error{
			"components": func(n ast.Node) error { return r.components(n, "") },
			"levels":     r.levels,
		})
	}
	return r.config, r.errs
}

// add notes what is wrong at a node.
func (r *reader) add(node ast.Node, field string, err error) {
	line := 0
	if node != nil && node.GetToken() != nil {
		line = node.GetToken().Position.Line
	}
	if problems, ok := err.(Problems); ok { //nolint:errorlint // parts of this reader return their own kind bare
		r.errs = append(r.errs, problems...)
		return
	}
	own := monitor.YAMLError(field, err)
	if own.Line > 0 {
		line = own.Line
	}
	r.errs = append(r.errs, Problem{File: r.file, Line: line, Field: own.Field, Message: own.Message})
}

// mapping reads the keys of a mapping, each once, by the field's own function.
func (r *reader) mapping(node ast.Node, prefix string, fields map[string]func(ast.Node) error) {
	pairs, ok := pairsOf(node)
	if !ok {
		r.add(node, strings.TrimSuffix(prefix, "."), fmt.Errorf("this must be `key: value` lines"))
		return
	}
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		read, known := fields[key]
		if !known {
			r.add(pair.Key, prefix+key, fmt.Errorf("%s", unknown("key", key, slices.Sorted(maps.Keys(fields)))))
			continue
		}
		if err := read(pair.Value); err != nil {
			r.add(pair.Key, prefix+key, err)
		}
	}
}

// unknown says that a name is not known, and which was meant.
func unknown(what, name string, known []string) string {
	if near := monitor.Nearest(name, known); near != "" {
		return fmt.Sprintf("unknown %s; did you mean %s?", what, near)
	}
	if len(known) == 0 {
		return "unknown " + what
	}
	return monitor.Cut(fmt.Sprintf("unknown %s; there are %s", what, strings.Join(known, ", ")), 400)
}

func pairsOf(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch node := node.(type) {
	case *ast.MappingNode:
		return node.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}, true
	}
	return nil, false
}

func itemsOf(node ast.Node) ([]ast.Node, error) {
	switch node := node.(type) {
	case *ast.SequenceNode:
		return node.Values, nil
	case *ast.NullNode:
		return nil, nil
	}
	return nil, fmt.Errorf("this must be a list: lines that begin with a dash")
}

// into reads a node into a value, for fields of plain types.
func into[T any](to *T) func(ast.Node) error {
	return func(n ast.Node) error { return yaml.NodeToValue(n, to) }
}

func (r *reader) levels(node ast.Node) error {
	r.config.Levels = map[monitor.DC]monitor.DCInfo{}
	fields := map[string]func(ast.Node) error{}
	for _, dc := range monitor.DCs() {
		fields[dc.String()] = func(n ast.Node) error {
			var info monitor.DCInfo
			r.mapping(n, "levels."+dc.String()+".", map[string]func(ast.Node) error{"name": into(&info.Name), "effects": into(&info.Effects)})
			r.config.Levels[dc] = info
			return nil
		}
	}
	r.mapping(node, "levels.", fields)
	return nil
}

func (r *reader) components(node ast.Node, parent string) error {
	items, err := itemsOf(node)
	if err != nil {
		return err
	}
	for _, item := range items {
		r.component(item, parent)
	}
	return nil
}

func (r *reader) component(node ast.Node, parent string) {
	c := monitor.Component{Parent: parent, File: r.file, Line: node.GetToken().Position.Line}
	var counts string
	var children ast.Node
	lines := map[string]ast.Node{}
	fields := map[string]func(ast.Node) error{
		"id": into(&c.ID), "name": into(&c.Name), "description": into(&c.Description), "link": into(&c.Link), "contact": into(&c.Contact),
		"counts": into(&counts), "labels": into(&c.Labels), "alerts": into(&c.Alerts), "parent": into(&c.Parent),
		"effects":  func(n ast.Node) error { return readEffects(n, &c) },
		"sources":  func(n ast.Node) error { return r.sources(n, &c) },
		"children": func(n ast.Node) error { children = n; return nil },
	}
	for key, read := range fields {
		fields[key] = func(n ast.Node) error { lines[key] = n; return read(n) }
	}
	before := len(r.errs)
	r.mapping(node, "", fields)
	var err error
	if c.Counts, err = monitor.ParseCounts(counts); err != nil {
		r.add(lines["counts"], "counts", err)
	}
	if parent != "" && lines["parent"] != nil {
		r.add(lines["parent"], "parent", fmt.Errorf("it stands below %s already; leave parent out", parent))
		c.Parent = parent
	}
	if len(r.errs) == before || c.ID != "" {
		for _, wrong := range monitor.AllFieldErrors(ValidateComponent(c)) {
			at := node
			if n := lines[wrong.Field]; n != nil {
				at = n
			}
			r.add(at, wrong.Field, fmt.Errorf("%s", wrong.Message))
		}
	}
	r.config.Components = append(r.config.Components, c)
	if children != nil {
		if err := r.components(children, c.ID); err != nil {
			r.add(children, "children", err)
		}
	}
}

func readEffects(node ast.Node, c *monitor.Component) error {
	var texts map[string]string
	if err := yaml.NodeToValue(node, &texts); err != nil {
		return err
	}
	effects, err := ParseEffects(texts)
	c.Effects = effects
	return err
}

// ParseEffects reads what each level of a component means, by the level's text.
func ParseEffects(texts map[string]string) (map[monitor.DC]string, error) {
	var effects map[monitor.DC]string
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		dc, err := monitor.ParseDC(key)
		if err != nil {
			return nil, monitor.Invalid("effects", "%s", monitor.AllFieldErrors(err)[0].Message)
		}
		if effects == nil {
			effects = map[monitor.DC]string{}
		}
		effects[dc] = texts[key]
	}
	return effects, nil
}

func (r *reader) sources(node ast.Node, c *monitor.Component) error {
	items, err := itemsOf(node)
	if err != nil {
		return err
	}
	for _, item := range items {
		if s, ok := r.source(item); ok {
			if slices.ContainsFunc(c.Sources, func(o monitor.BoardSource) bool { return o.Name == s.Name }) {
				r.add(item, "sources.name", fmt.Errorf("there are two sources %q; give each a name of its own", s.Name))
			}
			c.Sources = append(c.Sources, s)
		}
	}
	return nil
}

// source reads one source: what all have, and the rest for its type to check.
// One with errors is returned as far as it can be told, so that what it said
// before is not forgotten; it fails when it is opened.
func (r *reader) source(node ast.Node) (monitor.BoardSource, bool) {
	s := monitor.BoardSource{Line: node.GetToken().Position.Line}
	settings, lines := map[string]any{}, map[string]ast.Node{}
	pairs, ok := pairsOf(node)
	if !ok {
		r.add(node, "sources", fmt.Errorf("a source must be `key: value` lines, with a type"))
		return s, false
	}
	var timeout, failing string
	common := map[string]func(ast.Node) error{
		"name": into(&s.Name), "type": into(&s.Type), "schedule": into(&s.Schedule), "timeout": into(&timeout), "failing": into(&failing),
	}
	before := len(r.errs)
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		lines[key] = pair.Key
		read := common[key]
		if read == nil {
			read = func(n ast.Node) error {
				var value any
				err := yaml.NodeToValue(n, &value)
				settings[key] = value
				return err
			}
		}
		if err := read(pair.Value); err != nil {
			r.add(pair.Key, "sources."+key, err)
		}
	}
	if s.Name == "" {
		s.Name = s.Type
	}
	errs := sourceTimes(&s, timeout, failing)
	raw, err := json.Marshal(settings)
	if err != nil {
		errs = append(errs, monitor.Invalid("", "its settings cannot be written as JSON: %v", err))
	}
	s.Settings = raw
	if len(r.errs) == before {
		errs = append(errs, monitor.AllFieldErrors(r.checker.CheckSource(s, r.file != ""))...)
	}
	for _, wrong := range errs {
		at := lines[strings.FieldsFunc(wrong.Field+".", func(c rune) bool { return c == '.' || c == '[' })[0]]
		if at == nil {
			at = node
		}
		field := "sources"
		if wrong.Field != "" {
			field += "." + wrong.Field
		}
		r.add(at, field, fmt.Errorf("%s", wrong.Message))
	}
	return s, s.Name != ""
}

// sourceTimes reads what a source says of when it runs.
func sourceTimes(s *monitor.BoardSource, timeout, failing string) monitor.FieldErrors {
	var errs monitor.FieldErrors
	if d, err := time.ParseDuration(s.Schedule); err == nil && d > 0 {
		s.Schedule = "@every " + s.Schedule
	}
	schedule, err := crontab.Parse(scheduleOf(*s), 0)
	switch {
	case err != nil:
		errs = append(errs, monitor.Invalid("schedule", "%v; write for example 1m, or a crontab", err))
	case schedule.MinInterval() < minEvery:
		errs = append(errs, monitor.Invalid("schedule", "runs are %v apart, at least %v is allowed", schedule.MinInterval(), minEvery))
	}
	if timeout != "" {
		if s.Timeout, err = time.ParseDuration(timeout); err != nil || s.Timeout <= 0 || s.Timeout > maxTimeout {
			errs = append(errs, monitor.Invalid("timeout", "%q is no time between 1ms and %v; write for example 10s", timeout, maxTimeout))
		}
	}
	if failing != "" {
		if s.Failing, err = monitor.ParseDC(failing); err != nil {
			errs = append(errs, monitor.Invalid("failing", "%s", monitor.AllFieldErrors(err)[0].Message))
		} else if s.Failing == monitor.DC5 {
			errs = append(errs, monitor.Invalid("failing", "a source that fails is never good; write DC4 to DC1"))
		}
	}
	return errs
}

// ParseSources reads the YAML list of a component's sources as it is written in
// the pages. The errors are FieldErrors of the field sources, with lines; what can
// be told of the sources is returned with them.
func ParseSources(text string, checker Checker) ([]monitor.BoardSource, error) {
	r := &reader{checker: checker}
	parsed, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		r.add(nil, "sources", err)
		return nil, r.fieldErrors()
	}
	var c monitor.Component
	for _, doc := range parsed.Docs {
		if doc.Body == nil {
			continue
		}
		if aliases := ast.Filter(ast.AliasType, doc.Body); len(aliases) > 0 {
			r.add(aliases[0], "sources", fmt.Errorf("write it out: only files may repeat something by an alias"))
			break
		}
		if err := r.sources(doc.Body, &c); err != nil {
			r.add(doc.Body, "sources", err)
		}
	}
	if len(r.errs) > 0 {
		return c.Sources, r.fieldErrors()
	}
	return c.Sources, nil
}

// fieldErrors are the problems of a text that is no file.
func (r *reader) fieldErrors() monitor.FieldErrors {
	var errs monitor.FieldErrors
	for _, p := range r.errs {
		text := p.Message
		if inner, ok := strings.CutPrefix(p.Field, "sources."); ok {
			text = inner + ": " + text
		}
		if p.Line > 0 {
			text = fmt.Sprintf("line %d: %s", p.Line, text)
		}
		errs = append(errs, &monitor.FieldError{Field: "sources", Message: text, Line: p.Line})
	}
	return errs
}

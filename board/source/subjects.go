package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

// openSubjects makes rationales of our own subjects: monitors, heartbeats, rules
// and histograms, chosen by kind, group and labels.
func openSubjects(k Kinds, s *settings) board.Source {
	c := choice{kinds: s.list("kinds"), names: s.list("names"), group: s.text("group"), labels: s.texts("labels"), levels: map[monitor.Level]monitor.DC{
		monitor.Warning: monitor.DC3, monitor.Critical: monitor.DC2,
	}}
	known := []string{string(monitor.KindMonitor), string(monitor.KindHeartbeat), string(monitor.KindRule), string(monitor.KindHistogram)}
	for _, kind := range c.kinds {
		if !slices.Contains(known, kind) {
			s.wrong("kinds", "%q is no kind of subject; there are %s", monitor.Cut(kind, 50), strings.Join(known, ", "))
		}
	}
	for name, text := range s.texts("levels") {
		var level monitor.Level
		dc, err := monitor.ParseDC(text)
		if level.UnmarshalText([]byte(name)) != nil || err != nil {
			s.wrong("levels", "%s: %q cannot be used; write for example {warning: DC3, critical: DC1, unknown: DC4}", name, monitor.Cut(text, 50))
		}
		c.levels[level] = dc
	}
	if len(c.names) == 0 && c.group == "" && len(c.labels) == 0 && len(s.errs) == 0 {
		s.wrong("labels", "say which subjects count: labels, a group, or names")
	}
	if k.Subjects == nil {
		s.wrong("type", "there are no subjects")
	}
	return asking{read(func(ctx context.Context, _ time.Time) ([]monitor.Rationale, error) {
		all, err := k.Subjects.Standings(ctx)
		if err != nil {
			return nil, err
		}
		return c.rationales(all)
	}), "the records of monitors"}
}

// choice is which subjects count, and for what.
type choice struct {
	kinds  []string
	names  []string
	group  string
	labels map[string]string
	levels map[monitor.Level]monitor.DC
}

func (c choice) rationales(all []Subject) ([]monitor.Rationale, error) {
	var out []monitor.Rationale
	chosen := 0
	for _, s := range all {
		if !c.covers(s.Watched) {
			continue
		}
		chosen++
		dc, counts := c.levels[s.State.Level]
		if !counts || !s.Active {
			continue
		}
		first, _, _ := strings.Cut(s.State.Message, "\n")
		title := fmt.Sprintf("%s is %s", cmp.Or(s.Name, s.Subject.String()), s.State.Level)
		if first != "" {
			title += ": " + first
		}
		out = append(out, monitor.Rationale{
			ID: s.Subject.String(), Level: dc, Title: title, Description: s.State.Message, Link: s.Link, Start: s.State.Since,
		})
	}
	if chosen == 0 {
		return nil, errors.New("no subject is chosen by what the source asks for; a board that watches nothing must not look fine")
	}
	return out, nil
}

func (c choice) covers(w monitor.Watched) bool {
	if w.Subject.Kind == monitor.KindComponent || len(c.kinds) > 0 && !slices.Contains(c.kinds, string(w.Subject.Kind)) {
		return false
	}
	if len(c.names) > 0 && !slices.Contains(c.names, w.Name) && !slices.Contains(c.names, w.Subject.String()) {
		return false
	}
	if c.group == "" && len(c.labels) == 0 {
		return true
	}
	return monitor.Match{Group: c.group, Labels: c.labels}.Covers(w.Subject, w.Group, w.Labels)
}

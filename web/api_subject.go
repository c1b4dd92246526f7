package web

import (
	"context"
	"fmt"
	"strings"

	"wingmirror/monitor"
)

// subjectBody is anything that is watched, as lists and forms name it.
type subjectBody struct {
	Subject string `json:"subject" example:"heartbeat/backup"`
	Name    string `json:"name"`
	Group   string `json:"group"`
	Path    string `json:"path" doc:"Its page"`
	Active  bool   `json:"active"`
}

func toSubjectBody(w monitor.Watched) subjectBody {
	return subjectBody{Subject: w.Subject.String(), Name: w.Name, Group: w.Group, Path: w.Subject.Path(), Active: w.Active}
}

type subjectsInput struct {
	Text  string `query:"q" doc:"Part of the name, or of kind/key"`
	After string `query:"after" doc:"Only what follows this: next of the part before"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type subjectsOutput struct {
	Body struct {
		Subjects []subjectBody `json:"subjects" nullable:"false"`
		Found    int           `json:"found" doc:"How many there are in all parts together"`
		Next     string        `json:"next,omitempty" doc:"after of the next part; left out on the last"`
	}
}

// apiSubjects lists everything that is watched, in the order of kind and name.
func (s *server) apiSubjects(ctx context.Context, in *subjectsInput) (*subjectsOutput, error) {
	all, err := s.allWatched(ctx)
	if err != nil {
		return nil, err
	}
	var out subjectsOutput
	out.Body.Subjects = []subjectBody{}
	var found []monitor.Watched
	text := strings.ToLower(in.Text)
	for _, w := range all {
		if !strings.Contains(strings.ToLower(w.Name), text) && !strings.Contains(strings.ToLower(w.Subject.String()), text) {
			continue
		}
		found = append(found, w)
	}
	out.Body.Found = len(found)
	found, out.Body.Next = monitor.PartAfter(found, func(w monitor.Watched) string {
		return fmt.Sprintf("%s\t%s\t%s", w.Subject.Kind, w.Name, w.Subject.Key)
	}, in.After, in.Limit)
	for _, w := range found {
		out.Body.Subjects = append(out.Body.Subjects, toSubjectBody(w))
	}
	return &out, nil
}

func (s *server) allWatched(ctx context.Context) ([]monitor.Watched, error) {
	if s.Subjects != nil {
		return s.Subjects.AllWatched(ctx)
	}
	rows, err := s.Library.Overview(ctx)
	all := make([]monitor.Watched, len(rows))
	for i, row := range rows {
		all[i] = monitor.Watched{Subject: monitor.MonitorSubject(row.ID), Name: row.Name, Group: row.Group, Labels: row.Labels, Active: row.Active}
	}
	return all, err
}

// otherWatched is what is watched and is no monitor.
func (s *server) otherWatched(ctx context.Context) ([]monitor.Watched, error) {
	if s.Subjects == nil {
		return nil, nil
	}
	all, err := s.Subjects.AllWatched(ctx)
	var others []monitor.Watched
	for _, w := range all {
		if w.Subject.Kind != monitor.KindMonitor {
			others = append(others, w)
		}
	}
	return others, err
}

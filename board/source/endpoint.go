package source

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

// openEndpoint follows a component of another board: one of this program, or
// what the simple API of the older one answers.
func openEndpoint(k Kinds, s *settings) board.Source {
	server := k.server(s, "url")
	return asking{read(func(ctx context.Context, _ time.Time) ([]monitor.Rationale, error) {
		var answer struct {
			Name        string      `json:"name"`
			Link        string      `json:"link"`
			Description string      `json:"description"`
			Defcon      json.Number `json:"defcon"`
			Stale       bool        `json:"stale"`
			Status      struct {
				Component string      `json:"component"`
				Code      json.Number `json:"code"`
				StartDate time.Time   `json:"start_date"`
			} `json:"status"`
		}
		if err := server.get(ctx, server.url("", server.base.Query()), &answer); err != nil {
			return nil, err
		}
		code := cmp.Or(answer.Defcon.String(), answer.Status.Code.String())
		level, err := monitor.ParseDC(code)
		if err != nil {
			return nil, fmt.Errorf("%s answered without a level: neither defcon nor status.code is 1 to 5", server.base.Host)
		}
		name := cmp.Or(answer.Name, answer.Status.Component, "a component without a name")
		r := monitor.Rationale{
			ID: LinkID(cmp.Or(answer.Link, server.base.String())), Level: level, Title: name, Link: answer.Link,
			Description: answer.Description, Start: answer.Status.StartDate,
		}
		if answer.Stale {
			r.Description = strings.TrimSpace(r.Description + "\nThe other board says that this may be out of date.")
		}
		return []monitor.Rationale{r}, nil
	}), server.base.Host}
}

// openJSON makes rationales of any JSON.
func openJSON(k Kinds, s *settings) board.Source {
	j := jsonSource{server: k.server(s, "url"), where: s.texts("where"), title: s.template("title", "")}
	items := s.text("items")
	if items != "" {
		j.items = strings.Split(items, ".")
	}
	j.shaped = s.values["title"] != nil || s.values["level"] != nil || items != "" || len(j.where) > 0
	j.level = s.levelRule("level", monitor.NoDC, "")
	j.id, j.about, j.link = s.template("id", ""), s.template("description", ""), s.template("link", "")
	j.start, j.end = s.template("start", ""), s.template("end", "")
	if j.shaped && (s.values["title"] == nil || s.values["level"] == nil) {
		s.wrong("title", "say both, the title and the level, or neither when the answer has rationales as the board writes them")
	}
	return asking{j, j.server.base.Host}
}

type jsonSource struct {
	server                             server
	shaped                             bool // the answer is not the board's own JSON
	items                              []string
	where                              map[string]string
	level                              levelRule
	id, title, about, link, start, end template
}

// Read implements board.Source.
func (j jsonSource) Read(ctx context.Context, _ time.Time) ([]monitor.Rationale, error) {
	body, err := j.server.fetch(ctx, j.server.url("", j.server.base.Query()), "application/json")
	if err != nil {
		return nil, err
	}
	if !j.shaped {
		return parseDocument(body)
	}
	var answer any
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the answer of %s is no JSON: %w", j.server.base.Host, err)
	}
	found := walk(answer, j.items)
	list, isList := found.([]any)
	if !isList {
		if _, isObject := found.(map[string]any); !isObject {
			return nil, errors.New("the answer has no list and no object at items: " + strings.Join(j.items, "."))
		}
		list = []any{found}
	}
	var all []monitor.Rationale
	for _, one := range list {
		if !j.wants(one) {
			continue
		}
		r, err := j.rationale(one)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return named(all), nil
}

func (j jsonSource) wants(one any) bool {
	for path, value := range j.where {
		if textOf(walk(one, strings.Split(path, "."))) != value {
			return false
		}
	}
	return true
}

func (j jsonSource) rationale(one any) (monitor.Rationale, error) {
	level, err := j.level.of(one)
	if err != nil {
		return monitor.Rationale{}, err
	}
	start, err := parseTime(j.start.fill(one), time.UTC)
	if err != nil {
		return monitor.Rationale{}, err
	}
	end, err := parseTime(j.end.fill(one), time.UTC)
	if err != nil {
		return monitor.Rationale{}, err
	}
	return monitor.Rationale{
		ID: j.id.fill(one), Level: level, Title: cmp.Or(strings.TrimSpace(j.title.fill(one)), "without a title"),
		Description: j.about.fill(one), Link: j.link.fill(one), Start: start, End: end,
	}, nil
}

// openJira asks for the issues that a query finds.
func openJira(k Kinds, s *settings) board.Source {
	server := k.server(s, "url")
	jql := s.need("jql", `say which issues count, such as: project = OPS AND priority = Blocker AND resolution IS EMPTY`)
	most := s.number("max_results", 50)
	if most < 1 || most > 1000 {
		s.wrong("max_results", "%d is not between 1 and 1000", most)
	}
	path := cmp.Or(s.text("path"), "/rest/api/2/search")
	level := s.levelRule("level", monitor.DC3, "fields")
	title, about, link := s.template("title", "{{ key }} - {{ fields.summary }}"), s.template("description", "{{ fields.description }}"), s.template("link", "")
	ownLink := s.text("link") != ""
	return asking{read(func(ctx context.Context, _ time.Time) ([]monitor.Rationale, error) {
		var answer struct {
			Issues []map[string]any `json:"issues"`
		}
		query := url.Values{"jql": {jql}, "maxResults": {fmt.Sprint(most)}, "fields": {"*navigable"}}
		if err := server.get(ctx, server.url(path, query), &answer); err != nil {
			return nil, err
		}
		if answer.Issues == nil {
			return nil, fmt.Errorf("the answer of %s has no list of issues", server.base.Host)
		}
		var all []monitor.Rationale
		for _, issue := range answer.Issues {
			r := monitor.Rationale{ID: textOf(issue["key"]), Title: title.fill(issue), Description: about.fill(issue), Link: server.url("/browse/"+textOf(issue["key"]), nil)}
			if ownLink {
				r.Link = link.fill(issue)
			}
			if created, err := time.Parse("2006-01-02T15:04:05.000-0700", textOf(walk(issue, []string{"fields", "created"}))); err == nil {
				r.Start = created
			}
			var err error
			if r.Level, err = level.of(issue); err != nil {
				r.Level = monitor.DC3
				r.Description = strings.TrimSpace(r.Description + "\nIts level is not known and taken to be DC3: " + err.Error())
			}
			all = append(all, r)
		}
		return named(all), nil
	}), server.base.Host}
}

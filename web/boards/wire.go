package boards

import (
	"encoding/json"
	"slices"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

// moment is a time that may be none: null then.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

type rationaleBody struct {
	ID          string          `json:"id"`
	Title       string          `json:"title"`
	Level       string          `json:"level" doc:"DC1 to DC5"`
	Source      string          `json:"source"`
	Component   string          `json:"component"`
	StartDate   *time.Time      `json:"start_date"`
	EndDate     *time.Time      `json:"end_date" doc:"null for as long as it is reported"`
	Link        string          `json:"link"`
	Description string          `json:"description"`
	CountsAs    string          `json:"counts_as,omitempty" doc:"The calmer level that an edge of the tree lets it count as here"`
	Stale       bool            `json:"stale,omitempty" doc:"Its source does not answer now"`
	Outranked   bool            `json:"outranked,omitempty" doc:"Active, but something else decides"`
	Override    bool            `json:"override,omitempty"`
	Author      string          `json:"author,omitempty" doc:"Who pushed it"`
	Metadata    json.RawMessage `json:"metadata,omitempty"`
}

func toRationale(r monitor.Rationale) rationaleBody {
	return rationaleBody{
		ID: r.ID, Title: r.Title, Level: r.Level.String(), Source: r.Source, Component: r.Component, StartDate: moment(r.Start), EndDate: moment(r.End),
		Link: r.Link, Description: r.Description, CountsAs: r.As.String(), Stale: r.Stale || r.Failure, Override: r.Overrides, Author: r.Author, Metadata: r.Metadata,
	}
}

type boardOverrideBody struct {
	ID        int64      `json:"id"`
	Component string     `json:"component"`
	Level     string     `json:"level"`
	Reason    string     `json:"reason"`
	Link      string     `json:"link"`
	Author    string     `json:"author"`
	From      time.Time  `json:"from"`
	Until     time.Time  `json:"until"`
	UpdatedBy string     `json:"extended_by,omitempty"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
	EndedBy   string     `json:"ended_by,omitempty"`
}

func toOverride(o monitor.Override) boardOverrideBody {
	return boardOverrideBody{
		ID: o.ID, Component: o.Component, Level: o.Level.String(), Reason: o.Reason, Link: o.Link, Author: o.Author, From: o.From.UTC(), Until: o.Until.UTC(),
		UpdatedBy: o.UpdatedBy, EndedAt: moment(o.EndedAt), EndedBy: o.EndedBy,
	}
}

type componentStatusBody struct {
	Component string    `json:"component"`
	Code      int       `json:"code" doc:"1 (the most critical) to 5"`
	StartDate time.Time `json:"start_date" doc:"Since when the level holds"`
}

type boardSourceBody struct {
	Name      string     `json:"name"`
	Type      string     `json:"type"`
	Error     string     `json:"error" doc:"Why its newest run failed; empty when it did not"`
	SuccessOn *time.Time `json:"success_on"`
	FailureOn *time.Time `json:"failure_on"`
	Successes int64      `json:"successes"`
	Failures  int64      `json:"failures"`
}

// componentBody is a component as it stands: the lists DC5 to DC1 hold its
// active rationales and those of the components below that count for it.
type componentBody struct {
	Status      componentStatusBody `json:"status"`
	Name        string              `json:"name"`
	Description string              `json:"description"`
	Link        string              `json:"link"`
	Contact     string              `json:"contact"`
	Parent      string              `json:"parent"`
	Children    []string            `json:"children"`
	Level       string              `json:"level"`
	LevelName   string              `json:"level_name"`
	Effects     string              `json:"effects"`
	Computed    string              `json:"computed" doc:"The level without the override of this component"`
	Stale       bool                `json:"stale" doc:"Some of what the level rests on is not known for sure now"`
	Override    *boardOverrideBody  `json:"override" doc:"The one that holds, or null"`
	Overrides   []boardOverrideBody `json:"overrides" doc:"All that hold or are still to begin"`
	NextChange  *time.Time          `json:"next_change" doc:"When the level next changes by what is planned; null when it does not"`
	Upcoming    []rationaleBody     `json:"upcoming"`
	Sources     []boardSourceBody   `json:"sources"`
	More        int                 `json:"more,omitempty" doc:"How many rationales are left out of the lists"`
	DC5         []rationaleBody     `json:"DC5"`
	DC4         []rationaleBody     `json:"DC4"`
	DC3         []rationaleBody     `json:"DC3"`
	DC2         []rationaleBody     `json:"DC2"`
	DC1         []rationaleBody     `json:"DC1"`
}

// maxListed is how many rationales one answer lists.
const maxListed = 2000

func toComponent(look *board.Look, n *board.Node) componentBody {
	info := look.Info(n, n.Level)
	body := componentBody{
		Status: componentStatusBody{n.ID, int(n.Level), n.Since.UTC()}, Name: n.Title(), Description: n.Description, Link: n.Link, Contact: n.Contact,
		Parent: n.Parent, Children: []string{}, Level: n.Level.String(), LevelName: info.Name, Effects: info.Effects, Computed: n.Computed.String(),
		Stale: look.Stale(n), Overrides: []boardOverrideBody{}, NextChange: moment(n.Next()), Upcoming: []rationaleBody{}, Sources: []boardSourceBody{},
		DC5: []rationaleBody{}, DC4: []rationaleBody{}, DC3: []rationaleBody{}, DC2: []rationaleBody{}, DC1: []rationaleBody{},
	}
	for _, child := range n.Children {
		body.Children = append(body.Children, child.ID)
	}
	for _, o := range n.Overrides {
		body.Overrides = append(body.Overrides, toOverride(o))
	}
	for _, r := range n.Upcoming {
		body.Upcoming = append(body.Upcoming, toRationale(r))
	}
	for _, s := range n.Sources {
		body.Sources = append(body.Sources, boardSourceBody{s.Name, s.Type, s.Error, moment(s.SuccessAt), moment(s.FailureAt), s.Successes, s.Failures})
	}
	all, more := listed(n)
	if n.Override != nil {
		o := toOverride(*n.Override)
		body.Override = &o
	}
	body.More = more
	lists := map[string]*[]rationaleBody{"DC5": &body.DC5, "DC4": &body.DC4, "DC3": &body.DC3, "DC2": &body.DC2, "DC1": &body.DC1}
	for _, r := range all {
		*lists[r.Level] = append(*lists[r.Level], r)
	}
	return body
}

// listed returns the active rationales of a component and of those below that
// count for it, with what outranks them first, and how many were left out.
func listed(n *board.Node) (all []rationaleBody, more int) {
	if o := n.Override; o != nil {
		all = append(all, toRationale(board.OverrideReason(*o)))
	}
	reasons, count := n.Reasons(maxListed)
	outranking := slices.ContainsFunc(n.Rationales, func(r monitor.Rationale) bool { return r.Overrides })
	for _, r := range reasons {
		one := toRationale(r)
		one.Outranked = n.Override != nil || outranking && (r.Component != n.ID || !r.Overrides)
		all = append(all, one)
	}
	return all, count - len(reasons)
}

type boardChangeBody struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	From   string    `json:"from" doc:"Empty when the component was seen for the first time"`
	To     string    `json:"to"`
	Cause  string    `json:"cause"`
	Author string    `json:"author" doc:"Who overrode or pushed; empty when a source did it"`
}

func toChange(c monitor.BoardChange) boardChangeBody {
	return boardChangeBody{c.ID, c.At.UTC(), c.From.String(), c.To.String(), c.Cause, c.Author}
}

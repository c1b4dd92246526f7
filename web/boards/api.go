package boards

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"wingmirror/account"
	"wingmirror/monitor"
	"wingmirror/web"
)

const oneComponent = "/api/v1/board/{component}"

func (r room) apiRoutes() []web.Route {
	const post, put, del = http.MethodPost, http.MethodPut, http.MethodDelete
	return []web.Route{
		r.reading("/gate/{component}", web.Page(r.gate)),
		r.reading("/badge/{name}", web.Page(r.badge)),
		r.reading("/api/v1/board", web.Op(r.apiBoard, "List all components with their levels")),
		r.reading(oneComponent, web.Op(r.apiComponent, "Get a component's level with the rationales behind it")),
		r.reading(oneComponent+"/history", web.Op(r.apiHistory, "List the changes of a component's level, newest first")),
		writing(post, oneComponent+"/overrides", web.Op(r.apiOverride, "Override a component's level for a stated time", http.StatusCreated)),
		writing(put, oneComponent+"/overrides/{id}", web.Op(r.apiExtend, "Move the end of an override")),
		writing(post, oneComponent+"/overrides/{id}/end", web.Op(r.apiEndOverride, "End an override early, for good")),
		writing(put, oneComponent+"/rationales/{id}", web.Op(r.apiPush, "Push a rationale, in place of one with the same id")),
		writing(del, oneComponent+"/rationales/{id}", web.Op(r.apiWithdraw, "Take a pushed rationale back", http.StatusNoContent)),
	}
}

// componentSummaryBody is a component in the list of all.
type componentSummaryBody struct {
	Component  string     `json:"component"`
	Name       string     `json:"name"`
	Parent     string     `json:"parent"`
	Counts     string     `json:"counts" doc:"How it counts for its parent"`
	Code       int        `json:"code"`
	Level      string     `json:"level"`
	LevelName  string     `json:"level_name"`
	StartDate  time.Time  `json:"start_date"`
	Stale      bool       `json:"stale"`
	Overridden bool       `json:"overridden"`
	NextChange *time.Time `json:"next_change"`
}

type boardOutput struct {
	Body struct {
		Stale      bool                   `json:"stale" doc:"The database does not answer: what is said is what was known last"`
		Components []componentSummaryBody `json:"components" doc:"Parents before their children"`
	}
}

func (r room) apiBoard(context.Context, *struct{}) (*boardOutput, error) {
	look := r.Board.Look()
	out := &boardOutput{}
	out.Body.Stale = !look.StoreDown.IsZero()
	out.Body.Components = []componentSummaryBody{}
	for _, n := range look.Nodes() {
		out.Body.Components = append(out.Body.Components, componentSummaryBody{
			Component: n.ID, Name: n.Title(), Parent: n.Parent, Counts: n.Counts.String(), Code: int(n.Level), Level: n.Level.String(),
			LevelName: look.Levels[n.Level].Name, StartDate: n.Since.UTC(), Stale: look.Stale(n), Overridden: n.Override != nil, NextChange: moment(n.Next()),
		})
	}
	return out, nil
}

type componentInput struct {
	Component string `path:"component"`
}

type componentOutput struct{ Body componentBody }

func (r room) apiComponent(_ context.Context, in *componentInput) (*componentOutput, error) {
	look, n, err := r.node(in.Component)
	if err != nil {
		return nil, err
	}
	return &componentOutput{toComponent(look, n)}, nil
}

type historyInput struct {
	Component string `path:"component"`
	Before    int64  `query:"before" minimum:"0" doc:"Only changes with a smaller id; 0 begins with the newest"`
	Limit     int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type historyOutput struct {
	Body struct {
		Changes []boardChangeBody `json:"changes"`
		Next    int64             `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

func (r room) apiHistory(ctx context.Context, in *historyInput) (*historyOutput, error) {
	if _, _, err := r.node(in.Component); err != nil {
		return nil, err
	}
	changes, err := r.Records.BoardChanges(ctx, in.Component, in.Before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &historyOutput{}
	out.Body.Changes = []boardChangeBody{}
	changes, out.Body.Next = monitor.PartBefore(changes, func(c monitor.BoardChange) int64 { return c.ID }, in.Before, in.Limit)
	for _, c := range changes {
		out.Body.Changes = append(out.Body.Changes, toChange(c))
	}
	return out, nil
}

// overrideEndBody is an end: a time, or how long from now.
type overrideEndBody struct {
	Until    string `json:"until,omitempty" doc:"When it ends, as 2030-12-24T18:00:00Z; either this or duration"`
	Duration string `json:"duration,omitempty" doc:"For how long from now: 30m, 8h, 2d"`
}

func (b overrideEndBody) end(now time.Time, field string) (time.Time, error) {
	switch {
	case b.Until != "" && b.Duration != "":
		return time.Time{}, monitor.Invalid(field, "write either until or duration")
	case b.Duration != "":
		span, err := monitor.ParseSpan(b.Duration)
		if err != nil {
			return time.Time{}, err
		}
		return span.After(now), nil
	case b.Until == "":
		return time.Time{}, nil
	}
	return parseMoment(field, b.Until)
}

func parseMoment(field, text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, monitor.Invalid(field, "%q is no time; write it as 2030-12-24T18:00:00Z", monitor.Cut(text, 50))
	}
	return at.UTC(), nil
}

type overrideInput struct {
	Component string `path:"component"`
	Body      struct {
		Level    any    `json:"level,omitempty" doc:"DC1 to DC5, or 1 to 5"`
		Reason   string `json:"reason,omitempty" doc:"Why; required"`
		Until    string `json:"until,omitempty" doc:"When it ends, as 2030-12-24T18:00:00Z; either this or duration"`
		Duration string `json:"duration,omitempty" doc:"For how long from now: 30m, 8h, 2d"`
		Link     string `json:"link,omitempty"`
		From     string `json:"from,omitempty" doc:"When it begins; empty is now"`
	}
}

type overrideOutput struct{ Body boardOverrideBody }

func (r room) apiOverride(ctx context.Context, in *overrideInput) (*overrideOutput, error) {
	now := r.Now()
	var errs monitor.FieldErrors
	collect := func(err error) { errs = append(errs, monitor.AllFieldErrors(err)...) }
	level, err := readLevel(in.Body.Level)
	collect(err)
	until, err := overrideEndBody{in.Body.Until, in.Body.Duration}.end(now, "until")
	collect(err)
	from := now
	if in.Body.From != "" {
		from, err = parseMoment("from", in.Body.From)
		collect(err)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	o, err := r.Board.Override(ctx, monitor.Override{
		Component: in.Component, Level: level, Reason: strings.TrimSpace(in.Body.Reason), Link: in.Body.Link, Author: r.Author(ctx), From: from, Until: until,
	})
	if err != nil {
		return nil, err
	}
	r.acted(ctx, "override.create", o.Component, fmt.Sprintf("%s from %s until %s: %s", o.Level, o.From.UTC().Format(time.RFC3339), o.Until.UTC().Format(time.RFC3339), o.Reason))
	return &overrideOutput{toOverride(o)}, nil
}

// readLevel reads a level that may be a number or a text.
func readLevel(value any) (monitor.DC, error) {
	switch v := value.(type) {
	case string:
		return monitor.ParseDC(v)
	case float64:
		return monitor.ParseDC(fmt.Sprint(v))
	}
	return monitor.NoDC, monitor.Invalid("level", "say which level: DC1 (the most critical) to DC5")
}

// acted writes an act into the audit log and wakes the pages.
func (r room) acted(ctx context.Context, action, component, detail string) {
	r.Record(ctx, action, "component/"+component, monitor.Cut(detail, 500))
	r.Changed()
}

type extendInput struct {
	Component string `path:"component"`
	ID        int64  `path:"id" minimum:"1"`
	Body      overrideEndBody
}

func (r room) apiExtend(ctx context.Context, in *extendInput) (*overrideOutput, error) {
	until, err := in.Body.end(r.Now(), "until")
	if err != nil {
		return nil, err
	}
	o, err := r.Board.Extend(ctx, in.Component, in.ID, until, r.Author(ctx))
	if err != nil {
		return nil, err
	}
	r.acted(ctx, "override.extend", o.Component, "until "+o.Until.UTC().Format(time.RFC3339)+": "+o.Reason)
	return &overrideOutput{toOverride(o)}, nil
}

type overrideIDInput struct {
	Component string `path:"component"`
	ID        int64  `path:"id" minimum:"1"`
}

func (r room) apiEndOverride(ctx context.Context, in *overrideIDInput) (*overrideOutput, error) {
	o, err := r.Board.EndOverride(ctx, in.Component, in.ID, r.Author(ctx))
	if err != nil {
		return nil, err
	}
	r.acted(ctx, "override.end", o.Component, o.Reason)
	return &overrideOutput{toOverride(o)}, nil
}

type pushInput struct {
	Component string `path:"component"`
	ID        string `path:"id"`
	Body      struct {
		Level       any             `json:"level,omitempty" doc:"DC1 to DC5, or 1 to 5"`
		Title       string          `json:"title,omitempty" doc:"A line; required"`
		Description string          `json:"description,omitempty"`
		Link        string          `json:"link,omitempty"`
		StartDate   string          `json:"start_date,omitempty" doc:"Empty is now"`
		EndDate     string          `json:"end_date,omitempty" doc:"Empty with no duration is an hour from now"`
		Duration    string          `json:"duration,omitempty"`
		Metadata    json.RawMessage `json:"metadata,omitempty"`
	}
}

type rationaleOutput struct{ Body rationaleBody }

// pushLasts is how long what is pushed without an end holds.
const pushLasts = time.Hour

func (r room) apiPush(ctx context.Context, in *pushInput) (*rationaleOutput, error) {
	now := r.Now()
	var errs monitor.FieldErrors
	collect := func(err error) { errs = append(errs, monitor.AllFieldErrors(err)...) }
	level, err := readLevel(in.Body.Level)
	collect(err)
	end, err := overrideEndBody{in.Body.EndDate, in.Body.Duration}.end(now, "end_date")
	collect(err)
	if end.IsZero() {
		end = now.Add(pushLasts)
	}
	start := now
	if in.Body.StartDate != "" {
		start, err = parseMoment("start_date", in.Body.StartDate)
		collect(err)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	stored, err := r.Board.Push(ctx, monitor.Rationale{
		ID: in.ID, Component: in.Component, Level: level, Title: strings.TrimSpace(in.Body.Title), Description: in.Body.Description, Link: in.Body.Link,
		Start: start, End: end, Metadata: in.Body.Metadata, Author: r.Author(ctx),
	})
	if err != nil {
		return nil, err
	}
	r.acted(ctx, "rationale.push", stored.Component, fmt.Sprintf("%s %s: %s", stored.ID, stored.Level, stored.Title))
	return &rationaleOutput{toRationale(stored)}, nil
}

type pushIDInput struct {
	Component string `path:"component"`
	ID        string `path:"id"`
}

func (r room) apiWithdraw(ctx context.Context, in *pushIDInput) (*struct{}, error) {
	if err := r.Board.Withdraw(ctx, in.Component, in.ID); err != nil {
		return nil, err
	}
	r.acted(ctx, "rationale.withdraw", in.Component, in.ID)
	return nil, nil
}

// identity is who asks, also by a token in the place of a password, which is
// what programs can do that know only basic authentication.
func (r room) identity(q *http.Request) (account.Identity, error) {
	_, password, basic := q.BasicAuth()
	if !basic || r.Tokens == nil {
		return r.Who(q.Context()), nil
	}
	return r.Tokens.FromToken(q.Context(), password)
}

// base is the address of the pages, as addresses in answers begin: the one that
// is configured, else that at which the connection arrived. It never follows the
// Host header, which whoever asks can make up.
func (r room) base(q *http.Request) string {
	if r.Base != "" {
		return strings.TrimSuffix(r.Base, "/")
	}
	scheme := "http"
	if q.TLS != nil {
		scheme = "https"
	}
	at, ok := q.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return ""
	}
	return scheme + "://" + at.String()
}

// Package rules is the room of rules over events: the page where the rules file
// is edited, previewed over stored events and saved, the page where events are
// searched and charted, the address that agents push events to, and the API of
// all of it.
//
// The package decides nothing: rules are loaded and run by package event.
package rules

import (
	"context"
	"net/http"
	"time"

	"wingmirror/event"
	"wingmirror/monitor"
	"wingmirror/web"
)

// Book has the rules file in force, and its versions.
type Book interface {
	InForce() monitor.RuleFile
	Problem() string
	Save(ctx context.Context, text, author string, base int) (monitor.RuleFile, error)
	Versions(ctx context.Context, before, limit int) ([]monitor.RuleFile, error)
}

// Live takes events in, and knows what fires.
type Live interface {
	Push(ctx context.Context, batch event.Batch) (event.Receipt, error)
	Standing() event.Standing
}

// Store has the events.
type Store interface {
	event.Events
	event.Points
	Events(ctx context.Context, f monitor.EventFilter) ([]monitor.PushedEvent, error)
	EventNames(ctx context.Context, since time.Time, most int) (monitor.EventNames, error)
}

// Room is the part of the house. Book, Live and Store are required.
type Room struct {
	Book  Book
	Live  Live
	Store Store
	File  string // that the rules are followed from, so that they are not edited here; "" for none
	Base  string // address of these pages as people reach them, for what is to be copied
}

// Nav returns the room's entry.
func (Room) Nav() []web.NavEntry { return []web.NavEntry{{Label: "Rules", Href: "/rules"}} }

// desk is the room in its house.
type desk struct {
	Room
	h web.Host
}

// Routes returns the room's part of the table.
func (r Room) Routes(h web.Host) []web.Route {
	d := desk{r, h}
	const get, post, put = http.MethodGet, http.MethodPost, http.MethodPut
	const viewer, editor = monitor.RoleViewer, monitor.RoleEditor
	return []web.Route{
		{Method: get, Pattern: "/rules", Need: viewer, Serve: web.Page(d.rulesPage)},
		{Method: get, Pattern: "/rules/events", Need: viewer, Serve: web.Page(d.eventsPage)},

		{Method: post, Pattern: "/events", Need: editor, Scope: monitor.ScopeEvents, Serve: web.Page(d.pushPage)},
		{Method: post, Pattern: "/api/v1/events", Need: editor, Scope: monitor.ScopeEvents, Serve: web.Op(d.push, "Push events: one, an array, or one on each line")},
		{Method: get, Pattern: "/api/v1/events", Need: viewer, Serve: web.Op(d.search, "Search events, those that came last first")},
		{Method: get, Pattern: "/api/v1/events/series", Need: viewer, Serve: web.Op(d.series, "Get the values of a service's component over time, a series for each server")},
		{Method: get, Pattern: "/api/v1/rules", Need: viewer, Serve: web.Op(d.getRules, "Get the rules file in force, and what fires")},
		{Method: put, Pattern: "/api/v1/rules", Need: editor, Serve: web.Op(d.putRules, "Replace the rules file")},
		{Method: post, Pattern: "/api/v1/rules/check", Need: viewer, Serve: web.Op(d.check, "Say everything that is wrong with a rules file; stores nothing")},
		{Method: post, Pattern: "/api/v1/rules/preview", Need: viewer, Serve: web.Op(d.preview, "Say what a rules file would have fired for over stored events; stores nothing")},
		{Method: get, Pattern: "/api/v1/rules/versions", Need: viewer, Serve: web.Op(d.versions, "List the saved versions of the rules file, newest first")},
		{Method: get, Pattern: "/api/v1/rules/versions/{version}", Need: viewer, Serve: web.Op(d.version, "Get a saved version of the rules file")},
		{Method: get, Pattern: "/api/v1/rules/words", Need: viewer, Serve: web.Op(d.words, "List what can stand in a rules file: keys, fields, and names seen in events")},
	}
}

// Package boards is the board's part of the pages and the API: the tree of
// components, overrides, the gate that pipelines ask, badges and feeds, and the
// REST API of the older tool for those who read it already.
//
// Whatever is read comes from the board's memory, so it is answered while the
// database is down. The package decides nothing: levels are the board's.
package boards

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"wingmirror/account"
	"wingmirror/board"
	"wingmirror/monitor"
	"wingmirror/web"
)

// Records is what the board's memory does not hold.
type Records interface {
	// BoardChanges returns a component's changes with an ID below before (0: from
	// the newest on), newest first.
	BoardChanges(ctx context.Context, component string, before int64, limit int) ([]monitor.BoardChange, error)
	DeleteBoardInstance(ctx context.Context, number int64) error
}

// Components keeps the components and the words of levels that are made in the
// pages, and who subscribes. See store.DB for the errors.
type Components interface {
	SaveComponent(ctx context.Context, c monitor.Component, author string, at time.Time) (monitor.Component, error)
	DeleteComponent(ctx context.Context, id string) error
	AddSubscription(ctx context.Context, s monitor.Subscription) (monitor.Subscription, error)
	ChangeSubscription(ctx context.Context, s monitor.Subscription) (monitor.Subscription, error)
	DeleteSubscription(ctx context.Context, component string, id int64) error
	SaveBoardLevels(ctx context.Context, levels map[monitor.DC]monitor.DCInfo, author string, at time.Time) error
}

// Tokens says who a token stands for.
type Tokens interface {
	FromToken(ctx context.Context, text string) (account.Identity, error)
}

// Room is the board's room.
type Room struct {
	Board      *board.Board
	Records    Records
	Components Components
	Checker    board.Checker
	Tokens     Tokens          // nil: nobody comes in by a token in a password's place
	Groups     func() []string // names of contact groups; nil: there are none
	Base       string          // address of the pages as people reach them; "": where a connection arrives, and browsers know better
	Open       bool            // everybody may read, without a login
}

// Nav implements web.Room.
func (o Room) Nav() []web.NavEntry {
	return []web.NavEntry{{Label: "Board", Href: "/board", Also: []string{"/board-new"}}}
}

// room is a Room in its house.
type room struct {
	Room
	web.Host
	answers *answers // of the gate
}

// Routes implements web.Room.
func (o Room) Routes(h web.Host) []web.Route {
	r := room{o, h, &answers{}}
	return slices.Concat(r.pageRoutes(), r.apiRoutes(), r.componentRoutes(), r.levelRoutes(), r.olderRoutes())
}

// reading is a route for whoever may read the board.
func (r room) reading(pattern string, serve web.Endpoint) web.Route {
	route := web.Route{Method: http.MethodGet, Pattern: pattern, Need: monitor.RoleViewer, Scope: monitor.ScopeGate, Serve: serve}
	if r.Open {
		route.Need = monitor.NoRole
	}
	return route
}

func writing(method, pattern string, serve web.Endpoint) web.Route {
	return web.Route{Method: method, Pattern: pattern, Need: monitor.RoleEditor, Serve: serve}
}

// node finds a component, or returns ErrNotFound.
func (r room) node(id string) (*board.Look, *board.Node, error) {
	look := r.Board.Look()
	if n := look.Node(id); n != nil {
		return look, n, nil
	}
	return look, nil, look.NotFound(id)
}

// mayAct reports whether whoever asks may change what the board says.
func (r room) mayAct(ctx context.Context) bool { return r.May(ctx, monitor.RoleEditor) }

func (r room) groups() []string {
	if r.Groups == nil {
		return nil
	}
	return r.Groups()
}

// color is that of a level on badges.
func color(dc monitor.DC) string {
	return cmp.Or(map[monitor.DC]string{
		monitor.DC5: "#97CA00", monitor.DC4: "#a4a61d", monitor.DC3: "#dfb317", monitor.DC2: "#fe7d37", monitor.DC1: "#e05d44",
	}[dc], "#9f9f9f")
}

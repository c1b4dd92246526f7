package web

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"wingmirror/account"
	"wingmirror/monitor"
)

// Room is a part of the pages and the API that lives in a package of its own
// below this one, such as web/heartbeats.
type Room interface {
	// Nav returns the room's entries in the main navigation.
	Nav() []NavEntry
	// Routes returns the room's part of the table of routes.
	Routes(h Host) []Route
}

// Host is what a room may use of the house.
type Host struct{ s *server }

// Render answers with a page in the layout of all pages. Nothing is sent before
// the whole page is made.
func (h Host) Render(w http.ResponseWriter, r *http.Request, v View) error {
	return h.s.render(w, r, v)
}

// Author names who asks, for versions and audit entries.
func (h Host) Author(ctx context.Context) string { return author(ctx) }

// May reports whether whoever asks has the role, so that a page can leave out
// what would be refused.
func (h Host) May(ctx context.Context, need monitor.Role) bool { return may(ctx, need) }

// Who returns who asks.
func (h Host) Who(ctx context.Context) account.Identity { return account.From(ctx) }

// Record writes an act into the audit log.
func (h Host) Record(ctx context.Context, action, subject, detail string) {
	h.s.record(ctx, action, subject, detail)
}

// Changed tells listening pages to look again.
func (h Host) Changed() { h.s.changed() }

// Now is the clock.
func (h Host) Now() time.Time { return h.s.Now() }

// Log is where a room says what its operator should know.
func (h Host) Log() *slog.Logger { return h.s.Log }

// serves reports whether a room brings a route, so that a page can leave out
// what leads nowhere.
func (s *server) serves(pattern string) bool {
	return slices.ContainsFunc(s.roomRoutes(), func(r Route) bool { return r.Pattern == pattern })
}

func (s *server) roomRoutes() []Route {
	var all []Route
	for _, room := range s.Rooms {
		all = slices.Concat(all, room.Routes(Host{s}))
	}
	return all
}

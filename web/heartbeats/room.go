package heartbeats

import (
	"context"
	"net/http"
	"time"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/web"
)

// Book is what the room needs of heartbeats.
type Book interface {
	PacemakerBook
	Save(ctx context.Context, h monitor.Heartbeat, author string) (monitor.Heartbeat, error)
	Pin(ctx context.Context, ref monitor.HeartbeatRef, author string) (monitor.Heartbeat, error)
	Shape(ref monitor.HeartbeatRef) (heartbeat.Shape, error)
	Brief(ref monitor.HeartbeatRef) string
}

// Keys is what the room needs of keys.
type Keys interface {
	KeyRing
	List() []monitor.HeartbeatKey
	Make(ctx context.Context, space, name string, quota int) (monitor.HeartbeatKey, error)
	Delete(ctx context.Context, key string) error
}

// Past is what is kept of what came.
type Past interface {
	BeatLog
	BeatBody(ctx context.Context, id, n int64) ([]byte, error)
	HeartbeatEvents(ctx context.Context, id int64, limit int) ([]monitor.HeartbeatEvent, error)
}

// Room is the pages of heartbeats and their part of the API.
type Room struct {
	Book    Book
	Keys    Keys
	Past    Past
	Badges  Badges
	Base    string         // the server's address as people reach it, for what is to be copied
	Zone    *time.Location // of schedules that name none
	Checked func(alerts []string) error
}

// Nav returns the room's entry.
func (r Room) Nav() []web.NavEntry { return []web.NavEntry{{Label: "Heartbeats", Href: "/heartbeats"}} }

// Routes returns the room's part of the table.
func (r Room) Routes(h web.Host) []web.Route {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	const viewer, editor = monitor.RoleViewer, monitor.RoleEditor
	const one = "/api/v1/heartbeats/{key}"
	s := desk{r, h}
	return []web.Route{
		{Method: get, Pattern: "/heartbeats", Need: viewer, Serve: web.Page(s.listPage)},
		{Method: get, Pattern: "/heartbeats/{key}", Need: viewer, Serve: web.Page(s.onePage)},
		{Method: get, Pattern: "/heartbeats/{space}/{name}", Need: viewer, Serve: web.Page(asWritten)},
		{Method: get, Pattern: "/heartbeats/{key}/beats/{n}", Need: viewer, Serve: web.Page(s.bodyPage)},

		{Method: get, Pattern: "/api/v1/heartbeats", Need: viewer, Serve: web.Op(s.list, "List heartbeats with their state")},
		{Method: post, Pattern: "/api/v1/heartbeats", Need: editor, Serve: web.Op(s.create, "Make a heartbeat before its first beat", http.StatusCreated)},
		{Method: get, Pattern: one, Need: viewer, Serve: web.Op(s.get, "Get a heartbeat")},
		{Method: patch, Pattern: one, Need: editor, Serve: web.Op(s.change, "Change what is given of a heartbeat")},
		{Method: del, Pattern: one, Need: editor, Serve: web.Op(s.delete, "Delete a heartbeat and its history", http.StatusNoContent)},
		{Method: post, Pattern: one + "/pin", Need: editor, Serve: web.Op(s.pin, "Make what was learned the schedule")},
		{Method: post, Pattern: one + "/votes", Need: editor, Serve: web.Op(s.vote, "Say that the newest alert was useful or noise", http.StatusNoContent)},
		{Method: get, Pattern: one + "/beats", Need: viewer, Serve: web.Op(s.beats, "List the beats of a heartbeat, newest first")},
		{Method: post, Pattern: one + "/beats", Need: editor, Scope: monitor.ScopePing, Serve: web.Op(s.send, "Send a beat")},
		{Method: get, Pattern: one + "/events", Need: viewer, Serve: web.Op(s.events, "List flips and what else happened to a heartbeat, newest first")},
		{Method: get, Pattern: "/api/v1/heartbeat-keys", Need: editor, Serve: web.Op(s.keys, "List the keys that beats are sent with")},
		{Method: post, Pattern: "/api/v1/heartbeat-keys", Need: editor, Serve: web.Op(s.makeKey, "Make a key", http.StatusCreated)},
		{Method: del, Pattern: "/api/v1/heartbeat-keys/{key}", Need: editor, Serve: web.Op(s.deleteKey, "Take a key out of use", http.StatusNoContent)},
	}
}

// desk is the room in its house.
type desk struct {
	Room
	h web.Host
}

// refOf reads SPACE/NAME.
func refOf(key string) (monitor.HeartbeatRef, error) {
	ref, ok := monitor.HeartbeatOf(monitor.Subject{Kind: monitor.KindHeartbeat, Key: key})
	if !ok {
		return ref, monitor.Invalid("key", "%q is not of the form SPACE/NAME, with the slash written as %%2F", monitor.Cut(key, 100))
	}
	return ref, nil
}

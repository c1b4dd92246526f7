// Package backtests is the room of everything about a monitor's past: backtests,
// comparisons of versions, sweeps, labels, shadows, and the timeline. Its pages
// are parts of the monitor's own page; what they do, the API does as well.
//
// Long work is streamed: an answer is lines of JSON, each a whole report of how
// far it is, and the last one is the result. Whoever hangs up has cancelled it.
// The package computes nothing: see scheduler/backtest.
package backtests

import (
	"context"
	"net/http"
	"time"

	"wingmirror/monitor"
	"wingmirror/scheduler"
	"wingmirror/scheduler/backtest"
	"wingmirror/scheduler/replay"
	"wingmirror/store"
	"wingmirror/web"
)

// Engine runs backtests.
type Engine interface {
	// Backtest gives monitor.ErrUnavailable while too many are under way.
	Backtest(ctx context.Context, p backtest.Plan, progress func(backtest.Progress)) ([]backtest.Result, error)
	// Lost returns which labels an edited version would no longer deserve: spans
	// where somebody should be told, on whose recorded runs it is never bad. checked
	// counts the labels that have a recorded run.
	Lost(ctx context.Context, m monitor.Monitor, labels []monitor.Label) (lost []monitor.Label, checked int, err error)
}

// Tests runs unit tests.
type Tests interface {
	RunTests(ctx context.Context, m monitor.Monitor) ([]scheduler.TestResult, error)
}

// Past is what is stored of it.
type Past interface {
	Monitor(ctx context.Context, id int64) (monitor.Monitor, error)
	Incident(ctx context.Context, id int64) (monitor.Incident, []monitor.Event, error)
	Incidents(ctx context.Context, f store.IncidentFilter) ([]monitor.Incident, error)
	Seen(ctx context.Context, id int64, from, until time.Time) (times []int64, letters []byte, err error)
}

// Labels keeps what people say of it.
type Labels interface {
	LabelsOf(ctx context.Context, id int64) ([]monitor.Label, error)
	SaveLabel(ctx context.Context, l monitor.Label) (monitor.Label, error)
	DeleteLabel(ctx context.Context, id int64) error
}

// Recordings has what runs saw.
type Recordings interface {
	Recording(ctx context.Context, id int64, at time.Time) (monitor.Recording, error)
	RecordedAt(ctx context.Context, id int64, first, last time.Time) ([]time.Time, error)
}

// Replays makes recorded runs again, each with the version and the helper files
// that it had.
type Replays interface {
	// Replay gives monitor.ErrUnavailable while too many are under way, and
	// monitor.ErrNotFound for one run of which nothing is recorded.
	Replay(ctx context.Context, w replay.Wanted, each func(replay.Replayed), progress func(replay.Summary)) (replay.Summary, error)
	// Export returns one run as a file.
	Export(ctx context.Context, w replay.Wanted) (replay.File, error)
}

// Shadows runs edited versions beside the saved ones.
type Shadows interface {
	Start(ctx context.Context, s monitor.Shadow) (monitor.Shadow, error)
	End(ctx context.Context, id int64) error
	Of(ctx context.Context, monitor int64) ([]monitor.Shadow, error)
	// Compare returns what the saved version and the shadow made of the same runs.
	Compare(ctx context.Context, id int64) (saved, shadow backtest.Result, s monitor.Shadow, err error)
}

// Room is the part of the house. All fields are required.
type Room struct {
	Engine     Engine
	Past       Past
	Labels     Labels
	Recordings Recordings
	Replays    Replays
	Shadows    Shadows
	Tests      Tests
}

// Nav is empty: everything is reached from a monitor.
func (Room) Nav() []web.NavEntry { return nil }

// Routes returns the room's part of the table.
func (r Room) Routes(h web.Host) []web.Route {
	d := desk{r, h}
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	const viewer, editor = monitor.RoleViewer, monitor.RoleEditor
	const one, labels, shadows = "/api/v1/monitors/{id}", "/api/v1/labels", "/api/v1/shadows"
	return []web.Route{
		{Method: post, Pattern: "/api/v1/backtests", Need: editor, Serve: web.Op(d.backtest, "Run a monitor over the past, alone or against another version; streams lines of JSON")},
		{Method: post, Pattern: "/api/v1/sweeps", Need: editor, Serve: web.Op(d.sweep, "Run a monitor over the past once for each value of one of its numbers; streams lines of JSON")},
		{Method: post, Pattern: "/api/v1/run-tests", Need: editor, Serve: web.Op(d.runTests, "Run the unit tests of a monitor")},
		{Method: get, Pattern: one + "/timeline", Need: viewer, Serve: web.Op(d.timeline, "What runs saw over time, with incidents and labels")},
		{Method: get, Pattern: one + "/runs/{at}/recording", Need: viewer, Serve: web.Op(d.recording, "Get everything that one run saw")},
		{Method: get, Pattern: one + "/runs/{at}/export", Need: viewer, Serve: web.Page(d.export)},
		{Method: post, Pattern: "/api/v1/replays", Need: editor, Serve: web.Op(d.replays, "Make recorded runs again and say which do not come out the same; streams lines of JSON")},
		{Method: post, Pattern: one + "/losses", Need: editor, Serve: web.Op(d.losses, "Say which labelled incidents an edited version would no longer catch")},
		{Method: get, Pattern: one + "/labels", Need: viewer, Serve: web.Op(d.labels, "List what people said of a monitor's past")},
		{Method: post, Pattern: labels, Need: editor, Serve: web.Op(d.label, "Label an incident as true or noise, or a span as missed", http.StatusCreated)},
		{Method: del, Pattern: labels + "/{id}", Need: editor, Serve: web.Op(d.unlabel, "Take a label back", http.StatusNoContent)},
		{Method: get, Pattern: one + "/shadows", Need: viewer, Serve: web.Op(d.shadows, "List the shadows of a monitor, newest first")},
		{Method: post, Pattern: shadows, Need: editor, Serve: web.Op(d.startShadow, "Run an edited version beside the saved one, telling nobody", http.StatusCreated)},
		{Method: get, Pattern: shadows + "/{id}", Need: viewer, Serve: web.Op(d.shadow, "Compare a shadow with the saved version over the runs that both made")},
		{Method: del, Pattern: shadows + "/{id}", Need: editor, Serve: web.Op(d.endShadow, "End a shadow", http.StatusNoContent)},
	}
}

// desk serves the room's routes.
type desk struct {
	Room
	web.Host
}

// Package source has every kind of source that the board can read: our own
// subjects, expressions of Graphite and Prometheus, Alertmanager, Jira, another
// board, any JSON, calendars, programs, and rationales that are written down.
//
// A source is opened from its settings, which are checked when they are loaded,
// and then read again and again; see package board for what is made of it. What
// a server sends is untrusted: answers are bounded and decoded strictly enough
// that garbage is an error and never an empty list.
package source

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
)

// Subjects knows how our own subjects stand.
type Subjects interface {
	// Standings returns all subjects with their states.
	Standings(ctx context.Context) ([]Subject, error)
}

// Subject is one of our own subjects with what is in force about it.
type Subject struct {
	monitor.Watched
	State monitor.State
	Link  string // its page
}

// Fetcher brings series from Graphite.
type Fetcher interface {
	Fetch(ctx context.Context, w monitor.Window, targets []string) []monitor.Fetched
	Window(at time.Time, minutes int) monitor.Window
}

// Kinds opens sources of every kind. The zero value knows those that need
// nothing of ours.
type Kinds struct {
	Subjects Subjects     // nil: there are none
	Graphite Fetcher      // nil: there is none
	Programs []string     // absolute paths of the programs that a source may run
	Client   *http.Client // nil: one of our own
	Public   bool         // sources of the pages reach the public internet only
}

// opener reads a kind's settings.
type opener func(k Kinds, s *settings) board.Source

func kinds() map[string]opener {
	return map[string]opener{
		"subjects": openSubjects, "graphite": openGraphite, "prometheus": openPrometheus, "alertmanager": openAlertmanager,
		"jira": openJira, "endpoint": openEndpoint, "json": openJSON, "calendar": openCalendar, "static": openStatic,
		"program": openProgram, "failing": openFailing,
	}
}

// CheckSource implements board.Checker.
func (k Kinds) CheckSource(s monitor.BoardSource, trusted bool) error {
	_, err := k.Open(s, trusted)
	return err
}

// Open implements board.Opener. The errors are FieldErrors with the settings' keys.
func (k Kinds) Open(s monitor.BoardSource, trusted bool) (board.Source, error) {
	all := kinds()
	names := slices.Sorted(maps.Keys(all))
	open, ok := all[s.Type]
	if !ok {
		if s.Type == "" {
			return nil, monitor.Invalid("type", "say which type the source has: %s", strings.Join(names, ", "))
		}
		text := fmt.Sprintf("%q is no type of source; there are %s", monitor.Cut(s.Type, 50), strings.Join(names, ", "))
		if near := monitor.Nearest(s.Type, names); near != "" {
			text = fmt.Sprintf("%q is no type of source; did you mean %s?", monitor.Cut(s.Type, 50), near)
		}
		return nil, monitor.Invalid("type", "%s", text)
	}
	set := &settings{trusted: trusted, name: s.Name, values: map[string]json.RawMessage{}, used: map[string]bool{}}
	if len(s.Settings) > 0 {
		if err := json.Unmarshal(s.Settings, &set.values); err != nil {
			return nil, monitor.Invalid("", "its settings are no object")
		}
	}
	opened := open(k, set)
	if errs := set.finish(); len(errs) > 0 {
		return nil, errs
	}
	return opened, nil
}

// read makes a function a board.Source.
type read func(ctx context.Context, at time.Time) ([]monitor.Rationale, error)

// Read calls r.
func (r read) Read(ctx context.Context, at time.Time) ([]monitor.Rationale, error) { return r(ctx, at) }

// asking is a source that knows what it asks.
type asking struct {
	board.Source
	server string
}

// Server implements board.Server.
func (a asking) Server() string { return a.server }

// openFailing is a source that always fails, to try out what follows.
func openFailing(_ Kinds, _ *settings) board.Source {
	return read(func(context.Context, time.Time) ([]monitor.Rationale, error) {
		return nil, fmt.Errorf("this source is made to fail")
	})
}

// Types lists the types of sources, sorted.
func Types() []string { return slices.Sorted(maps.Keys(kinds())) }

// About says in a sentence what a type of source reads.
func About(kind string) string {
	return map[string]string{
		"subjects":     "Our own monitors, heartbeats, rules and histograms, chosen by label.",
		"graphite":     "The newest values of a Graphite target.",
		"prometheus":   "What an expression of Prometheus gives.",
		"alertmanager": "The alerts of a Prometheus Alertmanager.",
		"jira":         "The issues that a query of Jira finds.",
		"endpoint":     "A component of another board.",
		"json":         "Any JSON over HTTP.",
		"calendar":     "Windows of a crontab, or the events of an iCalendar.",
		"static":       "Rationales that are written down.",
		"program":      "What a program prints.",
		"failing":      "Always fails, to try out what follows.",
	}[kind]
}

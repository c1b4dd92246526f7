package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/pflag"

	"wingmirror/alerting"
	"wingmirror/event"
	"wingmirror/monitor"
	"wingmirror/scheduler/backtest"
	"wingmirror/store"
	"wingmirror/target"
	"wingmirror/web/rules"
)

type eventsConfig struct {
	Rules string
	Keep  time.Duration
}

func (c *eventsConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.Rules, "rules", "", "rules file to follow: a change is in force within seconds, and the pages show it but do not change it (default: rules are kept in the database and edited on the Rules page)")
	f.DurationVar(&c.Keep, "keep-events", 7*24*time.Hour, "how long pushed events are kept; older ones are refused; 0: for ever")
}

// openEvents makes the stream of events with its rules, its room and its subjects.
func (s *server) openEvents(ctx context.Context) error {
	c, log := s.config.Events, s.log.With("part", "rules")
	if c.Keep < 0 {
		return monitor.Invalid("keep-events", "%v is negative", c.Keep)
	}
	live := event.NewLive(event.LiveOptions{
		Events: s.db, Windows: s.db, Desk: ruleDesk{s.desk, s.db}, Log: log, Now: time.Now, Changed: s.bell.Ring, Keep: c.Keep,
	})
	book := event.NewBook(live, s.db, time.Now, log)
	book.Check = s.knownContacts
	if err := book.Open(ctx); err != nil {
		return err
	}
	if c.Rules != "" {
		followed := followedRules{c.Rules, book, log}
		if err := followed.read(ctx); err != nil {
			return err
		}
		s.background = append(s.background, followed.follow)
	}
	s.rules, s.live = book, live
	s.subjects[monitor.KindRule] = watchedRules{live}
	s.rooms = append(s.rooms, rules.Room{Book: book, Live: live, Store: s.db, File: c.Rules, Base: s.base})
	s.background = append(s.background, live.Run, func(ctx context.Context) { sweepEvents(ctx, s.db, c.Keep, log) })
	return nil
}

// knownContacts refuses rules whose alerts go to contact groups that are not there.
func (s *server) knownContacts(file *event.File) error {
	for _, r := range file.Rules {
		for _, unknown := range monitor.CheckGroups(r.Alerts, s.contacts.Names()) {
			unknown.Field, unknown.Line, unknown.Column = r.Name+"."+unknown.Field, r.Line, 1
			return unknown
		}
	}
	return nil
}

// ruleDesk is where alerts of rules go.
type ruleDesk struct {
	*alerting.Desk
	db *store.DB
}

// OpenStates returns the states with an incident under way.
func (d ruleDesk) OpenStates(ctx context.Context) ([]monitor.State, error) {
	return d.db.OpenStates(ctx)
}

// followedRules keeps the rules in force as they are in a file.
type followedRules struct {
	path string
	book *event.Book
	log  *slog.Logger
}

// rulesEvery is how often the file is looked at.
const rulesEvery = 2 * time.Second

func (f followedRules) follow(ctx context.Context) {
	ticks := time.NewTicker(rulesEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if err := f.read(ctx); err != nil && ctx.Err() == nil {
			f.log.Error("changed rules were not put in force and will be tried again", "file", f.path, "error", err)
		}
	}
}

// read puts the file in force. What is wrong with it is shown on the Rules page.
func (f followedRules) read(ctx context.Context) error {
	data, err := os.ReadFile(f.path)
	if err != nil {
		f.book.Note(fmt.Errorf("read the rules file: %w", err))
		return nil
	}
	return f.book.Take(ctx, string(data), f.path)
}

func sweepEvents(ctx context.Context, db *store.DB, keep time.Duration, log *slog.Logger) {
	for keep > 0 {
		if _, err := db.SweepEvents(ctx, time.Now().Add(-keep)); err != nil && ctx.Err() == nil {
			log.Error("old events were not removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepEvery):
		}
	}
}

// watchedRules are what rules are about, as subjects.
type watchedRules struct{ live *event.Live }

// Watched returns what is known of a rule's key, whether it fires or not.
func (w watchedRules) Watched(_ context.Context, key string) (monitor.Watched, error) {
	rule, part := w.live.Standing().File.Find(monitor.Subject{Kind: monitor.KindRule, Key: key})
	if rule == nil {
		return monitor.Watched{}, fmt.Errorf("rule %q: %w", key, monitor.ErrNotFound)
	}
	return rule.Watched(part), nil
}

// AllWatched returns what fires, and of rules that do not fire the rule itself.
func (w watchedRules) AllWatched(context.Context) ([]monitor.Watched, error) {
	standing := w.live.Standing()
	firing := map[string]bool{}
	var all []monitor.Watched
	for _, a := range standing.Firing {
		firing[a.Rule.Name] = true
		all = append(all, a.Rule.Watched(a.Key))
	}
	for _, r := range standing.File.Rules {
		if !firing[r.Name] {
			all = append(all, r.Watched(""))
		}
	}
	return all, nil
}

// withEvents answers targets such as events("Inbox", "Load5mAvg") from the
// stored events, and hands all others on. A run sees them as it sees series of
// Graphite, so it can be made again from what it saw.
type withEvents struct {
	backtest.Source
	points event.Points
}

// Fetch returns as many results as there are targets, in their order.
func (f withEvents) Fetch(ctx context.Context, w monitor.Window, targets []string) []monitor.Fetched {
	all := make([]monitor.Fetched, len(targets))
	var others []string
	var places []int
	for i, text := range targets {
		t, ours, err := target.ParseEvents(text)
		if !ours {
			others, places = append(others, text), append(places, i)
			continue
		}
		all[i] = f.events(ctx, w, text, t, err)
	}
	if len(others) > 0 {
		for j, fetched := range f.Source.Fetch(ctx, w, others) {
			all[places[j]] = fetched
		}
	}
	return all
}

// eventStep is the interval of points made of events, in seconds.
const eventStep = 60

func (f withEvents) events(ctx context.Context, w monitor.Window, text string, t target.Events, err error) monitor.Fetched {
	fetched := monitor.Fetched{Target: text, Status: monitor.StatusFailed}
	if err == nil {
		fetched.Series, err = event.Series(ctx, f.points, t.Service, t.Component, w, eventStep)
	}
	switch {
	case err != nil && !errors.Is(err, monitor.ErrUnavailable):
		fetched.Reason = err.Error()
	case err != nil:
		fetched.Reason = "the database did not answer"
	case len(fetched.Series) == 0:
		fetched.Status = monitor.StatusMissing
	default:
		fetched.Status = monitor.StatusOK
	}
	return fetched
}

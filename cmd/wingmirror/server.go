package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"wingmirror/account"
	"wingmirror/alerting"
	"wingmirror/board"
	"wingmirror/event"
	"wingmirror/graphite"
	"wingmirror/heartbeat"
	"wingmirror/monitor"
	"wingmirror/sandbox"
	"wingmirror/scheduler"
	"wingmirror/stdlib"
	"wingmirror/store"
	"wingmirror/web"
)

// serverKind says whether alerts leave the house.
type serverKind int

const (
	realServer serverKind = iota
	demoServer            // alerts are caught and shown
)

// server is a whole Wingmirror: everything that serve and demo run.
type server struct {
	config     config
	log        *slog.Logger
	listener   net.Listener
	base       string // address of the pages as people reach them
	db         *store.DB
	graphite   *graphite.Client
	pool       *sandbox.Pool
	scheduler  *scheduler.Scheduler
	bell       web.Bell
	recorder   *recorder
	shadows    *shadows
	defaults   monitor.Policy // of the installation
	channels   map[string]alerting.Channel
	contacts   *contacts
	silences   *silences
	subjects   subjects
	board      *board.Board
	access     *account.Access
	rooms      []web.Room
	background []func(context.Context) // what rooms do until the server stops
	machines   func(*http.ServeMux)    // addresses of rooms that need no login
	beats      *heartbeat.Book
	beatKeys   *heartbeat.Keys
	rules      *event.Book
	live       *event.Live
	desk       *alerting.Desk
	dispatcher *alerting.Dispatcher
	handler    http.Handler

	closers []func() error // in the order of opening; close goes backwards
}

// newServer opens everything and starts nothing but the workers, each part after
// those that it needs.
func newServer(ctx context.Context, c config, log *slog.Logger, kind serverKind) (_ *server, err error) {
	s := &server{config: c, log: log, subjects: subjects{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.db, err = store.Open(ctx, store.Options{Path: c.DB, Log: log.With("part", "store"), Now: time.Now, Serve: true}); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.db.Close)
	mode, err := s.accessMode(ctx)
	if err != nil {
		return nil, err
	}
	if s.graphite, err = newGraphite(c.Graphite); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.graphite.Close)
	if s.listener, err = listen(c.Listen); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.closeListener)
	if s.base = c.BaseURL; s.base == "" {
		s.base = "http://" + s.listener.Addr().String()
	}
	if s.pool, err = startPool(c.Sandbox, log.With("part", "sandbox").Handler()); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.pool.Close)
	s.subjects[monitor.KindMonitor] = watchedMonitors{s.db}
	s.recorder = &recorder{keep: c.Inputs.Newest, program: version(), db: s.db, log: log}
	s.recorder.inForce(ctx, s.pool.Library(), time.Now())
	if s.contacts, err = openContacts(ctx, s.db); err != nil {
		return nil, err
	}
	if err = s.openAlerting(kind); err != nil {
		return nil, err
	}
	if err = s.openHeartbeats(ctx); err != nil {
		return nil, err
	}
	if s.shadows, err = openShadows(ctx, s, s.pool); err != nil {
		return nil, err
	}
	if err = s.openScheduler(); err != nil {
		return nil, err
	}
	s.openBacktests()
	if err = s.openEvents(ctx); err != nil {
		return nil, err
	}
	if err = s.openHistograms(kind); err != nil {
		return nil, err
	}
	if err = s.openPages(ctx, kind, mode); err != nil {
		return nil, err
	}
	s.openPulse()
	s.contacts.users = []users{s.usersInFiles}
	s.contacts.renamed = []follower{s.followHeartbeats, func(ctx context.Context, _, _, _ string) error { return s.board.Reload(ctx) }}
	return s, nil
}

// links builds addresses of this server for notices.
func (s *server) links() alerting.Links {
	return alerting.Links{Base: s.base, Secret: s.db.Secret()}
}

// openAlerting makes the desk and the dispatcher.
func (s *server) openAlerting(kind serverKind) error {
	var err error
	c := s.config.Alerting
	for i, to := range c.SourceAlerts {
		if _, err := monitor.ParseDestination(to); err != nil {
			return monitor.Invalid(fmt.Sprintf("source-alert[%d]", i), "%v", err)
		}
	}
	for _, unknown := range monitor.CheckGroups(c.SourceAlerts, s.contacts.Names()) {
		unknown.Field = "source-alert" + strings.TrimPrefix(unknown.Field, "alerts")
		return unknown
	}
	if s.channels, err = newChannels(c, s.links(), kind); err != nil {
		return err
	}
	s.defaults = monitor.Policy{Repeat: c.Repeat}
	if s.silences, err = openSilences(s.db, s.log.With("part", "silences")); err != nil {
		return err
	}
	s.desk = alerting.NewDesk(alerting.DeskOptions{
		Silences: &s.silences.book,
		Ledger:   s.db, Log: s.log.With("part", "desk"), Installation: s.db.Installation(), Defaults: s.defaults,
		Source: alerting.SourceOptions{Name: "graphite", Alerts: c.SourceAlerts}, Contacts: s.contacts.Contacts,
		Subjects: s.subjects,
	})
	s.silences.changed, s.contacts.changed = s.desk.Look, s.desk.Look
	s.dispatcher = alerting.NewDispatcher(alerting.DispatcherOptions{
		Outbox: s.db, Channels: s.channels, Log: s.log.With("part", "dispatcher"), Grace: s.config.Schedule.StopTimeout,
	})
	return nil
}

func (s *server) openScheduler() error {
	var err error
	c := s.config
	s.scheduler, err = scheduler.New(scheduler.Options{
		Fetcher: withEvents{s.graphite, s.db}, Runner: s.pool, Ledger: s.db,
		Desk: desk{alerting: s.desk, defaults: s.defaults, recorder: s.recorder, shadows: s.shadows, changed: s.bell.Ring},
		Log:  s.log.With("part", "scheduler"), Limits: c.Sandbox.limits(),
		Workers: c.Schedule.MaxRuns, Fetches: c.Graphite.Concurrency, Batch: c.Graphite.Batch, MinInterval: c.Schedule.MinInterval,
	})
	return err
}

func (s *server) openPages(ctx context.Context, kind serverKind, mode account.Mode) error {
	c := s.config
	access, err := newAccess(c, s.db, mode, s.log.With("part", "access"))
	if err != nil {
		return err
	}
	s.access = access
	if err := s.openBoard(ctx, access); err != nil {
		return err
	}
	pages, err := web.New(s.pages(kind))
	if err != nil {
		return err
	}
	s.handler = s.withMachinePaths(pages)
	return nil
}

// pages is all that the pages and the API stand on.
func (s *server) pages(kind serverKind) web.Options {
	c := s.config
	return web.Options{
		Monitors: catalog{s.db, s.scheduler}, Library: s.db, History: s.db, Incidents: s.db, Outbox: s.db,
		Tester: scheduler.Checker{Fetcher: withEvents{fresh{s.graphite}, s.db}, Runner: s.pool, Limits: c.Sandbox.limits(), Now: time.Now},
		Past:   s.openPast(), Labels: s.db, Tests: units{s.pool, c.Sandbox.limits()}, Overrides: s.db, Scripts: s.pool, Fetcher: withEvents{s.graphite, s.db}, Source: s.graphite, Schedule: s.scheduler, Events: &s.bell, Access: s.access,
		Desk: s.desk, Silences: s.silences, Holder: &s.silences.book, Trial: trial{s.channels}, Contacts: s.contacts, Defaults: s.defaults,
		Subjects: s.subjects, Rooms: s.rooms, Dashboards: s.db, Announcements: s.db, Preferences: s.db,
		Reference: stdlib.Entries(), Rules: monitor.Rules{MinInterval: c.Schedule.MinInterval, MaxScript: monitor.Limits{}.WithDefaults().Source},
		SourceURL: s.graphite.String(), Demo: kind == demoServer, Version: version(), Now: time.Now, Log: s.log.With("part", "web"),
	}
}

// fresh asks Graphite anew, so that a person who presses Test run sees what is
// there now.
type fresh struct{ *graphite.Client }

func (f fresh) Fetch(ctx context.Context, w monitor.Window, targets []string) []monitor.Fetched {
	return f.FetchFresh(ctx, w, targets)
}

// accessMode decides who may come in, before anything listens.
func (s *server) accessMode(ctx context.Context) (account.Mode, error) {
	auth := s.config.Auth
	if auth != authUsers && auth != authNone && auth != "" {
		return "", monitor.Invalid("auth", "%q is neither users nor none", auth)
	}
	if err := checkAddress(s.config.Listen); err != nil {
		return "", err
	}
	users, err := s.db.Users(ctx)
	if err != nil {
		return "", err
	}
	return account.ModeFor(s.config.Listen, len(users) > 0 || s.config.Access.OIDC.provisions(), auth == authNone)
}

// run serves until ctx ends, then stops in an order that loses nothing: no new
// runs, running ones end, what they found is stored, what is being delivered is
// delivered, and then everything closes. ready is told the address once pages
// can be opened.
func (s *server) run(ctx context.Context, ready func(address string)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pages := newHTTPServer(s.handler, s.log)
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	pages.BaseContext = func(net.Listener) context.Context { return requests }
	failed := make(chan error, 1)
	go func() { failed <- pages.Serve(s.listener) }()
	if err := s.start(ctx); err != nil {
		return errors.Join(err, s.close())
	}
	deliveries, endDeliveries := context.WithCancel(context.WithoutCancel(ctx))
	defer endDeliveries()
	var background sync.WaitGroup
	background.Go(func() { s.dispatcher.Run(deliveries) })
	background.Go(func() { s.desk.RunTending(ctx, s.db, s.bell.Ring) })
	background.Go(func() { s.sweep(ctx) })
	for _, room := range s.background {
		background.Go(func() { room(ctx) })
	}
	background.Go(func() { s.sweepInputs(ctx) })
	background.Go(func() {
		library{s.config.Sandbox.Library, s.pool, s.recorder.inForce, s.log}.follow(ctx, s.pool.Library())
	})
	s.logStart(ctx)
	ready(s.base)

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("serve pages: %w", err)
	}
	stop() // also when it was the pages that failed
	s.log.Info("stopping", "timeout", s.config.Schedule.StopTimeout)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Schedule.StopTimeout)
	defer cancel()
	if stopErr := s.scheduler.Stop(limit); stopErr != nil {
		s.log.Warn("some runs did not finish in time", "error", stopErr)
	}
	endRequests() // live pages would hold their connections for ever
	if closeErr := pages.Shutdown(limit); closeErr != nil {
		closeErr = pages.Close()
		err = errors.Join(err, closeErr)
	}
	endDeliveries()
	background.Wait()
	return errors.Join(err, s.close())
}

// start schedules what is stored.
func (s *server) start(ctx context.Context) error {
	monitors, err := s.db.Monitors(ctx)
	if err != nil {
		return err
	}
	if err := s.scheduler.Apply(monitors); err != nil {
		s.log.Error("some monitors cannot be scheduled", "error", err)
	}
	last, err := s.lastRuns(ctx, monitors)
	if err != nil {
		return err
	}
	return s.scheduler.Start(last)
}

// lastRuns returns the scheduled time of each monitor's newest run. One that
// never ran has been waiting since it was made.
func (s *server) lastRuns(ctx context.Context, monitors []monitor.Monitor) (map[int64]time.Time, error) {
	overview, err := s.db.Overview(ctx)
	if err != nil {
		return nil, err
	}
	last := make(map[int64]time.Time, len(overview))
	for _, m := range monitors {
		last[m.ID] = m.CreatedAt
	}
	for _, o := range overview {
		if !o.LastRun.IsZero() {
			last[o.ID] = o.LastRun
		}
	}
	return last, nil
}

// sweepEvery is how often old history is removed.
const sweepEvery = time.Hour

func (s *server) sweep(ctx context.Context) {
	keep := store.Retention{Runs: s.config.KeepRuns, Incidents: s.config.KeepIncidents, Audit: s.config.KeepAudit}
	for {
		if _, err := s.db.Sweep(ctx, keep, time.Now()); err != nil && ctx.Err() == nil {
			s.log.Error("old history was not removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepEvery):
		}
	}
}

// logStart says once what an operator should know.
func (s *server) logStart(ctx context.Context) {
	s.log.Info("started", "address", s.base, "version", version(), "database", s.config.DB, "graphite", s.graphite.String())
	var active []string
	for _, layer := range s.pool.Report().Layers {
		if layer.Active {
			active = append(active, layer.Name)
		} else {
			s.log.Warn("sandbox layer not active", "layer", layer.Name, "why", layer.Why)
		}
	}
	s.log.Info("sandbox layers active", "layers", strings.Join(active, " "))
}

func (s *server) closeListener() error {
	if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// close closes what newServer opened, the last first.
func (s *server) close() error {
	var errs []error
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		errs = append(errs, s.closers[last]())
		s.closers = s.closers[:last]
	}
	return errors.Join(errs...)
}

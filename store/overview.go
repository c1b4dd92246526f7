package store

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"wingmirror/monitor"
)

// Overview is one line of the list of monitors: what is said of it, and what is
// in force about it. It has no script, and no targets.
type Overview struct {
	ID       int64
	Version  int
	Name     string
	Group    string
	Labels   map[string]string
	Schedule string
	Zone     string
	Active   bool

	Level   monitor.Level // in force; Unknown before the first run
	Since   time.Time
	Runs    int
	LastRun time.Time     // scheduled time of the newest run that ended; zero before the first
	Fault   monitor.Fault // of that run
	Message string        // of that run
	Open    *monitor.Open // the incident under way, or nil

	// Recent says what the newest runs saw, oldest first, a letter each: o, w, c
	// or u for the levels, f for a fault, - for no run yet.
	Recent string

	state int64 // version of the state that this was read from
}

// Overview returns all monitors, by name. next runs are the scheduler's to say.
// The list is kept in memory, see listing; what it refers to is shared with
// other callers and must not be changed.
func (db *DB) Overview(ctx context.Context) ([]Overview, error) {
	all, err := db.list.all(ctx, db.readOverview)
	return all, db.fault("read overview", err)
}

// readOverview reads the monitors with these ids, or all for nil, in no order.
//
// Monitors and states are read beside each other, each in the order in which
// they are stored: that takes half of the time of a join.
func (db *DB) readOverview(ctx context.Context, ids []int64) ([]Overview, error) {
	var all, states []Overview
	reading, ctx := errgroup.WithContext(ctx)
	reading.Go(func() (err error) {
		all, err = db.overviewMonitors(ctx, ids)
		return err
	})
	reading.Go(func() (err error) {
		states, err = db.overviewStates(ctx, ids)
		return err
	})
	if err := reading.Wait(); err != nil {
		return nil, err
	}
	byID := make(map[int64]*Overview, len(all))
	for i := range all {
		byID[all[i].ID] = &all[i]
	}
	for _, s := range states {
		if o := byID[s.ID]; o != nil {
			o.Level, o.Since, o.Runs, o.LastRun = s.Level, s.Since, s.Runs, s.LastRun
			o.Fault, o.Message, o.Recent, o.Open, o.state = s.Fault, s.Message, s.Recent, s.Open, s.state
		}
	}
	return all, nil
}

func (db *DB) overviewMonitors(ctx context.Context, ids []int64) ([]Overview, error) {
	var all []Overview
	query, args := `SELECT id, version, name, path, labels, schedule, zone, active FROM monitors`, []any(nil)
	if ids != nil {
		query, args = query+` WHERE id IN ?`, []any{ids}
	}
	rows, err := db.read.WithContext(ctx).Raw(query, args...).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		o, err := scanOverview(r)
		all = append(all, o)
		return err
	})
	return all, err
}

func scanOverview(r rowScanner) (Overview, error) {
	o := Overview{Recent: emptyRecent}
	var labels string
	err := r.Scan(&o.ID, &o.Version, &o.Name, &o.Group, &labels, &o.Schedule, &o.Zone, &o.Active)
	if err != nil || labels == "{}" {
		return o, err
	}
	return o, (*stringMap)(&o.Labels).Scan(labels)
}

// overviewStates returns what is in force about each monitor that ran, and its ID.
func (db *DB) overviewStates(ctx context.Context, ids []int64) ([]Overview, error) {
	var states []Overview
	var message, open sql.RawBytes // copied only where they say something
	query, args := `SELECT key, version, level, since, runs, at, fault, message, recent, incident, open FROM states WHERE kind = 'monitor'`, []any(nil)
	if ids != nil {
		query, args = query+` AND key IN ?`, []any{keysOf(ids)}
	}
	rows, err := db.read.WithContext(ctx).Raw(query, args...).Rows()
	err = scanAll(rows, err, func(r rowScanner) error {
		var o Overview
		var incident string
		var since, at int64
		err := r.Scan(&o.ID, &o.state, &o.Level, &since, &o.Runs, &at, &o.Fault, &message, &o.Recent, &incident, &open)
		if err != nil {
			return err
		}
		o.Since, o.LastRun, o.Message = fromMillis(since), fromMillis(at), string(message)
		if incident != "" {
			o.Open, err = openOf(incident, string(open))
		}
		states = append(states, o)
		return err
	})
	return states, err
}

// keysOf returns the keys of the states of monitors.
func keysOf(ids []int64) []string {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = strconv.FormatInt(id, 10)
	}
	return keys
}

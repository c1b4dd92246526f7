package store

import (
	"cmp"
	"context"
	"slices"
	"time"

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
}

// Overview returns all monitors, by name. next runs are the scheduler's to say.
func (db *DB) Overview(ctx context.Context) ([]Overview, error) {
	rows, err := db.read.WithContext(ctx).Raw(`SELECT m.id, m.version, m.name, m.path, m.labels, m.schedule, m.zone, m.active,
		COALESCE(s.level, 0), COALESCE(s.since, 0), COALESCE(s.runs, 0), COALESCE(s.at, 0), COALESCE(s.fault, ''),
		COALESCE(s.message, ''), COALESCE(s.recent, ?), COALESCE(s.incident, ''), COALESCE(s.open, '')
		FROM monitors m LEFT JOIN states s ON s.kind = 'monitor' AND s.key = CAST(m.id AS TEXT)`, emptyRecent).Rows()
	var all []Overview
	err = scanAll(rows, err, func(r rowScanner) error {
		o, err := scanOverview(r)
		all = append(all, o)
		return err
	})
	// Sorted here: SQLite would carry all columns through its sorter.
	slices.SortFunc(all, func(a, b Overview) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return all, db.fault("read overview", err)
}

func scanOverview(r rowScanner) (Overview, error) {
	var o Overview
	var labels, incident, open string
	var since, at int64
	err := r.Scan(&o.ID, &o.Version, &o.Name, &o.Group, &labels, &o.Schedule, &o.Zone, &o.Active,
		&o.Level, &since, &o.Runs, &at, &o.Fault, &o.Message, &o.Recent, &incident, &open)
	if err != nil {
		return o, err
	}
	o.Since, o.LastRun = fromMillis(since), fromMillis(at)
	if err := (*stringMap)(&o.Labels).Scan(labels); err != nil {
		return o, err
	}
	o.Open, err = openOf(incident, open)
	return o, err
}

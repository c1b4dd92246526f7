package store

import (
	"context"
	"database/sql"
	"math"
	"strings"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

const putEventSQL = `INSERT INTO pushed_events (event_id, at, service, component, server, value, active, body, received_at)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

const eventColumns = `seq, event_id, at, service, component, server, value, active, body, received_at`

// AddEvents stores events in their order, and returns those that are new, with
// their Seq. One whose ID is there already is left out: it was sent again.
func (db *DB) AddEvents(ctx context.Context, events []monitor.PushedEvent, received time.Time) ([]monitor.PushedEvent, error) {
	var added []monitor.PushedEvent
	err := db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		added = make([]monitor.PushedEvent, 0, len(events))
		for _, e := range events {
			id := sql.NullString{String: e.ID, Valid: e.ID != ""}
			result, err := db.hot.event.result(tx, id, millis(e.At()), e.Service, e.Component, e.Server, e.Value, e.Active, string(e.Body), millis(received))
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n == 0 {
				continue
			}
			if e.Seq, err = result.LastInsertId(); err != nil {
				return err
			}
			e.Received = received
			added = append(added, e)
		}
		return nil
	})
	return added, db.fault("store events", err)
}

// Events returns events that match, those that came last first, without their
// other fields, which are in the Body.
func (db *DB) Events(ctx context.Context, f monitor.EventFilter) ([]monitor.PushedEvent, error) {
	var where []string
	var args []any
	ask := func(wanted bool, condition string, arg any) {
		if wanted {
			where, args = append(where, condition), append(args, arg)
		}
	}
	ask(!f.From.IsZero(), "at >= ?", millis(f.From))
	ask(!f.Until.IsZero(), "at < ?", millis(f.Until))
	ask(f.Service != "", "service = ?", f.Service)
	ask(f.Component != "", "component = ?", f.Component)
	ask(f.Server != "", "server = ?", f.Server)
	ask(f.Text != "", `body LIKE ? ESCAPE '\'`, "%"+escapeLike(f.Text)+"%")
	ask(f.Before > 0, "seq < ?", f.Before)
	query := `SELECT ` + eventColumns + ` FROM pushed_events`
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, ` AND `)
	}
	rows, err := db.read.WithContext(ctx).Raw(query+` ORDER BY seq DESC LIMIT ?`, append(args, f.Limit)...).Rows()
	var all []monitor.PushedEvent
	err = scanAll(rows, err, func(row rowScanner) error {
		e, err := scanEvent(row)
		all = append(all, e)
		return err
	})
	return all, db.fault("read events", err)
}

func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

func scanEvent(row rowScanner) (monitor.PushedEvent, error) {
	var e monitor.PushedEvent
	var id sql.NullString
	var at, received int64
	var body string
	err := row.Scan(&e.Seq, &id, &at, &e.Service, &e.Component, &e.Server, &e.Value, &e.Active, &body, &received)
	e.ID, e.Timestamp, e.Received, e.Body = id.String, float64(at)/1000, fromMillis(received), []byte(body)
	return e, err
}

// EachEvent calls fn for the events that came after one, or at or after a time,
// in the order of arrival, until fn fails. They are as Events returns them.
func (db *DB) EachEvent(ctx context.Context, after int64, since time.Time, fn func(monitor.PushedEvent) error) error {
	if !since.IsZero() { // the first one is looked up: what came before it may be millions
		first := int64(math.MaxInt64)
		err := db.read.WithContext(ctx).Raw(`SELECT seq FROM pushed_events WHERE received_at >= ? ORDER BY received_at, seq LIMIT 1`, millis(since)).Scan(&first).Error
		if err != nil {
			return db.fault("read events", err)
		}
		after = max(after, first-1)
	}
	rows, err := db.read.WithContext(ctx).Raw(`SELECT `+eventColumns+` FROM pushed_events WHERE seq > ? ORDER BY seq`, after).Rows()
	err = scanAll(rows, err, func(row rowScanner) error {
		e, err := scanEvent(row)
		if err != nil {
			return err
		}
		return fn(e)
	})
	return db.fault("read events", err)
}

// LastEvent returns the Seq of the event that came last, 0 when there is none.
func (db *DB) LastEvent(ctx context.Context) (int64, error) {
	var seq int64
	err := db.read.WithContext(ctx).Raw(`SELECT COALESCE(MAX(seq), 0) FROM pushed_events`).Scan(&seq).Error
	return seq, db.fault("read events", err)
}

// EventNames returns the names in events since a time, at most so many of each.
func (db *DB) EventNames(ctx context.Context, since time.Time, most int) (monitor.EventNames, error) {
	var names monitor.EventNames
	for column, into := range map[string]*[]string{"service": &names.Services, "component": &names.Components, "server": &names.Servers} {
		err := db.read.WithContext(ctx).Raw(`SELECT DISTINCT `+column+` FROM pushed_events WHERE at >= ? AND `+column+` <> '' ORDER BY 1 LIMIT ?`, millis(since), most).Scan(into).Error
		if err != nil {
			return names, db.fault("read names of events", err)
		}
	}
	return names, nil
}

// EventSeries calls fn with server, time and value of each event of a service's
// component, from a time on and before another, in the order of time.
func (db *DB) EventSeries(ctx context.Context, service, component string, from, until time.Time, fn func(server string, at time.Time, value float64)) error {
	rows, err := db.read.WithContext(ctx).Raw(`SELECT server, at, value FROM pushed_events WHERE service = ? AND component = ? AND at >= ? AND at < ? ORDER BY at, seq`,
		service, component, millis(from), millis(until)).Rows()
	err = scanAll(rows, err, func(row rowScanner) error {
		var server string
		var at int64
		var value float64
		err := row.Scan(&server, &at, &value)
		if err == nil {
			fn(server, fromMillis(at), value)
		}
		return err
	})
	return db.fault("read a series of events", err)
}

// SweepEvents removes events that came before a time, and returns how many.
func (db *DB) SweepEvents(ctx context.Context, before time.Time) (int64, error) {
	n, err := db.deleteAll(ctx, `DELETE FROM pushed_events WHERE seq IN (SELECT seq FROM pushed_events WHERE received_at < ? ORDER BY received_at, seq LIMIT ?)`, millis(before), sweepChunk)
	return n, db.fault("remove old events", err)
}

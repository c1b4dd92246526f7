package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"wingmirror/monitor"
)

// hold is the right to be the one server of a database: a lock on an empty file
// beside it. It is SQLite's own kind of lock, so it works wherever the database
// does, and the system takes it back when the process ends in whatever way.
type hold struct {
	pool *sql.DB
	conn *sql.Conn
}

// holdSuffix is what the name of the file has behind that of the database.
const holdSuffix = "-lock"

// take holds the database of a path. When another process does, the error is
// ErrUnavailable.
func take(ctx context.Context, path string) (*hold, error) {
	if err := touch(path + holdSuffix); err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(path + holdSuffix)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: "_pragma=busy_timeout(1000)&_pragma=journal_mode(memory)"}
	h := &hold{}
	if h.pool, err = sql.Open("sqlite", name.String()); err != nil {
		return nil, err
	}
	if h.conn, err = h.pool.Conn(ctx); err == nil {
		_, err = h.conn.ExecContext(ctx, `BEGIN EXCLUSIVE`)
	}
	if err != nil {
		err = errors.Join(inUse(path, err), h.release())
		return nil, err
	}
	return h, nil
}

func inUse(path string, err error) error {
	if busy, ok := errors.AsType[*sqlite.Error](err); ok && busy.Code()&0xff == sqlite3.SQLITE_BUSY {
		return fmt.Errorf("%w: another Wingmirror server works on %s, and two would run and tell everything twice; stop it, or give this one another database", monitor.ErrUnavailable, path)
	}
	return fmt.Errorf("lock %s: %w", path+holdSuffix, err)
}

// release lets another process hold the database. Of nil it does nothing.
func (h *hold) release() error {
	if h == nil {
		return nil
	}
	var errs []error
	if h.conn != nil {
		errs = append(errs, h.conn.Close()) // which ends the transaction
	}
	return errors.Join(append(errs, h.pool.Close())...)
}

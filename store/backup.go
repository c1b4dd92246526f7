package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"wingmirror/monitor"
)

// Backup writes a copy of the database at path to a new file: whole and as it was
// at one moment, also while a server works on it, and without the room that removed
// rows have left. The copy is checked before it gets its name, and only its owner
// may read it, since it holds keys. It returns the copy's size in bytes. A file
// that is there already is ErrConflict.
func Backup(ctx context.Context, path, to string) (int64, error) {
	if _, err := os.Stat(path); err != nil {
		return 0, monitor.Invalid("db", "there is no database %s; name the one that the server uses", path)
	}
	if _, err := os.Stat(to); err == nil {
		return 0, fmt.Errorf("%w: %s is there already; name a new file", monitor.ErrConflict, to)
	}
	part := to + ".part"
	// Of an earlier backup that was cut short.
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%w: %w", monitor.ErrUnavailable, err)
	}
	if err := touch(part); err != nil { // so that nobody else can read it while it is written
		return 0, err
	}
	db := &DB{path: path}
	size, err := copyTo(ctx, path, part)
	if err == nil {
		err = os.Rename(part, to)
	}
	if err != nil {
		return 0, errors.Join(db.fault("back up "+path, err), os.Remove(part))
	}
	return size, nil
}

func copyTo(ctx context.Context, path, part string) (int64, error) {
	err := with(ctx, path, "mode=rw&_pragma=busy_timeout(5000)", func(conn *sql.DB) error {
		tables, err := names(ctx, conn, `SELECT name FROM sqlite_master WHERE type = 'table'`)
		if err != nil {
			return err
		}
		if !slices.Contains(tables, "goose_db_version") {
			return fmt.Errorf("%w: it is not a database of Wingmirror's", monitor.ErrInvalid)
		}
		_, err = conn.ExecContext(ctx, `VACUUM INTO ?`, part)
		return err
	})
	if err != nil {
		return 0, err
	}
	err = with(ctx, part, "mode=ro&immutable=1", func(conn *sql.DB) error {
		found, err := names(ctx, conn, `PRAGMA integrity_check(1)`)
		if err == nil && !slices.Equal(found, []string{"ok"}) {
			err = fmt.Errorf("%w: the copy is damaged: %v", monitor.ErrUnavailable, found)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(part)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// with opens a file for one use.
func with(ctx context.Context, path, params string, use func(conn *sql.DB) error) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: params}
	conn, err := sql.Open("sqlite", name.String())
	if err != nil {
		return err
	}
	conn.SetMaxOpenConns(1)
	return errors.Join(use(conn), conn.Close())
}

func names(ctx context.Context, conn *sql.DB, query string) ([]string, error) {
	rows, err := conn.QueryContext(ctx, query)
	var all []string
	err = scanAll(rows, err, func(r rowScanner) error {
		var name string
		err := r.Scan(&name)
		all = append(all, name)
		return err
	})
	return all, err
}

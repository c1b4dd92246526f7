package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"wingmirror/monitor"
)

// fault turns an error of the database into one of monitor's, with what to do
// about it. what is a verb and an object, as in "read runs".
func (db *DB) fault(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gorm.ErrRecordNotFound):
		_, object, _ := strings.Cut(what, " ")
		return monitor.Missing("there is no %s", object)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", what, err)
	}
	if broken, ok := errors.AsType[*sqlite.Error](err); ok {
		if advice := db.advice(broken.Code()); advice != "" {
			return fmt.Errorf("%s: %w: %s (%w)", what, monitor.ErrUnavailable, advice, err)
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// advice says what a result code of SQLite means for the person who runs the
// server; "" when it is our own mistake. See https://sqlite.org/rescode.html.
func (db *DB) advice(code int) string {
	switch code & 0xff { // the primary code of an extended one
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "the database " + db.path + " is locked by another program; stop it, or give this one another file"
	case sqlite3.SQLITE_READONLY:
		return "the database " + db.path + " or its directory cannot be written; check owner, permissions and mount options"
	case sqlite3.SQLITE_FULL:
		return "the disk that holds " + db.path + " is full; make room, nothing else is needed"
	case sqlite3.SQLITE_IOERR:
		return "the disk that holds " + db.path + " cannot be read or written, or is full"
	case sqlite3.SQLITE_CORRUPT:
		return "the database " + db.path + " is damaged; restore a backup, or save what can be read with: sqlite3 FILE .recover"
	case sqlite3.SQLITE_NOTADB:
		return "the file " + db.path + " is not an SQLite database; give another path"
	case sqlite3.SQLITE_CANTOPEN:
		return "the database " + db.path + " cannot be opened; check that its directory exists and can be written"
	case sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return "the database " + db.path + " may not be opened; check its permissions"
	}
	return ""
}

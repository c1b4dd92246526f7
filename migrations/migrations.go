// Package migrations holds the numbered SQL that makes and upgrades a database,
// one directory per dialect. A migration that was released never changes: the
// next one mends it. There are no downward migrations; a backup is the way back.
//
// Column types and statements keep to what both dialects understand wherever
// they can: times are milliseconds since the epoch in BIGINT columns, 0 for
// none, and enumerations are short text.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql
var files embed.FS

// SQLite returns the migrations for SQLite.
func SQLite() fs.FS {
	dir, err := fs.Sub(files, "sqlite")
	if err != nil {
		panic(err) // only for a path that is not valid, and it is a constant
	}
	return dir
}

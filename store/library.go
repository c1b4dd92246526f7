package store

import (
	"context"
	"fmt"
	"time"
)

// LibraryFile is a helper file that scripts could call when a run was made.
type LibraryFile struct {
	Name   string `json:"name"`
	Source string `json:"source"`
}

// SaveLibrary keeps helper files under their hash. Saving them again does
// nothing.
func (db *DB) SaveLibrary(ctx context.Context, hash string, files []LibraryFile, at time.Time) error {
	body, err := jsonColumn(files)
	if err == nil {
		err = db.write.WithContext(ctx).Exec(`INSERT INTO libraries (hash, seen_at, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			hash, millis(at), body).Error
	}
	return db.fault("keep the helper files", err)
}

// Library returns the helper files of a hash, or ErrNotFound.
func (db *DB) Library(ctx context.Context, hash string) ([]LibraryFile, error) {
	what := fmt.Sprintf("read helper files %s", hash)
	var row struct{ Body string }
	if err := db.read.WithContext(ctx).Table("libraries").Select("body").Where("hash = ?", hash).Take(&row).Error; err != nil {
		return nil, db.fault(what, err)
	}
	var files []LibraryFile
	err := scanJSON(row.Body, &files)
	return files, db.fault(what, err)
}

package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// LibraryFile is a helper file that scripts could call when a run was made.
type LibraryFile struct {
	Name   string `json:"name"`
	Source string `json:"source"`
}

// SaveLibrary notes that these helper files came into force, and keeps them under
// their hash; "" is the hash of none. Saving those in force again does nothing.
func (db *DB) SaveLibrary(ctx context.Context, hash string, files []LibraryFile, at time.Time) error {
	body, err := jsonColumn(files)
	if err != nil {
		return db.fault("keep the helper files", err)
	}
	err = db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		err := tx.Exec(`UPDATE libraries SET left_at = ? WHERE left_at = 0 AND hash <> ?`, millis(at), hash).Error
		if err != nil || hash == "" {
			return err
		}
		return tx.Exec(`INSERT INTO libraries (hash, seen_at, left_at, body) VALUES (?, ?, 0, ?)
			ON CONFLICT (hash) DO UPDATE SET left_at = 0 WHERE libraries.left_at <> 0`, hash, millis(at), body).Error
	})
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

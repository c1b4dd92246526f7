package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"wingmirror/monitor"
)

// Version is one save of a monitor.
type Version struct {
	Monitor  monitor.Monitor // as it was saved
	Author   string
	SavedAt  time.Time
	Override *monitor.TestOverride // nil: no test failed, or none was run
}

type versionRow struct {
	MonitorID int64 `gorm:"primaryKey"`
	Version   int   `gorm:"primaryKey"`
	Author    string
	SavedAt   int64
	Body      string
	Override  string
}

// storedOverride is what the JSON column holds.
type storedOverride struct {
	Failed []string `json:"failed"`
	Reason string   `json:"reason,omitempty"`
}

func (versionRow) TableName() string { return "monitor_versions" }

func saveVersion(tx *gorm.DB, row monitorRow, author string) error {
	body, err := json.Marshal(row)
	if err != nil {
		return err
	}
	return tx.Create(&versionRow{
		MonitorID: row.ID, Version: row.Version, Author: author, SavedAt: row.UpdatedAt, Body: string(body),
	}).Error
}

// Versions returns the saves of a monitor, newest first, at most limit, those
// before the given version number (0: from the newest). A deleted monitor still
// has its versions; the last says inactive.
func (db *DB) Versions(ctx context.Context, id int64, before, limit int) ([]Version, error) {
	what := fmt.Sprintf("read versions of monitor %d", id)
	query := db.read.WithContext(ctx).Where("monitor_id = ?", id)
	if before > 0 {
		query = query.Where("version < ?", before)
	}
	var rows []versionRow
	if err := query.Order("version DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, db.fault(what, err)
	}
	all := make([]Version, len(rows))
	for i, row := range rows {
		var saved monitorRow
		if err := json.Unmarshal([]byte(row.Body), &saved); err != nil {
			return nil, db.fault(what, err)
		}
		all[i] = Version{Monitor: saved.monitor(), Author: row.Author, SavedAt: fromMillis(row.SavedAt)}
		if row.Override != "" {
			var o storedOverride
			if err := json.Unmarshal([]byte(row.Override), &o); err != nil {
				return nil, db.fault(what, err)
			}
			all[i].Override = &monitor.TestOverride{Failed: o.Failed, Reason: o.Reason}
		}
	}
	return all, nil
}

// Version returns one save of a monitor, or ErrNotFound.
func (db *DB) Version(ctx context.Context, id int64, version int) (Version, error) {
	found, err := db.Versions(ctx, id, version+1, 1)
	if err != nil {
		return Version{}, err
	}
	if len(found) == 0 || found[0].Monitor.Version != version {
		return Version{}, fmt.Errorf("version %d of monitor %d: %w", version, id, monitor.ErrNotFound)
	}
	return found[0], nil
}

// SaveTestOverride notes at a version that it was saved although tests failed.
func (db *DB) SaveTestOverride(ctx context.Context, id int64, version int, o monitor.TestOverride) error {
	what := fmt.Sprintf("note that tests of monitor %d were overridden", id)
	text, err := json.Marshal(storedOverride(o))
	if err != nil {
		return db.fault(what, err)
	}
	return db.transaction(ctx, what, func(tx *gorm.DB) error {
		return found(tx.Exec(`UPDATE monitor_versions SET override = ? WHERE monitor_id = ? AND version = ?`, string(text), id, version))
	})
}
